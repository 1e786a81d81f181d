// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
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
		for _, program := range r.programs {
			if err := r.dueOf(ctx, program, kind); err != nil && ctx.Err() == nil {
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

// dueOf does what is due of one kind.
func (r *Runner) dueOf(ctx context.Context, program, kind string) error {
	if err := r.schedule(ctx, program, kind); err != nil {
		return err
	}
	for {
		n, err := r.pass(ctx, program, kind)
		if n == 0 || err != nil {
			return err
		}
	}
}

// RunDue does everything that is due now, jobs that come of it included, and
// says how many jobs ran.
func (r *Runner) RunDue(ctx context.Context) (int, error) {
	total := 0
	for _, program := range r.programs {
		if err := r.schedule(ctx, program, ""); err != nil {
			return total, err
		}
		for {
			n, err := r.pass(ctx, program, "")
			total += n
			if err != nil {
				return total, err
			}
			if n == 0 {
				break
			}
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
			_, err := tx.Exec(`insert into job_schedule (program, kind, next_at) values ($1, $2, $3)
on conflict (program, kind) do update set next_at = excluded.next_at`, program, s.Kind, store.Micros(r.now().Truncate(s.Every).Add(s.Every)))
			if err != nil {
				return err
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
	rows, err := r.db.Query(ctx, `select kind from job_schedule where program = $1 and next_at > $2`, program, store.Micros(r.now()))
	if err != nil {
		return nil, fmt.Errorf("reading schedules: %w", err)
	}
	defer rows.Close()
	var waiting []string
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			return nil, fmt.Errorf("reading schedules: %w", err)
		}
		waiting = append(waiting, k)
	}
	var due []Schedule
	for _, s := range r.schedules {
		if !slices.Contains(waiting, s.Kind) && (kind == "" || kind == s.Kind) {
			due = append(due, s)
		}
	}
	return due, rows.Err()
}

// pass leases and does some of the due jobs, of one kind or of all ("").
func (r *Runner) pass(ctx context.Context, program, kind string) (int, error) {
	leased, err := r.lease(ctx, program, kind)
	if err != nil {
		return 0, err
	}
	for _, j := range leased {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err := r.settle(ctx, j, r.do(ctx, j)); err != nil {
			return 0, err
		}
	}
	return len(leased), nil
}

// lease takes due jobs. A leased job gives its name up, so that the same work
// can be enqueued again while it runs.
func (r *Runner) lease(ctx context.Context, program, kind string) ([]Job, error) {
	now := store.Micros(r.now())
	found, err := due(ctx, r.db, program, kind, now)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var leased []Job
	err = r.db.Write(ctx, func(tx *store.Tx) error {
		leased = leased[:0]
		// Of a program that moved elsewhere the work moved too: done here as well,
		// everybody would be told twice.
		to, err := custody.MovedTo(ctx, tx, program)
		if err != nil || to != "" {
			return err
		}
		for _, j := range found {
			n, err := tx.Exec(`update job set leased_until = $3, name = $4 where program = $1 and id = $2 and dead = 0 and run_at <= $5 and leased_until <= $5`,
				program, j.ID[:], now+lease.Microseconds(), j.ID.String(), now)
			if err != nil {
				return err
			}
			if n == 1 {
				leased = append(leased, j)
			}
		}
		return nil
	})
	return leased, fault.Wrap(err, "leasing jobs")
}

func due(ctx context.Context, db *store.DB, program, kind string, now int64) ([]Job, error) {
	rows, err := db.Query(ctx, `select id, kind, payload, run_at, attempts from job
where program = $1 and dead = 0 and run_at <= $2 and leased_until <= $2 and ($3 = '' or kind = $3) order by run_at limit $4`,
		program, now, kind, int64(batch))
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

// settle removes a done job, or puts a failed one back.
func (r *Runner) settle(ctx context.Context, j Job, failure error) error {
	if failure != nil {
		r.log.Warn("a job failed", "kind", j.Kind, "attempts", j.Attempts+1, "error", failure.Error())
	}
	ctx = context.WithoutCancel(ctx)
	err := r.db.Write(ctx, func(tx *store.Tx) error {
		if failure == nil {
			_, err := tx.Exec(`delete from job where program = $1 and id = $2`, j.Program, j.ID[:])
			return err
		}
		attempts := j.Attempts + 1
		dead := int64(0)
		if attempts >= maxAttempts {
			dead = 1
		}
		_, err := tx.Exec(`update job set attempts = $3, dead = $4, run_at = $5, leased_until = 0, problem = $6 where program = $1 and id = $2`,
			j.Program, j.ID[:], int64(attempts), dead, store.Micros(r.now().Add(pause(attempts))), shorten(failure.Error()))
		return err
	})
	return fault.Wrap(err, "settling a job")
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
