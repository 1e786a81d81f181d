-- What only one of several processes on a database does, and until when it is that one's.
create table job_hold ( -- not covered: who works, not a record; what the work changes is covered
  program text not null, -- clear
  name text not null, -- clear
  owner bytes not null, -- clear
  until bigint not null, -- clear
  primary key (program, name)
);
