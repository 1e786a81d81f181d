// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"testing"
	"time"

	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// One of several processes does it, and another goes on when that one is gone.
func TestOneProcessHolds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		one, two := store.NewID(), store.NewID()
		holds := func(who store.ID, program string, want bool) {
			t.Helper()
			got, err := jobs.Hold(ctx, db, program, "watch", who, 20*time.Minute)
			if err != nil || got != want {
				t.Errorf("holds: %v, %v", got, err)
			}
		}
		holds(one, "p", true)
		holds(two, "p", false)
		holds(two, "q", true)
		clock.Advance(15 * time.Minute)
		holds(one, "p", true)
		clock.Advance(15 * time.Minute)
		holds(two, "p", false)
		clock.Advance(6 * time.Minute) // the first has not asked for more than its span
		holds(two, "p", true)
		holds(one, "p", false)
		clock.Advance(-365 * 24 * time.Hour)
		holds(one, "p", true)
		holds(two, "p", false)
	})
}
