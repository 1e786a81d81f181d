-- The rungs that a conversation's clock climbed, in words: the number of a rung means nothing once a pack has another ladder.
alter table conversation add column told text; -- clear
