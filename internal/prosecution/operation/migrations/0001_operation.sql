-- An operation. Of one that has not ended only its offices, its kind and its state can be read at rest: what, where, when and whom to call stand in body.
create table operation ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  lead text not null, -- clear
  kind text not null, -- clear
  state text not null, -- clear
  surge bytes, -- clear
  version bigint not null, -- clear
  body bytes not null, -- tenant
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  planned_at bigint not null, -- clear
  planned_by text not null, -- clear
  approved_at bigint, -- clear
  approved_by text, -- clear
  began bigint, -- clear
  ended bigint, -- clear
  closed_at bigint, -- clear
  closed_by text, -- clear
  reviewed_at bigint, -- clear
  reviewed_by text, -- clear
  cancelled_at bigint, -- clear
  cancelled_by text, -- clear
  level text, -- clear
  primary key (program, id)
);
create index operation_by_begin on operation (program, began, id) where began is not null;
create index operation_of_surge on operation (program, surge, id) where surge is not null;

-- Which offices take part, each of which sees the operation.
create table operation_office ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  operation bytes not null, -- clear
  part text not null, -- clear
  made_at bigint not null, -- clear
  primary key (program, office, operation)
);
create index operation_office_of on operation_office (program, operation);
create index operation_office_by_time on operation_office (program, office, made_at, operation);

-- Where and when the operations that have not ended are: each under a keyed hash of every cell of the map and day that it reaches into.
create table operation_index ( -- not covered: made of the plans, which are; a row without its plan conflicts with nothing
  program text not null, -- clear
  token bytes not null, -- tenant
  operation bytes not null, -- clear
  reach bytes not null, -- tenant
  primary key (program, token, operation)
);
create index operation_index_of on operation_index (program, operation);

-- The row that everybody who asks for conflicts holds until they have committed, so that of two one sees the other.
create table operation_turn ( -- not covered: a lock and nothing else; it says nothing of any operation
  program text not null, -- clear
  turn bigint not null, -- clear
  primary key (program)
);

-- Two operations that come near each other. Each side says for itself what became of the call.
create table operation_conflict ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  later bytes not null, -- clear
  earlier bytes not null, -- clear
  later_lead text not null, -- clear
  earlier_lead text not null, -- clear
  found_at bigint not null, -- clear
  found_by text not null, -- clear
  later_said text, -- clear
  later_at bigint, -- clear
  later_by text, -- clear
  earlier_said text, -- clear
  earlier_at bigint, -- clear
  earlier_by text, -- clear
  ended_at bigint, -- clear
  ended_why text, -- clear
  primary key (program, id)
);
create index operation_conflict_later on operation_conflict (program, later, found_at);
create index operation_conflict_earlier on operation_conflict (program, earlier, found_at);
create index operation_conflict_later_waits on operation_conflict (program, later_lead) where ended_at is null and later_said is null;
create index operation_conflict_earlier_waits on operation_conflict (program, earlier_lead) where ended_at is null and earlier_said is null;
create unique index operation_conflict_open on operation_conflict (program, later, earlier) where ended_at is null;

-- Who asked for conflicts, and how many there were.
create table operation_check ( -- not covered: a count of questions; each of them stands in the log as the change that asked it
  program text not null, -- clear
  id bytes not null, -- clear
  office text not null, -- clear
  member text not null, -- clear
  at bigint not null, -- clear
  found bigint not null, -- clear
  primary key (program, id)
);
create index operation_check_member on operation_check (program, member, at);
create index operation_check_office on operation_check (program, office, at);

-- A named set of operations over some days. Its name and days can be read at rest once it is over.
create table surge ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  lead text not null, -- clear
  body bytes not null, -- tenant
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  closed_at bigint, -- clear
  closed_by text, -- clear
  name text, -- clear
  first_day text, -- clear
  last_day text, -- clear
  starts bigint, -- clear
  days bigint, -- clear
  primary key (program, id)
);

create table surge_office ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  surge bytes not null, -- clear
  part text not null, -- clear
  made_at bigint not null, -- clear
  primary key (program, office, surge)
);
create index surge_office_of on surge_office (program, surge);

-- A place that the program features. Where it is stays with the offices that act.
create table featured_location ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  level text not null, -- clear
  body bytes not null, -- tenant
  added_at bigint not null, -- clear
  added_by text not null, -- clear
  withdrawn_at bigint, -- clear
  withdrawn_by text, -- clear
  primary key (program, id)
);
create index featured_location_by_time on featured_location (program, added_at, id);
