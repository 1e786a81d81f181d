// SPDX-License-Identifier: Apache-2.0

package figure

import (
	"errors"
	"strings"
	"testing"
)

// A year is a stretch of time to whoever attacks a table, as a month is; and a part of something stands before the public only within one value of that.
func TestWhatATableIsDividedBy(t *testing.T) {
	spec := Spec{Measure: "convictions", From: "2023-07-01", Through: "2025-12-31", Rows: "year", Where: map[string]string{"state": "MS"}}
	_, _, dims, _ := frame(spec, []Head{{Value: "2023"}, {Value: "2025"}}, nil)
	for i, want := range [][2]string{{"2023-07-01", "2024-01-01"}, {"2025-01-01", "2026-01-01"}} {
		if v := dims[0].Values[i]; v.From != want[0] || v.To != want[1] {
			t.Errorf("%s is from %s to %s", v.Name, v.From, v.To)
		}
	}
	weeks := Spec{Measure: "sign_scans", From: "2026-09-02", Through: "2026-09-15", Rows: "week"}
	_, _, dims, _ = frame(weeks, []Head{{Value: "2026-08-31"}, {Value: "2026-09-07"}, {Value: "2026-09-14"}}, nil)
	for i, want := range [][2]string{{"2026-09-02", "2026-09-07"}, {"2026-09-07", "2026-09-14"}, {"2026-09-14", "2026-09-16"}} {
		if v := dims[0].Values[i]; v.From != want[0] || v.To != want[1] {
			t.Errorf("the week of %s is from %s to %s", v.Name, v.From, v.To)
		}
	}
	for division, want := range map[string]string{week: "2026-08-31 2026-09-07 2026-09-14", month: "2026-09", year: "2026"} {
		if got, err := weeks.spans(division); err != nil || strings.Join(got, " ") != want {
			t.Errorf("by %s the period has %v (%v), not %s", division, got, err, want)
		}
	}
	if from, to, dims, _ := frame(Spec{From: "2023-01-01", Through: "2025-12-31", Where: map[string]string{"year": "2025"}}, nil, nil); from != "2025-01-01" || to != "2026-01-01" || len(dims) != 0 {
		t.Errorf("one year of three is from %s to %s", from, to)
	}
	steps := &Registry{byName: map[string]Measure{"offenses": {Name: "offenses", Dimensions: []Dimension{{Name: "offense"}, {Name: "stage", Apart: true, Values: []string{"investigated", "charged"}}}}}}
	for _, c := range []struct {
		spec   Spec
		public bool
		want   error
	}{
		{Spec{Rows: "offense"}, true, ErrApart}, {Spec{}, true, ErrApart}, {Spec{Rows: "stage"}, true, ErrApart}, {Spec{Rows: "stage"}, false, nil},
		{Spec{Rows: "offense", Where: map[string]string{"stage": "charged"}}, true, nil},
	} {
		c.spec.Measure, c.spec.From, c.spec.Through = "offenses", "2026-01-01", "2026-12-31"
		if _, err := steps.Check(c.spec, c.public); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, not %v", c.spec, err, c.want)
		}
	}
	m := Measure{Dimensions: []Dimension{{Name: "state"}, {Name: "district", Within: "state"}}}
	if err := m.within("district", nil, true); err == nil {
		t.Error("districts of all states stand before the public")
	}
	if m.within("district", nil, false) != nil || m.within("district", map[string]string{"state": "MS"}, true) != nil {
		t.Error("districts of one state, or for staff, are refused")
	}
}
