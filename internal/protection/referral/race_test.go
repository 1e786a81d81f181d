// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
)

// TestNoActUndoesAnother lets colleagues open the same reports at once while one
// of them takes each on. PostgreSQL lets them read before and change after one
// another; still each is delivered once and stays taken on.
func TestNoActUndoesAnother(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		var staff []hand
		for i := range 6 {
			staff = append(staff, w.hire(childCare, fmt.Sprintf("Ana%d", i)))
		}
		type proof struct {
			token     [32]byte
			signature []byte
		}
		for range 6 {
			id := w.send(child())
			proofs := make([]proof, len(staff))
			for i, h := range staff {
				proofs[i].token, proofs[i].signature = w.proof(h, id)
			}
			var wg sync.WaitGroup
			var mu sync.Mutex
			taken := 0
			for i, h := range staff {
				wg.Go(func() {
					err := w.referrals.Open(t.Context(), h.Member, id, proofs[i].token, proofs[i].signature)
					if err == nil {
						err = w.referrals.Acknowledge(t.Context(), h.Member, id)
						mu.Lock()
						defer mu.Unlock()
						if err == nil {
							taken++
						}
					}
					if err != nil && fault.KindOf(err) != fault.Conflict {
						t.Errorf("%s: %v", h.Name, err)
					}
				})
			}
			wg.Wait()
			r := w.inbox(staff[0], id)
			if r.State != referral.Acknowledged || taken != 1 {
				t.Errorf("it stands at %s and %d took it on", r.State, taken)
			}
			for _, act := range []string{"open", "acknowledge"} {
				acts := slices.DeleteFunc(w.acts(r.ID), func(a string) bool { return a != act })
				if len(acts) != 1 {
					t.Errorf("%s happened %d times: %v", act, len(acts), w.acts(r.ID))
				}
			}
		}
	})
}
