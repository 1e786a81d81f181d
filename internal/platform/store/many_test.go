// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// Many rows with few statements are the same rows, and the log knows each of them.
func TestManyRowsTogether(t *testing.T) {
	t.Parallel()
	schema := store.Schema{Room: "many", FS: fstest.MapFS{"0001_many.sql": {Data: []byte(`create table many ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  n bigint, -- clear
  primary key (program, id)
);
`)}}}
	storetest.Each(t, []store.Schema{schema}, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		ctx := t.Context()
		rows := make([]store.Row, 700)
		keys := make([][]any, len(rows))
		for i := range rows {
			id := store.NewID()
			rows[i], keys[i] = store.Row{"program": "ms", "id": id, "n": i}, []any{"ms", id}
		}
		rows[3]["n"] = nil
		hashes := func(change func(tx *store.Tx) error) (n int) {
			t.Helper()
			err := db.Write(ctx, func(tx *store.Tx) error {
				if err := change(tx); err != nil {
					return err
				}
				rows, err := custody.DecodeRows(tx.Log(custody.Entry{Program: "ms", Event: "many.test", Actor: "system"}).Rows)
				n = len(rows)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := hashes(func(tx *store.Tx) error { return tx.InsertAll("many", rows) }); n != len(rows) {
			t.Errorf("the entry has %d rows of %d", n, len(rows))
		}
		if n := hashes(func(tx *store.Tx) error { return tx.TouchAll("many", keys) }); n != len(rows) {
			t.Errorf("the second entry has %d rows of %d", n, len(rows))
		}
		var count, sum int64
		if err := db.QueryRow(ctx, `select count(*), sum(n) from many`).Scan(&count, &sum); err != nil || count != 700 || sum != 699*700/2-3 {
			t.Errorf("%d rows that add up to %d (%v)", count, sum, err)
		}
		err := db.Write(ctx, func(tx *store.Tx) error {
			return tx.InsertAll("many", []store.Row{{"program": "ms", "id": store.NewID(), "n": 1}, rows[5]})
		})
		if !errors.Is(err, store.ErrExists) {
			t.Errorf("a row that is there already: %v", err)
		}
		if err := db.Write(ctx, func(tx *store.Tx) error { return tx.InsertAll("many", []store.Row{{"program": "ms"}}) }); err == nil {
			t.Error("a row without its columns is taken")
		}
	})
}
