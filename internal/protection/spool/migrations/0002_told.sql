-- Whom to mail of a program while the database is away: the addresses of its
-- administrators, one a line, as they stand in clear in the database too.
create table spool_told ( -- not covered: a copy of what members' own entries cover, for a start without the database
  program text not null, -- clear
  kept bigint not null, -- clear
  addresses text not null, -- clear
  primary key (program)
);
