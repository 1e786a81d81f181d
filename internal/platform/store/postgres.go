// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// migrationLock keeps two starting processes from migrating at once.
const migrationLock = 0x7761796c69676874

// openPostgres waits for a database that does not answer where away is given, so
// that a server that starts before its database comes up with it.
func (db *DB) openPostgres(ctx context.Context, url string, migrations []Migration, away func(error)) error {
	db.engine = postgres
	collisions := 0
	for {
		err := db.migratePostgres(ctx, url, migrations)
		if err == nil {
			break
		}
		// Servers that run lock rows and tables in the order of their own work; whoever of them
		// waited for the migrations went on when these gave way.
		if serialization(err) && collisions < retries {
			collisions++
			continue
		}
		if away == nil || !gone(err) {
			return err
		}
		away(err)
		if !pause(ctx, time.Second) {
			return errors.Join(ctx.Err(), err)
		}
	}
	var err error
	db.lines = &lines{quiet: quiet}
	db.readers, err = db.lines.open(url)
	return err
}

// migratePostgres has connections of its own: what a migration does may take
// longer than any answer may otherwise.
func (db *DB) migratePostgres(ctx context.Context, url string, migrations []Migration) error {
	pool, err := (&lines{}).open(url)
	if err != nil {
		return err
	}
	defer pool.Close()
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
		return err
	}
	if err := applyMigrations(ctx, tx, postgres, migrations); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	db.combiner = newCombiner(db)
	return nil
}

const (
	// retries is how often a transaction is run again after a serialization
	// failure or a deadlock.
	retries = 20
	// patience is how long a caller waits for a database that is away before it is
	// told so. A planned switch-over takes two seconds. Once somebody has waited in
	// vain, all others are told at once, until it is back.
	patience = 5 * time.Second
)

func (db *DB) writePostgres(ctx context.Context, fn func(tx *Tx) error, wait bool) error {
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	for n := 1; ; n++ {
		generation := db.lines.generation.Load()
		err := db.tryPostgres(ctx, fn, wait)
		long := collided(n)
		switch {
		case err == nil:
			db.told(1, time.Since(began))
			return nil
		case errors.Is(err, ErrUnknown):
			db.lines.lost(generation)
			return errUnsure.With(err)
		case serialization(err):
			if n >= retries {
				return errOverloaded.With(err)
			}
		case gone(err):
			db.lines.lost(generation)
			if patient.Err() != nil || db.lines.away.Load() {
				db.lines.away.Store(true)
				return errUnavailable.With(err)
			}
			long += 100 * time.Millisecond
		case broken(err):
			return errUnavailable.With(err)
		default:
			return err
		}
		if !pause(ctx, long) {
			return ctx.Err()
		}
	}
}

// collided is how long to wait after the n-th collision: up to 10 ms more each
// time, since callers that met must not meet again.
func collided(n int) time.Duration {
	return time.Duration(n+1) * time.Duration(NewID()[0]) * 40 * time.Microsecond
}

// connection takes a connection to the primary. All may be in use: what must not
// be shed waits its turn, unless the database is away.
func (db *DB) connection(ctx context.Context, wait bool) (*sql.Conn, error) {
	for {
		limited, cancel := context.WithTimeout(ctx, patience)
		conn, err := db.readers.Conn(limited)
		late := limited.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err == nil:
			return conn, nil
		case late && wait && !db.lines.away.Load():
		case late:
			return nil, errUnavailable.With(err)
		default:
			return nil, err
		}
	}
}

// begin opens a transaction on a connection of its own.
func (db *DB) begin(ctx context.Context, wait bool) (*sql.Conn, *sql.Tx, error) {
	conn, err := db.connection(ctx, wait)
	if err != nil {
		return nil, nil, err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	db.lines.away.Store(false)
	return conn, tx, nil
}

// tryPostgres runs a transaction once. After an error that is not ErrUnknown
// nothing of it was kept.
func (db *DB) tryPostgres(ctx context.Context, fn func(tx *Tx) error, wait bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// Once begun, a write is not torn off by its caller going away.
	ctx = context.WithoutCancel(ctx)
	conn, inner, err := db.begin(ctx, wait)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer inner.Rollback()
	session := &pgSession{tx: inner}
	tx := &Tx{db: db, on: session, now: db.now()}
	if err := call(fn, tx); err != nil {
		return err
	}
	if err := tx.finish(); err != nil {
		return err
	}
	if err := integrate(tx, tx.leaves); err != nil {
		db.learnMoved(err)
		return asMoved(fmt.Errorf("integrating custody entries: %w", err))
	}
	if err := session.settle(); err != nil {
		return err
	}
	unwarned(conn)
	err = inner.Commit()
	if err == nil {
		// A commit that an administrator cut short while it waited for the standby
		// succeeds with a warning: it stands on one machine only.
		err = warned(conn)
	} else if rolledBack(err) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return nil
}

// rolledBack says whether an error of COMMIT means for certain that nothing was
// committed: the server itself refused it and goes on. One that ends the
// connection may have committed before. What the driver says of a lost connection
// (SafeToRetry) is of no use here: it says so of a COMMIT that was sent, too.
func rolledBack(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.SeverityUnlocalized == "ERROR"
	}
	return errors.Is(err, pgx.ErrTxCommitRollback)
}

// Settle returns once everything that can be read is as durable as what Write
// acknowledges, as a Write does that changes nothing. On PostgreSQL a row can be
// read that its synchronous standby does not have yet, when the connection of the
// transaction that wrote it was cut while that waited; whoever acknowledges what
// they only found must settle first.
func (db *DB) Settle(ctx context.Context) error {
	if db.engine != postgres || db.inspecting {
		return nil
	}
	return db.Accept(ctx, func(*Tx) error { return nil })
}

// readPostgres runs a query again on a fresh connection where the one it had went
// away, while the database may be between two primaries.
func (db *DB) readPostgres(ctx context.Context, query func() error) {
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		generation := db.lines.generation.Load()
		err := query()
		if !gone(err) {
			return
		}
		db.lines.lost(generation)
		if db.lines.away.Load() || !pause(patient, 100*time.Millisecond) {
			return
		}
	}
}

// pause says whether ctx outlasted it.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

type pgSession struct {
	tx    *sql.Tx
	wrote bool
}

func (s *pgSession) exec(q string, args ...any) (sql.Result, error) {
	res, err := s.tx.ExecContext(context.Background(), q, args...)
	if err == nil {
		n, _ := res.RowsAffected()
		s.wrote = s.wrote || n > 0
	}
	return res, err
}

// settle makes the commit wait for the standby, which it does only when something
// was written: what was merely found in this transaction is acknowledged after it.
func (s *pgSession) settle() error {
	if s.wrote {
		return nil
	}
	_, err := s.tx.ExecContext(context.Background(), waitForStandby)
	return err
}

// waitForStandby writes into the server's log, and nowhere else.
const waitForStandby = `select pg_logical_emit_message(true, 'waylight', '')`

// later runs at once, so that the caller meets its error where it happens.
func (s *pgSession) later(st statement) error {
	_, err := s.exec(st.q, st.args...)
	return st.explain(s, err)
}

func (s *pgSession) query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return s.tx.QueryContext(ctx, q, args...)
}

func (s *pgSession) queryRow(ctx context.Context, q string, args ...any) *sql.Row {
	return s.tx.QueryRowContext(ctx, q, args...)
}

func (s *pgSession) duplicate(err error) bool { return pgDuplicate(err) }

func pgDuplicate(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505"
}
