-- Many sheets of a notice that carry one code, where a code for each would tell who
-- was there. place are the words that senders read, county a FIPS code. campaign is
-- what it is made for; partner is for whom, by name. notice_version, prints, printed_at
-- and says tell of the latest print: says is a hash of all that its sheets say. sought
-- is what a search looks through.
create table print_run ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  code bytes not null, -- clear
  code_text text not null, -- clear
  place text not null, -- clear
  county text, -- clear
  small bigint not null, -- clear
  notice text not null, -- clear
  notice_version text, -- clear
  languages text not null, -- clear
  each_alone bigint not null, -- clear
  paper text not null, -- clear
  copies bigint not null, -- clear
  partner text not null, -- clear
  campaign bytes, -- clear
  sought text not null, -- clear
  prints bigint not null, -- clear
  printed_at bigint, -- clear
  says bytes, -- clear
  made_at bigint not null, -- clear
  made_by text not null, -- clear
  primary key (program, id)
);
create index print_run_by_age on print_run (program, made_at, id);
create index print_run_by_campaign on print_run (program, campaign);

-- Each time that sheets of a run were printed.
create table print_run_print ( -- covered
  program text not null, -- clear
  run bytes not null, -- clear
  number bigint not null, -- clear
  copies bigint not null, -- clear
  notice_version text not null, -- clear
  says bytes not null, -- clear
  at bigint not null, -- clear
  by_member text not null, -- clear
  primary key (program, run, number)
);
