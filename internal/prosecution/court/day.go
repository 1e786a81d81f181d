// SPDX-License-Identifier: Apache-2.0

package court

import (
	"strings"
	"time"
)

// Day is a date of the court's calendar, as the number 20261127. Zero is none.
type Day int64

// ParseDay reads 2026-11-27.
func ParseDay(text string) (Day, bool) {
	t, err := time.Parse(time.DateOnly, strings.TrimSpace(text))
	if err != nil {
		return 0, false
	}
	return dayOf(t), true
}

// dayOf is the date that a time has in its own zone.
func dayOf(t time.Time) Day {
	return Day(t.Year()*10000 + int(t.Month())*100 + t.Day())
}

// In is the beginning of the day in a zone.
func (d Day) In(zone *time.Location) time.Time {
	return time.Date(int(d/10000), time.Month(d/100%100), int(d%100), 0, 0, 0, 0, zone)
}

// ISO is 2026-11-27, "" for none.
func (d Day) ISO() string {
	if d == 0 {
		return ""
	}
	return d.In(time.UTC).Format(time.DateOnly)
}

// String is the day in words: Nov 27, 2026.
func (d Day) String() string {
	if d == 0 {
		return ""
	}
	return d.In(time.UTC).Format("Jan 2, 2006")
}

// add is so many days later.
func (d Day) add(days int) Day { return dayOf(d.In(time.UTC).AddDate(0, 0, days)) }
