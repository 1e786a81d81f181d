// SPDX-License-Identifier: Apache-2.0

// Package store keeps Waylight's data: SQLite by default, PostgreSQL where a
// state outgrows one machine. Rooms write their SQL once, in the subset that
// both engines share: $n placeholders, times as int64 microseconds, ids as
// bytes, explicit columns.
//
// A DB only reads; the one way to change anything is DB.Write, whose
// transaction carries the rows, their custody entry and their jobs. A
// transaction that changed a covered row and logged nothing is refused.
//
// On SQLite one writer goroutine owns the writing connection, takes what
// waits and commits all at once, durably (WAL, synchronous=FULL); when a caller
// fails after it changed something, the others' functions run again. On
// PostgreSQL each caller of Write has a transaction of its own, and callers of
// Accept, which may come in floods, share one as on SQLite. It is run again on a
// serialization failure, and on a fresh connection when the one it had was lost
// before the commit. Reading and writing go to the primary alone, wherever that
// is now, and ride out a short absence of it.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/replica"
)

const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

// ErrExists says that a row with the same key is there already.
var ErrExists = errors.New("a row with this key exists")

// ErrUnknown says that a commit failed in a way that leaves its outcome open:
// look the id up before answering.
var ErrUnknown = errors.New("the outcome of the commit is unknown")

// errOverloaded answers work that can be shed while the writer is behind.
var errOverloaded = fault.New(fault.Overloaded, "busy", "The system is very busy. Nothing was changed. Please try again in a moment.")

// errUnavailable answers when the database does not take writes.
var errUnavailable = fault.New(fault.Unavailable, "storage", "Nothing can be saved right now. Nothing was changed. Please try again in a moment.")

// errUnsure answers when a commit's outcome is unknown; it carries ErrUnknown.
var errUnsure = fault.New(fault.Unavailable, "storage_unsure", "We cannot say whether this was saved. Please look before you do it again.")

// Reader reads the database. *DB and *Tx both do.
type Reader interface {
	Query(ctx context.Context, q string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, q string, args ...any) *sql.Row
}

// Options says what a database holds.
type Options struct {
	Schemas []Schema
	Now     func() time.Time
	Copy    *replica.Copier // keeps a second copy of a SQLite database; nil: none is kept
	// Away is told why a PostgreSQL that is not there yet does not answer, each time
	// before it is asked again; nil: Open fails at once.
	Away func(error)
	// Committed is told of every commit: how many writes it made durable, and how long it took. May be nil.
	Committed func(writes int, took time.Duration)
}

// DB is an open database.
type DB struct {
	engine  string
	readers *sql.DB
	asked   prepared
	tables  map[string]*Table
	order   []string       // covered tables in name order
	last    map[string]int // each room's last migration here
	now     func() time.Time
	told    func(writes int, took time.Duration) // of every commit; never nil once open
	writer  *writer                              // SQLite only
	file    string                               // SQLite only
	lines   *lines                               // PostgreSQL only; nil while inspecting

	combiner *combiner // PostgreSQL only
	copy     *replica.Copier

	inspecting bool // opened by Inspect: nothing can be written

	moved atomic.Pointer[map[string]string] // programs that went elsewhere, and where to
}

// Open opens the database at url ("sqlite:FILE" or "postgres://…") and brings
// its schema up to date.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	schemas := append([]Schema{{Room: "custody", FS: custody.Migrations()}}, o.Schemas...)
	migrations, tables, err := ParseSchema(schemas)
	if err != nil {
		return nil, err
	}
	if o.Committed == nil {
		o.Committed = func(int, time.Duration) {}
	}
	db := &DB{tables: tables, last: lastOf(migrations), now: o.Now, told: o.Committed, order: coveredTables(tables), copy: o.Copy}
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		err = db.openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"), migrations)
	case o.Copy != nil:
		err = errors.New("a second copy is kept of SQLite only; PostgreSQL has stand-bys of its own")
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		err = db.openPostgres(ctx, url, migrations, o.Away)
	default:
		err = errors.New("the database address must begin with sqlite: or postgres://")
	}
	if err == nil {
		err = db.readMoved(ctx)
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	return db, nil
}

