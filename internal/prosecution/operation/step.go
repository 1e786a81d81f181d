// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

var (
	errNotYet  = fault.New(fault.Invalid, "operation.not_yet", "That time has not come yet.")
	errPeriod  = fault.New(fault.Invalid, "operation.period", "This is more than a day outside of the planned time. Change the plan first, so that others near it are told.")
	errEnd     = fault.New(fault.Invalid, "operation.end", "The operation ended after it began, and within 62 days.")
	errOutcome = fault.New(fault.Invalid, "operation.outcome", "Write in up to 4,000 letters what came of it. Never use a person's name.")
	errWhy     = fault.New(fault.Invalid, "operation.why", "Say why in a few words, up to 500 letters.").At("why")
)

// slack is how far before or after the planned time an operation can begin.
const slack = 24 * time.Hour

// Plan plans an operation, and says how many operations of other offices are near it.
func (s *Service) Plan(ctx context.Context, m identity.Member, d Draft) (Operation, int, error) {
	if err := s.may(policy.PlanOperation, m, policy.Object{Program: m.Program, Office: m.Office}); err != nil {
		return Operation{}, 0, err
	}
	id := store.NewID()
	var o Operation
	near := 0
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		o = Operation{Program: m.Program, ID: id, Lead: m.Office, Partners: d.Partners, Kind: d.Kind, State: Planned, Surge: d.Surge, Version: 1, Details: Details{Plan: d.Plan},
			Made: now, MadeBy: m.Actor(), PlannedAt: now, PlannedBy: m.Actor()}
		if err := s.checkDraft(ctx, tx, m, d, Operation{}); err != nil {
			return err
		}
		if err := takeTurn(tx, m.Program); err != nil {
			return err
		}
		if err := s.insertOperation(tx, o); err != nil {
			return err
		}
		logged(tx, "planned", o, m.Actor())
		var err error
		near, err = s.deconflict(ctx, tx, m, o)
		return err
	})
	return o, near, s.refusedToAsk(ctx, m, err)
}

// checkDraft says what is wrong with a draft, asking the database too. was is what the operation has been: what it is in already may be over.
func (s *Service) checkDraft(ctx context.Context, tx *store.Tx, m identity.Member, d Draft, was Operation) error {
	p, ok := s.Programs.Program(m.Program)
	if !ok {
		return ErrNotFound
	}
	if err := d.check(p, m.Office, tx.Now()); err != nil {
		return err
	}
	if !d.Surge.IsZero() {
		g, err := s.surgeByID(ctx, tx, m.Program, d.Surge)
		switch {
		case fault.KindOf(err) == fault.NotFound, err == nil && (!g.includes(m.Office) || !g.Closed.IsZero() && was.Surge != d.Surge):
			return errSurge
		case err != nil:
			return err
		case !g.covers(d.From, s.zone(m.Program)):
			return errOutside
		}
	}
	if d.Location.IsZero() {
		return nil
	}
	l, err := s.locationByID(ctx, tx, m.Program, d.Location)
	if fault.KindOf(err) == fault.NotFound || err == nil && !l.Withdrawn.IsZero() && was.Location != d.Location {
		return errLocation
	}
	return err
}

// step reads an operation in a transaction, asks whether m may do this to it, and lets do change it.
func (s *Service) step(ctx context.Context, m identity.Member, id store.ID, a policy.Action, requester func(Operation) string, do func(tx *store.Tx, o *Operation) (event string, err error)) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		// First of all, so that nobody waits for it while holding something else.
		if err := takeTurn(tx, m.Program); err != nil {
			return err
		}
		o, err := s.byID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		by := ""
		if requester != nil {
			by = requester(o)
		}
		if err := s.mayOperation(a, m, o, by); err != nil {
			return err
		}
		event, err := do(tx, &o)
		if err != nil {
			return err
		}
		if err := s.update(tx, o); err != nil {
			return err
		}
		logged(tx, event, o, m.Actor())
		if o.State.ahead() {
			return nil
		}
		if err := dropIndex(tx, o.Program, o.ID); err != nil {
			return err
		}
		return s.settle(ctx, tx, o, nil, m.Actor())
	})
}

// Change changes a plan, as it was when it had the version that the planner read. Another time or place is compared anew, and with anything else than whom to call it is
// planned again and needs a new approval. Of one that runs only the end can be put off.
func (s *Service) Change(ctx context.Context, m identity.Member, id store.ID, version int, d Draft) (int, error) {
	near := 0
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		if err := takeTurn(tx, m.Program); err != nil {
			return err
		}
		was, err := s.byID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		if err := s.mayOperation(policy.PlanOperation, m, was, ""); err != nil {
			return err
		}
		if was.Version != version {
			return errUntouched
		}
		if err := s.checkDraft(ctx, tx, m, d, was); err != nil {
			return err
		}
		o, err := was.changed(d, m.Actor(), tx.Now())
		if err != nil {
			return err
		}
		if err := setPartners(tx, was, o); err != nil {
			return err
		}
		if err := s.update(tx, o); err != nil {
			return err
		}
		logged(tx, "changed", o, m.Actor())
		if !was.moved(o.Plan) {
			return nil
		}
		near, err = s.deconflict(ctx, tx, m, o)
		return err
	})
	return near, s.refusedToAsk(ctx, m, err)
}

