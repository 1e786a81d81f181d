// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"path/filepath"
	"testing"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// BenchmarkWrite measures durable transactions of several covered rows and one
// custody entry from many callers at once.
func BenchmarkWrite(b *testing.B) {
	for _, rows := range []int{1, 8} {
		b.Run(map[int]string{1: "one row", 8: "eight rows"}[rows], func(b *testing.B) {
			db, err := store.Open(ctx, "sqlite:"+filepath.Join(b.TempDir(), "w.db"), store.Options{Schemas: []store.Schema{thing}})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					err := db.Write(ctx, func(tx *store.Tx) error {
						for i := range rows {
							if err := tx.Insert("thing", store.Row{"program": "p", "id": store.NewID(), "word": "word", "n": i}); err != nil {
								return err
							}
						}
						tx.Log(custody.Entry{Program: "p", Event: "thing.made"})
						return nil
					})
					if err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
