// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
)

// what a measure adds up.
const (
	byQuantity = iota
	byAmount
)

// tally says how a measure is counted from the sums of days.
type tally struct {
	measure string
	kind    string
	adds    int
	only    map[dimension]string // the cells that belong to it
	never   map[dimension]string // and those that never do
	by      map[string]dimension // its dimensions but the month
}

// month is the one dimension that is not a column of the sums.
const month = "month"

// everywhere are the dimensions of every measure that come from the data.
var everywhere = map[string]dimension{"county": dCounty, "office": dOffice, "operation": dOperation, surge: dOperation}

func with(more map[string]dimension) map[string]dimension {
	out := map[string]dimension{}
	for _, m := range []map[string]dimension{everywhere, more} {
		for name, d := range m {
			out[name] = d
		}
	}
	return out
}

// tallies are the room's measures, in the order of the pages.
func tallies() []tally {
	recovered := with(map[string]dimension{"age": dAge, "exploitation": dExploitation})
	list := []tally{
		{measure: "arrests", kind: Arrest, never: map[dimension]string{dRole: PersonSold},
			by: with(map[string]dimension{"organization": dOrganization, "role": dRole, "offense": dOffense, "age": dAge})},
		{measure: "arrests_persons_sold", kind: Arrest, only: map[dimension]string{dRole: PersonSold}, by: with(nil)},
		{measure: "offenses", kind: Offense, by: with(map[string]dimension{"offense": dOffense, "stage": dStage})},
		{measure: "weapons", kind: Weapon, by: with(map[string]dimension{"item": dItem})},
		{measure: "currency", kind: Currency, adds: byAmount, by: with(nil)},
		{measure: "narcotics", kind: Narcotic, adds: byAmount, by: with(map[string]dimension{"item": dItem})},
		{measure: "vehicles", kind: Vehicle, by: with(map[string]dimension{"item": dItem})},
		{measure: "vehicles_value", kind: Vehicle, adds: byAmount, by: with(map[string]dimension{"item": dItem})},
		{measure: "property", kind: Property, by: with(nil)},
		{measure: "property_value", kind: Property, adds: byAmount, by: with(nil)},
		{measure: "digital_assets", kind: Digital, adds: byAmount, by: with(map[string]dimension{"item": dItem})},
		{measure: "people_recovered", kind: Recovery, only: map[dimension]string{dCertainty: Confirmed}, by: recovered},
		{measure: "people_recovered_potential", kind: Recovery, only: map[dimension]string{dCertainty: Potential}, by: recovered},
		{measure: "people_matched", kind: Recovery, only: map[dimension]string{dCertainty: Confirmed}, never: map[dimension]string{dMatched: ""}, by: with(map[string]dimension{"matched": dMatched})},
	}
	for _, covers := range covered {
		t := tally{measure: "announced_" + covers, kind: Total, only: map[dimension]string{dCovers: covers}, by: with(nil)}
		if covers == Currency || covers == Narcotic {
			t.adds = byAmount
		}
		list = append(list, t)
	}
	return list
}

// valuesOf are the closed lists of dimensions. What is not here comes from the data.
func valuesOf(kind string) map[string][]string {
	return map[string][]string{"role": {"trafficker", "buyer", figure.Other}, "offense": offenseCodes(), "stage": stages, "age": ages, "item": items[kind],
		"exploitation": forms, "matched": matches}
}

// order is how a measure's dimensions stand.
var order = []string{"organization", "role", "offense", "stage", "item", "age", "exploitation", "matched", month, "county", "office", surge, "operation"}

// Measures are what the room counts.
func (s *Service) Measures() []figure.Measure {
	var out []figure.Measure
	for _, t := range tallies() {
		m := figure.Measure{Name: t.measure, Unit: t.unit(), Cells: s.cells(t), Rows: s.rows(t)}
		m.People = m.Unit == figure.Persons || t.kind == Offense // an offense is somebody's
		closed := valuesOf(t.kind)
		for _, name := range order {
			if _, has := t.by[name]; !has && name != month {
				continue
			}
			d := figure.Dimension{Name: name, Values: closed[name], Apart: name == "stage", Inside: name == "operation"} // whose names are plans
			if d.Values == nil {
				d.Label = s.label(name)
			}
			m.Dimensions = append(m.Dimensions, d)
		}
		out = append(out, m)
	}
	return out
}

func (t tally) unit() figure.Unit {
	counted := t.kind
	if t.kind == Total {
		counted = t.only[dCovers]
	}
	switch {
	case counted == Narcotic:
		return figure.Milligrams
	case t.adds == byAmount:
		return figure.Cents
	case counted == Arrest || counted == Recovery:
		return figure.Persons
	}
	return figure.Things
}

