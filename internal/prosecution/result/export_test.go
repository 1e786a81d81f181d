// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"

	"waylight/internal/platform/bulk"
	"waylight/internal/platform/store"
)

// LeaveAsBefore leaves a committed import, of which nothing is written yet, as an earlier build
// left one that broke off: rows under the numbers of their lines in parts that are only sealed, so
// many parts of them written, and so many rows counted.
func (s *Service) LeaveAsBefore(ctx context.Context, im Import, parts int64, counted int) error {
	b, err := s.box(im.Program)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		of, err := partsRead(ctx, tx, im)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`update result_import_progress set task = 'commit' where import = $1 and task = 'write'`, im.ID); err != nil {
			return err
		}
		var line int64
		for n := range of {
			var rows []Result
			if err := readPart(ctx, tx, b, im.Program, im.ID, "rows", n, &rows); err != nil {
				return err
			}
			for i := range rows {
				line++
				rows[i].ID = bulk.RowID(im.ID, line+1)
			}
			body, err := b.seal(at("result_import_part.body", im.ID, "rows", n), rows)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`update result_import_part set body = $1 where import = $2 and what = 'rows' and part = $3`, body, im.ID, n); err != nil {
				return err
			}
			if n >= parts {
				continue
			}
			p, err := holdProgress(ctx, tx, im.Program, im.ID, "commit")
			if err != nil {
				return err
			}
			if _, err := s.writeBefore(ctx, tx, b, im, p); err != nil {
				return err
			}
		}
		if counted == 0 {
			return nil
		}
		rows, err := rowsByDay(ctx, tx, b, im, 0, counted)
		if err != nil {
			return err
		}
		if err := rollAll(tx, rows); err != nil {
			return err
		}
		return setProgress(tx, im, "sum", im.By, 0, int64(counted), line)
	})
}
