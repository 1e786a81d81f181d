// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// Queries of one reading see one moment on SQLite, whatever is written meanwhile,
// whether or not their statements are kept yet.
func TestReadingSeesOneMoment(t *testing.T) {
	t.Parallel()
	db, _ := storetest.SQLite(t, []store.Schema{thing})
	for round := range 2 { // the first one finds no statement kept, the second one all
		before := count(t, db)
		refused := errors.New("refused")
		err := db.Reading(ctx, func(r store.Reader) error {
			var first, second, none int
			if err := r.QueryRow(ctx, "select count(*) from thing where program = $1", "p").Scan(&first); err != nil {
				return err
			}
			if err := insert(db, "p", store.NewID(), 7); err != nil {
				return err
			}
			rows, err := r.Query(ctx, "select count(*) from thing where program = $1 and n > $2", "p", 0)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				if err := rows.Scan(&second); err != nil {
					return err
				}
			}
			if err := r.QueryRow(ctx, "select count(*) from thing where n > $2 and program = $1", "p", 7).Scan(&none); err != nil {
				return err
			}
			if first != before || second != before || none != 0 {
				t.Errorf("round %d: %d rows, then %d and %d, want %d, %d and 0", round, first, second, none, before, before)
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Errorf("reading gives %v", err)
		}
		if n := count(t, db); n != before+1 {
			t.Errorf("afterwards there are %d rows, want %d", n, before+1)
		}
	}
}

// More readers than there are connections, each with a query nobody asked before:
// none waits for a connection that another one of them holds.
func TestReadingsNeverWaitForEachOther(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		limited, stop := context.WithTimeout(ctx, 30*time.Second)
		defer stop()
		const readers = 8
		var begun, all sync.WaitGroup
		begun.Add(readers)
		for i := range readers {
			all.Go(func() {
				err := db.Reading(limited, func(r store.Reader) error {
					var n int
					if err := r.QueryRow(limited, fmt.Sprintf("select count(*) from thing where n = $1 and n <> %d", i), 1).Scan(&n); err != nil {
						return err
					}
					begun.Done()
					begun.Wait() // all connections are taken now
					return r.QueryRow(limited, fmt.Sprintf("select count(*) from thing where n = $1 and n < %d", i), 1).Scan(&n)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}
