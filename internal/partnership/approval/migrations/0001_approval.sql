-- An act that waits for a second person, or did.
create table approval ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  action text not null, -- clear
  subject text not null, -- clear
  detail text not null, -- clear
  requested_by text not null, -- clear
  requested_at bigint not null, -- clear
  ends bigint not null, -- clear
  decided_by text, -- clear
  decided_at bigint, -- clear
  decision text, -- clear
  reason text, -- clear
  primary key (program, id)
);
create unique index approval_open on approval (program, action, subject) where decided_at is null;
create index approval_by_time on approval (program, requested_at, id);
