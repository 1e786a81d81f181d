-- A list's page looks through up to two thousand referrals and counts a thousand. The index itself now answers whether they belong to the list: their rows lie
-- anywhere in the table, and to go to each was most of what a page took. (The columns after id are only read.) An index is dropped first, which on PostgreSQL
-- locks the table against everything at once: to begin with less and to want more later meets those who read it and then write.
drop index referral_open;
drop index referral_finished;
drop index referral_late;
create index referral_unfinished on referral (program, holder, urgency, order_at, id, state, report, relay, origin, mode, child, conflict, words) where state not in ('closed', 'done');
create index referral_ended on referral (program, holder, urgency, order_at, id, state, report, relay, origin, mode, child, conflict, words) where state in ('closed', 'done');
create index referral_waits on referral (program, urgency, order_at, id, state, report, origin, mode, conflict, due, opened_at, span) where state in ('waiting', 'cannot_open', 'taken', 'recused', 'opened');
