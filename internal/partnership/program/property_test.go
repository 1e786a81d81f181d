// SPDX-License-Identifier: Apache-2.0

package program

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"waylight/internal/platform/place"
)

// anyWords draws a few things that conditions may ask, about some of the places.
func anyWords(t *rapid.T, places []string) []string {
	at := rapid.SampledFrom(places)
	all := []string{
		"child", "danger", "missing", "true", `mode == "help"`, `"adult" == age`, `age in ["under18", "unsure"]`,
		`kind in ["labor", "both"]`, `kind != "sex"`, `who == "me"`, `who in ["job", "saw"]`, `land == "tribal"`, `land in ["ordinary", "unknown"]`,
		`"police" in conflict`, `"helper" in conflict`, `conflict == []`,
	}
	for _, about := range []string{`.state == home`, `.state != home`, `.state == ""`, `.state in [home, "NH"]`, `.county == "50001"`,
		`.county in ["", "50007"]`, `.county == "33001"`} {
		all = append(all, at.Draw(t, "at")+about)
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(all), 2, 5, rapid.ID).Draw(t, "words")
}

// anyCondition draws an expression of the grammar.
func anyCondition(t *rapid.T, depth int, words []string) string {
	if depth > 0 && rapid.Bool().Draw(t, "composed") {
		a, b := anyCondition(t, depth-1, words), anyCondition(t, depth-1, words)
		return rapid.SampledFrom([]string{"(" + a + " && " + b + ")", "(" + a + " || " + b + ")", "!(" + a + ")"}).Draw(t, "join")
	}
	return rapid.SampledFrom(words).Draw(t, "atom")
}

// anyPack draws a program of random offices and rules.
func anyPack(t *rapid.T, places ...string) *Program {
	var b strings.Builder
	words := anyWords(t, places)
	b.WriteString("rules:\n")
	offices := []string{"o0", "o1", "o2", "o3", "o4", "o5", "police-desk", "open-desk", "shelter"}
	office := rapid.SampledFrom(offices)
	for i := range rapid.IntRange(1, 6).Draw(t, "rules") {
		fmt.Fprintf(&b, "  - id: r%d\n    title: {en: A, es: A}\n%s    when: '%s'\n    duties:\n", i, anyWithheld(t, "    ", "\n"), anyCondition(t, 2, words))
		for range rapid.IntRange(1, 3).Draw(t, "duties") {
			anyDuty(t, &b, office)
		}
	}
	b.WriteString("examples: []\n")
	var o strings.Builder
	o.WriteString("offices:\n")
	for i := range 6 {
		anyOffice(t, &o, i, office)
	}
	o.WriteString("  - {id: police-desk, name: {en: A, es: A}, kind: police, police: true, desk: true, alternates: [open-desk]}\n")
	o.WriteString("  - {id: open-desk, name: {en: A, es: A}, kind: coordinator, desk: true}\n")
	o.WriteString("  - {id: shelter, name: {en: A, es: A}, kind: helper, helper: true}\n")
	all, wrong, err := gather(os.DirFS("testdata/mini"))
	if err != nil {
		t.Fatal(err)
	}
	all["mini/rules/all.yaml"], all["mini/offices.yaml"] = []byte(b.String()), []byte(o.String())
	own, base := readPack(all, "mini", wrong), readPack(all, "base", wrong)
	p := assemble(own, base, wrong)
	for _, w := range wrong.list {
		if !strings.Contains(w.Text, "the condition never holds") && !strings.Contains(w.Text, "depends on too many things") {
			t.Fatalf("%s\n%s\n%s", w, b.String(), o.String())
		}
	}
	return p
}

