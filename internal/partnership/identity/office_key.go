// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/ed25519"
	"slices"
	"strings"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// What these acts refuse.
var (
	errNotHolder   = fault.New(fault.Forbidden, "office_not_holder", "Only a member who holds the office's key can do this.")
	errRotated     = fault.New(fault.Conflict, "office_rotated", "The office has another key by now, or somebody joined or left. Nothing was saved. Please load the page again.")
	errHolderWraps = fault.New(fault.Invalid, "office_holders", "The new key was not sealed for the people it must be sealed for. Nothing was saved. Please load the page again.")
)

// officeHolder is a colleague, or oneself, who holds the office's key in use.
type officeHolder struct {
	Member
	Signature []byte // of the office's key, for this person's public key; nil where nobody gave it
}

// officeHolders lists who holds the current key of m's office and works there.
func (s *Service) officeHolders(ctx context.Context, q store.Reader, m Member) ([]officeHolder, error) {
	current := s.agencies.OwnKeys(m.Program)[m.Office]
	wraps, err := s.agencies.Wraps(ctx, m.Program, m.Office)
	if err != nil {
		return nil, err
	}
	var out []officeHolder
	for _, w := range wraps {
		if w.Key != current.ID || !w.Ended.IsZero() || w.Holder == recoveryHolder {
			continue
		}
		id, err := store.ParseID(w.Holder[len("member:"):])
		if err != nil {
			return nil, err
		}
		a, err := accountByID(ctx, q, m.Program, id)
		if err != nil {
			return nil, err
		}
		if a.Office == m.Office && (a.Active || a.Suspended) && a.HoldsKey() {
			out = append(out, officeHolder{a.Member, w.Signature})
		}
	}
	slices.SortFunc(out, func(a, b officeHolder) int { return strings.Compare(a.Name+a.Email, b.Name+b.Email) })
	return out, nil
}

// RotateOffice makes k the key of m's office, in the place of previous. It is sealed to who holds the key now, at least to m, and to the office's recovery key; who is left
// out waits for access from a colleague. Old keys and what was sealed to them stay.
func (s *Service) RotateOffice(ctx context.Context, m Member, previous [16]byte, k agency.NewKey, signature []byte) error {
	if s.agencies.OwnKeys(m.Program)[m.Office].ID != previous {
		return errRotated
	}
	by, err := s.agencies.Endorse(m.Program, m.Office, k, m.ID, signature)
	if err != nil {
		return err
	}
	_, recovers, err := s.agencies.RecoveryOf(ctx, m.Program, m.Office)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		err := holdOffice(tx, m.Program, m.Office) // nobody leaves at this very moment
		if err != nil {
			return err
		}
		err = s.checkHolders(ctx, tx, m, k, recovers)
		if err != nil {
			return err
		}
		err = s.agencies.SetKey(tx, m.Program, m.Office, k, by)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "office.key_rotated", Record: "office:" + m.Office, Actor: m.Actor()})
		return nil
	})
	if err != nil {
		return err
	}
	return s.agencies.Refresh(ctx)
}

// checkHolders holds the new key's wraps to the people who may have it.
func (s *Service) checkHolders(ctx context.Context, tx *store.Tx, m Member, k agency.NewKey, recovers bool) error {
	now, err := s.officeHolders(ctx, tx, m)
	if err != nil {
		return err
	}
	given := map[string]bool{}
	for _, w := range k.Wraps {
		given[w.Holder] = true
		if len(w.Sealed) != seal.SealToExtra+seal.SeedSize {
			return errHolderWraps
		}
		if w.Holder == recoveryHolder {
			continue
		}
		i := slices.IndexFunc(now, func(h officeHolder) bool { return h.Actor() == w.Holder })
		if i < 0 || !endorsesHolder(m, k.Public.ID(), k.Sign, now[i].Member, w.Signature) {
			return errHolderWraps
		}
	}
	if !given[m.Actor()] || given[recoveryHolder] != recovers {
		return errHolderWraps
	}
	return nil
}

