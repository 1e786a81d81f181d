// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// countedPart are the referrals that figures count: our own duties about tips that accuse nobody. Those of help, of tests and of canaries are in none. The
// conditions stand as in the index that answers them.
const countedPart = ` from referral where mode = 'tip' and test = 0 and conflict = '' and origin in ('duty', 'onward') and program = $1 and accepted >= $2 and accepted < $3`

// tally is how many referrals of an office have one outcome, and how their clocks stand.
type tally struct {
	office, outcome, clock string
	n                      int64
}

// tallies counts one stretch of time. A clock was kept when what it waits for came in time; it is missed when that came late, or is still awaited after its end.
func tallies(ctx context.Context, r store.Reader, program string, from, to, now time.Time) ([]tally, error) {
	rows, err := r.Query(ctx, `select holder, outcome, case when due is null then 'none'
		when coalesce(acknowledged_at, done_at) is null and due >= $4 then 'running'
		when coalesce(acknowledged_at, done_at) is null or coalesce(acknowledged_at, done_at) > due then 'missed' else 'kept' end, count(*)`+
		countedPart+` group by 1, 2, 3`, program, store.Micros(from), store.Micros(to), store.Micros(now))
	if err != nil {
		return nil, fault.Wrap(err, "counting referrals")
	}
	defer rows.Close()
	var out []tally
	for rows.Next() {
		var t tally
		if err := rows.Scan(&t.office, &t.outcome, &t.clock, &t.n); err != nil {
			return nil, fault.Wrap(err, "counting referrals")
		}
		out = append(out, t)
	}
	return out, fault.Wrap(rows.Err(), "counting referrals")
}

// wait is how many referrals of an office waited so many minutes.
type wait struct {
	office  string
	minutes int64
	n       int64
}

// waits counts, by the full minute, how long it took until an office had a report, or until somebody there took it on.
func waits(ctx context.Context, r store.Reader, program string, from, to time.Time, taken bool) ([]wait, error) {
	until := `case when relay = 1 then done_at else opened_at end`
	if taken {
		until = `case when relay = 1 then done_at else acknowledged_at end`
	}
	rows, err := r.Query(ctx, `select holder, (`+until+` - accepted) / 60000000, count(*)`+countedPart+` and (`+until+`) is not null group by 1, 2`,
		program, store.Micros(from), store.Micros(to))
	if err != nil {
		return nil, fault.Wrap(err, "measuring how long offices took")
	}
	defer rows.Close()
	var out []wait
	for rows.Next() {
		var w wait
		if err := rows.Scan(&w.office, &w.minutes, &w.n); err != nil {
			return nil, fault.Wrap(err, "measuring how long offices took")
		}
		out = append(out, w)
	}
	return out, fault.Wrap(rows.Err(), "measuring how long offices took")
}
