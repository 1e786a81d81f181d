-- The reporter's own part of a report: name, contact and how it is safe to reach
-- them, sealed apart from the words because the law keeps it from some who may
-- read these. There is no row when nothing of it was answered.
create table report_reporter ( -- covered
  program text not null, -- clear
  report bytes not null, -- clear
  body bytes not null, -- sealed
  body_hash bytes not null, -- clear
  token_hash bytes not null, -- clear
  primary key (program, report),
  foreign key (program, report) references report (program, id)
);

-- Its content key, once for each office that may have it and each of its keys.
create table report_reporter_wrap ( -- covered
  program text not null, -- clear
  report bytes not null, -- clear
  holder text not null, -- clear
  key_id bytes not null, -- clear
  added bigint not null, -- clear
  wrap bytes not null, -- sealed
  primary key (program, report, holder, key_id),
  foreign key (program, report) references report_reporter (program, report)
);
