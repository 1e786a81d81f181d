// SPDX-License-Identifier: Apache-2.0

package court

import (
	"cmp"
	"maps"
	"slices"

	"waylight/internal/platform/fault"
)

// How a count stands.
const (
	countOpen       = "open"
	countSuperseded = "superseded"
	countConvicted  = "convicted"
	countAcquitted  = "acquitted"
	countDismissed  = "dismissed"
)

// The standings of restitution, of a defendant and of an order.
const (
	NotRequested = "not requested"
	Requested    = "requested"
	Reserved     = "reserved"
	Ordered      = "ordered"
	Amended      = "amended"
	Satisfied    = "satisfied"
)

// CountState is one count as it stands.
type CountState struct {
	Number  int
	Statute string
	State   string
}

// Defendant is what the steps say of one defendant, as of the last of them.
type Defendant struct {
	Number      int
	Counts      []CountState // of every instrument; the last ones stand
	first       *Entry       // the first instrument that counts as an indictment
	convicted   *Entry       // the plea or verdict by which a conviction stands first
	sentence    *Entry
	sentenceFor *Entry // the day that was first set for it
	extradition *Entry // the request
	reached     *Entry // the furthest that it came
	Restitution string
	appeal      *Entry // noticed and not decided
	charged     *Entry // the latest instrument
}

// Property is something taken.
type Property struct {
	Number int
	Kind   string
	Stage  Step
	Cents  int64
	last   *Entry
}

// Order is an order of restitution, counted once however many owe it.
type Order struct {
	Number   int
	Cents    int64
	Paid     int64
	How      string
	Shares   []Share
	Standing string
	made     *Entry // the order
	last     *Entry // what says its total
}

// Picture is a case as its steps leave it.
type Picture struct {
	Defendants map[int]*Defendant
	Property   map[int]*Property
	Orders     map[int]*Order
	payments   []*Entry
	entries    []*Entry // those that stand, in order
}

