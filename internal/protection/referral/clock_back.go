// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"math"
	"slices"
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

// rewindAll looks for such clocks in the index of those that run: in the order of
// their ids it would read all referrals that are finished, too, which takes a full
// database many seconds at every start.
func (s *Service) rewindAll(ctx context.Context, programID string, now time.Time) error {
	l := s.ladders(programID)
	wrong := &query{}
	wrong.add(`next_at > ? and state not in ('acknowledged', 'closed', 'done', 'met', 'replaced')
		and (started > ? or opened_at > ? or taken_until > ? or urgency = 1 and level >= ? and next_at > ? or urgency = 0 and level >= ? and next_at > ?)`,
		int64(math.MinInt64), store.Micros(now.Add(ahead)), store.Micros(now.Add(ahead)), store.Micros(now.Add(Lease+ahead)),
		int64(l.Ordinary.Last()), store.Micros(now.Add(l.Ordinary.Repeat+ahead)), int64(l.Danger.Last()), store.Micros(now.Add(l.Danger.Repeat+ahead)))
	all, err := spotsFrom(ctx, s.db, "referral", programID, wrong.where(), wrong.args...)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(all, together) {
		still := wrong.among(some)
		rows, err := referrals(ctx, s.db, programID, still.where(), still.args...)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := s.rewindOne(ctx, r, now); err != nil {
				return err
			}
		}
	}
	return nil
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
