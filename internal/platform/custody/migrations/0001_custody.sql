-- The log itself is not covered by the log: it is checked by its own hashes
-- and by the signed checkpoints that outsiders keep.
create table custody_tree ( -- not covered: the tree's own head, checked against the leaves
  program text not null, -- clear
  size bigint not null, -- clear
  frontier bytes not null, -- clear
  primary key (program)
);
create table custody_leaf ( -- not covered: the leaves are what the tree is made of
  program text not null, -- clear
  idx bigint not null, -- clear
  commitment bytes not null, -- clear
  salt bytes, -- clear
  opening bytes, -- clear
  row_list bytes, -- clear
  primary key (program, idx)
);
create table custody_node ( -- not covered: inner hashes, recomputed by verify
  program text not null, -- clear
  level bigint not null, -- clear
  n bigint not null, -- clear
  hash bytes not null, -- clear
  primary key (program, level, n)
);
create table custody_checkpoint ( -- not covered: signed notes, checked by their signatures
  program text not null, -- clear
  size bigint not null, -- clear
  published bigint not null, -- clear
  note text not null, -- clear
  primary key (program, size)
);
create unique index custody_leaf_by_commitment on custody_leaf (program, commitment);
create table custody_key ( -- not covered: which key and keyring this log belongs to, compared at every start
  program text not null, -- clear
  verifier text not null, -- clear
  mark bytes not null, -- clear
  primary key (program)
);
