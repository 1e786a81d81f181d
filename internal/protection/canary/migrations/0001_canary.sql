-- What the last test of each way in came to, and of each test address: state is sent (on its way), ok or broken; since is when that began.
create table canary_way ( -- not covered: a state that changes every half hour; each result is an entry of the log, and so is each alarm
  program text not null, -- clear
  way text not null, -- clear
  state text not null, -- clear
  since bigint not null, -- clear
  tried_at bigint not null, -- clear
  ok_at bigint, -- clear
  tries bigint not null, -- clear
  problem text not null, -- clear
  primary key (program, way)
);

-- A test report on its way: it is gone, like the report itself, once it was compared with the log.
create table canary_sent ( -- not covered: it lives for half an hour; what it is about is covered
  program text not null, -- clear
  id bytes not null, -- clear
  way text not null, -- clear
  lookup bytes not null, -- clear
  commitment bytes not null, -- clear
  promised bigint not null, -- clear
  sent_at bigint not null, -- clear
  tries bigint not null, -- clear
  primary key (program, id)
);

-- An address that an office gave for tests of the mail. It counts from when the code of a message was typed back until it is given up.
create table canary_address ( -- covered
  program text not null, -- clear
  office text not null, -- clear
  id bytes not null, -- clear
  address text not null, -- clear
  code_hash bytes not null, -- clear
  asked_at bigint not null, -- clear
  asked_by text not null, -- clear
  confirmed_at bigint, -- clear
  ended_at bigint, -- clear
  primary key (program, office, id)
);
