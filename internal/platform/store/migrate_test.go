// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"testing/fstest"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// A migration that somebody's work waits for while it waits for them gives way and is run again.
func TestMigrationMeetsWorkThatGoesOn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := storetest.PostgresURL(t)
	const table = "create table %[1]s ( -- covered\n  program text not null, -- clear\n  n bigint not null, -- clear\n  primary key (program)\n);\n"
	first := &fstest.MapFile{Data: []byte(fmt.Sprintf(table, "busy") + fmt.Sprintf(table, "gate"))}
	second := &fstest.MapFile{Data: []byte("create index busy_by_n on busy (program, n);\nalter table gate add column more text; -- clear\nalter table busy add column more text; -- clear\n")}
	db, err := store.Open(ctx, url, store.Options{Schemas: []store.Schema{{Room: "busy", FS: fstest.MapFS{"0001_busy.sql": first}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	admin, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	begin := func(q string) *sql.Tx {
		tx, err := admin.BeginTx(ctx, nil)
		if err == nil {
			_, err = tx.Exec(q)
		}
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	waits := func(name string) {
		for n := 0; n == 0; {
			if err := admin.QueryRow(`select count(*) from pg_locks where not granted and relation = $1::regclass`, name).Scan(&n); err != nil {
				t.Fatal(err)
			}
		}
	}
	work, gate := begin(`select count(*) from busy`), begin(`select count(*) from gate`)
	defer work.Rollback()
	defer gate.Rollback()
	migrated := make(chan error, 1)
	go func() {
		newer, err := store.Open(ctx, url, store.Options{Schemas: []store.Schema{{Room: "busy", FS: fstest.MapFS{"0001_busy.sql": first, "0002_more.sql": second}}}})
		if err == nil {
			newer.Close()
		}
		migrated <- err
	}()
	waits("gate") // it has the index
	worked := make(chan error, 1)
	go func() {
		_, err := work.Exec(`update busy set n = n + 1`)
		worked <- errors.Join(err, work.Commit())
	}()
	waits("busy") // and then it wants the table
	if err := gate.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-worked; err != nil {
		t.Errorf("the work that went on: %v", err)
	}
	if err := <-migrated; err != nil {
		t.Error(err)
	}
}
