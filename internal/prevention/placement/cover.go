// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
)

// Covering says which notices are asked about, and where.
type Covering struct {
	Notice string // "": all that a law requires, or all where no law requires any
	County string // FIPS code, noCounty; "": everywhere
}

// CountyCover is how far the notices hang in a county, or at what moves and has none. A need is a notice at a spot of
// a place that it is for.
type CountyCover struct {
	County, Name string
	Places       int64 // to which the notices belong
	Needs        int64
	Full         int64 // hang, in every language that must be there
	Part         int64 // hang, and a language is missing
	Broken       int64 // missing, defaced or stickered over
	Coming       int64 // planned or printed
	None         int64
	Up           int64 // sheets that hang
	Due          int64 // of these, those that nobody looked at for long
	Old          int64 // sheets that carry an older version
}

// Gap is a need that is not met.
type Gap struct {
	Place        Place
	Notice, Spot string
	Label        string // which one, where the place has several
	What         string // "none", "coming", "broken", "part"
	Languages    []string
}

// add counts another county's to this one.
func (c *CountyCover) add(o CountyCover) {
	c.Places += o.Places
	c.Needs += o.Needs
	c.Full += o.Full
	c.Part += o.Part
	c.Broken += o.Broken
	c.Coming += o.Coming
	c.None += o.None
	c.Up += o.Up
	c.Due += o.Due
	c.Old += o.Old
}

// relevant are the notices that can hang somewhere in a program: the nation's and its
// state's own, or all where it is for no one state.
func relevant(pack *program.Program) []program.Notice {
	if _, ok := place.StateByCode(pack.State); !ok {
		return pack.Notices
	}
	return slices.DeleteFunc(slices.Clone(pack.Notices), func(n program.Notice) bool { return n.Jurisdiction != nation && n.Jurisdiction != pack.State })
}

// nation is the jurisdiction of a notice that is for every state.
const nation = "US"

// hasSpot says whether a kind of place can have a spot at all.
func hasSpot(kind, spot string) bool {
	vehicle := moves(kind)
	switch spot {
	case "car":
		return vehicle
	case "platform":
		return kind == "train_station" || kind == "bus_station"
	case "entrance", "waiting_room", "employees", "counter":
		return !vehicle
	}
	return true
}

// needed says whether a notice that may hang at a spot has to hang there in a place of
// a kind. A screen, and a spot that has no name, are ways to show it and no place has to have one.
func needed(kind, spot string) bool {
	return spot != "screen" && spot != "other" && hasSpot(kind, spot)
}

// inForce lists the notices that are in force on a day and relevant.
func inForce(pack *program.Program, now time.Time) []program.Notice {
	day := now.In(pack.Zone)
	noon := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, time.UTC)
	var out []program.Notice
	for _, n := range relevant(pack) {
		if n.InForce(noon) {
			out = append(out, n)
		}
	}
	return out
}

// asked are the notices that a question is about.
func (c Covering) asked(pack *program.Program, now time.Time) []program.Notice {
	all := inForce(pack, now)
	named := slices.DeleteFunc(slices.Clone(all), func(n program.Notice) bool { return n.ID != c.Notice })
	required := slices.DeleteFunc(slices.Clone(all), func(n program.Notice) bool { return !n.Required })
	switch {
	case c.Notice != "":
		return named
	case len(required) > 0:
		return required
	}
	return all
}

// need is a notice at a spot of a place: each of several is one of its own.
type need struct {
	place        store.ID
	notice, spot string
	label        string // as folded does it
}

// hang is what is known of the sheets at a need.
type hang struct {
	up             []string // languages of those that hang
	broken, coming bool
}

// Cover tells county by county what hangs and what is missing. gap is told of every
// need that is not met, in the order of counties; it may be nil.
func (s *Service) Cover(ctx context.Context, m identity.Member, c Covering, gap func(Gap) error) ([]CountyCover, error) {
	if err := s.may(m, policy.ReadPlacements); err != nil {
		return nil, err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return nil, err
	}
	w := &coverage{notices: c.asked(pack, s.Now()), hangs: map[need]hang{}, named: map[need][]string{}, counties: map[string]*CountyCover{}, gap: gap}
	versions, due := versionsOf(pack), s.Now().Add(-s.Due)
	err = eachHanging(ctx, s.DB, m.Program, c, func(p sheetAt) {
		if !slices.ContainsFunc(w.notices, func(n program.Notice) bool { return n.ID == p.notice }) {
			return
		}
		w.hung(p)
		county := w.county(p.county)
		if p.state == Up {
			county.Up++
			if p.looked.Before(due) {
				county.Due++
			}
		}
		if version, known := versions[p.notice]; known && p.state != Planned && p.version != version {
			county.Old++
		}
	})
	if err != nil {
		return nil, err
	}
	if err := eachPlace(ctx, s.DB, m.Program, c, w.place); err != nil {
		return nil, err
	}
	return w.list(), nil
}

