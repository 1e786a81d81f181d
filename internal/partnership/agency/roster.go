// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"slices"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Kind says what a roster entry is.
type Kind = string

// The kinds of roster entry.
const (
	On      Kind = "on"       // works this shift
	StandIn Kind = "stand_in" // is reached when nobody is on
	Leave   Kind = "leave"    // is away: takes the member out of their own shifts
)

const (
	maxShift  = 14 * 24 * time.Hour // an on-call fortnight
	maxLeave  = 400 * 24 * time.Hour
	lookAhead = 7 * 24 * time.Hour // how far ahead a gap alarms
)

// Shift is one entry of an office's roster.
type Shift struct {
	ID, Member   store.ID
	Office       string
	Kind         Kind
	Starts, Ends time.Time
}

func (sh Shift) span() span { return span{sh.Starts, sh.Ends} }

// OnDuty is a member who is to be told now.
type OnDuty struct {
	Member     store.ID
	StandIn    bool // not on shift themselves
	Supervisor bool // nobody was on the roster: told as the office's supervisor
}

// Gap is a stretch of an office's hours that nobody covers.
type Gap struct{ Starts, Ends time.Time }

// Faults of the roster.
var (
	errShift = fault.New(fault.Invalid, "agency_shift", "A shift needs a member of the office, a start, and an end after the start that is at most fourteen days later.")
	errTwice = fault.New(fault.Conflict, "agency_shift_twice", "This member already has this shift.")
)

// present is the time each member is really there: shifts of the kinds wanted,
// less the member's leave.
func present(shifts []Shift, kinds ...Kind) map[store.ID][]span {
	there, away := map[store.ID][]span{}, map[store.ID][]span{}
	for _, sh := range shifts {
		switch {
		case slices.Contains(kinds, sh.Kind):
			there[sh.Member] = append(there[sh.Member], sh.span())
		case sh.Kind == Leave:
			away[sh.Member] = append(away[sh.Member], sh.span())
		}
	}
	for m := range there {
		there[m] = subtract(there[m], away[m])
	}
	return there
}

// covered is the time somebody is there, stand-ins included.
func covered(shifts []Shift) []span {
	var all []span
	for _, spans := range present(shifts, On, StandIn) {
		all = append(all, spans...)
	}
	return union(all)
}

// onDuty is who is to be told at a moment: whoever is on, else the stand-ins,
// else the supervisors who are not on leave, else every supervisor: somebody
// must be told.
func onDuty(shifts []Shift, supervisors []store.ID, at time.Time) []OnDuty {
	for _, kind := range []Kind{On, StandIn} {
		var out []OnDuty
		for m, spans := range present(shifts, kind) {
			if slices.ContainsFunc(spans, func(s span) bool { return s.covers(at) }) {
				out = append(out, OnDuty{Member: m, StandIn: kind == StandIn})
			}
		}
		if len(out) > 0 {
			return inOrder(out)
		}
	}
	var all, there []OnDuty
	for _, m := range supervisors {
		d := OnDuty{Member: m, StandIn: true, Supervisor: true}
		all = append(all, d)
		if !slices.ContainsFunc(shifts, func(sh Shift) bool { return sh.Member == m && sh.Kind == Leave && sh.span().covers(at) }) {
			there = append(there, d)
		}
	}
	if len(there) > 0 {
		return inOrder(there)
	}
	return inOrder(all)
}

func inOrder(d []OnDuty) []OnDuty {
	slices.SortFunc(d, func(a, b OnDuty) int { return slices.Compare(a.Member[:], b.Member[:]) })
	return d
}

// gaps is the time of the pattern between from and to that the shifts do not
// cover. An office that has set no hours promises none, so it has no gaps.
func gaps(week Week, shifts []Shift, from, to time.Time, cal calendar) []Gap {
	var out []Gap
	for _, s := range subtract(week.between(from, to, cal), covered(shifts)) {
		out = append(out, Gap{s.from.In(cal.loc), s.to.In(cal.loc)})
	}
	return out
}