// label names values that come from the data.
func (s *Service) label(dimension string) func(program, value string) string {
	return func(program, value string) string {
		if value == figure.Other {
			return map[string]string{"organization": "Other or unknown", "county": "County not known", "operation": "No operation"}[dimension]
		}
		ctx := context.Background()
		switch dimension {
		case "organization":
			list, _ := organizations(ctx, s.DB, program) // a name that cannot be read is its short name
			for _, o := range list {
				if o.ID == value {
					return o.Name
				}
			}
		case "office":
			if p, ok := s.Programs.Program(program); ok && p.Offices[value].ID != "" {
				return p.Offices[value].Name.In("en")
			}
		case "county":
			if where, err := place.ParsePlace(value); err == nil {
				return where.Name()
			}
		case surge:
			if s.Operations != nil {
				if name, err := s.Operations.SurgeName(ctx, s.DB, program, value); err == nil && name != "" {
					return name
				}
			}
		case "operation":
			if s.Operations != nil {
				if name, err := s.Operations.Name(ctx, s.DB, program, value); err == nil && name != "" {
					return name
				}
			}
		}
		return value
	}
}

// span is a query's days: from the first to the one that no longer belongs to it.
func (s *Service) span(q figure.Query) (from, to int64, err error) {
	p, ok := s.Programs.Program(q.Program)
	if !ok {
		return 0, 0, fault.New(fault.NotFound, "program_unknown", "There is no such program.")
	}
	from, to = math.MinInt32, math.MaxInt32
	if !q.From.IsZero() {
		from = dayNumber(q.From.In(p.Zone))
	}
	if !q.To.IsZero() {
		to = dayNumber(q.To.In(p.Zone))
		if dayIn(to, p.Zone).Before(q.To) { // it ends within a day, which belongs to it
			to++
		}
	}
	return from, to, nil
}

// shown is how the groups of a figure call what is in the sums.
func shown(value string) string {
	if value == "" {
		return figure.Other
	}
	return value
}

// monthOf is a day's month.
func monthOf(day int64) string { return dayTime(day).Format("2006-01") }

// cells counts a measure from the sums of days.
func (s *Service) cells(t tally) func(ctx context.Context, db store.Reader, q figure.Query) ([]figure.Cell, error) {
	return func(ctx context.Context, db store.Reader, q figure.Query) ([]figure.Cell, error) {
		c, err := newCounter(t, q)
		if err != nil {
			return nil, err
		}
		if c.surges, err = s.surges(ctx, db, q); err != nil {
			return nil, err
		}
		from, to, err := s.span(q)
		if err != nil {
			return nil, err
		}
		if err := eachDay(ctx, db, q.Program, t.kind, from, to, c.add); err != nil {
			return nil, err
		}
		return c.figures(), nil
	}
}

// maxBy is by how many dimensions one figure can be divided.
const maxBy = 8

// counter adds up the sums of days.
type counter struct {
	t      tally
	by     []string
	where  map[string]string
	months string // of Where; "" for all
	surges surges
	names  [][]string
	places []map[string]uint32
	groups map[[maxBy]uint32]*group
	space  []int64 // for the numbers of a day

	last    *group // the group of the cell before: neighbors often share one
	lastKey [maxBy]uint32
}

// group is the one that cells of a key are added to.
func (c *counter) group(key [maxBy]uint32) *group {
	if c.last != nil && key == c.lastKey {
		return c.last
	}
	g := c.groups[key]
	if g == nil {
		g = &group{}
		c.groups[key] = g
	}
	c.last, c.lastKey = g, key
	return g
}

func newCounter(t tally, q figure.Query) (*counter, error) {
	if len(q.By) > maxBy {
		return nil, fmt.Errorf("measure %s: divided by %d dimensions, at most %d", t.measure, len(q.By), maxBy)
	}
	c := &counter{t: t, by: q.By, where: map[string]string{}, groups: map[[maxBy]uint32]*group{}}
	for _, name := range q.By {
		if _, has := t.by[name]; !has && name != month {
			return nil, fmt.Errorf("measure %s has no dimension %s", t.measure, name)
		}
		c.names, c.places = append(c.names, nil), append(c.places, map[string]uint32{})
	}
	for name, value := range q.Where {
		switch _, has := t.by[name]; {
		case name == month:
			c.months = value
		case !has:
			return nil, fmt.Errorf("measure %s has no dimension %s", t.measure, name)
		default:
			c.where[name] = value
		}
	}
	return c, nil
}

// place gives a value of the i-th dimension its number.
func (c *counter) place(i int, value string) uint32 {
	if n, known := c.places[i][value]; known {
		return n
	}
	n := uint32(len(c.names[i]))
	c.places[i][value] = n
	c.names[i] = append(c.names[i], value)
	return n
}

