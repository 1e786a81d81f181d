// SPDX-License-Identifier: Apache-2.0

package program

import (
	"slices"
	"strings"
)

var (
	meansList  = []string{ByInbox, ByEmail, ByPhone, ByWeb, ByCyberTip}
	proofList  = []string{"opened", "confirmation_code", "api_id", "written"}
	eventKinds = []string{Delivered, Acknowledged, Identified}
)

// selector finds the recipient of a duty by place: the office with a role in
// the state where something happened, or the first of some others.
type selector struct {
	role string
	of   variable
	els  []string
}

func (b *builder) rules() {
	rows := slices.Concat(b.own.rules, b.base.rules)
	if len(rows) > maxRules {
		b.wrong.add(b.own.head.At, "there are over %d rules", maxRules)
		return
	}
	g, err := newGrammar(b.p.State)
	if err != nil {
		b.wrong.add(b.own.head.At, "preparing conditions: %v", err)
		return
	}
	conditions := b.conditions(g, rows)
	for i, row := range rows {
		if !b.id("rule", row.ID, row.At) || conditions[i] == nil {
			continue
		}
		if row.ID == RuleConsent || row.ID == RuleFallback {
			b.wrong.add(row.At, "id: %q is the name of a rule that every program has", row.ID)
		}
		b.words(row.At, "title", row.Title)
		t, err := conditions[i].tabulate(b.p.domain)
		if err != nil {
			b.wrong.add(row.At, "rule %q: %v", row.ID, err)
			continue
		}
		if !t.ever() {
			b.wrong.add(row.At, "rule %q: the condition never holds", row.ID)
		}
		b.rule(row, t)
	}
}

// conditions compiles all conditions, and with them the classes of places.
func (b *builder) conditions(g *grammar, rows []ruleRow) []*condition {
	named := &literals{states: map[string]bool{}, counties: map[string]bool{}}
	out := make([]*condition, len(rows))
	for i, row := range rows {
		c, err := g.compile(row.When, named)
		if err != nil {
			b.wrong.add(row.At, "rule %q: %v", row.ID, err)
			continue
		}
		out[i] = c
	}
	d, ok := newDomain(b.p.State, named)
	if !ok {
		b.wrong.add(b.own.head.At, "the conditions name more places than can be told apart")
	}
	b.p.domain = d
	return out
}

func (b *builder) rule(row ruleRow, t table) {
	r := Rule{ID: row.ID, Title: row.Title, When: row.When, File: row.At.file, Line: row.At.line, table: t,
		Withheld: b.withheld(row.At, row.Reporter, row.NameLaw)}
	if len(row.Duties) == 0 {
		b.wrong.add(row.At, "rule %q has no duty", row.ID)
	}
	for _, duty := range row.Duties {
		d, find := b.duty(row, duty)
		if d.Obligor == ByProgram {
			d.Withheld = r.Withheld
		}
		r.Duties = append(r.Duties, d)
		r.find = append(r.find, find)
		switch {
		case d.Obligor == ByProgram && d.Compelled:
			r.compels = true
		case d.Obligor != ByProgram:
			r.tells = true
		}
	}
	b.p.Rules = append(b.p.Rules, r)
}

func (b *builder) duty(rule ruleRow, row dutyRow) (Duty, *selector) {
	d := Duty{Rule: rule.ID, Rules: []string{rule.ID}, Recipient: row.To, Obligor: row.Obligor, LimitBy: row.LimitBy, Basis: row.Basis,
		Means: row.Means, Proof: row.Proof, Compelled: row.Compelled, Courtesy: row.Courtesy, Note: row.Note}
	if row.Limit == "at once" {
		d.AtOnce, d.Limit = true, b.p.Limits.AtOnce
	} else {
		d.Limit = b.limit(row.At, "limit", row.Limit)
	}
	kind, office, _ := strings.Cut(row.Starts, " ")
	d.Starts = Event{Kind: kind, Office: office}
	find := b.recipient(row)
	b.basis(row)
	b.obligor(row, d, find)
	for _, m := range row.Means {
		b.among(row.At, "means", m, meansList)
	}
	for _, m := range row.Proof {
		b.among(row.At, "proof", m, proofList)
	}
	if row.Note != nil {
		b.words(row.At, "note", row.Note)
	}
	return d, find
}

// recipient resolves to whom the duty is.
func (b *builder) recipient(row dutyRow) *selector {
	if (row.To == "") == (row.ToState == nil) {
		b.wrong.add(row.At, "a duty has either `to` or `to_state`")
		return nil
	}
	if row.To != "" {
		if _, ok := b.p.Offices[row.To]; !ok {
			b.wrong.add(row.At, "to: there is no office %q", row.To)
		}
		return nil
	}
	s := &selector{role: row.ToState.Role, els: row.ToState.Else}
	i := slices.Index([]string{"happened", "now", "lives"}, row.ToState.Of)
	if i < 0 {
		b.wrong.add(row.ToState.At, "of: %q is not one of happened, now, lives", row.ToState.Of)
	}
	s.of = varHappened + variable(max(i, 0))
	for _, id := range s.els {
		if o, ok := b.p.Offices[id]; !ok || o.ByNameOnly {
			b.wrong.add(row.ToState.At, "else: there is no office %q that may be told here", id)
		}
	}
	known := slices.ContainsFunc(sortedKeys(b.p.byRole), func(key string) bool { return strings.HasPrefix(key, s.role+"/") })
	if !known {
		b.wrong.add(row.ToState.At, "role: no office has the role %q", s.role)
	}
	return s
}

