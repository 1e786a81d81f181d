// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"slices"
	"time"
)

// span is a half-open stretch of time, [from, to).
type span struct{ from, to time.Time }

func (s span) empty() bool              { return !s.from.Before(s.to) }
func (s span) covers(at time.Time) bool { return !at.Before(s.from) && at.Before(s.to) }
func (s span) clip(from, to time.Time) span {
	return span{later(s.from, from), earlier(s.to, to)}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// union is the same time as sorted, disjoint, non-touching spans.
func union(spans []span) []span {
	kept := slices.DeleteFunc(slices.Clone(spans), span.empty)
	slices.SortFunc(kept, func(a, b span) int { return a.from.Compare(b.from) })
	var out []span
	for _, s := range kept {
		if n := len(out); n > 0 && !s.from.After(out[n-1].to) {
			out[n-1].to = later(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// subtract is the time of a that is not in b.
func subtract(a, b []span) []span {
	rest := union(a)
	for _, cut := range union(b) {
		var next []span
		for _, s := range rest {
			for _, piece := range []span{{s.from, earlier(s.to, cut.from)}, {later(s.from, cut.to), s.to}} {
				if !piece.empty() {
					next = append(next, piece)
				}
			}
		}
		rest = next
	}
	return rest
}

// intersect is the time that is in both a and b.
func intersect(a, b []span) []span {
	var out []span
	for _, x := range union(a) {
		for _, y := range union(b) {
			if s := x.clip(y.from, y.to); !s.empty() {
				out = append(out, s)
			}
		}
	}
	return union(out)
}

// clip is the part of the spans between from and to.
func clip(spans []span, from, to time.Time) []span {
	return intersect(spans, []span{{from, to}})
}

// instant is the moment a wall clock in loc shows the given minute of a day.
// On the night the clocks go forward, a minute that does not exist becomes the
// moment of the change. On the night they go back, a minute that exists twice
// is the first of the two, or the second when last is set: with the first for a
// start and the second for an end, a shift never loses the extra hour.
func instant(year int, month time.Month, day, minute int, loc *time.Location, last bool) time.Time {
	wall := time.Date(year, month, day, 0, minute, 0, 0, time.UTC)
	before, after := offsetAt(wall.Add(-24*time.Hour), loc), offsetAt(wall.Add(24*time.Hour), loc)
	early, late := wall.Add(-max(before, after)), wall.Add(-min(before, after))
	earlyShows, lateShows := shows(early, wall, loc), shows(late, wall, loc)
	switch {
	case earlyShows && (!last || !lateShows):
		return early.In(loc)
	case lateShows:
		return late.In(loc)
	default:
		_, change := early.In(loc).ZoneBounds()
		return change
	}
}

func offsetAt(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}

func shows(t, wall time.Time, loc *time.Location) bool {
	_, seconds := t.In(loc).Zone()
	return t.Add(time.Duration(seconds) * time.Second).Equal(wall)
}
