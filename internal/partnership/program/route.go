// SPDX-License-Identifier: Apache-2.0

package program

import (
	"cmp"
	"slices"

	"waylight/internal/platform/place"
)

// Route says who must be told of a report with this envelope, who holds it for
// them, and what others owe. keyed tells whether an office has a key that opens
// what is sealed to it. It never fails: an envelope that Validate refuses is read
// as the careful one, and a report always ends with somebody.
func (p *Program) Route(e Envelope, keyed func(office string) bool) Plan {
	return p.plan(p.situation(e), e.Consents, e.LeftOut, keyed)
}

// situation is all that a plan depends on besides the offices picked, those
// left out, and the keys. Check enumerates situations instead of envelopes.
type situation struct {
	fired   fired
	help    bool
	picks   bool // what the sender picked counts
	danger  bool
	accused uint8
	states  [3]string // other states that a selector of a fired rule looks at
}

func (p *Program) situation(e Envelope) situation {
	c := p.domain.codesOf(e)
	return p.situationOf(&c, [3]place.Place{e.Happened, e.Now, e.Lives})
}

func (p *Program) situationOf(c *codes, at [3]place.Place) situation {
	s := situation{help: modes[c[varMode]] == Help, danger: c[varDanger] == 1, accused: c[varConflict]}
	s.picks = s.help && (speakers[c[varWho]] == "me" || ages[c[varAge]] == "under18")
	for i := range p.Rules {
		r := &p.Rules[i]
		if s.help && !r.compels && !r.tells || !r.table.holds(c) {
			continue
		}
		s.fired.set(i)
		for _, find := range r.find {
			if find != nil {
				k := find.of - varHappened
				s.states[k] = at[k].State
			}
		}
	}
	s.danger = s.danger && s.picks // only the clock of a pick depends on it
	return s
}

// router builds one plan.
type router struct {
	p        *Program
	s        situation
	leftOut  []string
	keyed    func(string) bool
	plan     Plan
	orphaned bool // somebody accused had nobody to stand in
}

func (p *Program) plan(s situation, consents, leftOut []string, keyed func(string) bool) Plan {
	r := router{p: p, s: s, leftOut: leftOut, keyed: keyed, plan: Plan{Version: p.Version}}
	r.plan.Deliveries = make([]Delivery, 0, 8)
	r.rules()
	if s.picks {
		r.picked(consents)
	}
	if len(r.plan.Deliveries) == 0 || r.orphaned {
		r.fallback()
	}
	r.reminders()
	r.holders()
	slices.SortStableFunc(r.plan.Deliveries, func(a, b Delivery) int {
		return cmp.Or(cmp.Compare(a.Limit, b.Limit), cmp.Compare(p.facts[a.Recipient].rank, p.facts[b.Recipient].rank))
	})
	return r.plan
}

func (r *router) rules() {
	for i := range r.p.Rules {
		if !r.s.fired.has(i) {
			continue
		}
		rule := &r.p.Rules[i]
		for k := range rule.Duties {
			d := &rule.Duties[k]
			switch {
			case d.Obligor == ByReporter:
				r.plan.Reporter = append(r.plan.Reporter, *d)
			case d.Obligor == ByProgram && (!r.s.help || d.Compelled):
				r.ours(d, rule.find[k])
			}
		}
	}
}

// ours adds a duty of the program.
func (r *router) ours(duty *Duty, find *selector) {
	d := *duty
	if find != nil {
		d.Recipient = r.found(find)
		if d.Recipient == "" {
			return
		}
	}
	if r.p.facts[d.Recipient].byName {
		if r.s.help {
			return
		}
		if !slices.Contains(r.plan.LeaveOut, d.Recipient) {
			r.plan.LeaveOut = append(r.plan.LeaveOut, d.Recipient)
		}
		if slices.Contains(r.leftOut, d.Recipient) {
			return
		}
	}
	if r.accused(d.Recipient) {
		alt := r.standIn(d.Recipient)
		if alt == "" {
			r.orphaned = true
			return
		}
		d.InPlaceOf, d.Recipient = d.Recipient, alt
	}
	r.add(d)
}

// found looks a recipient up in the state where the report points.
func (r *router) found(find *selector) string {
	state := r.s.states[find.of-varHappened]
	if id, ok := r.p.byRole[find.role+"/"+state]; ok && state != r.p.State {
		return id
	}
	for _, id := range find.els {
		if !r.accused(id) {
			return id
		}
	}
	return ""
}

// accused says whether somebody of the office's kind is reported on.
func (r *router) accused(office string) bool {
	return r.s.accused&r.p.facts[office].kind != 0
}

// standIn is who takes an accused office's place. In help mode it is never the
// police: the sender did not pick them.
func (r *router) standIn(office string) string {
	for _, id := range r.p.facts[office].alternates {
		if o := r.p.facts[id]; !r.accused(id) && !o.byName && !(r.s.help && o.police) {
			return id
		}
	}
	return ""
}

