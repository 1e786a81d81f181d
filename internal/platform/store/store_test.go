// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/fstest"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

var thing = store.Schema{Room: "thing", FS: fstest.MapFS{"0001_thing.sql": {Data: []byte(`
create table thing ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  word text, -- sealed
  n bigint not null, -- clear
  primary key (program, id)
);
create index thing_by_n on thing (program, n);
create table lease ( -- not covered: a lease is nobody's record
  program text not null, -- clear
  id bytes not null, -- clear
  primary key (program, id)
);
`)}}}

var ctx = context.Background()

func insert(db *store.DB, program string, id store.ID, n int) error {
	return db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Insert("thing", store.Row{"program": program, "id": id, "word": "w", "n": n}); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: program, Event: "thing.made", Record: "thing:" + id.String(), Actor: "system"})
		return nil
	})
}

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	if err := db.QueryRow(ctx, `select count(*) from thing`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWriteKeepsGoodCallersAndDropsFailingOnes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		refused := errors.New("refused")
		var wg sync.WaitGroup
		places := make(chan struct{}, 48) // more than there are connections, not so many that one waits for seconds
		for i := range 200 {
			wg.Go(func() {
				places <- struct{}{}
				defer func() { <-places }()
				program := fmt.Sprintf("p%d", i%3)
				id := store.NewID()
				err := db.Write(ctx, func(tx *store.Tx) error {
					if err := tx.Insert("thing", store.Row{"program": program, "id": id, "word": nil, "n": i}); err != nil {
						return err
					}
					tx.Log(custody.Entry{Program: program, Event: "thing.made"})
					switch i % 10 {
					case 0:
						return refused
					case 1:
						panic("a caller's mistake")
					}
					return nil
				})
				if (err == nil) != (i%10 > 1) {
					t.Errorf("caller %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, db); n != 160 {
			t.Errorf("%d rows kept, want 160", n)
		}
		for _, p := range []string{"p0", "p1", "p2"} {
			verify(t, db, clock, p)
		}
	})
}

// verify publishes a program's log and holds the database against it.
func verify(t *testing.T, db *store.DB, clock *storetest.Clock, program string) {
	t.Helper()
	log := custodyLog(t, program)
	err := db.Write(ctx, func(tx *store.Tx) error {
		_, err := log.Publish(tx, clock.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	result, err := custody.Verify(ctx, db, program, log.Verifier())
	if err != nil || !result.OK() || result.Leaves == 0 {
		t.Errorf("%s: %+v, %v", program, result, err)
	}
}

func TestChangeWithoutEntryIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		err := db.Write(ctx, func(tx *store.Tx) error {
			return tx.Insert("thing", store.Row{"program": "p", "id": store.NewID(), "word": nil, "n": 1})
		})
		if err == nil || count(t, db) != 0 {
			t.Errorf("a change without an entry was kept (%v)", err)
		}
	})
}

func TestSecondRowWithTheSameKeyIsToldApart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		id := store.NewID()
		if err := insert(db, "p", id, 1); err != nil {
			t.Fatal(err)
		}
		if err := insert(db, "p", id, 2); !errors.Is(err, store.ErrExists) {
			t.Errorf("the second insert: %v", err)
		}
		if n := count(t, db); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestTouchCoversChangesAndDeletions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		a, b := store.NewID(), store.NewID()
		if err := errors.Join(insert(db, "p", a, 1), insert(db, "p", b, 2)); err != nil {
			t.Fatal(err)
		}
		err := db.Write(ctx, func(tx *store.Tx) error {
			if _, err := tx.Exec(`update thing set n = 9, word = null where program = $1 and id = $2`, "p", a); err != nil {
				return err
			}
			if _, err := tx.Exec(`delete from thing where program = $1 and id = $2`, "p", b); err != nil {
				return err
			}
			defer tx.Log(custody.Entry{Program: "p", Event: "thing.changed"})
			return errors.Join(tx.Touch("thing", "p", a), tx.Touch("thing", "p", b))
		})
		if err != nil {
			t.Fatal(err)
		}
		verify(t, db, clock, "p")
	})
}

func TestSchemaRefusesWhatIsNotStrict(t *testing.T) {
	t.Parallel()
	const head = "create table x ( -- covered\n"
	for name, sql := range map[string]string{
		"column without class":   head + "program text not null,\nprimary key (program)\n);",
		"unknown class":          head + "program text not null, -- secret\nprimary key (program)\n);",
		"table without coverage": "create table x (\nprogram text not null, -- clear\nprimary key (program)\n);",
		"uncovered, no reason":   "create table x ( -- not covered: \nprogram text not null, -- clear\nprimary key (program)\n);",
		"no primary key":         head + "program text not null, -- clear\n);",
		"unknown type":           head + "program varchar, -- clear\nprimary key (program)\n);",
		"key not declared":       head + "program text not null, -- clear\nprimary key (program, id)\n);",
		"not closed":             head + "program text not null, -- clear\n",
		"not null added later":   head + "program text not null, -- clear\nprimary key (program)\n);\nalter table x add column y text not null; -- clear",
	} {
		_, _, err := store.ParseSchema([]store.Schema{{Room: "x", FS: fstest.MapFS{"0001_x.sql": {Data: []byte(sql)}}}})
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	gap := fstest.MapFS{"0002_x.sql": {Data: []byte(head + "program text not null, -- clear\nprimary key (program)\n);")}}
	if _, _, err := store.ParseSchema([]store.Schema{{Room: "x", FS: gap}}); err == nil {
		t.Error("a gap in the numbers was accepted")
	}
}

func TestIDTextSurvives(t *testing.T) {
	t.Parallel()
	id := store.NewID()
	back, err := store.ParseID(id.String())
	if err != nil || back != id {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{"", "a", id.String() + "a", "AAAAAAAAAAAAAAAAAAAAAAAAAA", "aaaaaaaaaaaaaaaaaaaaaaaaab"} {
		if _, err := store.ParseID(bad); err == nil {
			t.Errorf("%q was read as an id", bad)
		}
	}
}
