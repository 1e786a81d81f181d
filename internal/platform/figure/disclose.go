// SPDX-License-Identifier: Apache-2.0

package figure

import (
	"fmt"
	"slices"
	"time"

	"waylight/internal/platform/disclosure"
)

// The divisions by time.
const (
	year  = "year"
	month = "month"
	week  = "week" // its value is its Monday
)

// times are the divisions by time, and how their values are written. Package
// disclosure knows their periods.
var times = map[string]string{year: "2006", month: "2006-01", week: Day}

// Guarded says whether package disclosure can weigh the table: one about people
// whose parts add up.
func (t Table) Guarded() bool { return t.People && t.Unit.Sums() }

// frame is what of a table hiding and attacking it needs to know besides its
// numbers: the period, and the dimensions in the order of their keys. Filters are
// dimensions of which one value is told and the others are not.
func frame(s Spec, rows, columns []Head) (from, to string, dims []disclosure.Dimension, fixed []string) {
	from, to = s.From, dayAfter(s.Through)
	for name := range times {
		if value := s.Where[name]; value != "" {
			from, to = within(name, value, from, to)
		}
	}
	for _, d := range []struct {
		name  string
		heads []Head
	}{{s.Rows, rows}, {s.Columns, columns}} {
		if d.name == "" {
			continue
		}
		dim := disclosure.Dimension{Name: d.name}
		for _, h := range d.heads {
			v := disclosure.Value{Name: h.Value}
			if times[d.name] != "" {
				v.From, v.To = within(d.name, h.Value, from, to)
			}
			dim.Values = append(dim.Values, v)
		}
		dims = append(dims, dim)
	}
	var names []string
	for name := range s.Where {
		if times[name] == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		dims = append(dims, disclosure.Dimension{Name: name, Open: true, Values: []disclosure.Value{{Name: s.Where[name]}}})
		fixed = append(fixed, s.Where[name])
	}
	return from, to, dims, fixed
}

func dayAfter(day string) string {
	at, err := time.Parse(Day, day)
	if err != nil {
		return day
	}
	return at.AddDate(0, 0, 1).Format(Day)
}

// within is a week, a month or a year as days, cut to a period.
func within(division, value, from, to string) (string, string) {
	at, err := time.Parse(times[division], value)
	if err != nil {
		return from, to
	}
	end := at.AddDate(0, 1, 0)
	switch division {
	case year:
		end = at.AddDate(1, 0, 0)
	case week:
		end = at.AddDate(0, 0, 7)
	}
	return max(at.Format(Day), from), min(end.Format(Day), to)
}

// key is where an entry stands: its row and column, and the filters.
func key(s Spec, row, column string, fixed []string) []string {
	var out []string
	if s.Rows != "" {
		out = append(out, row)
	}
	if s.Columns != "" {
		out = append(out, column)
	}
	return append(out, fixed...)
}

// Counts is the table as package disclosure takes it.
func (t Table) Counts(name string, edition int64) disclosure.Counts {
	from, to, dims, fixed := frame(t.Spec, t.Rows, t.Columns)
	c := disclosure.Counts{Name: name, Edition: int(edition), Measure: t.Spec.Measure, From: from, To: to, Dimensions: dims, Margins: margins(t.Spec, dims)}
	t.Each(func(row, column string, e *Entry) {
		whole := t.Spec.Rows != "" && row == "" || t.Spec.Columns != "" && column == ""
		unsaid := e.State == NoProof
		if !whole || unsaid {
			c.Cells = append(c.Cells, disclosure.Count{Key: key(t.Spec, row, column, fixed), Value: e.Value, Qualifier: string(e.Qualifier), Unsaid: unsaid})
		}
	})
	return c
}

// margins are the divisions that are published: every one of rows and columns,
// always within the filters.
func margins(s Spec, dims []disclosure.Dimension) [][]string {
	var filters []string
	for _, d := range dims {
		if d.Open {
			filters = append(filters, d.Name)
		}
	}
	out := [][]string{slices.Clone(filters)}
	for _, name := range []string{s.Rows, s.Columns} {
		if name == "" {
			continue
		}
		for _, have := range slices.Clone(out) {
			out = append(out, append([]string{name}, have...))
		}
	}
	return out
}

// Guard takes over what package disclosure hid.
func (t *Table) Guard(safe disclosure.Table) error {
	_, _, _, fixed := frame(t.Spec, t.Rows, t.Columns)
	cells := map[string]disclosure.Cell{}
	for _, c := range safe.Cells {
		cells[fmt.Sprintf("%q", c.Key)] = c
	}
	var missing error
	t.Each(func(row, column string, e *Entry) {
		c, ok := cells[fmt.Sprintf("%q", key(t.Spec, row, column, fixed))]
		switch {
		case e.State == NoProof: // no number is told of it, and it was weighed so
		case !ok:
			missing = fmt.Errorf("the table of %s was not weighed whole", t.Spec.Measure)
		case c.Hidden:
			e.State = Withheld
		case e.State == Shown && c.Base > 1:
			e.State, e.Value = Rounded, c.Value
		}
	})
	return missing
}

// Withhold hides every entry.
func (t *Table) Withhold() {
	t.Each(func(_, _ string, e *Entry) { e.State = Withheld })
}

// WithholdFew hides entries that fewer rows than least make up; of what does not
// add up nothing can be worked out from its neighbors.
func (t *Table) WithholdFew(least int64) {
	t.Each(func(_, _ string, e *Entry) {
		if e.Rows < least {
			e.State = Withheld
		}
	})
}

// Disclosed are the tables of a document as package disclosure attacks them. What
// has not enough proof is not in them: it tells neither a number nor that there is one.
func (d Document) Disclosed() []disclosure.Table {
	var out []disclosure.Table
	for i, p := range d.Tables {
		t := p.Table()
		if !t.Guarded() {
			continue
		}
		from, to, dims, fixed := frame(t.Spec, t.Rows, t.Columns)
		dt := disclosure.Table{Name: TableName(d.Number, i, p.Measure), Edition: int(d.Number), Measure: p.Measure, From: from, To: to, Rule: d.Rule, Dimensions: dims}
		t.Each(func(row, column string, e *Entry) {
			c := disclosure.Cell{Key: key(t.Spec, row, column, fixed)}
			switch e.State {
			case NoProof:
				return
			case Withheld:
				c.Hidden = true
			default:
				c.Value, c.Qualifier = e.Value, string(e.Qualifier)
				if e.State == Rounded {
					c.Base = d.Rule.Base
				}
			}
			dt.Cells = append(dt.Cells, c)
		})
		out = append(out, dt)
	}
	return out
}

// TableName is what findings call table i of a release.
func TableName(number int64, i int, measure string) string {
	return fmt.Sprintf("release %d, table %d: %s", number, i+1, measure)
}
