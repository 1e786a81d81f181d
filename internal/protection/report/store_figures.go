// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// countedTips are the tips of a program in figures: left out are tests, canaries, and every report that accuses an office of whatever kind: a number that holds
// those tells the accused of them. The conditions stand as in the index that answers them.
const countedTips = ` from report where program = $1 and mode = 'tip' and envelope like '%"conflict":[]%' and accepted >= $2 and accepted < $3 and via not in ($4, $5)`

// tipTimes calls fn with the time of every tip in figures.
func tipTimes(ctx context.Context, r store.Reader, program string, from, to time.Time, fn func(time.Time)) error {
	rows, err := r.Query(ctx, `select accepted`+countedTips, program, store.Micros(from), store.Micros(to), ViaTest, ViaCanary)
	if err != nil {
		return fault.Wrap(err, "counting tips")
	}
	defer rows.Close()
	for rows.Next() {
		var at int64
		if err := rows.Scan(&at); err != nil {
			return fault.Wrap(err, "counting tips")
		}
		fn(store.Time(at))
	}
	return fault.Wrap(rows.Err(), "counting tips")
}

// tipsBy counts the tips of one stretch of time by their way in.
func tipsBy(ctx context.Context, r store.Reader, program string, from, to time.Time) (map[string]int64, error) {
	rows, err := r.Query(ctx, `select via, count(*)`+countedTips+` group by via`, program, store.Micros(from), store.Micros(to), ViaTest, ViaCanary)
	if err != nil {
		return nil, fault.Wrap(err, "counting tips by their way in")
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var via string
		var n int64
		if err := rows.Scan(&via, &n); err != nil {
			return nil, fault.Wrap(err, "counting tips by their way in")
		}
		out[channelOf(via)] += n
	}
	return out, fault.Wrap(rows.Err(), "counting tips by their way in")
}
