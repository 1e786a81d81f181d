// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

// sums is how a measure is counted: its table, the column of its time, and its
// placement.
type sums struct {
	table, at, subject string
	dimensions         []string
	only               string
}

var (
	placedSums    = sums{table: "placement", at: "put_up_on", subject: "id", dimensions: []string{"kind", "county", "notice"}, only: " and put_up_on is not null"}
	inspectedSums = sums{table: "placement_inspection", at: "at", subject: "placement", dimensions: []string{"found", "opens", "kind", "county", "notice"}, only: " and found <> '" + PutUp + "'"}
	seenSums      = sums{table: "placement_inspection", at: "at", subject: "placement", dimensions: []string{"kind", "county", "notice"}, only: " and found = 'seen'"}
)

// column is how a dimension is read: what has no county is a group of its own.
func column(dimension string) string {
	if dimension == "county" {
		return "case when county = '' then '" + noCounty + "' else county end"
	}
	return dimension
}

// where is the condition of a query.
func (m sums) where(q figure.Query) (string, []any, error) {
	to := int64(math.MaxInt64)
	if !q.To.IsZero() {
		to = store.Micros(q.To)
	}
	text, args := fmt.Sprintf(" from %s where program = $1 and %s >= $2 and %s < $3", m.table, m.at, m.at)+m.only, []any{q.Program, store.Micros(q.From), to}
	for _, name := range slices.Sorted(maps.Keys(q.Where)) {
		if !slices.Contains(m.dimensions, name) {
			return "", nil, fmt.Errorf("placement: no dimension %s", name)
		}
		args = append(args, q.Where[name])
		text += fmt.Sprintf(" and %s = $%d", column(name), len(args))
	}
	return text, args, nil
}

// count gives a cell for every combination that has something in it.
func (m sums) count(ctx context.Context, r store.Reader, q figure.Query) ([]figure.Cell, error) {
	where, args, err := m.where(q)
	if err != nil {
		return nil, err
	}
	columns := make([]string, len(q.By))
	for i, name := range q.By {
		if !slices.Contains(m.dimensions, name) {
			return nil, fmt.Errorf("placement: no dimension %s", name)
		}
		columns[i] = column(name)
	}
	group := ""
	if len(q.By) > 0 {
		by := strings.Join(columns, ", ")
		group = " group by " + by + " order by " + by
	}
	out, err := store.Collect(ctx, r, "counting sheets", func(row store.Scanner) (figure.Cell, error) {
		c := figure.Cell{Key: make([]string, len(q.By))}
		var into []any
		for i := range c.Key {
			into = append(into, &c.Key[i])
		}
		err := row.Scan(append(into, &c.Rows)...)
		c.Value = c.Rows
		return c, err
	}, "select "+strings.Join(append(columns, "count(*)"), ", ")+where+group, args...)
	return slices.DeleteFunc(out, func(c figure.Cell) bool { return c.Rows == 0 }), err
}

// countedRow is something that a cell counts.
type countedRow struct {
	id, subject  store.ID
	at           int64
	kind, notice string
}

// list lists what a cell counts, in the order of time.
func (m sums) list(ctx context.Context, r store.Reader, q figure.Query, at int64, id store.ID, limit int) ([]countedRow, error) {
	where, args, err := m.where(q)
	if err != nil {
		return nil, err
	}
	n := len(args)
	where += fmt.Sprintf(" and (%s > $%d or %s = $%d and id > $%d) order by %s, id limit $%d", m.at, n+1, m.at, n+1, n+2, m.at, n+3)
	return store.Collect(ctx, r, "listing what is counted", func(row store.Scanner) (countedRow, error) {
		var c countedRow
		err := row.Scan(&c.id, &c.subject, &c.at, &c.kind, &c.notice)
		return c, err
	}, fmt.Sprintf("select id, %s, %s, kind, notice", m.subject, m.at)+where, append(args, at, id, limit)...)
}