// endorsesHolder says whether an office's key was really given to the member, with this public key.
func endorsesHolder(m Member, key [16]byte, sign ed25519.PublicKey, holder Member, signature []byte) bool {
	pub, err := seal.ParsePublicKey(holder.KEM)
	return err == nil && len(sign) == ed25519.PublicKeySize && ed25519.Verify(sign, []byte(agency.HolderStatement(m.Program, m.Office, key, holder.Actor(), pub.ID())), signature)
}

// signingKeys returns the signing key of every key that the member's office ever had.
func (s *Service) signingKeys(ctx context.Context, m Member) (map[[16]byte]ed25519.PublicKey, error) {
	all, err := s.agencies.AllKeys(ctx, m.Program, m.Office)
	out := map[[16]byte]ed25519.PublicKey{}
	for _, k := range all {
		if len(k.Sign) == ed25519.PublicKeySize {
			out[k.ID] = k.Sign
		}
	}
	return out, err
}

// signHolder is the word of who has an office's seed that a holder has this public key.
func signHolder(seed []byte, programID, office, holder string, pub *seal.PublicKey) []byte {
	key, err := seal.PrivateFromSeed(seed)
	if err != nil || holder == recoveryHolder {
		return nil
	}
	return ed25519.Sign(seal.OfficeSigning(seed), []byte(agency.HolderStatement(programID, office, key.Public().ID(), holder, pub.ID())))
}

// RenewParts puts a new recovery key into use for every key of the office that m holds: the printed parts before it open nothing any more.
func (s *Service) RenewParts(ctx context.Context, m Member, r agency.RecoveryKey, wraps []agency.Wrap) error {
	mine, err := s.wrapsTo(ctx, m)
	if err != nil {
		return err
	}
	if len(wraps) != len(mine) {
		return errRotated
	}
	for i := range wraps {
		held := slices.ContainsFunc(mine, func(w KeyWrap) bool { return w.KeyID == wraps[i].Key })
		if !held || len(wraps[i].Sealed) != seal.SealToExtra+seal.SeedSize {
			return errHolderWraps
		}
		wraps[i].Holder = recoveryHolder
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		err := s.agencies.ReplaceRecovery(tx, m.Program, m.Office, r, wraps, m.Actor())
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "office.recovery_replaced", Record: "office:" + m.Office, Actor: m.Actor()})
		return nil
	})
	if err != nil {
		return err
	}
	return s.agencies.Refresh(ctx)
}

// closeOfficeMembers ends every member of an office that is closed, and has all their shares destroyed: what the office received is not opened any more. Who also
// looks after the program keeps their account, but no wrap of the office's keys is left for them either.
func (s *Service) closeOfficeMembers(ctx context.Context, tx *store.Tx, programID, office, actor string) error {
	var members []Member
	at := after{}
	for {
		page, next, err := listMembers(ctx, tx, programID, Filter{Office: office, Gone: true}, at, 200)
		if err != nil {
			return err
		}
		members = append(members, page...)
		if next == (after{}) {
			break
		}
		at = next
	}
	for _, m := range members {
		if !m.Active && !m.Suspended || m.Has(RoleProgramAdmin, RoleAuditor) {
			continue
		}
		err := s.closeMember(ctx, tx, m)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "member.deactivated", Record: m.Actor(), Actor: actor})
	}
	return s.withdrawInvitations(ctx, tx, programID, office, actor)
}

// closeMember is Deactivate for somebody whose office ends with them: nobody has to be left to hold its key.
func (s *Service) closeMember(ctx context.Context, tx *store.Tx, m Member) error {
	err := endMember(tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	err = s.gone(ctx, tx, m)
	if err != nil {
		return err
	}
	_, err = s.endAllWays(ctx, tx, m)
	if err != nil {
		return err
	}
	_, err = dropSlots(ctx, tx, m)
	if err != nil {
		return err
	}
	return enqueueDestruction(tx, m.Program, m.ID)
}

// withdrawInvitations takes back what would let somebody into an office that is closed.
func (s *Service) withdrawInvitations(ctx context.Context, tx *store.Tx, programID, office, actor string) error {
	open, err := openInvitations(ctx, tx, programID, office, "", s.now())
	if err != nil {
		return err
	}
	for _, v := range open {
		err = s.withdrawInvitation(tx, programID, v.ID)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: programID, Event: "member.invitation_withdrawn", Record: "member:" + v.ID.String(), Actor: actor})
	}
	return nil
}
