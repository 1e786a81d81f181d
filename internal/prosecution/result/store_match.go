// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

const columnsOfMatch = `program, id, older, newer, same_number, state, at, older_office, newer_office, older_said, newer_said, older_by, newer_by`

func scanMatch(row store.Scanner) (Match, error) {
	var m Match
	err := row.Scan(&m.Program, &m.ID, &m.Older, &m.Newer, &m.Number, &m.State, &m.At, &m.OlderOffice, &m.NewerOffice, &m.OlderSaid, &m.NewerSaid, &m.OlderBy, &m.NewerBy)
	return m, err
}

func matchByID(ctx context.Context, q store.Reader, program string, id store.ID) (Match, error) {
	m, err := scanMatch(q.QueryRow(ctx, `select `+columnsOfMatch+` from result_match where program = $1 and id = $2`, program, id))
	if errors.Is(err, sql.ErrNoRows) {
		return m, ErrMatch
	}
	return m, fault.Wrap(err, "reading a pair")
}

// together is how many numbers are looked up with one statement.
const together = 200

// sameNumbers finds, for each arrest, others of its program with the same number.
func sameNumbers(ctx context.Context, q store.Reader, rows []Result) ([]Match, error) {
	var pairs []Match
	for column, number := range map[string]func(Result) []byte{
		"booking": func(r Result) []byte { return r.Booking }, "state_id": func(r Result) []byte { return r.StateID },
	} {
		byNumber := map[string][]Result{}
		var numbers []any
		for _, r := range rows {
			if n := number(r); n != nil && r.Kind == Arrest && r.State != Withdrawn {
				if byNumber[string(n)] == nil {
					numbers = append(numbers, n)
				}
				byNumber[string(n)] = append(byNumber[string(n)], r)
			}
		}
		for len(numbers) > 0 {
			some := numbers[:min(together, len(numbers))]
			numbers = numbers[len(some):]
			found, err := withNumber(ctx, q, rows[0].Program, column, some)
			if err != nil {
				return nil, err
			}
			for n, olds := range found {
				for _, old := range olds {
					for _, r := range byNumber[n] {
						if r.ID != old.ID {
							pairs = append(pairs, pairOf(old, r, column))
						}
					}
				}
			}
		}
	}
	return pairs, nil
}

// withNumber finds the arrests that have one of these numbers.
func withNumber(ctx context.Context, q store.Reader, program, column string, numbers []any) (map[string][]Result, error) {
	marks := make([]string, len(numbers))
	for i := range numbers {
		marks[i] = fmt.Sprintf("$%d", i+2)
	}
	rows, err := q.Query(ctx, `select `+column+`, id, office, entered_at, origin from result where program = $1 and `+column+` in (`+strings.Join(marks, ", ")+`)
		and state <> 'withdrawn'`, append([]any{program}, numbers...)...) // only arrests have numbers; naming the kind leads SQLite to another index
	if err != nil {
		return nil, fault.Wrap(err, "looking for the same person")
	}
	defer rows.Close()
	found := map[string][]Result{}
	for rows.Next() {
		var n []byte
		var r Result
		if err := rows.Scan(&n, &r.ID, &r.Office, &r.EnteredAt, &r.Origin); err != nil {
			return nil, fault.Wrap(err, "looking for the same person")
		}
		r.Program = program
		found[string(n)] = append(found[string(n)], r)
	}
	return found, fault.Wrap(rows.Err(), "looking for the same person")
}

// pairOf puts two arrests in order: the one entered first is the older.
func pairOf(a, b Result, number string) Match {
	if b.EnteredAt < a.EnteredAt || b.EnteredAt == a.EnteredAt && string(b.ID[:]) < string(a.ID[:]) {
		a, b = b, a
	}
	return Match{Program: a.Program, Older: a.ID, Newer: b.ID, Number: number, State: Proposed, OlderOffice: a.Office, NewerOffice: b.Office}
}

// insertMatches adds pairs that are not there yet.
func insertMatches(tx *store.Tx, pairs []Match) error {
	for _, m := range pairs {
		id := store.NewID()
		n, err := tx.Exec(`insert into result_match (program, id, older, newer, same_number, state, at, older_office, newer_office, older_said, newer_said, older_by, newer_by)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', null, null) on conflict (program, older, newer) do nothing`,
			m.Program, id, m.Older, m.Newer, m.Number, m.State, store.Micros(tx.Now()), m.OlderOffice, m.NewerOffice)
		if err != nil {
			return fault.Wrap(err, "proposing a pair")
		}
		if n == 0 {
			continue
		}
		if err := tx.Touch("result_match", m.Program, id); err != nil {
			return err
		}
	}
	return nil
}

func updateMatch(tx *store.Tx, m Match) error {
	_, err := tx.Exec(`update result_match set state = $3, older_said = $4, newer_said = $5, older_by = $6, newer_by = $7 where program = $1 and id = $2`,
		m.Program, m.ID, m.State, m.OlderSaid, m.NewerSaid, orNil(m.OlderBy), orNil(m.NewerBy))
	if err != nil {
		return fault.Wrap(err, "keeping what was said of a pair")
	}
	return tx.Touch("result_match", m.Program, m.ID)
}

// countSame is how many arrests count with one.
func countSame(ctx context.Context, q store.Reader, program string, id store.ID) (n int, err error) {
	err = q.QueryRow(ctx, `select count(*) from result where program = $1 and same_as = $2`, program, id).Scan(&n)
	return n, fault.Wrap(err, "looking for arrests of the same person")
}

// matchesOf lists the pairs that a row is in.
func matchesOf(ctx context.Context, q store.Reader, program string, id store.ID) ([]Match, error) {
	return matchList(ctx, q, `select `+columnsOfMatch+` from result_match where program = $1 and (older = $2 or newer = $2) order by at, id`, program, id)
}

// matchesAt lists an office's pairs that both rows of count, behind a place in
// the list, the oldest first. open leaves out what is decided.
func matchesAt(ctx context.Context, q store.Reader, program, office string, open bool, at int64, after store.ID, limit int) ([]Match, error) {
	return matchList(ctx, q, `select `+columnsOfMatch+` from result_match m where program = $1 and (older_office = $2 or newer_office = $2) and ($3 = 0 or state = 'proposed')
		and (at > $4 or at = $4 and id > $5)
		and not exists (select 1 from result r join result_import i on i.program = r.program and i.id = r.origin
			where r.program = m.program and (r.id = m.older or r.id = m.newer) and i.state <> 'done' and i.state <> 'confirming')
		order by at, id limit $6`, program, office, store.Flag(open), at, after, limit)
}

func matchList(ctx context.Context, q store.Reader, query string, args ...any) ([]Match, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, fault.Wrap(err, "listing pairs")
	}
	defer rows.Close()
	var out []Match
	for rows.Next() {
		m, err := scanMatch(rows)
		if err != nil {
			return nil, fault.Wrap(err, "listing pairs")
		}
		out = append(out, m)
	}
	return out, fault.Wrap(rows.Err(), "listing pairs")
}
