// SPDX-License-Identifier: Apache-2.0

package court

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
)

// maxEntries is how many steps one case can have.
const maxEntries = 20_000

var (
	federalDocket = regexp.MustCompile(`^(\d{1,2}):(\d{2})-(cr|mj)-(\d{1,5})$`)
	stateDocket   = regexp.MustCompile(`^[A-Z0-9][A-Z0-9:./-]{2,29}$`)
	digits        = regexp.MustCompile(`\d.*\d`)
)

// cleanDocket brings a docket number into the form in which the courts print it,
// so that one case is not entered twice. A judge's initials are no part of it.
func cleanDocket(forum, text string) (string, error) {
	text = strings.Join(strings.Fields(text), "")
	if forum == Federal {
		m := federalDocket.FindStringSubmatch(strings.ToLower(text))
		if m == nil {
			return "", wrong("docket", "A federal docket number looks like 3:26-cr-00012, without the initials of a judge.")
		}
		return fmt.Sprintf("%s:%s-%s-%05s", m[1], m[2], m[3], m[4]), nil
	}
	text = strings.ToUpper(text)
	if !stateDocket.MatchString(text) || !digits.MatchString(text) {
		return "", wrong("docket", "A docket number has 3 to 30 capitals, digits, and : . / -, with at least two digits. It never holds a name.")
	}
	return text, nil
}

// Opening is what a case is opened with.
type Opening struct{ Docket, Forum, Place string } // Place: a federal district, or a county's five digits

// settle checks what a case is opened with.
func (o Opening) settle(p *program.Program) (Case, error) {
	c := Case{Program: p.ID, Forum: o.Forum, District: o.Place}
	switch {
	case !slices.Contains(Forums(), o.Forum):
		return c, wrong("forum", "Choose the kind of court.")
	case o.Forum == Federal:
		d, ok := districtOf(o.Place)
		if !ok {
			return c, wrong("place", "Choose the federal district.")
		}
		c.State, c.Jurisdiction = d.State, "US"
	default:
		county, ok := place.CountyByFIPS(o.Place)
		if !ok || county.State().Code != p.State {
			return c, wrong("place", "Choose a county of the program's own state.")
		}
		c.State, c.Jurisdiction = p.State, p.State
	}
	docket, err := cleanDocket(o.Forum, o.Docket)
	c.Docket = docket
	return c, err
}

// Open begins a case in the name of a member, whose office leads it.
func (s *Service) Open(ctx context.Context, m identity.Member, o Opening) (Case, error) {
	p, err := s.program(m.Program)
	if err != nil {
		return Case{}, err
	}
	c, err := o.settle(p)
	if err != nil {
		return c, err
	}
	c.Office, c.OpenedBy = m.Office, m.Actor()
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		c.ID, c.OpenedAt = store.NewID(), tx.Now()
		return open(tx, c, p)
	})
	return c, err
}

func open(tx *store.Tx, c Case, p *program.Program) error {
	_, there, err := caseByDocket(context.Background(), tx, c.Program, c.Forum, c.District, c.Docket)
	switch {
	case err != nil:
		return err
	case there:
		return ErrExists.At("docket")
	}
	if err := insertCase(tx, c); err != nil {
		if errors.Is(err, store.ErrExists) {
			return ErrExists.At("docket")
		}
		return err
	}
	tx.Log(custody.Entry{Program: c.Program, Event: "court.opened", Record: c.record(), Actor: c.OpenedBy, Rule: p.Version})
	return nil
}

// Share makes another office a partner of a case.
func (s *Service) Share(ctx context.Context, m identity.Member, id store.ID, office string) error {
	c, err := s.mine(ctx, s.DB, m, id)
	switch {
	case err != nil:
		return err
	case c.Office != m.Office:
		return ErrLead
	case !s.Joined(m.Program, office):
		return wrong("office", "Choose an office that takes part.")
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		have, err := seats(ctx, tx, c.Program, c.ID)
		if err != nil {
			return err
		}
		if slices.Contains(have, office) {
			return wrong("office", "That office is part of the case already.")
		}
		if err := insertSeat(tx, c, office, false, m.Actor()); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: c.Program, Event: "court.shared", Record: c.record(), Actor: m.Actor()})
		return nil
	})
}

