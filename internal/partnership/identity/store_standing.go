// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"waylight/internal/platform/store"
)

// standing is what an account's life is measured by. Zero times: never.
type standing struct {
	Came   time.Time // last sign-in
	Till   time.Time // a temporary account ends then
	OutAt  time.Time // kept out since
	OutWhy string    // one of the out constants
	Back   time.Time // let in again
}

func scanStanding(row store.Scanner, more ...any) (standing, error) {
	var came, till, outAt, back sql.NullInt64
	var why sql.NullString
	err := row.Scan(append(more, &came, &till, &outAt, &why, &back)...)
	return standing{moment(came), moment(till), moment(outAt), why.String, moment(back)}, err
}

func standingOf(ctx context.Context, r store.Reader, program string, member store.ID) (standing, error) {
	const q = `select came, till, out_at, out_why, back from standing where program = $1 and member = $2`
	v, err := scanStanding(r.QueryRow(ctx, q, program, member))
	if errors.Is(err, sql.ErrNoRows) {
		return standing{}, nil
	}
	if err != nil {
		return standing{}, fmt.Errorf("reading an account's standing: %w", err)
	}
	return v, nil
}

// standingsOf reads those of every account of a program.
func standingsOf(ctx context.Context, r store.Reader, program string) (map[store.ID]standing, error) {
	rows, err := r.Query(ctx, `select member, came, till, out_at, out_why, back from standing where program = $1`, program)
	if err != nil {
		return nil, fmt.Errorf("reading standings: %w", err)
	}
	defer rows.Close()
	all := map[store.ID]standing{}
	for rows.Next() {
		var id store.ID
		v, err := scanStanding(rows, &id)
		if err != nil {
			return nil, fmt.Errorf("reading standings: %w", err)
		}
		all[id] = v
	}
	return all, rows.Err()
}

// holdStanding makes sure that there is a row to change.
func holdStanding(tx *store.Tx, program string, member store.ID) error {
	_, err := tx.Exec(`insert into standing (program, member) values ($1, $2) on conflict (program, member) do nothing`, program, member)
	return err
}

// changeStanding sets columns of one account's row; arguments are numbered after the program ($1) and the member ($2).
func changeStanding(tx *store.Tx, program string, member store.ID, assignments string, args ...any) error {
	err := holdStanding(tx, program, member)
	if err == nil {
		_, err = tx.Exec(`update standing set `+assignments+` where program = $1 and member = $2`, append([]any{program, member}, args...)...)
	}
	if err != nil {
		return fmt.Errorf("changing an account's standing: %w", err)
	}
	return tx.Touch("standing", program, member)
}

func markCame(tx *store.Tx, program string, member store.ID) error {
	return changeStanding(tx, program, member, `came = $3`, store.Micros(tx.Now()))
}

// setTill makes an account temporary, or with the zero time permanent.
func setTill(tx *store.Tx, program string, member store.ID, till time.Time) error {
	var value any
	if !till.IsZero() {
		value = store.Micros(till)
	}
	return changeStanding(tx, program, member, `till = $3`, value)
}

func markOut(tx *store.Tx, program string, member store.ID, why string) error {
	return changeStanding(tx, program, member, `out_at = $3, out_why = $4`, store.Micros(tx.Now()), why)
}

func markBack(tx *store.Tx, program string, member store.ID) error {
	return changeStanding(tx, program, member, `out_at = null, out_why = null, back = $3`, store.Micros(tx.Now()))
}

// review is one answer to whether an account is still needed.
type review struct {
	Member             store.ID
	At                 time.Time
	Reviewer, Decision string
	Office, Roles      string
}

func insertReview(tx *store.Tx, program string, v review) error {
	return tx.Insert("access_review", store.Row{"program": program, "member": v.Member, "at": tx.Now(), "reviewer": v.Reviewer, "decision": v.Decision,
		"office": v.Office, "roles": v.Roles})
}

// reviewed says when each account of a program was last reviewed.
func reviewed(ctx context.Context, r store.Reader, program string) (map[store.ID]time.Time, error) {
	rows, err := r.Query(ctx, `select member, max(at) from access_review where program = $1 group by member`, program)
	if err != nil {
		return nil, fmt.Errorf("reading reviews: %w", err)
	}
	defer rows.Close()
	all := map[store.ID]time.Time{}
	for rows.Next() {
		var id store.ID
		var at int64
		err = rows.Scan(&id, &at)
		if err != nil {
			return nil, fmt.Errorf("reading reviews: %w", err)
		}
		all[id] = store.Time(at)
	}
	return all, rows.Err()
}

// eachReview calls fn for every review of a program, oldest first.
func eachReview(ctx context.Context, r store.Reader, program, office string, fn func(review) error) error {
	const q = `select member, at, reviewer, decision, office, roles from access_review where program = $1 and (office = $2 or $2 = '') order by at, member`
	rows, err := r.Query(ctx, q, program, office)
	if err != nil {
		return fmt.Errorf("reading reviews: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var v review
		var at int64
		err = rows.Scan(&v.Member, &at, &v.Reviewer, &v.Decision, &v.Office, &v.Roles)
		if err != nil {
			return fmt.Errorf("reading reviews: %w", err)
		}
		v.At = store.Time(at)
		err = fn(v)
		if err != nil {
			return err
		}
	}
	return rows.Err()
}
