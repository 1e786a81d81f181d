-- Figures are read by the time of acceptance, of tips that accuse nobody. Each referral adds its entry at the end, which costs next to nothing.
create index referral_counted on referral (program, accepted) where mode = 'tip' and test = 0 and conflict = '' and origin in ('duty', 'onward');
