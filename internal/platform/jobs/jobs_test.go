// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

var ctx = context.Background()

func enqueue(t *testing.T, db *store.DB, j jobs.Job) {
	t.Helper()
	if err := db.Write(ctx, func(tx *store.Tx) error { return jobs.Enqueue(tx, j) }); err != nil {
		t.Fatal(err)
	}
}

func runDue(t *testing.T, r *jobs.Runner, want int) {
	t.Helper()
	n, err := r.RunDue(ctx)
	if err != nil || n != want {
		t.Fatalf("%d jobs ran, want %d (%v)", n, want, err)
	}
}

func each(t *testing.T, fn func(t *testing.T, db *store.DB, clock *storetest.Clock)) {
	storetest.Each(t, []store.Schema{jobs.Schema()}, fn)
}

func TestJobRunsOnceAndOnlyWhenDue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ran := 0
		r := jobs.New(db, []string{"p"}, map[string]jobs.Handler{"k": func(_ context.Context, j jobs.Job) error {
			ran++
			if string(j.Payload) != "x" {
				t.Errorf("payload %q", j.Payload)
			}
			return nil
		}}, nil, clock.Now, nil)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "k", Payload: []byte("x"), RunAt: clock.Now().Add(time.Hour)})
		runDue(t, r, 0)
		clock.Advance(time.Hour)
		runDue(t, r, 1)
		runDue(t, r, 0)
		if ran != 1 {
			t.Errorf("ran %d times", ran)
		}
	})
}

func TestSameKeyWaitsOnceAndMayBeEnqueuedAgainWhileItRuns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		again := true
		r := jobs.New(db, []string{"p"}, map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error {
			if again {
				again = false
				enqueue(t, db, jobs.Job{Program: "p", Kind: "k", Key: "one"})
			}
			return nil
		}}, nil, clock.Now, nil)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "k", Key: "one"})
		enqueue(t, db, jobs.Job{Program: "p", Kind: "k", Key: "one"})
		runDue(t, r, 2) // the two that waited were one; the second came while it ran
	})
}

func TestFailingJobIsTriedAgainThenSeenByAPerson(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		fail := errors.New("the far end is away")
		tries := 0
		r := jobs.New(db, []string{"p"}, map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error {
			tries++
			return fail
		}}, nil, clock.Now, nil)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "k"})
		for range 30 {
			if _, err := r.RunDue(ctx); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Hour)
		}
		dead, err := jobs.DeadLetters(ctx, db, "p")
		if err != nil || len(dead) != 1 || tries != 12 || dead[0].Problem != fail.Error() {
			t.Fatalf("%+v after %d tries, %v", dead, tries, err)
		}
		fail = nil
		if err := db.Write(ctx, func(tx *store.Tx) error { return jobs.Retry(tx, "p", dead[0].ID) }); err != nil {
			t.Fatal(err)
		}
		runDue(t, r, 1)
	})
}

func TestTwoRunnersNeverShareAJob(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		var second *jobs.Runner
		ran := 0
		handlers := map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error {
			ran++
			if ran == 1 {
				runDue(t, second, 0) // while the first holds the lease
			}
			return nil
		}}
		first := jobs.New(db, []string{"p"}, handlers, nil, clock.Now, nil)
		second = jobs.New(db, []string{"p"}, handlers, nil, clock.Now, nil)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "k"})
		runDue(t, first, 1)
	})
}

func TestScheduleRepeats(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		r := jobs.New(db, []string{"p", "q"}, map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error { return nil }},
			[]jobs.Schedule{{Kind: "k", Every: time.Minute}}, clock.Now, nil)
		runDue(t, r, 2)
		runDue(t, r, 0)
		clock.Advance(time.Minute)
		runDue(t, r, 2)
	})
}

// A job that hangs holds up its own kind only.
// Of several processes that find a schedule due, one does the work.
func TestScheduleIsDueForOneRunner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		var ran atomic.Int64
		handlers := map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error { ran.Add(1); return nil }}
		var runners sync.WaitGroup
		for range 8 {
			r := jobs.New(db, []string{"p"}, handlers, []jobs.Schedule{{Kind: "k", Every: time.Hour}}, clock.Now, nil)
			runners.Go(func() {
				if _, err := r.RunDue(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		runners.Wait()
		if n := ran.Load(); n != 1 {
			t.Errorf("ran %d times", n)
		}
	})
}

func TestSlowJobHoldsUpNoOtherKind(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		hang, hanging, ticked := make(chan struct{}), make(chan struct{}, 1), make(chan struct{}, 1)
		r := jobs.New(db, []string{"p"}, map[string]jobs.Handler{
			"mail":  func(context.Context, jobs.Job) error { hanging <- struct{}{}; <-hang; return nil },
			"clock": func(context.Context, jobs.Job) error { ticked <- struct{}{}; return nil },
		}, nil, clock.Now, nil)
		running, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "mail"})
		go func() { done <- r.Run(running) }()
		<-hanging
		enqueue(t, db, jobs.Job{Program: "p", Kind: "clock"})
		<-ticked // while the mail still hangs
		close(hang)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A clock that was a year ahead and is set back leaves no job and no schedule waiting for
// that year to pass.
func TestClockSetBackLeavesNothingWaiting(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		const year = 365 * 24 * time.Hour
		ran := map[string]int{}
		count := func(_ context.Context, j jobs.Job) error { ran[j.Kind]++; return nil }
		fails := true
		handlers := map[string]jobs.Handler{"scheduled": count, "late": count, "failing": func(ctx context.Context, j jobs.Job) error {
			if fails {
				return errors.New("the far end is away")
			}
			return count(ctx, j)
		}}
		r := jobs.New(db, []string{"p"}, handlers, []jobs.Schedule{{Kind: "scheduled", Every: time.Minute}}, clock.Now, nil)
		clock.Advance(year)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "failing"})
		if _, err := r.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		enqueue(t, db, jobs.Job{Program: "p", Kind: "late"}) // what the clock's change finds not done yet
		if err := db.Write(ctx, func(tx *store.Tx) error {   // and leased, by a process that was killed then
			_, err := tx.Exec(`update job set leased_until = run_at + 1 where kind = 'late'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		clock.Advance(-year)
		fails = false
		if _, err := r.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		if ran["scheduled"] != 2 || ran["late"] != 1 || ran["failing"] != 1 {
			t.Errorf("ran %v", ran)
		}
	})
}
