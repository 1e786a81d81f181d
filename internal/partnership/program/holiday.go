// SPDX-License-Identifier: Apache-2.0

package program

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/platform/form"
)

// How a holiday moves that falls on a weekend. It is a holiday on its own day
// too.
const (
	MovesNot    = ""        // it does not
	MovesSunday = "sunday"  // from a Sunday to the Monday after
	MovesBoth   = "weekend" // from a Saturday to the Friday before, from a Sunday to the Monday after
)

// Holiday is a legal holiday of a state or of the nation, as a rule that gives
// its date in any year.
type Holiday struct {
	ID, Jurisdiction string // of a state's code, or US
	Name             form.Text
	On               string // as written: "12-25", "third mon jan", "last mon may"
	Moves            string
	Basis            []string // laws.yaml
	rule             dayRule
}

// dayRule is a date within any year: a day of a month, or a weekday of one.
type dayRule struct {
	month   time.Month
	day     int // fixed; 0: by weekday
	weekday time.Weekday
	nth     int // 1 to 4; 5: the last
}

// In gives the day of a year, at noon UTC.
func (h Holiday) In(year int) time.Time {
	r := h.rule
	switch {
	case r.day > 0:
		return noon(year, r.month, r.day)
	case r.nth == 5:
		last := noon(year, r.month+1, 0)
		return last.AddDate(0, 0, -((int(last.Weekday()) - int(r.weekday) + 7) % 7))
	}
	first := noon(year, r.month, 1)
	return first.AddDate(0, 0, (int(r.weekday)-int(first.Weekday())+7)%7+7*(r.nth-1))
}

func noon(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
}

// Observed gives the day on which offices keep it.
func (h Holiday) Observed(year int) time.Time {
	day := h.In(year)
	switch {
	case day.Weekday() == time.Sunday && h.Moves != MovesNot:
		return day.AddDate(0, 0, 1)
	case day.Weekday() == time.Saturday && h.Moves == MovesBoth:
		return day.AddDate(0, 0, -1)
	}
	return day
}

// on says whether a day is this holiday, or the one on which it is kept. New
// Year's Day may be kept in the old year.
func (h Holiday) on(day time.Time) bool {
	same := func(other time.Time) bool { return other.YearDay() == day.YearDay() && other.Year() == day.Year() }
	return same(h.In(day.Year())) || same(h.Observed(day.Year())) || same(h.Observed(day.Year()+1))
}

// HolidayOf gives the holiday that an office has on a day of the calendar. An
// office of the nation has the nation's, an office of a state that state's, as
// far as the pack knows them, and every other one those of the program's state.
func (p *Program) HolidayOf(office string, year int, month time.Month, day int) (Holiday, bool) {
	jurisdiction := p.State
	switch o := p.Offices[office]; {
	case o.Kind == National:
		jurisdiction = nation
	case o.State != "":
		jurisdiction = o.State
	}
	at := noon(year, month, day)
	i := slices.IndexFunc(p.Holidays, func(h Holiday) bool { return h.Jurisdiction == jurisdiction && h.on(at) })
	if i < 0 {
		return Holiday{}, false
	}
	return p.Holidays[i], true
}

const nation = "US"

var (
	fixedDay = regexp.MustCompile(`^(\d\d)-(\d\d)$`)
	nths     = []string{"first", "second", "third", "fourth", "last"}
	days     = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	months   = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
)

// parseDay reads "12-25" or "third mon jan". A day that not every year has is
// refused.
func parseDay(text string) (dayRule, error) {
	if m := fixedDay.FindStringSubmatch(text); m != nil {
		month, _ := strconv.Atoi(m[1])
		day, _ := strconv.Atoi(m[2]) // two digits each, by the shape
		if month < 1 || month > 12 || day < 1 || noon(2023, time.Month(month), day).Month() != time.Month(month) {
			return dayRule{}, fmt.Errorf("%q is not a day of every year", text)
		}
		return dayRule{month: time.Month(month), day: day}, nil
	}
	words := strings.Fields(text)
	if len(words) == 3 {
		nth, day, month := slices.Index(nths, words[0]), slices.Index(days, words[1]), slices.Index(months, words[2])
		if nth >= 0 && day >= 0 && month >= 0 {
			return dayRule{month: time.Month(month + 1), weekday: time.Weekday(day), nth: nth + 1}, nil
		}
	}
	return dayRule{}, fmt.Errorf("%q is neither a day such as 12-25 nor one such as third mon jan (first to fourth, or last)", text)
}

// holidays takes the pack's holidays and its base's: the nation's stand in a base.
func (b *builder) holidays() {
	for _, row := range slices.Concat(b.own.holidays, b.base.holidays) {
		if !b.id("holiday", row.ID, row.At) {
			continue
		}
		rule, err := parseDay(row.On)
		if err != nil {
			b.wrong.add(row.At, "on: %v", err)
		}
		b.among(row.At, "moves", row.Moves, []string{MovesNot, MovesSunday, MovesBoth})
		b.among(row.At, "jurisdiction", row.Jurisdiction, []string{nation, b.p.State})
		b.words(row.At, "name", row.Name)
		law := false
		for _, id := range row.Basis {
			l, ok := b.p.Laws[id]
			if !ok {
				b.wrong.add(row.At, "basis: there is no law %q in laws.yaml", id)
			}
			law = law || l.Kind == "law"
		}
		if !law {
			b.wrong.add(row.At, "basis: a legal holiday rests on a law, not on a policy alone")
		}
		b.p.Holidays = append(b.p.Holidays, Holiday{ID: row.ID, Jurisdiction: row.Jurisdiction, Name: row.Name, On: row.On, Moves: row.Moves, Basis: row.Basis, rule: rule})
	}
}
