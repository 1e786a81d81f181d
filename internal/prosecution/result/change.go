// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// Change is one entry of a row's history.
type Change struct {
	At            time.Time
	By            store.ID
	What          string // changed, confirmed, withdrawn, undone, joined, parted
	Reason        string
	Before, After Result
}

// Rejected is a line of a page with what is wrong with it.
type Rejected struct {
	Row      int // from 0
	Problems []Problem
}

// Enter saves lines as new rows, all of them or none. When some are not right it
// says which and why. Empty lines are passed over.
func (s *Service) Enter(ctx context.Context, m identity.Member, lines []Line) ([]Result, []Rejected, error) {
	a := s.actor(m)
	if err := a.may(policy.ChangeResults, m.Office, store.ID{}); err != nil {
		return nil, nil, err
	}
	rd, err := s.reader(ctx, s.DB, a)
	if err != nil {
		return nil, nil, err
	}
	var rows []Result
	var wrong []Rejected
	for i, l := range lines {
		if l.empty() {
			continue
		}
		row, problems, err := rd.read(l)
		switch {
		case err != nil:
			return nil, nil, err
		case row.Kind == check:
			wrong = append(wrong, Rejected{i, []Problem{{fKind.String(), "is for files only"}}})
		case len(problems) > 0:
			wrong = append(wrong, Rejected{i, problems})
		}
		rows = append(rows, row)
	}
	if len(wrong) > 0 {
		return nil, wrong, errManyProbs
	}
	if len(rows) == 0 {
		return nil, nil, errNoRows
	}
	b, err := s.box(m.Program)
	if err != nil {
		return nil, nil, err
	}
	for i := range rows {
		rows[i].ID, rows[i].EnteredBy, rows[i].Version = store.NewID(), m.ID, 1
	}
	stored, err := rowsOf(b, rows)
	if err != nil {
		return nil, nil, err
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := insertAll(tx, rows, stored); err != nil {
			return err
		}
		if err := propose(ctx, tx, rows); err != nil {
			return err
		}
		record := "result:" + rows[0].ID.String()
		if len(rows) > 1 {
			record = fmt.Sprintf("%s and %d more", record, len(rows)-1)
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "result.entered", Record: record, Actor: m.Actor()})
		return nil
	})
	return rows, nil, err
}

// CheckLine says what is wrong with one line, for a page that tells while
// somebody types, and how its amount will be kept.
func (s *Service) CheckLine(ctx context.Context, m identity.Member, l Line) (Result, []Problem, error) {
	a := s.actor(m)
	if err := a.may(policy.ChangeResults, m.Office, store.ID{}); err != nil {
		return Result{}, nil, err
	}
	rd, err := s.reader(ctx, s.DB, a)
	if err != nil {
		return Result{}, nil, err
	}
	return rd.read(l)
}

// Change puts another content into a row. A confirmed one must be confirmed
// again. version is that which the person saw.
func (s *Service) Change(ctx context.Context, m identity.Member, id store.ID, version int64, l Line) ([]Problem, error) {
	a := s.actor(m)
	rd, err := s.reader(ctx, s.DB, a)
	if err != nil {
		return nil, err
	}
	row, problems, err := rd.read(l)
	if err != nil {
		return nil, err
	}
	var wrong []Problem
	err = s.step(ctx, a, id, "changed", "", func(_ *store.Tx, now Result) (Result, error) {
		wrong = nil
		switch {
		case version != now.Version:
			return now, ErrMoved
		case now.State == Withdrawn:
			return now, ErrState
		case row.Kind != now.Kind:
			wrong = []Problem{{fKind.String(), "cannot be changed; withdraw this result and enter another"}}
			return now, errManyProbs
		case len(problems) > 0:
			wrong = problems
			return now, errManyProbs
		}
		next := row
		next.ID, next.Office, next.Origin, next.EnteredAt, next.EnteredBy, next.SameAs = now.ID, now.Office, now.Origin, now.EnteredAt, m.ID, now.SameAs // whose words it says is not who may confirm it
		if row.Kind == Arrest && row.Role != PersonSold {                                                                                                // what is kept of a number cannot be shown to be typed again
			if l[fBooking] == "" {
				next.Booking = now.Booking
			}
			if l[fStateID] == "" {
				next.StateID = now.StateID
			}
		}
		return next, nil
	})
	return wrong, err
}

// Confirm says that a second person of the office looked at the row and its document.
func (s *Service) Confirm(ctx context.Context, m identity.Member, id store.ID) error {
	a := s.actor(m)
	return s.stepAs(ctx, a, policy.ConfirmResults, id, "confirmed", "", func(_ *store.Tx, now Result) (Result, error) {
		switch {
		case now.State != Reported:
			return now, ErrState
		case now.Evidence == "":
			return now, ErrEvidence
		}
		now.State, now.DecidedBy = Confirmed, m.ID
		return now, nil
	})
}

