// SPDX-License-Identifier: Apache-2.0

package figure_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"waylight/internal/platform/disclosure"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// catalog has the words of a measure but one key, "" for all.
func catalog(t *testing.T, without string) *web.Catalog {
	t.Helper()
	text := ""
	for _, key := range []string{"title", "definition", "dedup", "period", "kind", "kind.a", "kind.b", "kind.other", "month", "year", "week"} {
		if key != without {
			text += "figure.cars." + key + ": Words of " + strings.ReplaceAll(key, ".", " ") + "\n"
		}
	}
	c, err := web.LoadCatalog([]string{"en", "es"}, figure.Strings(), fstest.MapFS{"strings/en.yaml": {Data: []byte(text)}, "strings/es.yaml": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func cars(unit figure.Unit, cells ...figure.Cell) figure.Measure {
	return figure.Measure{Name: "cars", Unit: unit, Dimensions: []figure.Dimension{{Name: "kind", Values: []string{"a", "b", figure.Other}}, {Name: "month"}},
		Cells: func(_ context.Context, _ store.Reader, q figure.Query) ([]figure.Cell, error) {
			if unit == figure.Microseconds { // what does not add up is asked for each division
				return []figure.Cell{{Key: []string{"a", "2026-02"}[:len(q.By)], Value: int64(100 + len(q.By)), Rows: 20}}, nil
			}
			return cells, nil
		}}
}

func TestRegistryHoldsMeasuresToTheirPromises(t *testing.T) {
	t.Parallel()
	all := catalog(t, "")
	if _, err := figure.NewRegistry(all, []figure.Measure{cars(figure.Things)}); err != nil {
		t.Fatal(err)
	}
	_, err := figure.NewRegistry(all, []figure.Measure{cars(figure.Things)}, []figure.Measure{cars(figure.Things)})
	if err == nil || !strings.Contains(err.Error(), "two rooms") {
		t.Errorf("twice the same name: %v", err)
	}
	for _, key := range []string{"title", "definition", "dedup", "period", "kind", "kind.other", "month"} {
		if _, err := figure.NewRegistry(catalog(t, key), []figure.Measure{cars(figure.Things)}); err == nil || !strings.Contains(err.Error(), "figure.cars."+key+" in es") {
			t.Errorf("without %s: %v", key, err)
		}
	}
	for name, change := range map[string]func(m *figure.Measure){
		"no name":      func(m *figure.Measure) { m.Name = "Cars!" },
		"no unit":      func(m *figure.Measure) { m.Unit = "cars" },
		"no cells":     func(m *figure.Measure) { m.Cells = nil },
		"a title":      func(m *figure.Measure) { m.Dimensions[0].Name = "title" },
		"twice a kind": func(m *figure.Measure) { m.Dimensions[1].Name = "kind" },
	} {
		m := cars(figure.Things)
		change(&m)
		if _, err := figure.NewRegistry(all, []figure.Measure{m}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// A table by time has every part of its period, also those in which nothing happened:
// only so do its parts add up to the whole for whoever weighs it.
func TestATableByTimeHasEveryPart(t *testing.T) {
	t.Parallel()
	for division, at := range map[string]string{"year": "2026", "month": "2026-02", "week": "2026-02-02"} {
		m := cars(figure.Persons, figure.Cell{Key: []string{at}, Value: 40, Rows: 40})
		m.People, m.Dimensions[1].Name = true, division
		r, err := figure.NewRegistry(catalog(t, ""), []figure.Measure{m})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Compute(t.Context(), nil, "ms", time.UTC, figure.Spec{Measure: "cars", From: "2024-07-01", Through: "2027-03-02", Rows: division})
		if err != nil {
			t.Fatal(err)
		}
		if p, err := disclosure.Protect(t.Context(), disclosure.Rule{}, []disclosure.Counts{got.Counts("by "+division, 1)}, nil); err != nil || p.Primary+p.Added > 0 {
			t.Errorf("by %s: %v, %+v", division, err, p)
		}
	}
}

func compute(t *testing.T, m figure.Measure, s figure.Spec) (figure.Table, *figure.Registry, error) {
	t.Helper()
	r, err := figure.NewRegistry(catalog(t, ""), []figure.Measure{m})
	if err != nil {
		t.Fatal(err)
	}
	s.Measure, s.From, s.Through = "cars", "2026-01-15", "2026-03-02"
	got, err := r.Compute(t.Context(), nil, "ms", time.UTC, s)
	return got, r, err
}

func TestTable(t *testing.T) {
	t.Parallel()
	cells := []figure.Cell{{Key: []string{"a", "2026-02"}, Value: 5, Rows: 5, Qualifier: figure.AtLeast}, {Key: []string{"a", "2026-01"}, Value: 7, Rows: 7},
		{Key: []string{"", "2026-02"}, Value: 2, Rows: 2, Unproven: 3}}
	got, r, err := compute(t, cars(figure.Things, cells...), figure.Spec{Rows: "kind", Columns: "month"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Columns) != 3 || got.Columns[2].Value != "2026-03" { // a month without anything stands there, too
		t.Errorf("%+v", got.Columns)
	}
	if last := got.Entries[3][3]; last.Value != 14 || last.Unproven != 3 || last.Qualifier != figure.AtLeast {
		t.Errorf("%+v", last)
	}
	if e := got.Entries[2][1]; e.Value != 2 || e.State != figure.NoProof { // no group, and more unproven than proven
		t.Errorf("%+v", e)
	}
	p := got.Publish()
	if p.Entries[2][1].Value != nil || *p.Entries[0][0].Value != 7 || !p.Unconfirmed {
		t.Errorf("%+v", p)
	}
	if again := p.Table().Publish(); len(again.Changes(p, 1)) != 0 {
		t.Error("a published table is not the same when it is read again")
	}
	if said := figure.Say(r.Words(), "es", got.Unit, got.Entries[0][1]); said != "al menos 5" {
		t.Error(said)
	}
	if svg := string(figure.Chart(r.Words(), "en", "c1", "Cars <&>", got)); !strings.Contains(svg, "Cars &lt;&amp;&gt;") || strings.Contains(svg, "style=") {
		t.Error(svg)
	}
	if _, _, err := compute(t, cars(figure.Things, figure.Cell{Key: []string{"c"}, Value: 1}), figure.Spec{Rows: "kind"}); err == nil {
		t.Error("a value that the measure does not list is taken")
	}
	big := []figure.Cell{{Key: []string{"a"}, Value: math.MaxInt64, Rows: 1}, {Key: []string{"b"}, Value: 1, Rows: 1}}
	if _, _, err := compute(t, cars(figure.Cents, big...), figure.Spec{Rows: "kind"}); err == nil {
		t.Error("a sum that cannot be exact is shown")
	}
	median, _, err := compute(t, cars(figure.Microseconds), figure.Spec{Rows: "kind", Columns: "month"})
	if err != nil || median.Entries[0][1].Value != 102 || median.Entries[0][3].Value != 101 || median.Entries[3][3].Value != 100 {
		t.Errorf("%v %+v", err, median.Entries)
	}
}

func TestTooFine(t *testing.T) {
	t.Parallel()
	m := cars(figure.Things)
	m.Cells = func(context.Context, store.Reader, figure.Query) ([]figure.Cell, error) {
		var out []figure.Cell
		for i := range 400 {
			out = append(out, figure.Cell{Key: []string{strings.Repeat("x", i+1), "a"}, Value: 1, Rows: 1})
		}
		return out, nil
	}
	words := catalog(t, "")
	m.Dimensions = []figure.Dimension{{Name: "month", Values: nil}, {Name: "kind", Values: []string{"a", "b", figure.Other}}}
	r, err := figure.NewRegistry(words, []figure.Measure{m})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Compute(t.Context(), nil, "ms", time.UTC, figure.Spec{Measure: "cars", From: "2026-01-01", Through: "2026-01-31", Rows: "month", Columns: "kind"})
	if !errors.Is(err, figure.ErrTooFine) {
		t.Errorf("1,600 figures: %v", err)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		u             figure.Unit
		v             int64
		said, machine string
	}{
		{figure.Persons, 3266, "3,266", "3266"}, {figure.Cents, 325000000, "$3,250,000", "3250000.00"}, {figure.Cents, -150, "-$1.50", "-1.50"},
		{figure.Milligrams, 91_000_000_000_000, "91,000,000 kg", "91000000"}, {figure.Milligrams, 1_500_001, "1.500001 kg", "1.500001"},
		{figure.Microseconds, 90 * 60_000_000, "1 h 30 min", "5400"}, {figure.Microseconds, 0, "0 min", "0"}, {figure.Microseconds, 49 * 3600_000_000, "2 d 1 h", "176400"},
		{figure.Things, math.MinInt64, "-9,223,372,036,854,775,808", "-9223372036854775808"},
	} {
		if said, machine := figure.Number(c.u, c.v), figure.Machine(c.u, c.v); said != c.said || machine != c.machine {
			t.Errorf("%s %d: %q %q", c.u, c.v, said, machine)
		}
	}
}

// Months of a zone cut a period without gap or overlap.
func TestMonths(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		from := time.Unix(rapid.Int64Range(0, 2e9).Draw(rt, "from"), 0)
		to := from.Add(time.Duration(rapid.Int64Range(1, 3e8).Draw(rt, "seconds")) * time.Second)
		at := from
		for _, m := range figure.Months(from, to, zone) {
			if !m.From.Equal(at) || !m.To.After(m.From) || m.From.In(zone).Format("2006-01") != m.Name || m.To.Add(-1).In(zone).Format("2006-01") != m.Name {
				rt.Fatalf("%+v after %s", m, at)
			}
			at = m.To
		}
		if !at.Equal(to) {
			rt.Fatalf("ends at %s, not %s", at, to)
		}
	})
}

// Whatever is read as a document, it breaks nothing.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"format":"waylight-figures/1","tables":[{"measure":"x","unit":"persons","people":true,"from":"2026-01-01","through":"2026-01-31","rows":"k","row_heads":[{"value":"a"}],"column_heads":[],"entries":[[{"value":3}],[{"value":null}]]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := figure.ParseDocument(data)
		if err != nil {
			return
		}
		d.Disclosed()
		for _, p := range d.Tables {
			p.Changes(p, 1)
		}
		if _, err := json.Marshal(d); err != nil {
			t.Error(err)
		}
	})
}
