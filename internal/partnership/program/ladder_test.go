// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"waylight/internal/partnership/program"
	"waylight/programs"
)

// goodLadder is a ladder that is in order, to be spoiled. Its lines are counted
// by the tests.
const goodLadder = `ladders:
  - for: ordinary
    citation: policy of the program
    checked_on: 2026-11-27
    checked_by: Ann Example
    first: [on_duty]
    opened: {within: 25%, least: 10m, most: 24h}
    rungs:
      - {tell: [on_duty], when: 25% before late}
      - {tell: [stand_in], when: late}
      - {tell: [supervisor, agency_admin], when: 25% after last, least: 10m, most: 24h}
      - {tell: [named, desk], when: 2h after last}
    repeat: 24h
  - for: danger
    citation: policy of the program
    checked_on: 2026-11-27
    checked_by: Ann Example
    first: [on_duty, stand_in]
    opened: {within: 5m}
    rungs:
      - {tell: [supervisor, agency_admin], when: 5m after start}
      - {tell: [named, desk], when: 10m after start}
    repeat: 12h
reminder: 25% before late
`

// A pack whose ladder is not in order is refused, and the line is named.
func TestLaddersAreChecked(t *testing.T) {
	t.Parallel()
	third := "      - {tell: [supervisor, agency_admin], when: 25% after last, least: 10m, most: 24h}\n"
	for what, c := range map[string]struct{ old, new, want string }{
		"in order":                      {"", "", ""},
		"a law as its basis":            {"citation: policy of the program", "citation: Miss. Code Ann. § 43-21-353(1)\n    basis: [ms-43-21-353]", ""},
		"an unknown role":               {"[on_duty], when: 25% before", "[sheriff], when: 25% before", `:9: tell: "sheriff" is not one of [on_duty stand_in desk named member supervisor agency_admin]`},
		"a role of the whole program":   {"[on_duty], when: 25% before", "[auditor], when: 25% before", `:9: tell: "auditor" is not one of`},
		"a role twice":                  {"[supervisor, agency_admin], when: 25%", "[supervisor, supervisor], when: 25%", `:11: tell: "supervisor" stands here twice`},
		"a rung for nobody":             {"[stand_in], when", "[], when", ":10: tell: nobody is told"},
		"nobody gets the first notice":  {"first: [on_duty]", "first: [stand_in]", ":2: first: whoever is on duty"},
		"a last rung of people":         {"[named, desk], when: 2h", "[desk], when: 2h", ":12: tell: the last rung tells the named persons"},
		"an empty ladder":               {goodLadder[strings.Index(goodLadder, "    rungs:"):strings.Index(goodLadder, "    repeat: 24h")], "    rungs: []\n", ":2: rungs: the ladder for ordinary has none"},
		"no ladder for danger":          {goodLadder[strings.Index(goodLadder, "  - for: danger"):strings.Index(goodLadder, "reminder")], "", ":1: ladders: there is none for danger"},
		"two for danger":                {"for: ordinary", "for: danger", ":14: for: there is a ladder for danger already, in line 2"},
		"for something else":            {"for: ordinary", "for: always", ":2: for: \"always\" is not one of [ordinary danger]"},
		"out of order":                  {"when: late}", "when: 30m after start}", `:10: when: "30m after start" comes 15m before the rung above this line, for a limit of 1h`},
		"out of order for some limits":  {"25% before late", "13h after start", `:10: when: "late" comes 12h before the rung above this line, for a limit of 1h`},
		"out of order once opened":      {"25% before late", "50m after start", `:10: when: "late" comes 35m before the rung above this line, for a limit of 1h, once it was opened`},
		"no moment":                     {"when: late}", "when: soon}", `:10: when: "soon" is not a moment`},
		"after nothing":                 {"when: late}", "when: start}", `:10: when: "start" is not a moment`},
		"before the start":              {"when: late}", "when: 5m before start}", ":10: when: "},
		"no length":                     {"when: late}", "when: 5x after late}", `:10: when: "5x" is not a limit`},
		"no share":                      {"25% before", "0% before", `:9: when: "0%" is not a share`},
		"more than there is":            {"25% before", "125% before", ":9: when: \"125% before late\" is before the wait began"},
		"an unbounded gap":              {"25% after last, least: 10m, most: 24h", "25% after last, least: 10m", ":11: when: a share of a limit that may be a minute or a year needs"},
		"a gap without a smallest one":  {"25% after last, least: 10m, most: 24h", "25% after last, most: 24h", ":11: when: a share of a limit"},
		"a gap of over a week":          {"most: 24h}\n      - {tell: [named", "most: 8d}\n      - {tell: [named", ":11: when: a gap of 8d is over 7d"},
		"a fixed gap of over a week":    {"2h after last", "8d after last", ":12: when: a gap of 8d is over 7d"},
		"a gap turned round":            {"least: 10m, most: 24h}\n      - {tell: [named", "least: 2d, most: 24h}\n      - {tell: [named", ":11: least: 2d is more than most, 24h"},
		"bounds of a fixed gap":         {"2h after last}", "2h after last, least: 1h}", ":12: least, most: only a share has bounds"},
		"bounds of none":                {"when: late}", "when: late, most: 1h}", ":10: least, most: only a share has bounds"},
		"opened without end":            {"opened: {within: 25%, least: 10m, most: 24h}", "opened: {within: 25%}", ":7: opened: a share of a limit"},
		"told once and never again":     {"    repeat: 24h\n", "", `:2: ladders: the key "repeat" is missing`},
		"told all the time":             {"repeat: 24h", "repeat: 5m", ":2: repeat: 5m is not between 15m and 7d"},
		"told once in a blue moon":      {"repeat: 24h", "repeat: 30d", ":2: repeat: 30d is not between 15m and 7d"},
		"nobody looked":                 {"checked_by: Ann Example", `checked_by: ""`, ":2: checked_by must not be empty"},
		"looked when":                   {"2026-11-27", "2026-13-27", `:2: checked_on: "2026-13-27" is not a date`},
		"no citation":                   {"    citation: policy of the program\n", "", `:2: ladders: the key "citation" is missing`},
		"a law that is none":            {"citation: policy of the program", "citation: Miss. Code", ":2: citation: "},
		"no such basis":                 {"    checked_on", "    basis: [ms-9-9-9]\n    checked_on", `:2: basis: there is no law or policy "ms-9-9-9"`},
		"reminded when it is late":      {"reminder: 25% before late", "reminder: late", ":1: reminder: an office is reminded before"},
		"danger is told later":          {"5m after start}\n      - {tell: [named, desk], when: 10m after start}", "2h after start}\n      - {tell: [named, desk], when: 3h after start}", ":14: the ladder for danger is slower: for a limit of 1h it tells supervisor after 2h, the ordinary one after 75m"},
		"danger leaves somebody out":    {"[supervisor, agency_admin], when: 5m", "[supervisor], when: 5m", ":14: the ladder for danger is slower: it never tells agency_admin"},
		"danger tells fewer at once":    {"first: [on_duty, stand_in]", "first: [on_duty]", ":14: the ladder for danger is slower: it never tells stand_in"},
		"danger opened, and time to go": {"{within: 5m}", "{within: 3h}", ":14: the ladder for danger is slower: for a limit of 1h who opened a report has 3h, on the ordinary one 15m"},
		"danger repeated less often":    {"repeat: 12h", "repeat: 2d", ":14: the ladder for danger is slower: it repeats every 2d, the ordinary one every 1d"},
		"an unknown key":                {"reminder:", "extra: 1\nreminder:", `:24: unknown key "extra"`},
		"a rung above the right one":    {third, third + strings.Replace(third, "25% after last", "5% before late", 1), ":12: when: "},
	} {
		if c.old != "" && !strings.Contains(goodLadder, c.old) {
			t.Fatalf("%s: %q is not in the ladder", what, c.old)
		}
		packs := fstest.MapFS{"ms/ladder.yaml": &fstest.MapFile{Data: []byte(strings.Replace(goodLadder, c.old, c.new, 1))}}
		_, err := program.Load(programs.FS, packs)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), "ms/ladder.yaml"+c.want)) {
			t.Errorf("%s: want %q, got\n%v", what, c.want, err)
		}
	}
}

