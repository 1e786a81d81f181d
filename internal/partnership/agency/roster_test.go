// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waylight/internal/platform/store"
)

// person makes the id of an invented member.
func person(n byte) store.ID { return store.ID{0: n, 15: 1} }

func TestWhoIsToldNow(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	shift := func(n byte, kind Kind, from, to int) Shift {
		return Shift{Member: person(n), Kind: kind, Starts: at.Add(time.Duration(from) * time.Hour), Ends: at.Add(time.Duration(to) * time.Hour)}
	}
	for _, c := range []struct {
		name        string
		shifts      []Shift
		supervisors []store.ID
		want        []OnDuty
	}{
		{"nobody at all", nil, nil, nil},
		{"whoever is on", []Shift{shift(2, On, -1, 1), shift(1, On, -4, 4)}, []store.ID{person(9)}, []OnDuty{{person(1), false, false}, {person(2), false, false}}},
		{"a shift counts from its first moment", []Shift{shift(1, On, 0, 1)}, nil, []OnDuty{{person(1), false, false}}},
		{"and not at its last", []Shift{shift(1, On, -1, 0)}, nil, nil},
		{"stand-ins only when nobody is on", []Shift{shift(1, On, -1, 1), shift(2, StandIn, -1, 1)}, nil, []OnDuty{{person(1), false, false}}},
		{"stand-ins when the shift is over", []Shift{shift(1, On, -2, -1), shift(2, StandIn, -1, 1)}, nil, []OnDuty{{person(2), true, false}}},
		{"leave lets the stand-in step up", []Shift{shift(1, On, -1, 1), shift(1, Leave, -10, 10), shift(2, StandIn, -1, 1)}, nil, []OnDuty{{person(2), true, false}}},
		{"leave that ended does not", []Shift{shift(1, On, -1, 1), shift(1, Leave, -10, 0)}, nil, []OnDuty{{person(1), false, false}}},
		{"one person's leave is not another's", []Shift{shift(1, On, -1, 1), shift(2, Leave, -1, 1)}, nil, []OnDuty{{person(1), false, false}}},
		{"supervisors when the roster is empty", nil, []store.ID{person(9), person(8)}, []OnDuty{{person(8), true, true}, {person(9), true, true}}},
		{"not the one on leave", []Shift{shift(9, Leave, -1, 1)}, []store.ID{person(9), person(8)}, []OnDuty{{person(8), true, true}}},
		{"unless all are: somebody must be told", []Shift{shift(9, Leave, -1, 1)}, []store.ID{person(9)}, []OnDuty{{person(9), true, true}}},
	} {
		if got := onDuty(c.shifts, c.supervisors, at); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func drawShifts(t *rapid.T, from time.Time) []Shift {
	n := rapid.IntRange(0, 12).Draw(t, "shifts")
	out := make([]Shift, n)
	for i := range out {
		start := from.Add(time.Duration(rapid.IntRange(-2000, 12000).Draw(t, "start")) * time.Minute)
		out[i] = Shift{Member: person(rapid.Byte().Draw(t, "member") % 4), Kind: rapid.SampledFrom([]Kind{On, StandIn, Leave}).Draw(t, "kind"),
			Starts: start, Ends: start.Add(time.Duration(rapid.IntRange(1, 3000).Draw(t, "length")) * time.Minute)}
	}
	return out
}

// A moment is in a gap exactly when the hours promise somebody and nobody is
// there, in every week, those of the clock changes included.
func TestGapsAreExactlyTheUncoveredHours(t *testing.T) {
	t.Parallel()
	chicago := zoneOf(t, "America/Chicago")
	weeks := []string{"", "always", "mon-fri 08:00-17:00", "sat 22:00-06:00; sun 06:00-08:00", "sun 01:00-03:00"}
	starts := []time.Time{time.Date(2026, 3, 6, 18, 0, 0, 0, time.UTC), time.Date(2026, 10, 30, 18, 0, 0, 0, time.UTC), time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)}
	rapid.Check(t, func(t *rapid.T) {
		week, err := ParseWeek(rapid.SampledFrom(weeks).Draw(t, "week"))
		if err != nil {
			t.Fatal(err)
		}
		from := rapid.SampledFrom(starts).Draw(t, "from")
		to := from.Add(lookAhead)
		shifts := drawShifts(t, from)
		found := gaps(week, shifts, from, to, calendar{loc: chicago})
		at := from.Add(time.Duration(rapid.IntRange(0, int(lookAhead/time.Minute)-1).Draw(t, "minute")) * time.Minute)
		inGap := slices.ContainsFunc(found, func(g Gap) bool { return span{g.Starts, g.Ends}.covers(at) })
		inHours := slices.ContainsFunc(week.between(from, to, calendar{loc: chicago}), func(s span) bool { return s.covers(at) })
		somebody := len(onDuty(shifts, nil, at)) > 0
		if inGap != (inHours && !somebody) {
			t.Fatalf("%v: gap %v, hours %v, somebody %v", at, inGap, inHours, somebody)
		}
		for i, g := range found {
			if g.Starts.Before(from) || g.Ends.After(to) || !g.Starts.Before(g.Ends) || i > 0 && !found[i-1].Ends.Before(g.Starts) {
				t.Fatalf("gaps out of order or out of bounds: %v", found)
			}
		}
	})
}

// What the public page promises must be an hour somebody covers.
func TestReadingPromisesOnlyCoveredHours(t *testing.T) {
	t.Parallel()
	chicago := zoneOf(t, "America/Chicago")
	rapid.Check(t, func(t *rapid.T) {
		week, err := ParseWeek(rapid.SampledFrom([]string{"always", "mon-fri 08:00-17:00", "sun 01:00-03:00"}).Draw(t, "week"))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 10, 30, 18, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 9000).Draw(t, "minute")) * time.Minute)
		shifts := drawShifts(t, now)
		r := reading(week, shifts, now, calendar{loc: chicago})
		somebody := len(onDuty(shifts, nil, now)) > 0 && len(week.between(now, now.Add(time.Microsecond), calendar{loc: chicago})) > 0
		if r.Now != somebody {
			t.Fatalf("now %v, but covered %v", r.Now, somebody)
		}
		if r.Now && len(onDuty(shifts, nil, r.Until.Add(-time.Microsecond))) == 0 {
			t.Fatalf("until %v, but nobody is there just before", r.Until)
		}
		if !r.Next.IsZero() && (r.Now || !r.Next.After(now) || len(onDuty(shifts, nil, r.Next)) == 0) {
			t.Fatalf("next %v, but nobody is there (now %v)", r.Next, r.Now)
		}
	})
}