// basis asks every limit for what it rests on.
func (b *builder) basis(row dutyRow) {
	if !b.among(row.At, "limit_by", row.LimitBy, []string{"law", "policy"}) {
		return
	}
	law := false
	for _, id := range row.Basis {
		l, ok := b.p.Laws[id]
		if !ok {
			b.wrong.add(row.At, "basis: there is no law or policy %q", id)
		}
		law = law || l.Kind == "law"
	}
	if len(row.Basis) == 0 {
		b.wrong.add(row.At, "basis: a limit rests on a law or a policy")
	}
	if row.LimitBy == "law" && !law {
		b.wrong.add(row.At, "limit_by: law, but no law is among the basis")
	}
}

// obligor asks of each kind of duty what belongs to it.
func (b *builder) obligor(row dutyRow, d Duty, find *selector) {
	to := b.p.Offices[row.To]
	switch d.Obligor {
	case ByProgram:
		b.ours(row, d, to)
	case ByReporter:
		if d.Starts != (Event{Kind: Accepted}) || find != nil {
			b.wrong.add(row.At, "a reporter's duty is to one office and starts when the report is accepted")
		}
		if row.Note == nil {
			b.wrong.add(row.At, "note: the sender must be told what their duty is")
		}
		if !b.reachable(to) {
			b.wrong.add(row.At, "to: %q has no channel that the sender could use", row.To)
		}
	default:
		b.theirs(row, d)
	}
	if d.Obligor != ByProgram && (row.Compelled || row.Courtesy) {
		b.wrong.add(row.At, "compelled, courtesy: only our own duties are")
	}
}

func (b *builder) ours(row dutyRow, d Duty, to Office) {
	if d.Starts != (Event{Kind: Accepted}) {
		b.wrong.add(row.At, "starts: our own duties start when the report is accepted")
	}
	if len(row.Means) == 0 || len(row.Proof) == 0 {
		b.wrong.add(row.At, "a duty of ours says by which means, and what counts as proof")
	}
	if row.Compelled && row.LimitBy != "law" {
		b.wrong.add(row.At, "compelled: only a law compels")
	}
	if row.Courtesy && (row.Compelled || row.LimitBy == "law") {
		b.wrong.add(row.At, "courtesy: what a law asks is no courtesy")
	}
	if to.ByNameOnly && row.Compelled {
		b.wrong.add(row.At, "to: %q gets a help report only when the sender picks it", row.To)
	}
	if to.ByNameOnly && row.Note == nil {
		b.wrong.add(row.At, "note: the page must name %q in plain words", row.To)
	}
}

// theirs is a duty between others: its clock starts at somebody's receipt.
func (b *builder) theirs(row dutyRow, d Duty) {
	if _, ok := b.p.Offices[d.Obligor]; !ok {
		b.wrong.add(row.At, "obligor: %q is not program, reporter or an office", d.Obligor)
	}
	if row.To == "" {
		b.wrong.add(row.At, "to_state: only our own duties are looked up by state")
	}
	if d.Obligor == row.To {
		b.wrong.add(row.At, "to: an office owes itself nothing")
	}
	if d.Starts.Kind == Accepted {
		b.wrong.add(row.At, "starts: an office's own clock starts at its receipt, not at ours")
		return
	}
	if !b.among(row.At, "starts", d.Starts.Kind, eventKinds) {
		return
	}
	if _, ok := b.p.Offices[d.Starts.Office]; !ok {
		b.wrong.add(row.At, "starts: there is no office %q", d.Starts.Office)
	}
}

// reachable says whether an office has a channel that is not known to be wrong.
func (b *builder) reachable(o Office) bool {
	return slices.ContainsFunc(o.Channels, func(id string) bool {
		c := b.p.Channels[id]
		return c.State != Contradicted && c.State != Withdrawn
	})
}

// requiredTold are what pages tell senders and staff; see docs/spec/pack.md.
var requiredTold = []string{"before-age", "reporter-duty", "tip", "help", "help-not-offered", "help-other-adult", "relay", "by-name",
	"clear-envelope", "danger"}

func (b *builder) told() {
	for key, words := range b.own.told {
		b.words(b.own.toldAt, key, words)
		b.p.Told[key] = words
	}
	for key, words := range b.base.told {
		if _, ok := b.p.Told[key]; !ok {
			b.words(b.base.toldAt, key, words)
			b.p.Told[key] = words
		}
	}
	at := b.own.toldAt
	if at.file == "" {
		at = b.own.head.At
	}
	for _, key := range requiredTold {
		if _, ok := b.p.Told[key]; !ok {
			b.wrong.add(at, "told: %q is missing", key)
		}
	}
}
