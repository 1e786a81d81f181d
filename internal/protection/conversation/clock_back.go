// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"context"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// ahead is how far a time may lie ahead of the clock before it counts as one of a clock
// that has been set back since.
const ahead = 5 * time.Minute

// rewind puts the clocks of threads right that ran by a wrong time, as those of
// referrals are: such a clock begins again now.
func (s *Service) rewind(ctx context.Context, programID string, now time.Time) error {
	if !s.clock.Back(programID, now) {
		return nil
	}
	wrong, err := threads(ctx, s.DB, programID, "(since > $2 or level > 0 and next_at > $2) order by report, office", store.Micros(now.Add(ahead)))
	for _, t := range wrong {
		if err == nil {
			err = s.rewindOne(ctx, t, now)
		}
	}
	if err != nil {
		s.clock.Again(programID)
	}
	return err
}

func (s *Service) rewindOne(ctx context.Context, was Thread, now time.Time) error {
	h, err := s.Referrals.Held(ctx, was.Program, was.Report, was.Office)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	t := was
	if by := t.Since.Sub(now); by > ahead {
		t.Since, t.Due, t.NextAt = now, t.Due.Add(-by), t.NextAt.Add(-by)
	}
	if again := h.Repeats(t.Level); again > 0 && t.NextAt.After(now.Add(again+ahead)) {
		t.NextAt = now
	}
	if t == was {
		return nil
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		held, err := setClock(tx, was, t)
		if err != nil || !held {
			return err
		}
		s.entry(tx, t.Program, "message.clock_rewound", t.Report, system)
		return nil
	})
}
