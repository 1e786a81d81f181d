-- Lists stay as fast when nearly all of a million referrals are finished: those that are not have an index of their own, in the order of the lists, and so have
-- the finished ones. A referral stands in one of the two. (state is the last column so that the index alone answers how far a page goes.)
create index referral_open on referral (program, holder, urgency, order_at, id, state) where state not in ('closed', 'done');
create index referral_finished on referral (program, holder, urgency, order_at, id, state) where state in ('closed', 'done');
drop index referral_by_holder;
-- What a desk sees of other offices: what may be late, and what is stuck.
create index referral_late on referral (program, urgency, order_at, id, state) where state in ('waiting', 'cannot_open', 'taken', 'recused', 'opened');
create index referral_stuck on referral (program, urgency, order_at, id, state) where state in ('cannot_open', 'recused');
create index referral_by_report_holder on referral (program, report, holder);
drop index referral_by_report;
create index referral_notice_unsent on referral_notice (program, sent_at, referral) where sent_at is null;
