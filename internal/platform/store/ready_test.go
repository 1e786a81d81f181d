// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// TestAddedRowsStand as they were given, with the entry that was promised: null or not,
// alone and several in one statement.
func TestAddedRowsStand(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		words := []any{"first", nil, "", nil, nil, "last"}
		ids := make([]store.ID, len(words))
		for i := range ids {
			ids[i] = store.NewID()
		}
		for from, to := range map[int]int{0: 1, 1: 6} {
			var leaf custody.Leaf
			err := db.Add(ctx, func(tx *store.Tx) error {
				for i := from; i < to; i++ {
					if err := tx.Insert("thing", store.Row{"program": "p", "id": ids[i], "word": words[i], "n": i}); err != nil {
						return err
					}
				}
				leaf = tx.Log(custody.Entry{Program: "p", Event: "thing.made"})
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if found, err := custody.Find(ctx, db, "p", leaf.Commitment); err != nil || string(found.Opening) != string(leaf.Opening) {
				t.Errorf("the entry that was promised: %v", err)
			}
		}
		for i, id := range ids {
			var word sql.NullString
			var n int
			err := db.QueryRow(ctx, `select word, n from thing where program = $1 and id = $2`, "p", id).Scan(&word, &n)
			if want, given := words[i].(string); err != nil || n != i || word.Valid != given || word.String != want {
				t.Errorf("row %d is %v, %d, %v", i, word, n, err)
			}
		}
		if found, err := custody.Verify(ctx, db, "p", nil); err != nil || found.Rows != int64(len(ids)) {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

// TestLateTurnIsMadeAnew: a caller whose turn comes late, or whose clock was set back before
// it, stores the time of its turn and the entry that it made last.
func TestLateTurnIsMadeAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		for name, moved := range map[string]time.Duration{"late": 3 * time.Second, "set back": -time.Hour, "in time": time.Second} {
			id, runs := store.NewID(), 0
			var leaf custody.Leaf
			before := clock.Now()
			err := db.Add(ctx, func(tx *store.Tx) error {
				if runs++; runs == 1 {
					defer clock.Advance(moved)
				}
				err := tx.Insert("thing", store.Row{"program": "p", "id": id, "word": nil, "n": tx.Now()})
				leaf = tx.Log(custody.Entry{Program: "p", Event: "thing.made"})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			want, wantRuns := before, 1
			if name != "in time" {
				want, wantRuns = before.Add(moved), 2
			}
			var at int64
			if err := db.QueryRow(ctx, `select n from thing where program = $1 and id = $2`, "p", id).Scan(&at); err != nil || !store.Time(at).Equal(want) || runs != wantRuns {
				t.Errorf("%s: stored at %v after %d runs, want %v (%v)", name, store.Time(at), runs, want, err)
			}
			if _, err := custody.Find(ctx, db, "p", leaf.Commitment); err != nil || !leaf.At.Equal(want) {
				t.Errorf("%s: the entry that was promised, of %v: %v", name, leaf.At, err)
			}
		}
	})
}

// TestNothingOfAFailedAddIsKept, whatever it fails of, and nobody else is harmed.
func TestNothingOfAFailedAddIsKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		taken := store.NewID()
		if err := insert(db, "p", taken, 1); err != nil {
			t.Fatal(err)
		}
		refused := errors.New("refused")
		add := func(then func(tx *store.Tx) error) error {
			return db.Add(ctx, func(tx *store.Tx) error {
				for range 2 {
					if err := tx.Insert("thing", store.Row{"program": "p", "id": store.NewID(), "word": "w", "n": 2}); err != nil {
						return err
					}
				}
				if err := then(tx); err != nil {
					return err
				}
				tx.Log(custody.Entry{Program: "p", Event: "thing.made"})
				return nil
			})
		}
		err := add(func(tx *store.Tx) error {
			return tx.Insert("thing", store.Row{"program": "p", "id": taken, "word": "w", "n": 3})
		})
		if !errors.Is(err, store.ErrExists) {
			t.Errorf("a row that is there already: %v", err)
		}
		if err := add(func(*store.Tx) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("its own refusal: %v", err)
		}
		if err := add(func(*store.Tx) error { panic("a caller's mistake") }); err == nil {
			t.Error("a panic is no error")
		}
		var n int
		if err := add(func(tx *store.Tx) error { return tx.QueryRow(ctx, `select count(*) from thing`).Scan(&n) }); err == nil {
			t.Error("it read before its turn")
		}
		if err := add(func(tx *store.Tx) error { _, err := tx.Exec(`delete from thing`); return err }); err == nil {
			t.Error("it changed something before its turn")
		}
		err = db.Add(ctx, func(tx *store.Tx) error {
			return tx.Insert("thing", store.Row{"program": "p", "id": store.NewID(), "word": "w", "n": 4})
		})
		if err == nil {
			t.Error("a row went in without an entry")
		}
		if err := db.QueryRow(ctx, `select count(*) from thing`).Scan(&n); err != nil || n != 1 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

// TestTheLogKeepsTheOrderOfTimes: on SQLite, who began earlier and comes later takes the time of
// the one that stands before it.
func TestTheLogKeepsTheOrderOfTimes(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, []store.Schema{thing})
	made := func(began, quicker func()) custody.Leaf {
		var leaf custody.Leaf
		runs := 0
		err := db.Add(ctx, func(tx *store.Tx) error {
			if runs++; runs == 1 {
				began()
				quicker()
			}
			err := tx.Insert("thing", store.Row{"program": "p", "id": store.NewID(), "word": nil, "n": tx.Now()})
			leaf = tx.Log(custody.Entry{Program: "p", Event: "thing.made"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return leaf
	}
	nothing := func() {}
	var quick custody.Leaf
	slow := made(func() { clock.Advance(time.Second) }, func() { quick = made(nothing, nothing) })
	if slow.At.Before(quick.At) {
		t.Errorf("a leaf of %v stands behind one of %v", slow.At, quick.At)
	}
	if _, err := custody.Find(ctx, db, "p", slow.Commitment); err != nil {
		t.Errorf("the entry that was promised: %v", err)
	}
}
