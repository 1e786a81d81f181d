// SPDX-License-Identifier: Apache-2.0

package program

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"waylight/programs"
)

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return noon(t.Year(), t.Month(), t.Day())
}

// The rule's own cases: the committee's note of 2009 counts to September 1, 2007, a Saturday before Labor Day, in both directions; and state holidays move only
// what is counted forward.
func TestDaysAreCountedAsTheRuleDoes(t *testing.T) {
	t.Parallel()
	set, err := Load(programs.FS)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := set.Program("ms")
	for _, c := range []struct {
		why, court, state, from string
		days                    int
		before                  bool
		due                     string
		moved                   int
	}{
		{"forward over Labor Day", "US", "MS", "2007-08-22", 10, false, "2007-09-04", 3},
		{"backward from a Saturday", "US", "MS", "2007-09-11", 10, true, "2007-08-31", 1},
		{"an ordinary day", "US", "MS", "2026-11-02", 14, false, "2026-11-16", 0},
		{"ends on Thanksgiving", "US", "NY", "2026-11-12", 14, false, "2026-11-27", 1},
		{"a holiday of the state alone", "US", "MS", "2026-04-13", 14, false, "2026-04-28", 1},
		{"the same in a state whose holidays are not here", "US", "NY", "2026-04-13", 14, false, "2026-04-27", 0},
		{"the same counted backward", "US", "MS", "2026-05-11", 14, true, "2026-04-27", 0},
		{"a national holiday that the state's courts do not keep", "MS", "MS", "2026-05-20", 30, false, "2026-06-19", 0},
		{"the state's own holiday in its courts", "MS", "MS", "2026-03-28", 30, false, "2026-04-28", 1},
		{"New Year's Day kept in the old year", "US", "NY", "2021-12-17", 14, false, "2022-01-03", 3},
		{"ninety days", "US", "MS", "2026-03-02", 90, false, "2026-06-01", 1},
		{"over a leap day", "US", "MS", "2024-02-27", 14, false, "2024-03-12", 0},
	} {
		due, moved := p.Due(c.court, c.state, day(c.from), c.days, c.before)
		if got := due.Format(time.DateOnly); got != c.due || len(moved) != c.moved {
			t.Errorf("%s: %s, moved by %v; want %s", c.why, got, moved, c.due)
		}
	}
}

func TestWagesByTheDay(t *testing.T) {
	t.Parallel()
	set, err := Load(programs.FS)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := set.Program("ms")
	for date, want := range map[string]int64{"2009-07-23": 655, "2009-07-24": 725, "2026-01-01": 725, "1997-09-01": 515, "1997-08-31": 0} {
		d := day(date)
		if w, ok := p.WageOn(d.Year(), d.Month(), d.Day()); w.Cents != want || ok != (want > 0) {
			t.Errorf("%s: %d", date, w.Cents)
		}
	}
}

func TestCourtLawThatIsWrongIsRefused(t *testing.T) {
	t.Parallel()
	const good = `statutes:
  - {id: ms-x, jurisdiction: MS, citation: X, title: X, status: unverified, checked_on: 2026-11-27, checked_by: X, source: X}
countings:
  - {jurisdiction: MS, basis: [ms-mrap-26]}
deadlines:
  - {id: ms-y, jurisdiction: MS, title: Y, starts: [sentence], ends: [appeal_noticed], days: "30", limit_by: law, basis: [ms-mrap-4]}
`
	load := func(text string) string {
		_, err := Load(programs.FS, fstest.MapFS{"ms/courts.yaml": {Data: []byte(text)}})
		if err == nil {
			return ""
		}
		return err.Error()
	}
	if said := load(good); said != "" {
		t.Fatal(said)
	}
	for _, c := range [][3]string{
		{"jurisdiction: MS, citation", "jurisdiction: TX, citation", "TX"}, {"unverified", "sure", "sure"}, {"citation: X", `citation: ""`, "must not be empty"},
		{"2026-11-27", "yesterday", "yesterday"}, {`"30"`, `"0"`, "days"}, {`"30"`, "many", "days"}, {"limit_by: law", "limit_by: habit", "habit"},
		{"[ms-mrap-4]", "[nothing]", "nothing"}, {"[ms-mrap-4]", "[us-policy-victims-told]", "rests on a law"}, {"[ms-mrap-4]", "[]", "rest on"},
		{"starts: [sentence]", "starts: [rumor]", "rumor"}, {"starts: [sentence]", "before: true, starts: [sentence]", "yet to come"},
		{"  - {jurisdiction: MS, basis: [ms-mrap-26]}", "  - {jurisdiction: US, basis: [us-frcrp-45]}", "count days"}, {"ms-x", "us-18-1591", "already defined"},
	} {
		if said := load(strings.Replace(good, c[0], c[1], 1)); !strings.Contains(said, c[2]) {
			t.Errorf("%s instead of %s: %q", c[1], c[0], said)
		}
	}
}
