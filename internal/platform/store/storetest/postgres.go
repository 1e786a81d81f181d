// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"testing"

	"waylight/internal/platform/store/pgtest"
)

// server is this process's PostgreSQL: one for all tests of a package.
var server = sync.OnceValues(func() (*pgtest.Server, error) { return pgtest.Start("", pgtest.Fast) })

// newDatabase creates a database for one test and drops it afterwards.
func newDatabase(t *testing.T) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatal(err)
	}
	name, err := s.Create(context.Background())
	if err != nil {
		t.Fatalf("creating a database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Drop(context.Background(), name); err != nil {
			t.Errorf("dropping a database: %v", err)
		}
	})
	return s.URL(name)
}

// Database is a PostgreSQL database of a test's own, which can go away and come
// back like one whose server died.
type Database struct {
	URL  string
	name string
	t    *testing.T
}

// NewDatabase makes an empty one.
func NewDatabase(t *testing.T) *Database {
	t.Helper()
	url := newDatabase(t)
	name, _, _ := strings.Cut(strings.TrimPrefix(url, "postgres://waylight@/"), "?")
	return &Database{URL: url, name: name, t: t}
}

// Leave breaks every connection and refuses new ones.
func (d *Database) Leave() {
	d.t.Helper()
	d.do("alter database " + d.name + " allow_connections false")
	d.do("select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + d.name + "'")
}

// Return takes connections again.
func (d *Database) Return() {
	d.t.Helper()
	d.do("alter database " + d.name + " allow_connections true")
}

// Hold runs a statement in a transaction that stays open, with all that it locks,
// until release is called.
func (d *Database) Hold(q string) (release func()) {
	d.t.Helper()
	pool, err := sql.Open("pgx", d.URL)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { pool.Close() })
	tx, err := pool.Begin()
	if err == nil {
		_, err = tx.Exec(q)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			d.t.Error(err)
		}
	}
}

func (d *Database) do(q string) {
	d.t.Helper()
	s, err := server()
	if err == nil {
		err = s.Admin(context.Background(), q)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}
