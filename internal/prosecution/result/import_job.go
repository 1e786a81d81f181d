// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"fmt"
	"sync"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// The room's jobs.
const (
	KindCommit  = "result.commit"
	KindConfirm = "result.confirm"
)

// commitJob writes the rows of a file, batch by batch. What a crash interrupts goes
// on at the row it came to: a batch and how far it is are one transaction.
func (s *Service) commitJob(ctx context.Context, j jobs.Job) error {
	b, im, err := s.importOf(ctx, j, KindCommit)
	if err != nil || im.State != Committing {
		return err
	}
	old, err := startedBefore(ctx, s.DB, im)
	if err != nil {
		return err
	}
	if old {
		whole, err := s.finishBefore(ctx, b, im)
		if err != nil || !whole {
			return err
		}
		return s.commitJob(ctx, j) // what is left to do is the same
	}
	parts := int64(0) // all are written, and some of what was put aside may be deleted
	if im.Done < im.Total {
		if parts, err = partsRead(ctx, s.DB, im); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	ready := make(chan batch)
	var making sync.WaitGroup
	making.Go(func() { runsOf(s.DB, b, im, parts).batches(ctx, im.Done, ready) })
	defer making.Wait()
	defer stop()
	for more := true; more; {
		next := <-ready // of no more rows, when all are made
		if next.err != nil {
			return next.err
		}
		err := s.DB.Write(ctx, func(tx *store.Tx) error {
			now, err := importByID(ctx, tx, b, j.Program, im.ID)
			if err != nil {
				return err
			}
			step, again, err := s.commitPart(ctx, tx, now, next)
			if more = again; err == nil && more && jobs.Late(ctx) {
				more = false
				return enqueue(tx, KindCommit, now, step)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// importOf is the import that a job is about.
func (s *Service) importOf(ctx context.Context, j jobs.Job, kind string) (box, Import, error) {
	if len(j.Payload) != 16 {
		return box{}, Import{}, fmt.Errorf("a %s job without an import", kind)
	}
	b, err := s.box(j.Program)
	if err != nil {
		return b, Import{}, err
	}
	im, err := importByID(ctx, s.DB, b, j.Program, store.ID(j.Payload))
	return b, im, err
}

// partsAtOnce is how many parts that are written are deleted with one transaction.
const partsAtOnce = 20

// commitPart writes a batch, or when all rows are written does a step of what is left
// to do. It says which step comes next, and whether one does.
func (s *Service) commitPart(ctx context.Context, tx *store.Tx, im Import, next batch) (step int64, more bool, err error) {
	if im.State != Committing {
		return 0, false, nil // it was done before
	}
	p, err := holdProgress(ctx, tx, im.Program, im.ID, "write")
	if err != nil {
		return 0, false, err
	}
	p.parts++
	if p.done < p.total {
		return p.parts, true, s.writeBatch(ctx, tx, im, p, next)
	}
	deleted, err := deleteSome(ctx, tx, im, "rows", partsAtOnce)
	if err != nil {
		return 0, false, err
	}
	if deleted {
		return p.parts, true, setProgress(tx, im, "write", p.by, p.parts, p.done, p.total)
	}
	im.State, im.DecidedBy = Done, p.by
	if err := moveImport(tx, im, Committing); err != nil {
		return 0, false, err
	}
	tx.Log(custody.Entry{Program: im.Program, Event: "result.imported", Record: "result_import:" + im.ID.String(), Actor: "member:" + p.by.String()})
	return p.parts, false, nil
}

func (s *Service) writeBatch(ctx context.Context, tx *store.Tx, im Import, p progress, next batch) error {
	if next.from != p.done || len(next.list) == 0 {
		return fmt.Errorf("an import has %d rows written, and %d are to be written behind %d", p.done, len(next.list), next.from)
	}
	if err := insertAll(tx, next.list, next.stored); err != nil {
		return err
	}
	if err := propose(ctx, tx, next.list); err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: im.Program, Event: "result.import_written", Record: "result_import:" + im.ID.String(), Actor: "member:" + p.by.String()})
	return setProgress(tx, im, "write", p.by, p.parts, p.done+int64(len(next.list)), p.total)
}

// confirmJob confirms them, part by part.
func (s *Service) confirmJob(ctx context.Context, j jobs.Job) error {
	b, im, err := s.importOf(ctx, j, KindConfirm)
	if err != nil {
		return err
	}
	var done int64
	return jobs.InParts(ctx, s.DB, func(tx *store.Tx) (more bool, err error) {
		if im, err = importByID(ctx, tx, b, j.Program, im.ID); err != nil {
			return false, err
		}
		done, more, err = s.confirmPart(ctx, tx, b, im)
		return more, err
	}, func(tx *store.Tx) error { return enqueue(tx, KindConfirm, im, done) })
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
