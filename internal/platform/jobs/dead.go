// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"context"
	"fmt"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// ErrNotDead says that a job is not, or no longer, in the list.
var ErrNotDead = fault.New(fault.Conflict, "job_not_given_up", "Somebody has put this work back already, or it was done. Nothing was changed.")

// Dead is a job that was given up.
type Dead struct {
	ID       store.ID
	Kind     string
	Problem  string // what went wrong at the last try: never words or names
	Attempts int
	Died     time.Time // when it was given up
}

// Position is a place in the list of dead letters; the zero value is its start.
type Position struct {
	Died int64
	ID   store.ID
}

// maxDead is how many dead letters one reading gives.
const maxDead = 500

// DeadLetters lists a program's given-up jobs, for a person to see, as many as
// fit: whoever shows them all reads by DeadPage.
func DeadLetters(ctx context.Context, r store.Reader, program string) ([]Dead, error) {
	list, _, err := DeadPage(ctx, r, program, "", Position{}, maxDead)
	return list, err
}

// DeadPage lists given-up jobs of one kind, or of all (""), in the order in which
// they were given up, from a position on. next is the zero Position at the end.
func DeadPage(ctx context.Context, r store.Reader, program, kind string, from Position, limit int) (list []Dead, next Position, err error) {
	rows, err := r.Query(ctx, `select id, kind, coalesce(problem, ''), attempts, coalesce(died_at, run_at) from job
where program = $1 and dead = 1 and ($2 = '' or kind = $2) and (coalesce(died_at, run_at), id) > ($3, $4)
order by coalesce(died_at, run_at), id limit $5`, program, kind, from.Died, from.ID[:], int64(limit)+1)
	if err != nil {
		return nil, next, fmt.Errorf("listing dead letters: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var d Dead
		var died int64
		if err := rows.Scan(&d.ID, &d.Kind, &d.Problem, &d.Attempts, &died); err != nil {
			return nil, next, fmt.Errorf("listing dead letters: %w", err)
		}
		d.Died = store.Time(died)
		list = append(list, d)
	}
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		next = Position{store.Micros(last.Died), last.ID}
	}
	return list, next, rows.Err()
}

// DeadCount is how many jobs of a kind were given up, and since when.
type DeadCount struct {
	Kind  string
	Count int
	Since time.Time
}

// DeadCounts lists the kinds of which jobs were given up.
func DeadCounts(ctx context.Context, r store.Reader, program string) ([]DeadCount, error) {
	rows, err := r.Query(ctx, `select kind, count(*), min(coalesce(died_at, run_at)) from job
where program = $1 and dead = 1 group by kind order by kind`, program)
	if err != nil {
		return nil, fmt.Errorf("counting dead letters: %w", err)
	}
	defer rows.Close()
	var list []DeadCount
	for rows.Next() {
		var c DeadCount
		var since int64
		if err := rows.Scan(&c.Kind, &c.Count, &since); err != nil {
			return nil, fmt.Errorf("counting dead letters: %w", err)
		}
		c.Since = store.Time(since)
		list = append(list, c)
	}
	return list, rows.Err()
}

const revive = `update job set dead = 0, died_at = null, attempts = 0, run_at = $2, leased_until = 0 where program = $1 and dead = 1`

// Retry puts a given-up job back to work. One that is not in the list any more,
// because somebody else was faster, is ErrNotDead.
func Retry(tx *store.Tx, program string, id store.ID) error {
	n, err := tx.Exec(revive+` and id = $3`, program, store.Micros(tx.Now()), id[:])
	if err != nil {
		return fmt.Errorf("retrying a job: %w", err)
	}
	if n == 0 {
		return ErrNotDead
	}
	return nil
}

// RetryAll puts all given-up jobs of a kind back to work, or of every kind (""),
// and says how many.
func RetryAll(tx *store.Tx, program, kind string) (int, error) {
	n, err := tx.Exec(revive+` and ($3 = '' or kind = $3)`, program, store.Micros(tx.Now()), kind)
	if err != nil {
		return 0, fmt.Errorf("retrying jobs: %w", err)
	}
	return int(n), nil
}
