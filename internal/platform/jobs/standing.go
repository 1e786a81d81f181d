// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"context"
	"fmt"
	"time"

	"waylight/internal/platform/store"
)

// Standing is how the work of one kind stands, as far as something is wrong.
type Standing struct {
	Kind    string
	Late    int       // due for longer than the grace, and not done
	Failing int       // tried in vain, and to be tried again
	Dead    int       // given up
	Oldest  time.Time // when the latest of the late ones was due; zero: none is late
}

// Standings tells what is wrong with a program's work, by kind. Work that is
// done in time is in none of the numbers.
func Standings(ctx context.Context, r store.Reader, program string, now time.Time, grace time.Duration) ([]Standing, error) {
	rows, err := r.Query(ctx, `select kind, count(case when dead = 0 and run_at <= $2 then 1 end), count(case when dead = 0 and attempts > 0 then 1 end),
count(case when dead = 1 then 1 end), coalesce(min(case when dead = 0 and run_at <= $2 then run_at end), 0)
from job where program = $1 and (dead = 1 or run_at <= $2 or attempts > 0) group by kind order by kind`, program, store.Micros(now.Add(-grace)))
	if err != nil {
		return nil, fmt.Errorf("reading how work stands: %w", err)
	}
	defer rows.Close()
	var list []Standing
	for rows.Next() {
		var s Standing
		var oldest int64
		if err := rows.Scan(&s.Kind, &s.Late, &s.Failing, &s.Dead, &oldest); err != nil {
			return nil, fmt.Errorf("reading how work stands: %w", err)
		}
		if oldest > 0 {
			s.Oldest = store.Time(oldest)
		}
		list = append(list, s)
	}
	return list, rows.Err()
}
