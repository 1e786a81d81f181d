// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/sha256"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// A link that lets somebody in, an invitation or a renewal, is worth no more than the word of who made it, and counts once. It is taken back when its maker is kept
// out or loses the office, and that it was used or taken back is written where a restored backup does not undo it.

// withdrawMade takes back every open link that a member made.
func (s *Service) withdrawMade(ctx context.Context, tx *store.Tx, m Member) error {
	return s.withdrawLinks(ctx, tx, m.Program, func(_ store.ID, by string) bool { return by == m.Actor() })
}

// withdrawLinks takes back the open invitations and renewals that which names.
func (s *Service) withdrawLinks(ctx context.Context, tx *store.Tx, programID string, which func(id store.ID, by string) bool) error {
	invitations, err := openInvitations(ctx, tx, programID, "", "", tx.Now())
	if err != nil {
		return err
	}
	for _, v := range invitations {
		if !which(v.ID, v.InvitedBy) {
			continue
		}
		err = s.withdrawInvitation(tx, programID, v.ID)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "member.invitation_withdrawn", Record: "member:" + v.ID.String(), Actor: "system"})
	}
	renewals, err := openRenewals(ctx, tx, programID)
	if err != nil {
		return err
	}
	for _, v := range renewals {
		if !which(v.id, v.by) {
			continue
		}
		err = s.withdrawRenewal(tx, programID, v.id)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "member.renewal_withdrawn", Record: "member:" + v.member.String(), Actor: "system"})
	}
	return nil
}

// openLinks lists the invitations and renewals that are open.
func (s *Service) openLinks(ctx context.Context, tx *store.Tx, programID string) ([]store.ID, error) {
	invitations, err := openInvitations(ctx, tx, programID, "", "", tx.Now())
	if err != nil {
		return nil, err
	}
	renewals, err := openRenewals(ctx, tx, programID)
	if err != nil {
		return nil, err
	}
	var ids []store.ID
	for _, v := range invitations {
		ids = append(ids, v.ID)
	}
	for _, v := range renewals {
		ids = append(ids, v.id)
	}
	return ids, nil
}

// withdrawRenewals takes back the open renewals of a member, in a step that logs what it is.
func (s *Service) withdrawRenewals(ctx context.Context, tx *store.Tx, m Member) error {
	open, err := openRenewals(ctx, tx, m.Program)
	if err != nil {
		return err
	}
	for _, v := range open {
		if v.member != m.ID {
			continue
		}
		err = s.withdrawRenewal(tx, m.Program, v.id)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) withdrawInvitation(tx *store.Tx, programID string, id store.ID) error {
	err := endInvitation(tx, programID, id)
	if err != nil {
		return err
	}
	return enqueueDestruction(tx, programID, spent(id))
}

func (s *Service) withdrawRenewal(tx *store.Tx, programID string, id store.ID) error {
	err := endRenewal(tx, programID, id)
	if err != nil {
		return err
	}
	return enqueueDestruction(tx, programID, spent(id))
}

// spent is the name under which the keyring's log of destructions has a link that counts no more. It is not the link's own: a member has the id of their invitation.
func spent(link store.ID) store.ID {
	sum := sha256.Sum256([]byte("waylight/link-spent/v1\x00" + link.String()))
	return store.ID(sum[:len(store.ID{})])
}
