// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"fmt"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// The room's jobs.
const (
	KindCommit  = "result.commit"
	KindConfirm = "result.confirm"
)

// commitJob writes the rows of a file, part by part. What a crash interrupts goes
// on at the part it came to: a part and how far it is are one transaction.
func (s *Service) commitJob(ctx context.Context, j jobs.Job) error {
	return s.work(ctx, j, KindCommit, s.commitPart)
}

// confirmJob confirms them.
func (s *Service) confirmJob(ctx context.Context, j jobs.Job) error {
	return s.work(ctx, j, KindConfirm, s.confirmPart)
}

// work does one part after the other.
func (s *Service) work(ctx context.Context, j jobs.Job, kind string, part func(ctx context.Context, tx *store.Tx, b box, im Import) (done int64, more bool, err error)) error {
	if len(j.Payload) != 16 {
		return fmt.Errorf("a %s job without an import", kind)
	}
	b, err := s.box(j.Program)
	if err != nil {
		return err
	}
	var im Import
	var done int64
	return jobs.InParts(ctx, s.DB, func(tx *store.Tx) (more bool, err error) {
		if im, err = importByID(ctx, tx, b, j.Program, store.ID(j.Payload)); err != nil {
			return false, err
		}
		done, more, err = part(ctx, tx, b, im)
		return more, err
	}, func(tx *store.Tx) error { return enqueue(tx, kind, im, done) })
}

func (s *Service) commitPart(ctx context.Context, tx *store.Tx, b box, im Import) (int64, bool, error) {
	if im.State != Committing {
		return 0, false, nil // it was done before
	}
	p, err := holdProgress(ctx, tx, im.Program, im.ID, "commit")
	if err != nil {
		return 0, false, err
	}
	var rows []Result
	if err := readPart(ctx, tx, b, im.Program, im.ID, "rows", p.parts, &rows); err != nil {
		return 0, false, err
	}
	actor := "member:" + p.by.String()
	if p.done == p.total {
		if done, more, err := s.sumPart(ctx, tx, b, im, p); err != nil || more {
			return done, more, err
		}
		im.State, im.DecidedBy = Done, p.by
		if err := moveImport(tx, im, Committing); err != nil {
			return 0, false, err
		}
		if err := deleteParts(tx, im, "rows"); err != nil {
			return 0, false, err
		}
		tx.Log(custody.Entry{Program: im.Program, Event: "result.imported", Record: "result_import:" + im.ID.String(), Actor: actor})
		return p.done, false, nil
	}
	if len(rows) == 0 {
		return 0, false, fmt.Errorf("an import's part %d is not there", p.parts)
	}
	for i := range rows {
		rows[i].EnteredAt = store.Micros(tx.Now())
	}
	if err := insertRows(tx, b, rows); err != nil {
		return 0, false, err
	}
	if err := propose(ctx, tx, rows); err != nil {
		return 0, false, err
	}
	tx.Log(custody.Entry{Program: im.Program, Event: "result.import_written", Record: "result_import:" + im.ID.String(), Actor: actor})
	done := p.done + int64(len(rows))
	return done, true, setProgress(tx, im, "commit", p.by, p.parts+1, done, p.total)
}

// sumRows is how many rows are counted with one transaction.
const sumRows = 2000

// sumPart counts some of the rows, which are all written by then, day by day, so
// that the sums of a day are written once or twice and not for every part of the
// file that has a row of it.
func (s *Service) sumPart(ctx context.Context, tx *store.Tx, b box, im Import, p progress) (int64, bool, error) {
	counted, err := holdSums(ctx, tx, im, p)
	if err != nil || counted == p.total {
		return counted, false, err
	}
	rows, err := rowsByDay(ctx, tx, b, im, counted, sumRows)
	if err != nil {
		return 0, false, err
	}
	if len(rows) == 0 {
		return 0, false, fmt.Errorf("an import has %d rows of %d", counted, p.total)
	}
	if err := rollAll(tx, rows); err != nil {
		return 0, false, err
	}
	counted += int64(len(rows))
	return p.total + counted, true, setProgress(tx, im, "sum", p.by, 0, counted, p.total)
}

func (s *Service) confirmPart(ctx context.Context, tx *store.Tx, b box, im Import) (int64, bool, error) {
	if im.State != Confirming {
		return 0, false, nil
	}
	p, err := holdProgress(ctx, tx, im.Program, im.ID, "confirm")
	if err != nil {
		return 0, false, err
	}
	n, err := confirmSome(ctx, tx, b, im, p.by, partRows)
	if err != nil {
		return 0, false, err
	}
	actor := "member:" + p.by.String()
	if n == 0 {
		im.State, im.DecidedBy = Done, p.by
		if err := moveImport(tx, im, Confirming); err != nil {
			return 0, false, err
		}
		tx.Log(custody.Entry{Program: im.Program, Event: "result.import_all_confirmed", Record: "result_import:" + im.ID.String(), Actor: actor})
		return p.done, false, nil
	}
	tx.Log(custody.Entry{Program: im.Program, Event: "result.confirmed", Record: "result_import:" + im.ID.String(), Actor: actor})
	done := p.done + int64(n)
	return done, true, setProgress(tx, im, "confirm", p.by, p.parts+1, done, p.total)
}
