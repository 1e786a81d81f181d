// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"slices"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// maxWeeks is how far a pattern is laid out at once.
const maxWeeks = 26

var errWeeks = fault.New(fault.Invalid, "agency_weeks", "Say for how many weeks, from 1 to 26.")

// Pattern is a member's shift that repeats on days of the week.
type Pattern struct {
	Member   store.ID
	Kind     Kind
	First    time.Time // a moment on the first day, in the program's zone
	Days     []time.Weekday
	From, To int // minutes after midnight; To at or before From lies on the next day
	Weeks    int
}

// shifts lays the pattern out on the calendar, by the clock on the wall: a shift
// from 22:00 to 06:00 is an hour longer or shorter on the night the clocks change.
func (p Pattern) shifts(office string, loc *time.Location) ([]Shift, error) {
	if p.Weeks < 1 || p.Weeks > maxWeeks {
		return nil, errWeeks.At("weeks")
	}
	if p.From < 0 || p.From >= dayMinutes || p.To < 0 || p.To > dayMinutes {
		return nil, errShift
	}
	to := p.To
	if to <= p.From {
		to += dayMinutes
	}
	var out []Shift
	y, m, d := p.First.In(loc).Date()
	for n := range p.Weeks * 7 {
		day := time.Date(y, m, d+n, 12, 0, 0, 0, time.UTC)
		if len(p.Days) > 0 && !slices.Contains(p.Days, day.Weekday()) || len(p.Days) == 0 && n%7 != 0 {
			continue
		}
		slot := Slot{From: p.From, To: to}.on(day.Year(), day.Month(), day.Day(), loc)
		out = append(out, Shift{Office: office, Member: p.Member, Kind: p.Kind, Starts: slot.from, Ends: slot.to})
	}
	if len(out) == 0 {
		return nil, errShift
	}
	return out, nil
}

// AddPattern puts a repeated shift on the roster, all of it or nothing, and says
// how many shifts that were.
func (s *Service) AddPattern(ctx context.Context, a Actor, office string, pattern Pattern) (int, error) {
	p, err := s.program(a.Program)
	if err != nil {
		return 0, err
	}
	list, err := pattern.shifts(office, zone(p))
	if err != nil {
		return 0, err
	}
	ids, err := s.AddShifts(ctx, a, list)
	return len(ids), err
}

// CopyWeek repeats the shifts that start in the week of the given moment in the
// weeks after it, by the clock on the wall. Leave is not copied; a shift that is
// there already is left alone. It says how many were added.
func (s *Service) CopyWeek(ctx context.Context, a Actor, office string, week time.Time, weeks int) (int, error) {
	p, err := s.program(a.Program)
	if err != nil {
		return 0, err
	}
	if weeks < 1 || weeks > maxWeeks {
		return 0, errWeeks.At("weeks")
	}
	loc := zone(p)
	monday := weekStart(week, loc)
	people, err := s.people(ctx, a.Program, office)
	if err != nil {
		return 0, err
	}
	have, err := s.shifts(ctx, a.Program, office, monday, addDays(monday, 7*(weeks+1), loc), people)
	if err != nil {
		return 0, err
	}
	var list []Shift
	for _, sh := range have {
		if sh.Kind == Leave || sh.Starts.Before(monday) || !sh.Starts.Before(addDays(monday, 7, loc)) {
			continue
		}
		for n := 1; n <= weeks; n++ {
			next := sh.later(7*n, loc)
			if !slices.ContainsFunc(have, next.same) {
				list = append(list, next)
			}
		}
	}
	if len(list) == 0 {
		return 0, errTwice
	}
	ids, err := s.AddShifts(ctx, a, list)
	return len(ids), err
}

// later is the shift some days on, at the same times on the wall.
func (sh Shift) later(days int, loc *time.Location) Shift {
	move := func(t time.Time, last bool) time.Time {
		w := t.In(loc)
		return instant(w.Year(), w.Month(), w.Day()+days, w.Hour()*60+w.Minute(), loc, last)
	}
	sh.ID, sh.Starts, sh.Ends = store.ID{}, move(sh.Starts, false), move(sh.Ends, true)
	return sh
}

func (sh Shift) same(o Shift) bool {
	return sh.Member == o.Member && sh.Kind == o.Kind && sh.Starts.Equal(o.Starts) && sh.Ends.Equal(o.Ends)
}

// weekStart is midnight of the Monday of t's week.
func weekStart(t time.Time, loc *time.Location) time.Time {
	w := t.In(loc)
	back := (int(w.Weekday()) + 6) % 7
	return instant(w.Year(), w.Month(), w.Day()-back, 0, loc, false)
}

// addDays is midnight some days on.
func addDays(t time.Time, days int, loc *time.Location) time.Time {
	w := t.In(loc)
	return instant(w.Year(), w.Month(), w.Day()+days, 0, loc, false)
}
