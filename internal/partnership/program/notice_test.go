// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waylight/internal/partnership/program"
)

func noonOn(t *testing.T, day string) time.Time {
	t.Helper()
	on, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	return on.Add(12 * time.Hour)
}

// What the laws ask of a sheet, as the sources that the notices name have it.
func TestNoticesAskWhatTheirLawsDo(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	var got []string
	for _, n := range p.Notices {
		must := "voluntary"
		if n.Required {
			must = "required"
		}
		bold := ""
		if n.Bold {
			bold = " bold"
		}
		got = append(got, fmt.Sprintf("%s %s %s %gx%g in %g pt%s %s %s", n.ID, n.Jurisdiction, must, n.Paper.Width/72, n.Paper.Height/72, n.LeastPoints, bold,
			strings.Join(n.Languages, ","), strings.Join(n.Channels, ",")))
	}
	want := []string{
		"ms-voluntary MS voluntary 2x3.5 in 7 pt en,es national-hotline,mbi-line",
		"us-station US required 2x3.5 in 7 pt en national-hotline",
		"ca-businesses CA required 8.5x11 in 16 pt en,es national-hotline,ca-cast",
		"fl-public FL required 8.5x11 in 16 pt en,es fl-trafficking",
		"fl-health FL required 11x15 in 32 pt en,es national-hotline",
		"fl-lodging FL required 11x15 in 32 pt en,es fl-trafficking",
		"ga-model GA required 8.5x11 in 16 pt en,es national-hotline,ga-minors",
		"la-posting LA required 8.5x11 in 14 pt bold en,fr,es national-hotline",
		"tx-sign TX required 8.5x11 in 12 pt en,es national-hotline,tx-trafficking",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

// Nobody has checked any of the notices that are shipped, and each says what of it.
func TestShippedNoticesSayWhatNobodyVerified(t *testing.T) {
	t.Parallel()
	for _, n := range mississippi(t).Notices {
		if n.Status != "unverified" || len(n.Unverified) == 0 {
			t.Errorf("%s: status %q, unverified: %v", n.ID, n.Status, n.Unverified)
		}
		for lang, words := range n.Words {
			if words.Status != "unverified" {
				t.Errorf("%s in %s counts as %s", n.ID, lang, words.Status)
			}
		}
	}
}

func TestNoticesOfOtherStatesDoNotConcernAProgram(t *testing.T) {
	t.Parallel()
	p := mississippi(t)
	var got []string
	for _, n := range p.Notices {
		if p.Concerns(n) {
			got = append(got, n.ID)
		}
	}
	if want := []string{"ms-voluntary", "us-station"}; !slices.Equal(got, want) {
		t.Errorf("of concern: %v, want %v", got, want)
	}
}

// The station notice stands in six scripts, and in each it names the hotline's two
// numbers and the emergency number, as marks and never as digits of its own.
func TestStationNoticeInSixScripts(t *testing.T) {
	t.Parallel()
	n, ok := mississippi(t).Notice("us-station")
	if !ok {
		t.Fatal("there is no us-station")
	}
	langs := []string{"ar", "en", "es", "hi", "ko", "vi", "zh-Hans"}
	for _, lang := range langs {
		w, ok := n.Words[lang]
		if !ok {
			t.Errorf("no words in %s", lang)
			continue
		}
		if got := w.Used(); !slices.Equal(got, []string{"national-hotline", "emergency-911"}) {
			t.Errorf("%s names %v", lang, got)
		}
		for _, line := range slices.Concat([]string{w.Heading, w.Scan}, w.Body, w.Call) {
			bare := program.Fill(line, func(means, channel string) string { return "" })
			if strings.ContainsFunc(bare, func(r rune) bool { return '0' <= r && r <= '9' || '٠' <= r && r <= '٩' || '०' <= r && r <= '९' }) {
				t.Errorf("%s: digits outside of a mark: %s", lang, line)
			}
		}
	}
	if len(n.Words) != len(langs) {
		t.Errorf("%d languages, %d expected", len(n.Words), len(langs))
	}
}

func TestFillReplacesMarksAndNothingElse(t *testing.T) {
	t.Parallel()
	got := program.Fill("Call {phone:a-1}, text {sms:b} or {nothing}", func(means, channel string) string { return "<" + means + " " + channel + ">" })
	if want := "Call <phone a-1>, text <sms b> or {nothing}"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNoticeInForceAndStale(t *testing.T) {
	t.Parallel()
	n := program.Notice{From: noonOn(t, "2025-01-01"), To: noonOn(t, "2025-12-31"), CheckedOn: "2025-06-01"}
	for day, want := range map[string][2]bool{ // in force, stale
		"2024-12-31": {false, false}, "2025-01-01": {true, false}, "2025-12-31": {true, false}, "2026-01-01": {false, false},
		"2026-06-01": {false, true}, "2026-06-02": {false, true},
	} {
		if got := [2]bool{n.InForce(noonOn(t, day)), n.Stale(noonOn(t, day))}; got != want {
			t.Errorf("%s: in force, stale: %v, want %v", day, got, want)
		}
	}
	n.To = time.Time{}
	if !n.InForce(noonOn(t, "2040-01-01")) {
		t.Error("a notice without an end is over")
	}
	n.CheckedOn = ""
	if !n.Stale(noonOn(t, "2025-01-01")) {
		t.Error("a notice that nobody looked at counts as fresh")
	}
}

// A notice must be in more languages at some of its places, and in no fewer anywhere.
func TestNoticeAtAPlace(t *testing.T) {
	t.Parallel()
	n, ok := mississippi(t).Notice("tx-sign")
	if !ok || len(n.LanguagesAt) != 1 || n.LanguagesAt[0].Status != "unverified" || len(n.LanguagesAt[0].Unverified) == 0 {
		t.Fatalf("%v %+v", ok, n.LanguagesAt)
	}
	n.LanguagesAt = append(n.LanguagesAt, program.LanguagesAt{Counties: []string{"48201"}, Languages: []string{"en", "fr"}}, program.LanguagesAt{Places: []string{"bar"}, Counties: []string{"48201"}, Languages: []string{"ko"}})
	for at, want := range map[[2]string]string{
		{"salon", ""}: "en es vi", {"salon", "48201"}: "en es vi fr", {"bar", ""}: "en es", {"bar", "48201"}: "en es fr ko", {"bar", "48029"}: "en es", {"", ""}: "en es",
	} {
		if got := strings.Join(n.At(at[0], at[1]).Languages, " "); got != want {
			t.Errorf("at %v: %s, want %s", at, got, want)
		}
	}
	if len(n.Languages) != 2 {
		t.Errorf("asking changed the notice: %v", n.Languages)
	}
}

func TestPaperFitsEitherWayAround(t *testing.T) {
	t.Parallel()
	letter := program.Paper{Width: 612, Height: 792}
	for sheet, want := range map[program.Paper]bool{{612, 792}: true, {792, 612}: true, {792, 1224}: true, {595, 842}: false, {611, 900}: false} {
		if letter.Fits(sheet) != want {
			t.Errorf("letter on %v: %v", sheet, !want)
		}
	}
}
