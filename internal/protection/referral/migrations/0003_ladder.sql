-- The rungs that a referral climbed, in words: packs have ladders of their own now, and the number of a rung means nothing once a pack has another one.
alter table referral add column told text; -- clear

-- Which ladders of the pack every clock that runs is on. A pack with others makes the clocks be looked through once.
create table referral_ladder ( -- not covered: what the clocks were looked through for; what that changes is covered
  program text not null, -- clear
  ladders text not null, -- clear
  primary key (program)
);
