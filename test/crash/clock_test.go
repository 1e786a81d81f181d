// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"waylight/internal/app"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

const day = 24 * time.Hour

// However the machine's clock jumps while reports come in, each is accepted, checkpoints
// go on, no clock of a duty and no job is left waiting for a time that was never true, and
// the log verifies and tells of every time that the clock was set back.
func TestClockJumpsBackAndForward(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(storetest.Start)
	s := prepare(t, clock.Now)
	a := s.open(t)
	server := httptest.NewServer(a.Handler())
	defer server.Close()
	client, address := newClient(t), strings.TrimPrefix(server.URL, "http://")
	var all []accepted
	var size int64
	back := 0
	for _, jump := range []time.Duration{0, day, -day, -day, day, 365 * day, -365 * day, -365 * day, 365 * day, -time.Hour, 4 * time.Minute, -4 * time.Minute} {
		clock.Advance(jump)
		if jump < -5*time.Minute {
			back++
		}
		browsers, err := s.sealed(address)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, accept(t, client, address, inWords(), browsers)...)
		for range 3 {
			if _, err := a.Runner.RunDue(ctx); err != nil {
				t.Fatal(err)
			}
			clock.Advance(s.every)
		}
		cp, err := custody.Latest(ctx, a.DB, program)
		if err != nil || cp.Size <= size || clock.Now().Sub(cp.Published) > 2*s.every {
			t.Errorf("after a jump of %s the newest checkpoint is of %s, now %s, %v", jump, cp.Published, clock.Now(), err)
		}
		size = cp.Size
		nothingWaitsForever(t, a, clock.Now(), jump)
	}
	server.Close()
	a.Close()
	var said strings.Builder
	found, err := app.Verification{Data: s.data, Now: clock.Now()}.Run(ctx, &said)
	if err != nil || found > 0 || strings.Count(said.String(), "the clock was set back") != back {
		t.Errorf("verifying finds %d problems, %v, and should tell of %d times that the clock was set back:\n%s", found, err, back, said.String())
	}
	a = s.open(t)
	for _, got := range all {
		if what := missing(a, got); what != "" {
			t.Errorf("lost: %s", what)
		}
	}
}

// nothingWaitsForever looks for work that waits for a time further ahead than any may.
func nothingWaitsForever(t *testing.T, a *app.App, now time.Time, jump time.Duration) {
	t.Helper()
	const longestDuty = 40 * day
	for what, q := range map[string]struct {
		sql   string
		ahead time.Duration
	}{
		"duties due":        {`select count(*) from referral where program = $1 and due > $2`, longestDuty},
		"ladders":           {`select count(*) from referral where program = $1 and next_at > $2`, longestDuty},
		"persons named":     {`select count(*) from referral where program = $1 and level >= 5 and next_at > $2`, day + time.Hour},
		"jobs":              {`select count(*) from job where program = $1 and dead = 0 and run_at > $2`, day},
		"leases":            {`select count(*) from job where program = $1 and dead = 0 and leased_until > $2`, time.Hour},
		"work on schedules": {`select count(*) from job_schedule where program = $1 and next_at > $2`, 8 * day},
	} {
		var n int
		if err := a.DB.QueryRow(ctx, q.sql, program, store.Micros(now.Add(q.ahead))).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			t.Errorf("after a jump of %s, %d %s wait for more than %s", jump, n, what, q.ahead)
		}
	}
}
