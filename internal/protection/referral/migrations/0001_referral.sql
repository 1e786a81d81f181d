-- A referral is one duty to tell one recipient about one report: ours, onward by an office, or (origin reminder) another's own clock.
create table referral ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  report bytes not null, -- clear
  origin text not null, -- clear
  rule text not null, -- clear
  recipient text not null, -- clear
  holder text not null, -- clear
  relay bigint not null, -- clear
  obligor text not null, -- clear
  stands_for text not null, -- clear
  means text not null, -- clear
  proofs text not null, -- clear
  basis text not null, -- clear
  limit_by text not null, -- clear
  span bigint not null, -- clear
  at_once bigint not null, -- clear
  starts text not null, -- clear
  accepted bigint not null, -- clear
  started bigint, -- clear
  due bigint, -- clear
  courtesy bigint not null, -- clear
  mode text not null, -- clear
  urgency bigint not null, -- clear
  child bigint not null, -- clear
  test bigint not null, -- clear
  place text not null, -- clear
  age text not null, -- clear
  exploitation text not null, -- clear
  conflict text not null, -- clear
  words text not null, -- clear
  order_at bigint not null, -- clear
  state text not null, -- clear
  owner bytes, -- clear
  taken_by bytes, -- clear
  taken_until bigint, -- clear
  retry_at bigint, -- clear
  attempts bigint not null, -- clear
  opened_at bigint, -- clear
  opened_by bytes, -- clear
  acknowledged_at bigint, -- clear
  outcome text not null, -- clear
  done_at bigint, -- clear
  level bigint not null, -- clear
  next_at bigint, -- clear
  matter bytes, -- clear
  referred_by text not null, -- clear
  primary key (program, id)
);
create index referral_by_report on referral (program, report);
create index referral_by_holder on referral (program, holder, urgency, order_at, id);
create index referral_by_clock on referral (program, next_at) where next_at is not null;
create index referral_by_lease on referral (program, taken_until) where taken_until is not null;

-- Every step in a referral's life, in order of time: the history a person reads.
create table referral_step ( -- covered
  program text not null, -- clear
  referral bytes not null, -- clear
  id bytes not null, -- clear
  report bytes not null, -- clear
  at bigint not null, -- clear
  act text not null, -- clear
  actor text not null, -- clear
  office text not null, -- clear
  before text not null, -- clear
  after text not null, -- clear
  code text not null, -- clear
  level bigint not null, -- clear
  primary key (program, referral, id),
  foreign key (program, referral) references referral (program, id)
);
create index referral_step_by_report on referral_step (program, report, at);

-- What proves that a report was opened, or that a task was passed on: each member's signature, each recipient's own number.
create table referral_proof ( -- covered
  program text not null, -- clear
  referral bytes not null, -- clear
  id bytes not null, -- clear
  report bytes not null, -- clear
  at bigint not null, -- clear
  member bytes not null, -- clear
  office text not null, -- clear
  kind text not null, -- clear
  code text not null, -- clear
  channel text not null, -- clear
  signature bytes, -- clear
  answered bytes, -- sealed
  primary key (program, referral, id),
  foreign key (program, referral) references referral (program, id)
);
create index referral_proof_by_report on referral_proof (program, report, at);

-- A note an office keeps for itself, sealed in a member's browser to the office's own key.
create table referral_note ( -- covered
  program text not null, -- clear
  report bytes not null, -- clear
  office text not null, -- clear
  id bytes not null, -- clear
  at bigint not null, -- clear
  member bytes not null, -- clear
  key_id bytes not null, -- clear
  body bytes not null, -- sealed
  primary key (program, report, office, id)
);

-- A member who stepped back from a report: from then on it does not exist for that member.
create table referral_recusal ( -- covered
  program text not null, -- clear
  report bytes not null, -- clear
  member bytes not null, -- clear
  office text not null, -- clear
  at bigint not null, -- clear
  primary key (program, report, member)
);
create index referral_recusal_by_member on referral_recusal (program, member);

-- Every attempt to let a person on duty know that something waits: whom, at which step of the ladder, and what became of it.
create table referral_notice ( -- covered
  program text not null, -- clear
  referral bytes not null, -- clear
  level bigint not null, -- clear
  member bytes not null, -- clear
  report bytes not null, -- clear
  attempts bigint not null, -- clear
  first_at bigint not null, -- clear
  last_at bigint not null, -- clear
  sent_at bigint, -- clear
  result text not null, -- clear
  primary key (program, referral, level, member),
  foreign key (program, referral) references referral (program, id)
);
create index referral_notice_by_member on referral_notice (program, member, sent_at);
