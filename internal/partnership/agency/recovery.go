// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"crypto/ed25519"
	"slices"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
)

// The sizes of a split.
const (
	leastShares = 2
	mostShares  = 32
)

// Faults of recovery keys.
var (
	errRecovery   = fault.New(fault.Invalid, "agency_recovery", "The recovery key is not one, was not signed with the office's key, or the office's key was not sealed to it.")
	errNoRecovery = fault.New(fault.Conflict, "agency_no_recovery", "This office has no recovery key.")
)

// RecoveryKey is the public half of the key that an office's printed shares
// rebuild: whoever makes the office's next key seals it to this one, without the
// shares.
type RecoveryKey struct {
	Public         []byte
	Needed, Shares int
	// Key is the office key under which it was signed, and Signature that of the
	// office's signing key over RecoveryStatement. In a NewKey, Key is that key.
	Key       [16]byte
	Signature []byte
	Made      time.Time // as read
}

// check holds a recovery key to the office's key that it is made with.
func (r *RecoveryKey) check(program, office string, key [16]byte, sign ed25519.PublicKey) error {
	pub, err := seal.ParsePublicKey(r.Public)
	if err != nil || r.Needed < leastShares || r.Needed > r.Shares || r.Shares > mostShares {
		return errRecovery.With(err)
	}
	if !ed25519.Verify(sign, []byte(RecoveryStatement(program, office, key, pub.ID(), r.Needed, r.Shares)), r.Signature) {
		return errRecovery
	}
	return nil
}

// RecoveryOf is the office's recovery key in use, or false.
func (s *Service) RecoveryOf(ctx context.Context, program, office string) (RecoveryKey, bool, error) {
	return readRecovery(ctx, s.cfg.DB, program, office)
}

// keepRecovery puts the recovery key that comes with an office's key into use. A
// key that is sealed to the recovery key needs one that is known.
func (s *Service) keepRecovery(ctx context.Context, tx *store.Tx, program, office string, k NewKey) error {
	sealed := slices.ContainsFunc(k.Wraps, func(w Wrap) bool { return w.Holder == Recovery })
	if k.Recovery == nil {
		_, known, err := readRecovery(ctx, tx, program, office)
		if err == nil && sealed && !known {
			err = errRecovery
		}
		return err
	}
	r := *k.Recovery
	r.Key = k.Public.ID()
	return replaceRecovery(ctx, tx, program, office, r, k.by())
}

// by is who made the key, as its wraps tell: a first key has no endorsement.
func (k NewKey) by() string {
	for _, w := range k.Wraps {
		if w.Holder != Recovery {
			return w.Holder
		}
	}
	return Recovery
}

// ReplaceRecovery puts a new recovery key into use, signed with the office's
// current key, and seals every key that is given to it. The old shares open nothing
// of these any more. The rows join the caller's next tx.Log.
func (s *Service) ReplaceRecovery(tx *store.Tx, program, office string, r RecoveryKey, wraps []Wrap, by string) error {
	ctx := context.Background()
	if err := activeOffice(ctx, tx, program, office); err != nil {
		return err
	}
	current, ok := s.OwnKeys(program)[office]
	if !ok || !slices.ContainsFunc(wraps, func(w Wrap) bool { return w.Key == current.ID }) {
		return errRecovery
	}
	if err := r.check(program, office, current.ID, current.Sign); err != nil {
		return err
	}
	r.Key = current.ID
	if err := replaceRecovery(ctx, tx, program, office, r, by); err != nil {
		return err
	}
	all, err := readWraps(ctx, tx, program, office)
	if err != nil {
		return err
	}
	for _, w := range wraps {
		if w.Holder != Recovery || !w.valid() || !slices.ContainsFunc(all, func(have Wrap) bool { return have.Key == w.Key }) {
			return errHolder
		}
		set := insertWrap
		if slices.ContainsFunc(all, func(have Wrap) bool { return have.Key == w.Key && have.Holder == Recovery }) {
			set = renewWrap
		}
		if err := set(tx, program, office, w); err != nil {
			return err
		}
	}
	if err := s.lookSoon(tx, program); err != nil {
		return err
	}
	return refreshSoon(tx, program)
}