// mine is a case that the member's office leads or partners.
func (s *Service) mine(ctx context.Context, q store.Reader, m identity.Member, id store.ID) (Case, error) {
	c, err := caseByID(ctx, q, m.Program, id)
	if err != nil {
		return c, err
	}
	offices, err := seats(ctx, q, m.Program, id)
	if err == nil && (m.Office == "" || !slices.Contains(offices, m.Office)) {
		return c, ErrNone
	}
	return c, err
}

// Enter adds a step to a case. A row with an id that is there already is the same
// row sent again, and changes nothing.
func (s *Service) Enter(ctx context.Context, m identity.Member, id store.ID, e Entry) error {
	p, err := s.program(m.Program)
	if err != nil {
		return err
	}
	if err := e.check(s.today(m.Program)); err != nil {
		return err
	}
	if e.ID.IsZero() {
		e.ID = store.NewID()
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		c, entries, err := s.inHand(ctx, tx, m, id)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(entries, func(o Entry) bool { return o.ID == e.ID }) {
			return nil
		}
		if err := e.paidAlready(entries); err != nil {
			return err
		}
		w := &writing{tx: tx, c: c, p: p, by: m.Actor(), office: m.Office, tallies: tallies{}}
		if err := w.enter(ctx, entries, []Entry{e}); err != nil {
			return err
		}
		return w.tallies.write(tx, c.Program)
	})
}

// inHand locks a case of the member's office and reads its steps.
func (s *Service) inHand(ctx context.Context, tx *store.Tx, m identity.Member, id store.ID) (Case, []Entry, error) {
	c, err := s.mine(ctx, tx, m, id)
	if err != nil {
		return c, nil, err
	}
	if err := lock(tx, c.Program, c.ID); err != nil {
		return c, nil, err
	}
	entries, err := entriesOf(ctx, tx, c.Program, c.ID)
	return c, entries, err
}

// writing is one change of one case.
type writing struct {
	tx      *store.Tx
	c       Case
	p       *program.Program
	by      string
	office  string
	tallies tallies
	fresh   bool // nothing of the case is stored yet
}

// enter adds rows after those that are there.
func (w *writing) enter(ctx context.Context, entries, more []Entry) error {
	if len(entries)+len(more) > maxEntries {
		return wrong("step", "A case has at most %d steps.", maxEntries)
	}
	all := slices.Clone(entries)
	for _, e := range more {
		if err := w.lawful(e); err != nil {
			return err
		}
		e.Place, e.Office, e.By = len(all)+1, w.office, w.by
		if e.Standing == "" {
			e.Standing = Reported
		}
		all = append(all, e)
	}
	picture, err := fold(all)
	if err != nil {
		return err
	}
	for _, e := range all[len(entries):] {
		if err := insertEntry(w.tx, w.c, e); err != nil {
			return err
		}
		word := Word{Entry: e.ID, Place: 1, Standing: e.Standing, By: w.by, DocketEntry: e.DocketEntry}
		if err := insertWord(w.tx, w.c, word); err != nil {
			return err
		}
	}
	return w.follow(ctx, picture, "court.entered")
}

// lawful refuses statutes that the court does not try.
func (w *writing) lawful(e Entry) error {
	for _, c := range e.Counts {
		if c.Statute == "" {
			continue
		}
		s, ok := w.p.Statute(c.Statute)
		switch {
		case !ok:
			return wrong("counts", "Count %d: the pack has no such statute.", c.Number)
		case s.Jurisdiction != w.c.Jurisdiction:
			return wrong("counts", "Count %d: %s is not tried in this court.", c.Number, s.Citation)
		}
	}
	return nil
}

// follow brings what is derived from the steps up to them: clocks, figures, the search.
func (w *writing) follow(ctx context.Context, p *Picture, event string) error {
	if err := w.clocks(ctx, p); err != nil {
		return err
	}
	w.tx.Log(custody.Entry{Program: w.c.Program, Event: event, Record: w.c.record(), Actor: w.by, Rule: w.p.Version})
	var before []fact
	if !w.fresh {
		var err error
		if before, err = factsOf(ctx, w.tx, w.c.Program, w.c.ID); err != nil {
			return err
		}
		if err := clearCharges(w.tx, w.c); err != nil {
			return err
		}
	}
	gone, come := change(before, p.facts(w.c, w.p))
	for _, f := range gone {
		w.tallies.add(f, -1)
		if err := deleteFact(w.tx, w.c.Program, f); err != nil {
			return err
		}
	}
	for _, f := range come {
		w.tallies.add(f, 1)
		if err := insertFact(w.tx, w.c.Program, f); err != nil {
			return err
		}
	}
	return writeCharges(w.tx, w.c, p.statutes())
}

