-- A report: its envelope in clear, its words sealed. told says who was named to
-- the sender, so that a repeated submission gets the same answer. reply_key is
-- the public key of the receipt, to which answers to the sender are sealed.
-- lookup is the keyed hash of the receipt's lookup; closed is when its holder
-- switched it off.
create table report ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  accepted bigint not null, -- clear
  lookup bytes not null, -- clear
  closed bigint, -- clear
  via text not null, -- clear
  mode text not null, -- clear
  envelope text not null, -- clear
  form text not null, -- clear
  rules text not null, -- clear
  told text not null, -- clear
  sealed_by text not null, -- clear
  body bytes not null, -- sealed
  body_hash bytes not null, -- clear
  token_hash bytes not null, -- clear
  reply_key bytes not null, -- clear
  primary key (program, id)
);

-- The report's content key, once for each reader and each of its keys.
create table report_wrap ( -- covered
  program text not null, -- clear
  report bytes not null, -- clear
  holder text not null, -- clear
  key_id bytes not null, -- clear
  added bigint not null, -- clear
  wrap bytes not null, -- sealed
  primary key (program, report, holder, key_id),
  foreign key (program, report) references report (program, id)
);

-- The directory of receipts: which report a hash leads to, and its entry in the
-- log. It decides nothing: the report's id is itself a keyed hash of the receipt,
-- and its own row says whether the receipt is closed. A line that is gone or
-- forged therefore hides no report, and shows.
create table receipt ( -- not covered: a directory that every look-up holds against the covered report and the log
  program text not null, -- clear
  lookup bytes not null, -- clear
  report bytes not null, -- clear
  commitment bytes not null, -- clear
  primary key (program, lookup),
  foreign key (program, report) references report (program, id)
);
