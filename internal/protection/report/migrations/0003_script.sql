-- Which scripts the site's pages were served with, and since when: one row for
-- each time that any of them changed. list holds a line "<name> <SHA-256>" for
-- each, and digest is the SHA-256 of the list, which the log's entry names.
create table script_release ( -- covered
  program text not null, -- clear
  since bigint not null, -- clear
  digest bytes not null, -- clear
  list text not null, -- clear
  primary key (program, since)
);

-- Where in the log the entry of a release stands.
create table script_leaf ( -- not covered: a directory, which every look-up holds against the covered release and the log
  program text not null, -- clear
  since bigint not null, -- clear
  commitment bytes not null, -- clear
  primary key (program, since),
  foreign key (program, since) references script_release (program, since)
);
