// SPDX-License-Identifier: Apache-2.0

package poster_test

import (
	"bytes"
	"strings"
	"testing"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/typeset"
	"waylight/internal/prevention/poster"
)

// patterns are hours that a desk may keep; together they take every word that a pack has
// for when a person reads.
var patterns = []string{"", "always", "mon-fri 08:00-17:00", "sun 08:00-17:00; mon 08:00-17:00; tue 08:00-17:00; wed 08:00-17:00; thu 08:00-17:00; fri 08:00-17:00; sat 00:00-24:00; holidays 09:30-12:00"}

func reads(p *program.Program, week string) map[string]string {
	out := map[string]string{}
	for lang, w := range p.Reading {
		out[lang] = w.Say(week)
	}
	return out
}

// Beside a live code a sheet says in each of its languages when a person reads; one
// without a code, which leads to nobody, does not.
func TestSheetSaysWhenAPersonReads(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	n, _ := p.Notice("us-station")
	for _, s := range poster.Split(sheet(t, p, "us-station", "letter", poster.Languages(n)...)) {
		lang := s.Languages[0]
		s.Reads = reads(p, "mon-fri 08:00-17:00")
		got := strings.Join(strings.Fields(said(t, printed(t, s))), "")
		for _, word := range strings.Fields(s.Reads[lang]) {
			if !strings.Contains(got, strings.Trim(word, ".:،")) {
				t.Errorf("%s: there is no %q in %q", lang, word, got)
			}
		}
	}
	bare := sheet(t, p, "us-station", "letter", "en")
	without := printed(t, bare)
	bare.Code, bare.Address, bare.URL = "", "", ""
	alone := printed(t, bare)
	bare.Reads = reads(p, "mon-fri 08:00-17:00")
	if !bytes.Equal(printed(t, bare), alone) || strings.Contains(said(t, without), "person reads") {
		t.Error("a sheet that leads to nobody says when somebody reads")
	}
}

// What usual hours take leaves room for the notice on every size, with its least letters,
// and the code is still read.
func TestHoursLeaveRoom(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	press := poster.NewPress()
	for _, size := range poster.Sizes() {
		for _, notice := range []string{"us-station", "ms-voluntary"} {
			for _, week := range patterns[:3] {
				s := sheet(t, p, notice, size.Name, "en")
				if notice == "ms-voluntary" {
					s.Beside = []string{"es"}
				}
				before := press.Check(s)
				s.Reads = reads(p, week)
				if err := press.Check(s); (err == nil) != (before == nil) {
					t.Errorf("%s on %s with the hours %q: %v, and without them %v", notice, size.Name, week, err, before)
				}
			}
		}
	}
	s := sheet(t, p, "us-station", "card", "en")
	s.Reads = reads(p, "mon-fri 08:00-17:00")
	if got := scanned(t, pictures(t, printed(t, s), "150")[0]); got != "HTTPS://TIP.MS.GOV/Q/7K3F9" {
		t.Errorf("on a card a reader finds %q", got)
	}
}

// Sheets that say other hours are other sheets; where and when they hang makes no difference.
func TestSaysKnowsOtherWords(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	says := func(change func(s *poster.Sheet)) string {
		s := sheet(t, p, "us-station", "letter", "en")
		s.Reads = reads(p, "always")
		change(&s)
		out, err := poster.Says([]poster.Sheet{s})
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	first := says(func(*poster.Sheet) {})
	for name, change := range map[string]func(s *poster.Sheet){
		"hours": func(s *poster.Sheet) { s.Reads = reads(p, "mon 08:00-17:00") },
		"size":  func(s *poster.Sheet) { s.Size = size(t, "a4") },
		"number": func(s *poster.Sheet) {
			s.Lines = func(string) (program.Channel, bool) { return program.Channel{Phone: "1", Text: "2"}, true }
		},
		"words": func(s *poster.Sheet) { s.Languages = []string{"en", "es"} },
	} {
		if says(change) == first {
			t.Errorf("other %s say the same", name)
		}
	}
	if says(func(s *poster.Sheet) {
		s.Place, s.Code, s.URL, s.Address, s.CodeOn, s.Day, s.Specimen = "x", "AAAAA", "https://x.gov/q/AAAAA", "x.gov/q/AAAAA", false, day.AddDate(0, 1, 0), "a test"
	}) != first {
		t.Error("where and when a sheet hangs changes what it says")
	}
}

// The fonts have every word of when a person reads.
func TestFontsHaveTheHours(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	s := typeset.NewSetter()
	for _, week := range patterns {
		for lang, words := range reads(p, week) {
			for _, bold := range []bool{false, true} {
				if _, err := s.Shape(typeset.Text{Lang: lang, Bold: bold, Spans: []typeset.Span{{Text: words}}}); err != nil {
					t.Errorf("%s: %v", lang, err)
				}
			}
		}
	}
}
