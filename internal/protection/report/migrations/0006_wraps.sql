-- The content key wrapped for each reader that there was when the report came, in one row with it: see packWraps. Those that are made later stand in report_wrap,
-- as do all of reports from before this column.
alter table report add column wraps bytes; -- sealed

-- The directory of receipts: the entry in the log of each report, in the order in which they came. It takes the place of the table receipt, which keeps its lines. A line
-- that is gone or forged hides no report, and shows.
create table receipt_leaf ( -- not covered: a directory that every look-up holds against the covered report and the log
  program text not null, -- clear
  accepted bigint not null, -- clear
  report bytes not null, -- clear
  commitment bytes not null, -- clear
  primary key (program, accepted, report)
);
