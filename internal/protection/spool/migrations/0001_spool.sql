-- A report that waits here for the database: what stands in clear is what would
-- stand in clear there. plan says who must be told, as it was decided and shown.
create table spooled ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  kept bigint not null, -- clear
  closed bigint, -- clear
  lookup bytes not null, -- clear
  via text not null, -- clear
  mode text not null, -- clear
  envelope text not null, -- clear
  form text not null, -- clear
  told text not null, -- clear
  plan text not null, -- clear
  keyless text not null, -- clear
  sealed_by text not null, -- clear
  body bytes not null, -- sealed
  body_hash bytes not null, -- clear
  token_hash bytes not null, -- clear
  reply_key bytes not null, -- clear
  wraps bytes not null, -- sealed
  reporter bytes, -- sealed
  primary key (program, id)
);

-- Where in the spool's log the entry of a report stands.
create table spooled_leaf ( -- not covered: a directory, which every look-up holds against the log
  program text not null, -- clear
  id bytes not null, -- clear
  commitment bytes not null, -- clear
  primary key (program, id)
);

-- The name under which this spool's log of a program is signed.
create table spool_self ( -- not covered: made once; the log's own checkpoints carry it
  program text not null, -- clear
  name text not null, -- clear
  primary key (program)
);

-- What the public page needs of the directory while the database is away: the
-- offices' keys with the signatures that they rest on, checked again when read.
create table spool_directory ( -- not covered: a copy; keys in it count only under the pinned directory key
  program text not null, -- clear
  kept bigint not null, -- clear
  state text not null, -- clear
  primary key (program)
);
