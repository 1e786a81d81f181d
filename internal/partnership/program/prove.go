// SPDX-License-Identifier: Apache-2.0

package program

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// keys is one answer to "who has a key?" that a proof is made for. Who holds a
// delivery depends on the recipient's own key and the desks' keys alone, so with
// these every way of holding it is seen.
type keys struct {
	name string
	has  func(office string) bool
}

func (p *Program) keySets() []keys {
	return []keys{
		{"everybody has a key", func(string) bool { return true }},
		{"only the desks have keys", func(id string) bool { return p.facts[id].desk }},
		{"only the desk outside the police has a key", func(id string) bool {
			return p.facts[id].desk && !p.facts[id].police && p.facts[id].kind == 0
		}},
	}
}

// proof walks through a census and collects what must never be.
type proof struct {
	p      *Program
	wrong  *faults
	told   map[string]bool // what has been said already: once is enough
	census *census
	keys   []keys
	tips   []owed          // what each tip's situation asks, when everybody has a key
	picks  [][]string      // what can be picked
	leave  [][]string      // what can be left out
	rules  map[string]mark // where each rule stands
	plans  int
}

// prove holds a program to what docs/spec/pack.md says check proves. It returns
// the numbers of envelopes and of plans that it looked at.
func (p *Program) prove(at mark, wrong *faults) (envelopes, plans int) {
	c, ok := p.takeCensus()
	if !ok {
		wrong.add(at, "the conditions tell more than %d envelopes apart; nothing can be proved of so many", maxEnvelopes)
		return 0, 0
	}
	pickable := slices.DeleteFunc(slices.Clone(p.OfficeOrder), func(id string) bool { return !p.facts[id].pickable })
	pr := proof{p: p, wrong: wrong, told: map[string]bool{}, census: c, keys: p.keySets(), picks: choices(pickable), leave: choices(p.leavable()),
		rules: map[string]mark{RuleFallback: at, RuleConsent: at}}
	for _, r := range p.Rules {
		pr.rules[r.ID] = mark{file: r.File, line: r.Line}
	}
	pr.tips = make([]owed, len(c.situations))
	for i, s := range c.situations {
		pr.situation(i, s)
	}
	for _, ids := range c.grown.inOrder() {
		pr.pair(ids, c.grown[ids], "a child", true)
	}
	for _, ids := range c.unsure.inOrder() {
		pr.pair(ids, c.unsure[ids], "somebody whose age is not sure", false)
	}
	return c.envelopes, pr.plans
}

