create table witness_seen ( -- not covered: the last tree of each log that was vouched for, checked before each signature
  program text not null, -- clear
  origin text not null, -- clear
  size bigint not null, -- clear
  root bytes not null, -- clear
  note text not null, -- clear
  primary key (program, origin)
);
