// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"slices"
	"testing"
	"time"

	"waylight/internal/platform/store"
)

// thanksgiving is a calendar in which one Thursday is a holiday.
func thanksgiving(t *testing.T) calendar {
	return calendar{loc: zoneOf(t, "America/Chicago"), holiday: func(year int, month time.Month, day int) (string, bool) {
		return "Thanksgiving Day", year == 2026 && month == time.November && day == 26
	}}
}

// A pattern promises no hour of a holiday unless the office says that it works then; a night that began before runs to its end.
func TestPatternPromisesNoHoliday(t *testing.T) {
	t.Parallel()
	cal := thanksgiving(t)
	day := span{time.Date(2026, 11, 26, 0, 0, 0, 0, cal.loc), time.Date(2026, 11, 27, 0, 0, 0, 0, cal.loc)}
	for text, want := range map[string]string{
		"mon-fri 08:00-17:00":                       "",
		"mon-fri 08:00-17:00; holidays 09:00-12:00": "09:00-12:00",
		"mon-wed 08:00-17:00; holidays 20:00-04:00": "20:00-00:00",
		"always":                                     "00:00-00:00",
		"sun-sat 00:00-24:00":                        "00:00-00:00",
		"sun-sat 22:00-06:00":                        "00:00-06:00", // of the night before
		"mon-fri 08:00-17:00; thu 18:00-20:00":       "",
		"sun-sat 06:00-18:00; sun-sat 18:00-06:00":   "00:00-06:00",
		"mon-fri 08:00-17:00; holidays 00:00-24:00":  "00:00-00:00",
		"holidays 10:00-11:00; holidays 12:00-13:00": "10:00-11:00 12:00-13:00",
	} {
		week, err := ParseWeek(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got := ""
		for i, s := range week.between(day.from, day.to, cal) {
			if i > 0 {
				got += " "
			}
			got += s.from.In(cal.loc).Format("15:04") + "-" + s.to.In(cal.loc).Format("15:04")
		}
		if got != want {
			t.Errorf("%s: promises %q, want %q", text, got, want)
		}
		again, err := ParseWeek(week.String())
		if err != nil || !slices.Equal(again, week) {
			t.Errorf("%s comes back as %s", text, week)
		}
		other := span{day.from.AddDate(0, 0, 7), day.to.AddDate(0, 0, 7)}
		if text == "mon-fri 08:00-17:00" && len(week.between(other.from, other.to, cal)) != 1 {
			t.Error("the Thursday after is a holiday too")
		}
	}
	for _, wrong := range []string{"holidays", "holidays 08:00-12:00; holidays 11:00-13:00", "mon-holidays 08:00-12:00", "holidays-mon 08:00-12:00"} {
		if _, err := ParseWeek(wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

// A holiday is a gap only where the hours say that somebody is there, and the public page promises the next hour that is one.
func TestHolidayIsNoGapAndNotPromised(t *testing.T) {
	t.Parallel()
	cal := thanksgiving(t)
	wednesday := time.Date(2026, 11, 25, 18, 0, 0, 0, cal.loc)
	friday := Shift{Member: store.NewID(), Office: "o", Kind: On, Starts: time.Date(2026, 11, 26, 0, 0, 0, 0, cal.loc), Ends: time.Date(2026, 11, 28, 0, 0, 0, 0, cal.loc)}
	for text, want := range map[string]struct{ gaps, next int }{
		"mon-fri 08:00-17:00":                       {0, 27}, // who is on all Thursday is not promised to anybody
		"mon-fri 08:00-17:00; holidays 09:00-12:00": {0, 26},
		"always": {1, 26}, // the evening of Wednesday
	} {
		week, err := ParseWeek(text)
		if err != nil {
			t.Fatal(err)
		}
		to := time.Date(2026, 11, 28, 0, 0, 0, 0, cal.loc)
		if got := gaps(week, []Shift{friday}, wednesday, to, cal); len(got) != want.gaps {
			t.Errorf("%s: gaps %v", text, got)
		}
		if got := reading(week, []Shift{friday}, wednesday, cal); got.Next.Day() != want.next {
			t.Errorf("%s: the next hour is promised on %v", text, got.Next)
		}
	}
	week, err := ParseWeek("mon-fri 08:00-17:00; holidays 09:00-12:00")
	if err != nil {
		t.Fatal(err)
	}
	if got := gaps(week, nil, wednesday, friday.Ends, cal); len(got) != 2 || got[0].Starts.Format("2 15:04") != "26 09:00" {
		t.Errorf("an empty roster: %v", got)
	}
}
