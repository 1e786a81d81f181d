-- A browser in which a member has signed in. The cookie that it carries is kept as a keyed hash.
create table device ( -- not covered: it opens nothing by itself; each use is a sign-in, which is a custody entry of the member
  program text not null, -- clear
  member bytes not null, -- clear
  token bytes not null, -- clear
  ends bigint not null, -- clear
  primary key (program, member, token),
  foreign key (program, member) references member (program, id)
);

-- Since when a member is kept out. Nothing, or 0: they are not.
alter table member add column suspended bigint; -- clear
