// SPDX-License-Identifier: Apache-2.0

package figure

import (
	"slices"
	"time"
)

// Month is a month of a period, cut where the period begins or ends.
type Month struct {
	Name     string // "2026-09"
	From, To time.Time
}

// Months cuts a period into the months of a zone.
func Months(from, to time.Time, zone *time.Location) []Month {
	var out []Month
	for at := from; at.Before(to); {
		here := at.In(zone)
		next := time.Date(here.Year(), here.Month()+1, 1, 0, 0, 0, 0, zone)
		if next.After(to) {
			next = to
		}
		out = append(out, Month{here.Format("2006-01"), at, next})
		at = next
	}
	return out
}

// Group makes cells by the dimensions that are asked for out of counts by two of
// them, which stand under have.
func Group(by, have []string, counts map[[2]string]int64) []Cell {
	type key struct{ a, b string }
	sums := map[key]int64{}
	value := func(k [2]string, i int) string {
		if i >= len(by) {
			return ""
		}
		return k[max(slices.Index(have, by[i]), 0)]
	}
	for k, n := range counts {
		if n != 0 {
			sums[key{value(k, 0), value(k, 1)}] += n
		}
	}
	var out []Cell
	for k, n := range sums {
		out = append(out, Cell{Key: []string{k.a, k.b}[:len(by)], Value: n, Rows: n})
	}
	slices.SortFunc(out, func(a, b Cell) int { return slices.Compare(a.Key, b.Key) })
	return out
}
