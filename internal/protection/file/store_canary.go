// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// ClearCanary deletes the files of a report that the room of the reports has just
// deleted as a canary, in the same transaction. Their absence waits for the
// caller's tx.Log.
func (s *Service) ClearCanary(ctx context.Context, tx *store.Tx, programID string, report store.ID) error {
	files, err := filesOf(ctx, tx, programID, report)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := clearFile(ctx, tx, programID, f.ID); err != nil {
			return fault.Wrap(err, "deleting a canary's file")
		}
	}
	_, err = tx.Exec(`delete from file_turn where program = $1 and report = $2`, programID, report)
	return fault.Wrap(err, "deleting a canary's file")
}

func clearFile(ctx context.Context, tx *store.Tx, programID string, id store.ID) error {
	for _, table := range []string{"file_mark", "file_part", "file_upload", "file_sent"} {
		if _, err := tx.Exec(`delete from `+table+` where program = $1 and file = $2`, programID, id); err != nil {
			return err
		}
	}
	wraps, err := wrapKeys(ctx, tx, programID, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from file_wrap where program = $1 and file = $2`, programID, id); err != nil {
		return err
	}
	for _, w := range wraps {
		if err := tx.Touch("file_wrap", programID, id, w.Holder, w.KeyID); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`delete from file where program = $1 and id = $2`, programID, id); err != nil {
		return err
	}
	return tx.Touch("file", programID, id)
}

func wrapKeys(ctx context.Context, tx *store.Tx, programID string, id store.ID) ([]Wrap, error) {
	rows, err := tx.Query(ctx, `select holder, key_id from file_wrap where program = $1 and file = $2 order by holder, key_id`, programID, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Wrap
	for rows.Next() {
		var w Wrap
		var key []byte
		if err := rows.Scan(&w.Holder, &key); err != nil {
			return nil, err
		}
		copy(w.KeyID[:], key)
		list = append(list, w)
	}
	return list, rows.Err()
}
