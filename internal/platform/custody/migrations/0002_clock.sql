-- The latest time that an entry or checkpoint bore since the clock was last set back, in microseconds.
alter table custody_tree add column clock bigint; -- clear
