// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"waylight/internal/platform/custody"
)

// session runs statements of one open transaction.
type session interface {
	exec(q string, args ...any) (sql.Result, error)
	later(s statement) error
	query(ctx context.Context, q string, args ...any) (*sql.Rows, error)
	queryRow(ctx context.Context, q string, args ...any) *sql.Row
	duplicate(err error) bool
}

// Tx is a writing transaction. It is valid only inside the function it was
// given to.
type Tx struct {
	db     *DB
	on     session
	now    time.Time
	rows   []custody.Row  // changed covered rows that no entry names yet
	leaves []custody.Leaf // entries to append before the commit
}

// Now is the transaction's time.
func (tx *Tx) Now() time.Time { return tx.now }

// Query reads rows, this transaction's changes included.
func (tx *Tx) Query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return tx.on.query(context.WithoutCancel(ctx), q, args...)
}

// QueryRow reads one row, this transaction's changes included.
func (tx *Tx) QueryRow(ctx context.Context, q string, args ...any) *sql.Row {
	return tx.on.queryRow(context.WithoutCancel(ctx), q, args...)
}

// Exec changes rows and says how many. Changed rows of a covered table must be
// touched afterwards.
func (tx *Tx) Exec(q string, args ...any) (int64, error) {
	res, err := tx.on.exec(q, args...)
	if err != nil {
		if tx.on.duplicate(err) {
			return 0, fmt.Errorf("%w: %w", ErrExists, err)
		}
		return 0, err
	}
	return res.RowsAffected()
}

// Later adds rows with a statement "insert into … values (…)", optionally with "on
// conflict … do nothing", whose count nobody needs. In Accept on PostgreSQL it is
// sent together with others, before the next read or at the end: then its error is
// Accept's, as is that of Insert.
func (tx *Tx) Later(q string, args ...any) error {
	return tx.on.later(statement{q: q, args: args})
}

// statement is an insert that need not run at once.
type statement struct {
	q     string
	args  []any
	table string // of Insert
}

// explain is the error of the statement.
func (s statement) explain(on session, err error) error {
	if err == nil {
		return nil
	}
	if on.duplicate(err) {
		err = fmt.Errorf("%w: %w", ErrExists, err)
	}
	if s.table != "" {
		err = fmt.Errorf("inserting into %s: %w", s.table, err)
	}
	return err
}

// Row is one row's values by column. Values are string, []byte, ID, integers,
// bool (stored as 0 or 1), time.Time (stored as microseconds) or nil.
type Row map[string]any

// Insert adds a row, which must name every declared column. A row of a covered
// table joins the next custody entry. A row with the same key is ErrExists; Later
// says when.
func (tx *Tx) Insert(table string, row Row) error {
	t, ok := tx.db.tables[table]
	if !ok {
		return fmt.Errorf("inserting: no table %s is declared", table)
	}
	args, err := t.values(row)
	if err != nil {
		return err
	}
	if err := tx.on.later(statement{q: t.insert[tx.db.engine], args: args, table: table}); err != nil {
		return err
	}
	if t.Covered {
		tx.rows = append(tx.rows, t.canonical(args))
	}
	return nil
}

// Touch reads a covered row again after a change, by its primary key, and adds
// it to the next custody entry; a row that is gone is recorded as gone.
func (tx *Tx) Touch(table string, key ...any) error {
	t, ok := tx.db.tables[table]
	if !ok || !t.Covered {
		return fmt.Errorf("touching: %s is not a covered table", table)
	}
	if len(key) != len(t.Key) {
		return fmt.Errorf("touching %s: %d values for a key of %d", table, len(key), len(t.Key))
	}
	for i := range key {
		value, err := normal(key[i])
		if err != nil {
			return fmt.Errorf("touching %s: %w", table, err)
		}
		key[i] = value
	}
	values, scan := t.scanner()
	err := tx.on.queryRow(context.Background(), t.touch, key...).Scan(scan...)
	if errors.Is(err, sql.ErrNoRows) {
		tx.rows = append(tx.rows, custody.Row{Table: t.Name, Key: encodeKey(key), Gone: true})
		return nil
	}
	if err != nil {
		return fmt.Errorf("touching %s: %w", table, err)
	}
	tx.rows = append(tx.rows, t.canonical(values))
	return nil
}

// Log makes one custody entry of all covered rows changed since the last one.
// The entry is appended just before the commit, and only if there is one.
func (tx *Tx) Log(e custody.Entry) custody.Leaf {
	leaf := custody.Commit(e, tx.now, tx.rows)
	tx.rows = nil
	tx.leaves = append(tx.leaves, leaf)
	return leaf
}

// finish says whether the function's work may be committed.
func (tx *Tx) finish() error {
	if len(tx.rows) > 0 {
		return fmt.Errorf("a row of %s changed without a custody entry", tx.rows[0].Table)
	}
	return nil
}

// normal brings a value into one of the forms both engines keep.
func normal(v any) (any, error) {
	switch v := v.(type) {
	case nil, int64, string, []byte:
		if b, ok := v.([]byte); ok && b == nil {
			return nil, nil
		}
		return v, nil
	case ID:
		return v[:], nil
	case [32]byte:
		return v[:], nil
	case [16]byte:
		return v[:], nil
	case int:
		return int64(v), nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case time.Time:
		return Micros(v), nil
	default:
		return nil, fmt.Errorf("a value of type %T cannot be stored", v)
	}
}
