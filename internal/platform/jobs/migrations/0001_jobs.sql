create table job ( -- not covered: work to do, not a record; what it changes is covered
  program text not null, -- clear
  id bytes not null, -- clear
  kind text not null, -- clear
  name text not null, -- clear
  payload bytes not null, -- clear
  run_at bigint not null, -- clear
  attempts bigint not null, -- clear
  leased_until bigint not null, -- clear
  dead bigint not null, -- clear
  problem text, -- clear
  primary key (program, id),
  unique (program, kind, name)
);
create index job_due on job (program, dead, run_at);
create table job_schedule ( -- not covered: when repeated work last ran
  program text not null, -- clear
  kind text not null, -- clear
  next_at bigint not null, -- clear
  primary key (program, kind)
);