type coverage struct {
	notices  []program.Notice
	hangs    map[need]hang
	named    map[need][]string // which of several have a sheet, of needs without a label
	counties map[string]*CountyCover
	gap      func(Gap) error
}

func (w *coverage) county(fips string) *CountyCover {
	c := w.counties[fips]
	if c == nil {
		c = &CountyCover{County: fips, Name: Place{County: fips}.region()}
		w.counties[fips] = c
	}
	return c
}

func (w *coverage) hung(p sheetAt) {
	key := need{p.place, p.notice, p.spot, folded(p.label)}
	h, known := w.hangs[key]
	if of := (need{p.place, p.notice, p.spot, ""}); !known && p.label != "" {
		w.named[of] = append(w.named[of], p.label)
	}
	switch {
	case p.state == Up:
		h.up = append(h.up, p.languages...)
	case p.state.broken():
		h.broken = true
	default:
		h.coming = true
	}
	w.hangs[key] = h
}

// place counts the needs of a place.
func (w *coverage) place(p Place) error {
	belongs := false
	for _, n := range w.notices {
		if !slices.Contains(n.Places, p.Kind) || n.Jurisdiction != nation && n.Jurisdiction != p.State {
			continue
		}
		belongs = true
		n = n.At(p.Kind, p.County)
		for _, spot := range n.Spots {
			if slices.Contains(p.Lacks, spot) || !needed(p.Kind, spot) {
				continue
			}
			for _, label := range w.labels(p, n, spot) {
				if err := w.need(p, n, spot, label); err != nil {
					return err
				}
			}
		}
	}
	if belongs {
		w.county(p.County).Places++
	}
	return nil
}

// labels are the names of a spot at which a place needs a notice: those that the place
// gives, and each other at which a sheet is planned or hangs, so that none of them is
// forgotten when a second one gets a name.
func (w *coverage) labels(p Place, n program.Notice, spot string) []string {
	of := need{p.ID, n.ID, spot, ""}
	var out []string
	if _, there := w.hangs[of]; there {
		out = append(out, "")
	}
	for _, label := range slices.Concat(p.labels(spot), w.named[of]) {
		if !slices.ContainsFunc(out, func(has string) bool { return folded(has) == folded(label) }) && (label != "" || len(w.named[of]) == 0) {
			out = append(out, label)
		}
	}
	return out
}

func (w *coverage) need(p Place, n program.Notice, spot, label string) error {
	c, h := w.county(p.County), w.hangs[need{p.ID, n.ID, spot, folded(label)}]
	c.Needs++
	g := Gap{Place: p, Notice: n.ID, Spot: spot, Label: label}
	for _, lang := range n.Languages {
		if !slices.Contains(h.up, lang) {
			g.Languages = append(g.Languages, lang)
		}
	}
	switch {
	case len(h.up) > 0 && len(g.Languages) == 0:
		c.Full++
		return nil
	case len(h.up) > 0:
		c.Part++
		g.What = "part"
	case h.broken:
		c.Broken++
		g.What = "broken"
	case h.coming:
		c.Coming++
		g.What = "coming"
	default:
		c.None++
		g.What = "none"
	}
	if w.gap == nil {
		return nil
	}
	return w.gap(g)
}

// list gives the counties by name, and behind them what has none.
func (w *coverage) list() []CountyCover {
	var out []CountyCover
	for _, c := range w.counties {
		if *c != (CountyCover{County: c.County, Name: c.Name}) {
			out = append(out, *c)
		}
	}
	slices.SortFunc(out, func(a, b CountyCover) int {
		switch {
		case a.County == "":
			return 1
		case b.County == "":
			return -1
		}
		return strings.Compare(a.Name+a.County, b.Name+b.County)
	})
	return out
}

// share says in which class a county falls: how much of what it needs hangs whole.
func (c CountyCover) share() string {
	switch {
	case c.Needs == 0:
		return "nothing"
	case c.Full == c.Needs:
		return "all"
	case 4*c.Full >= 3*c.Needs:
		return "most"
	case c.Full > 0:
		return "some"
	}
	return "none"
}

// overdue says how much of what hangs in a county is due to be looked at: nothing (""),
// some of it, or half and more.
func (c CountyCover) overdue() string {
	switch {
	case c.Due == 0:
		return ""
	case 2*c.Due >= c.Up:
		return "half"
	}
	return "some"
}
