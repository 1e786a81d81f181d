-- A criminal case at a court. It names nobody: a defendant is a number, as the docket has it.
create table court_case ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  docket text not null, -- clear
  forum text not null, -- clear
  district text not null, -- clear
  state text not null, -- clear
  jurisdiction text not null, -- clear
  office text not null, -- clear
  opened_by text not null, -- clear
  opened_at bigint not null, -- clear
  primary key (program, id),
  unique (program, forum, district, docket)
);

-- An office that works on a case: the one that leads it, and its partners.
create table court_seat ( -- covered
  program text not null, -- clear
  matter bytes not null, -- clear
  office text not null, -- clear
  leads bigint not null, -- clear
  opened_at bigint not null, -- clear
  since bigint not null, -- clear
  added_by text not null, -- clear
  primary key (program, matter, office),
  foreign key (program, matter) references court_case (program, id)
);
create index court_seat_by_office on court_seat (program, office, opened_at, matter);

-- One step of a case, as the docket has it. Rows are added and never changed: what became of one stands in court_standing.
create table court_entry ( -- covered
  program text not null, -- clear
  matter bytes not null, -- clear
  id bytes not null, -- clear
  place bigint not null, -- clear
  step text not null, -- clear
  day bigint not null, -- clear
  defendant bigint not null, -- clear
  docket_entry bigint not null, -- clear
  what text not null, -- clear
  statutes text not null, -- clear
  months bigint not null, -- clear
  probation bigint not null, -- clear
  cents bigint not null, -- clear
  item bigint not null, -- clear
  other_day bigint not null, -- clear
  shares text not null, -- clear
  office text not null, -- clear
  entered_by text not null, -- clear
  entered_at bigint not null, -- clear
  primary key (program, matter, id),
  unique (program, matter, place),
  foreign key (program, matter) references court_case (program, id)
);

-- What somebody said of a step: reported, confirmed, withdrawn. The last word counts; the earlier ones stay.
create table court_standing ( -- covered
  program text not null, -- clear
  matter bytes not null, -- clear
  entry bytes not null, -- clear
  place bigint not null, -- clear
  standing text not null, -- clear
  why text not null, -- clear
  docket_entry bigint not null, -- clear
  said_by text not null, -- clear
  said_at bigint not null, -- clear
  primary key (program, matter, entry, place),
  foreign key (program, matter) references court_case (program, id)
);

-- A deadline that a step began, computed once and kept as it was computed.
create table court_clock ( -- covered
  program text not null, -- clear
  matter bytes not null, -- clear
  entry bytes not null, -- clear
  deadline text not null, -- clear
  defendant bigint not null, -- clear
  begins bigint not null, -- clear
  due bigint not null, -- clear
  computed text not null, -- clear
  basis text not null, -- clear
  limit_by text not null, -- clear
  version text not null, -- clear
  state text not null, -- clear
  ended_by bytes, -- clear
  ended_on bigint, -- clear
  told bigint not null, -- clear
  primary key (program, matter, entry, deadline),
  foreign key (program, matter) references court_case (program, id)
);
create index court_clock_by_due on court_clock (program, due, matter, entry, deadline) where state = 'open';

-- What the figures count, one row a thing, derived from the steps.
create table court_fact ( -- not covered: derived from court_entry and court_standing, which are; a check derives it anew and compares
  program text not null, -- clear
  measure text not null, -- clear
  day bigint not null, -- clear
  matter bytes not null, -- clear
  part bigint not null, -- clear
  state text not null, -- clear
  district text not null, -- clear
  statute text not null, -- clear
  class text not null, -- clear
  kind text not null, -- clear
  amount bigint not null, -- clear
  proven bigint not null, -- clear
  primary key (program, measure, day, matter, part)
);
create index court_fact_by_case on court_fact (program, matter);

-- The same by month and by year, at several levels of detail, so that a figure over a million rows is read from a few.
create table court_tally ( -- not covered: sums of court_fact, kept in step with it in the same transaction
  program text not null, -- clear
  measure text not null, -- clear
  level bigint not null, -- clear
  span bigint not null, -- clear
  state text not null, -- clear
  district text not null, -- clear
  statute text not null, -- clear
  class text not null, -- clear
  kind text not null, -- clear
  amount bigint not null, -- clear
  facts bigint not null, -- clear
  unproven bigint not null, -- clear
  primary key (program, measure, level, span, state, district, statute, class, kind)
);

-- What the list of cases is searched by, one row a charge that stands.
create table court_charge ( -- not covered: derived from court_entry, for the search of the list
  program text not null, -- clear
  matter bytes not null, -- clear
  statute text not null, -- clear
  primary key (program, matter, statute)
);
create index court_charge_by_statute on court_charge (program, statute, matter);
