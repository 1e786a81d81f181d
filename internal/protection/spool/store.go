// SPDX-License-Identifier: Apache-2.0

package spool

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

func nameIn(tx *store.Tx, program, fresh string) (string, error) {
	_, err := tx.Exec(`insert into spool_self (program, name) values ($1, $2) on conflict (program) do nothing`, program, fresh)
	if err != nil {
		return "", fault.Wrap(err, "naming the spool")
	}
	var name string
	err = tx.QueryRow(context.Background(), `select name from spool_self where program = $1`, program).Scan(&name)
	return name, fault.Wrap(err, "reading the spool's name")
}

func insertSpooled(tx *store.Tx, w report.Waiting) error {
	var closed, reporter any
	if !w.Closed.IsZero() {
		closed = w.Closed
	}
	if w.Reporter != nil {
		reporter = w.Reporter
	}
	return tx.Insert("spooled", store.Row{
		"program": w.Program, "id": w.Report, "kept": w.Kept, "closed": closed, "lookup": w.Lookup, "via": w.Via, "mode": w.Mode,
		"envelope": w.Envelope, "form": w.Form, "told": w.Told, "plan": w.Plan, "keyless": w.Keyless, "sealed_by": w.SealedBy,
		"body": w.Body, "body_hash": w.BodyHash, "token_hash": w.Token, "reply_key": w.ReplyKey, "wraps": w.Wraps, "reporter": reporter,
	})
}

func insertLeaf(tx *store.Tx, w report.Waiting, leaf custody.Leaf) error {
	return tx.Insert("spooled_leaf", store.Row{"program": w.Program, "id": w.Report, "commitment": leaf.Commitment})
}

func readSpooled(ctx context.Context, r store.Reader, program string, id store.ID) (report.Waiting, bool, error) {
	w := report.Waiting{Program: program, Report: id}
	var kept int64
	var closed sql.NullInt64
	var lookup, bodyHash, token, commitment []byte
	err := r.QueryRow(ctx, `select spooled.kept, spooled.closed, spooled.lookup, spooled.via, spooled.mode, spooled.envelope, spooled.form, spooled.told,
		spooled.plan, spooled.keyless, spooled.sealed_by, spooled.body, spooled.body_hash, spooled.token_hash, spooled.reply_key, spooled.wraps,
		spooled.reporter, spooled_leaf.commitment
		from spooled left join spooled_leaf on spooled_leaf.program = spooled.program and spooled_leaf.id = spooled.id
		where spooled.program = $1 and spooled.id = $2`, program, id).
		Scan(&kept, &closed, &lookup, &w.Via, &w.Mode, &w.Envelope, &w.Form, &w.Told, &w.Plan, &w.Keyless, &w.SealedBy, &w.Body, &bodyHash, &token,
			&w.ReplyKey, &w.Wraps, &w.Reporter, &commitment)
	if errors.Is(err, sql.ErrNoRows) {
		return report.Waiting{}, false, nil
	}
	if err != nil {
		return report.Waiting{}, false, fault.Wrap(err, "reading a report of the spool")
	}
	w.Kept = store.Time(kept)
	if closed.Valid {
		w.Closed = store.Time(closed.Int64)
	}
	copy(w.Lookup[:], lookup)
	copy(w.BodyHash[:], bodyHash)
	copy(w.Token[:], token)
	copy(w.Commitment[:], commitment)
	return w, true, nil
}

func closeSpooled(tx *store.Tx, program string, id store.ID) (bool, error) {
	n, err := tx.Exec(`update spooled set closed = $1 where program = $2 and id = $3 and closed is null`, store.Micros(tx.Now()), program, id)
	if err != nil || n == 0 {
		return false, fault.Wrap(err, "closing a receipt")
	}
	return true, fault.Wrap(tx.Touch("spooled", program, id), "closing a receipt")
}

// errChanged says that a row was changed since it was read: its receipt was closed.
var errChanged = errors.New("a report changed while it was forwarded")

