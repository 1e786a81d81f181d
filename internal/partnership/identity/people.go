// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"slices"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// Filter narrows a list of people. The zero Filter is everybody who works here now.
type Filter struct {
	Office string // "" = every office
	Search string // in names and addresses
	Gone   bool   // those who left or are suspended, too
}

// Members lists the active members of an office ("" = every office), by name.
func (s *Service) Members(ctx context.Context, programID, office string) ([]Member, error) {
	var all []Member
	err := s.each(ctx, programID, Filter{Office: office}, func(m Member) error {
		all = append(all, m)
		return nil
	})
	return all, err
}

// Member returns one member, also one who is suspended or has left.
func (s *Service) Member(ctx context.Context, programID string, id store.ID) (Member, error) {
	a, err := accountByID(ctx, s.db, programID, id)
	return a.Member, err
}

// each calls fn for every member of a filter, a page at a time.
func (s *Service) each(ctx context.Context, programID string, f Filter, fn func(Member) error) error {
	at := after{}
	for {
		page, next, err := listMembers(ctx, s.db, programID, f, at, 200)
		if err != nil {
			return err
		}
		for _, m := range page {
			err = fn(m)
			if err != nil {
				return err
			}
		}
		if next == (after{}) {
			return nil
		}
		at = next
	}
}

// SetRoles replaces a member's roles. Those that give power over the whole program wait, with whatever else was changed, until a second person agrees.
func (s *Service) SetRoles(ctx context.Context, programID string, id store.ID, roles []string) error {
	err := s.change(ctx, programID, id, "member.roles_changed", func(tx *store.Tx, by, target Member) error {
		office, err := s.office(programID, target.Office)
		if err != nil {
			return err
		}
		clean, err := cleanRoles(roles, s.grants(by, office))
		if err != nil {
			return err
		}
		if target.HoldsKey() && !holdsKey(clean) {
			return errKeepsKey
		}
		if s.needsSecond(by, office, target.Roles, clean) {
			roles = clean
			return errPassed
		}
		return s.giveRoles(ctx, tx, target, clean)
	})
	if errors.Is(err, errPassed) {
		return s.askRoles(ctx, programID, id, roles)
	}
	return err
}

// giveRoles writes a member's roles down. Whoever loses the power to invite or to renew loses the links that they handed out with it.
func (s *Service) giveRoles(ctx context.Context, tx *store.Tx, m Member, roles []string) error {
	err := setRoles(tx, m.Program, m.ID, roles)
	if err != nil {
		return err
	}
	lost := func(role Role) bool { return m.Has(role) && !slices.Contains(roles, role) }
	if lost(RoleProgramAdmin) || lost(RoleAgencyAdmin) {
		err = s.withdrawMade(ctx, tx, m)
		if err != nil {
			return err
		}
	}
	return tellManagers(tx, m)
}

// Release unlocks an account that failed sign-ins locked.
func (s *Service) Release(ctx context.Context, programID string, id store.ID) error {
	return s.change(ctx, programID, id, "member.released", func(tx *store.Tx, by, target Member) error {
		return s.unlock(tx, target)
	})
}

func (s *Service) unlock(tx *store.Tx, m Member) error {
	for _, who := range [][]byte{s.keyed("who", m.Email), s.keyed("who-lock", m.ID.String())} {
		err := forgetFailures(tx, m.Program, who)
		if err != nil {
			return err
		}
	}
	return releaseMember(tx, m.Program, m.ID)
}

// Deactivate ends a member's account: sessions end, the wraps of the office's keys are ended, and the server's share of the member's keys is destroyed, so that
// a copy of an old wrap opens nothing either. It is refused while the office's key would be left with fewer than two wraps.
func (s *Service) Deactivate(ctx context.Context, programID string, id store.ID) error {
	shares, err := s.end(ctx, programID, id)
	if err != nil {
		return err
	}
	err = s.agencies.Refresh(ctx)
	if err != nil {
		return err
	}
	return s.destroyNow(shares) // the jobs do it again should this not come through
}

