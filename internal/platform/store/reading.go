// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
)

// reading is a reader on one connection of SQLite, in one transaction.
type reading struct {
	db     *DB
	tx     *sql.Tx
	parsed []string // the queries whose statements are not kept yet
}

// Reading calls read with a reader for several queries about the same rows. On
// SQLite they see one moment, and find in memory what those before them read: by
// itself each query begins with nothing, because every commit by anybody empties
// what a connection keeps. On PostgreSQL, whose memory is everybody's, each query
// is one of its own. While read runs it holds one of a few connections: it must
// not ask the DB itself, which might wait for another one for ever. An answer is
// read to its end before the same query is asked again.
func (db *DB) Reading(ctx context.Context, read func(r Reader) error) error {
	if db.engine != sqlite || db.inspecting {
		return read(db)
	}
	tx, err := db.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("beginning to read: %w", err)
	}
	r := &reading{db: db, tx: tx}
	err = read(r)
	_ = tx.Rollback() // it changed nothing; a connection that cannot end it is closed
	for _, q := range r.parsed {
		db.statement(ctx, q)
	}
	return err
}

// statement gives the kept statement of a query. One that is not kept yet is made
// afterwards: that takes a connection, and all of them may be reading.
func (r *reading) statement(ctx context.Context, q string) (*sql.Stmt, *asked) {
	kept, _ := r.db.asked.kept(q)
	if kept == nil {
		r.parsed = append(r.parsed, q)
		return nil, nil
	}
	return r.tx.StmtContext(ctx, kept.Stmt), kept
}

// Query reads rows.
func (r *reading) Query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	if stmt, kept := r.statement(ctx, q); stmt != nil {
		return stmt.QueryContext(ctx, kept.args(args)...)
	}
	return r.tx.QueryContext(ctx, q, args...)
}

// QueryRow reads one row.
func (r *reading) QueryRow(ctx context.Context, q string, args ...any) *sql.Row {
	if stmt, kept := r.statement(ctx, q); stmt != nil {
		return stmt.QueryRowContext(ctx, kept.args(args)...)
	}
	return r.tx.QueryRowContext(ctx, q, args...)
}
