// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// leaseTime is how long a job stays its runner's: see the package.
const leaseTime = 220 * time.Second

// childURL names the database to a process that this test starts, and kills while it runs a job.
const childURL = "WAYLIGHT_TEST_JOBS_CHILD"

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		runAndHang(url)
	}
	os.Exit(m.Run())
}

// runAndHang runs the job that is due, says so, and never comes back.
func runAndHang(url string) {
	db, err := store.Open(ctx, url, store.Options{Schemas: []store.Schema{jobs.Schema()}, Now: storetest.NewClock(storetest.Start).Now})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	r := jobs.New(db, []string{"p"}, map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error {
		fmt.Println("running")
		select {}
	}}, nil, storetest.NewClock(storetest.Start).Now, nil)
	fmt.Println(r.RunDue(ctx))
	os.Exit(1)
}

func openAt(t *testing.T, url string, now func() time.Time) *store.DB {
	t.Helper()
	db, err := store.Open(ctx, url, store.Options{Schemas: []store.Schema{jobs.Schema()}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// A process that is killed while it does a job keeps it until its lease ends. Then the job runs again, and not before.
func TestDeadProcesssJobRunsAfterItsLeaseAndOnlyThen(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		clock := storetest.NewClock(storetest.Start)
		db := openAt(t, url, clock.Now)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "k"})

		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(exe)
		child.Env = append(os.Environ(), childURL+"="+url)
		said, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { child.Process.Kill(); child.Wait() })
		if line, err := bufio.NewReader(said).ReadString('\n'); line != "running\n" {
			t.Fatalf("the other process says %q, %v", line, err)
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		child.Wait() // killed: its error says so

		r := jobs.New(db, []string{"p"}, map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error { return nil }}, nil, clock.Now, nil)
		clock.Advance(leaseTime - time.Microsecond)
		runDue(t, r, 0)
		clock.Advance(time.Microsecond)
		runDue(t, r, 1)
		runDue(t, r, 0)
	})
}

// A runner that comes back after its lease ended, and after somebody else leased the job, changes nothing of it, whatever became of the job at its own hands.
func TestLateRunnerChangesNothing(t *testing.T) {
	t.Parallel()
	for name, outcome := range map[string]error{"done": nil, "failed": errors.New("the far end is away")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
				failing := errors.New("still away")
				var second *jobs.Runner
				first := jobs.New(db, []string{"p"}, map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error {
					clock.Advance(leaseTime) // the process stands still for so long
					if _, err := second.RunDue(ctx); err != nil {
						t.Error(err)
					}
					return outcome
				}}, nil, clock.Now, nil)
				ran := 0
				second = jobs.New(db, []string{"p"}, map[string]jobs.Handler{"k": func(_ context.Context, j jobs.Job) error {
					if ran++; j.Attempts != ran-1 {
						t.Errorf("try %d is said to be after %d", ran, j.Attempts)
					}
					return failing
				}}, nil, clock.Now, nil)
				enqueue(t, db, jobs.Job{Program: "p", Kind: "k"})
				runDue(t, first, 1)
				clock.Advance(time.Hour)
				runDue(t, second, 1) // put back by the second, once: neither taken away nor counted twice
				failing = nil
				clock.Advance(time.Hour)
				runDue(t, second, 1)
				runDue(t, second, 0)
			})
		})
	}
}

// A late runner does not take away a job that somebody else holds at that moment.
func TestLateRunnerTakesNoJobFromWhoHasIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		running, finish := make(chan struct{}), make(chan struct{})
		var second *jobs.Runner
		done := make(chan error, 1)
		first := jobs.New(db, []string{"p"}, map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error {
			clock.Advance(leaseTime)
			go func() {
				_, err := second.RunDue(ctx)
				done <- err
			}()
			<-running
			return nil // and is settled while the second still runs it
		}}, nil, clock.Now, nil)
		second = jobs.New(db, []string{"p"}, map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error {
			close(running)
			<-finish
			return errors.New("not done after all")
		}}, nil, clock.Now, nil)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "k"})
		runDue(t, first, 1)
		close(finish)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		again := 0
		third := jobs.New(db, []string{"p"}, map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error { again++; return nil }}, nil, clock.Now, nil)
		clock.Advance(time.Hour)
		runDue(t, third, 1)
		if again != 1 {
			t.Errorf("what the second put back ran %d times", again)
		}
	})
}

// A process that stood still between leasing jobs and doing them does none whose lease could end meanwhile.
func TestRunnerThatStoodStillLeavesWhatItLeased(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ran := 0
		r := jobs.New(db, []string{"p"}, map[string]jobs.Handler{"k": func(context.Context, jobs.Job) error {
			if ran++; ran == 1 {
				clock.Advance(leaseTime - 30*time.Second)
			}
			return nil
		}}, nil, clock.Now, nil)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "k"})
		enqueue(t, db, jobs.Job{Program: "p", Kind: "k"})
		runDue(t, r, 1)
		clock.Advance(30 * time.Second)
		runDue(t, r, 1)
	})
}

// Many runners, on handles of their own, never do one job twice, and between them they do all.
func TestManyRunnersUnderContention(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, url string) {
		const handles, each, work = 3, 6, 150
		clock := storetest.NewClock(storetest.Start)
		first := openAt(t, url, clock.Now)
		err := first.Write(ctx, func(tx *store.Tx) error {
			for range work {
				if err := jobs.Enqueue(tx, jobs.Job{Program: "p", Kind: "k"}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		runs, at := map[store.ID]int{}, map[store.ID]int{}
		var done atomic.Int64
		handler := func(_ context.Context, j jobs.Job) error {
			mu.Lock()
			runs[j.ID]++
			if at[j.ID]++; at[j.ID] > 1 {
				t.Errorf("a job runs twice at once")
			}
			mu.Unlock()
			done.Add(1)
			mu.Lock()
			at[j.ID]--
			mu.Unlock()
			return nil
		}
		var scheduled atomic.Int64
		handlers := map[string]jobs.Handler{"k": handler, "s": func(context.Context, jobs.Job) error { scheduled.Add(1); return nil }}
		var runners sync.WaitGroup
		for range handles {
			db := openAt(t, url, clock.Now)
			for range each {
				r := jobs.New(db, []string{"p"}, handlers, []jobs.Schedule{{Kind: "s", Every: time.Hour}}, clock.Now, nil)
				runners.Go(func() {
					_, err := r.RunDue(ctx)
					for fault.KindOf(err) == fault.Unavailable { // three handles on one file may keep the fourth from it for long
						_, err = r.RunDue(ctx)
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
		}
		runners.Wait()
		if len(runs) != work || done.Load() != work {
			t.Errorf("%d of %d jobs ran, in %d runs", len(runs), work, done.Load())
		}
		if scheduled.Load() != 1 {
			t.Errorf("what is scheduled once an hour ran %d times", scheduled.Load())
		}
	})
}