// OnNow lists who is to be told at the moment, in a stable order: the members on
// shift, or the stand-ins, or the supervisors. It is empty only for an office
// that has neither a roster nor a supervisor.
func (s *Service) OnNow(ctx context.Context, prog, office string, at time.Time) ([]OnDuty, error) {
	people, err := s.people(ctx, prog, office)
	if err != nil {
		return nil, err
	}
	shifts, err := s.shifts(ctx, prog, office, at, at.Add(time.Microsecond), people)
	if err != nil {
		return nil, err
	}
	return onDuty(shifts, people.with(roleSupervisor), at), nil
}

// Gaps lists the stretches of the office's own hours between from and to in
// which nobody is on and nobody stands in.
func (s *Service) Gaps(ctx context.Context, prog, office string, from, to time.Time) ([]Gap, error) {
	p, err := s.program(prog)
	if err != nil {
		return nil, err
	}
	week, err := s.Week(ctx, prog, office)
	if err != nil {
		return nil, err
	}
	people, err := s.people(ctx, prog, office)
	if err != nil {
		return nil, err
	}
	shifts, err := s.shifts(ctx, prog, office, from, to, people)
	if err != nil {
		return nil, err
	}
	return gaps(week, shifts, from, to, calendarOf(p, office)), nil
}

// Shifts lists the roster entries that touch the time between from and to, by
// start. Members who left are included.
func (s *Service) Shifts(ctx context.Context, prog, office string, from, to time.Time) ([]Shift, error) {
	return readShifts(ctx, s.cfg.DB, prog, office, from, to)
}

// shifts is Shifts without members who left.
func (s *Service) shifts(ctx context.Context, prog, office string, from, to time.Time, people roll) ([]Shift, error) {
	all, err := readShifts(ctx, s.cfg.DB, prog, office, from, to)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(sh Shift) bool { return !people.has(sh.Member) }), nil
}

func zone(p *program.Program) *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

// AddShift puts an entry on an office's roster.
func (s *Service) AddShift(ctx context.Context, a Actor, sh Shift) (store.ID, error) {
	ids, err := s.AddShifts(ctx, a, []Shift{sh})
	if err != nil {
		return store.ID{}, err
	}
	return ids[0], nil
}

// AddShifts puts several entries of one office on its roster, all or none.
func (s *Service) AddShifts(ctx context.Context, a Actor, list []Shift) ([]store.ID, error) {
	if len(list) == 0 {
		return nil, errShift
	}
	office := list[0].Office
	if err := s.mayRoster(a, office); err != nil {
		return nil, err
	}
	people, err := s.people(ctx, a.Program, office)
	if err != nil {
		return nil, err
	}
	ids := make([]store.ID, len(list))
	for i, sh := range list {
		if sh.Office != office || !people.has(sh.Member) || !sh.valid() {
			return nil, errShift
		}
		ids[i] = store.NewID()
	}
	err = s.write(ctx, a, "roster.added", "office:"+office, func(tx *store.Tx) error {
		if err := activeOffice(ctx, tx, a.Program, office); err != nil {
			return err
		}
		for i, sh := range list {
			sh.ID = ids[i]
			if err := insertShift(ctx, tx, a, sh); err != nil {
				return err
			}
		}
		return s.lookSoon(tx, a.Program)
	})
	return ids, err
}

func (sh Shift) valid() bool {
	long := maxShift
	if sh.Kind == Leave {
		long = maxLeave
	}
	return slices.Contains([]Kind{On, StandIn, Leave}, sh.Kind) && sh.Member != (store.ID{}) &&
		sh.Starts.Before(sh.Ends) && sh.Ends.Sub(sh.Starts) <= long
}

// RemoveShift takes an entry off the roster. The row stays and says who did it.
func (s *Service) RemoveShift(ctx context.Context, a Actor, office string, id store.ID) error {
	if err := s.mayRoster(a, office); err != nil {
		return err
	}
	return s.write(ctx, a, "roster.removed", "office:"+office, func(tx *store.Tx) error {
		if err := removeShift(tx, a, office, id); err != nil {
			return err
		}
		return s.lookSoon(tx, a.Program)
	})
}

// mayRoster lets an office's own administrator or supervisor change its roster.
func (s *Service) mayRoster(a Actor, office string) error {
	if a.system() || a.Office == office && a.Has(roleAgencyAdmin, roleSupervisor) {
		return nil
	}
	return errForbidden
}
