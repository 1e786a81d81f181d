// SPDX-License-Identifier: Apache-2.0

package program

import (
	"slices"

	"waylight/internal/platform/place"
)

// variable is one thing about an envelope that a condition can depend on.
type variable int

const (
	varMode variable = iota
	varAge
	varMissing
	varDanger
	varKind
	varWho
	varLand
	varConflict
	varHappened
	varNow
	varLives
	numVariables
)

// codes holds the value of every variable as a small number. Two envelopes with
// the same codes are the same to every condition of the pack.
type codes [numVariables]uint8

// domain is the finite world that a pack's conditions can tell apart. Places are
// reduced to classes: a condition compares them with literals only, so places
// that no literal names are alike.
type domain struct {
	home   string
	places []place.Place // one of each class
	// For a state that some condition (or `home`) names: the class without a
	// county, with a county nobody names, and with each county that is named.
	states                 map[string]stateClasses
	elsewhere, otherCounty uint8 // the classes of the states nobody names
}

type stateClasses struct {
	bare, other uint8
	counties    map[string]uint8
}

// literals are the place names that conditions compare with.
type literals struct {
	states, counties map[string]bool
	county           bool // some condition asks about counties at all
}

const maxPlaceClasses = 200

// newDomain builds the classes. It reports false when the literals make too many.
func newDomain(home string, l *literals) (*domain, bool) {
	d := &domain{home: home, states: map[string]stateClasses{}}
	d.class(place.Place{})
	named := map[string][]string{home: nil}
	for s := range l.states {
		named[s] = nil
	}
	for _, fips := range sortedKeys(l.counties) {
		if c, ok := place.CountyByFIPS(fips); ok {
			named[c.State().Code] = append(named[c.State().Code], fips)
		}
	}
	if len(l.counties)+2*len(named) > maxPlaceClasses {
		return d, false
	}
	for _, s := range sortedKeys(named) {
		d.addState(s, named[s], l.county)
	}
	for _, s := range place.States() {
		counties := place.Counties(s.Code)
		if _, ok := named[s.Code]; ok || len(counties) == 0 {
			continue
		}
		d.elsewhere = d.class(place.Place{State: s.Code})
		d.otherCounty = d.elsewhere
		if l.county {
			d.otherCounty = d.class(place.Place{State: s.Code, County: counties[0].FIPS})
		}
		break
	}
	return d, true
}

func (d *domain) addState(code string, named []string, county bool) {
	c := stateClasses{bare: d.class(place.Place{State: code}), counties: map[string]uint8{}}
	c.other = c.bare
	for _, at := range place.Counties(code) {
		if county && !slices.Contains(named, at.FIPS) {
			c.other = d.class(place.Place{State: code, County: at.FIPS})
			break
		}
	}
	for _, fips := range named {
		c.counties[fips] = d.class(place.Place{State: code, County: fips})
	}
	d.states[code] = c
}

func (d *domain) class(p place.Place) uint8 {
	d.places = append(d.places, p)
	return uint8(len(d.places) - 1)
}

func (d *domain) placeCode(p place.Place) uint8 {
	if p.State == "" {
		return 0
	}
	c, ok := d.states[p.State]
	switch {
	case !ok && p.County == "":
		return d.elsewhere
	case !ok:
		return d.otherCounty
	case p.County == "":
		return c.bare
	}
	if code, ok := c.counties[p.County]; ok {
		return code
	}
	return c.other
}

// size is how many values a variable has.
func (d *domain) size(v variable) int {
	switch v {
	case varMode:
		return len(modes)
	case varAge:
		return len(ages)
	case varMissing, varDanger:
		return 2
	case varKind:
		return len(kinds)
	case varWho:
		return len(speakers)
	case varLand:
		return len(lands)
	case varConflict:
		return 1 << len(conflicts)
	}
	return len(d.places)
}

// codesOf reduces an envelope to what conditions can see. A value outside its
// list is read as the careful one: unknown, or a child.
func (d *domain) codesOf(e Envelope) codes {
	var c codes
	c[varMode] = indexOr(modes, e.Mode, 0)
	c[varAge] = indexOr(ages, e.Age, 2)
	c[varMissing] = bit(e.Missing)
	c[varDanger] = bit(e.Danger)
	c[varKind] = indexOr(kinds, e.Kind, 3)
	c[varWho] = indexOr(speakers, e.Who, 2)
	c[varLand] = indexOr(lands, e.Land, 4)
	c[varConflict] = accusedMask(e.Conflict)
	c[varHappened] = d.placeCode(e.Happened)
	c[varNow] = d.placeCode(e.Now)
	c[varLives] = d.placeCode(e.Lives)
	return c
}

// envelope is an envelope with these codes.
func (d *domain) envelope(c codes) Envelope {
	e := Envelope{Version: EnvelopeVersion, Mode: modes[c[varMode]], Age: ages[c[varAge]], Missing: c[varMissing] == 1,
		Danger: c[varDanger] == 1, Kind: kinds[c[varKind]], Who: speakers[c[varWho]], Land: lands[c[varLand]],
		Happened: d.places[c[varHappened]], Now: d.places[c[varNow]], Lives: d.places[c[varLives]], Language: "en"}
	for i, k := range conflicts {
		if c[varConflict]&(1<<i) != 0 {
			e.Conflict = append(e.Conflict, k)
		}
	}
	return e
}

func accusedMask(list []string) uint8 {
	var mask uint8
	for _, k := range list {
		if i := slices.Index(conflicts, k); i >= 0 {
			mask |= 1 << i
		}
	}
	return mask
}

func indexOr(list []string, value string, otherwise int) uint8 {
	i := slices.Index(list, value)
	if i < 0 {
		i = otherwise
	}
	return uint8(i)
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
