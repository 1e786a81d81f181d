// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// Suspend keeps a member out at once, whoever else holds the office's key: sessions end, and signing in, fetching keys and every act are refused. Nothing of
// theirs is destroyed, so that Resume can undo it, or Deactivate follow once a colleague holds the key.
func (s *Service) Suspend(ctx context.Context, programID string, id store.ID) error {
	return s.change(ctx, programID, id, "member.suspended", func(tx *store.Tx, _, _ Member) error {
		err := suspendMember(tx, programID, id)
		if err != nil {
			return err
		}
		err = endDevicesOf(tx, programID, id)
		if err != nil {
			return err
		}
		return endSessionsOf(tx, programID, id)
	})
}

// Resume lets a suspended member in again. A lock from failed sign-ins stays.
func (s *Service) Resume(ctx context.Context, programID string, id store.ID) error {
	return s.change(ctx, programID, id, "member.resumed", func(tx *store.Tx, _, _ Member) error {
		return resumeMember(tx, programID, id)
	})
}

// ReleaseByEmail unlocks an account for whoever runs the server, so that no program stays without an administrator because all are locked.
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
		err = s.unlock(tx, a.Member)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "member.released", Record: a.Actor(), Actor: "console"})
		return nil
	})
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
