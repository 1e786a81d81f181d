// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// simple is a table of one dimension.
func simple(name string, cells ...Cell) Table {
	t := Table{Name: name, Measure: "recovered", Dimensions: []Dimension{{Name: "kind"}}}
	for _, c := range cells {
		if c.Key[0] != Whole {
			t.Dimensions[0].Values = append(t.Dimensions[0].Values, Value{Name: c.Key[0]})
		}
	}
	t.Cells = cells
	return t
}

func shows(key string, value int64) Cell { return Cell{Key: []string{key}, Value: value} }
func hides(key string) Cell              { return Cell{Key: []string{key}, Hidden: true} }

// total is a table of one number, for a period.
func total(name string, edition int, from, to string, value int64) Table {
	return Table{Name: name, Edition: edition, Measure: "recovered", From: from, To: to, Cells: []Cell{{Key: []string{}, Value: value}}}
}

func found(t *testing.T, tables ...Table) string {
	t.Helper()
	findings, err := Audit(t.Context(), tables...)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range findings {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

func TestWhatTablesTellTogether(t *testing.T) {
	t.Parallel()
	const jan, feb, apr, may, jul = "2026-01-01", "2026-02-01", "2026-04-01", "2026-05-01", "2026-07-01"
	qualified := func(c Cell, q string) Cell { c.Qualifier = q; return c }
	county := Table{Name: "by county", Measure: "recovered", Dimensions: []Dimension{{Name: "county", Values: []Value{{Name: "X"}}}}, Cells: []Cell{shows("X", 25)}}
	both := Table{
		Name: "by county and kind", Measure: "recovered",
		Dimensions: []Dimension{county.Dimensions[0], {Name: "kind", Values: []Value{{Name: "a"}, {Name: "b"}}}},
		Cells:      []Cell{{Key: []string{"X", "a"}, Value: 20}, {Key: []string{"X", "b"}, Hidden: true}},
	}
	edition := func(t Table, n int) Table { t.Edition = n; return t }
	open := simple("open", shows("", 35), shows("a", 20), hides("b"))
	open.Dimensions = []Dimension{{Name: "kind", Open: true, Values: open.Dimensions[0].Values}}
	zeros := simple("zeros", shows("", 20), shows("a", 20), shows("b", 0))
	zeros.Rule.Zeros = true
	for _, c := range []struct {
		name   string
		tables []Table
		want   string
	}{
		{"one hidden count", []Table{simple("t", shows("", 25), shows("a", 20), hides("b"))}, "pinned: recovered, kind b, is 5 (t)"},
		{"two with room", []Table{simple("t", shows("", 45), shows("a", 20), hides("b"), hides("c"))}, ""},
		{"two whose sum is small", []Table{simple("t", shows("", 29), shows("a", 20), hides("b"), hides("c"))}, "remainder: recovered, kind c, is 9 (t)"},
		{"two in close bounds", []Table{simple("t", shows("", 24), shows("a", 20), hides("b"), hides("c"))},
			"pinned: recovered, kind b, is from 1 to 3 (t)\npinned: recovered, kind c, is from 1 to 3 (t)\nremainder: recovered, kind c, is 4 (t)"},
		{"a small count shown", []Table{simple("t", shows("a", 20), shows("b", 3))}, "shown: recovered, kind b, is 3 (t)"},
		{"a hidden count that is large", []Table{simple("t", shows("", 45), shows("a", 20), hides("b"))}, ""},
		{"people under no value", []Table{open}, ""},
		{"a zero that tells something", []Table{zeros}, "shown: recovered, kind b, is 0 (zeros)"},
		{"two tables", []Table{both, county}, "pinned: recovered, county X, kind b, is 5 (by county and kind; by county)"},
		{"one of two tables", []Table{both}, ""},
		{"the next quarter", []Table{total("Q1", 1, jan, apr, 50), total("H1", 2, jan, jul, 53)}, "derived: recovered, 2026-04-01 to 2026-07-01, is 3 (Q1; H1)"},
		{"a large next quarter", []Table{total("Q1", 1, jan, apr, 50), total("H1", 2, jan, jul, 70)}, ""},
		{"nothing in the next quarter", []Table{total("Q1", 1, jan, apr, 50), total("H1", 2, jan, jul, 50)}, ""},
		{"overlapping periods", []Table{total("January", 1, jan, feb, 20), total("Q1", 1, jan, apr, 60), total("February to April", 2, feb, may, 45)},
			"derived: recovered, 2026-04-01 to 2026-05-01, is 5 (January; Q1; February to April)"},
		{"a small restatement", []Table{total("first", 1, jan, apr, 120), total("restated", 2, jan, apr, 123)}, "change: recovered, 2026-01-01 to 2026-04-01, is 3 (first; restated)"},
		{"a large restatement", []Table{total("first", 1, jan, apr, 120), total("restated", 2, jan, apr, 140)}, ""},
		{"a count hidden before and not now", []Table{
			edition(simple("first", shows("", 45), shows("a", 20), hides("b"), hides("c")), 1),
			edition(simple("second", shows("", 45), shows("a", 20), shows("b", 20), hides("c")), 2),
		}, "pinned: recovered, kind c, is 5 (first; second)"},
		{"restated, and each edition by itself", []Table{
			edition(simple("first", shows("", 45), shows("a", 20), hides("b"), hides("c")), 1),
			edition(simple("second", shows("", 90), shows("a", 60), hides("b"), hides("c")), 2),
		}, ""},
		{"two numbers for one count", []Table{total("one", 1, jan, apr, 120), total("two", 1, jan, apr, 150)},
			"contradiction: recovered, 2026-01-01 to 2026-04-01, cannot be what the tables say (one; two)"},
		{"a total that is not the sum", []Table{simple("t", shows("", 50), shows("a", 20), shows("b", 20))}, "contradiction: recovered, cannot be what the tables say (t)"},
		{"parts beyond their total", []Table{simple("t", shows("", 30), shows("a", 40), hides("b"))}, "contradiction: recovered, kind b, cannot be what the tables say (t)"},
		{"at least, added up", []Table{simple("t", qualified(shows("", 25), "at_least"), shows("a", 20), hides("b"))}, "pinned: recovered, kind b, is 5 (t)"},
		{"at least, at its word", []Table{simple("t", qualified(shows("", 25), "at_least"), shows("a", 40), hides("b"))}, ""},
		{"more than, at its word", []Table{simple("t", qualified(shows("", 25), "more_than"), shows("a", 20), shows("b", 20))}, ""},
		{"rounded so that the count follows", []Table{simple("t", Cell{Key: []string{""}, Value: 50, Base: 5},
			Cell{Key: []string{"a"}, Value: 15, Base: 5}, Cell{Key: []string{"b"}, Value: 15, Base: 5}, Cell{Key: []string{"c"}, Value: 15, Base: 5}, Cell{Key: []string{"d"}, Value: 15, Base: 5})},
			"unrounded: recovered, is 52 (t)\nunrounded: recovered, kind a, is 13 (t)\nunrounded: recovered, kind b, is 13 (t)\nunrounded: recovered, kind c, is 13 (t)\nunrounded: recovered, kind d, is 13 (t)"},
		{"rounded and exact", []Table{simple("t", Cell{Key: []string{""}, Value: 50, Base: 5}, shows("a", 20), shows("b", 29))}, "unrounded: recovered, is 49 (t)"},
		{"rounded at the end of its range", []Table{simple("t", Cell{Key: []string{""}, Value: 45, Base: 5},
			Cell{Key: []string{"a"}, Value: 20, Base: 5}, Cell{Key: []string{"b"}, Value: 20, Base: 5}, shows("c", 11))},
			"unrounded: recovered, is 47 (t)\nunrounded: recovered, kind a, is 18 (t)\nunrounded: recovered, kind b, is 18 (t)"},
		{"a rounded small count", []Table{simple("t", Cell{Key: []string{"a"}, Value: 5, Base: 5})}, "shown: recovered, kind a, is from 3 to 7 (t)"},
	} {
		if got := found(t, c.tables...); got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.name, got, c.want)
		}
	}
}

