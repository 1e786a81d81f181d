// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// When the disk is full, every caller whose work was not kept is told so, what
// was accepted before stays, and work goes on once there is room.
func TestFullDiskIsSaidAndNothingIsHalfKept(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, []store.Schema{thing})
	limit := func(pages string) {
		if err := db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec("pragma max_page_count = " + pages); return err }); err != nil {
			t.Fatal(err)
		}
	}
	limit("60")
	long := strings.Repeat("x", 3000)
	kept, refused := 0, 0
	for i := range 200 {
		err := db.Accept(ctx, func(tx *store.Tx) error {
			defer tx.Log(custody.Entry{Program: "p", Event: "thing.made"})
			return tx.Insert("thing", store.Row{"program": "p", "id": store.NewID(), "word": long, "n": i})
		})
		switch {
		case err == nil:
			kept++
		default:
			refused++
			if fault.KindOf(err) != fault.Unavailable && !strings.Contains(err.Error(), "full") {
				t.Fatalf("a full disk is told as %v", err)
			}
		}
	}
	if kept == 0 || refused == 0 || count(t, db) != kept {
		t.Fatalf("%d kept, %d refused, %d rows", kept, refused, count(t, db))
	}
	limit("100000")
	if err := insert(db, "p", store.NewID(), 1); err != nil {
		t.Fatalf("after there is room again: %v", err)
	}
	verify(t, db, clock, "p")
}

func TestDamagedFileIsRefusedNotOverwritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "w.db")
	garbage := bytes.Repeat([]byte("not a database "), 1000)
	if err := os.WriteFile(file, garbage, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(ctx, "sqlite:"+file, store.Options{Schemas: []store.Schema{thing}}); err == nil {
		t.Fatal("a file that is no database was opened")
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, garbage) {
		t.Errorf("the damaged file was changed (%v)", err)
	}
}

// A migration that a database has run must not be changed afterwards.
func TestChangedMigrationIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "w.db")
	db, err := store.Open(ctx, "sqlite:"+file, store.Options{Schemas: []store.Schema{thing}})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := store.Open(ctx, "sqlite:"+file, store.Options{Schemas: []store.Schema{changed(t)}}); err == nil {
		t.Error("a changed migration was accepted")
	}
}

func changed(t *testing.T) store.Schema {
	t.Helper()
	return store.Schema{Room: "thing", FS: os.DirFS(write(t, "0001_thing.sql", `create table thing ( -- covered
program text not null, -- clear
primary key (program)
);`))}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// While the writer is behind, work that can wait is refused at once and reports
// wait for their turn.
func TestReportsWaitWhileOtherWorkIsShed(t *testing.T) {
	t.Parallel()
	db, _ := storetest.SQLite(t, []store.Schema{thing})
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		db.Write(ctx, func(tx *store.Tx) error { close(held); <-hold; return nil })
	})
	<-held
	shed := make(chan error, 6000)
	var reports sync.WaitGroup
	for range 5000 {
		wg.Go(func() { shed <- db.Write(ctx, func(tx *store.Tx) error { return nil }) })
	}
	var first error
	for first == nil { // only shed callers answer while the writer is held
		first = <-shed
	}
	if fault.KindOf(first) != fault.Overloaded {
		t.Errorf("shed with %v", first)
	}
	accepted := make(chan error, 50)
	for i := range 50 {
		reports.Go(func() {
			accepted <- db.Accept(ctx, func(tx *store.Tx) error {
				defer tx.Log(custody.Entry{Program: "p", Event: "thing.made"})
				return tx.Insert("thing", store.Row{"program": "p", "id": store.NewID(), "word": nil, "n": i})
			})
		})
	}
	close(hold)
	reports.Wait()
	wg.Wait()
	for range 50 {
		if err := <-accepted; err != nil {
			t.Errorf("a report was refused: %v", err)
		}
	}
}

// A caller that gave up before its turn is not run.
func TestGivingUpBeforeTheTurn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{thing}, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		ran := false
		err := db.Write(gone, func(tx *store.Tx) error { ran = true; return nil })
		if !errors.Is(err, context.Canceled) || ran {
			t.Errorf("ran %v, %v", ran, err)
		}
	})
}
