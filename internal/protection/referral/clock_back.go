// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
)

// ahead is how far a time may lie ahead of the clock before it counts as one of a clock
// that has been set back since.
const ahead = 5 * time.Minute

// rewind puts clocks right that ran by a wrong time. When the machine's clock was a day
// or a year ahead and is set back, a duty that began meanwhile would be late a day or a
// year too late, and persons who were told again too early would not be told again. Such
// a clock begins again now: nobody knows when it should have begun, and now is sooner.
func (s *Service) rewind(ctx context.Context, programID string, now time.Time) error {
	if !s.clock.Back(programID, now) {
		return nil
	}
	err := s.rewindAll(ctx, programID, now)
	if err != nil {
		s.clock.Again(programID)
	}
	return err
}

func (s *Service) rewindAll(ctx context.Context, programID string, now time.Time) error {
	l := s.ladders(programID)
	var last Referral
	for {
		wrong, err := referrals(ctx, s.db, programID, `next_at is not null and id > $2 and state not in ('acknowledged', 'closed', 'done', 'met', 'replaced')
			and (started > $3 or opened_at > $3 or taken_until > $4 or urgency = 1 and level >= $5 and next_at > $6 or urgency = 0 and level >= $7 and next_at > $8) order by id limit 200`,
			last.ID, store.Micros(now.Add(ahead)), store.Micros(now.Add(Lease+ahead)), int64(l.Ordinary.Last()), store.Micros(now.Add(l.Ordinary.Repeat+ahead)),
			int64(l.Danger.Last()), store.Micros(now.Add(l.Danger.Repeat+ahead)))
		if err != nil {
			return err
		}
		for _, r := range wrong {
			if err := s.rewindOne(ctx, r, now); err != nil {
				return err
			}
		}
		if len(wrong) < 200 {
			return nil
		}
		last = wrong[len(wrong)-1]
	}
}

func (s *Service) rewindOne(ctx context.Context, was Referral, now time.Time) error {
	r := was.rewound(s.ladder(was), now)
	return s.db.Write(ctx, func(tx *store.Tx) error {
		held, err := set(tx, was, "started = $3, due = $4, order_at = $5, opened_at = $6, taken_until = $7, next_at = $8", "level = $9 and next_at = $10",
			micros(r.Started), micros(r.Due), store.Micros(orderOf(r)), micros(r.OpenedAt), micros(r.TakenUntil), micros(r.NextAt), int64(was.Level), micros(was.NextAt))
		if err != nil || !held {
			return err
		}
		return s.step(tx, r, system, "", ActStart, r.State, "", r.Level)
	})
}

// rewound is r with the times that lie ahead of the clock set to it, and what follows
// from them.
func (r Referral) rewound(l program.Ladder, now time.Time) Referral {
	edge := now.Add(ahead)
	if r.Started.After(edge) {
		by := r.Started.Sub(now)
		r.Started, r.Due, r.NextAt = now, r.Due.Add(-by), r.NextAt.Add(-by)
	}
	if r.OpenedAt.After(edge) {
		r.OpenedAt = now
		r.NextAt = r.rungTime(l, r.stands(l)+1)
	}
	if r.TakenUntil.After(now.Add(Lease + ahead)) {
		r.TakenUntil = now.Add(Lease)
	}
	if r.Level >= l.Last() && r.NextAt.After(now.Add(l.Repeat+ahead)) {
		r.NextAt = now
	}
	return r
}
