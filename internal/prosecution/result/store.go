// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"database/sql"
	"errors"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

const columnsOfResult = `program, id, kind, state, day, office, operation, county, organization, role, offense, stage, item, certainty, age, exploitation, matched, covers,
	quantity, amount, qualifier, valued, evidence, booking, state_id, same_as, origin, entered_at, entered_by, decided_by, version, detail`

// visible leaves out the rows of files that are not imported yet.
const visible = ` not exists (select 1 from result_import i where i.program = r.program and i.id = r.origin and i.state <> 'done' and i.state <> 'confirming')`

func scan(row store.Scanner, b box) (Result, error) {
	var r Result
	var sealed []byte
	err := row.Scan(&r.Program, &r.ID, &r.Kind, &r.State, &r.Day, &r.Office, &r.Operation, &r.County, &r.Organization, &r.Role, &r.Offense, &r.Stage, &r.Item,
		&r.Certainty, &r.Age, &r.Exploitation, &r.Matched, &r.Covers, &r.Quantity, &r.Amount, &r.Qualifier, &r.Valued, &r.Evidence, &r.Booking, &r.StateID,
		&r.SameAs, &r.Origin, &r.EnteredAt, &r.EnteredBy, &r.DecidedBy, &r.Version, &sealed)
	if err != nil {
		return r, err
	}
	return r, b.open(at("result.detail", r.ID), sealed, &r.Detail)
}

func rowOf(r Result, b box) (store.Row, error) {
	detail, err := b.seal(at("result.detail", r.ID), r.Detail)
	if err != nil {
		return nil, err
	}
	return store.Row{
		"program": r.Program, "id": r.ID, "kind": r.Kind, "state": r.State, "day": r.Day, "office": r.Office, "operation": r.Operation, "county": r.County,
		"organization": r.Organization, "role": r.Role, "offense": r.Offense, "stage": r.Stage, "item": r.Item, "certainty": r.Certainty, "age": r.Age,
		"exploitation": r.Exploitation, "matched": r.Matched, "covers": r.Covers, "quantity": r.Quantity, "amount": r.Amount, "qualifier": r.Qualifier, "valued": r.Valued,
		"evidence": r.Evidence, "booking": r.Booking, "state_id": r.StateID, "same_as": orNil(r.SameAs), "origin": r.Origin, "entered_at": r.EnteredAt,
		"entered_by": r.EnteredBy, "decided_by": orNil(r.DecidedBy), "version": r.Version, "detail": detail,
	}, nil
}

func orNil(id store.ID) any {
	if id.IsZero() {
		return nil
	}
	return id
}

