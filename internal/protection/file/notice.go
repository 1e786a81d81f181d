// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/protection/referral"
)

const (
	patience = 24 * time.Hour   // how long an upload waits for its sender to come back
	together = 15 * time.Minute // files that come within this time are one notice
)

// announce lets those on duty know that a file came, once for files that come
// together.
func (s *Service) announce(ctx context.Context, tx *store.Tx, f File) error {
	last, err := lastArrived(ctx, tx, f.Program, f.Report)
	if err != nil || tx.Now().Sub(store.Time(last)) < together {
		return err
	}
	return jobs.Enqueue(tx, jobs.Job{Program: f.Program, Kind: KindNotice, Key: f.Report.String(), Payload: f.Report[:]})
}

// notify tells whoever is on duty at each office that holds the report. The mail
// is the one of every notice: no content, no topic, no number.
func (s *Service) notify(ctx context.Context, j jobs.Job) error {
	if len(j.Payload) != len(store.ID{}) {
		return nil
	}
	id := store.ID(j.Payload)
	holders, err := s.holders(ctx, j.Program, id)
	if err != nil {
		return err
	}
	for _, office := range holders {
		held, err := s.Holders.Held(ctx, j.Program, id, office)
		if err != nil {
			return fault.Wrap(err, "asking who holds a report")
		}
		rung, who, err := s.Holders.Climb(ctx, held, referral.RungOnDuty, s.Now())
		if err != nil {
			return fault.Wrap(err, "asking who is on duty")
		}
		for _, m := range who {
			if err := s.Holders.Tell(ctx, m, rung); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweep ends uploads that nothing came for in a day. What arrived is kept.
func (s *Service) sweep(ctx context.Context, j jobs.Job) error {
	stale, err := staleUploads(ctx, s.DB, j.Program, store.Micros(s.Now().Add(-patience)))
	if err != nil {
		return err
	}
	for _, u := range stale {
		f, err := readFile(ctx, s.DB, j.Program, u.File)
		if err != nil {
			return err
		}
		if err := s.end(ctx, f, u, Broken, ReasonCut); err != nil {
			return fault.Wrap(err, "ending an upload that nothing came for")
		}
	}
	return nil
}
