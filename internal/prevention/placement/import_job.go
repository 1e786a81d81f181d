// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"fmt"

	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// commitJob writes the places of a file, part by part. What a crash interrupts goes
// on at the part it came to: a part and how far it is are one transaction.
func (s *Service) commitJob(ctx context.Context, j jobs.Job) error {
	return s.work(ctx, j, KindCommit, s.commitPart)
}

// work does one part after the other.
func (s *Service) work(ctx context.Context, j jobs.Job, kind string, part func(ctx context.Context, tx *store.Tx, program string, id store.ID) (done int64, more bool, err error)) error {
	if len(j.Payload) != 16 {
		return fmt.Errorf("a %s job about nothing", kind)
	}
	id := store.ID(j.Payload)
	var done int64
	return jobs.InParts(ctx, s.DB, func(tx *store.Tx) (more bool, err error) {
		done, more, err = part(ctx, tx, j.Program, id)
		return more, err
	}, func(tx *store.Tx) error {
		return jobs.Enqueue(tx, jobs.Job{Program: j.Program, Kind: kind, Key: fmt.Sprintf("%s/%d", id, done), Payload: id[:]})
	})
}

func (s *Service) commitPart(ctx context.Context, tx *store.Tx, program string, id store.ID) (int64, bool, error) {
	im, err := importByID(ctx, tx, program, id)
	if err != nil || im.State != Committing {
		return 0, false, err // it was done before
	}
	p, err := holdProgress(ctx, tx, program, id)
	if err != nil {
		return 0, false, err
	}
	record := "place_import:" + id.String()
	if p.done == p.total {
		im.State, im.Skipped = Done, p.leftOut
		if err := updateImport(tx, im, Committing); err != nil {
			return 0, false, err
		}
		if err := deleteParts(tx, im, "places"); err != nil {
			return 0, false, err
		}
		log(tx, program, "place.imported", record, im.By)
		return p.done, false, nil
	}
	var rows []aside
	if err := readPart(ctx, tx, program, id, "places", p.parts, &rows); err != nil {
		return 0, false, err
	}
	if len(rows) == 0 {
		return 0, false, fmt.Errorf("an import's part %d is not there", p.parts)
	}
	n, err := insertPlaces(ctx, tx, program, rows)
	if err != nil {
		return 0, false, err
	}
	log(tx, program, "place.import_written", record, im.By)
	p.parts, p.done, p.leftOut = p.parts+1, p.done+int64(len(rows)), p.leftOut+int64(len(rows)-n)
	return p.done, true, setProgress(tx, program, id, p)
}

// insertPlaces adds places, but for those that somebody added since the file was read,
// and says how many.
func insertPlaces(ctx context.Context, tx *store.Tx, program string, list []aside) (int, error) {
	places := make([]Place, len(list))
	for i, r := range list {
		places[i] = r.P
	}
	twins, err := placesByTwin(ctx, tx, program, places)
	if err != nil {
		return 0, err
	}
	var rows []store.Row
	for _, p := range places {
		if _, ok := twins[[16]byte(p.twin())]; ok {
			continue
		}
		p.MadeAt = tx.Now()
		rows = append(rows, placeRow(p))
	}
	return len(rows), tx.InsertAll("place", rows)
}
