// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

const (
	saltSize      = 16
	maxIterations = 20_000_000 // a browser must be able to finish
	maxWays       = 4          // that one enrollment brings
)

// What a passkey is asked for. An answer counts only for the purpose that its challenge was given out for.
const (
	forEnrolment = "enroll"
	forAdding    = "add"
	forSignIn    = "sign_in"
)

// Beginning is what a person who accepts an invitation, or a renewal, starts from.
type Beginning struct {
	Program, Office, Name, Email string
	Roles                        []string
	Member                       store.ID
	HoldsKey                     bool // the roles call for the office's key
	OfficeKeyed                  bool // the office has one already: a colleague gives access
	Renews                       bool // a member who lost every way in begins anew
	Passphrase                   bool // a passphrase alone signs in here
}

// OfficeKey is a new key for an office, made by its first member: sealed to that member and to the recovery key.
type OfficeKey struct {
	Public   []byte
	Sign     []byte // the office's signing key, made from the same seed
	Recovery agency.RecoveryKey
	Wraps    []agency.Wrap
}

// Enrolment is what a browser, or a Holder, publishes to become a member.
type Enrolment struct {
	KEM, Sign []byte   // public keys
	Signature []byte   // by Sign, over EnrolStatement
	Ways      []NewWay // ways in; one must sign in, and one must open the root
	OfficeKey *OfficeKey
	holder    bool // by a Holder in this process, for whom a passphrase alone will do
}

// EnrolStatement is what a new member signs: it proves that whoever published the keys holds them.
func EnrolStatement(program string, member store.ID, kem []byte) string {
	sum := sha256.Sum256(kem)
	return "waylight/enroll/v1\n" + program + "\n" + member.String() + "\n" + hex.EncodeToString(sum[:]) + "\n"
}

// newcomer is whom a link lets in: who was invited, or a member whose ways in are renewed.
type newcomer struct {
	Member
	renewal store.ID // zero for an invitation
}

// newcomer looks up the link's token.
func (s *Service) newcomer(ctx context.Context, token string) (newcomer, error) {
	v, err := s.invited(ctx, token)
	if errors.Is(err, errInvitation) {
		return s.renewed(ctx, token)
	}
	if err != nil {
		return newcomer{}, err
	}
	if (Member{Roles: v.Roles}).Has(RoleProgramAdmin, RoleAuditor) {
		err = s.agreed(ctx, v.Program, policy.GiveProgram, v.ID, v.Made, v.InvitedBy)
		if err != nil {
			return newcomer{}, err
		}
	}
	return newcomer{Member: Member{Program: v.Program, ID: v.ID, Office: v.Office, Name: v.Name, Email: v.Email, Roles: v.Roles}}, nil
}

// Begin looks a link up. It may be called again until the link is used.
func (s *Service) Begin(ctx context.Context, token string) (Beginning, error) {
	v, err := s.newcomer(ctx, token)
	if err != nil {
		return Beginning{}, err
	}
	return Beginning{
		Program: v.Program, Office: v.Office, Name: v.Name, Email: v.Email, Roles: v.Roles, Member: v.ID, HoldsKey: holdsKey(v.Roles),
		OfficeKeyed: !s.agencies.NeedsKey(v.Program, v.Office), Renews: !v.renewal.IsZero(), Passphrase: s.passphraseSignIn,
	}, nil
}

// EnrolSlot returns the place of a way in of who comes with this link.
func (s *Service) EnrolSlot(ctx context.Context, token, kind string) (Slot, error) {
	v, err := s.newcomer(ctx, token)
	if err != nil {
		return Slot{}, err
	}
	return s.slot(ctx, v.Program, v.ID, kind)
}

// Enroll accepts an invitation or a renewal. The first member of an office who holds its key also brings that key; later ones wait until a colleague gives them
// access. After a renewal the member's old ways in are ended, and so are the wraps of the office's keys that only they opened.
func (s *Service) Enroll(ctx context.Context, token string, e Enrolment) (Member, error) {
	v, err := s.newcomer(ctx, token)
	if err != nil {
		return Member{}, err
	}
	m := v.Member
	m.KEM, m.Sign, m.Active, m.Joined = e.KEM, e.Sign, true, s.now()
	office, err := s.checkEnrolment(m, e)
	if err != nil {
		return Member{}, err
	}
	ways, err := s.checkWays(ctx, m, e)
	if err != nil {
		return Member{}, err
	}
	var replaced []store.ID
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		err := holdOffice(tx, v.Program, v.Office) // one first member at a time
		if err != nil {
			return err
		}
		if v.renewal.IsZero() {
			err = s.admit(tx, m)
		} else {
			replaced, err = s.renew(ctx, tx, v.renewal, m)
		}
		if err != nil {
			return err
		}
		return s.settleIn(tx, m, ways, office)
	})
	switch {
	case errors.Is(err, errKnown):
		return Member{}, err
	case errors.Is(err, store.ErrExists):
		return Member{}, errTaken.With(err)
	case err != nil && fault.KindOf(err) == fault.Conflict && office != nil:
		return Member{}, errOfficeKey.With(err)
	case err != nil:
		return Member{}, err
	}
	err = s.destroyNow(append(replaced, spent(m.ID)))
	if err != nil {
		return Member{}, err
	}
	return m, s.agencies.Refresh(ctx)
}

