-- Each office key has a signing key beside it, made from the same seed. The directory key, which is kept offline, signs an office's first key; the office's signing key signs the next.
alter table agency_key add column sign_public bytes; -- clear
alter table agency_key add column directory_signature bytes; -- clear
alter table agency_key add column directory_at bigint; -- clear

-- A wrap for a member carries the word of who made it, signed with the office key itself: this member, with this public key. Whoever only writes into the database cannot add a holder.
alter table agency_key_wrap add column signature bytes; -- clear

-- A drill of the recovery shares belongs to an office.
alter table agency_drill add column office text; -- clear

-- The public half of the key that an office's printed shares rebuild, signed by the office key that it was made under. The one that was not replaced is in use.
create table office_recovery ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  id bytes not null, -- clear
  public bytes not null, -- clear
  needed bigint not null, -- clear
  shares bigint not null, -- clear
  key_id bytes not null, -- clear
  signature bytes not null, -- clear
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  replaced_at bigint, -- clear
  primary key (program, office, id),
  foreign key (program, office, key_id) references agency_key (program, office, id)
);
create unique index office_recovery_in_use on office_recovery (program, office) where replaced_at is null;

-- A new key that an office was asked to make, why, and until when.
create table office_rotation ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  id bytes not null, -- clear
  reason text not null, -- clear
  asked_at bigint not null, -- clear
  due bigint not null, -- clear
  done_at bigint, -- clear
  primary key (program, office, id),
  foreign key (program, office) references agency (program, office)
);
create index office_rotation_open on office_rotation (program, office, done_at);

-- A duty to keep what an office holds, or one report of it. While it stands the office is not closed.
create table legal_hold ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  office text not null, -- clear
  report bytes, -- clear
  basis text not null, -- clear
  placed_at bigint not null, -- clear
  placed_by text not null, -- clear
  lifted_at bigint, -- clear
  lifted_by text, -- clear
  lift_asked_by text, -- clear
  primary key (program, id),
  foreign key (program, office) references agency (program, office)
);
create index legal_hold_by_office on legal_hold (program, office, lifted_at);

-- Who said what when an office was closed. That something was deleted cannot be proven; who said so is on record.
create table office_attestation ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  closing bytes not null, -- clear
  member text not null, -- clear
  statement text not null, -- clear
  at bigint not null, -- clear
  primary key (program, office, closing, member, statement),
  foreign key (program, office) references agency (program, office)
);
