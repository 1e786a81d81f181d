-- A result: something that an office says happened, with the document that shows
-- it. It never names a person. day counts days since 1970 of the jurisdiction's
-- calendar; quantity counts persons or things, amount is cents or milligrams.
-- booking and state_id are keyed hashes of numbers that agencies agree to compare.
-- same_as is the arrest of the same person that counts in this one's stead.
-- origin is the import it came with, zeros for none. detail holds numbers of
-- documents and what was typed.
create table result ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  kind text not null, -- clear
  state text not null, -- clear
  day bigint not null, -- clear
  office text not null, -- clear
  operation text not null, -- clear
  county text not null, -- clear
  organization text not null, -- clear
  role text not null, -- clear
  offense text not null, -- clear
  stage text not null, -- clear
  item text not null, -- clear
  certainty text not null, -- clear
  age text not null, -- clear
  exploitation text not null, -- clear
  matched text not null, -- clear
  covers text not null, -- clear
  quantity bigint not null, -- clear
  amount bigint not null, -- clear
  qualifier text not null, -- clear
  valued bigint not null, -- clear
  evidence text not null, -- clear
  booking bytes, -- clear
  state_id bytes, -- clear
  same_as bytes, -- clear
  origin bytes not null, -- clear
  entered_at bigint not null, -- clear
  entered_by bytes not null, -- clear
  decided_by bytes, -- clear
  version bigint not null, -- clear
  detail bytes not null, -- tenant
  primary key (program, id)
);
create index result_by_day on result (program, kind, day, origin, id);
create index result_by_office on result (program, office, day, id);
create index result_by_origin on result (program, origin, kind, day, id);
create index result_by_booking on result (program, booking) where booking is not null;
create index result_by_state_id on result (program, state_id) where state_id is not null;
create index result_by_same on result (program, same_as) where same_as is not null;

-- What a result was before and after a change. A change that is taken back is a
-- change of its own; nothing here is ever altered.
create table result_change ( -- covered
  program text not null, -- clear
  result bytes not null, -- clear
  version bigint not null, -- clear
  at bigint not null, -- clear
  by_member bytes not null, -- clear
  what text not null, -- clear
  reason bytes not null, -- tenant
  before_change bytes not null, -- tenant
  after_change bytes not null, -- tenant
  primary key (program, result, version)
);

-- The sums of a day's results of one kind and origin. A recount of result must
-- give the same.
create table result_day ( -- not covered: sums of covered rows; verify recounts them
  program text not null, -- clear
  kind text not null, -- clear
  day bigint not null, -- clear
  origin bytes not null, -- clear
  cells bytes not null, -- clear
  primary key (program, kind, day, origin)
);

-- Two arrests that may be one person. older counts when both sides say so.
create table result_match ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  older bytes not null, -- clear
  newer bytes not null, -- clear
  same_number text not null, -- clear
  state text not null, -- clear
  at bigint not null, -- clear
  older_office text not null, -- clear
  newer_office text not null, -- clear
  older_said text not null, -- clear
  newer_said text not null, -- clear
  older_by bytes, -- clear
  newer_by bytes, -- clear
  primary key (program, id),
  unique (program, older, newer)
);
create index result_match_by_newer on result_match (program, newer);
create index result_match_by_older_office on result_match (program, older_office, at, id);
create index result_match_by_newer_office on result_match (program, newer_office, at, id);

-- Groups that a program tells apart. Retired ones can no longer be chosen.
create table result_organization ( -- covered
  program text not null, -- clear
  id text not null, -- clear
  name text not null, -- clear
  retired bigint not null, -- clear
  primary key (program, id)
);

-- A file of results. Its rows count once state is done, all of them at once.
create table result_import ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  office text not null, -- clear
  by_member bytes not null, -- clear
  at bigint not null, -- clear
  name bytes not null, -- tenant
  digest bytes not null, -- clear
  state text not null, -- clear
  lines bigint not null, -- clear
  problems bigint not null, -- clear
  sums text not null, -- clear
  decided_by bytes, -- clear
  primary key (program, id)
);
create index result_import_by_office on result_import (program, office, at, id);

-- What was read of a file, in parts, until it is decided: rows, or what is wrong.
create table result_import_part ( -- not covered: what was read of a file, until somebody decides about it
  program text not null, -- clear
  import bytes not null, -- clear
  what text not null, -- clear
  part bigint not null, -- clear
  body bytes not null, -- tenant
  primary key (program, import, what, part)
);

-- How far work on an import has come.
create table result_import_progress ( -- not covered: only says how far work has come
  program text not null, -- clear
  import bytes not null, -- clear
  task text not null, -- clear
  by_member bytes not null, -- clear
  parts bigint not null, -- clear
  done bigint not null, -- clear
  total bigint not null, -- clear
  primary key (program, import, task)
);