// changed is what an operation becomes by a new draft.
func (o Operation) changed(d Draft, by string, now time.Time) (Operation, error) {
	before := o
	o.Plan, o.Kind, o.Partners, o.Surge = d.Plan, d.Kind, d.Partners, d.Surge
	switch before.State {
	case Running:
		put := before.Plan
		put.To, put.Contact, put.Phone = o.To, o.Contact, o.Phone
		if o.To.Before(before.To) || put.moved(o.Plan) || !before.sameWords(o) {
			return o, errStep
		}
		return o, nil
	case Planned, Approved:
	default:
		return o, errStep
	}
	if before.moved(o.Plan) || !before.sameWords(o) {
		o.State, o.PlannedAt, o.PlannedBy, o.ApprovedAt, o.ApprovedBy = Planned, now, by, time.Time{}, ""
	}
	return o, nil
}

// sameWords says whether nothing but time, place and contact differs.
func (o Operation) sameWords(to Operation) bool {
	same := len(o.Partners) == len(to.Partners) && o.Kind == to.Kind && o.Surge == to.Surge && o.Name == to.Name && o.Aim == to.Aim && o.District == to.District && o.Location == to.Location
	for _, p := range to.Partners {
		same = same && slices.Contains(o.Partners, p)
	}
	return same
}

// Approve lets a second person agree to the plan that they read. Whoever set its time and place does not.
func (s *Service) Approve(ctx context.Context, m identity.Member, id store.ID, version int) error {
	return s.step(ctx, m, id, policy.ApproveOperation, func(o Operation) string { return o.PlannedBy }, func(tx *store.Tx, o *Operation) (string, error) {
		switch {
		case o.State != Planned:
			return "", errStep
		case o.Version != version:
			return "", errUntouched
		}
		if err := called(ctx, tx, *o); err != nil {
			return "", err
		}
		o.State, o.ApprovedAt, o.ApprovedBy = Approved, tx.Now(), m.Actor()
		return "approved", nil
	})
}

// Begin says that an approved operation runs; at is the zero time for now.
func (s *Service) Begin(ctx context.Context, m identity.Member, id store.ID, at time.Time) error {
	return s.step(ctx, m, id, policy.RunOperation, nil, func(tx *store.Tx, o *Operation) (string, error) {
		if at.IsZero() {
			at = tx.Now()
		}
		switch {
		case o.State != Approved:
			return "", errStep
		case at.After(tx.Now()):
			return "", errNotYet.At("began")
		case at.Before(o.From.Add(-slack)) || at.After(o.To.Add(slack)):
			return "", errPeriod.At("began")
		}
		o.State, o.Began = Running, at
		return "begun", nil
	})
}

// Close says that an operation is over and what came of it; at is the zero time for now.
func (s *Service) Close(ctx context.Context, m identity.Member, id store.ID, at time.Time, outcome string) error {
	outcome = strings.TrimSpace(outcome)
	return s.step(ctx, m, id, policy.RunOperation, nil, func(tx *store.Tx, o *Operation) (string, error) {
		if at.IsZero() {
			at = tx.Now()
		}
		switch {
		case o.State != Running:
			return "", errStep
		case at.After(tx.Now()):
			return "", errNotYet.At("ended")
		case !at.After(o.Began) || at.Sub(o.Began) > 2*longest:
			return "", errEnd.At("ended")
		case !named(outcome, 4000):
			return "", errOutcome.At("outcome")
		}
		if !o.Location.IsZero() {
			l, err := s.locationByID(ctx, tx, o.Program, o.Location)
			if err != nil {
				return "", err
			}
			o.Level = l.Level
		}
		o.State, o.Ended, o.Outcome, o.ClosedAt, o.ClosedBy = Closed, at, outcome, tx.Now(), m.Actor()
		return "closed", nil
	})
}

// Review lets a second person confirm what was closed. From then on it counts.
func (s *Service) Review(ctx context.Context, m identity.Member, id store.ID, version int, words string) error {
	words = strings.TrimSpace(words)
	return s.step(ctx, m, id, policy.ReviewOperation, func(o Operation) string { return o.ClosedBy }, func(tx *store.Tx, o *Operation) (string, error) {
		switch {
		case o.State != Closed:
			return "", errStep
		case o.Version != version:
			return "", errUntouched
		case !usable(words) || letters(words) > 4000:
			return "", errOutcome.At("review")
		}
		o.State, o.Review, o.ReviewedAt, o.ReviewedBy = Reviewed, words, tx.Now(), m.Actor()
		return "reviewed", nil
	})
}

// Cancel calls off what has not begun. It conflicts with nothing any more; what it met stays on record with both sides.
func (s *Service) Cancel(ctx context.Context, m identity.Member, id store.ID, why string) error {
	why = strings.TrimSpace(why)
	return s.step(ctx, m, id, policy.PlanOperation, nil, func(tx *store.Tx, o *Operation) (string, error) {
		switch {
		case o.State != Planned && o.State != Approved:
			return "", errStep
		case !named(why, 500):
			return "", errWhy
		}
		o.State, o.Outcome, o.CancelledAt, o.CancelledBy = Cancelled, why, tx.Now(), m.Actor()
		return "cancelled", nil
	})
}
