// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"

	"waylight/internal/platform/store"
)

// DropWraps marks every wrap of a holder at the office as taken away, also when that leaves the key with fewer than two: the holder has lost every way to open
// them, so they open nothing already, and a key that counts them would lie. Rows and Refresh as for AddWrap.
func (s *Service) DropWraps(tx *store.Tx, program, office, holder string) error {
	all, err := readWraps(context.Background(), tx, program, office)
	if err != nil {
		return err
	}
	for _, w := range all {
		if w.Holder != holder || !w.Ended.IsZero() {
			continue
		}
		if err := endWrap(tx, program, office, w); err != nil {
			return err
		}
	}
	return refreshSoon(tx, program)
}
