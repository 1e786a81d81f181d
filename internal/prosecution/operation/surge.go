// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Surge is a named set of operations over some days. Which operations are in it is said by each of them.
type Surge struct {
	Program  string
	ID       store.ID
	Lead     string
	Partners []string
	SurgeDetails
	Made     time.Time
	MadeBy   string
	Closed   time.Time // zero until it is over and may be spoken of
	ClosedBy string
}

// SurgeDetails are encrypted at rest until the surge is closed.
type SurgeDetails struct {
	Name        string
	First, Last string // days of the jurisdiction, such as 2026-09-01; both belong to it
}

var (
	errSurgeName  = fault.New(fault.Invalid, "operation.surge_name", "Give the surge a name of 1 to 100 letters.").At("name")
	errSurgeDays  = fault.New(fault.Invalid, "operation.surge_days", "A surge has a first and a last day, in that order, and lasts 366 days at most.").At("last")
	errSurgeOver  = fault.New(fault.Conflict, "operation.surge_over", "This surge was closed already.")
	errSurgeOpen  = fault.New(fault.Conflict, "operation.surge_open", "Operations of this surge are still planned, approved, running or not yet reviewed. Finish or call them off first.")
	errSurgeEarly = fault.New(fault.Conflict, "operation.surge_early", "The last day of this surge is not over yet.")
)

func (g Surge) record() string { return "surge:" + g.ID.String() }
func (g Surge) place() string  { return "surge/body/" + g.ID.String() }

// Offices lists who takes part, the lead first.
func (g Surge) Offices() []string { return append([]string{g.Lead}, g.Partners...) }

func (g Surge) includes(office string) bool { return slices.Contains(g.Offices(), office) }

func (g Surge) object(office string) policy.Object {
	out := policy.Object{Program: g.Program, Office: g.Lead}
	if office != g.Lead && slices.Contains(g.Partners, office) {
		out.Office, out.Partner = office, true
	}
	return out
}

const dayFormat = "2006-01-02"

// Days is how many days it lasts.
func (g SurgeDetails) Days() int {
	first, err := time.Parse(dayFormat, g.First)
	if err != nil {
		return 0
	}
	last, err := time.Parse(dayFormat, g.Last)
	if err != nil {
		return 0
	}
	return days(first, last)
}

// covers says whether a moment is on one of its days, by the calendar of the jurisdiction.
func (g SurgeDetails) covers(at time.Time, zone *time.Location) bool {
	on := at.In(zone).Format(dayFormat)
	return g.First <= on && on <= g.Last
}

func (g SurgeDetails) check() error {
	if !named(g.Name, 100) {
		return errSurgeName
	}
	for _, d := range []string{g.First, g.Last} {
		if at, err := time.Parse(dayFormat, d); err != nil || at.Format(dayFormat) != d {
			return errSurgeDays
		}
	}
	if n := g.Days(); n < 1 || n > 366 {
		return errSurgeDays
	}
	return nil
}

// MakeSurge makes a surge that the member's office leads.
func (s *Service) MakeSurge(ctx context.Context, m identity.Member, d SurgeDetails, partners []string) (Surge, error) {
	d.Name = strings.TrimSpace(d.Name)
	g := Surge{Program: m.Program, ID: store.NewID(), Lead: m.Office, Partners: partners, SurgeDetails: d, MadeBy: m.Actor()}
	if err := s.may(policy.ChangeSurge, m, g.object(m.Office)); err != nil {
		return g, err
	}
	if err := d.check(); err != nil {
		return g, err
	}
	p, ok := s.Programs.Program(m.Program)
	if !ok {
		return g, ErrNotFound
	}
	for i, o := range partners {
		if _, known := p.Offices[o]; !known || o == m.Office || slices.Contains(partners[:i], o) {
			return g, errPartner
		}
	}
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		g.Made = tx.Now()
		if err := s.insertSurge(tx, g); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: g.Program, Event: "surge.made", Record: g.record(), Actor: m.Actor()})
		return nil
	})
	return g, err
}

// CloseSurge says that a surge is over: its name and days may be spoken of, and count.
func (s *Service) CloseSurge(ctx context.Context, m identity.Member, id store.ID) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		g, err := s.surgeByID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		if err := s.may(policy.ReadSurge, m, g.object(m.Office)); err != nil {
			return err
		}
		if err := s.may(policy.ChangeSurge, m, g.object(m.Office)); err != nil {
			return err
		}
		if !g.Closed.IsZero() {
			return errSurgeOver
		}
		if tx.Now().In(s.zone(m.Program)).Format(dayFormat) <= g.Last {
			return errSurgeEarly
		}
		open, err := unfinished(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		if open > 0 {
			return errSurgeOpen
		}
		first, err := time.ParseInLocation(dayFormat, g.First, s.zone(m.Program))
		if err != nil {
			return fault.Wrap(err, "reading a surge's first day")
		}
		if err := closeSurge(tx, g, m.Actor(), first); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: g.Program, Event: "surge.closed", Record: g.record(), Actor: m.Actor()})
		return nil
	})
}
