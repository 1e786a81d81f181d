// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"fmt"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// Earlier builds wrote the rows of a file part by part, in the order of the file, under
// numbers that stand in the parts, and counted them when all were there. An import that
// one of them began is finished in that way.

// finishBefore writes and counts what is left of such an import, and says whether nothing is.
func (s *Service) finishBefore(ctx context.Context, b box, im Import) (whole bool, err error) {
	var step int64
	err = jobs.InParts(ctx, s.DB, func(tx *store.Tx) (more bool, err error) {
		now, err := importByID(ctx, tx, b, im.Program, im.ID)
		if err != nil || now.State != Committing {
			return false, err
		}
		step, more, err = s.beforePart(ctx, tx, b, now)
		whole = !more
		return more, err
	}, func(tx *store.Tx) error { return enqueue(tx, KindCommit, im, -step) })
	return whole, err
}

func (s *Service) beforePart(ctx context.Context, tx *store.Tx, b box, im Import) (step int64, more bool, err error) {
	p, err := holdProgress(ctx, tx, im.Program, im.ID, "commit")
	if err != nil {
		return 0, false, err
	}
	if p.done < p.total {
		written, err := s.writeBefore(ctx, tx, b, im, p)
		return 1 + p.done + written, true, err
	}
	began, err := hasProgress(ctx, tx, im, "count")
	if err != nil {
		return 0, false, err
	}
	if !began { // how far the other build had counted is not asked: the sums are made anew
		if err := clearSums(tx, im); err != nil {
			return 0, false, err
		}
		return 1 + p.total, true, setProgress(tx, im, "count", p.by, 0, 0, p.total)
	}
	counted, err := holdProgress(ctx, tx, im.Program, im.ID, "count")
	if err != nil {
		return 0, false, err
	}
	if counted.done == p.total { // from here on it is like one of this build's
		return 0, false, setProgress(tx, im, "write", p.by, p.parts, p.done, p.total)
	}
	n, err := countBefore(ctx, tx, b, im, counted.done)
	if err != nil {
		return 0, false, err
	}
	return 1 + p.total + counted.done + n, true, setProgress(tx, im, "count", p.by, 0, counted.done+n, p.total)
}

// writeBefore writes the rows of the next part, and says how many.
func (s *Service) writeBefore(ctx context.Context, tx *store.Tx, b box, im Import, p progress) (int64, error) {
	var list []Result
	if err := readPart(ctx, tx, b, im.Program, im.ID, "rows", p.parts, &list); err != nil {
		return 0, err
	}
	if len(list) == 0 {
		return 0, fmt.Errorf("an import's part %d is not there", p.parts)
	}
	rows, err := rowsOf(b, list)
	if err != nil {
		return 0, err
	}
	if err := insertUncounted(tx, list, rows); err != nil {
		return 0, err
	}
	if err := propose(ctx, tx, list); err != nil {
		return 0, err
	}
	tx.Log(custody.Entry{Program: im.Program, Event: "result.import_written", Record: "result_import:" + im.ID.String(), Actor: "member:" + p.by.String()})
	n := int64(len(list))
	return n, setProgress(tx, im, "commit", p.by, p.parts+1, p.done+n, p.total)
}

// countRows is how many rows are counted with one transaction.
const countRows = 2000

// countBefore counts the next of the rows that are written, day by day.
func countBefore(ctx context.Context, tx *store.Tx, b box, im Import, from int64) (int64, error) {
	rows, err := rowsByDay(ctx, tx, b, im, from, countRows)
	if err != nil {
		return 0, err
	}
	if len(rows) == 0 {
		return 0, fmt.Errorf("an import has %d rows, and more are to be counted", from)
	}
	return int64(len(rows)), rollAll(tx, rows)
}
