// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	driver "modernc.org/sqlite"
)

// copyPages is how many pages are copied between two looks at the context.
const copyPages = 1024

// CopySQLite copies a SQLite database as it stands at this moment into a new
// file, while others read and write it, and makes the copy durable. The copy is
// one file: it has no log of pages beside it. progress may be nil.
func CopySQLite(ctx context.Context, file, to string, progress func(done, total int64)) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	defer f.Close()
	from, err := inspectSQLite(file)
	if err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	defer from.Close()
	from.SetMaxOpenConns(1)
	conn, err := from.Conn(ctx)
	if err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	defer conn.Close()
	if err := refuseUnfinished(ctx, conn, sqlite); err != nil {
		return err
	}
	if err := copyFrom(ctx, conn, to, progress); err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	return f.Sync()
}

func copyFrom(ctx context.Context, conn *sql.Conn, to string, progress func(done, total int64)) error {
	// The open transaction keeps the moment; without it every write meanwhile
	// would make the copy begin anew.
	if _, err := conn.ExecContext(ctx, "begin"); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "rollback")
	var tables, pageSize int64
	err := errors.Join(
		conn.QueryRowContext(ctx, "select count(*) from sqlite_master").Scan(&tables),
		conn.QueryRowContext(ctx, "pragma page_size").Scan(&pageSize))
	if err != nil {
		return err
	}
	err = conn.Raw(func(c any) error {
		source, ok := c.(interface {
			NewBackup(string) (*driver.Backup, error)
		})
		if !ok {
			return fmt.Errorf("the SQLite driver is %T", c)
		}
		copying, err := source.NewBackup(sqliteURL(to, "synchronous(0)"))
		if err != nil {
			return err
		}
		for more := true; more && err == nil; {
			if err = ctx.Err(); err == nil {
				more, err = copying.Step(copyPages)
			}
			if err == nil && progress != nil {
				total := int64(copying.PageCount())
				progress((total-int64(copying.Remaining()))*pageSize, total*pageSize)
			}
		}
		return errors.Join(err, copying.Finish())
	})
	if err != nil {
		return err
	}
	return plainFile(ctx, to)
}

// CarryLog carries a log of pages that stands beside a SQLite file into it, as
// the engine does after a crash, and removes the log.
func CarryLog(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite", sqliteURL(file, "synchronous(2)"))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var busy, frames, carried int64
	if err := db.QueryRowContext(ctx, "pragma wal_checkpoint(truncate)").Scan(&busy, &frames, &carried); err != nil {
		return fmt.Errorf("carrying a log of pages into the database: %w", err)
	}
	if busy != 0 {
		return errors.New("carrying a log of pages into the database: it is in use")
	}
	return db.Close()
}

// plainFile takes the mark from a copy that its source is written with a log of
// pages, so that reading the copy makes no files beside it.
func plainFile(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite", sqliteURL(file))
	if err != nil {
		return err
	}
	defer db.Close()
	var mode string
	if err := db.QueryRowContext(ctx, "pragma journal_mode = delete").Scan(&mode); err != nil {
		return err
	}
	if mode != "delete" {
		return fmt.Errorf("the copy keeps journal mode %s", mode)
	}
	return nil
}
