// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"slices"
	"time"

	"waylight/internal/partnership/program"
)

// calendar is where and how an office's days run: its clock, and the days that
// are its legal holidays. Without any, every day is like its weekday.
type calendar struct {
	loc     *time.Location
	holiday func(year int, month time.Month, day int) (name string, ok bool)
}

// calendarOf is the calendar of an office, by the pack.
func calendarOf(p *program.Program, office string) calendar {
	return calendar{loc: zone(p), holiday: func(year int, month time.Month, day int) (string, bool) {
		h, ok := p.HolidayOf(office, year, month, day)
		return h.Name.In("en"), ok
	}}
}

// on names the holiday of a day, at whatever hour.
func (c calendar) on(day time.Time) (name string, ok bool) {
	if c.holiday == nil {
		return "", false
	}
	return c.holiday(day.Year(), day.Month(), day.Day())
}

// holidays is the day of a Slot that stands for every legal holiday.
const holidays time.Weekday = 7

// everyDay says whether the pattern keeps its hours on holidays too, because it
// is "always".
func (w Week) everyDay() bool { return slices.Equal(w, always()) }

// of gives the stretches of a day: those of its weekday, or, on a holiday, those
// that the office named for holidays. An office that named none is not there on a
// holiday, except one that always is.
func (w Week) of(day time.Time, cal calendar) []Slot {
	as := day.Weekday()
	if _, off := cal.on(day); off && !w.everyDay() {
		as = holidays
	}
	var out []Slot
	for _, s := range w {
		if s.Day == as {
			out = append(out, s)
		}
	}
	return out
}
