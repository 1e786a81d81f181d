// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"sync"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
)

// adopted remembers for which programs this process looked their clocks through.
// Once is enough, and two servers with different packs must not do it in turn.
type adopted struct {
	mu   sync.Mutex
	done map[string]bool
}

func (a *adopted) has(programID string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.done[programID]
}

func (a *adopted) add(programID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done == nil {
		a.done = map[string]bool{}
	}
	a.done[programID] = true
}

// adopt brings the clocks that run onto the ladders of the pack in force, when
// these are others than the ones they were brought onto before. Nobody is left
// out because of it, and nobody waits longer: a referral goes down to the last
// rung up to which everybody was told, and its next rung is due when the sooner
// of the two ladders says. Somebody may be told once more.
//
// A clock that another server, which still has the old pack, sets while this
// runs is brought over when it next climbs.
func (s *Service) adopt(ctx context.Context, programID string, now time.Time) error {
	p, ok := s.programs.Program(programID)
	if !ok || s.adopted.has(programID) {
		return nil
	}
	fresh := p.Ladders.Sum()
	was, err := laddersOf(ctx, s.db, programID)
	if err != nil {
		return err
	}
	if was != fresh {
		if err := s.adoptAll(ctx, p, now); err != nil {
			return err
		}
		err := s.db.Write(ctx, func(tx *store.Tx) error { return setLadders(tx, programID, fresh) })
		if err != nil {
			return err
		}
	}
	s.adopted.add(programID)
	return nil
}

func (s *Service) adoptAll(ctx context.Context, p *program.Program, now time.Time) error {
	var last store.ID
	for {
		open, err := referrals(ctx, s.db, p.ID, `next_at is not null and origin not in ('reminder', 'canary') and id > $2 order by id limit 200`, last)
		if err != nil {
			return err
		}
		for _, r := range open {
			if err := s.adoptOne(ctx, p.Ladders.For(r.Danger), r, now); err != nil {
				return err
			}
		}
		if len(open) < 200 {
			return nil
		}
		last = open[len(open)-1].ID
	}
}

// adoptOne writes only where something changes for the referral.
func (s *Service) adoptOne(ctx context.Context, l program.Ladder, r Referral, now time.Time) error {
	fresh := r.onto(l, now)
	if fresh.Level == r.Level && fresh.Told == r.Told && fresh.NextAt.Equal(r.NextAt) {
		return nil
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		moved, err := set(tx, r, "level = $3, told = $4, next_at = $5", "level = $6 and next_at = $7",
			int64(fresh.Level), text(fresh.Told), micros(fresh.NextAt), int64(r.Level), micros(r.NextAt))
		if err != nil || !moved {
			return err
		}
		return s.step(tx, r, system, "", ActLadder, r.State, "", fresh.Level)
	})
}

// onto is r on another ladder.
func (r Referral) onto(l program.Ladder, now time.Time) Referral {
	next := r.NextAt
	r.onRung(l, r.stands(l))
	if at := r.nextTime(l, r.Level, now); !at.IsZero() && at.Before(next) {
		next = at
	}
	r.NextAt = next
	return r
}