func counts(from, to string, values ...int64) Counts {
	c := Counts{Name: "now", Edition: 2, Measure: "recovered", From: from, To: to, Dimensions: []Dimension{{Name: "kind"}}}
	for i, v := range values {
		name := string(rune('a' + i))
		c.Dimensions[0].Values = append(c.Dimensions[0].Values, Value{Name: name})
		c.Cells = append(c.Cells, Count{Key: []string{name}, Value: v})
	}
	return c
}

// edition1 is what an earlier edition said in the form of counts.
func edition1(from, to string, values ...int64) Table {
	t := counts(from, to, values...)
	out := simple("before", shows("", 0))
	out.From, out.To, out.Edition, out.Dimensions = from, to, 1, t.Dimensions
	for _, c := range t.Cells {
		out.Cells[0].Value += c.Value
		out.Cells = append(out.Cells, shows(c.Key[0], c.Value))
	}
	return out
}

func hidden(t Table) string {
	var names []string
	for _, c := range t.Cells {
		if c.Hidden {
			names = append(names, keyText(c.Key))
		}
	}
	return strings.Join(names, " ")
}

func TestAReleaseKnowsTheOnesBeforeIt(t *testing.T) {
	t.Parallel()
	const jan, apr, jul = "2026-01-01", "2026-04-01", "2026-07-01"
	for _, c := range []struct {
		name    string
		counts  Counts
		earlier []Table
		want    string // what is hidden
		refused error
	}{
		{"nothing before", counts(jan, jul, 33, 20), nil, "", nil},
		{"a small count, and what protects it", counts(jan, jul, 33, 5, 20), nil, "(b) (c)", nil},
		{"a total that would tell a quarter", counts(jan, jul, 33, 20), []Table{total("Q1", 1, jan, apr, 50)}, "(all) (b)", nil},
		{"a quarter of its own", counts(jan, jul, 33, 40), []Table{total("Q1", 1, jan, apr, 50)}, "", nil},
		{"told already", counts(apr, jul, 3), []Table{total("Q1", 1, jan, apr, 50), total("H1", 1, jan, jul, 53)}, "", ErrEarlier},
		{"restated by a few", counts(jan, apr, 33, 20), []Table{total("Q1", 1, jan, apr, 50)}, "(all) (b)", nil},
		{"one of two restated by a few, the other by many", counts(jan, apr, 47, 88, 30), []Table{edition1(jan, apr, 50, 100, 30)}, "(a) (b)", nil},
		{"two restated by a few each", counts(jan, apr, 47, 98, 30), []Table{edition1(jan, apr, 50, 100, 30)}, "(all) (a) (b)", nil},
		{"restated by many", counts(jan, apr, 20, 60, 30), []Table{edition1(jan, apr, 50, 100, 30)}, "", nil},
		{"not restated", counts(jan, apr, 50, 100, 30), []Table{edition1(jan, apr, 50, 100, 30)}, "", nil},
	} {
		p, err := Protect(t.Context(), Rule{}, []Counts{c.counts}, c.earlier)
		switch {
		case c.refused != nil && (err == nil || !sameCode(err, c.refused)):
			t.Errorf("%s: %v, want %v", c.name, err, c.refused)
		case c.refused == nil && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case err == nil && hidden(p.Tables[0]) != c.want:
			t.Errorf("%s: hides %s, want %s", c.name, hidden(p.Tables[0]), c.want)
		}
	}
}

