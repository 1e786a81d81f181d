// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// giveUp makes so many jobs of a kind and lets them fail until they are given up.
func giveUp(t *testing.T, db *store.DB, clock *storetest.Clock, kind string, n int) {
	t.Helper()
	r := jobs.New(db, []string{"p"}, map[string]jobs.Handler{kind: func(context.Context, jobs.Job) error { return errors.New("away") }}, nil, clock.Now, nil)
	for range n {
		enqueue(t, db, jobs.Job{Program: "p", Kind: kind})
	}
	for range 12 {
		if _, err := r.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Hour)
	}
}

// The list is read page by page in the order in which jobs were given up, whole or of one kind, and says since when.
func TestDeadLettersByPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		began := clock.Now()
		giveUp(t, db, clock, "mail", 5)
		giveUp(t, db, clock, "clock", 2)
		for kind, want := range map[string]string{"": "3 3 1", "mail": "3 2", "clock": "2", "other": "0"} {
			var got string
			var at jobs.Position
			seen := map[store.ID]bool{}
			for {
				list, next, err := jobs.DeadPage(ctx, db, "p", kind, at, 3)
				if err != nil {
					t.Fatal(err)
				}
				got += fmt.Sprint(len(list), " ")
				for _, d := range list {
					if seen[d.ID] || kind != "" && d.Kind != kind || d.Problem != "away" || d.Attempts != 12 || d.Died.Before(began.Add(11*time.Hour)) {
						t.Errorf("%q: %+v", kind, d)
					}
					seen[d.ID] = true
				}
				if at = next; at == (jobs.Position{}) {
					break
				}
			}
			if got != want+" " {
				t.Errorf("pages of %q: %s, want %s", kind, got, want)
			}
		}
		counts, err := jobs.DeadCounts(ctx, db, "p")
		if err != nil || len(counts) != 2 || counts[0].Kind != "clock" || counts[0].Count != 2 || counts[1].Count != 5 || !counts[1].Since.Before(counts[0].Since) {
			t.Errorf("%+v, %v", counts, err)
		}
	})
}

// Whoever puts back what was put back already is told, and nothing changes. All of a kind go back at once.
func TestRetryOnceOrAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		giveUp(t, db, clock, "mail", 3)
		giveUp(t, db, clock, "clock", 1)
		list, err := jobs.DeadLetters(ctx, db, "p")
		if err != nil || len(list) != 4 {
			t.Fatalf("%+v, %v", list, err)
		}
		retry := func(program string) error {
			return db.Write(ctx, func(tx *store.Tx) error { return jobs.Retry(tx, program, list[0].ID) })
		}
		if err := retry("q"); !errors.Is(err, jobs.ErrNotDead) {
			t.Errorf("another program's: %v", err)
		}
		if err := retry("p"); err != nil {
			t.Error(err)
		}
		if err := retry("p"); !errors.Is(err, jobs.ErrNotDead) {
			t.Errorf("twice: %v", err)
		}
		all := func(kind string) (n int) {
			err := db.Write(ctx, func(tx *store.Tx) (err error) { n, err = jobs.RetryAll(tx, "p", kind); return err })
			if err != nil {
				t.Error(err)
			}
			return n
		}
		if got := []int{all("mail"), all("mail"), all("")}; got[0] != 2 || got[1] != 0 || got[2] != 1 {
			t.Errorf("put back: %v", got)
		}
		ran := 0
		ok := func(context.Context, jobs.Job) error { ran++; return nil }
		runDue(t, jobs.New(db, []string{"p"}, map[string]jobs.Handler{"mail": ok, "clock": ok}, nil, clock.Now, nil), 4)
		if ran != 4 {
			t.Errorf("%d ran again", ran)
		}
	})
}
