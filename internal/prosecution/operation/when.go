// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"strings"
	"time"

	"waylight/internal/platform/fault"
)

var (
	errDate  = fault.New(fault.Invalid, "operation.date", "Write the day as year, month and day, such as 2026-09-01.")
	errClock = fault.New(fault.Invalid, "operation.clock", "Write the time as hours and minutes, such as 05:30.")
	// errGap and errTwice are the two nights of the year on which a clock is not enough.
	errGap   = fault.New(fault.Invalid, "operation.gap", "On that night the clocks are set forward, and this time does not exist. Choose one before or after it.")
	errTwice = fault.New(fault.Invalid, "operation.twice", "On that night the clocks are set back, and this time comes twice. Say below which of the two it is.")
)

// Which of two equal times is meant, on the night on which the clocks are set back.
const (
	First  = "first"
	Second = "second"
)

// At reads a day and a time of day in a zone. A time that does not exist, or that comes twice without a word on which it is, is refused and never guessed: an hour decides
// whether two teams meet.
func At(day, clock, which string, zone *time.Location) (time.Time, error) {
	d, err := time.Parse("2006-01-02", strings.TrimSpace(day))
	if err != nil || d.Year() < 1970 || d.Year() > 2200 {
		return time.Time{}, errDate
	}
	c, err := time.Parse("15:04", strings.TrimSpace(clock))
	if err != nil {
		return time.Time{}, errClock
	}
	all := instants(d, c, zone)
	switch {
	case len(all) == 0:
		return time.Time{}, errGap
	case len(all) == 1 || which == First:
		return all[0], nil
	case which == Second:
		return all[1], nil
	}
	return time.Time{}, errTwice
}

// instants lists the moments at which the clocks of a zone show a day and a time, in order.
func instants(day, clock time.Time, zone *time.Location) []time.Time {
	wall := time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, time.UTC)
	var out []time.Time
	// Every offset that the zone has within a day on either side is tried: what shows the wall's time is meant.
	for _, around := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		_, offset := wall.Add(around).In(zone).Zone()
		at := wall.Add(-time.Duration(offset) * time.Second)
		if local := at.In(zone); local.Format(wallFormat) == wall.Format(wallFormat) && (len(out) == 0 || !out[0].Equal(at)) {
			out = append(out, at)
		}
	}
	if len(out) == 2 && out[1].Before(out[0]) {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

const wallFormat = "2006-01-02 15:04"

// days counts the days of a calendar from the first to the last, both included.
func days(first, last time.Time) int {
	a := time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, time.UTC)
	b := time.Date(last.Year(), last.Month(), last.Day(), 0, 0, 0, 0, time.UTC)
	return int(b.Sub(a)/(24*time.Hour)) + 1
}
