// SPDX-License-Identifier: Apache-2.0

package result_test

import (
	"testing"

	"waylight/internal/platform/store"
	"waylight/internal/prosecution/result"
)

// Sums that somebody changed in the database are found, also where the embedded
// engine keeps a word as bytes: a figure that asks for the word would pass it over.
func TestChangedSumsAreFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.enter(w.ana, append(proof(1), "kind", result.Weapon, "date", "2026-03-02", "item", "handgun", "count", "14")...)
		w.recounted()
		changes := []string{`update result_day set day = day + 86400000000`, `update result_day set kind = 'arrest'`, `delete from result_day`}
		if w.db.Engine() == "sqlite" {
			changes = append(changes, `update result_day set kind = cast(kind as blob)`, `update result_day set origin = cast(origin as text)`, `update result_day set cells = cast(cells as text)`)
		}
		for _, change := range changes {
			var differ []string
			w.undone(func(tx *store.Tx) error {
				if _, err := tx.Exec(change); err != nil {
					return err
				}
				var err error
				differ, err = result.Recount(t.Context(), tx, here)
				return err
			})
			if len(differ) == 0 {
				t.Errorf("%s: nothing was found", change)
			}
		}
		w.recounted()
	})
}
