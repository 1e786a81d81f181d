// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"waylight/internal/platform/fault"
)

// What a table may hold. A count beyond MaxCount is of no people on this earth.
const (
	MaxDimensions = 8
	MaxValues     = 4096
	MaxCells      = 1 << 18 // of a table's full division, totals with it
	MaxCount      = 1 << 36
	maxName       = 200
	maxNodes      = 1 << 19
)

// The codes of what is refused.
var (
	errRule   = fault.New(fault.Invalid, "disclosure_rule", "The disclosure rule cannot be used.")
	errTable  = fault.New(fault.Invalid, "disclosure_table", "The table cannot be read.")
	errTotals = fault.New(fault.Invalid, "disclosure_totals", "A total of the table is not the sum of its parts.")
	errSize   = fault.New(fault.TooLarge, "disclosure_size", "The table is too large.")
	// ErrTooFine: even with every cell hidden that may be, the table would tell
	// too much. It must be divided less finely.
	ErrTooFine = fault.New(fault.Invalid, "disclosure_too_fine", "The table is divided too finely to be published.")
	// ErrEarlier: with what was published earlier the tables would tell too much,
	// whatever of them is hidden.
	ErrEarlier = fault.New(fault.Conflict, "disclosure_earlier", "Together with an earlier release the table would tell too much.")
)

func because(e *fault.Error, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	c := *e
	c.Message += " " + strings.ToUpper(text[:1]) + text[1:] + "."
	return &c
}

func tooLarge(format string, args ...any) error { return because(errSize, format, args...) }

// filled gives the rule with its defaults, or says what is wrong with it.
func (r Rule) filled() (Rule, error) {
	if r.Min == 0 {
		r.Min = 11
	}
	if r.Width == 0 {
		r.Width = max(1, (r.Min-1)/2)
	}
	switch {
	case r.Min < 3 || r.Min > 1000:
		return r, because(errRule, "the smallest count shown must be from 3 to 1,000")
	case r.Width < 1 || r.Width > 100_000:
		return r, because(errRule, "the width must be from 1 to 100,000")
	case r.Base < 0 || r.Base > r.Min:
		return r, because(errRule, "the base of rounding must not be more than the smallest count shown")
	}
	return r, nil
}

// least is the smallest count that tells something about people.
func (r Rule) least() int64 {
	if r.Zeros {
		return 0
	}
	return 1
}

// small says whether a count must not be shown.
func (r Rule) small(value int64, structural bool) bool {
	return value < r.Min && value >= r.least() && !(structural && value == 0)
}

// check holds a published table against what can be read.
func (t *Table) check() error {
	rule, err := t.Rule.filled()
	if err != nil {
		return err
	}
	t.Rule = rule
	if err := checkFrame(t.Name, t.Measure, t.From, t.To, t.Dimensions); err != nil {
		return err
	}
	g := newGrid(t)
	seen := map[int]bool{}
	for _, c := range t.Cells {
		if err := checkKey(g, t.Name, c.Key); err != nil {
			return err
		}
		if err := checkCell(t, c); err != nil {
			return err
		}
		if seen[g.at(c.Key)] {
			return because(errTable, "%s has the cell %s twice", t.Name, keyText(c.Key))
		}
		seen[g.at(c.Key)] = true
	}
	return nil
}

func checkCell(t *Table, c Cell) error {
	switch {
	case c.Value < 0:
		return because(errTable, "%s has a negative count at %s", t.Name, keyText(c.Key))
	case c.Value > MaxCount:
		return because(errTable, "%s has a count over %d at %s", t.Name, int64(MaxCount), keyText(c.Key))
	case c.Hidden && (c.Value != 0 || c.Base != 0 || c.Structural || c.Qualifier != ""):
		return because(errTable, "%s says something of the hidden cell %s", t.Name, keyText(c.Key))
	case c.Structural && (c.Value != 0 || c.Base != 0):
		return because(errTable, "%s calls the cell %s a structural zero, and it is no zero", t.Name, keyText(c.Key))
	case c.Base < 0 || c.Base > 1000 || c.Base > 1 && c.Value%c.Base != 0:
		return because(errTable, "%s has at %s no multiple of its base", t.Name, keyText(c.Key))
	}
	return checkQualifier(t.Name, c.Key, c.Qualifier)
}

