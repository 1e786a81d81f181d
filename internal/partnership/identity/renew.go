// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// Renew makes a link for a member who lost every way in: once, within seven days, they make new keys and new ways in under the same name. An open renewal is
// withdrawn. Their sessions end at once. Whoever makes the link must know that it reaches nobody else: it is as good as the member.
func (s *Service) Renew(ctx context.Context, programID string, id store.ID) (token string, err error) {
	token = newToken(programID)
	err = s.change(ctx, programID, id, "member.renewal_made", func(tx *store.Tx, by, target Member) error {
		return s.makeRenewal(ctx, tx, by, target, token)
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// makeRenewal ends whatever a lost device could still go on with, and writes the link down.
func (s *Service) makeRenewal(ctx context.Context, tx *store.Tx, by, target Member, token string) error {
	if !target.Active {
		return errChanged
	}
	err := s.askRenewal(tx, by, target)
	if err != nil {
		return err
	}
	err = s.leaveDevices(tx, target, nil)
	if err != nil {
		return err
	}
	_, err = dropSlots(ctx, tx, target) // a thief may know their shares
	if err != nil {
		return err
	}
	err = s.withdrawRenewals(ctx, tx, target)
	if err != nil {
		return err
	}
	name := "system"
	if !by.ID.IsZero() {
		name = by.Actor()
	}
	return insertRenewal(tx, target, s.keyed("renewal", token), name)
}

// newToken names the program and 128 random bits.
func newToken(programID string) string {
	secret := make([]byte, tokenSize)
	_, _ = rand.Read(secret)
	return programID + "." + base64.RawURLEncoding.EncodeToString(secret)
}

// renewed finds the member whom a renewal's token lets in.
func (s *Service) renewed(ctx context.Context, token string) (newcomer, error) {
	programID, _, found := strings.Cut(token, ".")
	if !found {
		return newcomer{}, errInvitation
	}
	v, err := renewalByToken(ctx, s.db, programID, s.keyed("renewal", token), s.now())
	if err != nil {
		return newcomer{}, err
	}
	m, err := s.Member(ctx, programID, v.member)
	if err != nil {
		return newcomer{}, err
	}
	if !m.Active {
		return newcomer{}, errInvitation
	}
	if m.Has(RoleProgramAdmin, RoleAuditor) {
		err = s.agreed(ctx, programID, policy.RenewPerson, v.member, v.made, v.by)
		if err != nil {
			return newcomer{}, err
		}
	}
	return newcomer{Member: m, renewal: v.id}, nil
}

// renew gives a member new keys. What only the old ones opened is ended; it returns whose shares to destroy.
func (s *Service) renew(ctx context.Context, tx *store.Tx, renewal store.ID, m Member) ([]store.ID, error) {
	err := s.stillMember(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	err = useRenewal(tx, m.Program, renewal)
	if err != nil {
		return nil, err
	}
	err = enqueueDestruction(tx, m.Program, spent(renewal))
	if err != nil {
		return nil, err
	}
	ended, err := s.endAllWays(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	err = s.leaveDevices(tx, m, nil)
	if err != nil {
		return nil, err
	}
	err = s.agencies.DropWraps(tx, m.Program, m.Office, m.Actor())
	if err != nil {
		return nil, err
	}
	err = renewMember(tx, m)
	if err != nil {
		return nil, err
	}
	tx.Log(custody.Entry{Program: m.Program, Event: "member.renewed", Record: m.Actor(), Actor: m.Actor()})
	return append(ended, spent(renewal)), nil
}

// openRenewal says until when a member can use a renewal; zero: there is none.
func (s *Service) openRenewal(ctx context.Context, m Member) (time.Time, error) {
	return renewalEnds(ctx, s.db, m, s.now())
}
