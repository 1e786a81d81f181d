-- An administrator's word that nobody can open a key any more. It counts once two different members have given it.
create table agency_key_lost ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  key_id bytes not null, -- clear
  member bytes not null, -- clear
  at bigint not null, -- clear
  primary key (program, office, key_id, member),
  foreign key (program, office, key_id) references agency_key (program, office, id)
);
