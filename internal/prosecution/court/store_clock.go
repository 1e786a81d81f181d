// SPDX-License-Identifier: Apache-2.0

package court

import (
	"context"
	"database/sql"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

const clockColumns = `k.matter, k.entry, k.deadline, k.defendant, k.begins, k.due, k.computed, k.basis, k.limit_by, k.version, k.state, k.ended_by, k.ended_on, k.told`

func scanClock(row store.Scanner, more ...any) (Clock, error) {
	var k Clock
	var basis string
	var by []byte
	var on sql.NullInt64
	err := row.Scan(append([]any{&k.Matter, &k.Entry, &k.Deadline, &k.Defendant, &k.Begins, &k.Due, &k.Computed, &basis, &k.LimitBy, &k.Version, &k.State, &by, &on, &k.Told}, more...)...)
	k.Basis, k.EndedOn = strings.Split(basis, ","), Day(on.Int64)
	copy(k.EndedBy[:], by)
	return k, err
}

func clocksOf(ctx context.Context, q store.Reader, program string, matter store.ID) ([]Clock, error) {
	rows, err := q.Query(ctx, `select `+clockColumns+` from court_clock k where k.program = $1 and k.matter = $2 order by k.due, k.entry, k.deadline`, program, matter)
	if err != nil {
		return nil, fault.Wrap(err, "reading the clocks of a case")
	}
	defer rows.Close()
	var out []Clock
	for rows.Next() {
		k, err := scanClock(rows)
		if err != nil {
			return nil, fault.Wrap(err, "reading the clocks of a case")
		}
		out = append(out, k)
	}
	return out, fault.Wrap(rows.Err(), "reading the clocks of a case")
}

func insertClock(tx *store.Tx, program string, k Clock) error {
	row := store.Row{
		"program": program, "matter": k.Matter, "entry": k.Entry, "deadline": k.Deadline, "defendant": k.Defendant, "begins": int64(k.Begins), "due": int64(k.Due),
		"computed": k.Computed, "basis": strings.Join(k.Basis, ","), "limit_by": k.LimitBy, "version": k.Version, "state": k.State, "ended_by": nil, "ended_on": nil, "told": k.Told,
	}
	if k.State == ClockDone {
		row["ended_by"], row["ended_on"] = k.EndedBy, int64(k.EndedOn)
	}
	return tx.Insert("court_clock", row)
}

// endClock writes how a clock stands now; what was computed stays.
func endClock(tx *store.Tx, program string, k Clock) error {
	var by, on any
	if k.State == ClockDone {
		by, on = k.EndedBy[:], int64(k.EndedOn)
	}
	_, err := tx.Exec(`update court_clock set state = $5, ended_by = $6, ended_on = $7 where program = $1 and matter = $2 and entry = $3 and deadline = $4`,
		program, k.Matter, k.Entry, k.Deadline, k.State, by, on)
	if err != nil {
		return fault.Wrap(err, "ending a clock")
	}
	return tx.Touch("court_clock", program, k.Matter, k.Entry, k.Deadline)
}

// tellClock notes that somebody was reminded so often, once.
func tellClock(tx *store.Tx, program string, k Clock, told int) (bool, error) {
	n, err := tx.Exec(`update court_clock set told = $5 where program = $1 and matter = $2 and entry = $3 and deadline = $4 and told < $5 and state = 'open'`,
		program, k.Matter, k.Entry, k.Deadline, told)
	if err != nil || n == 0 {
		return false, fault.Wrap(err, "noting a reminder")
	}
	return true, tx.Touch("court_clock", program, k.Matter, k.Entry, k.Deadline)
}

// dueBy lists open clocks of a program that are due by a day and were not told of so often yet.
func dueBy(ctx context.Context, q store.Reader, program string, by Day, told, limit int) ([]Clock, error) {
	rows, err := q.Query(ctx, `select `+clockColumns+` from court_clock k where k.program = $1 and k.state = 'open' and k.due <= $2 and k.told < $3 order by k.due, k.matter, k.entry, k.deadline limit $4`,
		program, int64(by), told, limit)
	if err != nil {
		return nil, fault.Wrap(err, "looking for deadlines")
	}
	defer rows.Close()
	var out []Clock
	for rows.Next() {
		k, err := scanClock(rows)
		if err != nil {
			return nil, fault.Wrap(err, "looking for deadlines")
		}
		out = append(out, k)
	}
	return out, fault.Wrap(rows.Err(), "looking for deadlines")
}

// clockRow is a clock with the docket of its case.
type clockRow struct {
	Clock
	Docket string
}

// clockCursor is the place in the list of clocks where a page begins.
type clockCursor struct {
	due      int64
	matter   store.ID
	entry    store.ID
	deadline string
}

// clocksAt lists the clocks of an office's cases by day: those that run, or all.
func clocksAt(ctx context.Context, q store.Reader, program, office string, all bool, at clockCursor, limit int) ([]clockRow, clockCursor, error) {
	state := ` and k.state = 'open'`
	if all {
		state = ``
	}
	rows, err := q.Query(ctx, `select `+clockColumns+`, c.docket from court_clock k join court_seat s on s.program = k.program and s.matter = k.matter and s.office = $2
		join court_case c on c.program = k.program and c.id = k.matter where k.program = $1`+state+`
		and (k.due > $3 or k.due = $3 and (k.matter > $4 or k.matter = $4 and (k.entry > $5 or k.entry = $5 and k.deadline > $6)))
		order by k.due, k.matter, k.entry, k.deadline limit $7`, program, office, at.due, at.matter, at.entry, at.deadline, limit+1)
	if err != nil {
		return nil, clockCursor{}, fault.Wrap(err, "listing clocks")
	}
	defer rows.Close()
	var out []clockRow
	for rows.Next() {
		var r clockRow
		if r.Clock, err = scanClock(rows, &r.Docket); err != nil {
			return nil, clockCursor{}, fault.Wrap(err, "listing clocks")
		}
		if len(out) == limit {
			end := out[limit-1]
			return out, clockCursor{int64(end.Due), end.Matter, end.Entry, end.Deadline}, nil
		}
		out = append(out, r)
	}
	return out, clockCursor{}, fault.Wrap(rows.Err(), "listing clocks")
}
