-- The hashes of half tiles, so that a proof reads a few hashes instead of hundreds. What lacks here, because an older release added the leaves, is computed
-- when it is asked for. A table of its own: older releases that still run know nothing of it.
create table custody_half ( -- not covered: inner hashes, recomputed by verify
  program text not null, -- clear
  level bigint not null, -- clear
  n bigint not null, -- clear
  hash bytes not null, -- clear
  primary key (program, level, n)
);
