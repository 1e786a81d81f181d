// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// noticeSentAt says when a member was last mailed, or spared a mail, about one rung; zero for never.
func noticeSentAt(ctx context.Context, q store.Reader, r Referral, member store.ID, rung int) (time.Time, error) {
	var sent sql.NullInt64
	err := q.QueryRow(ctx, "select sent_at from referral_notice where program = $1 and referral = $2 and level = $3 and member = $4",
		r.Program, r.ID, int64(rung), member).Scan(&sent)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return moment(sent), fault.Wrap(err, "reading a notice")
}

// mailedSince reports whether any mail really went to a member at or after a time.
func mailedSince(ctx context.Context, q store.Reader, programID string, member store.ID, since time.Time) (bool, error) {
	n := 0
	err := q.QueryRow(ctx, "select count(*) from referral_notice where program = $1 and member = $2 and sent_at >= $3 and result = $4",
		programID, member, store.Micros(since), noticeSent).Scan(&n)
	return n > 0, fault.Wrap(err, "reading notices")
}

// writeNotice records one attempt to mail a member.
func writeNotice(tx *store.Tx, r Referral, member store.ID, rung int, result string) error {
	now := store.Micros(tx.Now())
	var sent any
	if result == noticeSent || result == noticeCovered {
		sent = now
	}
	n, err := tx.Exec(`update referral_notice set attempts = attempts + 1, last_at = $5, sent_at = $6, result = $7
		where program = $1 and referral = $2 and level = $3 and member = $4`, r.Program, r.ID, int64(rung), member, now, sent, result)
	if err != nil {
		return fault.Wrap(err, "recording a notice")
	}
	if n > 0 {
		return fault.Wrap(tx.Touch("referral_notice", r.Program, r.ID, int64(rung), member), "recording a notice")
	}
	return fault.Wrap(tx.Insert("referral_notice", store.Row{
		"program": r.Program, "referral": r.ID, "level": int64(rung), "member": member, "report": r.Report, "attempts": int64(1),
		"first_at": now, "last_at": now, "sent_at": sent, "result": result,
	}), "recording a notice")
}

// unmailed counts the people to whom the last mail about something that still
// waits did not go out, among the referrals that a condition picks.
func unmailed(ctx context.Context, q store.Reader, programID, condition string, args ...any) (int, error) {
	n := 0
	err := q.QueryRow(ctx, `select count(*) from (select distinct member from referral_notice where program = $1 and sent_at is null) who
		where exists (select 1 from referral_notice notice where notice.program = $1 and notice.member = who.member and notice.sent_at is null
		and exists (select 1 from referral where referral.program = $1 and referral.id = notice.referral and next_at is not null and `+condition+`))`,
		append([]any{programID}, args...)...).Scan(&n)
	return n, fault.Wrap(err, "reading notices")
}

// insertEvidence puts a proof on record.
func insertEvidence(tx *store.Tx, r Referral, e Evidence) error {
	return fault.Wrap(tx.Insert("referral_proof", store.Row{
		"program": r.Program, "referral": r.ID, "id": store.NewID(), "report": r.Report, "at": store.Micros(tx.Now()), "member": e.Member,
		"office": e.Office, "kind": e.Kind, "code": e.Code, "channel": e.Channel, "signature": e.Signature, "answered": e.Answered,
	}), "storing a proof")
}

// evidenceOf reads the proofs about a report, oldest first.
func evidenceOf(ctx context.Context, q store.Reader, programID string, report store.ID) ([]Evidence, error) {
	rows, err := q.Query(ctx, `select referral, id, at, member, office, kind, code, channel, signature, answered
		from referral_proof where program = $1 and report = $2 order by at, id`, programID, report)
	if err != nil {
		return nil, fault.Wrap(err, "reading proofs")
	}
	defer rows.Close()
	var all []Evidence
	for rows.Next() {
		var e Evidence
		var at int64
		if err := rows.Scan(&e.Referral, &e.ID, &at, &e.Member, &e.Office, &e.Kind, &e.Code, &e.Channel, &e.Signature, &e.Answered); err != nil {
			return nil, fault.Wrap(err, "reading proofs")
		}
		e.At = store.Time(at)
		all = append(all, e)
	}
	return all, fault.Wrap(rows.Err(), "reading proofs")
}

// insertRecusal records that a member stepped back from a report. Twice is once.
func insertRecusal(tx *store.Tx, programID string, report, member store.ID, office string) error {
	err := tx.Insert("referral_recusal", store.Row{
		"program": programID, "report": report, "member": member, "office": office, "at": store.Micros(tx.Now()),
	})
	return fault.Wrap(err, "recording a recusal")
}

// recusals lists the members who stepped back from a report.
func recusals(ctx context.Context, q store.Reader, programID string, report store.ID) (map[store.ID]bool, error) {
	rows, err := q.Query(ctx, "select member from referral_recusal where program = $1 and report = $2", programID, report)
	if err != nil {
		return nil, fault.Wrap(err, "reading recusals")
	}
	defer rows.Close()
	all := map[store.ID]bool{}
	for rows.Next() {
		var id store.ID
		if err := rows.Scan(&id); err != nil {
			return nil, fault.Wrap(err, "reading recusals")
		}
		all[id] = true
	}
	return all, fault.Wrap(rows.Err(), "reading recusals")
}

// insertNote stores a sealed note and gives its id.
func insertNote(tx *store.Tx, programID string, report store.ID, office string, n Note) error {
	return fault.Wrap(tx.Insert("referral_note", store.Row{
		"program": programID, "report": report, "office": office, "id": n.ID, "at": store.Micros(tx.Now()), "member": n.Member,
		"key_id": n.KeyID, "body": n.Body,
	}), "storing a note")
}

// notesOf reads an office's notes about a report, oldest first.
func notesOf(ctx context.Context, q store.Reader, programID string, report store.ID, office string) ([]Note, error) {
	rows, err := q.Query(ctx, `select id, at, member, key_id, body from referral_note
		where program = $1 and report = $2 and office = $3 order by at, id`, programID, report, office)
	if err != nil {
		return nil, fault.Wrap(err, "reading notes")
	}
	defer rows.Close()
	var all []Note
	for rows.Next() {
		var n Note
		var at int64
		if err := rows.Scan(&n.ID, &at, &n.Member, &n.KeyID, &n.Body); err != nil {
			return nil, fault.Wrap(err, "reading notes")
		}
		n.At = store.Time(at)
		all = append(all, n)
	}
	return all, fault.Wrap(rows.Err(), "reading notes")
}