// rowsOf are results as they are stored, but for when they were entered.
func rowsOf(b box, list []Result) ([]store.Row, error) {
	rows := make([]store.Row, len(list))
	for i, r := range list {
		var err error
		if rows[i], err = rowOf(r, b); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// insertAll adds results, now, and counts them. rows is what rowsOf made of them:
// before, so that what seals keeps nobody from writing.
func insertAll(tx *store.Tx, list []Result, rows []store.Row) error {
	if err := insertUncounted(tx, list, rows); err != nil {
		return err
	}
	return rollAll(tx, list)
}

// insertUncounted is insertAll for rows that are counted later.
func insertUncounted(tx *store.Tx, list []Result, rows []store.Row) error {
	for i := range list {
		list[i].EnteredAt = store.Micros(tx.Now())
		rows[i]["entered_at"] = list[i].EnteredAt
	}
	return tx.InsertAll("result", rows)
}

// byID finds a row that counts or did, of a committed import or of none.
func byID(ctx context.Context, q store.Reader, b box, program string, id store.ID) (Result, error) {
	r, err := scan(q.QueryRow(ctx, `select `+columnsOfResult+` from result r where program = $1 and id = $2 and`+visible, program, id), b)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNone
	}
	return r, fault.Wrap(err, "reading a result")
}

// update writes a row over the version that it was read at, and counts it anew.
func update(tx *store.Tx, b box, before, after Result) error {
	row, err := rowOf(after, b)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update result set state = $4, day = $5, operation = $6, county = $7, organization = $8, role = $9, offense = $10, stage = $11, item = $12,
		certainty = $13, age = $14, exploitation = $15, matched = $16, covers = $17, quantity = $18, amount = $19, qualifier = $20, valued = $21, evidence = $22,
		booking = $23, state_id = $24, same_as = $25, decided_by = $26, version = $27, detail = $28, entered_by = $29 where program = $1 and id = $2 and version = $3`,
		after.Program, after.ID, before.Version, after.State, after.Day, after.Operation, after.County, after.Organization, after.Role, after.Offense, after.Stage,
		after.Item, after.Certainty, after.Age, after.Exploitation, after.Matched, after.Covers, after.Quantity, after.Amount, after.Qualifier, after.Valued,
		after.Evidence, after.Booking, after.StateID, row["same_as"], row["decided_by"], after.Version, row["detail"], after.EnteredBy)
	if err != nil {
		return fault.Wrap(err, "changing a result")
	}
	if n == 0 {
		return ErrMoved
	}
	if err := tx.Touch("result", after.Program, after.ID); err != nil {
		return err
	}
	days := map[dayKey]sheet{}
	tallyRow(days, before, -1)
	tallyRow(days, after, 1)
	return roll(tx, days)
}

// bump gives a row its next version without another content.
func bump(tx *store.Tx, r Result) error {
	n, err := tx.Exec(`update result set version = $4 where program = $1 and id = $2 and version = $3`, r.Program, r.ID, r.Version, r.Version+1)
	if err != nil {
		return fault.Wrap(err, "holding a result")
	}
	if n == 0 {
		return ErrMoved
	}
	return tx.Touch("result", r.Program, r.ID)
}

// insertChange adds an entry to a row's history.
func insertChange(tx *store.Tx, b box, c Change) error {
	row, err := changeRow(tx, b, c)
	if err != nil {
		return err
	}
	return tx.Insert("result_change", row)
}

func changeRow(tx *store.Tx, b box, c Change) (store.Row, error) {
	row := store.Row{"program": c.After.Program, "result": c.After.ID, "version": c.After.Version, "at": tx.Now(), "by_member": c.By, "what": c.What}
	for name, v := range map[string]any{"reason": c.Reason, "before_change": c.Before, "after_change": c.After} {
		sealed, err := b.seal(at("result_change."+name, c.After.ID, c.After.Version), v)
		if err != nil {
			return nil, err
		}
		row[name] = sealed
	}
	return row, nil
}

// forget takes out of a row's history what is not kept of a person who was sold.
func forget(tx *store.Tx, b box, r Result) error {
	changes, err := history(context.Background(), tx, b, r.Program, r.ID)
	if err != nil {
		return err
	}
	for _, c := range changes {
		version := c.After.Version
		c.Before, c.After = c.Before.nameless(), c.After.nameless()
		row, err := changeRow(tx, b, c)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`update result_change set before_change = $4, after_change = $5 where program = $1 and result = $2 and version = $3`,
			r.Program, r.ID, version, row["before_change"], row["after_change"]); err != nil {
			return fault.Wrap(err, "forgetting the number of a person who was sold")
		}
		if err := tx.Touch("result_change", r.Program, r.ID, version); err != nil {
			return err
		}
	}
	return nil
}

// history lists a row's changes, the latest first.
func history(ctx context.Context, q store.Reader, b box, program string, id store.ID) ([]Change, error) {
	rows, err := q.Query(ctx, `select at, by_member, what, version, reason, before_change, after_change from result_change
		where program = $1 and result = $2 order by version desc`, program, id)
	if err != nil {
		return nil, fault.Wrap(err, "reading a history")
	}
	defer rows.Close()
	var out []Change
	for rows.Next() {
		var c Change
		var when, version int64
		var reason, before, after []byte
		if err := rows.Scan(&when, &c.By, &c.What, &version, &reason, &before, &after); err != nil {
			return nil, fault.Wrap(err, "reading a history")
		}
		c.At = store.Time(when)
		open := func(column string, sealed []byte, into any) error {
			return b.open(at("result_change."+column, id, version), sealed, into)
		}
		if err := errors.Join(open("reason", reason, &c.Reason), open("before_change", before, &c.Before), open("after_change", after, &c.After)); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, fault.Wrap(rows.Err(), "reading a history")
}

// Organization is a group that a program tells apart.
type Organization struct {
	ID, Name string
	Retired  bool
}

// organizations lists a program's groups.
func organizations(ctx context.Context, q store.Reader, program string) ([]Organization, error) {
	rows, err := q.Query(ctx, `select id, name, retired from result_organization where program = $1 order by name, id`, program)
	if err != nil {
		return nil, fault.Wrap(err, "listing groups")
	}
	defer rows.Close()
	var out []Organization
	for rows.Next() {
		var o Organization
		var retired int64
		if err := rows.Scan(&o.ID, &o.Name, &retired); err != nil {
			return nil, fault.Wrap(err, "listing groups")
		}
		o.Retired = retired == 1
		out = append(out, o)
	}
	return out, fault.Wrap(rows.Err(), "listing groups")
}

func setOrganization(tx *store.Tx, program string, o Organization) error {
	_, err := tx.Exec(`insert into result_organization (program, id, name, retired) values ($1, $2, $3, $4)
		on conflict (program, id) do update set name = excluded.name, retired = excluded.retired`, program, o.ID, o.Name, store.Flag(o.Retired))
	if err != nil {
		return fault.Wrap(err, "keeping a group")
	}
	return tx.Touch("result_organization", program, o.ID)
}
