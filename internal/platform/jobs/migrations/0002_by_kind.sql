-- Each kind of job has a loop that asks for its own.
create index job_due_by_kind on job (program, kind, dead, run_at);
drop index job_due;
