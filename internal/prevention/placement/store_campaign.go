// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"fmt"
	"strings"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Hung is how the sheets of some notices fared in a period.
type Hung struct {
	Planned, Up, Seen, Inspected int
	Codes                        []store.ID // of those that were up
}

// HungBetween counts the sheets of some notices between two days of the program,
// both included: those not put up yet, those that were up at some time, and of these
// those that somebody saw and looked for meanwhile. Of a sheet that was taken away
// nobody knows the day: it counts when it was put up in the period.
func (s *Service) HungBetween(ctx context.Context, r store.Reader, program string, notices []string, first, last string) (Hung, error) {
	var out Hung
	pack, err := s.pack(program)
	if err != nil || len(notices) == 0 {
		return out, err
	}
	from, err := time.ParseInLocation(time.DateOnly, first, pack.Zone)
	if err != nil {
		return out, ErrDay
	}
	to, err := time.ParseInLocation(time.DateOnly, last, pack.Zone)
	if err != nil {
		return out, ErrDay
	}
	return hungBetween(ctx, r, program, notices, from, to.AddDate(0, 0, 1))
}

func hungBetween(ctx context.Context, r store.Reader, program string, notices []string, from, to time.Time) (Hung, error) {
	var out Hung
	args := []any{program, store.Micros(from), store.Micros(to)}
	marks := make([]string, len(notices))
	for i, n := range notices {
		args = append(args, n)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	looked := func(more string) string {
		return `exists (select 1 from placement_inspection i where i.program = p.program and i.placement = p.id and i.at >= $2 and i.at < $3` + more + `)`
	}
	rows, err := r.Query(ctx, `select put_up_on is not null, code, `+looked(` and i.found = 'seen'`)+`, `+looked(` and i.found <> 'put_up'`)+` from placement p where program = $1 and notice in (`+strings.Join(marks, ", ")+`)
		and (put_up_on is null and state in ('planned', 'printed') and made_at < $3
			or put_up_on < $3 and (put_up_on >= $2 or state not in ('removed', 'replaced')))`, args...)
	if err != nil {
		return out, fault.Wrap(err, "counting the sheets of a campaign")
	}
	defer rows.Close()
	for rows.Next() {
		var up, seen, inspected bool
		var code []byte
		if err := rows.Scan(&up, &code, &seen, &inspected); err != nil {
			return out, fault.Wrap(err, "counting the sheets of a campaign")
		}
		if !up {
			out.Planned++
			continue
		}
		out.Up++
		if seen {
			out.Seen++
		}
		if inspected {
			out.Inspected++
		}
		if len(code) == len(store.ID{}) {
			out.Codes = append(out.Codes, store.ID(code))
		}
	}
	return out, fault.Wrap(rows.Err(), "counting the sheets of a campaign")
}
