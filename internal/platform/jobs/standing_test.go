// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

func TestStandingsTellWhatIsWrong(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		fail := func(context.Context, jobs.Job) error { return errors.New("away") }
		r := jobs.New(db, []string{"p"}, map[string]jobs.Handler{"a.fails": fail, "b.fails": fail}, nil, clock.Now, nil)
		standings := func(want ...jobs.Standing) {
			t.Helper()
			got, err := jobs.Standings(ctx, db, "p", clock.Now(), 5*time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		enqueue(t, db, jobs.Job{Program: "p", Kind: "a.fails"})
		for range 20 { // until it is given up
			if _, err := r.RunDue(ctx); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Hour)
		}
		began := clock.Now()
		enqueue(t, db, jobs.Job{Program: "p", Kind: "b.fails"})
		runDue(t, r, 1)
		enqueue(t, db, jobs.Job{Program: "p", Kind: "c.late"})
		enqueue(t, db, jobs.Job{Program: "p", Kind: "c.late", RunAt: began.Add(time.Second)})
		enqueue(t, db, jobs.Job{Program: "p", Kind: "c.late", RunAt: began.Add(time.Hour)})
		enqueue(t, db, jobs.Job{Program: "other", Kind: "c.late"})
		dead, failing := jobs.Standing{Kind: "a.fails", Dead: 1}, jobs.Standing{Kind: "b.fails", Failing: 1}
		standings(dead, failing)
		clock.Advance(5*time.Minute + time.Second)
		got, err := jobs.Standings(ctx, db, "p", clock.Now(), 5*time.Minute)
		if err != nil || len(got) != 3 {
			t.Fatalf("%+v, %v", got, err)
		}
		if want := (jobs.Standing{Kind: "c.late", Late: 2, Oldest: began}); !cmp.Equal(got[2], want) {
			t.Error(cmp.Diff(want, got[2]))
		}
	})
}
