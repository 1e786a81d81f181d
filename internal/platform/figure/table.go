// SPDX-License-Identifier: Apache-2.0

package figure

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// State says why an entry shows no number, or not the exact one.
type State string

// The states. Whether an entry is withheld because it is small itself or so that
// another cannot be worked out is not told: it would help to work it out.
const (
	Shown    State = ""
	Withheld State = "withheld"    // so that nobody can be found in it
	NoProof  State = "no_evidence" // too little of what was reported is confirmed
	Rounded  State = "rounded"     // to a step that hides single persons
)

// Head is a value of a dimension, in words.
type Head struct {
	Value string            `json:"value"`
	Words map[string]string `json:"words"` // by language
}

// Entry is one figure of a table.
type Entry struct {
	Value     int64     `json:"value"`
	Rows      int64     `json:"rows"`
	Unproven  int64     `json:"unproven"`
	Qualifier Qualifier `json:"qualifier,omitempty"`
	State     State     `json:"state,omitempty"`
}

// Table is a computed table. Its entries stand row by row; the last row and the
// last column are totals. A table that is not divided has that one entry.
type Table struct {
	Spec    Spec      `json:"spec"`
	Unit    Unit      `json:"unit"`
	People  bool      `json:"people"`
	Rows    []Head    `json:"row_heads"`
	Columns []Head    `json:"column_heads"`
	Entries [][]Entry `json:"entries"`
}

// Sums says whether parts of this unit add up to the whole. Lengths of time, such
// as a median, do not.
func (u Unit) Sums() bool { return u != Microseconds }

// errSum answers where figures are too large to be added exactly.
var errSum = fault.New(fault.Invalid, "figure.sum", "These figures are too large to be added exactly. Nothing was shown.")

// Compute asks a measure for a table, once, and adds its totals. Of what does not
// add up the measure is asked for each total.
func (r *Registry) Compute(ctx context.Context, db store.Reader, program string, zone *time.Location, s Spec) (Table, error) {
	m, err := r.Check(s, false)
	if err != nil {
		return Table{}, err
	}
	t := Table{Spec: s, Unit: m.Unit, People: m.People, Rows: []Head{}, Columns: []Head{}}
	cells, err := m.ask(ctx, db, s, program, zone, s.Rows, s.Columns)
	if err != nil {
		return Table{}, err
	}
	rows, columns := s.position()
	if t.Rows, err = r.heads(program, m, s, s.Rows, cells, rows); err != nil {
		return Table{}, err
	}
	if t.Columns, err = r.heads(program, m, s, s.Columns, cells, columns); err != nil {
		return Table{}, err
	}
	if (len(t.Rows)+1)*(len(t.Columns)+1) > maxEntries {
		return Table{}, ErrTooFine
	}
	t.lay(cells, rows, columns)
	if m.Unit.Sums() {
		err = t.total()
	} else {
		err = t.askTotals(ctx, db, m, program, zone)
	}
	if err != nil {
		return Table{}, err
	}
	t.prove()
	return t, nil
}

// position is where the values of rows and columns stand in a cell's key; -1: nowhere.
func (s Spec) position() (rows, columns int) {
	rows, columns = -1, -1
	if s.Rows != "" {
		rows = 0
	}
	if s.Columns != "" {
		columns = 1
	}
	return rows, columns
}

func (m Measure) ask(ctx context.Context, db store.Reader, s Spec, program string, zone *time.Location, by ...string) ([]Cell, error) {
	q, err := s.query(program, zone, by...)
	if err != nil {
		return nil, err
	}
	cells, err := m.Cells(ctx, db, q)
	if err != nil {
		return nil, fault.Wrap(err, "asking for "+m.Name)
	}
	for i, c := range cells {
		if len(c.Key) != len(q.By) {
			return nil, fmt.Errorf("measure %s: a cell has %d values for %d dimensions", m.Name, len(c.Key), len(q.By))
		}
		for k, v := range c.Key {
			if v == "" {
				cells[i].Key[k] = Other
			}
		}
	}
	return cells, nil
}

// spans names every week, month or year of the period, also those in which nothing
// happened: without them a table would not add up to its period.
func (s Spec) spans(division string) ([]string, error) {
	from, to, err := Period(s.From, s.Through, time.UTC)
	if err != nil {
		return nil, err
	}
	var names []string
	for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
		at := day
		if division == week {
			at = day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
		}
		if name := at.Format(times[division]); len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return names, nil
}

// heads are the values of a dimension: its closed list, every part of the period,
// or what the data has.
func (r *Registry) heads(program string, m Measure, s Spec, name string, cells []Cell, at int) ([]Head, error) {
	if name == "" {
		return []Head{}, nil
	}
	d, _ := m.Dimension(name)
	values := slices.Clone(d.Values)
	if times[name] != "" && d.Values == nil {
		spans, err := s.spans(name)
		if err != nil {
			return nil, err
		}
		values = spans
	}
	for _, c := range cells {
		v := c.Key[at]
		switch {
		case slices.Contains(values, v):
		case d.Values != nil:
			return nil, fmt.Errorf("measure %s: %q is no value of %s", m.Name, v, name)
		case len(values) > maxEntries:
			return nil, ErrTooFine
		default:
			values = append(values, v)
		}
	}
	if d.Values == nil {
		slices.SortFunc(values, func(a, b string) int {
			switch {
			case a == b:
				return 0
			case a == Other, b != Other && b < a:
				return 1
			}
			return -1
		})
	}
	heads := make([]Head, len(values))
	for i, v := range values {
		heads[i] = r.head(program, m, d, v)
	}
	return heads, nil
}

