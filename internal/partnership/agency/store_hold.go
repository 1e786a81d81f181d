// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"database/sql"
	"errors"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// --- legal holds

func insertHold(tx *store.Tx, a Actor, h Hold) error {
	row := store.Row{"program": a.Program, "id": h.ID, "office": h.Office, "report": nil, "basis": h.Basis, "placed_at": tx.Now(), "placed_by": a.String(),
		"lifted_at": nil, "lifted_by": nil, "lift_asked_by": nil}
	if h.Report != (store.ID{}) {
		row["report"] = h.Report
	}
	return tx.Insert("legal_hold", row)
}

func liftHold(tx *store.Tx, prog string, id store.ID, by, asked string) error {
	n, err := tx.Exec(`update legal_hold set lifted_at = $1, lifted_by = $2, lift_asked_by = $3 where program = $4 and id = $5 and lifted_at is null`,
		store.Micros(tx.Now()), by, asked, prog, id)
	if err != nil {
		return fault.Wrap(err, "lifting a hold")
	}
	if n == 0 {
		return errHeldTwice
	}
	return tx.Touch("legal_hold", prog, id)
}

const holdColumns = `id, office, report, basis, placed_at, placed_by, lifted_at, lifted_by, lift_asked_by`

func scanHold(row interface{ Scan(...any) error }) (Hold, error) {
	var h Hold
	var report []byte
	var placed int64
	var lifted sql.NullInt64
	var by, asked sql.NullString
	err := row.Scan(&h.ID, &h.Office, &report, &h.Basis, &placed, &h.PlacedBy, &lifted, &by, &asked)
	copy(h.Report[:], report)
	h.Placed, h.Lifted, h.LiftedBy, h.LiftAskedBy = store.Time(placed), moment(lifted), by.String, asked.String
	return h, err
}

func holdByID(ctx context.Context, r store.Reader, prog string, id store.ID) (Hold, error) {
	h, err := scanHold(r.QueryRow(ctx, `select `+holdColumns+` from legal_hold where program = $1 and id = $2`, prog, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Hold{}, errNoSuch
	}
	return h, fault.Wrap(err, "reading a hold")
}

// readHolds lists the holds of an office, or of all for "", the newest first.
func readHolds(ctx context.Context, r store.Reader, prog, office string) ([]Hold, error) {
	return store.Collect(ctx, r, "reading the holds", func(rows store.Scanner) (Hold, error) { return scanHold(rows) },
		`select `+holdColumns+` from legal_hold where program = $1 and (office = $2 or $2 = '') order by placed_at desc, id`, prog, office)
}

// --- closing

// wipeWrap ends a wrap and takes what it sealed out of the row.
func wipeWrap(tx *store.Tx, prog, office string, w Wrap) error {
	_, err := tx.Exec(`update agency_key_wrap set ended = coalesce(ended, $1), sealed = $2 where program = $3 and office = $4 and key_id = $5 and holder = $6`,
		store.Micros(tx.Now()), []byte{}, prog, office, w.Key[:], w.Holder)
	if err != nil {
		return fault.Wrap(err, "ending a wrap for good")
	}
	return tx.Touch("agency_key_wrap", prog, office, w.Key, w.Holder)
}

func insertAttestation(tx *store.Tx, prog string, a Attestation) error {
	return tx.Insert("office_attestation", store.Row{"program": prog, "office": a.Office, "closing": a.Closing, "member": a.Member, "statement": a.Statement, "at": tx.Now()})
}

func readAttestations(ctx context.Context, r store.Reader, prog, office string) ([]Attestation, error) {
	return store.Collect(ctx, r, "reading what was attested", func(rows store.Scanner) (Attestation, error) {
		a := Attestation{Office: office}
		var at int64
		err := rows.Scan(&a.Closing, &a.Member, &a.Statement, &at)
		a.At = store.Time(at)
		return a, err
	}, `select closing, member, statement, at from office_attestation where program = $1 and office = $2 order by at desc, closing, statement`, prog, office)
}
