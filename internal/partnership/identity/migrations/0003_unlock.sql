-- One way to open a member's root key. What is sealed opens only with the member's own secret and the server's share, which stands in the keyring under this id.
create table unlocker ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  member bytes not null, -- clear
  kind text not null, -- clear
  label text not null, -- clear
  salt bytes not null, -- clear
  iterations bigint not null, -- clear
  auth bytes not null, -- clear
  sealed bytes not null, -- sealed
  created bigint not null, -- clear
  used bigint not null, -- clear
  ended bigint not null, -- clear
  primary key (program, id),
  foreign key (program, member) references member (program, id)
);
create index unlocker_by_member on unlocker (program, member);

-- A passkey that signs a member in. It has the id of its unlocker, if its authenticator can open keys. Set aside: it may have been copied.
create table passkey ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  credential bytes not null, -- clear
  member bytes not null, -- clear
  unlocker bytes, -- clear
  public bytes not null, -- clear
  counter bigint not null, -- clear
  aaguid bytes not null, -- clear
  label text not null, -- clear
  created bigint not null, -- clear
  used bigint not null, -- clear
  aside bigint not null, -- clear
  ended bigint not null, -- clear
  primary key (program, id),
  foreign key (program, member) references member (program, id)
);
create unique index passkey_by_credential on passkey (program, credential);
create index passkey_by_member on passkey (program, member);

-- A challenge that was given out and not answered yet. Of the challenge a keyed hash is kept.
create table ceremony ( -- not covered: each lives for five minutes and is taken away by its first answer; what the answer did is a custody entry
  program text not null, -- clear
  challenge bytes not null, -- clear
  purpose text not null, -- clear
  member bytes, -- clear
  data bytes not null, -- clear
  ends bigint not null, -- clear
  primary key (program, challenge)
);

-- The id that a member's next unlocker of a kind will have. Its share stands in the keyring already.
create table slot ( -- not covered: it holds nothing yet; adding the unlocker is a custody entry
  program text not null, -- clear
  member bytes not null, -- clear
  kind text not null, -- clear
  id bytes not null, -- clear
  primary key (program, member, kind)
);

-- A link by which a member brings another device of their own in. The root stands here sealed to a key that only that device holds.
create table device_link ( -- not covered: it ends after fifteen minutes; making it, giving the root and adding the way in are custody entries of the member
  program text not null, -- clear
  id bytes not null, -- clear
  member bytes not null, -- clear
  token bytes not null, -- clear
  public bytes, -- clear
  sealed bytes, -- sealed
  ends bigint not null, -- clear
  primary key (program, id),
  foreign key (program, member) references member (program, id)
);
create unique index device_link_by_token on device_link (program, token);

-- A link with which a member who lost every way in begins anew, under the same name. Of the token a keyed hash is kept; there is none until it is shown.
create table renewal ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  member bytes not null, -- clear
  token bytes not null, -- clear
  made_by text not null, -- clear
  made bigint not null, -- clear
  ends bigint not null, -- clear
  used bigint not null, -- clear
  withdrawn bigint not null, -- clear
  primary key (program, id),
  foreign key (program, member) references member (program, id)
);
create unique index renewal_by_token on renewal (program, token);
