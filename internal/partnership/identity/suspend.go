// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// Why an account is kept out.
const (
	outSuspended = "suspended" // by an administrator
	outIdle      = "idle"      // nobody signed in for ninety days
	outTill      = "temporary" // its time was over
	outOffice    = "office"    // its office left the program
)

// Suspend keeps a member out at once, whoever else holds the office's key: sessions end, and signing in, fetching keys and every act are refused. Nothing of
// theirs is destroyed, so that Resume can undo it, or Deactivate follow once a colleague holds the key.
func (s *Service) Suspend(ctx context.Context, programID string, id store.ID) error {
	return s.change(ctx, programID, id, "member.suspended", func(tx *store.Tx, _, m Member) error { return s.keepOut(ctx, tx, m, outSuspended) })
}

// keepOut is what every way of keeping a member out without destroying anything comes to.
func (s *Service) keepOut(ctx context.Context, tx *store.Tx, m Member, why string) error {
	err := suspendMember(tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	err = markOut(tx, m.Program, m.ID, why)
	if err != nil {
		return err
	}
	return s.gone(ctx, tx, m)
}

// gone ends what an account has open, the links that it handed out among it, hands what waits for it to the stand-ins, and has the managers told.
func (s *Service) gone(ctx context.Context, tx *store.Tx, m Member) error {
	err := s.withdrawMade(ctx, tx, m)
	if err != nil {
		return err
	}
	err = endDevicesOf(tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	err = endSessionsOf(tx, m.Program, m.ID, endedAccount)
	if err != nil {
		return err
	}
	err = s.away(tx, m)
	if err != nil {
		return err
	}
	return tellManagers(tx, m)
}

// away hands over what waits for a member who cannot sign in.
func (s *Service) away(tx *store.Tx, m Member) error {
	if s.onAway == nil {
		return nil
	}
	return s.onAway(tx, m)
}

// lockAccount locks an account that somebody guessed at too often. Its alerts go to the stand-ins at once: the lock may last until an administrator is up.
func (s *Service) lockAccount(tx *store.Tx, m Member) error {
	err := lockMember(tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	return s.away(tx, m)
}

// Resume lets a suspended member in again. A lock from failed sign-ins stays. A temporary account whose time was over needs a new end first.
func (s *Service) Resume(ctx context.Context, programID string, id store.ID) error {
	return s.change(ctx, programID, id, "member.resumed", func(tx *store.Tx, _, _ Member) error { return s.letIn(ctx, tx, programID, id) })
}

func (s *Service) letIn(ctx context.Context, tx *store.Tx, programID string, id store.ID) error {
	v, err := standingOf(ctx, tx, programID, id)
	if err != nil {
		return err
	}
	if v.over(tx.Now()) {
		return errTill
	}
	err = resumeMember(tx, programID, id)
	if err != nil {
		return err
	}
	return markBack(tx, programID, id)
}

// ReleaseByEmail opens an account for whoever runs the server, so that no program stays without an administrator because all are locked, or were away too long.
func (s *Service) ReleaseByEmail(ctx context.Context, programID, email string) error {
	email, err := cleanEmail(email)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		a, err := accountByEmail(ctx, tx, programID, email)
		if err != nil {
			return err
		}
		err = s.release(ctx, tx, a.Member)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "member.released", Record: a.Actor(), Actor: "console"})
		return nil
	})
}

// release opens an account that failures locked, or that nobody used for too long. Who was suspended by a person stays so.
func (s *Service) release(ctx context.Context, tx *store.Tx, m Member) error {
	v, err := standingOf(ctx, tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	idle := m.Suspended && v.OutWhy == outIdle
	if idle {
		err = s.letIn(ctx, tx, m.Program, m.ID)
		if err != nil {
			return err
		}
	}
	if idle && !m.Locked {
		return nil
	}
	return s.unlock(tx, m)
}

// Administrators lists a program's active administrators, locked or not.
func (s *Service) Administrators(ctx context.Context, programID string) ([]Member, error) {
	var all []Member
	err := s.each(ctx, programID, Filter{}, func(m Member) error {
		if m.Has(RoleProgramAdmin) {
			all = append(all, m)
		}
		return nil
	})
	return all, err
}
