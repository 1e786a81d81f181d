// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// oldestSQLite is the first version without the WAL-reset corruption race.
const oldestSQLite = "3.51.3"

func (db *DB) openSQLite(ctx context.Context, file string, migrations []Migration) error {
	abs, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	db.engine, db.file = sqlite, abs
	// Created here rather than by the engine, so that nobody else on the
	// machine can ever read it.
	f, err := os.OpenFile(abs, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	db.writer, err = openWriter(ctx, db, abs)
	if err != nil {
		return err
	}
	if err := db.writer.migrate(migrations); err != nil {
		return err
	}
	db.readers, err = sql.Open("sqlite", sqliteURL(abs, "query_only(1)"))
	if err != nil {
		return err
	}
	db.readers.SetMaxOpenConns(8)
	db.readers.SetMaxIdleConns(8)
	if db.copy != nil {
		if err := db.copy.Start(ctx, abs); err != nil {
			return err
		}
	}
	db.writer.start(db.writer.commit)
	return nil
}

func sqliteURL(file string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"busy_timeout(5000)", "foreign_keys(1)"}, pragmas...)}
	u := url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: q.Encode()}
	return u.String()
}

// openSQLiteWriter opens the one connection that writes. It keeps 8 MB of pages in memory: large files would keep a larger cache full.
func openSQLiteWriter(ctx context.Context, file string) (*sql.DB, *sql.Conn, error) {
	pool, err := sql.Open("sqlite", sqliteURL(file, "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)", "temp_store(2)", "cache_size(-8192)", carryLate))
	if err != nil {
		return nil, nil, err
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	var version, mode string
	var synchronous int
	err = errors.Join(
		conn.QueryRowContext(ctx, "select sqlite_version()").Scan(&version),
		conn.QueryRowContext(ctx, "pragma journal_mode").Scan(&mode),
		conn.QueryRowContext(ctx, "pragma synchronous").Scan(&synchronous))
	switch {
	case err != nil:
	case versionBefore(version, oldestSQLite):
		err = fmt.Errorf("SQLite %s can corrupt a WAL database; %s or newer is needed", version, oldestSQLite)
	case mode != "wal" || synchronous != 2:
		err = fmt.Errorf("SQLite runs with journal mode %s and synchronous %d; an accepted report would not survive power loss", mode, synchronous)
	}
	if err != nil {
		conn.Close()
		pool.Close()
		return nil, nil, err
	}
	return pool, conn, nil
}

// inspectSQLite opens a file that must exist for reading.
func inspectSQLite(file string) (*sql.DB, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(abs); err != nil {
		return nil, err
	}
	return sql.Open("sqlite", sqliteURL(abs, "query_only(1)"))
}

func versionBefore(a, b string) bool {
	var x, y [3]int
	fmt.Sscanf(a, "%d.%d.%d", &x[0], &x[1], &x[2])
	fmt.Sscanf(b, "%d.%d.%d", &y[0], &y[1], &y[2])
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}

func sqliteDuplicate(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && (e.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY || e.Code() == lib.SQLITE_CONSTRAINT_UNIQUE)
}

// sqliteFaulty says that the engine itself failed, and not a row that broke a rule.
// It may then have undone the whole transaction by itself.
func sqliteFaulty(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && e.Code()&0xff != lib.SQLITE_CONSTRAINT
}

// sqliteRefused says of a failed commit that its end was never written, because the disk
// is full or read-only: then nothing of it was kept. After any other failure, such as of
// a sync, what was written may still be found by the next start.
func sqliteRefused(err error) bool {
	var e *driver.Error
	if !errors.As(err, &e) {
		return false
	}
	primary := e.Code() & 0xff
	return primary == lib.SQLITE_FULL || primary == lib.SQLITE_READONLY
}

// Integrity asks the engine to check its own structure, and looks for what
// Waylight never makes and what could change rows behind its back. What it finds
// is damage, whether or not the custody log covers it.
func (db *DB) Integrity(ctx context.Context) ([]string, error) {
	if db.engine != sqlite {
		return db.findings(ctx, `select 'somebody added the trigger ' || tgname from pg_trigger where not tgisinternal
union all select 'somebody added the view ' || viewname from pg_views where schemaname = current_schema()
union all select 'somebody added the rule ' || rulename from pg_rules where schemaname = current_schema()`)
	}
	found, err := db.findings(ctx, "pragma integrity_check(20)")
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(line string) bool { return line == "ok" })
	added, err := db.findings(ctx, `select 'somebody added the ' || type || ' ' || name from sqlite_master where type in ('trigger', 'view') order by name`)
	return append(found, added...), err
}

func (db *DB) findings(ctx context.Context, q string) ([]string, error) {
	rows, err := db.readers.QueryContext(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("checking the database's structure: %w", err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, fmt.Errorf("checking the database's structure: %w", err)
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}
