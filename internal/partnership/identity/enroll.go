// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

const (
	saltSize      = 16
	maxIterations = 20_000_000 // a browser must be able to finish
)

// Beginning is what a person who accepts an invitation starts from.
type Beginning struct {
	Program, Office, Name, Email string
	Roles                        []string
	Member                       store.ID
	Share                        [32]byte // the server's half of the member's keys
	HoldsKey                     bool     // the roles call for the office's key
	OfficeKeyed                  bool     // the office has one already: a colleague gives access
}

// OfficeKey is a new key for an office, made by its first member: sealed to that member and to the recovery key.
type OfficeKey struct {
	Public []byte
	Wraps  []agency.Wrap
}

// Enrolment is what a browser, or a Holder, publishes to become a member. Nothing in it is secret but AuthHash.
type Enrolment struct {
	Salt       []byte // 16 random bytes
	Iterations int
	AuthHash   [32]byte // SHA-256 of the auth secret
	KEM, Sign  []byte   // public keys
	Signature  []byte   // by Sign, over EnrolStatement
	OfficeKey  *OfficeKey
}

// EnrolStatement is what a new member signs: it proves that whoever published the keys holds them.
func EnrolStatement(program string, member store.ID, kem []byte) string {
	sum := sha256.Sum256(kem)
	return "waylight/enroll/v1\n" + program + "\n" + member.String() + "\n" + hex.EncodeToString(sum[:]) + "\n"
}

// Begin looks an invitation up and makes the server's share of the member's keys. It may be called again until the invitation is accepted.
func (s *Service) Begin(ctx context.Context, token string) (Beginning, error) {
	v, err := s.invited(ctx, token)
	if err != nil {
		return Beginning{}, err
	}
	share, err := s.ring.NewShare(v.ID.String())
	if err != nil {
		return Beginning{}, errNoRing.With(err)
	}
	_, keyed := s.agencies.Keys(v.Program)[v.Office]
	return Beginning{
		Program: v.Program, Office: v.Office, Name: v.Name, Email: v.Email, Roles: v.Roles, Member: v.ID,
		Share: share, HoldsKey: holdsKey(v.Roles), OfficeKeyed: keyed,
	}, nil
}

// Enroll accepts an invitation. The first member of an office who holds its key also brings that key; later ones wait until a colleague gives them access.
func (s *Service) Enroll(ctx context.Context, token string, e Enrolment) (Member, error) {
	v, err := s.invited(ctx, token)
	if err != nil {
		return Member{}, err
	}
	m := Member{Program: v.Program, ID: v.ID, Office: v.Office, Name: v.Name, Email: v.Email, Roles: v.Roles, KEM: e.KEM, Sign: e.Sign, Active: true, Joined: s.now()}
	office, err := s.checkEnrolment(m, e)
	if err != nil {
		return Member{}, err
	}
	a := account{Member: m, salt: e.Salt, iterations: e.Iterations, auth: s.keyed("auth", string(e.AuthHash[:]))}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		err := holdOffice(tx, v.Program, v.Office) // one first member at a time
		if err != nil {
			return err
		}
		err = useInvitation(tx, v.Program, v.ID)
		if err != nil {
			return err
		}
		err = insertMember(tx, a)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: v.Program, Event: "member.enrolled", Record: "member:" + v.ID.String(), Actor: m.Actor()})
		if office == nil {
			return nil
		}
		err = s.agencies.SetKey(tx, v.Program, v.Office, office, e.OfficeKey.Wraps)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: v.Program, Event: "office.key_made", Record: "office:" + v.Office, Actor: m.Actor()})
		return nil
	})
	switch {
	case errors.Is(err, store.ErrExists):
		return Member{}, errTaken.With(err)
	case err != nil && fault.KindOf(err) == fault.Conflict && office != nil:
		return Member{}, errOfficeKey.With(err)
	case err != nil:
		return Member{}, err
	case office != nil:
		return m, s.agencies.Refresh(ctx)
	}
	return m, nil
}

// checkEnrolment returns the office's new key, or nil when the enrolment brings none.
func (s *Service) checkEnrolment(m Member, e Enrolment) (*seal.PublicKey, error) {
	if len(e.Salt) != saltSize || e.Iterations < seal.Iterations || e.Iterations > maxIterations || len(e.Sign) != ed25519.PublicKeySize {
		return nil, errEnrolment
	}
	_, err := seal.ParsePublicKey(e.KEM)
	if err != nil {
		return nil, errEnrolment.With(err)
	}
	if !s.VerifySignature(m, EnrolStatement(m.Program, m.ID, e.KEM), e.Signature) {
		return nil, errEnrolment
	}
	_, keyed := s.agencies.Keys(m.Program)[m.Office]
	if needs := m.HoldsKey() && !keyed; needs != (e.OfficeKey != nil) {
		return nil, errOfficeKey
	}
	if e.OfficeKey == nil {
		return nil, nil
	}
	return checkOfficeKey(m, e.OfficeKey)
}

func checkOfficeKey(m Member, k *OfficeKey) (*seal.PublicKey, error) {
	pub, err := seal.ParsePublicKey(k.Public)
	if err != nil {
		return nil, errEnrolment.With(err)
	}
	want := map[string]bool{m.Actor(): true, recoveryHolder: true}
	for _, w := range k.Wraps {
		if !want[w.Holder] || len(w.Sealed) != seal.SealToExtra+seal.SeedSize {
			return nil, errEnrolment
		}
		delete(want, w.Holder)
	}
	if len(want) != 0 {
		return nil, errEnrolment
	}
	return pub, nil
}

// VerifySignature reports whether m signed the statement.
func (s *Service) VerifySignature(m Member, statement string, sig []byte) bool {
	return len(m.Sign) == ed25519.PublicKeySize && ed25519.Verify(m.Sign, []byte(statement), sig)
}
