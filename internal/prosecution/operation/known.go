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

// Known is what other rooms may know of an operation: those that count what came of it.
type Known struct {
	Program  string
	ID       store.ID
	Name     string
	Lead     string
	Partners []string
	Surge    store.ID // zero for none
	State    State
	From, To time.Time // as it went, and as it is planned before that
}

// Includes says whether an office takes part.
func (k Known) Includes(office string) bool {
	return office == k.Lead || slices.Contains(k.Partners, office)
}

// Over says whether it is closed, so that its figures are whole.
func (k Known) Over() bool { return k.State == Closed || k.State == Reviewed }

// Begun says whether it has begun, so that something can have come of it.
func (k Known) Begun() bool { return k.State == Running || k.Over() }

func known(o Operation) Known {
	k := Known{Program: o.Program, ID: o.ID, Name: o.Name, Lead: o.Lead, Partners: o.Partners, Surge: o.Surge, State: o.State}
	k.From, k.To = o.Period()
	return k
}

// Get reads an operation for somebody who may see it.
func (s *Service) Get(ctx context.Context, m identity.Member, id store.ID) (Operation, error) {
	o, err := s.byID(ctx, s.DB, m.Program, id)
	if err != nil {
		return o, err
	}
	return o, s.mayOperation(policy.ReadOperation, m, o, "")
}

// Find gives what there is to know of an operation, whoever asks; false when there is none. Whether somebody may see it, MaySee says.
func (s *Service) Find(ctx context.Context, r store.Reader, programID string, id store.ID) (Known, bool, error) {
	o, err := s.byID(ctx, r, programID, id)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return Known{}, false, nil
	}
	return known(o), err == nil, err
}

// Surges gives the surge of each operation of one that is closed: only then it is told at rest that there was one.
func (s *Service) Surges(ctx context.Context, r store.Reader, programID string) (map[store.ID]store.ID, error) {
	return closedSurges(ctx, r, programID)
}

// SurgeName is the name of a surge that is closed, "" for any other.
func (s *Service) SurgeName(ctx context.Context, r store.Reader, programID string, id store.ID) (string, error) {
	return closedSurge(ctx, r, programID, id)
}

// MaySee says whether somebody may know of an operation. Of one that is not there nobody may.
func (s *Service) MaySee(ctx context.Context, r store.Reader, who policy.Subject, id store.ID) (bool, error) {
	o, err := s.byID(ctx, r, who.Program, id)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return false, nil
	}
	return err == nil && policy.Decide(policy.ReadOperation, who, o.object(who.Office, "")).Allowed, err
}

// Visible lists operations that somebody's office takes part in, the newest first, for choosing one: those that have begun, by words in what was written of them.
func (s *Service) Visible(ctx context.Context, r store.Reader, who policy.Subject, search string, limit int) ([]Known, error) {
	if !policy.Decide(policy.ReadOperation, who, policy.Object{Program: who.Program, Office: who.Office}).Allowed {
		return nil, nil
	}
	all, _, err := s.list(ctx, r, who.Program, who.Office, Filter{State: "all", Search: search}, position{}, limit)
	if err != nil {
		return nil, err
	}
	var out []Known
	for _, o := range all {
		if o.State == Cancelled || o.State == Planned || o.State == Approved {
			continue
		}
		if o.Partners, err = partnersOf(ctx, r, who.Program, o.ID); err != nil {
			return nil, err
		}
		out = append(out, known(o))
	}
	return out, nil
}

// OpenWork counts what an office leads and has not finished: while there is any, the office is not closed.
func (s *Service) OpenWork(ctx context.Context, r store.Reader, programID, office string) (int, error) {
	return openWork(ctx, r, programID, office)
}