func checkQualifier(table string, key []string, q string) error {
	if !slices.Contains([]string{"", "at_least", "more_than", "about", "close_to"}, q) {
		return because(errTable, "%s has an unknown qualifier at %s", table, keyText(key))
	}
	return nil
}

func checkKey(g *grid, table string, key []string) error {
	if len(key) != len(g.place) {
		return because(errTable, "%s has a cell with %d coordinates and %d dimensions", table, len(key), len(g.place))
	}
	for d, v := range key {
		if _, ok := g.place[d][v]; !ok {
			return because(errTable, "%s has a cell at an unknown value of %s", table, g.table.Dimensions[d].Name)
		}
	}
	return nil
}

func keyText(key []string) string {
	parts := clone(key)
	for i, p := range parts {
		if p == Whole {
			parts[i] = "all"
		}
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// checkFrame holds what a table is about, without its cells.
func checkFrame(name, measure, from, to string, dims []Dimension) error {
	switch {
	case !nameable(name) || !nameable(measure):
		return because(errTable, "a table and its measure need names of at most %d letters", maxName)
	case len(dims) > MaxDimensions:
		return tooLarge("%s has more than %d dimensions", name, MaxDimensions)
	case !period(from, to):
		return because(errTable, "%s has a period that does not end after it begins", name)
	}
	total, timed := 1, 0
	names := map[string]bool{}
	for i := range dims {
		d := &dims[i]
		if !nameable(d.Name) || names[d.Name] {
			return because(errTable, "%s has a dimension without a name of its own", name)
		}
		names[d.Name] = true
		if len(d.Values) > MaxValues {
			return tooLarge("the dimension %s of %s has more than %d values", d.Name, name, MaxValues)
		}
		if total *= len(d.Values) + 1; total > MaxCells {
			return tooLarge("%s has more than %d cells", name, MaxCells)
		}
		if d.timed() {
			timed++
		}
		if err := checkValues(name, from, to, d); err != nil {
			return err
		}
	}
	if timed > 1 {
		return because(errTable, "%s is divided by time twice", name)
	}
	return nil
}

func nameable(s string) bool {
	return s != "" && len(s) <= maxName && strings.IndexFunc(s, func(r rune) bool { return r < ' ' }) < 0
}

// period says whether both days are right, or both missing.
func period(from, to string) bool {
	return from == "" && to == "" || day(from) && day(to) && from < to
}

func day(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func checkValues(table, from, to string, d *Dimension) error {
	of := map[string][]string{}
	for _, v := range d.Values {
		if _, twice := of[v.Name]; !nameable(v.Name) || twice {
			return because(errTable, "the dimension %s of %s has a value without a name of its own", d.Name, table)
		}
		of[v.Name] = v.Of
		if !d.timed() && v.From == "" && v.To == "" {
			continue
		}
		if !d.timed() || d.Open || len(v.Of) > 0 || !day(v.From) || !period(v.From, v.To) || v.From < from || v.To > to {
			return because(errTable, "the dimension %s of %s is of time, and %s is no period within that of the table", d.Name, table, v.Name)
		}
	}
	for _, v := range d.Values {
		parts := map[string]bool{}
		for _, p := range v.Of {
			if _, ok := of[p]; !ok || parts[p] {
				return because(errTable, "the value %s of %s has a part that is no other value, or twice the same", v.Name, d.Name)
			}
			parts[p] = true
		}
		if within(of, v.Name, v.Of, len(of)) {
			return because(errTable, "the value %s of %s is a part of itself", v.Name, d.Name)
		}
	}
	return nil
}

// within looks for a name among parts and the parts of those.
func within(of map[string][]string, name string, parts []string, depth int) bool {
	seen := map[string]bool{}
	for len(parts) > 0 && depth >= 0 {
		var next []string
		for _, p := range parts {
			if p == name {
				return true
			}
			if !seen[p] {
				seen[p] = true
				next = append(next, of[p]...)
			}
		}
		parts, depth = next, depth-1
	}
	return false
}
