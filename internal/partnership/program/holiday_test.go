// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"waylight/internal/partnership/program"
	"waylight/programs"
)

// The law's own days, in years in which they fall differently.
func TestHolidaysFallOnTheirDays(t *testing.T) {
	t.Parallel()
	set, err := program.Load(programs.FS)
	if err != nil {
		t.Fatal(err)
	}
	ms, _ := set.Program("ms")
	federal := ""
	for id, o := range ms.Offices {
		if o.Kind == program.National {
			federal = id
		}
	}
	if federal == "" {
		t.Fatal("no office of the nation")
	}
	for day, want := range map[string]struct{ state, nation string }{
		"2026-01-01": {"New Year's Day", "New Year's Day"}, "2026-01-19": {"Birthdays of Robert E. Lee and Dr. Martin Luther King, Jr.", "Birthday of Martin Luther King, Jr."},
		"2026-02-16": {"Washington's birthday", "Washington's Birthday"}, "2026-04-27": {"Confederate Memorial Day", ""},
		"2026-05-25": {"National Memorial Day and Jefferson Davis' birthday", "Memorial Day"}, "2026-06-19": {"", "Juneteenth"},
		"2026-07-03": {"", "Independence Day"}, "2026-07-04": {"Independence Day", "Independence Day"}, "2026-07-06": {"", ""}, // a Saturday: only the nation's offices keep the Friday
		"2026-09-07": {"Labor Day", "Labor Day"}, "2026-10-12": {"", "Columbus Day"}, "2026-11-11": {"Armistice or Veterans' Day", "Veterans Day"},
		"2026-11-26": {"Thanksgiving Day", "Thanksgiving Day"}, "2026-11-27": {"", ""}, "2026-12-25": {"Christmas Day", "Christmas Day"},
		"2027-05-31": {"National Memorial Day and Jefferson Davis' birthday", "Memorial Day"},                          // five Mondays
		"2027-07-04": {"Independence Day", "Independence Day"}, "2027-07-05": {"Independence Day", "Independence Day"}, // a Sunday
		"2027-12-24": {"", "Christmas Day"}, "2027-12-31": {"", "New Year's Day"}, "2028-01-01": {"New Year's Day", "New Year's Day"}, // Saturdays
		"2023-01-02": {"New Year's Day", "New Year's Day"}, "2023-01-01": {"New Year's Day", "New Year's Day"}, "2023-01-03": {"", ""},
		"2028-11-23": {"Thanksgiving Day", "Thanksgiving Day"}, "2028-11-30": {"", ""},
	} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		for office, name := range map[string]string{"mbi-desk": want.state, "mdcps": want.state, federal: want.nation, "tn-child-protection": ""} {
			h, ok := ms.HolidayOf(office, at.Year(), at.Month(), at.Day())
			if h.Name.In("en") != name || ok != (name != "") {
				t.Errorf("%s at %s: %q, want %q", day, office, h.Name.In("en"), name)
			}
		}
	}
	for _, h := range ms.Holidays {
		for year := 2020; year < 2060; year++ {
			if d := h.In(year); d.Year() != year || h.Observed(year).Sub(d).Abs() > 24*time.Hour {
				t.Errorf("%s in %d: %v, kept on %v", h.ID, year, d, h.Observed(year))
			}
		}
	}
}

// A pack whose holidays are not in order is refused, and the line is named.
func TestHolidaysAreChecked(t *testing.T) {
	t.Parallel()
	good := "holidays:\n  - {id: h-one, jurisdiction: MS, name: {en: One, es: Uno}, on: \"01-01\", moves: sunday, basis: [ms-3-3-7]}\n"
	for what, c := range map[string]struct{ old, new, want string }{
		"in order":         {"", "", ""},
		"no such day":      {`"01-01"`, `"02-30"`, "not a day of every year"},
		"a leap day":       {`"01-01"`, `"02-29"`, "not a day of every year"},
		"fifth":            {`"01-01"`, `fifth mon jan`, "neither a day"},
		"no rule":          {`"01-01"`, `Easter`, "neither a day"},
		"no such law":      {"ms-3-3-7", "ms-9-9-9", "there is no law"},
		"a policy":         {"[ms-3-3-7]", "[ms-policy-clocks]", "rests on a law"},
		"no basis":         {"[ms-3-3-7]", "[]", "rests on a law"},
		"another state":    {"jurisdiction: MS", "jurisdiction: TN", "jurisdiction"},
		"moves how":        {"moves: sunday", "moves: monday", "moves"},
		"one language":     {", es: Uno", "", "no words for the language"},
		"an unknown field": {"moves: sunday", "observed: sunday", "observed"},
		"twice":            {good, good + strings.TrimPrefix(good, "holidays:\n"), "already defined"},
	} {
		packs := fstest.MapFS{"ms/holidays.yaml": &fstest.MapFile{Data: []byte(strings.Replace(good, c.old, c.new, 1))}}
		_, err := program.Load(programs.FS, packs)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "ms/holidays.yaml:")) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
