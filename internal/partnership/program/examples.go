// SPDX-License-Identifier: Apache-2.0

package program

import (
	"cmp"
	"slices"
	"strings"

	"waylight/internal/platform/place"
)

// runExamples holds the rules to the examples in their files. An example says
// in a few words what a person of the field expects; a rule that no example
// reaches is a rule that nobody has thought through.
func (p *Program) runExamples(own, base *pack, wrong *faults) {
	reached := map[string]bool{}
	for _, from := range []*pack{own, base} {
		for _, f := range from.examples {
			if len(f.Examples) == 0 {
				wrong.add(f.At, "the file has no examples")
			}
			for _, row := range f.Examples {
				x := example{p: p, row: row, wrong: wrong, least: from == base}
				x.run(reached)
			}
		}
	}
	for _, r := range p.Rules {
		if !reached[r.ID] {
			wrong.add(mark{file: r.File, line: r.Line}, "rule %q: no example reaches it", r.ID)
		}
	}
}

// example is one example on its way through Route.
type example struct {
	p     *Program
	row   exampleRow
	wrong *faults
	least bool // a base's: programs may add to what it expects
	plan  Plan
}

func (x *example) fail(format string, args ...any) {
	x.wrong.add(x.row.At, "example %q: "+format, append([]any{x.row.Name}, args...)...)
}

func (x *example) run(reached map[string]bool) {
	e, ok := x.envelope()
	if !ok {
		return
	}
	at := x.p.domain.codesOf(e)
	for _, r := range x.p.Rules {
		reached[r.ID] = reached[r.ID] || r.table.holds(&at)
	}
	if x.least && slices.Contains([]string{e.Happened.State, e.Now.State, e.Lives.State}, x.p.State) {
		return
	}
	for _, id := range slices.Concat(x.row.Keyed, x.row.Never, x.row.Reporter, sortedKeys(x.row.Deliveries)) {
		if _, ok := x.p.Offices[id]; !ok {
			x.fail("there is no office %q", id)
		}
	}
	x.plan = x.p.Route(e, func(id string) bool {
		return slices.Contains(x.p.Desks, id) || slices.Contains(x.row.Keyed, id)
	})
	x.deliveries()
	x.reporter()
	x.reminders()
	x.never()
}

func (x *example) envelope() (Envelope, bool) {
	r := x.row.Envelope
	e := Envelope{Version: EnvelopeVersion, Land: cmp.Or(r.Land, "unknown"), Age: cmp.Or(r.Age, "adult"), Danger: r.Danger,
		Kind: cmp.Or(r.Kind, "unsure"), Who: cmp.Or(r.Who, "saw"), Conflict: r.Conflict, Missing: r.Missing, Mode: cmp.Or(r.Mode, Tip),
		Consents: r.Consents, LeftOut: r.LeftOut, Language: cmp.Or(r.Language, "en")}
	for i, at := range e.places() {
		text := []string{r.Happened, r.Now, r.Lives}[i]
		found, err := place.ParsePlace(text)
		if err != nil {
			x.fail("%q is not a place", text)
			return e, false
		}
		*at.place = found
	}
	err := e.Validate(x.p)
	if err != nil {
		x.fail("the envelope: %v", err)
	}
	return e, err == nil
}

func (x *example) deliveries() {
	got := map[string]string{}
	for _, d := range x.plan.Deliveries {
		got[d.Recipient] = d.Holder
	}
	for _, id := range sortedKeys(x.row.Deliveries) {
		want, have := x.row.Deliveries[id], got[id]
		switch {
		case have == "":
			x.fail("%s is not told", id)
		case want == "desk" && x.p.Offices[have].Desk, want == have:
		default:
			x.fail("%s opens it for %s, expected %s", have, id, want)
		}
	}
	for _, id := range sortedKeys(got) {
		if _, ok := x.row.Deliveries[id]; !ok && !x.least {
			x.fail("%s is told, and is not expected", id)
		}
	}
}

func (x *example) reporter() {
	var got []string
	for _, d := range x.plan.Reporter {
		got = append(got, d.Recipient)
	}
	for _, id := range x.row.Reporter {
		if !slices.Contains(got, id) {
			x.fail("the sender is not told to tell %s", id)
		}
	}
	for _, id := range got {
		if !slices.Contains(x.row.Reporter, id) && !x.least {
			x.fail("the sender is told to tell %s, which is not expected", id)
		}
	}
}

func (x *example) reminders() {
	for _, want := range x.row.Reminders {
		from, to, ok := strings.Cut(want, " to ")
		found := slices.ContainsFunc(x.plan.Reminders, func(d Duty) bool { return d.Obligor == from && d.Recipient == to })
		if !ok || !found {
			x.fail("there is no reminder %q", want)
		}
	}
}

func (x *example) never() {
	for _, id := range x.row.Never {
		for _, d := range x.plan.Deliveries {
			if d.Recipient == id || d.Holder == id {
				x.fail("%s must never be told here", id)
				break
			}
		}
	}
}
