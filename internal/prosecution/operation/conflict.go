// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"slices"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// What a side can say of the call.
const (
	Agreed     = "agreed"      // we spoke, and know how both go on
	NotReached = "not_reached" // nobody answered
)

// Sayings lists what a side can say.
func Sayings() []string { return []string{Agreed, NotReached} }

var (
	errSaid      = fault.New(fault.Invalid, "operation.said", "Choose what came of the call.").At("said")
	errUncalled  = fault.New(fault.Conflict, "operation.uncalled", "Another operation is near this one. Call the number that the page shows first, and write down what came of it.")
	errConflict  = fault.New(fault.Conflict, "operation.conflict_over", "This conflict is over: one of the two moved, ended or was called off.")
	errUntouched = fault.New(fault.Conflict, "operation.saw_older", "The plan was changed after you opened this page. Read it again, and decide then.")
)

// Conflict is what one side is told of another operation nearby. There is nothing else in it on purpose.
type Conflict struct {
	ID             store.ID
	Found          time.Time
	Contact, Phone string
	Said           string // what our side wrote down, "" for nothing yet
	SaidAt         time.Time
	SaidBy         string
	Theirs         bool // the other side wrote something down
	Ended          time.Time
}

// Conflicts lists what the lead of an operation and its partners are told.
func (s *Service) Conflicts(ctx context.Context, o Operation) ([]Conflict, error) {
	all, err := conflictsOf(ctx, s.DB, o.Program, o.ID)
	if err != nil {
		return nil, err
	}
	var out []Conflict
	for _, c := range all {
		other, err := s.byID(ctx, s.DB, o.Program, c.other(o.ID))
		if err != nil {
			return nil, err
		}
		ours, theirs := c.sides(o.ID)
		out = append(out, Conflict{ID: c.ID, Found: c.Found, Contact: other.Contact, Phone: other.Phone, Said: ours.Said, SaidAt: ours.At, SaidBy: ours.By, Theirs: theirs.Said != "", Ended: c.Ended})
	}
	return out, nil
}

// Answer writes down what came of the call about a conflict.
func (s *Service) Answer(ctx context.Context, m identity.Member, operation, id store.ID, said string) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		o, err := s.byID(ctx, tx, m.Program, operation)
		if err != nil {
			return err
		}
		if err := s.mayOperation(policy.PlanOperation, m, o, ""); err != nil {
			return err
		}
		c, err := conflictByID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		switch {
		case c.Later != o.ID && c.Earlier != o.ID:
			return ErrNotFound
		case !slices.Contains(Sayings(), said):
			return errSaid
		case !c.Ended.IsZero():
			return errConflict
		}
		return answerConflict(tx, c, o.ID, said, m.Actor())
	})
}

// Waiting counts the conflicts of which somebody's office has not yet written down what came of the call.
func (s *Service) Waiting(ctx context.Context, m identity.Member) (int, error) {
	all, err := waiting(ctx, s.DB, m.Program, m.Office)
	n := 0
	for _, c := range all {
		n += c
	}
	return n, err
}

// called refuses while the operation's own side has not called about a conflict. What the other side did does not matter: it may be out of reach, and it must not be able
// to hold up an operation by planning another.
func called(ctx context.Context, tx *store.Tx, o Operation) error {
	open, err := openConflicts(ctx, tx, o.Program, o.ID)
	if err != nil {
		return err
	}
	for _, c := range open {
		if c.Later == o.ID && c.LaterSide.Said == "" {
			return errUncalled
		}
	}
	return nil
}