func anyOffice(t *rapid.T, b *strings.Builder, i int, office *rapid.Generator[string]) {
	kind := rapid.SampledFrom(officeKinds).Draw(t, "kind")
	byName := kind == National && rapid.Bool().Draw(t, "by name")
	police := kind == Police || kind == National && rapid.Bool().Draw(t, "police")
	var alternates []string
	for _, id := range rapid.SliceOfNDistinct(office, 0, 3, rapid.ID).Draw(t, "alternates") {
		if id != fmt.Sprintf("o%d", i) && !strings.HasPrefix(id, "o") || id == "open-desk" {
			alternates = append(alternates, id)
		}
	}
	fmt.Fprintf(b, "  - {id: o%d, name: {en: A, es: A}, kind: %s, police: %v, by_name_only: %v, consent: %v, alternates: [%s], channels: [child-line]%s}\n",
		i, kind, police, byName, rapid.Bool().Draw(t, "consent"), strings.Join(alternates, ", "), anyWithheld(t, ", ", ""))
}

// anyWithheld draws whether a law keeps the reporter's name from somebody.
func anyWithheld(t *rapid.T, before, after string) string {
	if rapid.IntRange(0, 2).Draw(t, "withheld") > 0 {
		return ""
	}
	return strings.Join([]string{before + "reporter: withheld" + after, "reporter_law: mini-child-law" + after}, before)
}

// anyDuty draws a duty of ours, of the reporter or of another office. Those
// to o0 to o5 are never compelled: one of them may be by-name-only.
func anyDuty(t *rapid.T, b *strings.Builder, office *rapid.Generator[string]) {
	to := office.Draw(t, "to")
	limit := rapid.SampledFrom([]string{"at once", "24h", "3d"}).Draw(t, "limit")
	by, basis := "policy", "mini-clocks"
	compelled := !strings.HasPrefix(to, "o") && rapid.Bool().Draw(t, "compelled")
	if compelled {
		by, basis = "law", "mini-child-law"
	}
	note := "note: {en: A, es: A}"
	switch {
	case rapid.IntRange(0, 3).Draw(t, "whose") == 0 && !compelled:
		fmt.Fprintf(b, "      - {to: o1, obligor: open-desk, starts: delivered open-desk, limit: %s, limit_by: policy, basis: [mini-clocks]}\n", limit)
	case rapid.IntRange(0, 3).Draw(t, "sender's") == 0 && !compelled:
		fmt.Fprintf(b, "      - {to: o1, obligor: reporter, starts: accepted, limit: %s, limit_by: policy, basis: [mini-clocks], %s}\n", limit, note)
	default:
		fmt.Fprintf(b, "      - {to: %s, obligor: program, starts: accepted, limit: %s, limit_by: %s, basis: [%s], means: [inbox], proof: [opened], compelled: %v, %s}\n",
			to, limit, by, basis, compelled, note)
	}
}

func anyPlace() *rapid.Generator[place.Place] {
	return rapid.Custom(func(t *rapid.T) place.Place {
		text := rapid.SampledFrom([]string{"", "VT", "VT-50001", "VT-50007", "VT-50003", "NH", "NH-33001", "NH-33003", "ME", "ME-23005", "GU", "MS-28033"}).Draw(t, "place")
		p, err := place.ParsePlace(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	})
}

func anyEnvelope(t *rapid.T, p *Program) Envelope {
	pick := func(list []string, what string) string { return rapid.SampledFrom(list).Draw(t, what) }
	some := func(list []string, what string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(string) bool { return rapid.Bool().Draw(t, what) })
	}
	e := Envelope{Version: EnvelopeVersion, Mode: pick(modes, "mode"), Age: pick(ages, "age"), Kind: pick(kinds, "kind"), Who: pick(speakers, "who"),
		Land: pick(lands, "land"), Danger: rapid.Bool().Draw(t, "danger"), Missing: rapid.Bool().Draw(t, "missing"), Language: "en",
		Conflict: some(conflicts, "conflict"), Happened: anyPlace().Draw(t, "happened"), Now: anyPlace().Draw(t, "now"), Lives: anyPlace().Draw(t, "lives")}
	var pickable, byName []string
	for _, id := range p.OfficeOrder {
		if p.Offices[id].Pickable() {
			pickable = append(pickable, id)
		}
		if p.Offices[id].ByNameOnly {
			byName = append(byName, id)
		}
	}
	if e.Mode == Help {
		e.Consents = some(pickable, "consents")
	} else {
		e.LeftOut = some(byName, "left out")
	}
	return e
}