// picked adds the offices that the sender agreed to. An accused one is not
// replaced: the sender agreed to that office, not to another.
func (r *router) picked(consents []string) {
	limit := r.p.Limits.Consent
	if r.s.danger {
		limit = r.p.Limits.ConsentDanger
	}
	picks := slices.DeleteFunc(slices.Clone(consents), func(id string) bool {
		o, ok := r.p.facts[id]
		return !ok || !o.pickable || r.accused(id)
	})
	slices.SortFunc(picks, func(a, b string) int { return cmp.Compare(r.p.facts[a].rank, r.p.facts[b].rank) })
	for _, id := range picks {
		d := r.p.clock(RuleConsent, id)
		d.Limit = limit
		r.add(d)
	}
}

// fallback gives the report itself to the first desk that may read it.
func (r *router) fallback() {
	desk := r.desk()
	if desk == "" {
		return // no pack that Load accepts comes here: see desks in assemble_offices.go
	}
	d := r.p.clock(RuleFallback, desk)
	d.Limit = r.p.Limits.Fallback
	r.add(d)
}

// clock is a duty that the program set itself.
func (p *Program) clock(rule, recipient string) Duty {
	return Duty{Rule: rule, Rules: []string{rule}, Recipient: recipient, Obligor: ByProgram, Starts: Event{Kind: Accepted},
		LimitBy: "policy", Basis: []string{p.Limits.Basis}, Means: []string{ByInbox, ByPhone}, Proof: []string{"opened", "confirmation_code"}}
}

// add puts a duty into the plan, or merges it with another to the same office.
func (r *router) add(d Duty) {
	for i := range r.plan.Deliveries {
		if have := &r.plan.Deliveries[i].Duty; have.Recipient == d.Recipient {
			*have = merged(*have, d)
			return
		}
	}
	r.plan.Deliveries = append(r.plan.Deliveries, Delivery{Duty: d})
}

// merged is one duty instead of two: the stricter clock, and all that either
// rests on.
func merged(a, b Duty) Duty {
	if b.Limit < a.Limit || b.Limit == a.Limit && b.LimitBy == "law" && a.LimitBy != "law" {
		a, b = b, a
	}
	a.Rules, a.Basis = union(a.Rules, b.Rules), union(a.Basis, b.Basis)
	a.Means, a.Proof = union(a.Means, b.Means), union(a.Proof, b.Proof)
	a.AtOnce = a.AtOnce || b.AtOnce && a.Limit == b.Limit
	a.Compelled = a.Compelled || b.Compelled
	a.Courtesy = a.Courtesy && b.Courtesy
	if b.InPlaceOf == "" {
		a.InPlaceOf = ""
	}
	a.Withheld = cmp.Or(a.Withheld, b.Withheld)
	if len(a.Note) == 0 {
		a.Note = b.Note
	}
	return a
}

// union is a followed by what only b has. It never writes into a's array.
func union(a, b []string) []string {
	out := a[:len(a):len(a)]
	for _, s := range b {
		if !slices.Contains(a, s) {
			out = append(out, s)
		}
	}
	return out
}

// reminders adds the clocks of offices that are in the plan.
func (r *router) reminders() {
	for i := range r.p.Rules {
		if !r.s.fired.has(i) {
			continue
		}
		duties := r.p.Rules[i].Duties
		for k := range duties {
			if o := duties[k].Obligor; o == ByProgram || o == ByReporter || !r.told(o) || !r.told(duties[k].Starts.Office) {
				continue
			}
			d := duties[k]
			if r.accused(d.Recipient) {
				d.InPlaceOf = d.Recipient
				d.Recipient = r.standIn(d.Recipient)
			}
			if d.Recipient != "" && d.Recipient != d.Obligor {
				r.plan.Reminders = append(r.plan.Reminders, d)
			}
		}
	}
}

func (r *router) told(office string) bool {
	for i := range r.plan.Deliveries {
		if r.plan.Deliveries[i].Recipient == office {
			return true
		}
	}
	return false
}

// holders decides whose key opens each delivery, and the reporter's own part.
func (r *router) holders() {
	r.hold()
	r.audience()
}

func (r *router) hold() {
	desk := r.desk()
	for i := range r.plan.Deliveries {
		d := &r.plan.Deliveries[i]
		d.Holder = d.Recipient
		if !r.keyed(d.Recipient) && desk != "" {
			d.Holder = desk
		}
		d.Relay = d.Holder != d.Recipient
		if d.Relay {
			d.Means = byHand(d.Means)
		}
		if !slices.Contains(r.plan.Readers, d.Holder) {
			r.plan.Readers = append(r.plan.Readers, d.Holder)
		}
	}
	slices.Sort(r.plan.Readers)
}

// byHand is how a desk passes a report on: an office without a key has no inbox.
func byHand(means []string) []string {
	out := make([]string, 0, len(means))
	for _, m := range means {
		if m != ByInbox && m != ByEmail {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		return []string{ByPhone}
	}
	return out
}

// desk is the first desk that may read this report, one with a key before one
// without.
func (r *router) desk() string {
	first := ""
	for _, id := range r.p.Desks {
		if r.accused(id) || r.s.help && r.p.facts[id].police {
			continue
		}
		if r.keyed(id) {
			return id
		}
		first = cmp.Or(first, id)
	}
	return first
}