// inOrder lists pairs so that the same pack gives the same words.
func (p pairs) inOrder() [][2]int {
	out := make([][2]int, 0, len(p))
	for ids := range p {
		out = append(out, ids)
	}
	slices.SortFunc(out, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return out
}

// situation looks at one situation with every choice a sender can make in it,
// and with every set of keys.
func (pr *proof) situation(i int, s situation) {
	choices := pr.leave
	if s.help {
		choices = pr.picks
	}
	e := pr.census.shown[i].envelope(pr.p.domain)
	for n, ticked := range choices {
		if s.help {
			e.Consents = ticked
		} else {
			e.LeftOut = ticked
		}
		plan := pr.p.plan(s, e.Consents, e.LeftOut, pr.keys[0].has)
		pr.plans++
		pr.judge(e, s, pr.keys[0], plan)
		if n == 0 && !s.help {
			pr.tips[i] = owedBy(plan)
		}
		if n > 0 && n < len(choices)-1 {
			continue // who holds what depends on no other delivery: none and all show every way
		}
		for _, k := range pr.keys[1:] {
			pr.judge(e, s, k, pr.p.heldBy(s, e, plan, k))
			pr.plans++
		}
	}
}

// heldBy is the same plan with other keys. Only who holds it changes, unless a
// desk reads it for itself: which desk that is depends on the keys.
func (p *Program) heldBy(s situation, e Envelope, plan Plan, k keys) Plan {
	if slices.ContainsFunc(plan.Deliveries, func(d Delivery) bool { return d.Rule == RuleFallback }) {
		return p.plan(s, e.Consents, e.LeftOut, k.has)
	}
	r := router{p: p, s: s, keyed: k.has, plan: Plan{Deliveries: slices.Clone(plan.Deliveries)}}
	r.holders()
	return r.plan
}

// choices are the sets of offices that a sender can tick, from none to all: all
// sets when they are few, and otherwise none, each, all but one, and all.
func choices(ids []string) [][]string {
	out := [][]string{nil}
	if len(ids) > 6 {
		for i, id := range ids {
			out = append(out, []string{id}, slices.Delete(slices.Clone(ids), i, i+1))
		}
		return append(out, ids)
	}
	for _, id := range ids {
		for _, set := range out {
			out = append(out, append(set[:len(set):len(set)], id))
		}
	}
	return out
}

// leavable are the by-name-only offices that some rule names.
func (p *Program) leavable() []string {
	var out []string
	for _, r := range p.Rules {
		for _, d := range r.Duties {
			if o, ok := p.facts[d.Recipient]; ok && o.byName && d.Obligor == ByProgram && !slices.Contains(out, d.Recipient) {
				out = append(out, d.Recipient)
			}
		}
	}
	return out
}

func (pr *proof) say(at mark, e Envelope, k keys, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if key := fmt.Sprint(at, text); !pr.told[key] && len(pr.told) < 50 {
		pr.told[key] = true
		pr.wrong.add(at, "%s; for example %s, when %s", text, e.brief(), k.name)
	}
}

// judge holds one plan to what must always be so.
func (pr *proof) judge(e Envelope, s situation, k keys, plan Plan) {
	if len(plan.Deliveries) == 0 {
		pr.say(pr.rules[RuleFallback], e, k, "a report reaches nobody")
	}
	for i := range plan.Deliveries {
		d := &plan.Deliveries[i]
		at := pr.rules[d.Rule]
		if !slices.Contains(plan.Readers, d.Holder) {
			pr.say(at, e, k, "%s holds the report and is not among its readers", d.Holder)
		}
		if !k.has(d.Holder) {
			pr.say(at, e, k, "nobody can open the report for %s", d.Recipient)
		}
		if d.Relay && !pr.p.facts[d.Holder].desk {
			pr.say(at, e, k, "%s passes reports on and is no desk", d.Holder)
		}
		pr.judgeOffice(at, e, s, k, d, d.Recipient)
		if d.Relay {
			pr.judgeOffice(at, e, s, k, d, d.Holder)
		}
	}
	pr.judgeAudience(e, s, k, plan)
	if len(plan.Deliveries) == 1 && plan.Deliveries[0].Rule == RuleFallback && !s.help && s.accused == 0 && len(e.LeftOut) == 0 {
		pr.say(pr.rules[RuleFallback], e, k, "a tip falls through: no rule names anybody, so only a desk reads it")
	}
}

// judgeOffice looks at one office that would learn of the report.
func (pr *proof) judgeOffice(at mark, e Envelope, s situation, k keys, d *Delivery, id string) {
	o := pr.p.facts[id]
	picked := s.picks && id == d.Recipient && slices.Contains(e.Consents, id)
	if s.accused&o.kind != 0 {
		pr.say(at, e, k, "%s is accused and learns of the report", id)
	}
	if s.help && o.police && !picked && !(d.Compelled && id == d.Recipient && d.InPlaceOf == "") {
		pr.say(at, e, k, "%s is police and learns of a request for help that no pick and no compelled duty brought there", id)
	}
	if o.byName && (s.help && !picked || slices.Contains(e.LeftOut, id)) {
		pr.say(at, e, k, "%s learns of a report without being picked, or although it was left out", id)
	}
}

// brief is the envelope as an example in a rule file would give it.
func (e Envelope) brief() string {
	var parts []string
	put := func(key, value, usual string) {
		if value != usual {
			parts = append(parts, key+": "+value)
		}
	}
	put("mode", e.Mode, Tip)
	put("age", e.Age, "")
	put("who", e.Who, "saw")
	put("kind", e.Kind, "unsure")
	put("land", e.Land, "unknown")
	put("happened", e.Happened.String(), "")
	put("now", e.Now.String(), "")
	put("lives", e.Lives.String(), "")
	put("danger", fmt.Sprint(e.Danger), "false")
	put("missing", fmt.Sprint(e.Missing), "false")
	put("conflict", fmt.Sprint(e.Conflict), "[]")
	put("consents", fmt.Sprint(e.Consents), "[]")
	put("left_out", fmt.Sprint(e.LeftOut), "[]")
	return "{" + strings.ReplaceAll(strings.Join(parts, ", "), "] [", "], [") + "}"
}

// byPlace orders problems as a reader goes through the files.
func byPlace(a, b Problem) int {
	return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Text, b.Text))
}
