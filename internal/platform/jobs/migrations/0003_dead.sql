-- When a job was given up: what a person is shown, and the order of the list. Null for those from before this column.
alter table job add column died_at bigint; -- clear