// fold goes through the steps that stand, in the order of their days, and says
// what comes of them, or which step cannot follow those before it. It is the one
// place that knows the order of a case: entering, withdrawing and importing all ask it.
func fold(entries []Entry) (*Picture, error) {
	p := &Picture{Defendants: map[int]*Defendant{}, Property: map[int]*Property{}, Orders: map[int]*Order{}}
	for i := range entries {
		if entries[i].Standing != Withdrawn {
			p.entries = append(p.entries, &entries[i])
		}
	}
	slices.SortStableFunc(p.entries, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Place, b.Place))
	})
	for _, e := range p.entries {
		if err := p.apply(e); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// order is the fault of a step that cannot stand where it does. It carries the
// step, so that a withdrawal can say what rests on what.
func order(e *Entry, format string, args ...any) error {
	f := wrong("step", format, args...)
	f.Code = "court_order"
	return f.With(&stuck{e})
}

type stuck struct{ entry *Entry }

func (s *stuck) Error() string { return string(s.entry.Step) + " cannot stand" }

func (p *Picture) defendant(n int) *Defendant {
	d := p.Defendants[n]
	if d == nil {
		d = &Defendant{Number: n, Restitution: NotRequested}
		p.Defendants[n] = d
	}
	return d
}

// missing is what to say when a step that e needs has not come: it may stand
// further on, under a later day.
func (p *Picture) missing(e *Entry, needs ...Step) error {
	for _, later := range p.entries {
		if later.Day > e.Day && slices.Contains(needs, later.Step) && (later.Defendant == e.Defendant || e.Defendant == 0 || later.Defendant == 0) && (e.Item == 0 || later.Item == e.Item) {
			return order(e, "%s is dated %s, but what it follows (%s) is dated %s: the dates are out of order.", e.Step, e.Day, later.Step, later.Day)
		}
	}
	words := needs[0].String()
	for _, s := range needs[1:] {
		words += " or " + s.String()
	}
	if e.Defendant > 0 {
		return order(e, "%s of %s: defendant %d has no %s before it.", e.Step, e.Day, e.Defendant, words)
	}
	return order(e, "%s of %s: there is no %s before it.", e.Step, e.Day, words)
}

func (p *Picture) apply(e *Entry) error {
	switch e.Step {
	case Charged:
		return p.charge(e)
	case Plea, Verdict, Dismissed:
		return p.dispose(e)
	case SentencingSet, Sentenced:
		return p.sentenceStep(e)
	case ExtraditionRequested, ExtraditionGranted, ExtraditionRefused, ExtraditionArrived:
		return p.extradite(e)
	case ForfeitureSeized, ForfeitureOrdered, ForfeitureFinal:
		return p.forfeit(e)
	case RestitutionRequested, RestitutionReserved:
		return p.ask(e)
	case RestitutionOrdered, RestitutionAmended, RestitutionPaid, RestitutionSatisfied:
		return p.restore(e)
	case AppealNoticed, AppealDecided:
		return p.appealStep(e)
	}
	return nil
}

// charge puts new counts in place of those that are open.
func (p *Picture) charge(e *Entry) error {
	d := p.Defendants[e.Defendant]
	if d == nil {
		if e.What == Superseding {
			return p.missing(e, Charged)
		}
		d = p.defendant(e.Defendant)
	}
	switch {
	case d.sentence != nil:
		return order(e, "Defendant %d was sentenced on %s: a new charge is a new case.", d.Number, d.sentence.Day)
	case d.charged != nil && d.first != nil && e.What != Superseding:
		return order(e, "Defendant %d was charged by %s on %s already: is it the same one twice? A later one is a superseding indictment.", d.Number, whatWords(d.first.What), d.first.Day)
	case d.charged != nil && e.What == Complaint:
		return order(e, "Defendant %d was charged by complaint on %s already.", d.Number, d.charged.Day)
	}
	for i := range d.Counts {
		if d.Counts[i].State == countOpen {
			d.Counts[i].State = countSuperseded
		}
	}
	for _, c := range e.Counts {
		d.Counts = append(d.Counts, CountState{c.Number, c.Statute, countOpen})
	}
	d.charged = e
	if d.first == nil && e.What != Complaint {
		d.first = e
	}
	return nil
}

// dispose ends counts by a plea, a verdict or their dismissal.
func (p *Picture) dispose(e *Entry) error {
	d := p.Defendants[e.Defendant]
	if d == nil {
		return p.missing(e, Charged)
	}
	after := countOpen
	switch {
	case e.Step == Dismissed:
		after = countDismissed
	case e.Step == Verdict && e.What == NotGuilty:
		after = countAcquitted
	case e.What == Guilty, e.What == NoContest:
		after = countConvicted
	}
	for _, c := range e.Counts {
		i := slices.IndexFunc(d.Counts, func(s CountState) bool { return s.Number == c.Number && s.State == countOpen })
		if i < 0 {
			return p.notOpen(e, d, c.Number)
		}
		d.Counts[i].State = after
	}
	if after == countConvicted && d.convicted == nil {
		d.convicted = e
	}
	return nil
}

func (p *Picture) notOpen(e *Entry, d *Defendant, number int) error {
	for i := len(d.Counts) - 1; i >= 0; i-- {
		if c := d.Counts[i]; c.Number == number {
			return order(e, "%s of %s: count %d of defendant %d is not open any more, it is %s.", e.Step, e.Day, number, d.Number, c.State)
		}
	}
	return order(e, "%s of %s: defendant %d has no count %d.", e.Step, e.Day, d.Number, number)
}

func (p *Picture) sentenceStep(e *Entry) error {
	d := p.Defendants[e.Defendant]
	switch {
	case d == nil || d.convicted == nil:
		return p.missingConviction(e)
	case d.sentence != nil:
		return order(e, "Defendant %d was sentenced on %s already. A second sentence follows only when an appeal has vacated the first.", d.Number, d.sentence.Day)
	case e.Step == Sentenced:
		d.sentence = e
	case d.sentenceFor == nil:
		d.sentenceFor = e
	}
	return nil
}

func (p *Picture) missingConviction(e *Entry) error {
	for _, later := range p.entries {
		if later.Day > e.Day && later.Defendant == e.Defendant && (later.Step == Plea || later.Step == Verdict) && (later.What == Guilty || later.What == NoContest) {
			return order(e, "%s is dated %s, but the conviction it follows is dated %s: the dates are out of order.", e.Step, e.Day, later.Day)
		}
	}
	return order(e, "%s of %s: defendant %d has no conviction that stands: no plea of guilty or no contest, and no verdict of guilty.", e.Step, e.Day, e.Defendant)
}

func (p *Picture) extradite(e *Entry) error {
	d := p.Defendants[e.Defendant]
	if d == nil || d.charged == nil {
		return p.missing(e, Charged)
	}
	open := d.reached != nil && d.reached.Step == ExtraditionRequested
	switch {
	case e.Step == ExtraditionRequested && (open || d.reached != nil && d.reached.Step != ExtraditionRefused):
		return order(e, "Extradition of defendant %d was requested on %s already.", d.Number, d.extradition.Day)
	case e.Step == ExtraditionRequested:
		d.extradition = e
	case e.Step == ExtraditionArrived && (d.reached == nil || d.reached.Step != ExtraditionGranted):
		return p.missing(e, ExtraditionGranted)
	case e.Step != ExtraditionArrived && !open:
		return p.missing(e, ExtraditionRequested)
	}
	d.reached = e
	return nil
}

var stages = []Step{ForfeitureSeized, ForfeitureOrdered, ForfeitureFinal}

func (p *Picture) forfeit(e *Entry) error {
	it := p.Property[e.Item]
	switch {
	case it == nil && e.Step == ForfeitureFinal:
		return p.missing(e, ForfeitureOrdered)
	case it == nil:
		it = &Property{Number: e.Item, Kind: e.What}
		p.Property[e.Item] = it
	case it.Kind != e.What:
		return order(e, "Property %d is entered as %s: it cannot become %s.", e.Item, whatWords(it.Kind), whatWords(e.What))
	case slices.Index(stages, e.Step) <= slices.Index(stages, it.Stage):
		return order(e, "Property %d: \"%s\" on %s stands already, \"%s\" cannot follow it.", e.Item, it.Stage, it.last.Day, e.Step)
	case e.Step == ForfeitureFinal && it.Stage != ForfeitureOrdered:
		return p.missing(e, ForfeitureOrdered)
	}
	it.Stage, it.Cents, it.last = e.Step, e.Cents, e
	return nil
}

func (p *Picture) ask(e *Entry) error {
	d := p.Defendants[e.Defendant]
	switch {
	case d == nil:
		return p.missing(e, Charged)
	case e.Step == RestitutionReserved && d.convicted == nil:
		return p.missingConviction(e)
	case d.Restitution == Ordered || d.Restitution == Amended || d.Restitution == Satisfied:
		return order(e, "%s of %s: restitution by defendant %d was %s before.", e.Step, e.Day, d.Number, d.Restitution)
	case e.Step == RestitutionReserved:
		d.Restitution = Reserved
	case d.Restitution == NotRequested:
		d.Restitution = Requested
	}
	return nil
}

// restore goes on with an order of restitution.
func (p *Picture) restore(e *Entry) error {
	o := p.Orders[e.Item]
	switch {
	case e.Step == RestitutionOrdered && o != nil:
		return order(e, "Order %d was made on %s already. A change of it is an amendment.", e.Item, o.made.Day)
	case e.Step == RestitutionOrdered:
		o = &Order{Number: e.Item, made: e}
		p.Orders[e.Item] = o
		return p.total(o, e, Ordered)
	case o == nil:
		return p.missing(e, RestitutionOrdered)
	case o.Standing == Satisfied:
		return order(e, "%s of %s: order %d is satisfied.", e.Step, e.Day, e.Item)
	case e.Step == RestitutionAmended && e.Cents < o.Paid:
		return order(e, "Order %d: %s was paid by %s, more than the new total of %s.", e.Item, Dollars(o.Paid), e.Day, Dollars(e.Cents))
	case e.Step == RestitutionAmended:
		return p.total(o, e, Amended)
	case e.Step == RestitutionPaid && p.paidBefore(e):
		return order(e, "Order %d: a payment of %s on %s under docket entry %d is there already.", e.Item, Dollars(e.Cents), e.Day, e.DocketEntry)
	case e.Step == RestitutionPaid && o.Paid+e.Cents > o.Cents:
		return order(e, "Order %d: with %s of %s, %s would be paid of a total of %s.", e.Item, Dollars(e.Cents), e.Day, Dollars(o.Paid+e.Cents), Dollars(o.Cents))
	case e.Step == RestitutionPaid:
		o.Paid += e.Cents
		p.payments = append(p.payments, e)
	case o.Paid != o.Cents:
		return order(e, "Order %d is not satisfied on %s: %s of %s was not paid. If the court lowered the total, enter the amendment first.", e.Item, e.Day, Dollars(o.Cents-o.Paid), Dollars(o.Cents))
	default:
		o.Standing = Satisfied
		p.restitution(o.Shares, Satisfied)
	}
	return nil
}

// paidBefore says whether the same payment stands, so that a file imported twice is found out.
func (p *Picture) paidBefore(e *Entry) bool {
	return e.DocketEntry > 0 && slices.ContainsFunc(p.payments, func(o *Entry) bool {
		return o.Item == e.Item && o.Day == e.Day && o.Cents == e.Cents && o.DocketEntry == e.DocketEntry
	})
}

func (p *Picture) total(o *Order, e *Entry, standing string) error {
	for _, s := range e.Shares {
		if d := p.Defendants[s.Defendant]; d == nil || d.convicted == nil {
			about := *e
			about.Defendant = s.Defendant
			return p.missingConviction(&about)
		}
	}
	o.Cents, o.How, o.Shares, o.Standing, o.last = e.Cents, e.What, e.Shares, standing, e
	p.restitution(e.Shares, standing)
	return nil
}

func (p *Picture) restitution(shares []Share, standing string) {
	for _, s := range shares {
		p.Defendants[s.Defendant].Restitution = standing
	}
}

func (p *Picture) appealStep(e *Entry) error {
	d := p.Defendants[e.Defendant]
	switch {
	case e.Step == AppealNoticed && (d == nil || d.sentence == nil):
		return p.missing(e, Sentenced)
	case e.Step == AppealNoticed && d.appeal != nil:
		return order(e, "Defendant %d gave notice of appeal on %s already.", d.Number, d.appeal.Day)
	case e.Step == AppealNoticed:
		d.appeal = e
		return nil
	case d == nil || d.appeal == nil:
		return p.missing(e, AppealNoticed)
	}
	d.appeal = nil
	if e.What == SentenceVoid || e.What == ConvictionOut {
		d.sentence, d.sentenceFor = nil, nil
	}
	if e.What == ConvictionOut {
		d.convicted = nil
		for i := range d.Counts {
			if d.Counts[i].State == countConvicted {
				d.Counts[i].State = countOpen
			}
		}
	}
	return nil
}

// numbers lists the defendants in order.
func (p *Picture) numbers() []int { return slices.Sorted(maps.Keys(p.Defendants)) }

// stuckOn is the step that could not stand, nil when the error is another.
func stuckOn(err error) *Entry {
	f, ok := fault.As(err)
	if !ok {
		return nil
	}
	if s, ok := f.Err.(*stuck); ok {
		return s.entry
	}
	return nil
}