// Inspect opens a database that is there already, to read only: nothing is
// created and no migration runs, so that verifying changes nothing. Of one that an
// older release left it knows what that release knew.
func Inspect(ctx context.Context, url string, o Options) (*DB, error) {
	schemas := append([]Schema{{Room: "custody", FS: custody.Migrations()}}, o.Schemas...)
	migrations, tables, err := ParseSchema(schemas)
	if err != nil {
		return nil, err
	}
	db := &DB{tables: tables, last: lastOf(migrations), now: time.Now, order: coveredTables(tables), inspecting: true}
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		db.engine, db.file = sqlite, file
		db.readers, err = inspectSQLite(file)
	} else {
		db.engine = postgres
		db.readers, err = sql.Open("pgx", url)
	}
	if err == nil {
		err = refuseUnfinished(ctx, db.readers, db.engine)
	}
	if err == nil {
		err = db.Newer(ctx)
	}
	if err == nil {
		err = db.asItStands(ctx, schemas)
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("opening the database to read: %w", err)
	}
	return db, nil
}

// Close waits for writes under way and closes the database.
func (db *DB) Close() error {
	var err error
	if db.copy != nil && db.readers != nil {
		err = db.readers.Close() // the writer must be the last: see keepLog
	}
	if db.writer != nil {
		db.writer.close()
	}
	if db.combiner != nil {
		db.combiner.close()
	}
	if db.copy == nil && db.readers != nil {
		err = db.readers.Close()
	}
	return err
}

// Engine is "sqlite" or "postgres".
func (db *DB) Engine() string { return db.engine }

// File is the SQLite file, or "".
func (db *DB) File() string { return db.file }

// Tables returns the declared tables by name.
func (db *DB) Tables() map[string]*Table { return db.tables }

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.readers.PingContext(ctx) }

// Query reads rows.
func (db *DB) Query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	if stmt := db.statement(ctx, q); stmt != nil {
		return stmt.QueryContext(ctx, stmt.args(args)...)
	}
	if db.lines == nil {
		return db.readers.QueryContext(ctx, q, args...)
	}
	var rows *sql.Rows
	var err error
	db.readPostgres(ctx, func() error {
		rows, err = db.readers.QueryContext(ctx, q, args...)
		return err
	})
	return rows, err
}

// QueryRow reads one row.
func (db *DB) QueryRow(ctx context.Context, q string, args ...any) *sql.Row {
	if stmt := db.statement(ctx, q); stmt != nil {
		return stmt.QueryRowContext(ctx, stmt.args(args)...)
	}
	if db.lines == nil {
		return db.readers.QueryRowContext(ctx, q, args...)
	}
	var row *sql.Row
	db.readPostgres(ctx, func() error {
		row = db.readers.QueryRowContext(ctx, q, args...)
		return row.Err()
	})
	return row
}

func (db *DB) statement(ctx context.Context, q string) *asked {
	if db.engine != sqlite || db.inspecting {
		return nil
	}
	return db.asked.of(ctx, db.readers, q)
}

// Write runs fn in a transaction and returns once it is durable. fn may run
// more than once and must do nothing but change the database. While the writer
// is far behind, Write answers a fault of kind Overloaded at once.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	return db.write(ctx, fn, time.Time{}, false)
}

// Accept is Write for what must never be shed: it waits its turn however long
// the queue is.
func (db *DB) Accept(ctx context.Context, fn func(tx *Tx) error) error {
	return db.write(ctx, fn, time.Time{}, true)
}

// write queues fn; at is when its rows were made ready, zero when they are made in its turn.
func (db *DB) write(ctx context.Context, fn func(tx *Tx) error, at time.Time, wait bool) error {
	switch {
	case db.writer != nil:
		return db.writer.do(ctx, fn, at, wait)
	case db.combiner != nil && wait:
		return db.combiner.do(ctx, fn, at, wait)
	case db.engine == postgres && !db.inspecting:
		return db.writePostgres(ctx, fn, wait)
	}
	return errUnavailable
}
