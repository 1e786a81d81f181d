// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"cmp"
	"slices"
)

// counted is a checked table with all its sums.
type counted struct {
	frame  Table // without cells
	grid   *grid
	value  []int64
	known  []bool
	fixed  []bool // structural zeros
	unsaid []bool // stand in no table
	how    []string
	levels []int // the sets of dimensions that are published
}

// add checks what was counted and adds it up.
func add(c Counts, rule Rule) (*counted, error) {
	if err := checkFrame(c.Name, c.Measure, c.From, c.To, c.Dimensions); err != nil {
		return nil, err
	}
	t := &counted{frame: Table{Name: c.Name, Edition: c.Edition, Measure: c.Measure, From: c.From, To: c.To, Rule: rule, Dimensions: c.Dimensions}}
	t.grid = newGrid(&t.frame)
	n := t.grid.total
	t.value, t.known, t.fixed, t.unsaid, t.how = make([]int64, n), make([]bool, n), make([]bool, n), make([]bool, n), make([]string, n)
	if err := t.fill(c.Cells); err != nil {
		return nil, err
	}
	for d := range c.Dimensions {
		if err := t.sum(d); err != nil {
			return nil, err
		}
	}
	return t, t.divide(c.Margins)
}

// fill takes in what was counted; of the finest division nothing is missing.
func (t *counted) fill(cells []Count) error {
	for _, c := range cells {
		if err := checkKey(t.grid, t.frame.Name, c.Key); err != nil {
			return err
		}
		i := t.grid.at(c.Key)
		switch {
		case c.Value < 0:
			return because(errTable, "%s has a negative count at %s", t.frame.Name, keyText(c.Key))
		case c.Value > MaxCount:
			return because(errTable, "%s has a count over %d at %s", t.frame.Name, int64(MaxCount), keyText(c.Key))
		case c.Structural && c.Value != 0:
			return because(errTable, "%s calls the cell %s a structural zero, and it is no zero", t.frame.Name, keyText(c.Key))
		case t.known[i]:
			return because(errTable, "%s has the cell %s twice", t.frame.Name, keyText(c.Key))
		}
		if err := checkQualifier(t.frame.Name, c.Key, c.Qualifier); err != nil {
			return err
		}
		t.value[i], t.known[i], t.fixed[i], t.unsaid[i], t.how[i] = c.Value, true, c.Structural, c.Unsaid, c.Qualifier
	}
	at := make([]int, len(t.grid.sizes))
	for place := range t.grid.total {
		t.grid.coordinates(place, at)
		t.known[place] = t.known[place] || t.finest(at)
	}
	return nil
}

// finest says whether a place is divided by every dimension, by values that are no sums.
func (t *counted) finest(at []int) bool {
	for d, i := range at {
		if i == 0 || len(t.frame.Dimensions[d].Values[i-1].Of) > 0 {
			return false
		}
	}
	return true
}

// sum adds up dimension d at every place of the others that is known so far.
func (t *counted) sum(d int) error {
	for _, s := range t.inOrder(d) {
		for place := range t.grid.total {
			if place/t.grid.stride[d]%t.grid.sizes[d] != 0 {
				continue
			}
			if err := t.sumAt(d, s, place); err != nil {
				return err
			}
		}
	}
	return nil
}

// inOrder gives the sums of a dimension, each after those that are its parts.
func (t *counted) inOrder(d int) []split {
	if d == t.grid.time {
		if s, ok := t.wholePeriod(d); ok {
			return []split{s}
		}
		return nil
	}
	rest := t.grid.splits(d)
	pending := map[int]bool{}
	for _, s := range rest {
		pending[s.whole] = true
	}
	var list []split
	for len(rest) > 0 {
		var later []split
		for _, s := range rest {
			if slices.ContainsFunc(s.parts, func(p int) bool { return pending[p] }) {
				later = append(later, s)
				continue
			}
			list = append(list, s)
			delete(pending, s.whole)
		}
		rest = later
	}
	return list
}

// wholePeriod says whether the periods of a table follow each other through its
// whole period, and are its parts then.
func (t *counted) wholePeriod(d int) (split, bool) {
	values := t.frame.Dimensions[d].Values
	var s split
	for i := range values {
		s.parts = append(s.parts, i+1)
	}
	slices.SortFunc(s.parts, func(a, b int) int { return cmp.Compare(values[a-1].From, values[b-1].From) })
	day := t.frame.From
	for _, p := range s.parts {
		if values[p-1].From != day {
			return s, false
		}
		day = values[p-1].To
	}
	return s, day == t.frame.To
}

// sumAt adds up one place, or holds the given total against its parts.
func (t *counted) sumAt(d int, s split, place int) error {
	total, how, fixed := int64(0), "", true
	for _, p := range s.parts {
		i := place + p*t.grid.stride[d]
		if !t.known[i] {
			return nil
		}
		total, how, fixed = total+t.value[i], and(how, t.how[i]), fixed && t.fixed[i]
	}
	i := place + s.whole*t.grid.stride[d]
	at := make([]int, len(t.grid.sizes))
	t.grid.coordinates(i, at)
	key := t.grid.key(at)
	switch {
	case total > MaxCount:
		return because(errTable, "%s adds up to more than %d at %s", t.frame.Name, int64(MaxCount), keyText(key))
	case !t.known[i] && !s.rest:
		t.value[i], t.known[i], t.fixed[i], t.how[i] = total, true, fixed && total == 0, how
	case !t.known[i]:
		return nil
	case !s.rest && t.value[i] != total || t.value[i] < total:
		return because(errTotals, "%s has %d at %s, and the parts add up to %d", t.frame.Name, t.value[i], keyText(key), total)
	}
	return nil
}

// and is the qualifier of a sum, as package figure has it.
func and(a, b string) string {
	lower := func(q string) bool { return q == "at_least" || q == "more_than" }
	switch {
	case a == b || b == "":
		return a
	case a == "":
		return b
	case lower(a) && lower(b):
		return "at_least"
	}
	return "about"
}

// divide takes in which margins are published.
func (t *counted) divide(margins [][]string) error {
	if margins == nil {
		for set := range 1 << len(t.frame.Dimensions) {
			t.levels = append(t.levels, set)
		}
		return nil
	}
	for _, names := range margins {
		set := 0
		for _, name := range names {
			d := slices.IndexFunc(t.frame.Dimensions, func(d Dimension) bool { return d.Name == name })
			if d < 0 {
				return because(errTable, "%s is to be divided by something that is no dimension of it", t.frame.Name)
			}
			set |= 1 << d
		}
		if !slices.Contains(t.levels, set) {
			t.levels = append(t.levels, set)
		}
	}
	return nil
}

// table gives the table for the public as if nothing had to be hidden.
func (t *counted) table() (Table, error) {
	out := t.frame
	at := make([]int, len(t.grid.sizes))
	for place := range t.grid.total {
		if t.grid.coordinates(place, at); !slices.Contains(t.levels, t.grid.divides(at)) {
			continue
		}
		key := t.grid.key(at)
		if !t.known[place] {
			return out, because(errTotals, "%s needs a count at %s, which is not the sum of others", t.frame.Name, keyText(key))
		}
		if t.unsaid[place] {
			continue
		}
		c := Cell{Key: key, Value: t.value[place], Structural: t.fixed[place], Qualifier: t.how[place]}
		if base := t.frame.Rule.Base; base > 1 && c.Value > 0 {
			c.Value, c.Base = round(c.Value, base), base
		}
		out.Cells = append(out.Cells, c)
	}
	return out, nil
}