// A pack without a ladder has its base's, and without that the built-in one,
// which says the same as Mississippi's and as the code did before packs had any.
func TestLadderIsInherited(t *testing.T) {
	t.Parallel()
	laddersOf := func(packs, over fstest.MapFS) program.Ladders {
		t.Helper()
		set, err := program.Load(packs, over)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := set.Program("mini")
		return p.Ladders
	}
	builtIn := laddersOf(mini(t), nil)
	if diff := cmp.Diff(mississippi(t).Ladders, builtIn); diff != "" {
		t.Errorf("Mississippi's (-) and the built-in ladder (+):\n%s", diff)
	}
	base := strings.Replace(goodLadder, "Ann Example", "Bob Example", 1)
	if got := laddersOf(mini(t), fstest.MapFS{"base/ladder.yaml": {Data: []byte(base)}}); got.Ordinary.CheckedBy != "Bob Example" || len(got.Ordinary.Rungs) != 4 {
		t.Errorf("the base's ladder is not inherited: %+v", got.Ordinary)
	}
	got := laddersOf(mini(t), fstest.MapFS{"base/ladder.yaml": {Data: []byte(base)}, "mini/ladder.yaml": {Data: []byte(goodLadder)}})
	if got.Ordinary.CheckedBy != "Ann Example" || got.Danger.Repeat != 12*time.Hour {
		t.Errorf("the pack's own ladder does not come first: %+v", got)
	}
	data, err := os.ReadFile("ladder.yaml")
	if err != nil || !bytes.Contains(data, []byte(program.ByPolicy)) {
		t.Errorf("the built-in ladder does not say what it rests on: %v", err)
	}
}

