// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Moment is the database as it stands at one moment, whatever is written
// meanwhile. It holds nobody up; on SQLite the log of pages grows until it is
// closed.
type Moment struct {
	db *DB
	tx *sql.Tx
}

// Moment opens one.
func (db *DB) Moment(ctx context.Context) (*Moment, error) {
	var o *sql.TxOptions
	if db.engine == postgres {
		o = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := db.readers.BeginTx(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("looking at one moment: %w", err)
	}
	var n int
	if err := tx.QueryRowContext(ctx, `select count(*) from store_migration`).Scan(&n); err != nil { // the first read fixes the moment
		tx.Rollback()
		return nil, fmt.Errorf("looking at one moment: %w", err)
	}
	return &Moment{db: db, tx: tx}, nil
}

// Close ends it.
func (s *Moment) Close() error { return s.tx.Rollback() }

// Tables lists the declared tables; what one refers to stands before it.
func (s *Moment) Tables() []*Table { return InOrder(s.db.tables) }

// Query reads rows.
func (s *Moment) Query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return s.tx.QueryContext(ctx, q, args...)
}

// QueryRow reads one row.
func (s *Moment) QueryRow(ctx context.Context, q string, args ...any) *sql.Row {
	return s.tx.QueryRowContext(ctx, q, args...)
}

// Migrations lists what has run in this database, with the digest of what it
// said, room by room.
func (s *Moment) Migrations(ctx context.Context) ([]Ran, error) {
	rows, err := s.tx.QueryContext(ctx, `select room, number, digest from store_migration order by room, number`)
	if err != nil {
		return nil, fmt.Errorf("reading which migrations ran: %w", err)
	}
	defer rows.Close()
	var list []Ran
	for rows.Next() {
		var r Ran
		if err := rows.Scan(&r.Room, &r.Number, &r.Digest); err != nil {
			return nil, fmt.Errorf("reading which migrations ran: %w", err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// Ran is a migration that a database has run.
type Ran struct {
	Room   string `json:"room"`
	Number int    `json:"number"`
	Digest string `json:"digest"`
}

// Programs lists the programs that any of the tables has a row of.
func (s *Moment) Programs(ctx context.Context) ([]string, error) {
	return programsIn(ctx, s.Query, InOrder(s.db.tables))
}

// Count is how many rows of a program a table has.
func (s *Moment) Count(ctx context.Context, t *Table, program string) (int64, error) {
	var n int64
	err := s.tx.QueryRowContext(ctx, `select count(*) from `+t.Name+` where program = $1`, program).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting the rows of %s: %w", t.Name, err)
	}
	return n, nil
}

// Each calls row for every row of a program in a table, in the order of the table's
// key from the row behind a key on; nil is before the first. The order is the engine's
// own, and the same at every moment. The values come in the order of the table's
// columns: nil, int64, string or []byte. They are valid until row returns.
func (s *Moment) Each(ctx context.Context, t *Table, program string, after []any, row func(values []any) error) error {
	key := strings.Join(t.Key, ", ")
	q := fmt.Sprintf(`select %s from %s where program = $1`, strings.Join(t.columnNames(), ", "), t.Name)
	if after != nil {
		marks := make([]string, len(after))
		for i := range marks {
			marks[i] = fmt.Sprintf("$%d", i+2)
		}
		q += fmt.Sprintf(` and (%s) > (%s)`, key, strings.Join(marks, ", "))
	}
	rows, err := s.tx.QueryContext(ctx, q+` order by `+key, append([]any{program}, after...)...)
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	return t.each(rows, row)
}

// Row calls row for the one with this key, if it is there.
func (s *Moment) Row(ctx context.Context, t *Table, key []any, row func(values []any) error) error {
	rows, err := s.tx.QueryContext(ctx, t.touch, key...)
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	return t.each(rows, row)
}

// KeyOf gives the values of the key in a row.
func (t *Table) KeyOf(values []any) []any {
	key := make([]any, len(t.keyAt))
	for i, at := range t.keyAt {
		key[i] = values[at]
	}
	return key
}

// each reads rows to their end.
func (t *Table) each(rows *sql.Rows, row func(values []any) error) error {
	defer rows.Close()
	values, scan := t.scanner()
	for rows.Next() {
		if err := rows.Scan(scan...); err != nil {
			return fmt.Errorf("reading %s: %w", t.Name, err)
		}
		if err := t.typed(values); err != nil {
			return err
		}
		if err := row(values); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	return nil
}

func (t *Table) columnNames() []string {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = c.Name
	}
	return columns
}

// typed holds a row that was read to the declared types. SQLite keeps whatever
// it is given; what no column declares is damage.
func (t *Table) typed(values []any) error {
	for i, c := range t.Columns {
		ok := values[i] == nil
		switch v := values[i].(type) {
		case int64:
			ok = c.Type == "bigint"
		case string:
			ok = c.Type == "text"
		case []byte:
			ok = c.Type == "bytes"
			if v == nil { // how the SQLite driver gives an empty value
				values[i] = []byte{}
			}
		}
		if !ok {
			return fmt.Errorf("%s.%s holds a value that is no %s: the database is damaged; run waylight verify", t.Name, c.Name, c.Type)
		}
	}
	return nil
}

// Hash is the canonical hash of a row, as the custody log commits to it.
func (t *Table) Hash(values []any) [32]byte { return t.canonical(values).Hash }

func programsIn(ctx context.Context, query func(context.Context, string, ...any) (*sql.Rows, error), tables []*Table) ([]string, error) {
	selects := make([]string, len(tables))
	for i, t := range tables {
		selects[i] = "select distinct program from " + t.Name
	}
	rows, err := query(ctx, strings.Join(selects, " union ")+" order by 1")
	if err != nil {
		return nil, fmt.Errorf("listing programs: %w", err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var p string
		if err := rows.Scan(&p); err != nil {
			return nil, fmt.Errorf("listing programs: %w", err)
		}
		list = append(list, p)
	}
	return list, rows.Err()
}
