// SPDX-License-Identifier: Apache-2.0

package program

import (
	"slices"
	"time"
)

// owed is what a plan asks, in short.
type owed struct{ program, reporter []asked }

type asked struct {
	rule, recipient string
	limit           time.Duration
}

func owedBy(plan Plan) owed {
	var o owed
	for i := range plan.Deliveries {
		if d := &plan.Deliveries[i].Duty; d.Rule != RuleFallback {
			o.program = append(o.program, asked{d.Rule, d.Recipient, d.Limit})
		}
	}
	for i := range plan.Reporter {
		d := &plan.Reporter[i]
		o.reporter = append(o.reporter, asked{d.Rule, d.Recipient, d.Limit})
	}
	return o
}

// pair holds the second situation to everything that the first asks: what is
// owed for the one is owed for the other, and no later. A pick of the sender is
// held to that only where it counts in both.
func (pr *proof) pair(ids [2]int, of instance, who string, picks bool) {
	a, b := pr.census.situations[ids[0]], pr.census.situations[ids[1]]
	e := of.envelope(pr.p.domain)
	if !a.help {
		pr.compare(e, pr.tips[ids[0]], pr.tips[ids[1]], who, picks)
		return
	}
	for _, ticked := range pr.picks {
		e.Consents = ticked
		before, after := pr.p.plan(a, ticked, nil, pr.keys[0].has), pr.p.plan(b, ticked, nil, pr.keys[0].has)
		pr.plans += 2
		pr.compare(e, owedBy(before), owedBy(after), who, picks)
	}
}

func (pr *proof) compare(e Envelope, before, after owed, who string, picks bool) {
	for _, d := range before.program {
		if (d.rule != RuleConsent || picks) && !met(after.program, d) {
			pr.say(pr.rules[d.rule], e, pr.keys[0], "for %s, telling %s is missing or later than it is otherwise", who, d.recipient)
		}
	}
	for _, d := range before.reporter {
		if !met(after.reporter, d) {
			pr.say(pr.rules[d.rule], e, pr.keys[0], "for %s, the sender's duty to tell %s is missing", who, d.recipient)
		}
	}
}

func met(list []asked, d asked) bool {
	return slices.ContainsFunc(list, func(o asked) bool { return o.recipient == d.recipient && o.limit <= d.limit })
}
