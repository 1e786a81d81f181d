// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"slices"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// KeyWrap is one of an office's keys, sealed to one member.
type KeyWrap struct {
	Signature []byte // of the key, for this member's public key, or nil
	Office    string
	KeyID     [16]byte
	Public    []byte
	Sealed    []byte
}

// Keys is what a member's browser needs, beside a passkey or the passphrase, to open the member's root and the office's keys.
type Keys struct {
	KEM       []byte
	Unlockers []KeyUnlocker
	Wraps     []KeyWrap
}

// KeyUnlocker is one way to open the root, with the server's share of its key.
type KeyUnlocker struct {
	ID         store.ID
	Kind       string
	Credential []byte // of a passkey
	Salt       []byte // of a passphrase
	Iterations int
	Share      [32]byte
	Sealed     []byte
}

// KeysOf returns the keys of m itself. It is a custody entry: the server's shares leave the keyring here.
func (s *Service) KeysOf(ctx context.Context, m Member) (Keys, error) {
	a, err := accountByID(ctx, s.db, m.Program, m.ID)
	if err != nil {
		return Keys{}, err
	}
	if !a.Active {
		return Keys{}, errSignIn
	}
	openers, err := s.openers(ctx, a.Member)
	if err != nil {
		return Keys{}, err
	}
	wraps, err := s.wrapsTo(ctx, a.Member)
	if err != nil {
		return Keys{}, err
	}
	err = s.look(ctx, m, "member.keys_fetched", m.Actor())
	if err != nil {
		return Keys{}, err
	}
	return Keys{KEM: a.KEM, Unlockers: openers, Wraps: wraps}, nil
}

// openers lists a member's living unlockers with their shares. One whose passkey was set aside, or whose share is gone, opens nothing.
func (s *Service) openers(ctx context.Context, m Member) ([]KeyUnlocker, error) {
	credentials, err := s.credentials(ctx, m)
	if err != nil {
		return nil, err
	}
	all, err := unlockersOf(ctx, s.db, m.Program, m.ID)
	if err != nil {
		return nil, err
	}
	var out []KeyUnlocker
	for _, u := range all {
		if u.kind == KindPasskey && credentials[u.id] == nil {
			continue
		}
		share, err := s.shareOf(u.id)
		if errors.Is(err, errNoShare) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, KeyUnlocker{ID: u.id, Kind: u.kind, Credential: credentials[u.id], Salt: u.salt, Iterations: u.iterations, Share: share, Sealed: u.sealed})
	}
	return out, nil
}

// credentials maps unlockers to what their passkeys are called, for those that were not set aside.
func (s *Service) credentials(ctx context.Context, m Member) (map[store.ID][]byte, error) {
	keys, err := passkeysOf(ctx, s.db, m.Program, m.ID)
	if err != nil {
		return nil, err
	}
	out := map[store.ID][]byte{}
	for _, p := range keys {
		if p.aside.IsZero() && !p.unlocker.IsZero() {
			out[p.unlocker] = p.credential
		}
	}
	return out, nil
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
	current := s.agencies.OwnKeys(m.Program)[m.Office].ID
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
		err = sameKeys(ctx, tx, target)
		if err != nil {
			return err
		}
		for _, w := range wraps {
			err = s.agencies.AddWrap(tx, by.Program, target.Office, agency.Wrap{Key: w.KeyID, Holder: target.Actor(), Sealed: w.Sealed, Signature: w.Signature})
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
	signing, err := s.signingKeys(ctx, by)
	if err != nil {
		return err
	}
	current := s.agencies.OwnKeys(by.Program)[by.Office]
	if !held[current.ID] {
		return errNoAccess
	}
	seen := map[[16]byte]bool{}
	for _, w := range wraps {
		if !held[w.KeyID] || seen[w.KeyID] || len(w.Sealed) != seal.SealToExtra+seal.SeedSize {
			return errWraps
		}
		if w.Signature != nil && !endorsesHolder(by, w.KeyID, signing[w.KeyID], target, w.Signature) {
			return errWraps
		}
		seen[w.KeyID] = true
	}
	if !seen[current.ID] {
		return errWraps
	}
	return nil
}
