// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"

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

// canonical is a row as the custody log commits to it. A value of another type
// than its column's, which SQLite lets somebody store, is taken as what it is:
// the program would not find it again, so it must not hash like the right one.
func (t *Table) canonical(values []any) custody.Row {
	var room [64]custody.Column
	columns := append(room[:0], make([]custody.Column, len(t.Columns))...)
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
			var p any
			if err := rows.Scan(&p); err != nil {
				rows.Close()
				return nil, fmt.Errorf("listing programs: %w", err)
			}
			name, ok := p.(string)
			if !ok { // letters stored as bytes are another program's, and nobody's
				name = fmt.Sprintf("%q, stored as %T", p, p)
			}
			seen[name] = true
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
