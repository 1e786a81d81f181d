// SPDX-License-Identifier: Apache-2.0

package custody_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// However the machine's clock jumps while entries and checkpoints are made, the log
// verifies, and tells of every time that it was set back.
func TestLogBearsAClockThatJumps(t *testing.T) {
	t.Parallel()
	storetest.Each(t, thing, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		log := newLog(t)
		high, turns := time.Time{}, 0
		seen := func() {
			if clock.Now().Before(high.Add(-5 * time.Minute)) {
				turns++
				high = clock.Now()
			}
			if clock.Now().After(high) {
				high = clock.Now()
			}
		}
		rapid.Check(t, func(rt *rapid.T) {
			for range rapid.IntRange(1, 6).Draw(rt, "steps") {
				clock.Advance(rapid.SampledFrom([]time.Duration{0, time.Second, 4 * time.Minute, -4 * time.Minute, -4 * time.Minute,
					24 * time.Hour, -24 * time.Hour, 365 * 24 * time.Hour, -365 * 24 * time.Hour}).Draw(rt, "jump"))
				if rapid.Bool().Draw(rt, "publish") {
					publish(t, db, log, clock.Now())
					seen()
					high = clock.Now()
				} else {
					fill(t, db, "ms", 1)
					seen()
				}
			}
			result, err := custody.Verify(ctx, db, "ms", log.Verifier())
			if err != nil || !result.OK() {
				rt.Fatalf("%v, %v", result.Problems, err)
			}
			if len(result.Turns) != turns {
				rt.Fatalf("the log tells of %d turns, there were %d", len(result.Turns), turns)
			}
		})
		if turns == 0 {
			t.Error("the clock never went back")
		}
	})
}

// An entry that is dated back is found, and one that is dated back behind an entry that
// the clock was set back is told of.
func TestLogTellsOfWhatIsDatedBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, thing, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		log := newLog(t)
		publish(t, db, log, clock.Now())
		fill(t, db, "ms", 1)
		past := clock.Now().Add(-30 * 24 * time.Hour)
		forged := custody.Commit(custody.Entry{Program: "ms", Event: "thing.made", Record: "thing:forged", Actor: "system"}, past, nil)
		err := db.Write(ctx, func(tx *store.Tx) error {
			// Past the log's own clock: as somebody who writes into the database would.
			if _, err := tx.Exec(`update custody_tree set clock = $2 where program = $1`, "ms", past.UnixMicro()); err != nil {
				return err
			}
			return custody.Append(tx, "ms", []custody.Leaf{forged})
		})
		if err != nil {
			t.Fatal(err)
		}
		publish(t, db, log, clock.Now())
		result, err := custody.Verify(ctx, db, "ms", log.Verifier())
		if err != nil || len(result.Problems) != 1 || result.Problems[0].Leaf != custody.Bucket+1 {
			t.Errorf("an entry dated back: %v, %v", result.Problems, err)
		}
	})
}