func index(heads []Head, value string) int {
	return slices.IndexFunc(heads, func(h Head) bool { return h.Value == value })
}

// lay puts the cells in their places.
func (t *Table) lay(cells []Cell, rows, columns int) {
	t.Entries = make([][]Entry, len(t.Rows)+1)
	for i := range t.Entries {
		t.Entries[i] = make([]Entry, len(t.Columns)+1)
	}
	for _, c := range cells {
		i, j := len(t.Rows), len(t.Columns)
		if rows >= 0 {
			i = index(t.Rows, c.Key[rows])
		}
		if columns >= 0 {
			j = index(t.Columns, c.Key[columns])
		}
		e := &t.Entries[i][j]
		*e = Entry{Value: e.Value + c.Value, Rows: e.Rows + c.Rows, Unproven: e.Unproven + c.Unproven, Qualifier: e.Qualifier.And(c.Qualifier)}
	}
}

// total adds the totals, exactly or not at all.
func (t *Table) total() error {
	last := len(t.Columns)
	for i := range t.Rows {
		for j := range t.Columns {
			if err := t.Entries[i][last].add(t.Entries[i][j]); err != nil {
				return err
			}
			if err := t.Entries[len(t.Rows)][j].add(t.Entries[i][j]); err != nil {
				return err
			}
		}
	}
	for i := range t.Rows {
		if err := t.Entries[len(t.Rows)][last].add(t.Entries[i][last]); err != nil {
			return err
		}
	}
	return nil
}

func (e *Entry) add(o Entry) error {
	if o.Value > 0 && e.Value > math.MaxInt64-o.Value || o.Value < 0 && e.Value < math.MinInt64-o.Value {
		return errSum
	}
	e.Value, e.Rows, e.Unproven, e.Qualifier = e.Value+o.Value, e.Rows+o.Rows, e.Unproven+o.Unproven, e.Qualifier.And(o.Qualifier)
	return nil
}

// askTotals asks for what cannot be added.
func (t *Table) askTotals(ctx context.Context, db store.Reader, m Measure, program string, zone *time.Location) error {
	s := t.Spec
	asked := [][2]string{{s.Rows, s.Columns}}
	for _, by := range [][2]string{{s.Rows, ""}, {"", s.Columns}, {"", ""}} {
		if slices.Contains(asked, by) {
			continue
		}
		asked = append(asked, by)
		cells, err := m.ask(ctx, db, s, program, zone, by[0], by[1])
		if err != nil {
			return err
		}
		for _, c := range cells {
			i, j := len(t.Rows), len(t.Columns)
			switch {
			case by[0] != "":
				i = index(t.Rows, c.Key[0])
			case by[1] != "":
				j = index(t.Columns, c.Key[0])
			}
			if i >= 0 && j >= 0 {
				t.Entries[i][j] = Entry{Value: c.Value, Rows: c.Rows, Unproven: c.Unproven, Qualifier: c.Qualifier}
			}
		}
	}
	return nil
}

// prove marks entries of which less than half is confirmed: they say so instead of
// showing a number.
func (t *Table) prove() {
	for i := range t.Entries {
		for j := range t.Entries[i] {
			if e := &t.Entries[i][j]; e.Unproven > e.Rows {
				e.State = NoProof
			}
		}
	}
}

// Unconfirmed says whether something was reported that is not in the figures.
func (t Table) Unconfirmed() bool { return t.Entries[len(t.Rows)][len(t.Columns)].Unproven > 0 }

// Each calls fn for every entry with the values that it stands under, "" for totals.
func (t Table) Each(fn func(row, column string, e *Entry)) {
	value := func(heads []Head, i int) string {
		if i == len(heads) {
			return ""
		}
		return heads[i].Value
	}
	for i := range t.Entries {
		for j := range t.Entries[i] {
			fn(value(t.Rows, i), value(t.Columns, j), &t.Entries[i][j])
		}
	}
}

// Public is the table as everybody may have it: nothing stands under what is not
// shown, and not how many rows there are.
func (t Table) Public() Table {
	out := t
	out.Entries = make([][]Entry, len(t.Entries))
	for i := range t.Entries {
		out.Entries[i] = make([]Entry, len(t.Entries[i]))
		for j, e := range t.Entries[i] {
			e.Rows, e.Unproven = 0, 0
			if e.State == Withheld || e.State == NoProof {
				e.Value, e.Qualifier = 0, Exact
			}
			out.Entries[i][j] = e
		}
	}
	return out
}
