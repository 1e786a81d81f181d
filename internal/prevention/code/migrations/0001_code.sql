-- The short addresses on signs. A code names a place or a batch, never a person.
create table code ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  code text not null, -- clear
  kind text not null, -- clear
  subject bytes not null, -- clear
  county text, -- clear
  place text not null, -- clear
  small bigint not null, -- clear
  state text not null, -- clear
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  switched_at bigint, -- clear
  switched_by text, -- clear
  primary key (program, id),
  unique (program, code)
);
create index code_by_subject on code (program, subject, made_at, id);
create index code_by_age on code (program, made_at, id);

-- How often codes of a program changed, so that every server notices soon.
create table code_turn ( -- not covered: a counter and nothing else; what changed is in the rows of code
  program text not null, -- clear
  n bigint not null, -- clear
  primary key (program)
);

-- How often a code was scanned on a day, in a language. There is nothing finer anywhere.
create table code_scan ( -- not covered: an entry for each scan would put its moment into a public log, which nobody may learn; a count is no evidence of anything
  program text not null, -- clear
  code bytes not null, -- clear
  day text not null, -- clear
  language text not null, -- clear
  n bigint not null, -- clear
  primary key (program, code, day, language)
);
create index code_scan_by_day on code_scan (program, day);

-- How many reports of a week carried a code. No row leads to a report.
create table code_told ( -- not covered: an entry would put the moment of a count beside that of a report
  program text not null, -- clear
  code bytes not null, -- clear
  week text not null, -- clear
  n bigint not null, -- clear
  primary key (program, code, week)
);
create index code_told_by_week on code_told (program, week);
