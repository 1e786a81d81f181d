-- Figures are counted from this index alone: by the time of acceptance, tips that accuse nobody, without the sealed words beside them.
create index report_counted on report (program, accepted, via) where mode = 'tip' and envelope like '%"conflict":[]%';
