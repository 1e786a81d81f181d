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

// insert writes all of an accepted report but its receipt, and the custody
// entry that covers it together with the referrals that record adds.
func (d *draft) insert(tx *store.Tx, record func() error) (custody.Leaf, error) {
	err := tx.Insert("report", store.Row{
		"program": d.program.ID, "id": d.id, "accepted": tx.Now(), "via": d.via, "mode": d.envelope.Mode,
		"envelope": d.envelopeText, "form": formName(d.program), "rules": d.plan.Version, "told": d.toldText,
		"sealed_by": sealedByServer, "body": d.body.Ciphertext, "body_hash": d.body.Hash, "token_hash": d.body.Token,
		"reply_key": d.replyKey,
	})
	if err != nil {
		return custody.Leaf{}, err
	}
	for _, w := range d.wraps {
		if err := insertWrap(tx, d.program.ID, d.id, w.holder, w.keyID, w.wrap); err != nil {
			return custody.Leaf{}, err
		}
	}
	if err := record(); err != nil {
		return custody.Leaf{}, fault.Wrap(err, "recording the referrals")
	}
	leaf := tx.Log(custody.Entry{
		Program: d.program.ID, Event: "report.accepted", Record: recordName(d.id), Actor: "sender", Rule: d.plan.Version,
	})
	return leaf, insertReceipt(tx, d, leaf)
}

func recordName(id store.ID) string { return "report:" + id.String() }

func insertWrap(tx *store.Tx, programID string, id store.ID, holder string, keyID [16]byte, wrap []byte) error {
	return tx.Insert("report_wrap", store.Row{
		"program": programID, "report": id, "holder": holder, "key_id": keyID, "added": tx.Now(), "wrap": wrap,
	})
}

func insertReceipt(tx *store.Tx, d *draft, leaf custody.Leaf) error {
	return tx.Insert("receipt", store.Row{
		"program": d.program.ID, "lookup": d.lookupHash, "report": d.id, "commitment": leaf.Commitment, "closed": nil,
	})
}

// kept is what a repeated submission is answered from.
type kept struct {
	accepted time.Time
	told     string
	leaf     custody.Leaf
}

func readKept(ctx context.Context, r store.Reader, programID string, id store.ID, lookup [32]byte) (kept, error) {
	var k kept
	var accepted int64
	var commitment, salt []byte
	err := r.QueryRow(ctx, `select report.accepted, report.told, receipt.commitment, custody_leaf.salt
		from report
		join receipt on receipt.program = report.program and receipt.report = report.id and receipt.lookup = $3
		join custody_leaf on custody_leaf.program = receipt.program and custody_leaf.commitment = receipt.commitment
		where report.program = $1 and report.id = $2`, programID, id, lookup[:]).
		Scan(&accepted, &k.told, &commitment, &salt)
	if errors.Is(err, sql.ErrNoRows) {
		return kept{}, ErrNoReport
	}
	if err != nil {
		return kept{}, fault.Wrap(err, "reading a stored report")
	}
	k.accepted = store.Time(accepted)
	k.leaf = custody.Leaf{Program: programID, At: k.accepted}
	copy(k.leaf.Commitment[:], commitment)
	copy(k.leaf.Salt[:], salt)
	return k, nil
}

// held is what a receipt leads to.
type held struct {
	program    string
	report     store.ID
	accepted   time.Time
	mode       string
	commitment [32]byte
}

// readReceipt finds the report of a receipt that is not closed. It does the same
// work whether there is one or not.
func readReceipt(ctx context.Context, r store.Reader, programID string, lookup [32]byte) (held, bool, error) {
	h := held{program: programID}
	var accepted int64
	var commitment []byte
	err := r.QueryRow(ctx, `select report.id, report.accepted, report.mode, receipt.commitment
		from receipt join report on report.program = receipt.program and report.id = receipt.report
		where receipt.program = $1 and receipt.lookup = $2 and receipt.closed is null`, programID, lookup[:]).
		Scan(&h.report, &accepted, &h.mode, &commitment)
	if errors.Is(err, sql.ErrNoRows) {
		return held{}, false, nil
	}
	if err != nil {
		return held{}, false, fault.Wrap(err, "looking up a receipt")
	}
	h.accepted = store.Time(accepted)
	copy(h.commitment[:], commitment)
	return h, true, nil
}

// closeReceipt ends a receipt and says whether it was open.
func closeReceipt(tx *store.Tx, programID string, lookup [32]byte) (bool, error) {
	n, err := tx.Exec(`update receipt set closed = $1 where program = $2 and lookup = $3 and closed is null`,
		store.Micros(tx.Now()), programID, lookup[:])
	return n > 0, fault.Wrap(err, "closing a receipt")
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

// readWrap gives the newest wrap for a holder, nil when there is none.
func readWrap(ctx context.Context, r store.Reader, programID string, id store.ID, holder string) (keyID [16]byte, wrap []byte, err error) {
	var key []byte
	err = r.QueryRow(ctx, `select key_id, wrap from report_wrap
		where program = $1 and report = $2 and holder = $3 order by added desc, key_id limit 1`, programID, id, holder).
		Scan(&key, &wrap)
	if errors.Is(err, sql.ErrNoRows) {
		return keyID, nil, nil
	}
	copy(keyID[:], key)
	return keyID, wrap, fault.Wrap(err, "reading a wrap")
}
