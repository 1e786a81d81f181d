-- A person who works with reports. The passphrase is not here, nor anything it can be guessed from without the keyring's pepper.
create table member ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  office text not null, -- clear
  name text not null, -- clear
  email text not null, -- clear
  sign_in text not null, -- clear
  find text not null, -- clear
  roles text not null, -- clear
  salt bytes not null, -- clear
  iterations bigint not null, -- clear
  auth bytes not null, -- clear
  kem bytes not null, -- clear
  sign bytes not null, -- clear
  joined bigint not null, -- clear
  locked bigint not null, -- clear
  gone bigint not null, -- clear
  primary key (program, id)
);
create unique index member_by_sign_in on member (program, sign_in);
create index member_by_find on member (program, find, id);

-- An invitation becomes the member of the same id. Of the token only a keyed hash is kept.
create table invitation ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  token bytes not null, -- clear
  office text not null, -- clear
  name text not null, -- clear
  email text not null, -- clear
  roles text not null, -- clear
  invited_by text not null, -- clear
  made bigint not null, -- clear
  ends bigint not null, -- clear
  used bigint not null, -- clear
  withdrawn bigint not null, -- clear
  primary key (program, id)
);
create unique index invitation_by_token on invitation (program, token);

create table session ( -- not covered: changes with every click; signing in and out are custody entries of the member
  program text not null, -- clear
  token bytes not null, -- clear
  member bytes not null, -- clear
  started bigint not null, -- clear
  seen bigint not null, -- clear
  primary key (program, token),
  foreign key (program, member) references member (program, id)
);
create index session_by_member on session (program, member);

-- Failures are counted by a keyed hash of what was typed, whether or not such a member exists, so that both take the same way.
create table sign_in_failure ( -- not covered: a counter that empties itself; locking is a custody entry of the member
  program text not null, -- clear
  who bytes not null, -- clear
  id bytes not null, -- clear
  at bigint not null, -- clear
  primary key (program, who, id)
);
