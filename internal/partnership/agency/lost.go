// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// lostMarks is how many members must say that a key is lost: nobody takes an
// office's key out of use alone.
const lostMarks = 2

// Faults of lost keys.
var (
	errMarked  = fault.New(fault.Conflict, "agency_lost_marked", "You have marked this key already. Another administrator must mark it too.")
	errKeyName = fault.New(fault.Invalid, "agency_key_name", "To mark the key, type its name as it stands on the page.")
)

// MarkKeyLost records an administrator's word that nobody can open the key any
// more; name is the key's, so that the word is about the key that was looked at.
// Once a second administrator says the same, reports for the office go to the
// desk. What was sealed to the key before is opened with the recovery shares. A
// later key, signed under this one, is not touched by it.
func (s *Service) MarkKeyLost(ctx context.Context, a Actor, office, name string) error {
	if err := s.mayProgram(a, office); err != nil {
		return err
	}
	if a.system() { // it takes two people
		return errForbidden
	}
	k, ok := s.Keys(a.Program)[office]
	if !ok {
		return errNoSuch
	}
	if name != shortKey(k) {
		return errKeyName.At("key")
	}
	return s.write(ctx, a, "key.marked_lost", "office:"+office, func(tx *store.Tx) error {
		if err := insertLost(tx, a, office, k.ID); err != nil {
			return err
		}
		if err := refreshSoon(tx, a.Program); err != nil {
			return err
		}
		return s.lookSoon(tx, a.Program)
	})
}
