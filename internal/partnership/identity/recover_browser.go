// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// Recovered is one of an office's keys that a member opened with the office's printed shares, sealed to the member's own key.
type Recovered struct {
	KeyID     [16]byte
	Sealed    []byte
	Holder    []byte // that signing key's word that the member has this public key, or nil
	Signature []byte // with the office key's signing key, over RecoveredStatement
}

var errRecovered = fault.New(fault.Invalid, "recovered", "What the browser sent does not show that the office's key was opened. Nothing was saved. Please try again.")

// RecoveredStatement is what is signed with an office's key by who has just opened it.
func RecoveredStatement(program, office string, member store.ID, keyID [16]byte, sealed []byte) string {
	sum := sha256.Sum256(sealed)
	return "waylight/recovered/v1\n" + program + "\n" + office + "\n" + member.String() + "\n" + hex.EncodeToString(keyID[:]) + "\n" + hex.EncodeToString(sum[:]) + "\n"
}

// RecoveryWraps lists what is sealed to the recovery key of the member's office, for their browser to open with the shares.
func (s *Service) RecoveryWraps(ctx context.Context, m Member) ([]agency.Wrap, error) {
	if !m.HoldsKey() {
		return nil, errNoAccess
	}
	all, err := s.agencies.Wraps(ctx, m.Program, m.Office)
	if err != nil {
		return nil, err
	}
	var out []agency.Wrap
	for _, w := range all {
		if w.Holder == recoveryHolder && w.Ended.IsZero() {
			out = append(out, w)
		}
	}
	return out, s.look(ctx, m, "office.recovery_begun", "office:"+m.Office)
}

// Recover gives a member access to keys of their office that they opened with its shares. What they hold already stays as it is.
func (s *Service) Recover(ctx context.Context, m Member, keys []Recovered) error {
	if !m.HoldsKey() {
		return errNoAccess
	}
	held, err := s.checkRecovered(ctx, m, keys)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		err := s.stillMember(ctx, tx, m)
		if err != nil {
			return err
		}
		err = sameKeys(ctx, tx, m)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if held[k.KeyID] {
				continue
			}
			err = s.agencies.AddWrap(tx, m.Program, m.Office, agency.Wrap{Key: k.KeyID, Holder: m.Actor(), Sealed: k.Sealed, Signature: k.Holder})
			if err != nil {
				return err
			}
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "office.recovered", Record: "office:" + m.Office, Actor: m.Actor()})
		return nil
	})
	if err != nil {
		return err
	}
	return s.agencies.Refresh(ctx)
}

// checkRecovered holds every key to its signature, and says which the member holds already.
func (s *Service) checkRecovered(ctx context.Context, m Member, keys []Recovered) (held map[[16]byte]bool, err error) {
	all, err := s.agencies.AllKeys(ctx, m.Program, m.Office)
	if err != nil {
		return nil, err
	}
	signing := map[[16]byte]ed25519.PublicKey{}
	for _, k := range all {
		signing[k.ID] = k.Sign
	}
	seen := map[[16]byte]bool{}
	for _, k := range keys {
		sign := signing[k.KeyID]
		if seen[k.KeyID] || len(k.Sealed) != seal.SealToExtra+seal.SeedSize || len(sign) != ed25519.PublicKeySize {
			return nil, errRecovered
		}
		if !ed25519.Verify(sign, []byte(RecoveredStatement(m.Program, m.Office, m.ID, k.KeyID, k.Sealed)), k.Signature) {
			return nil, errRecovered
		}
		if k.Holder != nil && !endorsesHolder(m, k.KeyID, sign, m, k.Holder) {
			return nil, errRecovered
		}
		seen[k.KeyID] = true
	}
	if len(keys) == 0 {
		return nil, errRecovered
	}
	mine, err := s.wrapsTo(ctx, m)
	if err != nil {
		return nil, err
	}
	held = map[[16]byte]bool{}
	for _, w := range mine {
		held[w.KeyID] = true
	}
	return held, nil
}
