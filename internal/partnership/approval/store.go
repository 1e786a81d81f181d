// SPDX-License-Identifier: Apache-2.0

package approval

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

const columns = `program, id, action, subject, detail, requested_by, requested_at, ends, decided_by, decided_at, decision, reason`

func scan(row store.Scanner) (Request, error) {
	var r Request
	var action string
	var at, ends int64
	var by, decision, reason sql.NullString
	var decided sql.NullInt64
	err := row.Scan(&r.Program, &r.ID, &action, &r.Subject, &r.Detail, &r.By, &at, &ends, &by, &decided, &decision, &reason)
	r.Action, r.At, r.Ends = policy.Action(action), store.Time(at), store.Time(ends)
	r.DecidedBy, r.Decision, r.Reason = by.String, decision.String, reason.String
	if decided.Valid {
		r.Decided = store.Time(decided.Int64)
	}
	return r, err
}

func byID(ctx context.Context, q store.Reader, program string, id store.ID) (Request, error) {
	r, err := scan(q.QueryRow(ctx, `select `+columns+` from approval where program = $1 and id = $2`, program, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNone
	}
	return r, fault.Wrap(err, "reading a request")
}

// last is the latest request about a subject.
func last(ctx context.Context, q store.Reader, program string, a policy.Action, subject string) (Request, bool, error) {
	r, err := scan(q.QueryRow(ctx, `select `+columns+` from approval where program = $1 and action = $2 and subject = $3
		order by requested_at desc, id desc limit 1`, program, string(a), subject))
	if errors.Is(err, sql.ErrNoRows) {
		return Request{}, false, nil
	}
	return r, err == nil, fault.Wrap(err, "reading a request")
}

func insert(tx *store.Tx, r Request) error {
	return tx.Insert("approval", store.Row{
		"program": r.Program, "id": r.ID, "action": string(r.Action), "subject": r.Subject, "detail": r.Detail,
		"requested_by": r.By, "requested_at": r.At, "ends": r.Ends, "decided_by": nil, "decided_at": nil, "decision": nil, "reason": nil,
	})
}

// settle writes a decision, once.
func settle(tx *store.Tx, r Request) error {
	n, err := tx.Exec(`update approval set decided_by = $3, decided_at = $4, decision = $5, reason = $6
		where program = $1 and id = $2 and decided_at is null`, r.Program, r.ID, r.DecidedBy, store.Micros(r.Decided), r.Decision, r.Reason)
	if err != nil {
		return fault.Wrap(err, "deciding a request")
	}
	if n == 0 {
		return ErrDecided
	}
	return tx.Touch("approval", r.Program, r.ID)
}

// endOld makes room for a new request where the one before ended by time.
func endOld(tx *store.Tx, r Request) error {
	var id store.ID
	err := tx.QueryRow(context.Background(), `select id from approval where program = $1 and action = $2 and subject = $3 and decided_at is null and ends <= $4`,
		r.Program, string(r.Action), r.Subject, store.Micros(tx.Now())).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fault.Wrap(err, "looking for an ended request")
	}
	return settle(tx, Request{Program: r.Program, ID: id, DecidedBy: "system", Decided: tx.Now(), Decision: Ended})
}

// filter narrows the list. The zero filter is what waits.
type filter struct {
	all    bool
	search string
	now    int64
}

// cursor is the place in the list where a page begins: behind this request.
type cursor struct {
	at int64
	id store.ID
}

// list returns up to limit requests behind c, the newest first, and where the next page begins.
func list(ctx context.Context, q store.Reader, program string, f filter, c cursor, limit int) ([]Request, cursor, error) {
	all, from := 0, c.at
	if f.all {
		all = 1
	}
	if c == (cursor{}) {
		from = 1 << 62
	}
	rows, err := q.Query(ctx, `select `+columns+` from approval where program = $1
		and ($2 = 1 or decided_at is null and ends > $3) and (action like $4 escape '\' or subject like $4 escape '\' or detail like $4 escape '\')
		and (requested_at < $5 or requested_at = $5 and id < $6) order by requested_at desc, id desc limit $7`,
		program, all, f.now, "%"+likeEscape(f.search)+"%", from, c.id, limit+1)
	if err != nil {
		return nil, cursor{}, fault.Wrap(err, "listing requests")
	}
	defer rows.Close()
	var out []Request
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, cursor{}, fault.Wrap(err, "listing requests")
		}
		if len(out) == limit {
			end := out[limit-1]
			return out, cursor{store.Micros(end.At), end.ID}, nil
		}
		out = append(out, r)
	}
	return out, cursor{}, fault.Wrap(rows.Err(), "listing requests")
}

func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
