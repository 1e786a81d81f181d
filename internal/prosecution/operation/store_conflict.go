// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// conflict is two operations that come, or came, near each other.
type conflict struct {
	Program        string
	ID             store.ID
	Later, Earlier store.ID // the one whose plan or change found it, and the one that was there
	Found          time.Time
	FoundBy        string
	LaterSide      side
	EarlierSide    side
	Ended          time.Time // zero while it stands
	EndedWhy       string
}

// side is what one side said became of the call.
type side struct {
	Said string
	At   time.Time
	By   string
}

func (c conflict) record() string { return "conflict:" + c.ID.String() }

// other is the operation on the other side.
func (c conflict) other(of store.ID) store.ID {
	if of == c.Later {
		return c.Earlier
	}
	return c.Later
}

// sides are that of an operation and the other.
func (c conflict) sides(of store.ID) (ours, theirs side) {
	if of == c.Later {
		return c.LaterSide, c.EarlierSide
	}
	return c.EarlierSide, c.LaterSide
}

const conflictColumns = `program, id, later, earlier, found_at, found_by, later_said, later_at, later_by, earlier_said, earlier_at, earlier_by, ended_at, ended_why`

func scanConflict(row store.Scanner) (conflict, error) {
	var c conflict
	var at int64
	var lSaid, lBy, eSaid, eBy, why sql.NullString
	var lAt, eAt, ended sql.NullInt64
	err := row.Scan(&c.Program, &c.ID, &c.Later, &c.Earlier, &at, &c.FoundBy, &lSaid, &lAt, &lBy, &eSaid, &eAt, &eBy, &ended, &why)
	c.Found, c.Ended, c.EndedWhy = store.Time(at), store.Time(ended.Int64), why.String
	c.LaterSide, c.EarlierSide = side{lSaid.String, store.Time(lAt.Int64), lBy.String}, side{eSaid.String, store.Time(eAt.Int64), eBy.String}
	return c, err
}

// conflictsOf lists the conflicts of an operation, also those that ended, the newest first.
func conflictsOf(ctx context.Context, r store.Reader, programID string, id store.ID) ([]conflict, error) {
	return store.Collect(ctx, r, "reading conflicts", scanConflict, `select `+conflictColumns+` from (
		select `+conflictColumns+` from operation_conflict where program = $1 and later = $2 union all
		select `+conflictColumns+` from operation_conflict where program = $1 and earlier = $2) c order by found_at desc, id`, programID, id)
}

func openConflicts(ctx context.Context, r store.Reader, programID string, id store.ID) ([]conflict, error) {
	all, err := conflictsOf(ctx, r, programID, id)
	var open []conflict
	for _, c := range all {
		if c.Ended.IsZero() {
			open = append(open, c)
		}
	}
	return open, err
}

func conflictByID(ctx context.Context, r store.Reader, programID string, id store.ID) (conflict, error) {
	c, err := scanConflict(r.QueryRow(ctx, `select `+conflictColumns+` from operation_conflict where program = $1 and id = $2`, programID, id))
	if errors.Is(err, sql.ErrNoRows) {
		return c, ErrNotFound
	}
	return c, fault.Wrap(err, "reading a conflict")
}

func insertConflict(tx *store.Tx, o Operation, earlier neighbor, by string) error {
	c := conflict{Program: o.Program, ID: store.NewID()}
	err := tx.Insert("operation_conflict", store.Row{
		"program": o.Program, "id": c.ID, "later": o.ID, "earlier": earlier.id, "later_lead": o.Lead, "earlier_lead": earlier.lead, "found_at": tx.Now(), "found_by": by, "later_said": nil, "later_at": nil, "later_by": nil,
		"earlier_said": nil, "earlier_at": nil, "earlier_by": nil, "ended_at": nil, "ended_why": nil,
	})
	tx.Log(custody.Entry{Program: o.Program, Event: "operation.conflict_found", Record: c.record(), Actor: by})
	return err
}

func endConflict(tx *store.Tx, c conflict, why, by string) error {
	n, err := tx.Exec(`update operation_conflict set ended_at = $1, ended_why = $2 where program = $3 and id = $4 and ended_at is null`, store.Micros(tx.Now()), why, c.Program, c.ID)
	if err != nil || n == 0 {
		return fault.Wrap(err, "ending a conflict")
	}
	if err := tx.Touch("operation_conflict", c.Program, c.ID); err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: c.Program, Event: "operation.conflict_ended", Record: c.record(), Actor: by})
	return nil
}

// answerConflict writes what one side said of the call.
func answerConflict(tx *store.Tx, c conflict, of store.ID, said, by string) error {
	q := `update operation_conflict set later_said = $1, later_at = $2, later_by = $3 where program = $4 and id = $5`
	if of == c.Earlier {
		q = `update operation_conflict set earlier_said = $1, earlier_at = $2, earlier_by = $3 where program = $4 and id = $5`
	}
	if _, err := tx.Exec(q, said, store.Micros(tx.Now()), by, c.Program, c.ID); err != nil {
		return fault.Wrap(err, "writing what was said of a conflict")
	}
	if err := tx.Touch("operation_conflict", c.Program, c.ID); err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: c.Program, Event: "operation.conflict_answered", Record: c.record(), Actor: by})
	return nil
}

// waiting counts the conflicts of which the office's side has said nothing yet, for each operation that the office leads.
func waiting(ctx context.Context, r store.Reader, programID, office string) (map[store.ID]int, error) {
	type one struct {
		id store.ID
		n  int
	}
	all, err := store.Collect(ctx, r, "counting conflicts", func(row store.Scanner) (one, error) {
		var o one
		err := row.Scan(&o.id, &o.n)
		return o, err
	}, `select later, count(*) from operation_conflict where program = $1 and later_lead = $2 and ended_at is null and later_said is null group by later
		union all select earlier, count(*) from operation_conflict where program = $1 and earlier_lead = $2 and ended_at is null and earlier_said is null group by earlier`, programID, office)
	out := map[store.ID]int{}
	for _, o := range all {
		out[o.id] += o.n
	}
	return out, err
}
