// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// horizon is how far ahead the public page looks for the next covered hour.
const horizon = 14 * 24 * time.Hour

// Reading says when a person reads reports, in the program's zone.
type Reading struct {
	Now   bool
	Until time.Time // when Now: the end of the covered hours
	Next  time.Time // when not Now: the next covered hour; zero when the roster holds none
	Zone  *time.Location
}

// reading is what hours and shifts together promise at a moment: never an hour
// that nobody covers.
func reading(week Week, shifts []Shift, now time.Time, cal calendar) Reading {
	loc := cal.loc
	r := Reading{Zone: loc}
	for _, s := range intersect(week.between(now, now.Add(horizon), cal), covered(shifts)) {
		if s.covers(now) {
			r.Now, r.Until = true, s.to.In(loc)
			return r
		}
		r.Next = s.from.In(loc)
		return r
	}
	return r
}

// Hours says when a person at the desk reads reports. It is kept for a minute,
// because the public page asks on every visit. When it cannot be known, it
// promises nothing.
func (s *Service) Hours(ctx context.Context, prog string) Reading {
	now := s.now()
	if r, ok := s.readings.get(prog, now); ok {
		return r
	}
	r, err := s.readHours(ctx, prog, now)
	if err != nil {
		s.log().ErrorContext(ctx, "agency: reading the desk's hours", "program", prog, "error", err)
		return Reading{Zone: time.UTC}
	}
	s.readings.put(prog, r, now)
	return r
}

func (s *Service) readHours(ctx context.Context, prog string, now time.Time) (Reading, error) {
	p, err := s.program(prog)
	if err != nil {
		return Reading{}, err
	}
	desk := s.Desk(prog)
	week, err := s.Week(ctx, prog, desk)
	if err != nil {
		return Reading{}, err
	}
	people, err := s.people(ctx, prog, desk)
	if err != nil {
		return Reading{}, err
	}
	shifts, err := s.shifts(ctx, prog, desk, now, now.Add(horizon), people)
	if err != nil {
		return Reading{}, err
	}
	return reading(week, shifts, now, calendarOf(p, desk)), nil
}

// Week is the pattern of hours an office keeps; empty when it has set none.
func (s *Service) Week(ctx context.Context, prog, office string) (Week, error) {
	text, err := readWeek(ctx, s.cfg.DB, prog, office)
	if err != nil {
		return nil, err
	}
	return ParseWeek(text)
}

// SetHours sets the hours an office keeps, as ParseWeek reads them. "" takes
// them away.
func (s *Service) SetHours(ctx context.Context, a Actor, office, week string) error {
	if err := s.mayRoster(a, office); err != nil {
		return err
	}
	w, err := ParseWeek(week)
	if f, ok := fault.As(err); ok {
		return f.At("hours")
	}
	return s.write(ctx, a, "hours.set", "office:"+office, func(tx *store.Tx) error {
		if err := activeOffice(ctx, tx, a.Program, office); err != nil {
			return err
		}
		if err := insertWeek(tx, a, office, w.String()); err != nil {
			return err
		}
		return s.lookSoon(tx, a.Program)
	})
}
