-- weighed is how many published releases a check was made against; place is which publication of the program this is. A release is published only as the next one
-- after those that it was weighed against.
alter table release add column weighed bigint; -- clear
alter table release add column place bigint; -- clear
create unique index release_by_place on release (program, place) where place is not null;