// keyring draws who has a key, among them the desk that is always open.
func anyKeys(t *rapid.T, p *Program) func(string) bool {
	has := map[string]bool{"open-desk": true}
	for _, id := range p.OfficeOrder {
		has[id] = has[id] || rapid.Bool().Draw(t, "key")
	}
	return func(id string) bool { return has[id] }
}

// Whatever a pack says and whoever reports: somebody can open it, no accused
// office learns of it, and a request for help stays with whom it was meant for.
func TestRouteKeepsItsPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyPack(t, "happened", "now", "lives")
		for range 20 {
			e, keyed := anyEnvelope(t, p), anyKeys(t, p)
			if err := e.Validate(p); err != nil {
				t.Fatal(err)
			}
			plan := p.Route(e, keyed)
			promises(t, p, e, keyed, plan)
			slices.Reverse(e.Consents)
			slices.Reverse(e.LeftOut)
			slices.Reverse(e.Conflict)
			if diff := cmp.Diff(plan, p.Route(e, keyed)); diff != "" {
				t.Fatalf("the order of what was ticked changes the plan:\n%s", diff)
			}
		}
	})
}

func promises(t *rapid.T, p *Program, e Envelope, keyed func(string) bool, plan Plan) {
	if len(plan.Deliveries) == 0 {
		t.Fatalf("%s reaches nobody", e.brief())
	}
	seen := map[string]bool{}
	for _, d := range plan.Deliveries {
		if seen[d.Recipient] {
			t.Fatalf("%s tells %s twice", e.brief(), d.Recipient)
		}
		seen[d.Recipient] = true
		if !keyed(d.Holder) || !slices.Contains(plan.Readers, d.Holder) || d.Relay != (d.Holder != d.Recipient) {
			t.Fatalf("%s: %s cannot open it for %s (%+v)", e.brief(), d.Holder, d.Recipient, plan)
		}
		if d.Relay && !slices.Contains(p.Desks, d.Holder) {
			t.Fatalf("%s: %s passes on and is no desk", e.brief(), d.Holder)
		}
		for _, id := range []string{d.Recipient, d.Holder} {
			o := p.Offices[id]
			picked := e.ConsentsCount() && id == d.Recipient && slices.Contains(e.Consents, id)
			named := d.Compelled && id == d.Recipient
			switch {
			case slices.Contains(e.Conflict, o.Kind):
				t.Fatalf("%s: accused %s learns of it", e.brief(), id)
			case e.Mode == Help && !picked && !named && d.Rule != RuleFallback && id == d.Recipient:
				t.Fatalf("%s: %s was neither picked nor compelled", e.brief(), id)
			case e.Mode == Help && o.Police && !picked && !named:
				t.Fatalf("%s: police %s learn of a request for help", e.brief(), id)
			case o.ByNameOnly && (e.Mode == Help && !picked || slices.Contains(e.LeftOut, id)):
				t.Fatalf("%s: %s learns of it unasked", e.brief(), id)
			}
		}
	}
	promisesOfNames(t, p, e, keyed, plan)
	for _, d := range plan.Reminders {
		if !seen[d.Obligor] || slices.Contains(e.Conflict, p.Offices[d.Recipient].Kind) {
			t.Fatalf("%s: reminder %s to %s", e.brief(), d.Obligor, d.Recipient)
		}
	}
}

