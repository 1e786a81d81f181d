// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"slices"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// codeAway marks the steps by which a report leaves the hands of somebody who cannot sign in.
const codeAway = "away"

// Away hands over what waits for a member whose account was locked, suspended, disabled or closed, in the transaction that does it. A task they had taken can be
// taken by others, a report they owned has no owner, and of everything open that they own or were mailed about their stand-ins are mailed at once, or, where
// nobody stands in, whoever is next on the ladder.
func (s *Service) Away(tx *store.Tx, m identity.Member) error {
	const waits = `state in ('waiting', 'cannot_open', 'opened', 'taken', 'recused', 'acknowledged') and origin not in ('reminder', 'canary') and (owner = $2 or taken_by = $2 or id in (
		select referral from referral_notice where program = $1 and member = $2)) order by urgency, order_at, id`
	open, err := referrals(context.Background(), tx, m.Program, waits, m.ID)
	if err != nil {
		return err
	}
	for _, r := range open {
		held, err := s.letGo(tx, r, m)
		if err != nil {
			return err
		}
		if !held && r.State == Acknowledged {
			continue // somebody else works on it
		}
		err = enqueueNotice(tx, r.Program, notice{Report: r.Report, Referral: r.ID, Level: beyondHolder(s.ladder(r)), Tell: []string{program.StandIn},
			Since: store.Micros(tx.Now()), Away: true}, tx.Now())
		if err != nil {
			return err
		}
	}
	return nil
}

// letGo takes a referral out of the member's hands, and answers whether it was in them. Whoever changed it at this moment has it: then nothing is taken.
func (s *Service) letGo(tx *store.Tx, r Referral, m identity.Member) (bool, error) {
	act, after, assignments := ActAssign, r.State, "owner = null"
	switch {
	case r.State == Taken && r.TakenBy == m.ID:
		act, after, assignments = ActRelease, Waiting, "state = 'waiting', taken_by = null, taken_until = null, owner = null"
	case r.Owner != m.ID:
		return false, nil
	}
	held, err := set(tx, r, assignments, "")
	if err != nil || !held {
		return false, fault.Wrap(err, "handing over")
	}
	return true, s.step(tx, r, system, m.Office, act, after, codeAway, 0)
}

// besideLocked adds the stand-ins where somebody on duty has a locked account: they may not be able to sign in.
func (s *Service) besideLocked(ctx context.Context, r Referral, found []identity.Member) ([]identity.Member, error) {
	if !slices.ContainsFunc(found, func(m identity.Member) bool { return m.Locked }) {
		return found, nil
	}
	more, err := s.standIns(ctx, r.Program, r.Holder, s.now())
	return append(found, more...), err
}
