// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/platform/fault"
)

// Week is a pattern of hours that repeats every week, in the program's zone.
type Week []Slot

// Slot is one stretch of a Week. To may lie after midnight, up to 48:00.
type Slot struct {
	Day      time.Weekday // or holidays
	From, To int          // minutes after the day's midnight
}

const (
	dayMinutes  = 24 * 60
	weekMinutes = 7 * dayMinutes
	maxSlots    = 42
)

// ErrWeek says that a text is not a weekly pattern.
var ErrWeek = fault.New(fault.Invalid, "agency_hours", "The hours could not be read. Write them like: mon-fri 08:00-17:00; sat 09:00-12:00; holidays 09:00-12:00. Or: always.")

const holidayWord = "holidays"

func dayNames() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// ParseWeek reads "always", "" (no hours) or stretches such as
// "mon-fri 08:00-17:00; sat 22:00-06:00". An end at or before its start lies on
// the next day. "holidays 09:00-12:00" are the hours of every legal holiday, in
// place of those of its weekday; a pattern that names none promises none then,
// except "always".
func ParseWeek(text string) (Week, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "always" {
		return always(), nil
	}
	var week Week
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' || r == '\n' }) {
		fields := strings.Fields(part)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return nil, ErrWeek.With(fmt.Errorf("%d words", len(fields)))
		}
		days, err := parseDays(fields[0])
		if err != nil {
			return nil, err
		}
		from, to, err := parseStretch(fields[1])
		if err != nil {
			return nil, err
		}
		for _, d := range days {
			week = append(week, Slot{d, from, to})
		}
		if len(week) > maxSlots {
			return nil, ErrWeek.With(fmt.Errorf("more than %d stretches", maxSlots))
		}
	}
	return week.sorted()
}

func always() Week {
	week := make(Week, 7)
	for d := range week {
		week[d] = Slot{time.Weekday(d), 0, dayMinutes}
	}
	return week
}

func parseDays(text string) ([]time.Weekday, error) {
	if text == holidayWord {
		return []time.Weekday{holidays}, nil
	}
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	names := dayNames()
	a, b := slices.Index(names, first), slices.Index(names, last)
	if a < 0 || b < 0 {
		return nil, ErrWeek.With(fmt.Errorf("unknown day"))
	}
	var days []time.Weekday
	for d := a; ; d = (d + 1) % 7 {
		days = append(days, time.Weekday(d))
		if d == b {
			return days, nil
		}
	}
}

func parseStretch(text string) (from, to int, err error) {
	a, b, _ := strings.Cut(text, "-")
	from, err = ParseClock(a)
	if err != nil {
		return 0, 0, err
	}
	to, err = ParseClock(b)
	if err != nil {
		return 0, 0, err
	}
	if from == dayMinutes {
		return 0, 0, ErrWeek.With(fmt.Errorf("starts at 24:00"))
	}
	if to <= from {
		to += dayMinutes
	}
	return from, to, nil
}

// ParseClock reads "08:00" as minutes after midnight; "24:00" is the end of the day.
func ParseClock(text string) (int, error) {
	h, m, ok := strings.Cut(text, ":")
	if !ok || len(h) != 2 || len(m) != 2 {
		return 0, ErrWeek.With(fmt.Errorf("not a time of day"))
	}
	hour, err := strconv.ParseUint(h, 10, 8)
	if err != nil {
		return 0, ErrWeek.With(fmt.Errorf("not an hour"))
	}
	minute, err := strconv.ParseUint(m, 10, 8)
	if err != nil || minute > 59 || hour*60+minute > dayMinutes {
		return 0, ErrWeek.With(fmt.Errorf("not a time of day"))
	}
	return int(hour*60 + minute), nil
}

// sorted puts the stretches in order and refuses overlaps, the one from Saturday
// night into Sunday included.
func (w Week) sorted() (Week, error) {
	slices.SortFunc(w, func(a, b Slot) int { return cmp.Compare(a.start(), b.start()) })
	split := slices.IndexFunc(w, func(s Slot) bool { return s.Day == holidays })
	if split < 0 {
		split = len(w)
	}
	for _, ring := range []Week{w[:split], w[split:]} { // a holiday stands beside the week, and meets itself only
		if ring.overlaps() {
			return nil, ErrWeek.With(fmt.Errorf("stretches overlap"))
		}
	}
	return w, nil
}

// overlaps says whether two stretches of a pattern, in order, run into each other.
func (w Week) overlaps() bool {
	for i, s := range w {
		next := w[(i+1)%len(w)].start()
		if i+1 == len(w) {
			next += weekMinutes
		}
		if s.start()+s.To-s.From > next {
			return true
		}
	}
	return false
}

func (s Slot) start() int { return int(s.Day)*dayMinutes + s.From }

// String is the canonical text, which ParseWeek reads back: days that follow each
// other with the same hours stand together, from Monday on.
func (w Week) String() string {
	if slices.Equal(w, always()) {
		return "always"
	}
	names, done := dayNames(), make([]bool, len(w))
	find := func(day, from, to int) int {
		return slices.IndexFunc(w, func(s Slot) bool { return int(s.Day) == day%7 && s.From == from && s.To == to })
	}
	var parts []string
	for n := range 7 {
		for i, s := range w {
			if int(s.Day) != (n+1)%7 || done[i] {
				continue
			}
			last := n + 1
			for at := i; at >= 0 && last <= 7; at = find(last, s.From, s.To) {
				done[at] = true
				last++
			}
			days := names[s.Day]
			if last-1 > n+1 {
				days += "-" + names[(last-1)%7]
			}
			parts = append(parts, days+" "+clock(s.From)+"-"+clock(s.To))
		}
	}
	for _, s := range w {
		if s.Day == holidays {
			parts = append(parts, holidayWord+" "+clock(s.From)+"-"+clock(s.To))
		}
	}
	return strings.Join(parts, "; ")
}

// clock prints minutes after midnight; a minute of the next day prints as that day's.
func clock(minutes int) string {
	if minutes > dayMinutes {
		minutes -= dayMinutes
	}
	return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60)
}

// between is the pattern as moments between from and to. A stretch belongs to the
// day on which it begins: one that began before a holiday runs to its end.
func (w Week) between(from, to time.Time, cal calendar) []span {
	var out []span
	y, m, d := from.In(cal.loc).AddDate(0, 0, -2).Date()
	for day := time.Date(y, m, d, 12, 0, 0, 0, time.UTC); day.Before(to.AddDate(0, 0, 1)); day = day.AddDate(0, 0, 1) {
		for _, s := range w.of(day, cal) {
			out = append(out, s.on(day.Year(), day.Month(), day.Day(), cal.loc))
		}
	}
	return clip(out, from, to)
}

// on is the stretch on one date.
func (s Slot) on(year int, month time.Month, day int, loc *time.Location) span {
	return span{instant(year, month, day, s.From, loc, false), instant(year, month, day, s.To, loc, true)}
}