// deleteSpooled removes a report as it was read: a later change stops it, so that
// the report is forwarded once more with it.
func deleteSpooled(tx *store.Tx, w report.Waiting) error {
	n, err := tx.Exec(`delete from spooled where program = $1 and id = $2 and coalesce(closed, 0) = $3`, w.Program, w.Report, store.Micros(w.Closed))
	if err != nil {
		return fault.Wrap(err, "removing a report from the spool")
	}
	if n == 0 {
		return errChanged
	}
	if _, err := tx.Exec(`delete from spooled_leaf where program = $1 and id = $2`, w.Program, w.Report); err != nil {
		return fault.Wrap(err, "removing a report from the spool")
	}
	return tx.Touch("spooled", w.Program, w.Report)
}

func listSpooled(ctx context.Context, r store.Reader, program string) ([]store.ID, error) {
	rows, err := r.Query(ctx, `select id from spooled where program = $1 order by kept, id`, program)
	if err != nil {
		return nil, fault.Wrap(err, "listing the spool")
	}
	defer rows.Close()
	var out []store.ID
	for rows.Next() {
		var id store.ID
		if err := rows.Scan(&id); err != nil {
			return nil, fault.Wrap(err, "listing the spool")
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

func listKept(ctx context.Context, r store.Reader) ([]Kept, error) {
	rows, err := r.Query(ctx, `select program, id, kept from spooled order by kept, program, id`)
	if err != nil {
		return nil, fault.Wrap(err, "listing the spool")
	}
	defer rows.Close()
	var out []Kept
	for rows.Next() {
		var k Kept
		var kept int64
		if err := rows.Scan(&k.Program, &k.Report, &kept); err != nil {
			return nil, fault.Wrap(err, "listing the spool")
		}
		k.At = store.Time(kept)
		out = append(out, k)
	}
	return out, rows.Err()
}

// uncovered says whether something waits whose entry no checkpoint holds yet.
func uncovered(ctx context.Context, r store.Reader, program string) (bool, error) {
	var n int
	err := r.QueryRow(ctx, `select count(*) from spooled_leaf join custody_leaf on custody_leaf.program = spooled_leaf.program and custody_leaf.commitment = spooled_leaf.commitment
		where spooled_leaf.program = $1 and custody_leaf.idx >= (select coalesce(max(size), 0) from custody_checkpoint where program = $1)`, program).Scan(&n)
	return n > 0, fault.Wrap(err, "reading how far the spool's log is published")
}

func countSpooled(ctx context.Context, r store.Reader, program string) (int, error) {
	var n int
	err := r.QueryRow(ctx, `select count(*) from spooled where program = $1`, program).Scan(&n)
	return n, fault.Wrap(err, "counting the spool")
}

func oldestSpooled(ctx context.Context, r store.Reader, program string) (time.Time, error) {
	var kept int64
	err := r.QueryRow(ctx, `select coalesce(min(kept), 0) from spooled where program = $1`, program).Scan(&kept)
	return store.Time(kept), fault.Wrap(err, "reading how long the spool has waited")
}

func readDirectory(ctx context.Context, r store.Reader, program string) (string, error) {
	var state string
	err := r.QueryRow(ctx, `select state from spool_directory where program = $1`, program).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return state, fault.Wrap(err, "reading the spool's copy of the directory")
}

func putDirectory(tx *store.Tx, program, state string) error {
	_, err := tx.Exec(`insert into spool_directory (program, kept, state) values ($1, $2, $3) on conflict (program) do update set kept = excluded.kept, state = excluded.state`,
		program, store.Micros(tx.Now()), state)
	return fault.Wrap(err, "keeping a copy of the directory")
}

func readTold(ctx context.Context, r store.Reader, program string) ([]string, error) {
	var addresses string
	err := r.QueryRow(ctx, `select addresses from spool_told where program = $1`, program).Scan(&addresses)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return strings.Fields(addresses), fault.Wrap(err, "reading whom to mail from the spool")
}

// putTold writes nothing where the same stand there already: it is asked at every look.
func putTold(tx *store.Tx, program string, addresses []string) error {
	_, err := tx.Exec(`insert into spool_told (program, kept, addresses) values ($1, $2, $3)
		on conflict (program) do update set kept = excluded.kept, addresses = excluded.addresses where spool_told.addresses <> excluded.addresses`,
		program, store.Micros(tx.Now()), strings.Join(addresses, "\n"))
	return fault.Wrap(err, "keeping whom to mail in the spool")
}
