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

const (
	stateOpen = "open"
	stateShut = "shut"
)

// errNotReady refuses to open a program that is not fit.
var errNotReady = fault.New(fault.Conflict, "agency_not_ready", "The public form stays closed: something on the checklist is still missing.")

// Item is one thing that must be so before the public form opens.
type Item struct {
	ID   string // such as "channel:us-911", "desk.key", "drill"
	Text string // plain English
	Link string // the page that settles it
	Done bool
}

// IsOpen says whether the public form takes reports: a person opened it, and a
// desk that may read every report, whoever is accused, has a usable key. In a demo
// the key is enough. It does not query.
func (s *Service) IsOpen(prog string) bool {
	p, err := s.program(prog)
	if err != nil {
		return false
	}
	dir := s.directory(prog)
	return (dir.opened || s.cfg.Demo) && dir.everyReportRead(p, "")
}

// Ready says whether the public form is open and what the first-run checklist
// still misses. Once opened, what goes missing raises alarms and does not close
// the form. When nothing but a person's decision is missing, the one item left
// is "open".
func (s *Service) Ready(ctx context.Context, prog string) (open bool, missing []Item) {
	open = s.IsOpen(prog)
	items, err := s.Checklist(ctx, prog)
	if err != nil {
		s.log().ErrorContext(ctx, "agency: reading the checklist", "program", prog, "error", err)
		return open, []Item{{ID: "unknown", Text: "The checklist cannot be read right now.", Link: "/staff/setup"}}
	}
	missing = slices.DeleteFunc(items, func(i Item) bool { return i.Done })
	if len(missing) == 0 && !open {
		missing = []Item{openItem(false)}
	}
	return open, missing
}

func openItem(done bool) Item {
	return Item{ID: "open", Text: "Open the public form.", Link: "/staff/setup#open", Done: done}
}

// Open opens the public form. It is refused while anything is missing.
func (s *Service) Open(ctx context.Context, a Actor) error {
	if !a.system() && !a.Has(roleProgramAdmin) {
		return errForbidden
	}
	items, err := s.Checklist(ctx, a.Program)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(items, func(i Item) bool { return !i.Done }) {
		return errNotReady
	}
	return s.write(ctx, a, "form.opened", "program:"+a.Program, func(tx *store.Tx) error { return insertOpening(tx, a, stateOpen) })
}

// Shut closes the public form: it then shows the lines to call and takes nothing.
func (s *Service) Shut(ctx context.Context, a Actor) error {
	if !a.system() && !a.Has(roleProgramAdmin) {
		return errForbidden
	}
	return s.write(ctx, a, "form.shut", "program:"+a.Program, func(tx *store.Tx) error { return insertOpening(tx, a, stateShut) })
}

// Checklist is everything that must be so before the public form opens, in the
// order in which it is best settled.
func (s *Service) Checklist(ctx context.Context, prog string) ([]Item, error) {
	p, err := s.program(prog)
	if err != nil {
		return nil, err
	}
	items := s.channelItems(p)
	offices, err := s.officeItems(ctx, p)
	if err != nil {
		return nil, err
	}
	desk, err := s.deskItems(ctx, p)
	if err != nil {
		return nil, err
	}
	tests, err := s.drillItems(ctx, prog)
	return slices.Concat(items, offices, s.directoryItems(prog), desk, tests), err
}

// channelItems asks for every number that the public page would show were it
// verified; one that was found wrong is gone from the page and asks for nothing,
// unless it may not be gone.
func (s *Service) channelItems(p *program.Program) []Item {
	state := s.Channels(p.ID)
	var items []Item
	for _, c := range p.PublicLines(func(string) program.ChannelState { return program.Verified }, s.cfg.Demo) {
		st := state(c.ID)
		if removed(st) {
			continue
		}
		verb := "Call and record: "
		if Attestable(c) {
			verb = "Compare with an official source and attest: "
		}
		items = append(items, Item{ID: "channel:" + c.ID, Text: verb + c.Name.In("en") + number(c), Link: "/staff/channels/" + c.ID,
			Done: st.Showable(s.cfg.Demo)})
	}
	return items
}

