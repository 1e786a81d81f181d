-- A report that was kept in a server's spool while the database was away: how the
-- promise that its sender was given then is proven. origin and verifier name the
-- spool's own log, proof puts the entry into one of its signed checkpoints.
create table report_spooled ( -- covered
  program text not null, -- clear
  report bytes not null, -- clear
  origin text not null, -- clear
  verifier text not null, -- clear
  kept bigint not null, -- clear
  commitment bytes not null, -- clear
  salt bytes not null, -- clear
  opening text not null, -- clear
  proof text not null, -- clear
  primary key (program, report, origin),
  foreign key (program, report) references report (program, id)
);
create index report_spooled_by_commitment on report_spooled (program, commitment);

-- The checkpoints of spools, each an entry of this program's own log.
create table spool_checkpoint ( -- covered
  program text not null, -- clear
  origin text not null, -- clear
  size bigint not null, -- clear
  note text not null, -- clear
  primary key (program, origin, size)
);