// drawLadder is any ladder that a pack may have.
func drawLadder(t *rapid.T) program.Ladder {
	span := rapid.Custom(func(t *rapid.T) program.Span {
		if rapid.Bool().Draw(t, "fixed") {
			return program.Span{Fixed: time.Duration(rapid.IntRange(1, 10080).Draw(t, "minutes")) * time.Minute}
		}
		least := rapid.IntRange(1, 1000).Draw(t, "least")
		return program.Span{Percent: rapid.IntRange(1, 400).Draw(t, "percent"), Least: time.Duration(least) * time.Minute,
			Most: time.Duration(rapid.IntRange(least, 10080).Draw(t, "most")) * time.Minute}
	})
	rung := rapid.Custom(func(t *rapid.T) program.Rung {
		m := program.Moment{From: rapid.SampledFrom([]string{program.FromStart, program.FromLate, program.FromLast}).Draw(t, "from"), Span: span.Draw(t, "span")}
		m.Before = m.From == program.FromLate && rapid.Bool().Draw(t, "before")
		return program.Rung{Tell: rapid.SliceOfNDistinct(rapid.SampledFrom(program.Tellable()), 1, 3, rapid.ID).Draw(t, "tell"), When: m}
	})
	return program.Ladder{First: []string{program.OnDuty}, Rungs: rapid.SliceOfN(rung, 1, 6).Draw(t, "rungs"), Opened: span.Draw(t, "opened"), Repeat: time.Hour}
}

// No rung is told before the wait began or before the one below it, whatever the
// ladder and the limit are.
func TestRungsNeverComeOutOfOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLadder(t)
		limit := time.Duration(rapid.Int64Range(1, 366*24*60).Draw(t, "limit")) * time.Minute
		began := time.UnixMicro(rapid.Int64Range(0, 1<<50).Draw(t, "began"))
		w := program.Wait{Began: began, Late: began.Add(time.Duration(rapid.Int64Range(0, int64(limit/time.Microsecond)).Draw(t, "wait")) * time.Microsecond), Limit: limit}
		last := began
		for rung := 0; rung <= l.Last()+1; rung++ {
			at := l.At(rung, w)
			if at.Before(last) {
				t.Fatalf("rung %d is told at %v, the one below it at %v", rung, at.Sub(began), last.Sub(began))
			}
			if at.Nanosecond()%1000 != 0 {
				t.Fatalf("rung %d is told at %v, which no database keeps", rung, at)
			}
			last = at
		}
	})
}

// What climbed one ladder stands on another one where nobody is left out: whom
// the rungs up to there tell were all told, in that order; and on its own ladder
// it stands where it stood.
func TestNobodyIsLeftOutOfAnotherLadder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old, fresh := drawLadder(t), drawLadder(t)
		level := rapid.IntRange(0, old.Last()).Draw(t, "level")
		if got := old.Stand(old.Upto(level)); got != level {
			t.Fatalf("on its own ladder %q stands at %d, not at %d", old.Upto(level), got, level)
		}
		at := fresh.Stand(old.Upto(level))
		climbed := old.Rungs[:level]
		for rung := 1; rung <= at; rung++ {
			i := slices.IndexFunc(climbed, func(r program.Rung) bool {
				return !slices.ContainsFunc(fresh.Tells(rung), func(who string) bool { return !slices.Contains(r.Tell, who) })
			})
			if i < 0 {
				t.Fatalf("after %q it stands at rung %d of %q, which leaves out rung %d", old.Upto(level), at, fresh.Upto(fresh.Last()), rung)
			}
			climbed = climbed[i+1:]
		}
	})
}
