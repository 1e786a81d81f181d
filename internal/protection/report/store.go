// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

const acceptedEvent = "report.accepted"

// insert writes all of an accepted report, the custody entry that covers it together with
// the referrals that record adds, and its line in the directory of receipts.
func (d *draft) insert(tx *store.Tx, record func() error) (custody.Leaf, error) {
	accepted := tx.Now()
	if !d.accepted.IsZero() {
		accepted = d.accepted
	}
	row := store.Row{
		"program": d.program.ID, "id": d.id, "accepted": accepted, "lookup": d.lookupHash, "closed": nil, "via": d.via, "mode": d.envelope.Mode,
		"envelope": d.envelopeText, "form": d.form, "rules": d.plan.Version, "told": d.toldText,
		"sealed_by": d.sealedBy, "body": d.body.Ciphertext, "body_hash": d.body.Hash, "token_hash": d.body.Token,
		"reply_key": d.replyKey, "wraps": packWraps(d.wraps),
	}
	if !d.closed.IsZero() {
		row["closed"] = d.closed
	}
	if err := tx.Insert("report", row); err != nil {
		return custody.Leaf{}, err
	}
	if err := insertReporter(tx, d.program.ID, d.id, d.reporter); err != nil {
		return custody.Leaf{}, err
	}
	if err := record(); err != nil {
		return custody.Leaf{}, fault.Wrap(err, "recording the referrals")
	}
	leaf := tx.Log(custody.Entry{
		Program: d.program.ID, Event: acceptedEvent, Record: recordName(d.id), Actor: "sender", Rule: d.plan.Version,
	})
	return leaf, tx.Insert("receipt_leaf", store.Row{"program": d.program.ID, "accepted": accepted, "report": d.id, "commitment": leaf.Commitment})
}

func recordName(id store.ID) string { return "report:" + id.String() }

func insertWrap(tx *store.Tx, programID string, id store.ID, holder string, keyID [16]byte, wrap []byte) error {
	return tx.Insert("report_wrap", store.Row{
		"program": programID, "report": id, "holder": holder, "key_id": keyID, "added": tx.Now(), "wrap": wrap,
	})
}

// held is the report of a receipt.
type held struct {
	program    string
	report     store.ID
	accepted   time.Time
	mode, told string
	sealedBy   string
	envelope   string
	replyKey   []byte
	bodyHash   [32]byte
	closed     bool
	waiting    bool     // it stands in the spool
	commitment [32]byte // of its entry in the log; zero when the directory's line is gone or leads elsewhere
}

// readHeld finds the report with an id that was made from a receipt. It does the
// same work whether there is one or not.
func readHeld(ctx context.Context, r store.Reader, programID string, id store.ID) (held, bool, error) {
	h := held{program: programID, report: id}
	var accepted int64
	var closed sql.NullInt64
	var commitment, bodyHash []byte
	err := r.QueryRow(ctx, `select report.accepted, report.mode, report.told, report.sealed_by, report.envelope, report.reply_key,
		report.body_hash, report.closed, coalesce(receipt_leaf.commitment, receipt.commitment)
		from report
		left join receipt_leaf on receipt_leaf.program = report.program and receipt_leaf.accepted = report.accepted and receipt_leaf.report = report.id
		left join receipt on receipt.program = report.program and receipt.lookup = report.lookup and receipt.report = report.id
		where report.program = $1 and report.id = $2`, programID, id).
		Scan(&accepted, &h.mode, &h.told, &h.sealedBy, &h.envelope, &h.replyKey, &bodyHash, &closed, &commitment)
	if errors.Is(err, sql.ErrNoRows) {
		return held{}, false, nil
	}
	if err != nil {
		return held{}, false, fault.Wrap(err, "looking up a receipt")
	}
	h.accepted, h.closed = store.Time(accepted), closed.Valid
	copy(h.commitment[:], commitment)
	copy(h.bodyHash[:], bodyHash)
	return h, true, nil
}

// closeReceipt ends the receipt of a report and says whether it was open.
func closeReceipt(tx *store.Tx, programID string, id store.ID) (bool, error) {
	n, err := tx.Exec(`update report set closed = $1 where program = $2 and id = $3 and closed is null`,
		store.Micros(tx.Now()), programID, id)
	if err != nil || n == 0 {
		return false, fault.Wrap(err, "closing a receipt")
	}
	return true, fault.Wrap(tx.Touch("report", programID, id), "closing a receipt")
}

func readSealed(ctx context.Context, r store.Reader, programID string, id store.ID) (Sealed, error) {
	s := Sealed{Program: programID, ID: id}
	var accepted int64
	var envelope string
	var hash, token []byte
	err := r.QueryRow(ctx, `select accepted, via, envelope, form, sealed_by, body, body_hash, token_hash, reply_key
		from report where program = $1 and id = $2`, programID, id).
		Scan(&accepted, &s.Via, &envelope, &s.Form, &s.SealedBy, &s.Ciphertext, &hash, &token, &s.ReplyKey)
	if errors.Is(err, sql.ErrNoRows) {
		return Sealed{}, ErrNoReport
	}
	if err != nil {
		return Sealed{}, fault.Wrap(err, "reading a sealed report")
	}
	s.Accepted = store.Time(accepted)
	copy(s.Hash[:], hash)
	copy(s.Token[:], token)
	s.Envelope, err = program.ParseEnvelope([]byte(envelope))
	return s, err
}

// readWrap gives the newest wrap for a holder, nil when there is none: one that was made after the report came, or that which came with it.
func readWrap(ctx context.Context, r store.Reader, programID string, id store.ID, holder string) (keyID [16]byte, wrap []byte, err error) {
	var key []byte
	err = r.QueryRow(ctx, `select key_id, wrap from report_wrap
		where program = $1 and report = $2 and holder = $3 order by added desc, key_id limit 1`, programID, id, holder).
		Scan(&key, &wrap)
	if err == nil {
		copy(keyID[:], key)
		return keyID, wrap, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return keyID, nil, fault.Wrap(err, "reading a wrap")
	}
	first, err := firstWraps(ctx, r, programID, id)
	for _, w := range first {
		if w.holder == holder {
			return w.keyID, w.wrap, nil
		}
	}
	return keyID, nil, err
}

// firstWraps are those that a report came with. Of one that is not there, there are none.
func firstWraps(ctx context.Context, r store.Reader, programID string, id store.ID) ([]wrapped, error) {
	var packed []byte
	err := r.QueryRow(ctx, `select wraps from report where program = $1 and id = $2`, programID, id).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, "reading a report's wraps")
	}
	return unpackWraps(packed)
}
