-- Ids of referrals begin like their report's, so that the key alone finds those of one report, side by side. Those from before have ids of their own.
create index referral_apart on referral (program, report, holder) where substr(id, 1, 8) <> substr(report, 1, 8);
drop index referral_by_report_holder;
-- What belongs to a matter, of which there are few.
create index referral_matter on referral (program, matter) where matter is not null;
