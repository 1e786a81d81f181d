-- A place where a sheet can hang. county is a FIPS code and always there; latitude
-- and longitude are millionths of a degree. contact is an office, never a person.
-- small says that few people come there. lacks lists the spots that it does not
-- have. twin is what makes a place the same as another: kind, county, name and
-- address as they are compared. origin is the import it came with, zeros for none.
create table place ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  kind text not null, -- clear
  name text not null, -- clear
  address text not null, -- clear
  city text not null, -- clear
  state text not null, -- clear
  county text not null, -- clear
  latitude bigint, -- clear
  longitude bigint, -- clear
  contact text not null, -- clear
  small bigint not null, -- clear
  active bigint not null, -- clear
  lacks text not null, -- clear
  source text not null, -- clear
  twin bytes not null, -- clear
  sought text not null, -- clear
  origin bytes not null, -- clear
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  version bigint not null, -- clear
  primary key (program, id),
  unique (program, twin)
);
create index place_by_name on place (program, sought, id);
create index place_by_county on place (program, county, id);
create index place_by_origin on place (program, origin, id);

-- A notice at a spot of a place. slot is what may be there once: place, spot,
-- notice and languages; null when the sheet is gone, and with "next" for what is to
-- take its place. county and kind are those of the place.
create table placement ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  place bytes not null, -- clear
  county text not null, -- clear
  kind text not null, -- clear
  spot text not null, -- clear
  notice text not null, -- clear
  notice_version text not null, -- clear
  languages text not null, -- clear
  paper text not null, -- clear
  code bytes, -- clear
  code_text text not null, -- clear
  code_on bigint not null, -- clear
  state text not null, -- clear
  slot text, -- clear
  replaces bytes, -- clear
  put_up_on bigint, -- clear
  put_up_by text not null, -- clear
  seen_at bigint, -- clear
  looked_at bigint, -- clear
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  version bigint not null, -- clear
  primary key (program, id),
  unique (program, slot)
);
create index placement_by_place on placement (program, place, id);
create index placement_by_county on placement (program, county, place, id);
create index placement_by_notice on placement (program, notice, notice_version, id);
create index placement_by_put_up on placement (program, put_up_on, id);

-- What is to be done about a placement. mark is what opened it: the version of a
-- notice, or an inspection; the same never opens two. open_for is the reason while
-- it is open, so that one reason opens one task at a time.
create table placement_task ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  placement bytes not null, -- clear
  county text not null, -- clear
  reason text not null, -- clear
  mark text not null, -- clear
  open_for text, -- clear
  state text not null, -- clear
  opened_at bigint not null, -- clear
  closed_at bigint, -- clear
  closed_by text not null, -- clear
  primary key (program, id),
  unique (program, placement, mark),
  unique (program, placement, open_for)
);
create index placement_task_by_state on placement_task (program, state, opened_at, id);

-- A round: which placements somebody goes to see.
create table placement_round ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  name text not null, -- clear
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  stops bigint not null, -- clear
  closed_at bigint, -- clear
  primary key (program, id)
);
create index placement_round_by_time on placement_round (program, made_at, id);

create table placement_round_stop ( -- covered
  program text not null, -- clear
  round bytes not null, -- clear
  position bigint not null, -- clear
  placement bytes not null, -- clear
  primary key (program, round, position),
  unique (program, round, placement)
);

-- What somebody found at a placement. entry is what it is repeated under, from a
-- browser that could not send it at once: the same entry counts once.
create table placement_inspection ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  placement bytes not null, -- clear
  round bytes not null, -- clear
  entry text not null, -- clear
  at bigint not null, -- clear
  received_at bigint not null, -- clear
  by_member text not null, -- clear
  found text not null, -- clear
  opens text not null, -- clear
  effect text not null, -- clear
  county text not null, -- clear
  kind text not null, -- clear
  notice text not null, -- clear
  primary key (program, id),
  unique (program, entry)
);
create index placement_inspection_by_placement on placement_inspection (program, placement, at, id);
create index placement_inspection_by_time on placement_inspection (program, at, id);
create index placement_inspection_by_round on placement_inspection (program, round, placement);

-- A file of places. Its places are there once state is done, all of them at once.
create table place_import ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  by_member text not null, -- clear
  at bigint not null, -- clear
  name text not null, -- clear
  digest bytes not null, -- clear
  state text not null, -- clear
  lines bigint not null, -- clear
  problems bigint not null, -- clear
  places bigint not null, -- clear
  skipped bigint not null, -- clear
  primary key (program, id)
);
create index place_import_by_time on place_import (program, at, id);

-- What was read of a file, in parts, until it is decided: places, or what is wrong.
create table place_import_part ( -- not covered: what was read of a file, until somebody decides about it
  program text not null, -- clear
  import bytes not null, -- clear
  what text not null, -- clear
  part bigint not null, -- clear
  body bytes not null, -- clear
  primary key (program, import, what, part)
);

-- How far work on an import or on a batch has come. subject is its id.
create table placement_progress ( -- not covered: only says how far work has come
  program text not null, -- clear
  subject bytes not null, -- clear
  parts bigint not null, -- clear
  after bytes not null, -- clear
  done bigint not null, -- clear
  left_out bigint not null, -- clear
  total bigint not null, -- clear
  primary key (program, subject)
);

-- One act for many placements: made at many places, printed, put up. what is the
-- act, spec says on what.
create table placement_batch ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  what text not null, -- clear
  spec text not null, -- clear
  state text not null, -- clear
  at bigint not null, -- clear
  by_member text not null, -- clear
  made bigint not null, -- clear
  left_out bigint not null, -- clear
  primary key (program, id)
);
create index placement_batch_by_time on placement_batch (program, at, id);
