// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
)

// migrationLock keeps two starting processes from migrating at once.
const migrationLock = 0x7761796c69676874

func (db *DB) openPostgres(ctx context.Context, url string, migrations []Migration) error {
	db.engine = postgres
	pool, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	db.readers = pool
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
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
	return tx.Commit()
}

// retries is how often a transaction is run again after a serialization
// failure or a deadlock.
const retries = 20

func (db *DB) writePostgres(ctx context.Context, fn func(tx *Tx) error) error {
	var err error
	for n := range retries {
		err = db.tryPostgres(ctx, fn)
		if !serialization(err) {
			return err
		}
		pause := time.NewTimer(time.Duration(n+1) * time.Duration(NewID()[0]) * 40 * time.Microsecond) // up to 10 ms more each time: callers that met must not meet again
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
	return errOverloaded.With(err)
}

func (db *DB) tryPostgres(ctx context.Context, fn func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// Once begun, a write is not torn off by its caller going away.
	ctx = context.WithoutCancel(ctx)
	inner, err := db.readers.BeginTx(ctx, nil)
	if err != nil {
		return errUnavailable.With(err)
	}
	defer inner.Rollback()
	tx := &Tx{db: db, on: pgSession{inner}, now: db.now()}
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
	if err := inner.Commit(); err != nil {
		if serialization(err) {
			return err
		}
		return errUnavailable.With(fmt.Errorf("%w: %w", ErrUnknown, err))
	}
	return nil
}

func serialization(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

type pgSession struct{ tx *sql.Tx }

func (s pgSession) exec(q string, args ...any) (sql.Result, error) {
	return s.tx.ExecContext(context.Background(), q, args...)
}

func (s pgSession) query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return s.tx.QueryContext(ctx, q, args...)
}

func (s pgSession) queryRow(ctx context.Context, q string, args ...any) *sql.Row {
	return s.tx.QueryRowContext(ctx, q, args...)
}

func (s pgSession) duplicate(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505"
}
