// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"waylight/internal/platform/fault"
)

func sameCode(err, want error) bool {
	var a, b *fault.Error
	return errors.As(err, &a) && errors.As(want, &b) && a.Code == b.Code
}

func TestCountsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(c *Counts, r *Rule)
		want   error
	}{
		"a negative count":          {func(c *Counts, _ *Rule) { c.Cells[0].Value = -1 }, errTable},
		"an absurd count":           {func(c *Counts, _ *Rule) { c.Cells[0].Value = 1 << 62 }, errTable},
		"a sum beyond all people":   {func(c *Counts, _ *Rule) { c.Cells[0].Value, c.Cells[1].Value = MaxCount, MaxCount }, errTable},
		"the same cell twice":       {func(c *Counts, _ *Rule) { c.Cells = append(c.Cells, c.Cells[0]) }, errTable},
		"an unknown value":          {func(c *Counts, _ *Rule) { c.Cells[0].Key = []string{"elsewhere"} }, errTable},
		"too many coordinates":      {func(c *Counts, _ *Rule) { c.Cells[0].Key = []string{"a", "b"} }, errTable},
		"a wrong total":             {func(c *Counts, _ *Rule) { c.Cells = append(c.Cells, Count{Key: []string{""}, Value: 7}) }, errTotals},
		"a structural five":         {func(c *Counts, _ *Rule) { c.Cells[0] = Count{Key: []string{"a"}, Value: 5, Structural: true} }, errTable},
		"an unknown qualifier":      {func(c *Counts, _ *Rule) { c.Cells[0].Qualifier = "perhaps" }, errTable},
		"a margin of nothing":       {func(c *Counts, _ *Rule) { c.Margins = [][]string{{"county"}} }, errTable},
		"no name":                   {func(c *Counts, _ *Rule) { c.Name = "" }, errTable},
		"a name with a line break":  {func(c *Counts, _ *Rule) { c.Measure = "a\nb" }, errTable},
		"a period backward":         {func(c *Counts, _ *Rule) { c.From, c.To = "2026-02-01", "2026-01-01" }, errTable},
		"no such day":               {func(c *Counts, _ *Rule) { c.From, c.To = "2026-02-30", "2026-04-01" }, errTable},
		"a dimension twice":         {func(c *Counts, _ *Rule) { c.Dimensions = append(c.Dimensions, c.Dimensions[0]) }, errTable},
		"a value twice":             {func(c *Counts, _ *Rule) { c.Dimensions[0].Values = append(c.Dimensions[0].Values, Value{Name: "a"}) }, errTable},
		"a part that is no value":   {func(c *Counts, _ *Rule) { c.Dimensions[0].Values[0].Of = []string{"z"} }, errTable},
		"a part of itself":          {func(c *Counts, _ *Rule) { c.Dimensions[0].Values[0].Of = []string{"a"} }, errTable},
		"two parts of each other":   {func(c *Counts, _ *Rule) { v := c.Dimensions[0].Values; v[0].Of, v[1].Of = []string{"b"}, []string{"a"} }, errTable},
		"a period beyond the table": {func(c *Counts, _ *Rule) { c.Dimensions[0].Values[0].From = "2026-01-01" }, errTable},
		"an open total not given":   {func(c *Counts, _ *Rule) { c.Dimensions[0].Open = true }, errTotals},
		"too many values":           {func(c *Counts, _ *Rule) { c.Dimensions[0].Values = make([]Value, MaxValues+1) }, errSize},
		"too many dimensions":       {func(c *Counts, _ *Rule) { c.Dimensions = make([]Dimension, MaxDimensions+1) }, errSize},
		"too many cells": {func(c *Counts, _ *Rule) {
			big := cube(rand.New(rand.NewPCG(1, 1)), 2, 2, 2)
			for d := range big.Dimensions {
				for len(big.Dimensions[d].Values) < 80 {
					big.Dimensions[d].Values = append(big.Dimensions[d].Values, Value{Name: strings.Repeat("x", len(big.Dimensions[d].Values))})
				}
			}
			*c = big
		}, errSize},
		"a minimum of two":       {func(_ *Counts, r *Rule) { r.Min = 2 }, errRule},
		"a negative minimum":     {func(_ *Counts, r *Rule) { r.Min = -5 }, errRule},
		"a negative width":       {func(_ *Counts, r *Rule) { r.Width = -1 }, errRule},
		"a base over the least":  {func(_ *Counts, r *Rule) { r.Base = 20 }, errRule},
		"a very large minimum":   {func(_ *Counts, r *Rule) { r.Min = 1 << 60 }, errRule},
		"a base that goes wrong": {func(_ *Counts, r *Rule) { r.Base = -1 }, errRule},
	} {
		given, rule := counts("", "", 20, 30), Rule{}
		c.change(&given, &rule)
		if _, err := Protect(t.Context(), rule, []Counts{given}, nil); !sameCode(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestAnEmptyReleaseAndAnEmptyTable(t *testing.T) {
	t.Parallel()
	if p, err := Protect(t.Context(), Rule{}, nil, nil); err != nil || len(p.Tables) != 0 {
		t.Errorf("%+v, %v", p, err)
	}
	c := Counts{Name: "empty", Measure: "recovered"}
	if p, err := Protect(t.Context(), Rule{}, []Counts{c}, nil); err != nil || len(p.Tables[0].Cells) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if found, err := Audit(t.Context()); err != nil || found != nil {
		t.Errorf("%v, %v", found, err)
	}
}

func TestLargeCountsAreExact(t *testing.T) {
	t.Parallel()
	big := int64(MaxCount - 100)
	got := found(t, simple("t", shows("", big+5), shows("a", big), hides("b")))
	if want := "pinned: recovered, kind b, is 5 (t)"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestAFileIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	c := cube(rand.New(rand.NewPCG(5, 5)), 3, 4)
	c.From, c.To, c.Edition = "2026-01-01", "2026-04-01", 3
	p, err := Protect(t.Context(), Rule{Base: 5}, []Counts{c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := p.Tables[0].Write()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Read(data)
	if err != nil || !reflect.DeepEqual(back, p.Tables[0]) {
		t.Errorf("%v\n%+v\n%+v", err, back, p.Tables[0])
	}
	for name, broken := range map[string]string{
		"half a file":       string(data[:len(data)/2]),
		"two tables":        string(data) + string(data),
		"an unknown field":  `{"name":"a","measure":"b","truth":[1]}`,
		"a fraction":        `{"name":"a","measure":"b","cells":[{"key":[],"value":1.5}]}`,
		"not a number":      `{"name":"a","measure":"b","cells":[{"key":[],"value":NaN}]}`,
		"a hidden number":   `{"name":"a","measure":"b","cells":[{"key":[],"hidden":true,"value":5}]}`,
		"too large":         `{"name":"a","measure":"b","cells":[{"key":[],"value":99999999999999999999}]}`,
		"no multiple":       `{"name":"a","measure":"b","cells":[{"key":[],"value":12,"base":5}]}`,
		"nothing":           ``,
		"no table":          `[]`,
		"a negative number": `{"name":"a","measure":"b","cells":[{"key":[],"value":-3}]}`,
	} {
		if _, err := Read([]byte(broken)); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"name":"a","measure":"b","rule":{"min":4,"width":2},"dimensions":[{"name":"k","values":[{"name":"x"},{"name":"y","of":["x"]}]}],"cells":[{"key":[""],"value":20},{"key":["x"],"hidden":true},{"key":["y"],"value":15,"base":5}]}`))
	f.Add([]byte(`{"name":"a","measure":"b","from":"2026-01-01","to":"2026-03-01","dimensions":[{"name":"m","values":[{"name":"x","from":"2026-01-01","to":"2026-02-01"}]}],"cells":[{"key":[""],"value":20},{"key":["x"],"value":17,"qualifier":"at_least"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := Read(data)
		if err != nil || len(table.Cells) > 200 || len(table.Dimensions) > 3 {
			return
		}
		again, err := table.Write()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Read(again)
		if err != nil || !reflect.DeepEqual(normal(back), normal(table)) {
			t.Fatalf("%v: %s became %s", err, data, again)
		}
		if _, err := Audit(t.Context(), table); err != nil && !sameCode(err, errSize) {
			t.Fatal(err)
		}
	})
}

// normal leaves out how an empty list was written.
func normal(t Table) Table {
	if len(t.Dimensions) == 0 {
		t.Dimensions = nil
	}
	if len(t.Cells) == 0 {
		t.Cells = nil
	}
	t.Dimensions = clone(t.Dimensions)
	for d := range t.Dimensions {
		values := clone(t.Dimensions[d].Values)
		for i := range values {
			if len(values[i].Of) == 0 {
				values[i].Of = nil
			}
		}
		t.Dimensions[d].Values = values
	}
	return t
}