// Somebody who holds the report can read who reports, and nobody who is accused
// or from whom a law keeps the name.
func promisesOfNames(t *rapid.T, p *Program, e Envelope, keyed func(string) bool, plan Plan) {
	if len(plan.Audience) == 0 || !slices.IsSorted(plan.Audience) || len(slices.Compact(slices.Clone(plan.Audience))) != len(plan.Audience) {
		t.Fatalf("%s: the audience is %v", e.brief(), plan.Audience)
	}
	for _, id := range plan.Audience {
		o := p.Offices[id]
		reason := slices.ContainsFunc(plan.Deliveries, func(d Delivery) bool {
			return d.Holder == id && (d.Relay || o.Desk || !d.Courtesy && d.Withheld == "")
		})
		if !keyed(id) || !slices.Contains(plan.Readers, id) || o.Withheld != "" || slices.Contains(e.Conflict, o.Kind) || !reason {
			t.Fatalf("%s: %s reads who reports: %+v", e.brief(), id, plan)
		}
	}
	for _, d := range plan.Deliveries {
		o := p.Offices[d.Recipient]
		if d.Named != (o.Desk || !d.Courtesy && d.Withheld == "" && o.Withheld == "") {
			t.Fatalf("%s: whether %s may know who reports is %v", e.brief(), d.Recipient, d.Named)
		}
	}
}

// A table says what the expression itself says, for every place there is.
func TestTablesSayWhatConditionsSay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyPack(t, "happened", "now", "lives")
		g, err := newGrammar(p.State)
		if err != nil {
			t.Fatal(err)
		}
		r := rapid.SampledFrom(p.Rules).Draw(t, "rule")
		c, err := g.compile(r.When, &literals{states: map[string]bool{}, counties: map[string]bool{}})
		if err != nil {
			t.Fatal(err)
		}
		program, err := g.env.Program(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			e := anyEnvelope(t, p)
			at := p.domain.codesOf(e)
			value, _, err := program.Eval(facts(e))
			if err != nil {
				t.Fatal(err)
			}
			if got := r.table.holds(&at); got != value.Value() {
				t.Fatalf("%s of %s: the table says %v", r.When, e.brief(), got)
			}
		}
	})
}

// The walk over all envelopes meets every envelope that can come, and what it
// says of a pack is what a person who tries envelopes at random finds.
func TestProofMeetsEveryEnvelope(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyPack(t, "happened")
		census, ok := p.takeCensus()
		if !ok {
			t.Fatal("too many envelopes")
		}
		met := map[situation]bool{}
		for _, s := range census.situations {
			met[p.likeness(s)] = true
		}
		wrong := &faults{}
		p.prove(mark{file: "mini/program.yaml"}, wrong)
		for range 50 {
			e := anyEnvelope(t, p)
			if s := p.likeness(p.situation(e)); !met[s] {
				t.Fatalf("%s was not met: %+v", e.brief(), s)
			}
			if lost := lostForChild(p, e); lost != "" && len(wrong.list) == 0 {
				t.Fatalf("%s: %s, and the proof says nothing", e.brief(), lost)
			}
		}
	})
}

// likeness replaces states by what tells them apart.
func (p *Program) likeness(s situation) situation {
	for i, state := range s.states {
		if _, named := p.domain.states[state]; state != "" && !named {
			s.states[i] = p.abroad(state)
		}
	}
	return s
}

// lostForChild compares an adult's plan with a child's.
func lostForChild(p *Program, e Envelope) string {
	everybody := func(string) bool { return true }
	e.LeftOut = nil
	e.Age = "adult"
	adult := p.Route(e, everybody)
	e.Age = "under18"
	child := p.Route(e, everybody)
	for _, d := range adult.Deliveries {
		kept := slices.ContainsFunc(child.Deliveries, func(o Delivery) bool { return o.Recipient == d.Recipient && o.Limit <= d.Limit })
		if d.Rule != RuleFallback && !kept {
			return d.Recipient + " is told of an adult only, or earlier"
		}
	}
	return ""
}