// number is how a channel is reached, for staff.
func number(c program.Channel) string {
	switch {
	case c.Phone != "" && c.Text != "":
		return ", " + c.Phone + " and text " + c.Text
	case c.Phone != "":
		return ", " + c.Phone
	case c.Text != "":
		return ", text " + c.Text
	case c.URL != "":
		return ", " + c.URL
	}
	return ""
}

func (s *Service) officeItems(ctx context.Context, p *program.Program) ([]Item, error) {
	offices, err := s.Offices(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	desk := s.Desk(p.ID)
	items := []Item{{ID: "desk.joined", Text: "The desk has joined: " + officeName(p, desk), Link: "/staff/offices", Done: s.Joined(p.ID, desk)}}
	last := s.lastResort(p)
	items = append(items, Item{ID: "desk.for-all", Link: "/staff/offices", Done: s.Joined(p.ID, last),
		Text: "A desk that may read every report has joined, so that a report accusing the police or another office has a reader: " + officeName(p, last)})
	for _, o := range offices {
		if o.State == stateActive {
			items = append(items, Item{ID: "agreement:" + o.ID, Text: "The agreement is signed: " + officeName(p, o.ID), Link: "/staff/offices",
				Done: !o.AgreementSigned.IsZero()})
		}
	}
	return items, nil
}

// deskItems asks the same of every desk that has joined, because reports may be
// relayed to any of them, and of the one that takes what no other may read,
// joined or not.
func (s *Service) deskItems(ctx context.Context, p *program.Program) ([]Item, error) {
	desks := slices.Clone(p.Desks)
	desks = slices.DeleteFunc(desks, func(d string) bool { return !s.Joined(p.ID, d) && d != s.Desk(p.ID) && d != s.lastResort(p) })
	var items []Item
	for _, desk := range desks {
		more, err := s.oneDesk(ctx, p, desk)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
		more, err = s.recoveryItems(ctx, p.ID, desk, officeName(p, desk))
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	return items, nil
}

func (s *Service) oneDesk(ctx context.Context, p *program.Program, desk string) ([]Item, error) {
	name, roster := officeName(p, desk), "/staff/roster?office="+desk
	now := s.now()
	week, err := s.Week(ctx, p.ID, desk)
	if err != nil {
		return nil, err
	}
	people, err := s.people(ctx, p.ID, desk)
	if err != nil {
		return nil, err
	}
	shifts, err := s.shifts(ctx, p.ID, desk, now, now.Add(lookAhead), people)
	if err != nil {
		return nil, err
	}
	open := gaps(week, shifts, now, now.Add(lookAhead), calendarOf(p, desk))
	return []Item{
		{ID: "desk.key:" + desk, Text: "The desk's key has two holders or more: " + name, Link: "/staff/offices", Done: s.Keyed(p.ID)(desk)},
		{ID: "desk.hours:" + desk, Text: "The desk's hours are set: " + name, Link: roster + "#hours", Done: len(week) > 0},
		{ID: "desk.roster:" + desk, Text: "Somebody is on shift in all the desk's hours of the next seven days: " + name, Link: roster,
			Done: len(week) > 0 && len(open) == 0},
		{ID: "desk.danger:" + desk, Text: "Somebody can be reached at every hour of the next seven days when a person is in danger: " + name, Link: roster,
			Done: reachable(shifts, people.with(roleSupervisor), now)},
	}, nil
}

// reachable says whether onDuty names somebody at every moment of the next seven
// days: a supervisor does, or a roster without a hole.
func reachable(shifts []Shift, supervisors []store.ID, now time.Time) bool {
	return len(supervisors) > 0 || len(subtract([]span{{now, now.Add(lookAhead)}}, covered(shifts))) == 0
}