// admit makes a member of who was invited.
func (s *Service) admit(tx *store.Tx, m Member) error {
	err := useInvitation(tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	err = enqueueDestruction(tx, m.Program, spent(m.ID))
	if err != nil {
		return err
	}
	err = insertMember(tx, account{Member: m})
	if err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: m.Program, Event: "member.enrolled", Record: m.Actor(), Actor: m.Actor()})
	return nil
}

// settleIn writes down the ways in, and the office's key if the member brings it.
func (s *Service) settleIn(tx *store.Tx, m Member, ways []madeWay, office *agency.NewKey) error {
	for _, w := range ways {
		err := w.insert(tx)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: w.event(), Record: m.Actor(), Actor: m.Actor()})
	}
	if office == nil {
		return nil
	}
	err := s.agencies.SetKey(tx, m.Program, m.Office, *office)
	if err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: m.Program, Event: "office.key_made", Record: "office:" + m.Office, Actor: m.Actor()})
	return nil
}

// checkEnrolment returns the office's new key, or nil when the enrolment brings none.
func (s *Service) checkEnrolment(m Member, e Enrolment) (*agency.NewKey, error) {
	if len(e.Sign) != ed25519.PublicKeySize {
		return nil, errEnrolment
	}
	_, err := seal.ParsePublicKey(e.KEM)
	if err != nil {
		return nil, errEnrolment.With(err)
	}
	if !s.VerifySignature(m, EnrolStatement(m.Program, m.ID, e.KEM), e.Signature) {
		return nil, errEnrolment
	}
	if needs := m.HoldsKey() && s.agencies.NeedsKey(m.Program, m.Office); needs != (e.OfficeKey != nil) {
		return nil, errOfficeKey
	}
	if e.OfficeKey == nil {
		return nil, nil
	}
	return checkOfficeKey(m, e.OfficeKey)
}

// checkWays holds every way in to the rules, and all together to the one that their member can sign in and open the root.
func (s *Service) checkWays(ctx context.Context, m Member, e Enrolment) ([]madeWay, error) {
	if len(e.Ways) == 0 || len(e.Ways) > maxWays {
		return nil, errEnrolment
	}
	opens, signsIn := false, e.holder
	for _, w := range e.Ways {
		opens = opens || len(w.Sealed) > 0
		signsIn = signsIn || w.Kind == KindPasskey || s.passphraseSignIn
	}
	if !opens || !signsIn {
		return nil, errFewWays
	}
	made := make([]madeWay, len(e.Ways))
	for i, w := range e.Ways {
		var err error
		made[i], err = s.checkWay(ctx, m, w, forEnrolment)
		if errors.Is(err, errWay) {
			return nil, errEnrolment.With(err)
		}
		if err != nil {
			return nil, err
		}
	}
	return made, nil
}

func checkOfficeKey(m Member, k *OfficeKey) (*agency.NewKey, error) {
	pub, err := seal.ParsePublicKey(k.Public)
	if err != nil {
		return nil, errEnrolment.With(err)
	}
	want := map[string]bool{m.Actor(): true, recoveryHolder: true}
	for _, w := range k.Wraps {
		if !want[w.Holder] || len(w.Sealed) != seal.SealToExtra+seal.SeedSize {
			return nil, errEnrolment
		}
		if w.Signature != nil && w.Holder != recoveryHolder && !endorsesHolder(m, pub.ID(), k.Sign, m, w.Signature) {
			return nil, errEnrolment
		}
		delete(want, w.Holder)
	}
	if len(want) != 0 {
		return nil, errEnrolment
	}
	return &agency.NewKey{Public: pub, Sign: k.Sign, Wraps: k.Wraps, Recovery: &k.Recovery}, nil
}

// VerifySignature reports whether m signed the statement.
func (s *Service) VerifySignature(m Member, statement string, sig []byte) bool {
	return len(m.Sign) == ed25519.PublicKeySize && ed25519.Verify(m.Sign, []byte(statement), sig)
}

var errFewWays = fault.New(fault.Invalid, "few_ways", "A member needs a passkey to sign in, and a way to open the keys: that passkey, if it can, or a passphrase. Nothing was saved.")