// Withdraw takes a row out of every figure. It stays, with its history.
func (s *Service) Withdraw(ctx context.Context, m identity.Member, id store.ID, reason string) error {
	reason = strings.TrimSpace(reason)
	if reason == "" || !utf8.ValidString(reason) || utf8.RuneCountInString(reason) > 300 || strings.ContainsRune(reason, 0) {
		return ErrReason.At("reason")
	}
	return s.step(ctx, s.actor(m), id, "withdrawn", reason, func(tx *store.Tx, now Result) (Result, error) {
		if now.State == Withdrawn {
			return now, ErrState
		}
		now.State = Withdrawn
		return now, standsFor(ctx, tx, now)
	})
}

// Undo takes the latest change of a row back; once more takes that back. Of a
// row that was only entered it takes the row itself back.
func (s *Service) Undo(ctx context.Context, m identity.Member, id store.ID) error {
	a := s.actor(m)
	b, err := s.box(m.Program)
	if err != nil {
		return err
	}
	return s.step(ctx, a, id, "undone", "", func(tx *store.Tx, now Result) (Result, error) {
		changes, err := history(ctx, tx, b, m.Program, id)
		if err != nil {
			return now, err
		}
		next := now
		if len(changes) == 0 {
			next.State = Withdrawn
		} else {
			next = changes[0].Before
			next.SameAs = now.SameAs // pairs are taken back on their own page
		}
		if changes != nil && (changes[0].What == "joined" || changes[0].What == "parted") {
			return now, ErrNothing
		}
		if next.State == Confirmed && now.State == Reported && next.EnteredBy == m.ID {
			return now, ErrOwn // undoing an undo must not confirm one's own
		}
		if next.State == Withdrawn && now.State != Withdrawn {
			return next, standsFor(ctx, tx, now)
		}
		return next, nil
	})
}

// step changes a row of the actor's office in one transaction, with its history
// and its entry in the log.
func (s *Service) step(ctx context.Context, a actor, id store.ID, what, reason string, do func(tx *store.Tx, now Result) (Result, error)) error {
	return s.stepAs(ctx, a, policy.ChangeResults, id, what, reason, do)
}

func (s *Service) stepAs(ctx context.Context, a actor, does policy.Action, id store.ID, what, reason string, do func(tx *store.Tx, now Result) (Result, error)) error {
	b, err := s.box(a.Program)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		now, err := byID(ctx, tx, b, a.Program, id)
		if err != nil {
			return err
		}
		by := store.ID{}
		if does == policy.ConfirmResults {
			by = now.EnteredBy
		}
		if err := a.may(does, now.Office, by); err != nil {
			return err
		}
		next, err := do(tx, now)
		if err != nil {
			return err
		}
		if next.sold() && !now.sold() { // it leaves the figure of arrests, as one that is withdrawn does
			if !now.SameAs.IsZero() {
				return ErrState
			}
			if err := standsFor(ctx, tx, now); err != nil {
				return err
			}
		}
		if err := changed(tx, b, a, now, next, what, reason); err != nil {
			return err
		}
		if next.Kind == Arrest {
			return proposeAfter(ctx, tx, a, next)
		}
		return nil
	})
}

// changed writes a row's next version, its history and its entry in the log. Of
// somebody who turns out to have been sold the history keeps no number either.
func changed(tx *store.Tx, b box, a actor, now, next Result, what, reason string) error {
	said := now
	if next.sold() && !now.sold() {
		if err := forget(tx, b, now); err != nil {
			return err
		}
		said = now.nameless()
	}
	next.Version = now.Version + 1
	if err := update(tx, b, now, next); err != nil {
		return err
	}
	if err := insertChange(tx, b, Change{By: a.ID, What: what, Reason: reason, Before: said, After: next}); err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: a.Program, Event: "result." + what, Record: "result:" + next.ID.String(), Actor: a.Actor()})
	return nil
}

// Get finds a row of the member's own office, with its history.
func (s *Service) Get(ctx context.Context, m identity.Member, id store.ID) (Result, []Change, error) {
	b, err := s.box(m.Program)
	if err != nil {
		return Result{}, nil, err
	}
	r, err := byID(ctx, s.DB, b, m.Program, id)
	if err != nil {
		return r, nil, err
	}
	if err := s.actor(m).may(policy.ReadResults, r.Office, store.ID{}); err != nil {
		return Result{}, nil, err
	}
	changes, err := history(ctx, s.DB, b, m.Program, id)
	return r, changes, err
}

var aShortName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// SetOrganization adds a group to the program's list, renames it or retires it.
func (s *Service) SetOrganization(ctx context.Context, m identity.Member, o Organization) error {
	if !policy.Decide(policy.ChangeOrganizations, s.actor(m).who, policy.Object{Program: m.Program}).Allowed {
		return errForbidden
	}
	o.Name = strings.TrimSpace(o.Name)
	if !aShortName.MatchString(o.ID) || o.ID == "other" || o.Name == "" || !utf8.ValidString(o.Name) || utf8.RuneCountInString(o.Name) > 80 || strings.ContainsAny(o.Name, "\x00\r\n") {
		return errOrganized
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := setOrganization(tx, m.Program, o); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "result.organization", Record: "organization:" + o.ID, Actor: m.Actor()})
		return nil
	})
}

// Organizations lists the program's groups, retired ones too.
func (s *Service) Organizations(ctx context.Context, program string) ([]Organization, error) {
	return organizations(ctx, s.DB, program)
}
