// SPDX-License-Identifier: Apache-2.0

// Package storetest gives each test a database of its own on every engine, so
// that one conformance suite holds for SQLite and PostgreSQL alike. It starts
// the PostgreSQL server that it needs; a missing one is an error that names
// the command which installs it.
package storetest

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"waylight/internal/platform/store"
)

// Clock is a clock that only a test moves.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// NewClock returns a clock that stands at t.
func NewClock(t time.Time) *Clock { return &Clock{t: t} }

// Start is where every test's clock begins: a Monday morning in Mississippi.
var Start = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// Each runs fn on every engine, each time on an empty database with the given
// schemas.
func Each(t *testing.T, schemas []store.Schema, fn func(t *testing.T, db *store.DB, clock *Clock)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		db, clock := SQLite(t, schemas)
		fn(t, db, clock)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		db, clock := Postgres(t, schemas)
		fn(t, db, clock)
	})
}

// SQLite returns an empty SQLite database.
func SQLite(t *testing.T, schemas []store.Schema) (*store.DB, *Clock) {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "waylight.db"), schemas)
}

// PostgresAddress is the address of a database of the test's own that nothing was
// ever opened in.
func PostgresAddress(t *testing.T) string {
	t.Helper()
	return newDatabase(t)
}

// Postgres returns an empty database on this process's PostgreSQL server.
func Postgres(t *testing.T, schemas []store.Schema) (*store.DB, *Clock) {
	t.Helper()
	return open(t, newDatabase(t), schemas)
}

func open(t *testing.T, url string, schemas []store.Schema) (*store.DB, *Clock) {
	t.Helper()
	clock := NewClock(Start)
	db, err := store.Open(context.Background(), url, store.Options{Schemas: schemas, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, clock
}
