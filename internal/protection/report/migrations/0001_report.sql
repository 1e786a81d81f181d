-- A report: its envelope in clear, its words sealed. told says who was named to
-- the sender, so that a repeated submission gets the same answer. reply_key is
-- the public key of the receipt, to which answers to the sender are sealed.
create table report ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  accepted bigint not null, -- clear
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

-- How a receipt finds its report. The report's id is itself a keyed hash of the
-- lookup, so a forged line shows; the words of the receipt are in neither.
create table receipt ( -- not covered: an index that the pepper recomputes from the receipt; closing one has its own entry in the log
  program text not null, -- clear
  lookup bytes not null, -- clear
  report bytes not null, -- clear
  commitment bytes not null, -- clear
  closed bigint, -- clear
  primary key (program, lookup),
  foreign key (program, report) references report (program, id)
);
