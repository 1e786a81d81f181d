// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"database/sql"
	"errors"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

func insertSent(tx *store.Tx, program string, file store.ID, mark []byte) error {
	return fault.Wrap(tx.Insert("file_sent", store.Row{"program": program, "file": file, "mark": mark}), "marking a file")
}

// readSent is the mark of a file that came whole; none when it has none, which no other one is.
func readSent(ctx context.Context, r store.Reader, f File) (mark []byte, err error) {
	err = r.QueryRow(ctx, `select mark from file_sent where program = $1 and file = $2`, f.Program, f.ID).Scan(&mark)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return mark, fault.Wrap(err, "reading the mark of a file")
}
