// SPDX-License-Identifier: Apache-2.0

package program

import (
	"fmt"
	"slices"
	"strings"

	"waylight/internal/platform/place"
)

// census is every envelope there can be, reduced to the situations that plans
// depend on, with one envelope of each to show.
type census struct {
	envelopes  int // how many envelopes were looked at, alike ones counted once
	situations []situation
	shown      []instance
	// Pairs of situations that differ in age alone, with an envelope of the
	// second: an adult's and a child's, and a child's and that of somebody of
	// unsure age.
	grown, unsure pairs
}

type pairs map[[2]int]instance

// instance is one envelope, in short.
type instance struct {
	at     codes
	places [3]place.Place
}

func (i instance) envelope(d *domain) Envelope {
	e := d.envelope(i.at)
	e.Happened, e.Now, e.Lives = i.places[0], i.places[1], i.places[2]
	return e
}

// maxEnvelopes bounds how long a proof may take.
const maxEnvelopes = 50_000_000

// site is a place to try: its class, and one place of it.
type site struct {
	code uint8
	at   place.Place
}

// takeCensus walks through every envelope that the conditions, or routing
// itself, can tell apart. It reports false when there are too many.
func (p *Program) takeCensus() (*census, bool) {
	c := &census{grown: pairs{}, unsure: pairs{}}
	vary := p.varied()
	sites := p.sites()
	total := len(ages)
	for _, v := range vary {
		total *= p.domain.size(v)
	}
	perPlace := 1
	for v := varHappened; v <= varLives; v++ {
		if p.used(v) {
			perPlace *= len(sites)
		}
	}
	if total > maxEnvelopes/perPlace {
		return c, false
	}
	known := map[situation]int{}
	// What nothing looks at stays at "not sure", which is what examples leave out.
	at := codes{varKind: indexOr(kinds, "unsure", 0), varLand: indexOr(lands, "unknown", 0)}
	for _, v := range vary {
		at[v] = 0
	}
	for more := true; more; more = step(p.domain, vary, &at) {
		p.eachPlaces(sites, &at, func(places [3]place.Place) {
			c.look(p, at, places, known)
		})
	}
	return c, true
}

// look adds the situations of one envelope at the three ages.
func (c *census) look(p *Program, at codes, places [3]place.Place, known map[situation]int) {
	var ids [3]int
	var as [3]instance
	for age := range ages {
		at[varAge] = uint8(age)
		as[age] = instance{at, places}
		s := p.situationOf(&at, places)
		id, ok := known[s]
		if !ok {
			id = len(c.situations)
			known[s] = id
			c.situations, c.shown = append(c.situations, s), append(c.shown, as[age])
		}
		ids[age] = id
		c.envelopes++
	}
	child, adult, unsure := 0, 1, 2 // as in ages
	c.grown.pair(ids, as, adult, child)
	c.grown.pair(ids, as, adult, unsure)
	c.unsure.pair(ids, as, child, unsure)
}

// pair notes two situations, unless they are one.
func (p pairs) pair(ids [3]int, as [3]instance, from, to int) {
	key := [2]int{ids[from], ids[to]}
	if _, ok := p[key]; !ok && key[0] != key[1] {
		p[key] = as[to]
	}
}

// used says whether some condition, or some search for a recipient, looks at a
// variable.
func (p *Program) used(v variable) bool {
	return slices.ContainsFunc(p.Rules, func(r Rule) bool {
		return slices.Contains(r.table.uses, v) || slices.ContainsFunc(r.find, func(s *selector) bool { return s != nil && s.of == v })
	})
}

// varied lists what must be varied besides age and places: what routing itself
// looks at, and what conditions do.
func (p *Program) varied() []variable {
	out := []variable{varMode, varWho, varConflict, varDanger}
	for _, v := range []variable{varMissing, varKind, varLand} {
		if p.used(v) {
			out = append(out, v)
		}
	}
	return out
}

// sites lists one place of every class, and of the states that no condition
// names one for each way in which their offices differ.
func (p *Program) sites() []site {
	var out []site
	for code, at := range p.domain.places {
		out = append(out, site{uint8(code), at})
	}
	d := p.domain
	seen := map[string]bool{}
	add := func(code uint8, at place.Place) {
		if key := fmt.Sprint(code, p.abroad(at.State)); !seen[key] {
			seen[key] = true
			out = append(out, site{code, at})
		}
	}
	for _, at := range d.places {
		if _, named := d.states[at.State]; !named && at.State != "" {
			seen[fmt.Sprint(d.placeCode(at), p.abroad(at.State))] = true
		}
	}
	for _, s := range place.States() {
		if _, named := d.states[s.Code]; named {
			continue
		}
		add(d.elsewhere, place.Place{State: s.Code})
		if counties := place.Counties(s.Code); len(counties) > 0 {
			add(d.otherCounty, place.Place{State: s.Code, County: counties[0].FIPS})
		}
	}
	return out
}

// abroad describes a state's offices as far as routing can tell them apart.
func (p *Program) abroad(state string) string {
	var b strings.Builder
	roles := map[string]bool{}
	for key := range p.byRole {
		role, _, _ := strings.Cut(key, "/")
		roles[role] = true
	}
	for _, role := range sortedKeys(roles) {
		o := p.Offices[p.byRole[role+"/"+state]]
		fmt.Fprint(&b, role, o.Kind, o.Police, o.ByNameOnly, o.Withheld, o.Alternates, ";")
	}
	return b.String()
}

// eachPlaces visits every combination of sites for the places that matter.
func (p *Program) eachPlaces(sites []site, at *codes, visit func(places [3]place.Place)) {
	var places [3]place.Place
	var next func(v variable)
	next = func(v variable) {
		if v > varLives {
			visit(places)
			return
		}
		tries := sites
		if !p.used(v) {
			tries = sites[:1]
		}
		for _, s := range tries {
			at[v], places[v-varHappened] = s.code, s.at
			next(v + 1)
		}
	}
	next(varHappened)
}