func TestReadingInWords(t *testing.T) {
	t.Parallel()
	chicago := zoneOf(t, "America/Chicago")
	week, err := ParseWeek("mon-fri 08:00-17:00")
	if err != nil {
		t.Fatal(err)
	}
	on := func(day int) Shift {
		return Shift{Member: person(1), Kind: On, Starts: time.Date(2026, 11, day, 8, 0, 0, 0, chicago), Ends: time.Date(2026, 11, day, 16, 0, 0, 0, chicago)}
	}
	shifts := []Shift{on(23), on(25), {Member: person(1), Kind: Leave, Starts: time.Date(2026, 11, 25, 0, 0, 0, 0, chicago), Ends: time.Date(2026, 11, 25, 12, 0, 0, 0, chicago)}}
	for _, c := range []struct {
		at                time.Time
		now               bool
		until, next, what string
	}{
		{time.Date(2026, 11, 23, 9, 0, 0, 0, chicago), true, "Mon 4:00 PM", "", "in hours and covered"},
		{time.Date(2026, 11, 23, 16, 30, 0, 0, chicago), false, "", "Wed 12:00 PM", "in hours, but the shift is over; Tuesday has none; Wednesday morning is leave"},
		{time.Date(2026, 11, 22, 12, 0, 0, 0, chicago), false, "", "Mon 8:00 AM", "on Sunday"},
		{time.Date(2026, 11, 25, 18, 0, 0, 0, chicago), false, "", "", "nothing is on the roster any more: no promise"},
	} {
		got := reading(week, shifts, c.at, calendar{loc: chicago})
		text := func(t time.Time) string {
			if t.IsZero() {
				return ""
			}
			return t.Format("Mon 3:04 PM")
		}
		if got.Now != c.now || text(got.Until) != c.until || text(got.Next) != c.next {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}

func TestPatternLaysShiftsByTheWallClock(t *testing.T) {
	t.Parallel()
	chicago := zoneOf(t, "America/Chicago")
	p := Pattern{Member: person(1), Kind: On, First: time.Date(2026, 10, 30, 12, 0, 0, 0, chicago), Days: []time.Weekday{time.Saturday, time.Monday}, From: 22 * 60, To: 6 * 60, Weeks: 2}
	got, err := p.shifts("desk", chicago)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, sh := range got {
		lines = append(lines, stretch(sh.span(), chicago, true)+" = "+sh.Ends.Sub(sh.Starts).String())
	}
	want := []string{
		"Sat Oct 31, 10:00 PM to Sun Nov 1, 6:00 AM = 9h0m0s", // the clocks go back
		"Mon Nov 2, 10:00 PM to Tue Nov 3, 6:00 AM = 8h0m0s",
		"Sat Nov 7, 10:00 PM to Sun Nov 8, 6:00 AM = 8h0m0s",
		"Mon Nov 9, 10:00 PM to Tue Nov 10, 6:00 AM = 8h0m0s",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q", lines)
	}
	for name, wrong := range map[string]Pattern{
		"no weeks": {Weeks: 0, From: 0, To: 60}, "too many": {Weeks: 27, From: 0, To: 60}, "no such minute": {Weeks: 1, From: -1, To: 60}, "past the day": {Weeks: 1, From: 0, To: 1441},
	} {
		if list, err := wrong.shifts("desk", chicago); !errors.Is(err, errWeeks) && !errors.Is(err, errShift) {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}