// What is not said, because it lacks proof, stands in no table, tells nothing, and
// stops nothing that is published after it, also where it is nobody.
func TestACountThatIsNotSaid(t *testing.T) {
	t.Parallel()
	const jan, apr = "2026-01-01", "2026-04-01"
	for _, unsaid := range []int64{0, 3, 40} {
		c := counts(jan, apr, 33, unsaid, 25)
		c.Cells[1].Unsaid = true
		p, err := Protect(t.Context(), Rule{}, []Counts{c}, nil)
		if err != nil {
			t.Fatalf("%d: %v", unsaid, err)
		}
		for _, cell := range p.Tables[0].Cells {
			if cell.Key[0] == "b" {
				t.Errorf("%d stands in the table: %+v", unsaid, cell)
			}
		}
		if hides := hidden(p.Tables[0]); (hides == "") != (unsaid != 3) {
			t.Errorf("beside %d hides %q", unsaid, hides)
		}
		next := counts(apr, "2026-07-01", 50, 60, 70)
		if p, err := Protect(t.Context(), Rule{}, []Counts{next}, p.Tables); err != nil || hidden(p.Tables[0]) != "" {
			t.Errorf("after %d: %v %+v", unsaid, err, p)
		}
	}
}

// A restated table hides what moved by a few, also where months make up the whole
// and the rest of it stands in the table: what is hidden cannot be told closely.
func TestAMonthRestatedByAFew(t *testing.T) {
	t.Parallel()
	months := func(edition int, values ...int64) Counts {
		c := Counts{Name: "months", Edition: edition, Measure: "recovered", From: "2026-01-01", To: "2026-04-01", Dimensions: []Dimension{{Name: "month"}}}
		days := []string{"2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"}
		for i, v := range values {
			name := days[i][:7]
			c.Dimensions[0].Values = append(c.Dimensions[0].Values, Value{Name: name, From: days[i], To: days[i+1]})
			c.Cells = append(c.Cells, Count{Key: []string{name}, Value: v})
		}
		return c
	}
	first, err := Protect(t.Context(), Rule{}, []Counts{months(1, 40, 50, 60)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Protect(t.Context(), Rule{}, []Counts{months(2, 25, 47, 60)}, first.Tables)
	if err != nil || hidden(again.Tables[0]) != "(2026-01) (2026-02)" || again.Moved != 1 || again.Added != 1 {
		t.Errorf("%v: %+v", err, again)
	}
	// Said by hand without the second, the audit finds what moved.
	january := &again.Tables[0].Cells[1]
	*january = Cell{Key: january.Key, Value: 25}
	if got := found(t, append(first.Tables, again.Tables...)...); got != "pinned: recovered, 2026-02-01 to 2026-03-01, is 47 (months)" {
		t.Error(got)
	}
}

func TestATableThatIsTooFine(t *testing.T) {
	t.Parallel()
	_, err := Protect(t.Context(), Rule{}, []Counts{counts("", "", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)}, nil)
	if !sameCode(err, ErrTooFine) {
		t.Errorf("ten people of ten kinds: %v", err)
	}
}

func TestHiddenCellsAreAllAlike(t *testing.T) {
	t.Parallel()
	c := counts("", "", 5, 20, 30)
	c.Cells[1].Qualifier = "at_least"
	c.Dimensions[0].Values = append(c.Dimensions[0].Values, Value{Name: "never"})
	c.Cells = append(c.Cells, Count{Key: []string{"never"}, Structural: true})
	p, err := Protect(t.Context(), Rule{Zeros: true}, []Counts{c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.Primary != 1 || p.Added != 1 || p.AddedTotal != 20 || p.Method != Optimal {
		t.Errorf("%+v", p)
	}
	for _, c := range p.Tables[0].Cells {
		if c.Hidden && !reflect.DeepEqual(c, Cell{Key: c.Key, Hidden: true}) {
			t.Errorf("%+v says more than that it is hidden", c)
		}
		if c.Key[0] == "never" && (c.Hidden || !c.Structural) {
			t.Errorf("a structural zero is not shown: %+v", c)
		}
	}
	if p, err = Protect(t.Context(), Rule{Zeros: true, Base: 5}, []Counts{c}, nil); err != nil {
		t.Fatal(err)
	}
	if p.Added != 0 || p.Tables[0].Cells[0].Value != 55 || p.Tables[0].Cells[3].Base != 5 {
		t.Errorf("rounding leaves room enough for the small count, and gives %+v", p)
	}
}

func TestTablesThatShareCountsHideThemTogether(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	one, two := cube(r, 3, 3), Counts{Name: "second", Measure: "recovered"}
	one.Cells[0].Value = 2
	two.Dimensions = one.Dimensions[:1]
	for v := range 3 {
		sum := int64(0)
		for _, c := range one.Cells {
			if c.Key[0] == two.Dimensions[0].Values[v].Name {
				sum += c.Value
			}
		}
		two.Cells = append(two.Cells, Count{Key: []string{two.Dimensions[0].Values[v].Name}, Value: sum})
	}
	p, err := Protect(t.Context(), Rule{}, []Counts{one, two}, nil)
	if err != nil {
		t.Fatal(err)
	}
	marks := map[string]bool{}
	for _, c := range p.Tables[0].Cells {
		if c.Key[1] == Whole {
			marks[c.Key[0]] = c.Hidden
		}
	}
	for _, c := range p.Tables[1].Cells {
		if marks[c.Key[0]] != c.Hidden {
			t.Errorf("%v is hidden in one table and shown in the other", c.Key)
		}
	}
	two.Cells[0].Value++
	if _, err := Protect(t.Context(), Rule{}, []Counts{one, two}, nil); !sameCode(err, errTotals) {
		t.Errorf("tables that disagree: %v", err)
	}
}

func TestALargeCubeIsProtectedAndPasses(t *testing.T) {
	t.Parallel()
	c := cube(rand.New(rand.NewPCG(1, 1)), 50, 12, 6)
	p, err := Protect(t.Context(), Rule{}, []Counts{c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.Method != Heuristic || p.Primary == 0 || p.Added == 0 {
		t.Errorf("%s: %d small counts hidden, and %d more", p.Method, p.Primary, p.Added)
	}
	if got := found(t, p.Tables...); got != "" {
		t.Error(got)
	}
	// A hidden cell shown again is found.
	cells := p.Tables[0].Cells
	for i := range cells {
		if cells[i].Hidden {
			cells[i] = Cell{Key: cells[i].Key, Value: 3}
			break
		}
	}
	if got := found(t, p.Tables...); got == "" {
		t.Error("a small count in a large cube is not found")
	}
}

func TestACanceledAuditSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Audit(ctx, simple("t", shows("", 45), shows("a", 20), hides("b"), hides("c"))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkAuditOfACube(b *testing.B) {
	p, err := Protect(b.Context(), Rule{}, []Counts{cube(rand.New(rand.NewPCG(1, 1)), 50, 12, 6)}, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if findings, err := Audit(b.Context(), p.Tables...); err != nil || len(findings) > 0 {
			b.Fatal(findings, err)
		}
	}
}

func BenchmarkProtectACube(b *testing.B) {
	c := cube(rand.New(rand.NewPCG(1, 1)), 50, 12, 6)
	for b.Loop() {
		if _, err := Protect(b.Context(), Rule{}, []Counts{c}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