// statutes lists the statutes under which anybody is or was charged.
func (p *Picture) statutes() []string {
	var out []string
	for _, n := range p.numbers() {
		for _, c := range p.Defendants[n].Counts {
			out = append(out, c.Statute)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// clocks begins the clocks that are new, and ends or begins again those whose case went on.
func (w *writing) clocks(ctx context.Context, p *Picture) error {
	var have []Clock
	if !w.fresh {
		var err error
		if have, err = clocksOf(ctx, w.tx, w.c.Program, w.c.ID); err != nil {
			return err
		}
	}
	want := p.clocks(w.c, w.p)
	same := func(a, b Clock) bool { return a.Entry == b.Entry && a.Deadline == b.Deadline }
	for _, k := range want {
		i := slices.IndexFunc(have, func(h Clock) bool { return same(h, k) })
		if i < 0 {
			if err := insertClock(w.tx, w.c.Program, k); err != nil {
				return err
			}
			continue
		}
		h := have[i]
		if h.State == k.State && h.EndedBy == k.EndedBy && h.EndedOn == k.EndedOn {
			continue
		}
		h.State, h.EndedBy, h.EndedOn = k.State, k.EndedBy, k.EndedOn
		if err := endClock(w.tx, w.c.Program, h); err != nil {
			return err
		}
	}
	for _, h := range have {
		if h.State == ClockVoid || slices.ContainsFunc(want, func(k Clock) bool { return same(h, k) }) {
			continue
		}
		h.State = ClockVoid
		if err := endClock(w.tx, w.c.Program, h); err != nil {
			return err
		}
	}
	return nil
}

// Say confirms or withdraws a step.
func (s *Service) Say(ctx context.Context, m identity.Member, id, entry store.ID, w Word) error {
	p, err := s.program(m.Program)
	if err != nil {
		return err
	}
	if w.Standing == Withdrawn && !slices.Contains(Reasons(), w.Why) {
		return wrong("why", "Choose why it is withdrawn.")
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		c, entries, err := s.inHand(ctx, tx, m, id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.ID == entry })
		if i < 0 {
			return ErrNone
		}
		if err := say(&entries[i], &w); err != nil {
			return err
		}
		picture, err := fold(entries)
		if err != nil {
			return restsOn(err, entries[i])
		}
		if w.Place, err = words(ctx, tx, c.Program, c.ID, entry); err != nil {
			return err
		}
		w.Place++
		w.Entry, w.By = entry, m.Actor()
		if err := insertWord(tx, c, w); err != nil {
			return err
		}
		on := &writing{tx: tx, c: c, p: p, by: m.Actor(), office: m.Office, tallies: tallies{}}
		if err := on.follow(ctx, picture, "court."+string(w.Standing)); err != nil {
			return err
		}
		return on.tallies.write(tx, c.Program)
	})
}

// say puts a word on a step, if it can follow the last one.
func say(e *Entry, w *Word) error {
	switch {
	case e.Standing == Withdrawn, e.Standing == w.Standing:
		return ErrStood
	case w.Standing == Withdrawn:
		e.Standing, e.Why, w.DocketEntry = Withdrawn, w.Why, 0
		return nil
	case w.Standing != Confirmed:
		return wrong("standing", "A step is confirmed or withdrawn.")
	}
	if w.DocketEntry == 0 {
		w.DocketEntry = e.DocketEntry
	}
	if w.DocketEntry < 1 || w.DocketEntry > maxDocketEntry {
		return wrong("docket_entry", "A step is confirmed by its number in the docket, from 1 to %d.", maxDocketEntry)
	}
	e.Standing, e.DocketEntry, w.Why = Confirmed, w.DocketEntry, ""
	return nil
}

// restsOn says that another step needs the one that was to be withdrawn.
func restsOn(err error, e Entry) error {
	other := stuckOn(err)
	if other == nil || e.Standing != Withdrawn {
		return err
	}
	return fault.New(fault.Invalid, "court_rests", fmt.Sprintf("%s of %s rests on this step. Withdraw that one first; nothing was changed.", other.Step, other.Day)).At("why")
}
