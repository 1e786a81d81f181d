// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Tips calls fn with the time of every tip of a program that was accepted from one moment to before another. Left out are tests, canaries, and every report that accuses
// an office of whatever kind: a number that holds those tells the accused of them.
func (s *Service) Tips(ctx context.Context, program string, from, to time.Time, fn func(time.Time)) error {
	rows, err := s.DB.Query(ctx, `select accepted from report where program = $1 and mode = 'tip' and via not in ($2, $5) and accepted >= $3 and accepted < $4
		and envelope like '%"conflict":[]%'`, program, ViaTest, store.Micros(from), store.Micros(to), ViaCanary)
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
