// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"slices"

	"waylight/internal/platform/store"
)

// Body gives a stored report as one holder may have it, with the newest wrap of
// its content key for that holder. Whether the caller may have it is for the
// caller to decide.
func (s *Service) Body(ctx context.Context, programID string, id store.ID, holder string) (Sealed, error) {
	sealed, err := readSealed(ctx, s.DB, programID, id)
	if err != nil {
		return Sealed{}, err
	}
	sealed.Holder = holder
	sealed.KeyID, sealed.Wrap, err = readWrap(ctx, s.DB, programID, id, holder)
	return sealed, err
}

// AddWrap keeps a wrap that a member's browser made for another holder, or for
// a holder's newer key. Its row waits for the caller's tx.Log. The same wrap
// twice is store.ErrExists.
func (s *Service) AddWrap(tx *store.Tx, programID string, id store.ID, holder string, keyID [16]byte, wrap []byte) error {
	first, err := firstWraps(context.Background(), tx, programID, id)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(first, func(w wrapped) bool { return w.holder == holder && w.keyID == keyID }) {
		return store.ErrExists
	}
	return insertWrap(tx, programID, id, holder, keyID, wrap)
}
