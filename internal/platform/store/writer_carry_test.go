// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"testing"
	"testing/fstest"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// However long writing goes on without a pause, and whoever reads meanwhile, the log of pages is begun anew again and again, and nothing is lost with it.
func TestTheLogIsBegunAnewWhileWritingGoesOn(t *testing.T) {
	t.Parallel()
	schema := store.Schema{Room: "carry", FS: fstest.MapFS{"0001_carry.sql": {Data: []byte(`create table carry ( -- not covered: of a test
  program text not null, -- clear
  id bytes not null, -- clear
  body bytes not null, -- clear
  primary key (program, id)
);
`)}}}
	db, _ := storetest.SQLite(t, []store.Schema{schema})
	pages := store.Carry(db, 40)
	rows, times, longest := 0, 0, int64(0)
	count := func() (n int) {
		t.Helper()
		if err := db.QueryRow(t.Context(), `select count(*) from carry`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for last := int64(0); times < 5 && rows < 20_000; rows++ {
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			return tx.Insert("carry", store.Row{"program": "ms", "id": store.NewID(), "body": make([]byte, 6000)})
		})
		if err != nil {
			t.Fatal(err)
		}
		now, err := pages()
		if err != nil {
			t.Fatal(err)
		}
		if now < last {
			times++
		}
		last, longest = now, max(longest, now)
		if n := count(); n != rows+1 {
			t.Fatalf("%d rows of %d are there", n, rows+1)
		}
	}
	if times < 5 {
		t.Errorf("the log was begun anew %d times in %d writes, and has up to %d pages", times, rows, longest)
	}
	if found, err := db.Integrity(t.Context()); err != nil || len(found) > 0 {
		t.Error(found, err)
	}
	for range 2 { // whoever closes it once more harms nothing
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
