// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"strings"
	"testing"
)

func TestReadingGradeTellsEasyFromHard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text      string
		low, high float64
	}{
		{"The cat sat on the mat. It was warm. She had a nap.", -3, 2},
		{"You do not have to say who you are. Tell us what you saw, where it was, and when.", -2, 5},
		{"Notwithstanding the aforementioned considerations, individuals must demonstrate continuous institutional eligibility prior to administrative adjudication.", 18, 40},
		{"", 0, 0}, {"123 -- 456", 0, 0},
	} {
		if g := ReadingGrade(c.text); g < c.low || g > c.high {
			t.Errorf("%.1f for %q", g, c.text)
		}
	}
}

func TestSyllables(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]int{
		"cat": 1, "open": 2, "people": 2, "the": 1, "please": 1, "county": 2, "called": 1, "wanted": 2, "places": 2, "times": 1, "hospital": 3, "queue": 1, "hmm": 1, "": 0,
	} {
		if got := syllablesOf(word); got != want {
			t.Errorf("%s: %d, want %d", word, got, want)
		}
	}
}

func TestPagesAreReadAsTheyStand(t *testing.T) {
	t.Parallel()
	root, err := parse([]byte(`<!doctype html><html><head><title>A &amp; b</title></head><body><main><p>One <b>two</b>,<br>three</p>
<form action="/x"><input name="a" value="1"><input type="checkbox" name="b" value="2" checked><input type="radio" name="c" value="3">
<textarea name="d">
 kept
</textarea><select name="e"><option value="1">1</option><option value="2" selected>2</option></select><input name="f" value="4" disabled></form></main></body></html>`))
	if err != nil {
		t.Fatal(err)
	}
	d := &Doc{Root: root}
	if d.Title() != "A & b" || !strings.HasPrefix(d.Main(), "One two , three") {
		t.Errorf("%q %q", d.Title(), d.Main())
	}
	if got := d.Values("/x").Encode(); got != "a=1&b=2&d=+kept%0A&e=2" {
		t.Errorf("%s", got)
	}
	for _, broken := range []string{"<p>a<b>b</p></b>", "<main><p>x</p>", "</p>"} {
		if _, err := parse([]byte(broken)); err == nil {
			t.Errorf("%s passes", broken)
		}
	}
}
