// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// most is how many rows, and how many values, one statement carries at most.
const (
	mostRows   = 250
	mostValues = 30000
)

// InsertAll adds rows as Insert does. Where a statement is a round trip it puts
// many into one; the rows are taken in their order, and none is added when one
// of a statement's is there already.
func (tx *Tx) InsertAll(table string, rows []Row) error {
	t, ok := tx.db.tables[table]
	if !ok || tx.db.engine != postgres {
		for _, row := range rows {
			if err := tx.Insert(table, row); err != nil {
				return err
			}
		}
		return nil
	}
	each := min(mostRows, mostValues/len(t.Columns))
	for len(rows) > 0 {
		n := min(each, len(rows))
		if err := tx.insertTogether(t, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func (tx *Tx) insertTogether(t *Table, rows []Row) error {
	args := make([]any, 0, len(rows)*len(t.Columns))
	for _, row := range rows {
		values, err := t.values(row)
		if err != nil {
			return err
		}
		args = append(args, values...)
	}
	st := statement{q: wide(t.insert[postgres], len(rows)), args: args, table: t.Name}
	if _, err := tx.on.exec(st.q, st.args...); err != nil {
		return st.explain(tx.on, err)
	}
	if t.Covered {
		for i := range rows {
			tx.rows = append(tx.rows, t.canonical(args[i*len(t.Columns):(i+1)*len(t.Columns)]))
		}
	}
	return nil
}

// values are a row's values in the order of the columns.
func (t *Table) values(row Row) ([]any, error) {
	if len(row) != len(t.Columns) {
		return nil, fmt.Errorf("inserting into %s: %d values for %d columns", t.Name, len(row), len(t.Columns))
	}
	args := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		v, ok := row[c.Name]
		if !ok {
			return nil, fmt.Errorf("inserting into %s: column %s is not given", t.Name, c.Name)
		}
		value, err := normal(v)
		if err != nil {
			return nil, fmt.Errorf("inserting into %s, column %s: %w", t.Name, c.Name, err)
		}
		args[i] = value
	}
	return args, nil
}

// TouchAll is Touch for many rows that are there, with few statements. Each key
// has the values of the primary key.
func (tx *Tx) TouchAll(table string, keys [][]any) error {
	t, ok := tx.db.tables[table]
	if !ok || !t.Covered {
		return fmt.Errorf("touching: %s is not a covered table", table)
	}
	if tx.db.engine != postgres {
		for _, key := range keys {
			if err := tx.Touch(table, key...); err != nil {
				return err
			}
		}
		return nil
	}
	for len(keys) > 0 {
		n := min(mostRows, len(keys))
		if err := tx.touchTogether(t, keys[:n]); err != nil {
			return fmt.Errorf("touching %s: %w", table, err)
		}
		keys = keys[n:]
	}
	return nil
}

func (tx *Tx) touchTogether(t *Table, keys [][]any) error {
	head, _, _ := strings.Cut(t.touch, " where ")
	var args []any
	var rows []string
	for _, key := range keys {
		if len(key) != len(t.Key) {
			return fmt.Errorf("%d values for a key of %d", len(key), len(t.Key))
		}
		var parts []string
		for i, column := range t.Key {
			value, err := normal(key[i])
			if err != nil {
				return err
			}
			args = append(args, value)
			parts = append(parts, column+" = $"+strconv.Itoa(len(args)))
		}
		rows = append(rows, "("+strings.Join(parts, " and ")+")")
	}
	found, err := tx.on.query(context.Background(), head+" where "+strings.Join(rows, " or "), args...)
	if err != nil {
		return err
	}
	defer found.Close()
	n := 0
	for found.Next() {
		values, scan := t.scanner()
		if err := found.Scan(scan...); err != nil {
			return err
		}
		tx.rows = append(tx.rows, t.canonical(values))
		n++
	}
	if err := found.Err(); err != nil {
		return err
	}
	if n != len(keys) {
		return fmt.Errorf("%d rows of %d are there", n, len(keys))
	}
	return nil
}
