// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// minutesOf is the model: which of the first 600 minutes are in the spans.
func minutesOf(origin time.Time, spans []span) [600]bool {
	var out [600]bool
	for i := range out {
		at := origin.Add(time.Duration(i) * time.Minute)
		for _, s := range spans {
			out[i] = out[i] || s.covers(at)
		}
	}
	return out
}

func drawSpans(t *rapid.T, origin time.Time, label string) []span {
	n := rapid.IntRange(0, 8).Draw(t, label)
	out := make([]span, n)
	for i := range out {
		from := rapid.IntRange(0, 599).Draw(t, label+" from")
		to := from + rapid.IntRange(-20, 200).Draw(t, label+" length")
		out[i] = span{origin.Add(time.Duration(from) * time.Minute), origin.Add(time.Duration(to) * time.Minute)}
	}
	return out
}

func TestSpansBehaveLikeSetsOfMinutes(t *testing.T) {
	t.Parallel()
	origin := time.Date(2026, 11, 1, 5, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawSpans(t, origin, "a"), drawSpans(t, origin, "b")
		inA, inB := minutesOf(origin, a), minutesOf(origin, b)
		joined, less, both := union(a), subtract(a, b), intersect(a, b)
		gotJoined, gotLess, gotBoth := minutesOf(origin, joined), minutesOf(origin, less), minutesOf(origin, both)
		for i := range inA {
			if gotJoined[i] != inA[i] || gotLess[i] != (inA[i] && !inB[i]) || gotBoth[i] != (inA[i] && inB[i]) {
				t.Fatalf("minute %d: a %v, b %v; union %v, less %v, both %v", i, inA[i], inB[i], gotJoined[i], gotLess[i], gotBoth[i])
			}
		}
		for _, list := range [][]span{joined, less, both} {
			for i, s := range list {
				if s.empty() || i > 0 && !list[i-1].to.Before(s.from) {
					t.Fatalf("not sorted, disjoint and apart: %v", list)
				}
			}
		}
	})
}

func TestInstantOnTheNightsTheClocksChange(t *testing.T) {
	t.Parallel()
	chicago, lordHowe := zoneOf(t, "America/Chicago"), zoneOf(t, "Australia/Lord_Howe")
	for _, c := range []struct {
		name   string
		loc    *time.Location
		m      time.Month
		d, min int
		last   bool
		want   string // UTC
	}{
		{"an ordinary winter morning", chicago, time.January, 15, 8 * 60, false, "2026-01-15T14:00:00Z"},
		{"an ordinary summer morning", chicago, time.July, 15, 8 * 60, true, "2026-07-15T13:00:00Z"},
		{"before the clocks go forward", chicago, time.March, 8, 119, false, "2026-03-08T07:59:00Z"},
		{"a minute that does not exist", chicago, time.March, 8, 150, false, "2026-03-08T08:00:00Z"},
		{"the same as an end", chicago, time.March, 8, 150, true, "2026-03-08T08:00:00Z"},
		{"after the clocks went forward", chicago, time.March, 8, 180, false, "2026-03-08T08:00:00Z"},
		{"a minute that exists twice starts at the first", chicago, time.November, 1, 90, false, "2026-11-01T06:30:00Z"},
		{"and ends at the second", chicago, time.November, 1, 90, true, "2026-11-01T07:30:00Z"},
		{"after the clocks went back", chicago, time.November, 1, 120, false, "2026-11-01T08:00:00Z"},
		{"midnight at the end of that day", chicago, time.November, 1, dayMinutes, true, "2026-11-02T06:00:00Z"},
		{"half an hour's change, missing minute", lordHowe, time.October, 4, 135, false, "2026-10-03T15:30:00Z"},
		{"half an hour's change, double minute, first", lordHowe, time.April, 5, 105, false, "2026-04-04T14:45:00Z"},
		{"half an hour's change, double minute, second", lordHowe, time.April, 5, 105, true, "2026-04-04T15:15:00Z"},
	} {
		if got := instant(2026, c.m, c.d, c.min, c.loc, c.last).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestInstantShowsTheWallClockWheneverItExists(t *testing.T) {
	t.Parallel()
	zones := []*time.Location{time.UTC}
	for _, name := range []string{"America/Chicago", "America/New_York", "America/Phoenix", "America/Anchorage", "Pacific/Guam", "America/Puerto_Rico"} {
		zones = append(zones, zoneOf(t, name))
	}
	rapid.Check(t, func(t *rapid.T) {
		loc := rapid.SampledFrom(zones).Draw(t, "zone")
		moment := time.Unix(rapid.Int64Range(1767225600, 1893456000).Draw(t, "second"), 0).In(loc).Truncate(time.Minute)
		minute := moment.Hour()*60 + moment.Minute()
		y, m, d := moment.Date()
		first, last := instant(y, m, d, minute, loc, false), instant(y, m, d, minute, loc, true)
		if first.Format("2006-01-02 15:04") != moment.Format("2006-01-02 15:04") || last.Format("2006-01-02 15:04") != moment.Format("2006-01-02 15:04") {
			t.Fatalf("%v: first %v, last %v", moment, first, last)
		}
		if moment.Before(first) || moment.After(last) || last.Sub(first) > time.Hour {
			t.Fatalf("%v is not from %v to %v", moment, first, last)
		}
	})
}