// end is the part of Deactivate that is one transaction. The jobs in it destroy the shares whatever happens next. There is none under the member's own id: its
// destruction is written down, so that a restored backup does not let the member in again.
func (s *Service) end(ctx context.Context, programID string, id store.ID) (shares []store.ID, err error) {
	err = s.change(ctx, programID, id, "member.deactivated", func(tx *store.Tx, by, target Member) error {
		err := holdOffice(tx, programID, target.Office) // or two who leave at once would each count the other's wrap
		if err != nil {
			return err
		}
		err = endMember(tx, programID, id)
		if err != nil {
			return err
		}
		err = s.gone(ctx, tx, target)
		if err != nil {
			return err
		}
		err = s.agencies.EndWraps(tx, programID, target.Office, target.Actor())
		if err != nil {
			return err
		}
		shares, err = s.endAllWays(ctx, tx, target)
		if err != nil {
			return err
		}
		prepared, err := dropSlots(ctx, tx, target)
		if err != nil {
			return err
		}
		shares = append(append(shares, prepared...), id)
		return enqueueDestruction(tx, programID, id)
	})
	return shares, err
}

func (s *Service) destroyShare(_ context.Context, j jobs.Job) error {
	id, err := store.ParseID(string(j.Payload))
	if err != nil {
		return err
	}
	return s.ring.DestroyShare(id.String())
}

// change runs one act of an administrator on a member's account, under the rule of who may, and logs it.
func (s *Service) change(ctx context.Context, programID string, id store.ID, event string, act func(tx *store.Tx, by, target Member) error) error {
	by, actorName, system := actor(ctx)
	if system {
		by = Member{Program: programID, Roles: []string{RoleProgramAdmin}}
	}
	if by.ID == id {
		return errSelf
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		a, err := accountByID(ctx, tx, programID, id)
		if err != nil {
			return err
		}
		err = s.mayChange(by, a.Member)
		if err != nil {
			return err
		}
		err = act(tx, by, a.Member)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: event, Record: a.Actor(), Actor: actorName})
		return nil
	})
}

// waiting lists, by actor name, which of the members should hold their office's key and do not yet.
func (s *Service) waiting(ctx context.Context, members []Member) (map[string]bool, error) {
	known, out := held{}, map[string]bool{}
	for _, m := range members {
		waits, err := s.waits(ctx, m, known)
		if err != nil {
			return nil, err
		}
		if waits {
			out[m.Actor()] = true
		}
	}
	return out, nil
}

// held remembers who holds an office's key, so that a list asks once for each office.
type held map[string]map[string]bool

func (s *Service) waits(ctx context.Context, m Member, known held) (bool, error) {
	if !m.Active || !m.HoldsKey() {
		return false, nil
	}
	if known[m.Office] == nil {
		holders, err := s.holders(ctx, m.Program, m.Office)
		if err != nil {
			return false, err
		}
		known[m.Office] = holders
	}
	return !known[m.Office][m.Actor()], nil
}

// HasAccess reports whether the member can open the office's current key: a role alone gives no access until a colleague does.
func (s *Service) HasAccess(ctx context.Context, m Member) (bool, error) {
	if !m.Active || !m.HoldsKey() {
		return false, nil
	}
	holders, err := s.holders(ctx, m.Program, m.Office)
	return holders[m.Actor()], err
}

// holders returns who can open the office's current key.
func (s *Service) holders(ctx context.Context, programID, office string) (map[string]bool, error) {
	wraps, err := s.agencies.Wraps(ctx, programID, office)
	if err != nil {
		return nil, err
	}
	current := s.agencies.OwnKeys(programID)[office]
	holders := map[string]bool{}
	for _, w := range wraps {
		if w.Key == current.ID && w.Ended.IsZero() {
			holders[w.Holder] = true
		}
	}
	return holders, nil
}

// look logs that a member looked at people.
func (s *Service) look(ctx context.Context, by Member, event, record string) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: by.Program, Event: event, Record: record, Actor: by.Actor()})
		return nil
	})
}

// officesSeen lists the offices whose people by may look at, in the pack's order.
func (s *Service) officesSeen(by Member) []string {
	p, ok := s.programs.Program(by.Program)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.OfficeOrder), func(id string) bool { return !seesPeople(by, id) })
}
