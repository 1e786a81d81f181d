// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"strings"
	"testing"

	"waylight/internal/platform/web/webtest"
)

// On a telephone: somebody scans a sign, is asked whether its place may go along, and writes; the office that reads it sees the place. A sign of a small place does not
// go along by itself.
func TestFromSignToReader(t *testing.T) {
	d := start(t)
	tab := webtest.Browser(t)
	tab.Open(d.origin+"/q/"+strings.ToLower(d.sign("rest stop")), 390, 800)
	tab.WaitFor(`!!document.querySelector("#sign")`)
	if webtest.Eval[bool](tab, `document.querySelector("#sign").checked`) {
		t.Error("the place of a small place goes along unless somebody takes it out")
	}
	before := webtest.Eval[int64](tab, `history.length`)
	tab.Open(d.origin+"/Q/"+d.sign("Union Station"), 390, 800)
	tab.WaitFor(`!!document.querySelector("#sign") && document.querySelector("#sign").checked`)
	public(t, tab, "the form after a scan")
	if wide := webtest.Eval[bool](tab, `document.documentElement.scrollWidth > innerWidth`); wide {
		t.Error("the form scrolls sideways on a telephone")
	}
	if asked := text(tab); !strings.Contains(asked, "Demo Union Station (invented), platform, Hinds County, Mississippi") || !strings.Contains(asked, "might guess who was there") {
		t.Error("the page does not say which place it is, or what that tells")
	}
	choose(tab, "who", "saw")
	choose(tab, "mode", "tip")
	choose(tab, "age", "under18")
	write(tab, "#q-happened", "MS")
	write(tab, "#q-happened-county", "Tishomingo")
	write(tab, "#q-story", "CANARY-SIGN somebody asked for a telephone on the platform")
	wait(t, tab, `document.querySelectorAll("#who-list li").length > 2 && !document.querySelector('button[value=send]').hidden`)
	tab.Click("button[value=send]")
	tab.WaitFor(`!!document.querySelector("#words")`)
	if at := webtest.Eval[string](tab, `location.pathname + location.search`); at != "/ms/en" {
		t.Errorf("after sending, the address is %s", at)
	}
	if n := webtest.Eval[int64](tab, `history.length`); n > before+1 {
		t.Errorf("scanning and sending made %d entries of the history", n-before)
	}
	staff := webtest.Browser(t)
	signIn(t, staff, d, "chris@child.invalid")
	openAndAcknowledge(t, staff, d, "Tishomingo", "CANARY-SIGN", false)
	wait(t, staff, `!document.querySelector("#open").hidden`)
	staff.Click("#open")
	wait(t, staff, `!document.querySelector("#words").hidden`)
	if words := webtest.Eval[string](staff, `document.querySelector("#words").innerText`); !strings.Contains(words, "The sign that they scanned") || !strings.Contains(words, "Demo Union Station (invented), platform, Hinds County, Mississippi") {
		t.Errorf("the reader does not see the place: %s", words)
	}
}

// The pages about signs, for everybody, in both languages.
func TestPagesAboutSigns(t *testing.T) {
	d := start(t)
	tab := webtest.Browser(t)
	for _, page := range []string{"/ms/en/signs", "/ms/es/signs", "/ms/en/signs/january-signs", "/q/ZZZZZ", "/q/ZZZZZ?lang=es"} {
		tab.Open(d.origin+page, 390, 800)
		public(t, tab, page)
		if wide := webtest.Eval[bool](tab, `document.documentElement.scrollWidth > innerWidth`); wide {
			t.Errorf("%s scrolls sideways on a telephone", page)
		}
	}
}

// sign is the code of an invented sign whose place holds some words.
func (d *demo) sign(words string) string {
	for line := range strings.SplitSeq(d.printed, "\n") {
		if at, place, found := strings.Cut(strings.TrimSpace(line), "  "); found && strings.Contains(place, words) && strings.Contains(at, "/q/") {
			return at[strings.LastIndex(at, "/")+1:]
		}
	}
	return "no-such-sign"
}
