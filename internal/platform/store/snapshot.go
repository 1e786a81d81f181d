// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"waylight/internal/platform/custody"
)

// attempts is how often Snapshot tries to begin all its views at one moment.
const attempts = 50

// Snapshot calls read with up to n views of the database as it is at one moment,
// each on a connection of its own. While read runs, SQLite cannot shorten its
// log of pages, so it should not take longer than it must.
func (db *DB) Snapshot(ctx context.Context, n int, read func(views []custody.View) error) error {
	n = max(1, min(n, 4))
	for try := range attempts {
		if try == attempts-1 {
			n = 1 // a database that never stands still: one view always agrees with itself
		}
		done, err := db.snapshot(ctx, n, read)
		if done || err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) snapshot(ctx context.Context, n int, read func(views []custody.View) error) (done bool, err error) {
	var views []custody.View
	var first string
	defer func() {
		for _, v := range views {
			err = errors.Join(err, v.(*view).end())
		}
	}()
	for range n {
		v, err := db.view(ctx)
		if err != nil {
			return false, fmt.Errorf("beginning to read: %w", err)
		}
		views = append(views, v)
		heads, err := v.heads(ctx)
		if err != nil {
			return false, fmt.Errorf("beginning to read: %w", err)
		}
		if first == "" {
			first = heads
		}
		if heads != first {
			return false, nil
		}
	}
	return true, read(views)
}

// view is a reading transaction.
type view struct {
	db   *DB
	conn *sql.Conn
}

func (db *DB) view(ctx context.Context) (*view, error) {
	conn, err := db.readers.Conn(ctx)
	if err != nil {
		return nil, err
	}
	begin := "begin"
	if db.engine == postgres {
		begin = "begin isolation level repeatable read read only"
	}
	if _, err := conn.ExecContext(ctx, begin); err != nil {
		conn.Close()
		return nil, err
	}
	return &view{db: db, conn: conn}, nil
}

// end gives the connection back, or away when its transaction cannot be ended.
func (v *view) end() error {
	if _, err := v.conn.ExecContext(context.Background(), "rollback"); err != nil {
		_ = v.conn.Raw(func(any) error { return driver.ErrBadConn })
		return nil // what was read stands; the pool opens another connection
	}
	return v.conn.Close()
}

// heads tells one moment from another: nothing that is covered changes without
// the head of a log.
func (v *view) heads(ctx context.Context) (string, error) {
	rows, err := v.conn.QueryContext(ctx, `select program, size, frontier from custody_tree order by program`)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	all := "heads"
	for rows.Next() {
		var program string
		var size any
		var frontier []byte
		if err := rows.Scan(&program, &size, &frontier); err != nil {
			return "", err
		}
		all += fmt.Sprintf(" %q %v %x", program, size, frontier)
	}
	return all, rows.Err()
}

// Query implements custody.Reader.
func (v *view) Query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return v.conn.QueryContext(ctx, q, args...)
}

// QueryRow implements custody.Reader.
func (v *view) QueryRow(ctx context.Context, q string, args ...any) *sql.Row {
	return v.conn.QueryRowContext(ctx, q, args...)
}

// pieceOf is how many row numbers of SQLite make a piece, and pieces how many a
// table is cut into at most, whatever numbers its rows were given.
const (
	pieceOf = 20_000
	pieces  = 4_096
)

// Pieces implements custody.View.
func (v *view) Pieces(ctx context.Context) ([]custody.Piece, error) {
	var list []custody.Piece
	for _, name := range v.db.order {
		if v.db.engine != sqlite {
			list = append(list, custody.Piece{Table: name})
			continue
		}
		var from, to sql.NullInt64
		if err := v.QueryRow(ctx, fmt.Sprintf("select (select min(rowid) from %[1]s), (select max(rowid) from %[1]s)", name)).Scan(&from, &to); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if !from.Valid {
			continue
		}
		width := max(pieceOf, (uint64(to.Int64)-uint64(from.Int64))/pieces+1)
		for at := from.Int64; ; at += int64(width) {
			if uint64(to.Int64)-uint64(at) < width {
				list = append(list, custody.Piece{Table: name, From: at, To: to.Int64})
				break
			}
			list = append(list, custody.Piece{Table: name, From: at, To: at + int64(width) - 1})
		}
	}
	return list, nil
}

// Has implements custody.View.
func (v *view) Has(table string) bool { return v.db.tables[table] != nil }

// Covered implements custody.View. It takes the rows as the driver gives them,
// since copying each value once more is what would take the longest.
func (v *view) Covered(ctx context.Context, program string, p custody.Piece, row func(table string, key []byte, hash [32]byte)) error {
	t := v.db.tables[p.Table]
	q := fmt.Sprintf("select %s from %s where program = $1", t.columnList(), t.Name)
	args := []driver.NamedValue{{Ordinal: 1, Value: program}}
	if v.db.engine == sqlite {
		q = fmt.Sprintf("select %s from %s not indexed where program = $1 and rowid between $2 and $3", t.columnList(), t.Name)
		args = append(args, driver.NamedValue{Ordinal: 2, Value: p.From}, driver.NamedValue{Ordinal: 3, Value: p.To})
	}
	err := v.conn.Raw(func(conn any) error {
		asker, ok := conn.(driver.QueryerContext)
		if !ok {
			return errors.New("the driver takes no queries")
		}
		rows, err := asker.QueryContext(ctx, q, args)
		if err != nil {
			return err
		}
		defer rows.Close()
		h := newHasher(t)
		values := make([]driver.Value, len(t.Columns))
		for {
			err := rows.Next(values)
			if errors.Is(err, io.EOF) {
				return ctx.Err()
			}
			if err != nil {
				return err
			}
			for i, value := range values {
				h.columns[i].Value = value
			}
			row(t.Name, h.key(), h.hash())
		}
	})
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	return nil
}

// hasher makes canonical forms of one table's rows, again and again in the same
// memory.
type hasher struct {
	*Table
	columns   []custody.Column
	keys, row []byte
}

func newHasher(t *Table) *hasher {
	h := &hasher{Table: t, columns: make([]custody.Column, len(t.Columns))}
	for i, c := range t.Columns {
		h.columns[i].Name = c.Name
	}
	return h
}

func (h *hasher) key() []byte {
	h.keys = h.keys[:0]
	for _, at := range h.keyAt {
		h.keys = custody.AppendValue(h.keys, h.columns[at].Value)
	}
	return h.keys
}

func (h *hasher) hash() [32]byte {
	h.row = custody.AppendRow(h.row[:0], h.Name, h.columns)
	return sha256.Sum256(h.row)
}

func (t *Table) columnList() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}
