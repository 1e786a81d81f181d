// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// noticeSentAt is when a person was mailed about files of a report, or zero.
func noticeSentAt(ctx context.Context, r store.Reader, program string, report store.ID, office string, member store.ID) (time.Time, error) {
	var at sql.NullInt64
	err := r.QueryRow(ctx, `select sent_at from file_notice where program = $1 and report = $2 and office = $3 and member = $4`,
		program, report, office, member).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return store.Time(at.Int64), fault.Wrap(err, "reading a notice")
}

// writeNotice records one attempt to mail a person.
func writeNotice(tx *store.Tx, program string, report store.ID, office string, member store.ID, result string) error {
	now, sent := store.Micros(tx.Now()), any(nil)
	if result == noticeSent {
		sent = now
	}
	n, err := tx.Exec(`update file_notice set attempts = attempts + 1, last_at = $5, sent_at = coalesce($6, sent_at), result = $7
		where program = $1 and report = $2 and office = $3 and member = $4`, program, report, office, member, now, sent, result)
	if err != nil {
		return fault.Wrap(err, "recording a notice")
	}
	if n > 0 {
		return fault.Wrap(tx.Touch("file_notice", program, report, office, member), "recording a notice")
	}
	return fault.Wrap(tx.Insert("file_notice", store.Row{
		"program": program, "report": report, "office": office, "member": member, "attempts": int64(1),
		"first_at": now, "last_at": now, "sent_at": sent, "result": result,
	}), "recording a notice")
}
