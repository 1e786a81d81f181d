// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseWeek(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"always", "always"},
		{" ALWAYS ", "always"},
		{"sun-sat 00:00-24:00", "always"},
		{"mon 08:00-17:00", "mon 08:00-17:00"},
		{"Mon-Wed 08:00-17:00", "mon-wed 08:00-17:00"},
		{"sat-mon 09:00-12:00", "mon 09:00-12:00; sat-sun 09:00-12:00"},
		{"fri 13:00-17:00;\nfri 08:00-12:00;", "fri 08:00-12:00; fri 13:00-17:00"},
		{"mon 22:00-06:00", "mon 22:00-06:00"},
		{"mon 22:00-24:00", "mon 22:00-24:00"},
		{"mon 08:00-08:00", "mon 08:00-08:00"},
		{"sun 06:00-08:00; sat 22:00-06:00", "sat 22:00-06:00; sun 06:00-08:00"},
		{"mon-fri 08:00-12:00; mon 13:00-17:00; wed-thu 13:00-17:00", "mon-fri 08:00-12:00; mon 13:00-17:00; wed-thu 13:00-17:00"},
	} {
		w, err := ParseWeek(c.in)
		if err != nil || w.String() != c.want {
			t.Errorf("%q: %q, %v; want %q", c.in, w.String(), err, c.want)
		}
	}
	for _, in := range []string{
		"monday 08:00-17:00", "mon", "mon 8:00-17:00", "mon 08:00", "mon 25:00-26:00", "mon 08:60-09:00", "mon 24:00-25:00", "mon 24:00-08:00",
		"mon 08:00-17:00 tue 08:00-17:00", "mon 08:00-12:00; mon 11:00-13:00", "sat 22:00-06:00; sun 05:00-08:00", "mon +8:00-17:00", "mon-", "mon 00:00-24:01",
		"mon 22:00-22:00; tue 21:00-23:00", strings.Repeat("mon 08:00-09:00;", 50),
	} {
		if w, err := ParseWeek(in); !errors.Is(err, ErrWeek) {
			t.Errorf("%q was read as %q (%v)", in, w, err)
		}
	}
}

func FuzzParseWeek(f *testing.F) {
	for _, seed := range []string{"", "always", "mon-fri 08:00-17:00; sat 09:00-12:00", "sat 22:00-06:00", "sun 00:00-24:00", "fri-mon 23:59-00:00", ";;\n", "mon 08:00-17:00\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w, err := ParseWeek(text)
		if err != nil {
			if !errors.Is(err, ErrWeek) {
				t.Fatalf("%q: an error of another kind: %v", text, err)
			}
			return
		}
		again, err := ParseWeek(w.String())
		if err != nil || !slices.Equal(again, w) {
			t.Fatalf("%q prints as %q, which reads as %q (%v)", text, w, again, err)
		}
		total := 0
		for _, s := range w {
			total += s.To - s.From
		}
		if total > weekMinutes {
			t.Fatalf("%q holds %d minutes", text, total)
		}
	})
}

func TestRoundTheClockHasNoHoleInAnyYear(t *testing.T) {
	t.Parallel()
	thirds, err := ParseWeek("sun-sat 00:00-08:00; sun-sat 08:00-16:00; sun-sat 16:00-24:00")
	if err != nil {
		t.Fatal(err)
	}
	nights, err := ParseWeek("sun-sat 06:00-18:00; sun-sat 18:00-06:00")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"America/Chicago", "America/New_York", "America/Phoenix", "America/Anchorage", "Pacific/Guam", "Australia/Lord_Howe"} {
		loc := zoneOf(t, name)
		from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, loc), time.Date(2028, 1, 1, 0, 0, 0, 0, loc)
		for _, w := range []Week{always(), thirds, nights} {
			if got := w.between(from, to, calendar{loc: loc}); len(got) != 1 || !got[0].from.Equal(from) || !got[0].to.Equal(to) {
				t.Errorf("%s, %s: %v", name, w, got)
			}
		}
	}
}

func TestNightShiftsKeepTheExtraHour(t *testing.T) {
	t.Parallel()
	chicago := zoneOf(t, "America/Chicago")
	night := Slot{From: 22 * 60, To: dayMinutes + 6*60}
	for _, c := range []struct {
		m    time.Month
		d    int
		want time.Duration
	}{
		{time.March, 7, 7 * time.Hour}, {time.October, 31, 9 * time.Hour}, {time.June, 1, 8 * time.Hour},
	} {
		s := night.on(2026, c.m, c.d, chicago)
		if got := s.to.Sub(s.from); got != c.want {
			t.Errorf("%s %d: %v, want %v", c.m, c.d, got, c.want)
		}
		if s.from.In(chicago).Format("15:04") != "22:00" || s.to.In(chicago).Format("15:04") != "06:00" {
			t.Errorf("%s %d: from %v to %v", c.m, c.d, s.from, s.to)
		}
	}
}

// What between says of a moment must be what the wall clock says of it.
func TestBetweenAgreesWithTheWallClock(t *testing.T) {
	t.Parallel()
	chicago := zoneOf(t, "America/Chicago")
	week, err := ParseWeek("mon-fri 08:00-17:00; sat 22:00-06:00")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1767225600, 1893456000).Draw(t, "second"), 0)
		w := at.In(chicago)
		minute := w.Hour()*60 + w.Minute()
		want := w.Weekday() >= time.Monday && w.Weekday() <= time.Friday && minute >= 8*60 && minute < 17*60 ||
			w.Weekday() == time.Saturday && minute >= 22*60 || w.Weekday() == time.Sunday && minute < 6*60
		spans := week.between(at.Add(-time.Hour), at.Add(time.Hour), calendar{loc: chicago})
		got := false
		for _, s := range spans {
			got = got || s.covers(at)
		}
		if got != want {
			t.Fatalf("%v: %v, want %v (%v)", w, got, want, spans)
		}
	})
}
