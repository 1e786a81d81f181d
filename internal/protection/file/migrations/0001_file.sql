-- A file that was added to a report, sealed like the report. copy_of is the file
-- that this one is a copy of, made in the sender's browser without the hidden
-- data. hash is the running hash over the parts (docs/spec/sealed-file.md §5).
-- While it arrives, state is open and parts, size_sealed and hash stand still.
create table file ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  report bytes not null, -- clear
  copy_of bytes, -- clear
  at bigint not null, -- clear
  via text not null, -- clear
  sealed_by text not null, -- clear
  token_hash bytes not null, -- clear
  state text not null, -- clear
  reason text not null, -- clear
  ended bigint, -- clear
  parts bigint not null, -- clear
  size_sealed bigint not null, -- clear
  hash bytes not null, -- clear
  primary key (program, id)
);
create index file_by_report on file (program, report, at, id);

-- The file's content key, once for each reader and each of its keys.
create table file_wrap ( -- covered
  program text not null, -- clear
  file bytes not null, -- clear
  holder text not null, -- clear
  key_id bytes not null, -- clear
  added bigint not null, -- clear
  wrap bytes not null, -- sealed
  primary key (program, file, holder, key_id),
  foreign key (program, file) references file (program, id)
);

-- Who opened a file, and who took the original away. statement is the member's
-- signature over file.OpenedStatement.
create table file_access ( -- covered
  program text not null, -- clear
  file bytes not null, -- clear
  id bytes not null, -- clear
  at bigint not null, -- clear
  member bytes not null, -- clear
  office text not null, -- clear
  act text not null, -- clear
  statement bytes not null, -- clear
  primary key (program, file, id),
  foreign key (program, file) references file (program, id)
);

-- How far a file that still arrives has come. wrap_receipt is its content key for
-- the receipt's own key, so that the same sender can go on; it goes with the row
-- when the file ends.
create table file_upload ( -- not covered: it changes with every part of a file; what it comes to stands in file when the upload ends
  program text not null, -- clear
  file bytes not null, -- clear
  report bytes not null, -- clear
  touched bigint not null, -- clear
  parts bigint not null, -- clear
  size_sealed bigint not null, -- clear
  chain bytes not null, -- clear
  final bigint not null, -- clear
  wrap_receipt bytes, -- sealed
  primary key (program, file),
  foreign key (program, file) references file (program, id)
);
create index file_upload_by_time on file_upload (program, touched);
create index file_upload_by_report on file_upload (program, report);

-- The sealed bytes, in parts.
create table file_part ( -- not covered: the running hash in file binds every part, in its order
  program text not null, -- clear
  file bytes not null, -- clear
  part bigint not null, -- clear
  sealed bytes not null, -- sealed
  primary key (program, file, part),
  foreign key (program, file) references file (program, id)
);

-- A keyed hash of each part's content, under the file's own content key: it lets
-- the sender's browser see that a file which is chosen again is the same one. The
-- marks of a file go when its upload ends.
create table file_mark ( -- not covered: it lives no longer than the upload that it is for
  program text not null, -- clear
  file bytes not null, -- clear
  part bigint not null, -- clear
  mark bytes not null, -- sealed
  primary key (program, file, part),
  foreign key (program, file) references file (program, id)
);
