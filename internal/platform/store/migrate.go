// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
)

// The store's own table: which migrations have run, and what they said.
const migrationTable = `create table if not exists store_migration (
  room text not null,
  number bigint not null,
  digest text not null,
  primary key (room, number)
)`

// executor is what migrations need of a connection or transaction.
type executor interface {
	ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row
}

// migrate brings the SQLite schema up to date in one transaction.
func (w *writer) migrate(migrations []Migration) error {
	ctx := context.Background()
	if _, err := w.conn.ExecContext(ctx, "begin immediate"); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	err := applyMigrations(ctx, w.conn, sqlite, migrations)
	end := "commit"
	if err != nil {
		end = "rollback"
	}
	_, endErr := w.conn.ExecContext(ctx, end)
	return errors.Join(err, endErr)
}

func applyMigrations(ctx context.Context, on executor, engine string, migrations []Migration) error {
	if err := refuseUnfinished(ctx, on, engine); err != nil {
		return err
	}
	return runMigrations(ctx, on, engine, migrations)
}

func runMigrations(ctx context.Context, on executor, engine string, migrations []Migration) error {
	if _, err := on.ExecContext(ctx, migrationTable); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	if err := refuseNewer(ctx, on, engine, lastOf(migrations)); err != nil {
		return err
	}
	for _, m := range migrations {
		digest := migrationDigest(m)
		var had string
		err := on.QueryRowContext(ctx, `select digest from store_migration where room = $1 and number = $2`, m.Room, m.Number).Scan(&had)
		switch {
		case err == nil && had == digest:
			continue
		case err == nil:
			return fmt.Errorf("migration %s of %s is not the one that this database ran; migrations only go forward", m.Name, m.Room)
		case !errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("migrating: %w", err)
		}
		if _, err := on.ExecContext(ctx, render(m.SQL, engine)); err != nil {
			return fmt.Errorf("running migration %s of %s: %w", m.Name, m.Room, err)
		}
		if _, err := on.ExecContext(ctx, `insert into store_migration (room, number, digest) values ($1, $2, $3)`, m.Room, m.Number, digest); err != nil {
			return fmt.Errorf("recording migration %s of %s: %w", m.Name, m.Room, err)
		}
	}
	return nil
}

// Ran is the migration as a database that ran it remembers it.
func (m Migration) Ran() Ran { return Ran{Room: m.Room, Number: m.Number, Digest: migrationDigest(m)} }

func migrationDigest(m Migration) string {
	sum := sha256.Sum256([]byte(m.SQL))
	return hex.EncodeToString(sum[:])
}
