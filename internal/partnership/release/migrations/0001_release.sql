-- A release of figures: which tables, where it stands, and once it is checked the exact text that is frozen. computed is the same with what the public
-- is not shown, for comparing and restating. headline and why are texts by language, specs and findings are lists, all as JSON.
create table release ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  number bigint not null, -- clear
  state text not null, -- clear
  headline text not null, -- clear
  first_day text not null, -- clear
  last_day text not null, -- clear
  specs text not null, -- clear
  indicators text not null, -- clear
  restates bytes, -- clear
  why text not null, -- clear
  made_by text not null, -- clear
  made_at bigint not null, -- clear
  findings text not null, -- clear
  checked_by text, -- clear
  checked_at bigint, -- clear
  computed text, -- clear
  document text, -- clear
  document_hash bytes, -- clear
  definitions_hash text, -- clear
  tree_size bigint, -- clear
  tree_root text, -- clear
  approved_by text, -- clear
  approved_at bigint, -- clear
  published_by text, -- clear
  published_at bigint, -- clear
  primary key (program, id)
);
create unique index release_by_number on release (program, number);
create index release_by_restated on release (program, restates) where restates is not null;

-- Where the entry of a publication stands in the log, and what the last comparison with the rows of today found.
create table release_watch ( -- not covered: found again from the log and from the rows at any time
  program text not null, -- clear
  release bytes not null, -- clear
  commitment bytes not null, -- clear
  compared_at bigint, -- clear
  changes text not null, -- clear
  primary key (program, release),
  foreign key (program, release) references release (program, id)
);
