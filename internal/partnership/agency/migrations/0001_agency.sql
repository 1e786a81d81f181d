-- An office of the pack that has joined the program.
create table agency ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  state text not null, -- clear
  joined bigint not null, -- clear
  agreement_signed bigint, -- clear
  agreement_by text not null, -- clear
  closed bigint, -- clear
  primary key (program, office)
);

-- A key reports are sealed to. The current one has not been retired; old ones stay, so that what was sealed to them can be read.
create table agency_key ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  id bytes not null, -- clear
  public bytes not null, -- clear
  created bigint not null, -- clear
  retired bigint, -- clear
  signed_by text not null, -- clear
  signed_member bytes, -- clear
  signed_public bytes, -- clear
  signed_at bigint, -- clear
  signature bytes, -- clear
  primary key (program, office, id),
  foreign key (program, office) references agency (program, office)
);

-- An office key's seed, sealed to one who may use it: a member, or the split recovery key.
create table agency_key_wrap ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  key_id bytes not null, -- clear
  holder text not null, -- clear
  sealed bytes not null, -- sealed
  created bigint not null, -- clear
  ended bigint, -- clear
  primary key (program, office, key_id, holder),
  foreign key (program, office, key_id) references agency_key (program, office, id)
);
create unique index agency_key_current on agency_key (program, office) where retired is null;
create index agency_key_wrap_by_holder on agency_key_wrap (program, office, holder);

-- What people found out about a number, and what became of it. contact is the digits it is about: when the pack changes them, the check no longer counts.
create table channel_check ( -- covered
  program text not null, -- clear
  channel text not null, -- clear
  turn bigint not null, -- clear
  contact text not null, -- clear
  called_at bigint not null, -- clear
  recorded_at bigint not null, -- clear
  recorded_by text not null, -- clear
  caller text not null, -- clear
  answered text not null, -- clear
  heard text not null, -- clear
  result text not null, -- clear
  attested bigint not null, -- clear
  primary key (program, channel, turn)
);

-- Who is on shift. Rows are never taken away: a removed shift says when and by whom.
create table roster ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  id bytes not null, -- clear
  member bytes not null, -- clear
  kind text not null, -- clear
  starts bigint not null, -- clear
  ends bigint not null, -- clear
  added_at bigint not null, -- clear
  added_by text not null, -- clear
  removed_at bigint, -- clear
  removed_by text, -- clear
  primary key (program, office, id),
  foreign key (program, office) references agency (program, office)
);
create index roster_by_end on roster (program, office, ends);

-- The hours an office keeps, as a weekly pattern. The row of the last turn counts; the others are its history.
create table agency_hours ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  turn bigint not null, -- clear
  set_at bigint not null, -- clear
  set_by text not null, -- clear
  week text not null, -- clear
  primary key (program, office, turn),
  foreign key (program, office) references agency (program, office)
);

-- A test that somebody sent and somebody acknowledged: of the mail, or of a report's whole way.
create table agency_drill ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  kind text not null, -- clear
  sent_at bigint not null, -- clear
  sent_by text not null, -- clear
  code_hash bytes, -- clear
  acknowledged_at bigint, -- clear
  acknowledged_by text, -- clear
  primary key (program, id)
);

-- When the public form was opened and closed, and by whom. The row of the last turn counts.
create table agency_opening ( -- covered
  program text not null, -- clear
  turn bigint not null, -- clear
  state text not null, -- clear
  at bigint not null, -- clear
  actor text not null, -- clear
  primary key (program, turn)
);

-- Something that needs a person, from when until when, and how many people were told by mail.
create table agency_alarm ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  kind text not null, -- clear
  subject text not null, -- clear
  raised bigint not null, -- clear
  cleared bigint, -- clear
  told bigint not null, -- clear
  primary key (program, id)
);
create index agency_alarm_by_clear on agency_alarm (program, cleared, kind, subject);
