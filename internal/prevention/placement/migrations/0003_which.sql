-- A spot that a place has more than once: each of them has a name there, as people read
-- it. place.several lists them, "restroom: men's; restroom: women's"; placement.label is
-- which one a sheet is for. Null: none.
alter table place add column several text; -- clear
alter table placement add column label text; -- clear
