// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/fstest"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// A release refuses a database whose tables a newer one has changed, to write and
// to read; it goes on with one that only has a room more, and notices a change that
// comes while it has the database open.
func TestNewerReleaseIsNoticed(t *testing.T) {
	t.Parallel()
	first := &fstest.MapFile{Data: []byte("create table grown ( -- covered\n  program text not null, -- clear\n  primary key (program)\n);\n")}
	second := &fstest.MapFile{Data: []byte("alter table grown add column more text; -- clear\n")}
	other := store.Schema{Room: "other", FS: fstest.MapFS{"0001_other.sql": {Data: []byte("create table other ( -- covered\n  program text not null, -- clear\n  primary key (program)\n);\n")}}}
	older := store.Options{Schemas: []store.Schema{{Room: "grown", FS: fstest.MapFS{"0001_grown.sql": first}}}}
	newer := store.Options{Schemas: []store.Schema{{Room: "grown", FS: fstest.MapFS{"0001_grown.sql": first, "0002_more.sql": second}}, other}}
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "grown.db"), "postgres": storetest.PostgresURL(t)} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			open := func(o store.Options) *store.DB {
				t.Helper()
				db, err := store.Open(ctx, url, o)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { db.Close() })
				return db
			}
			was := open(older)
			if err := was.Newer(ctx); err != nil {
				t.Errorf("before: %v", err)
			}
			open(store.Options{Schemas: append([]store.Schema{other}, older.Schemas...)}).Close()
			open(older).Close() // a room that it does not know is no hindrance
			if err := was.Newer(ctx); err != nil {
				t.Errorf("with another room: %v", err)
			}
			looked, err := store.Inspect(ctx, url, newer)
			if err != nil {
				t.Fatal(err)
			}
			if columns := len(looked.Tables()["grown"].Columns); columns != 1 || looked.Tables()["other"] == nil {
				t.Errorf("of a database that was not brought up to date it knows %d columns", columns)
			}
			if behind, err := looked.Behind(ctx); err != nil || !behind {
				t.Errorf("it is not behind: %v", err)
			}
			looked.Close()
			open(newer)
			if err := was.Newer(ctx); !errors.Is(err, store.ErrNewer) {
				t.Errorf("afterwards: %v", err)
			}
			if _, err := store.Open(ctx, url, older); !errors.Is(err, store.ErrNewer) {
				t.Errorf("opened again: %v", err)
			}
			if _, err := store.Inspect(ctx, url, older); !errors.Is(err, store.ErrNewer) {
				t.Errorf("inspected: %v", err)
			}
			if looked, err = store.Inspect(ctx, url, newer); err != nil {
				t.Fatal(err)
			}
			if columns := len(looked.Tables()["grown"].Columns); columns != 2 {
				t.Errorf("brought up to date, it knows %d columns", columns)
			}
			if behind, err := looked.Behind(ctx); err != nil || behind {
				t.Errorf("it is behind: %v", err)
			}
			looked.Close()
		})
	}
}
