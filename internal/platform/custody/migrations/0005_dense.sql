-- From which leaf on the hashes of half tiles are stored, not only those of whole ones: from the
-- first that this release or a later one added. What lies before is computed when it is asked for.
alter table custody_tree add column dense_from bigint; -- clear