// add counts a day.
func (c *counter) add(day int64, data []byte) error {
	if c.months != "" && monthOf(day) != c.months {
		return nil
	}
	cols, err := decode(data)
	if err != nil {
		return err
	}
	c.space = slices.Grow(c.space[:0], 3*cols.n)
	rows, quantity, amount, err := cols.numbers(c.space)
	if err != nil {
		return err
	}
	add := quantity
	if c.t.adds == byAmount {
		add = amount
	}
	refused := c.refused(&cols)
	places := make([][]uint32, len(c.by)) // of each dimension's values in this day
	which := make([]column, len(c.by))
	var key [maxBy]uint32
	for i, name := range c.by {
		if name == month {
			key[i] = c.place(i, monthOf(day))
			continue
		}
		which[i] = cols.column(c.t.by[name])
		for _, v := range cols.values[c.t.by[name]] {
			places[i] = append(places[i], c.place(i, c.surges.shown(name, v)))
		}
	}
	marks := qualifierMarks(cols.values[dQualifier])
	proven := make([]bool, len(cols.values[dProven]))
	for i, v := range cols.values[dProven] {
		proven[i] = v == yes
	}
	provens, marked := cols.column(dProven), cols.column(dQualifier)
next:
	for i := range cols.n {
		for n := range refused {
			r := &refused[n]
			if at := r.column.at(i); at >= len(r.out) || r.out[at] {
				continue next
			}
		}
		for j, list := range places {
			if list != nil {
				at := which[j].at(i)
				if at >= len(list) {
					return errCells
				}
				key[j] = list[at]
			}
		}
		g := c.group(key)
		if at := provens.at(i); at >= len(proven) || !proven[at] {
			g.unproven += rows[i]
			continue
		}
		sum, ok := plus(g.value, add[i])
		if !ok {
			return errOverflow
		}
		g.value, g.rows = sum, g.rows+rows[i]
		at := marked.at(i)
		if at >= len(marks) {
			return errCells
		}
		g.qualifiers |= marks[at]
	}
	return nil
}

// qualifierMarks gives each value its bit, the place in qualifiers; none for "exact".
func qualifierMarks(values []string) []uint16 {
	marks := make([]uint16, len(values))
	for i, v := range values {
		if at := slices.Index(qualifiers, v); at >= 0 {
			marks[i] = 1 << at
		}
	}
	return marks
}

// refusal is a dimension whose values do not all belong to what is counted.
type refusal struct {
	column
	out []bool // of each value
}

func (c *counter) refused(cols *columns) []refusal {
	var list []refusal
	check := func(d dimension, keeps func(value string) bool) {
		r := refusal{column: cols.column(d)}
		for _, v := range cols.values[d] {
			r.out = append(r.out, !keeps(v))
		}
		if slices.Contains(r.out, true) {
			list = append(list, r)
		}
	}
	for d, want := range c.t.only {
		check(d, func(v string) bool { return v == want })
	}
	for d, never := range c.t.never {
		check(d, func(v string) bool { return v != never })
	}
	for name, want := range c.where {
		check(c.t.by[name], func(v string) bool { return c.surges.shown(name, v) == want })
	}
	return list
}

// figures are the groups that were counted, in the order of their keys.
func (c *counter) figures() []figure.Cell {
	out := make([]figure.Cell, 0, len(c.groups))
	for k, g := range c.groups {
		f := figure.Cell{Key: c.key(k), Value: g.value, Rows: g.rows, Unproven: g.unproven}
		for i, q := range qualifiers {
			if g.qualifiers&(1<<i) != 0 {
				f.Qualifier = f.Qualifier.And(figure.Qualifier(q))
			}
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b figure.Cell) int { return slices.Compare(a.Key, b.Key) })
	return out
}

func (c *counter) key(k [maxBy]uint32) []string {
	out := make([]string, len(c.by))
	for i := range c.by {
		out[i] = c.names[i][k[i]]
	}
	return out
}

// rows lists what a cell counts.
func (s *Service) rows(t tally) func(ctx context.Context, db store.Reader, q figure.Query, after string, limit int) ([]figure.Row, string, error) {
	return func(ctx context.Context, db store.Reader, q figure.Query, after string, limit int) ([]figure.Row, string, error) {
		from, to, err := s.span(q)
		if err != nil {
			return nil, "", err
		}
		p, _ := s.Programs.Program(q.Program)
		b, err := s.box(q.Program)
		if err != nil {
			return nil, "", err
		}
		if m := q.Where[month]; m != "" {
			first, err := time.Parse("2006-01", m)
			if err != nil {
				return nil, "", nil // no such month: no rows
			}
			from, to = max(from, dayNumber(first)), min(to, dayNumber(first.AddDate(0, 1, 0)))
		}
		over, err := s.surges(ctx, db, q)
		if err != nil {
			return nil, "", err
		}
		list, next, err := counted(ctx, db, b, t, over, q, from, to, after, limit)
		if err != nil {
			return nil, "", err
		}
		out := make([]figure.Row, len(list))
		for i, r := range list {
			out[i] = figure.Row{ID: r.ID.String(), Date: dayIn(r.Day, p.Zone), What: s.describe(r), Link: "/staff/results/" + r.ID.String(), Value: r.Quantity}
			if t.adds == byAmount {
				out[i].Value = r.Amount
			}
		}
		return out, next, nil
	}
}
