// SPDX-License-Identifier: Apache-2.0

package program

import "slices"

// withheldWord is what a pack writes where a law keeps the reporter's name from
// an office, or from all whom a rule tells.
const withheldWord = "withheld"

// withheld reads `reporter` and `reporter_law`. A name is kept from somebody
// whose duty it is to act only where a law says so, and that law is cited.
func (b *builder) withheld(at mark, word, law string) string {
	switch word {
	case "":
		if law != "" {
			b.wrong.add(at, "reporter_law: stands only beside `reporter: withheld`")
		}
		return ""
	case withheldWord:
	default:
		b.wrong.add(at, "reporter: %q is not %q", word, withheldWord)
		return ""
	}
	if l, ok := b.p.Laws[law]; !ok || l.Kind != "law" {
		b.wrong.add(at, "reporter_law: the name is withheld only under a law of laws.yaml")
	}
	return law
}

// MayName says whether an office may be given the reporter's own part of a report
// with this envelope by whoever has it: never where the office is accused or a
// law keeps the name from it. An office that is not known may not.
func (p *Program) MayName(e Envelope, office string) bool {
	o, ok := p.facts[office]
	return ok && !o.withheld && accusedMask(e.Conflict)&o.kind == 0
}

// audience fills in who may have the reporter's own part. When nobody who holds
// the report may, the desk reads it as well: a name that somebody gave is
// never kept where nobody can read it.
func (r *router) audience() {
	r.name()
	if len(r.plan.Audience) > 0 || r.desk() == "" {
		return
	}
	r.fallback()
	r.hold()
	r.name()
}

// name fills in whose part it is for and who opens it.
func (r *router) name() {
	r.plan.Audience = make([]string, 0, len(r.plan.Readers))
	for i := range r.plan.Deliveries {
		d := &r.plan.Deliveries[i]
		o := r.p.facts[d.Recipient]
		d.Named = o.desk || !d.Courtesy && d.Withheld == "" && !o.withheld
		if (d.Named || d.Relay) && !slices.Contains(r.plan.Audience, d.Holder) {
			r.plan.Audience = append(r.plan.Audience, d.Holder)
		}
	}
	slices.Sort(r.plan.Audience)
}

// judgeAudience looks at who would read the reporter's own part.
func (pr *proof) judgeAudience(e Envelope, s situation, k keys, plan Plan) {
	at := pr.rules[RuleFallback]
	if !slices.ContainsFunc(plan.Audience, k.has) {
		pr.say(at, e, k, "nobody can read the reporter's own part")
	}
	for _, id := range plan.Audience {
		o := pr.p.facts[id]
		switch {
		case s.accused&o.kind != 0:
			pr.say(at, e, k, "%s is accused and reads the reporter's own part", id)
		case o.withheld:
			pr.say(at, e, k, "%s reads the reporter's own part, which a law keeps from it", id)
		case !slices.Contains(plan.Readers, id):
			pr.say(at, e, k, "%s reads the reporter's own part and not the report", id)
		}
	}
	for i := range plan.Deliveries {
		d := &plan.Deliveries[i]
		if d.Withheld != "" && d.Holder == d.Recipient && !pr.p.facts[d.Holder].desk && slices.Contains(plan.Audience, d.Holder) {
			pr.say(pr.rules[d.Rule], e, k, "%s reads the reporter's own part, which a law keeps from it", d.Holder)
		}
	}
}
