// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Recuse lets a member step back from a report: from then on it does not exist
// for that member. What the member owned or had taken is free again. When
// nobody at the office is left who may see it, the desk is told at once.
func (s *Service) Recuse(ctx context.Context, m identity.Member, id store.ID) error {
	colleagues, err := s.withRole(ctx, m.Program, m.Office, staff...)
	if err != nil {
		return err
	}
	return s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		recused, err := recusals(ctx, tx, m.Program, id)
		if err != nil {
			return false, err
		}
		left := 0
		for _, c := range colleagues {
			if c.ID != m.ID && !recused[c.ID] {
				left++
			}
		}
		if err := insertRecusal(tx, m.Program, id, m.ID, m.Office); err != nil {
			return false, err
		}
		for _, r := range mine {
			if err := s.stepBack(tx, m, r, left == 0); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// stepBack frees one referral from a member who recused.
func (s *Service) stepBack(tx *store.Tx, m identity.Member, r Referral, last bool) error {
	after, freed := r.State, r
	if r.State == Taken && r.TakenBy == m.ID {
		after = Waiting
		freed.TakenBy = store.ID{}
	}
	if freed.Owner == m.ID {
		freed.Owner = store.ID{}
	}
	until := micros(r.TakenUntil)
	if freed.TakenBy.IsZero() {
		until = nil
	}
	if last && r.Open() {
		l := s.ladder(r)
		freed.onRung(l, belowDesk(l))
		freed.NextAt = tx.Now()
	}
	err := must(tx, r, "state = $3, owner = $4, taken_by = $5, taken_until = $6, level = $7, told = $8, next_at = $9",
		string(after), idOrNull(freed.Owner), idOrNull(freed.TakenBy), until, int64(freed.Level), text(freed.Told), micros(freed.NextAt))
	if err != nil {
		return err
	}
	return s.step(tx, r, m.Actor(), m.Office, ActStepBack, after, "", 0)
}

// RecuseOffice lets a supervisor say that the whole office must not handle a
// report. The office no longer sees it; the desk is told to find another.
func (s *Service) RecuseOffice(ctx context.Context, m identity.Member, id store.ID) error {
	if !s.may(m, policy.RecuseOffice) {
		return ErrForbidden
	}
	err := s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		return s.troubled(tx, m, mine, ActRecuse)
	})
	return fault.Wrap(err, "recusing an office")
}
