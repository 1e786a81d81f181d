create table custody_cosignature ( -- not covered: signatures of witnesses, checked with the keys that they are known by
  program text not null, -- clear
  size bigint not null, -- clear
  witness text not null, -- clear
  line text not null, -- clear
  at bigint not null, -- clear
  primary key (program, size, witness)
);
