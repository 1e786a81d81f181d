// SPDX-License-Identifier: Apache-2.0

package court

import (
	"cmp"
	"maps"
	"slices"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

// fact is one thing that a measure counts: a defendant, a piece of property, an
// order, a payment or a case.
type fact struct {
	measure  string
	day      Day
	matter   store.ID
	part     int64
	state    string
	district string
	statute  string
	class    string
	kind     string
	amount   int64
	proven   bool
}

// The bands of prison terms. A median is no sum, so terms are counted by band.
var bands = []struct {
	name  string
	below int
}{{"under_60", 60}, {"60_119", 120}, {"120_179", 180}, {"180_239", 240}, {"240_359", 360}, {"360_more", maxMonths + 1}}

func bandOf(e *Entry) string {
	switch e.What {
	case Life, Probation, FineOnly:
		return e.What
	}
	for _, b := range bands {
		if e.Months < b.below {
			return b.name
		}
	}
	return figure.Other
}

// facts are what the measures count of a case. Each definition in the catalog
// says in words what stands here.
func (p *Picture) facts(c Case, law *program.Program) []fact {
	b := &counting{c: c, law: law, district: c.District}
	if c.Forum != Federal {
		b.district = stateOwn
	}
	for _, n := range p.numbers() {
		b.defendant(p.Defendants[n])
	}
	for _, n := range slices.Sorted(maps.Keys(p.Property)) {
		it := p.Property[n]
		f := b.fact(mForfeiture, it.last, int64(n), it.Cents)
		f.class, f.kind = string(it.Stage), it.Kind
		b.add(f)
	}
	for _, n := range slices.Sorted(maps.Keys(p.Orders)) {
		o := p.Orders[n]
		f := b.fact(mOrdered, o.last, int64(n), o.Cents)
		f.day, f.class = o.made.Day, o.Standing
		b.add(f)
	}
	for _, e := range p.payments {
		b.add(b.fact(mPaid, e, int64(e.Place), e.Cents))
	}
	b.unasked(p)
	return b.out
}

type counting struct {
	c        Case
	law      *program.Program
	district string
	out      []fact
}

func (b *counting) fact(measure string, e *Entry, part, amount int64) fact {
	return fact{measure: measure, day: e.Day, matter: b.c.ID, part: part, state: b.c.State, district: b.district, amount: amount, proven: e.proven()}
}

func (b *counting) add(f fact) { b.out = append(b.out, f) }

func (b *counting) defendant(d *Defendant) {
	if d.first != nil {
		f := b.fact(mIndictments, d.first, int64(d.Number), 1)
		f.statute = b.lead(d.charged.Counts)
		b.add(f)
	}
	convicted := d.countsIn(countConvicted)
	if d.convicted != nil {
		f := b.fact(mConvictions, d.convicted, int64(d.Number), 1)
		f.statute, f.class = b.lead(convicted), string(d.convicted.Step)
		b.add(f)
	}
	if d.sentence != nil {
		f := b.fact(mSentences, d.sentence, int64(d.Number), 1)
		f.statute, f.class = b.lead(convicted), bandOf(d.sentence)
		b.add(f)
	}
	if d.extradition != nil {
		f := b.fact(mExtraditions, d.reached, int64(d.Number), 1)
		f.day, f.class = d.extradition.Day, string(d.reached.Step)
		b.add(f)
	}
}

// countsIn lists the counts that stand so.
func (d *Defendant) countsIn(states ...string) []Count {
	var out []Count
	for _, c := range d.Counts {
		if slices.Contains(states, c.State) {
			out = append(out, Count{c.Number, c.Statute})
		}
	}
	return out
}

// lead is the statute that stands first in the pack among counts, so that who
// is charged under several is counted under one.
func (b *counting) lead(counts []Count) string {
	for _, s := range b.law.Courts.Statutes {
		if slices.ContainsFunc(counts, func(c Count) bool { return c.Statute == s.ID }) {
			return s.ID
		}
	}
	return figure.Other
}

// trafficking says whether one of the defendant's counts that stands is one of trafficking.
func (d *Defendant) trafficking(law *program.Program) bool {
	return slices.ContainsFunc(d.countsIn(countOpen, countConvicted), func(c Count) bool {
		s, _ := law.Statute(c.Statute)
		return s.Trafficking
	})
}

// Unasked lists the defendants with a trafficking count that stands and without a
// request for restitution.
func (p *Picture) Unasked(law *program.Program) []int {
	var out []int
	for _, n := range p.numbers() {
		if d := p.Defendants[n]; d.Restitution == NotRequested && d.trafficking(law) {
			out = append(out, n)
		}
	}
	return out
}

// unasked counts the case once, on the day of the first charge of trafficking
// against one of them.
func (b *counting) unasked(p *Picture) {
	var first *Entry
	who := p.Unasked(b.law)
	for _, e := range p.entries {
		if e.Step == Charged && slices.Contains(who, e.Defendant) && b.anyTrafficking(e.Counts) {
			first = e
			break
		}
	}
	if first != nil {
		f := b.fact(mUnasked, first, 0, 1)
		f.statute = b.lead(first.Counts)
		b.add(f)
	}
}

func (b *counting) anyTrafficking(counts []Count) bool {
	return slices.ContainsFunc(counts, func(c Count) bool {
		s, _ := b.law.Statute(c.Statute)
		return s.Trafficking
	})
}

// change is what has to be taken from the figures, and what added, when a case goes on.
func change(before, after []fact) (gone, come []fact) {
	had := map[fact]int{}
	for _, f := range before {
		had[f]++
	}
	for _, f := range after {
		if had[f] > 0 {
			had[f]--
		} else {
			come = append(come, f)
		}
	}
	for f, n := range had {
		for range n {
			gone = append(gone, f)
		}
	}
	slices.SortFunc(gone, func(a, b fact) int { return cmp.Or(cmp.Compare(a.measure, b.measure), cmp.Compare(a.part, b.part)) })
	return gone, come
}

// tallyKey is one sum of facts: of a month (202611) or of a year (2026), at one level of detail.
type tallyKey struct {
	measure                               string
	level                                 int64
	span                                  int64
	state, district, statute, class, kind string
}

// The levels of detail. A figure is read from the coarsest one that knows its
// dimensions, so that it adds up hundreds of sums and not a million rows.
const (
	levelAll      int64 = iota
	levelCourts         // all but the statute
	levelStates         // neither district nor statute
	levelStatutes       // neither state nor district
	numberOfLevels
)

// at is the sum of a level that this one is part of.
func (k tallyKey) at(level int64) tallyKey {
	k.level = level
	if level == levelCourts || level == levelStates {
		k.statute = ""
	}
	if level == levelStates || level == levelStatutes {
		k.district = ""
	}
	if level == levelStatutes {
		k.state = ""
	}
	return k
}

// levelFor is the coarsest level that knows these dimensions.
func levelFor(by []string, where map[string]string) int64 {
	asks := func(d string) bool {
		_, ok := where[d]
		return ok || slices.Contains(by, d)
	}
	switch statute := asks(dimStatute); {
	case statute && (asks(dimState) || asks(dimDistrict)):
		return levelAll
	case statute:
		return levelStatutes
	case asks(dimDistrict):
		return levelCourts
	}
	return levelStates
}

type tallySum struct{ amount, facts, unproven int64 }

// tallies collects what changes in the sums, for one transaction.
type tallies map[tallyKey]tallySum

func (t tallies) add(f fact, times int64) {
	sum := tallySum{unproven: times}
	if f.proven {
		sum = tallySum{amount: times * f.amount, facts: times}
	}
	t.put(tallyKey{measure: f.measure, span: int64(f.day / 100), state: f.state, district: f.district, statute: f.statute, class: f.class, kind: f.kind}, sum)
}

// put adds to the sums of a month and of its year, at every level.
func (t tallies) put(k tallyKey, s tallySum) {
	for _, span := range []int64{k.span, k.span / 100} {
		for level := range numberOfLevels {
			k := k.at(level)
			k.span = span
			have := t[k]
			t[k] = tallySum{have.amount + s.amount, have.facts + s.facts, have.unproven + s.unproven}
		}
	}
}

// ordered lists the sums that change, always in the same order, so that two
// transactions never wait for each other crosswise.
func (t tallies) ordered() []tallyKey {
	keys := make([]tallyKey, 0, len(t))
	for k, s := range t {
		if s != (tallySum{}) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b tallyKey) int {
		return cmp.Or(cmp.Compare(a.measure, b.measure), cmp.Compare(a.level, b.level), cmp.Compare(a.span, b.span), cmp.Compare(a.state, b.state), cmp.Compare(a.district, b.district),
			cmp.Compare(a.statute, b.statute), cmp.Compare(a.class, b.class), cmp.Compare(a.kind, b.kind))
	})
	return keys
}
