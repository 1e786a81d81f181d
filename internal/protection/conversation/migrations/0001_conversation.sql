-- What an office and the sender of a report write to each other: one row for each office that began to write. since is when the oldest message that
-- nobody answered came (or was last looked at), due when that is late; level and next_at are the rung of the ladder and its next one.
create table conversation ( -- covered
  program text not null, -- clear
  report bytes not null, -- clear
  office text not null, -- clear
  began bigint not null, -- clear
  began_by bytes not null, -- clear
  since bigint, -- clear
  due bigint, -- clear
  level bigint not null, -- clear
  next_at bigint, -- clear
  primary key (program, report, office)
);
create index conversation_by_wait on conversation (program, office, since) where since is not null;
create index conversation_by_clock on conversation (program, next_at) where next_at is not null;

-- One message. Its words are sealed before they come here (sealed_by browser) or in memory (server). What the sender wrote is wrapped for the office alone; what
-- the office wrote, for the office and for the receipt. Only the office's side has marks of reading. Times never repeat in a conversation: they are its order.
create table message ( -- covered
  program text not null, -- clear
  report bytes not null, -- clear
  office text not null, -- clear
  id bytes not null, -- clear
  at bigint not null, -- clear
  side text not null, -- clear
  member bytes, -- clear
  kind text not null, -- clear
  answers bytes, -- clear
  body bytes not null, -- sealed
  body_hash bytes not null, -- clear
  token_hash bytes not null, -- clear
  office_key bytes not null, -- clear
  wrap_office bytes not null, -- sealed
  wrap_receipt bytes, -- sealed
  sealed_by text not null, -- clear
  read_at bigint, -- clear
  read_by bytes, -- clear
  primary key (program, report, office, id),
  foreign key (program, report, office) references conversation (program, report, office)
);
create unique index message_by_time on message (program, report, office, at);

-- Every attempt to let a person know that a message waits: at which step of the ladder, and what became of it.
create table message_notice ( -- covered
  program text not null, -- clear
  report bytes not null, -- clear
  office text not null, -- clear
  level bigint not null, -- clear
  member bytes not null, -- clear
  attempts bigint not null, -- clear
  first_at bigint not null, -- clear
  last_at bigint not null, -- clear
  sent_at bigint, -- clear
  result text not null, -- clear
  primary key (program, report, office, level, member),
  foreign key (program, report, office) references conversation (program, report, office)
);
