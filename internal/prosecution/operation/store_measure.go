// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

// sums is how a measure is counted: what its dimensions are in SQL, and which rows it has.
type sums struct {
	dimensions map[string]string
	table      string // with its condition on program ($1) and period ($2, $3)
	value      string // what is confirmed
	unproven   string // how many rows are not
	rows       string // how many are
}

var operationSums = sums{
	dimensions: map[string]string{"state": "state", "kind": "kind", "level": "coalesce(level, 'other')", "lead": "lead", "surge": "surge"},
	table: `(select o.program, o.id, o.began, o.state, o.kind, o.level, o.lead, g.id as surge from operation o
		left join surge g on g.program = o.program and g.id = o.surge and g.closed_at is not null) as told where program = $1 and began >= $2 and began < $3 and state in ('closed', 'reviewed')`,
	value:    `sum(case when state = 'reviewed' then 1 else 0 end)`,
	unproven: `sum(case when state = 'closed' then 1 else 0 end)`,
	rows:     `sum(case when state = 'reviewed' then 1 else 0 end)`,
}

var surgeSums = sums{
	dimensions: map[string]string{"lead": "lead", "surge": "id"},
	table:      `surge where program = $1 and starts >= $2 and starts < $3 and closed_at is not null`,
	value:      `sum(days)`,
	unproven:   `0`,
	rows:       `count(*)`,
}

// where adds the conditions of a query.
func (m sums) where(q figure.Query, args []any) (string, []any, error) {
	var b strings.Builder
	names := make([]string, 0, len(q.Where))
	for name := range q.Where {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		column, known := m.dimensions[name]
		if !known {
			return "", nil, fmt.Errorf("%w: %s", errDimension, name)
		}
		value, err := valueOf(name, q.Where[name])
		if err != nil {
			return "", nil, err
		}
		if value == nil {
			fmt.Fprintf(&b, " and %s is null", column)
			continue
		}
		args = append(args, value)
		fmt.Fprintf(&b, " and %s = $%d", column, len(args))
	}
	return b.String(), args, nil
}

// valueOf is a dimension's value as it is stored; nil for the surge of what is in none.
func valueOf(name, value string) (any, error) {
	if name != "surge" {
		return value, nil
	}
	if value == figure.Other {
		return nil, nil
	}
	id, err := store.ParseID(value)
	if err != nil {
		return nil, fault.Wrap(err, "reading a surge")
	}
	return id[:], nil
}

// count gives a cell for every combination that has something in it.
func (m sums) count(ctx context.Context, r store.Reader, q figure.Query) ([]figure.Cell, error) {
	from, to := bounds(q)
	where, args, err := m.where(q, []any{q.Program, from, to})
	if err != nil {
		return nil, err
	}
	var by []string
	for _, name := range q.By {
		column, known := m.dimensions[name]
		if !known {
			return nil, fmt.Errorf("%w: %s", errDimension, name)
		}
		by = append(by, column)
	}
	columns := strings.Join(append(slices.Clone(by), m.value, m.unproven, m.rows), ", ")
	order := ""
	if len(by) > 0 {
		order = " group by " + strings.Join(by, ", ") + " order by " + strings.Join(by, ", ")
	}
	out, err := store.Collect(ctx, r, "counting", func(row store.Scanner) (figure.Cell, error) { return scanCell(row, q.By) }, "select "+columns+" from "+m.table+where+order, args...)
	if err != nil || len(by) > 0 {
		return out, err
	}
	return slices.DeleteFunc(out, func(c figure.Cell) bool { return c.Rows == 0 && c.Unproven == 0 }), nil
}

func scanCell(row store.Scanner, by []string) (figure.Cell, error) {
	texts, ids := make([]string, len(by)), make([]store.ID, len(by))
	var into []any
	for i, name := range by {
		if name == "surge" {
			into = append(into, &ids[i])
		} else {
			into = append(into, &texts[i])
		}
	}
	var c figure.Cell
	var value, unproven, rows sql.NullInt64
	err := row.Scan(append(into, &value, &unproven, &rows)...)
	c.Value, c.Unproven, c.Rows = value.Int64, unproven.Int64, rows.Int64
	for i, name := range by {
		switch {
		case name != "surge":
			c.Key = append(c.Key, texts[i])
		case ids[i].IsZero():
			c.Key = append(c.Key, figure.Other)
		default:
			c.Key = append(c.Key, ids[i].String())
		}
	}
	return c, err
}

// countedRow is something that a cell counts.
type countedRow struct {
	id          store.ID
	at, value   int64
	lead, state string
	name        string
}

// counted lists what a cell of operations counts, in the order of time: those that were reviewed.
func counted(ctx context.Context, r store.Reader, q figure.Query, from position, limit int) ([]countedRow, error) {
	first, last := bounds(q)
	where, args, err := operationSums.where(q, []any{q.Program, first, last, from.at, from.id})
	if err != nil {
		return nil, err
	}
	args = append(args, limit)
	return store.Collect(ctx, r, "listing what is counted", func(row store.Scanner) (countedRow, error) {
		var c countedRow
		err := row.Scan(&c.id, &c.at, &c.lead, &c.state)
		return c, err
	}, `select id, began, lead, state from `+operationSums.table+` and state = 'reviewed' and (began > $4 or began = $4 and id > $5)`+where+fmt.Sprintf(` order by began, id limit $%d`, len(args)), args...)
}

// countedSurges lists what a cell of days counts.
func countedSurges(ctx context.Context, r store.Reader, q figure.Query, from position, limit int) ([]countedRow, error) {
	first, last := bounds(q)
	where, args, err := surgeSums.where(q, []any{q.Program, first, last, from.at, from.id})
	if err != nil {
		return nil, err
	}
	args = append(args, limit)
	return store.Collect(ctx, r, "listing what is counted", func(row store.Scanner) (countedRow, error) {
		var c countedRow
		err := row.Scan(&c.id, &c.at, &c.lead, &c.name, &c.value)
		return c, err
	}, `select id, starts, lead, name, days from `+surgeSums.table+` and (starts > $4 or starts = $4 and id > $5)`+where+fmt.Sprintf(` order by starts, id limit $%d`, len(args)), args...)
}

// closedSurges gives the surge of each operation of one that is closed.
func closedSurges(ctx context.Context, r store.Reader, programID string) (map[store.ID]store.ID, error) {
	pairs, err := store.Collect(ctx, r, "listing the operations of surges", func(row store.Scanner) (pair [2]store.ID, err error) {
		err = row.Scan(&pair[0], &pair[1])
		return pair, err
	}, `select o.id, g.id from surge g join operation o on o.program = g.program and o.surge = g.id where g.program = $1 and g.closed_at is not null`, programID)
	of := make(map[store.ID]store.ID, len(pairs))
	for _, p := range pairs {
		of[p[0]] = p[1]
	}
	return of, err
}

// closedSurge is the name of a surge that is closed, "" for any other.
func closedSurge(ctx context.Context, r store.Reader, programID string, id store.ID) (string, error) {
	var name string
	err := r.QueryRow(ctx, `select name from surge where program = $1 and id = $2 and closed_at is not null`, programID, id).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return name, fault.Wrap(err, "reading a surge's name")
}
