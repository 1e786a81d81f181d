// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Runner does the jobs of a list of programs.
type Runner struct {
	db        *store.DB
	programs  []string
	handlers  map[string]Handler
	schedules []Schedule
	now       func() time.Time
	log       *slog.Logger
	poll      time.Duration
	clock     Hindsight
}

// New returns a runner. log may be nil.
func New(db *store.DB, programs []string, handlers map[string]Handler, schedules []Schedule, now func() time.Time, log *slog.Logger) *Runner {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Runner{db: db, programs: programs, handlers: handlers, schedules: schedules, now: now, log: log, poll: time.Second}
}

// Run does jobs as they fall due until ctx ends. Each kind of job has a loop of
// its own, so that a mail server that hangs never holds up a legal clock.
func (r *Runner) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	for kind := range r.handlers {
		loops.Go(func() { r.loop(ctx, kind) })
	}
	loops.Wait()
	return nil
}

func (r *Runner) loop(ctx context.Context, kind string) {
	tick := time.NewTicker(r.poll)
	defer tick.Stop()
	for {
		if err := r.mend(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("looking for jobs that the clock left behind", "error", err.Error())
		}
		for _, program := range r.programs {
			if _, err := r.dueOf(ctx, program, kind); err != nil && ctx.Err() == nil {
				r.log.Error("running jobs", "kind", kind, "error", err.Error())
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// dueOf does what is due of one kind, or of all (""), jobs that come of it
// included, and says how many jobs ran.
func (r *Runner) dueOf(ctx context.Context, program, kind string) (int, error) {
	if err := r.schedule(ctx, program, kind); err != nil {
		return 0, err
	}
	for total := 0; ; {
		n, more, err := r.pass(ctx, program, kind)
		total += n
		if !more || err != nil {
			return total, err
		}
	}
}

// RunDue does everything that is due now, jobs that come of it included, and
// says how many jobs ran.
func (r *Runner) RunDue(ctx context.Context) (int, error) {
	total := 0
	if err := r.mend(ctx); err != nil {
		return 0, err
	}
	for _, program := range r.programs {
		n, err := r.dueOf(ctx, program, "")
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// schedule enqueues the repeated work that is due, of one kind or of all ("").
func (r *Runner) schedule(ctx context.Context, program, kind string) error {
	due, err := r.dueSchedules(ctx, program, kind)
	if err != nil || len(due) == 0 {
		return err
	}
	err = r.db.Write(ctx, func(tx *store.Tx) error {
		for _, s := range due {
			now := r.now()
			// Of several processes that found it due, one enqueues it. What waits for more than its pause was put there by a wrong clock.
			n, err := tx.Exec(`insert into job_schedule (program, kind, next_at) values ($1, $2, $3)
on conflict (program, kind) do update set next_at = excluded.next_at where job_schedule.next_at <= $4 or job_schedule.next_at > $5`,
				program, s.Kind, store.Micros(now.Truncate(s.Every).Add(s.Every)), store.Micros(now), store.Micros(now.Add(s.Every)))
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if err := Enqueue(tx, Job{Program: program, Kind: s.Kind, Key: "scheduled"}); err != nil {
				return err
			}
		}
		return nil
	})
	return fault.Wrap(err, "scheduling jobs")
}

func (r *Runner) dueSchedules(ctx context.Context, program, kind string) ([]Schedule, error) {
	rows, err := r.db.Query(ctx, `select kind, next_at from job_schedule where program = $1 and next_at > $2`, program, store.Micros(r.now()))
	if err != nil {
		return nil, fmt.Errorf("reading schedules: %w", err)
	}
	defer rows.Close()
	waiting := map[string]time.Time{}
	for rows.Next() {
		var k string
		var at int64
		if err := rows.Scan(&k, &at); err != nil {
			return nil, fmt.Errorf("reading schedules: %w", err)
		}
		waiting[k] = store.Time(at)
	}
	var due []Schedule
	for _, s := range r.schedules {
		// What would wait for more than its pause was put there by a clock that has been set back since.
		at, waits := waiting[s.Kind]
		waits = waits && !at.After(r.now().Add(s.Every))
		if !waits && (kind == "" || kind == s.Kind) {
			due = append(due, s)
		}
	}
	return due, rows.Err()
}

// pass leases and does some of the due jobs, of one kind or of all (""). more
// says that something was due, whether or not another runner was faster.
func (r *Runner) pass(ctx context.Context, program, kind string) (ran int, more bool, err error) {
	leased, found, err := r.lease(ctx, program, kind)
	if err != nil {
		return 0, false, err
	}
	for _, j := range leased {
		if ctx.Err() != nil {
			return ran, false, ctx.Err()
		}
		if r.now().Add(perJob).After(store.Time(j.leasedUntil)) {
			continue // this process stood still: the lease may end while the job runs, and then it is another's
		}
		ran++
		if err := r.settle(ctx, j, r.do(ctx, j)); err != nil {
			return ran, false, err
		}
	}
	return ran, found > 0, nil
}

// lease takes due jobs, and says how many it found. A leased job gives its name
// up, so that the same work can be enqueued again while it runs.
func (r *Runner) lease(ctx context.Context, program, kind string) (leased []Job, found int, err error) {
	now := store.Micros(r.now())
	waiting, err := due(ctx, r.db, program, kind, now)
	if err != nil || len(waiting) == 0 {
		return nil, 0, err
	}
	found = len(waiting)
	err = r.db.Write(ctx, func(tx *store.Tx) error {
		leased = leased[:0]
		// Of a program that moved elsewhere the work moved too: done here as well,
		// everybody would be told twice.
		to, err := custody.MovedTo(ctx, tx, program)
		if err != nil || to != "" {
			found = 0 // nothing of it will ever be done here
			return err
		}
		for _, j := range waiting {
			j.leasedUntil = now + lease.Microseconds()
			n, err := tx.Exec(`update job set leased_until = $3, name = $4 where program = $1 and id = $2 and dead = 0 and run_at <= $5 and leased_until <= $5`,
				program, j.ID[:], j.leasedUntil, j.ID.String(), now)
			if err != nil {
				return err
			}
			if n == 1 {
				leased = append(leased, j)
			}
		}
		return nil
	})
	return leased, found, fault.Wrap(err, "leasing jobs")
}

func due(ctx context.Context, db *store.DB, program, kind string, now int64) ([]Job, error) {
	q, args := `select id, kind, payload, run_at, attempts from job
where program = $1 and dead = 0 and run_at <= $2 and leased_until <= $2 order by run_at limit $3`, []any{program, now, int64(batch)}
	if kind != "" { // however many of another kind wait, they are not looked at
		q, args = `select id, kind, payload, run_at, attempts from job
where program = $1 and kind = $4 and dead = 0 and run_at <= $2 and leased_until <= $2 order by run_at limit $3`, append(args, kind)
	}
	rows, err := db.Query(ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("reading due jobs: %w", err)
	}
	defer rows.Close()
	var list []Job
	for rows.Next() {
		j := Job{Program: program}
		var at int64
		if err := rows.Scan(&j.ID, &j.Kind, &j.Payload, &at, &j.Attempts); err != nil {
			return nil, fmt.Errorf("reading due jobs: %w", err)
		}
		j.RunAt = store.Time(at)
		list = append(list, j)
	}
	return list, rows.Err()
}

func (r *Runner) do(ctx context.Context, j Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("a job panicked", "kind", j.Kind, "stack", string(debug.Stack()))
			err = fmt.Errorf("the job panicked (%T)", p)
		}
	}()
	h, ok := r.handlers[j.Kind]
	if !ok {
		return errors.New("nothing here does this kind of job")
	}
	ctx, cancel := context.WithTimeout(ctx, perJob)
	defer cancel()
	return h(ctx, j)
}

// settle removes a done job, or puts a failed one back. The end of the lease is
// the fence: each lease ends later than the one before it, so a runner that comes
// late, after somebody else leased the job, changes nothing.
func (r *Runner) settle(ctx context.Context, j Job, failure error) error {
	if failure != nil {
		r.log.Warn("a job failed", "kind", j.Kind, "attempts", j.Attempts+1, "error", failure.Error())
	}
	ctx = context.WithoutCancel(ctx)
	held := false
	err := r.db.Write(ctx, func(tx *store.Tx) error {
		n, err := r.settleIn(tx, j, failure)
		held = n == 1
		return err
	})
	if err == nil && !held {
		r.log.Warn("a job took longer than its lease and was left to whoever has it now", "kind", j.Kind)
	}
	return fault.Wrap(err, "settling a job")
}

func (r *Runner) settleIn(tx *store.Tx, j Job, failure error) (int64, error) {
	if failure == nil {
		return tx.Exec(`delete from job where program = $1 and id = $2 and leased_until = $3`, j.Program, j.ID[:], j.leasedUntil)
	}
	now, attempts := r.now(), j.Attempts+1
	dead, died := int64(0), any(nil)
	if attempts >= maxAttempts {
		dead, died = 1, store.Micros(now)
	}
	return tx.Exec(`update job set attempts = $4, dead = $5, died_at = $6, run_at = $7, leased_until = 0, problem = $8
where program = $1 and id = $2 and leased_until = $3`,
		j.Program, j.ID[:], j.leasedUntil, int64(attempts), dead, died, store.Micros(now.Add(pause(attempts))), shorten(failure.Error()))
}

// pause grows from firstPause to an hour, with a quarter of jitter.
func pause(attempts int) time.Duration {
	d := longest
	if attempts < 10 {
		d = min(longest, firstPause<<(attempts-1))
	}
	return d - time.Duration(rand.Int64N(int64(d)/4))
}

// shorten cuts a problem for its column; neither engine must meet half a letter
// or a zero byte.
func shorten(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	return strings.ToValidUTF8(s[:min(len(s), 300)], "")
}
