-- What a file was that came whole from a page without a script: a hash of it under
-- a key that follows from what only that page holds. A form that is sent again with
-- the same file is answered by it.
create table file_sent ( -- not covered: it only lets a form that is sent again be recognized
  program text not null, -- clear
  file bytes not null, -- clear
  mark bytes not null, -- clear
  primary key (program, file),
  foreign key (program, file) references file (program, id)
);
