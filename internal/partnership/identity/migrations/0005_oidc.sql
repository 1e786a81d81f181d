-- An agency's own sign-in service. secret: what this server proves itself with there, encrypted under a key that stands in the keyring. ended: 0 while it is in use.
create table signon_provider ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  office text not null, -- clear
  issuer text not null, -- clear
  client text not null, -- clear
  secret bytes not null, -- tenant
  made bigint not null, -- clear
  made_by text not null, -- clear
  ended bigint not null, -- clear
  primary key (program, id)
);
create index signon_provider_by_office on signon_provider (program, office);

-- Which member one account there is. subject: keyed hash of the account's own name at the service. confirmed: 0 until an administrator said that it is really them.
create table signon_link ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  provider bytes not null, -- clear
  member bytes not null, -- clear
  subject bytes not null, -- clear
  asked bigint not null, -- clear
  confirmed bigint not null, -- clear
  confirmed_by text not null, -- clear
  ended bigint not null, -- clear
  primary key (program, id),
  foreign key (program, provider) references signon_provider (program, id),
  foreign key (program, member) references member (program, id)
);
create index signon_link_by_member on signon_link (program, member);
create index signon_link_by_subject on signon_link (program, provider, subject);

-- Somebody who was sent to an agency's service and has not come back. state, browser: keyed hashes of what the address and the cookie carry.
create table signon_attempt ( -- not covered: each lives for ten minutes and is taken away by the first who comes back; what that led to is a custody entry
  program text not null, -- clear
  state bytes not null, -- clear
  provider bytes not null, -- clear
  browser bytes not null, -- clear
  ends bigint not null, -- clear
  primary key (program, state)
);
