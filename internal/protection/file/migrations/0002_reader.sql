-- When the office that a wrap is for said that it cannot open it. A member who
-- opened the file may then replace the wrap.
alter table file_wrap add column refused bigint; -- clear

-- Who was mailed that a file came, and how often that was tried.
create table file_notice ( -- covered
  program text not null, -- clear
  report bytes not null, -- clear
  office text not null, -- clear
  member bytes not null, -- clear
  attempts bigint not null, -- clear
  first_at bigint not null, -- clear
  last_at bigint not null, -- clear
  sent_at bigint, -- clear
  result text not null, -- clear
  primary key (program, report, office, member)
);

-- Whoever begins a file of a report, or adds a part, takes turns on this row, so
-- that two of them do not both find the last room.
create table file_turn ( -- not covered: it holds no record
  program text not null, -- clear
  report bytes not null, -- clear
  turns bigint not null, -- clear
  primary key (program, report)
);
