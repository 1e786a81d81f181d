// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// bubble gives a test a database and a runner of its own within a synctest bubble: the runner's tickers, the leases' ends and the pauses then pass in its time. This
// works for SQLite alone, whose calls are this process's own; what waits for a server on a socket keeps a bubble's time from passing.
func bubble(t *testing.T, handlers map[string]jobs.Handler, schedules []jobs.Schedule) (db *store.DB, stop func()) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "waylight.db"), store.Options{Schemas: []store.Schema{jobs.Schema()}})
	if err != nil {
		t.Fatal(err)
	}
	running, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	r := jobs.New(db, []string{"p"}, handlers, schedules, time.Now, nil)
	go func() { ended <- r.Run(running) }()
	return db, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Pauses grow from a quarter of a minute to an hour, less at most a quarter, and the twelfth failure is the last.
func TestPausesInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Time
		last := make(chan struct{})
		db, stop := bubble(t, map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error {
			if tries = append(tries, time.Now()); len(tries) == 12 {
				close(last)
			}
			return errors.New("away")
		}}, nil)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "k"})
		<-last
		<-time.After(3 * time.Hour) // of the bubble: nothing more comes
		stop()
		if len(tries) != 12 {
			t.Fatalf("%d tries", len(tries))
		}
		pause := 15 * time.Second
		for i := 1; i < len(tries); i++ {
			got := tries[i].Sub(tries[i-1])
			if got < pause*3/4 || got > pause+2*time.Second {
				t.Errorf("pause %d is %s, not about %s", i, got, pause)
			}
			pause = min(2*pause, time.Hour)
		}
	})
}

// What is scheduled comes at the multiples of its time, by the running loop.
func TestScheduleInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ran := make(chan time.Time, 100)
		_, stop := bubble(t, map[string]jobs.Handler{"s": func(context.Context, jobs.Job) error { ran <- time.Now(); return nil }},
			[]jobs.Schedule{{Kind: "s", Every: 10 * time.Minute}})
		<-ran // at the start
		for range 6 {
			at := <-ran
			if late := at.Sub(at.Truncate(10 * time.Minute)); late > 2*time.Second {
				t.Errorf("came %s late", late)
			}
		}
		stop()
	})
}

// A handler that does not come back is told to after forty seconds, long before its lease ends, and the job is tried again.
func TestHandlerIsToldToStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tries := make(chan time.Duration, 4)
		db, stop := bubble(t, map[string]jobs.Handler{"k": func(ctx context.Context, _ jobs.Job) error {
			began := time.Now()
			<-ctx.Done()
			tries <- time.Since(began)
			return ctx.Err()
		}}, nil)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "k"})
		for range 2 {
			if got := <-tries; got != 40*time.Second {
				t.Errorf("told after %s", got)
			}
		}
		stop()
	})
}
