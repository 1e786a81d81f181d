// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"waylight/internal/platform/custody"
)

func coveredTables(tables map[string]*Table) []string {
	var order []string
	for name, t := range tables {
		if t.Covered {
			order = append(order, name)
		}
	}
	slices.Sort(order)
	return order
}

// canonical is a row as the custody log commits to it.
func (t *Table) canonical(values []any) custody.Row {
	columns := make([]custody.Column, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = custody.Column{Name: c.Name, Value: values[i]}
	}
	key := make([]any, len(t.keyAt))
	for i, at := range t.keyAt {
		key[i] = values[at]
	}
	return custody.Row{Table: t.Name, Key: encodeKey(key), Hash: custody.RowHash(t.Name, columns)}
}

func encodeKey(key []any) []byte {
	b := make([]byte, 0, 64)
	for _, v := range key {
		b = custody.AppendValue(b, v)
	}
	return b
}

// scanner returns destinations for all columns.
func (t *Table) scanner() (values []any, scan []any) {
	values = make([]any, len(t.Columns))
	scan = make([]any, len(t.Columns))
	for i := range values {
		scan[i] = &values[i]
	}
	return values, scan
}

// scanned makes the canonical row of what a driver returned. A value of
// another type than the column's is damage and is hashed as it stands, so that
// it disagrees instead of passing or stopping the check.
func (t *Table) scanned(values []any) (custody.Row, error) {
	clean := make([]any, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil, int64:
			clean[i] = v
		case string:
			clean[i] = v
			if t.Columns[i].Type == "bytes" {
				clean[i] = []byte(v)
			}
		case []byte:
			clean[i] = slices.Clone(v)
			if t.Columns[i].Type == "text" {
				clean[i] = string(v)
			}
		default:
			clean[i] = fmt.Sprint(v)
		}
	}
	return t.canonical(clean), nil
}

// Covered calls row for every covered row of a program in its canonical form,
// table by table.
func (db *DB) Covered(ctx context.Context, program string, row func(custody.Row) error) error {
	for _, name := range db.order {
		t := db.tables[name]
		if err := db.coveredTable(ctx, t, program, row); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) coveredTable(ctx context.Context, t *Table, program string, row func(custody.Row) error) error {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = c.Name
	}
	q := fmt.Sprintf("select %s from %s where program = $1", strings.Join(columns, ", "), t.Name)
	rows, err := db.readers.QueryContext(ctx, q, program)
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	defer rows.Close()
	for rows.Next() {
		values, scan := t.scanner()
		if err := rows.Scan(scan...); err != nil {
			return fmt.Errorf("reading %s: %w", t.Name, err)
		}
		r, err := t.scanned(values)
		if err != nil {
			return err
		}
		if err := row(r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading %s: %w", t.Name, err)
	}
	return nil
}

// Programs returns every program that has a log or a covered row, so that
// verify misses none, not even one whose log was removed.
func (db *DB) Programs(ctx context.Context) ([]string, error) {
	seen := map[string]bool{}
	for _, name := range append([]string{"custody_tree", "custody_checkpoint"}, db.order...) {
		rows, err := db.readers.QueryContext(ctx, "select distinct program from "+name)
		if err != nil {
			return nil, fmt.Errorf("listing programs: %w", err)
		}
		for rows.Next() {
			var p string
			if err := rows.Scan(&p); err != nil {
				rows.Close()
				return nil, fmt.Errorf("listing programs: %w", err)
			}
			seen[p] = true
		}
		if err := rows.Err(); err != nil {
			return nil, fmt.Errorf("listing programs: %w", err)
		}
		rows.Close()
	}
	var list []string
	for p := range seen {
		list = append(list, p)
	}
	slices.Sort(list)
	return list, nil
}
