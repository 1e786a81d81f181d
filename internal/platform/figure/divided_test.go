// SPDX-License-Identifier: Apache-2.0

package figure

import "testing"

// A year is a stretch of time to whoever attacks a table, as a month is; and a part of something stands before the public only within one value of that.
func TestWhatATableIsDividedBy(t *testing.T) {
	spec := Spec{Measure: "convictions", From: "2023-07-01", Through: "2025-12-31", Rows: "year", Where: map[string]string{"state": "MS"}}
	_, _, dims, _ := frame(spec, []Head{{Value: "2023"}, {Value: "2025"}}, nil)
	for i, want := range [][2]string{{"2023-07-01", "2024-01-01"}, {"2025-01-01", "2026-01-01"}} {
		if v := dims[0].Values[i]; v.From != want[0] || v.To != want[1] {
			t.Errorf("%s is from %s to %s", v.Name, v.From, v.To)
		}
	}
	if from, to, dims, _ := frame(Spec{From: "2023-01-01", Through: "2025-12-31", Where: map[string]string{"year": "2025"}}, nil, nil); from != "2025-01-01" || to != "2026-01-01" || len(dims) != 0 {
		t.Errorf("one year of three is from %s to %s", from, to)
	}
	m := Measure{Dimensions: []Dimension{{Name: "state"}, {Name: "district", Within: "state"}}}
	if err := m.within("district", nil, true); err == nil {
		t.Error("districts of all states stand before the public")
	}
	if m.within("district", nil, false) != nil || m.within("district", map[string]string{"state": "MS"}, true) != nil {
		t.Error("districts of one state, or for staff, are refused")
	}
}
