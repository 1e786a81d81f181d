// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"slices"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// KeyWrap is one of an office's keys, sealed to one member.
type KeyWrap struct {
	Office string
	KeyID  [16]byte
	Public []byte
	Sealed []byte
}

// Keys is what a member's browser needs, beside the passphrase, to open the office's keys.
type Keys struct {
	Salt       []byte
	Iterations int
	Share      [32]byte
	KEM        []byte
	Wraps      []KeyWrap
}

// KeysOf returns the keys of m itself. It is a custody entry: the server's share leaves the keyring here.
func (s *Service) KeysOf(ctx context.Context, m Member) (Keys, error) {
	a, err := accountByID(ctx, s.db, m.Program, m.ID)
	if err != nil {
		return Keys{}, err
	}
	if !a.Active {
		return Keys{}, errSignIn
	}
	share, err := s.ring.Share(m.ID.String())
	if errors.Is(err, keyring.ErrNoShare) {
		return Keys{}, errSignIn.With(err)
	}
	if err != nil {
		return Keys{}, errNoRing.With(err)
	}
	wraps, err := s.wrapsTo(ctx, a.Member)
	if err != nil {
		return Keys{}, err
	}
	err = s.look(ctx, m, "member.keys_fetched", m.Actor())
	if err != nil {
		return Keys{}, err
	}
	return Keys{Salt: a.salt, Iterations: a.iterations, Share: share, KEM: a.KEM, Wraps: wraps}, nil
}

// wrapsTo lists the keys that m can open, the current one first.
func (s *Service) wrapsTo(ctx context.Context, m Member) ([]KeyWrap, error) {
	public, err := s.officeKeys(ctx, m.Program, m.Office)
	if err != nil || len(public) == 0 {
		return nil, err
	}
	wraps, err := s.agencies.Wraps(ctx, m.Program, m.Office)
	if err != nil {
		return nil, err
	}
	current := s.agencies.Keys(m.Program)[m.Office].ID
	var out []KeyWrap
	for _, w := range wraps {
		pub := public[w.Key]
		if w.Holder != m.Actor() || !w.Ended.IsZero() || pub == nil {
			continue
		}
		v := KeyWrap{Office: m.Office, KeyID: w.Key, Public: pub.Bytes(), Sealed: w.Sealed}
		if w.Key == current {
			out = slices.Insert(out, 0, v)
		} else {
			out = append(out, v)
		}
	}
	return out, nil
}

// officeKeys returns every key the office ever had, by id: old reports need old keys.
func (s *Service) officeKeys(ctx context.Context, programID, office string) (map[[16]byte]*seal.PublicKey, error) {
	all, err := s.agencies.AllKeys(ctx, programID, office)
	if err != nil {
		return nil, err
	}
	public := map[[16]byte]*seal.PublicKey{}
	for _, k := range all {
		public[k.ID] = k.Public
	}
	return public, nil
}

// GiveAccess stores the office's keys, which the context's member sealed to a colleague who waits for access.
func (s *Service) GiveAccess(ctx context.Context, colleague store.ID, wraps []KeyWrap) error {
	by, ok := From(ctx)
	if !ok {
		return errSignIn
	}
	target, err := s.Member(ctx, by.Program, colleague)
	if err != nil {
		return err
	}
	err = s.checkAccess(ctx, by, target, wraps)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		err := holdMember(tx, by.Program, colleague) // who must not leave at this very moment
		if err != nil {
			return err
		}
		now, err := accountByID(ctx, tx, by.Program, colleague)
		if err != nil {
			return err
		}
		if !now.Active || !now.HoldsKey() {
			return errChanged
		}
		for _, w := range wraps {
			err = s.agencies.AddWrap(tx, by.Program, target.Office, agency.Wrap{Key: w.KeyID, Holder: target.Actor(), Sealed: w.Sealed})
			if err != nil {
				return err
			}
		}
		tx.Log(custody.Entry{Program: by.Program, Event: "member.access_given", Record: target.Actor(), Actor: by.Actor()})
		return nil
	})
	if errors.Is(err, store.ErrExists) || fault.KindOf(err) == fault.Conflict {
		return errChanged.With(err)
	}
	if err != nil {
		return err
	}
	return s.agencies.Refresh(ctx)
}

func (s *Service) checkAccess(ctx context.Context, by, target Member, wraps []KeyWrap) error {
	if by.ID == target.ID || by.Office != target.Office {
		return errNoAccess
	}
	if !target.Active || !target.HoldsKey() {
		return errChanged
	}
	mine, err := s.wrapsTo(ctx, by)
	if err != nil {
		return err
	}
	held := map[[16]byte]bool{}
	for _, w := range mine {
		held[w.KeyID] = true
	}
	current := s.agencies.Keys(by.Program)[by.Office]
	if !held[current.ID] {
		return errNoAccess
	}
	seen := map[[16]byte]bool{}
	for _, w := range wraps {
		if !held[w.KeyID] || seen[w.KeyID] || len(w.Sealed) != seal.SealToExtra+seal.SeedSize {
			return errWraps
		}
		seen[w.KeyID] = true
	}
	if !seen[current.ID] {
		return errWraps
	}
	return nil
}
