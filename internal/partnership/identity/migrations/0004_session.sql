-- A session's name is the keyed hash of the first value its cookie had. client: keyed hash of what the browser calls itself, so that a copied cookie is of no use in
-- another one. locked: since when it waits to be unlocked. ended, why: since when it is over, and what it came to.
alter table session add column client bytes; -- clear
alter table session add column locked bigint; -- clear
alter table session add column ended bigint; -- clear
alter table session add column why text; -- clear

-- The cookie's value changes while it is used. used: when this one first came back. offered: when the next one was last handed out. spent: since when a later one is in
-- use: whoever comes back with this one has a copy.
create table session_token ( -- not covered: changes with use, like the session; what its misuse leads to is a custody entry of the member
  program text not null, -- clear
  token bytes not null, -- clear
  session bytes not null, -- clear
  made bigint not null, -- clear
  used bigint, -- clear
  offered bigint, -- clear
  spent bigint, -- clear
  primary key (program, token),
  foreign key (program, session) references session (program, token)
);
create index session_token_by_session on session_token (program, session);

-- What an account's life is measured by. came: last sign-in. till: a temporary account's end. out_at, out_why: since when and why it is kept out. back: when it was let
-- in again. An invitation has its row before its member does.
create table standing ( -- covered
  program text not null, -- clear
  member bytes not null, -- clear
  came bigint, -- clear
  till bigint, -- clear
  out_at bigint, -- clear
  out_why text, -- clear
  back bigint, -- clear
  primary key (program, member)
);

-- Each year somebody says of each account whether it is still needed. office and roles are what they looked at.
create table access_review ( -- covered
  program text not null, -- clear
  member bytes not null, -- clear
  at bigint not null, -- clear
  reviewer text not null, -- clear
  decision text not null, -- clear
  office text not null, -- clear
  roles text not null, -- clear
  primary key (program, member, at),
  foreign key (program, member) references member (program, id)
);
