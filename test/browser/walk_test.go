// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	demoapp "waylight/internal/app/demo"
	"waylight/internal/platform/web/webtest"
)

var pictures = flag.Bool("pictures", false, "take the pictures in docs/ anew")

// picture takes a picture for the documentation.
func picture(t testing.TB, tab *webtest.Tab, name string) {
	t.Helper()
	if !*pictures {
		return
	}
	png, err := chromedp.Run(tab.Context, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile("../../docs/pictures/"+name+".png", png, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// choose clicks an option of a question.
func choose(tab *webtest.Tab, question, option string) {
	webtest.Eval[bool](tab, fmt.Sprintf(`document.querySelector('input[name=%q][value=%q]').click(), true`, question, option))
}

// write types into a field as a person does, as far as the page can tell.
func write(tab *webtest.Tab, selector, words string) {
	webtest.Eval[bool](tab, fmt.Sprintf(`(e => { e.focus(); e.value = %q; e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})); return true })(document.querySelector(%q))`, words, selector))
}

func text(tab *webtest.Tab) string { return webtest.Eval[string](tab, `document.body.innerText`) }

// A sender tells what they saw; the office that must act opens it in its own
// browser and takes it on; the receipt shows that it was received and read.
func TestFromSenderToInboxAndBack(t *testing.T) {
	d := start(t)
	for i, c := range []struct {
		lang     string
		scripted bool
		county   string
		words    string
	}{
		{"en", true, "Issaquena", "CANARY-ONE two children carry crates at night"},
		{"en", false, "Sharkey", "CANARY-TWO a girl at the store asked for a phone"},
		{"es", true, "Quitman", "CANARIO-TRES una niña no puede salir de la casa"},
		{"es", false, "Tunica", "CANARIO-CUATRO un muchacho duerme en el taller"},
	} {
		t.Run(fmt.Sprintf("%s, scripts %v", c.lang, c.scripted), func(t *testing.T) {
			tab := webtest.Browser(t)
			if !c.scripted {
				scripts(t, tab, false)
			}
			receipt := send(t, tab, d, c.lang, c.county, c.words, c.scripted)
			staff := webtest.Browser(t)
			signIn(t, staff, d, "chris@child.invalid")
			openAndAcknowledge(t, staff, d, c.county, c.words, i == 0)
			look(t, tab, d, c.lang, receipt, c.words, c.scripted)
		})
	}
}

// send fills the public page and returns the receipt's words.
func send(t *testing.T, tab *webtest.Tab, d *demo, lang, county, words string, scripted bool) string {
	t.Helper()
	name := fmt.Sprintf("sender page (%s)", lang)
	tab.Open(d.origin+"/ms/"+lang, 900, 1200)
	public(t, tab, name)
	if lang == "en" && scripted {
		picture(t, tab, "sender")
	}
	choose(tab, "who", "saw")
	choose(tab, "mode", "tip")
	choose(tab, "age", "under18")
	choose(tab, "kind", "labor")
	write(tab, "#q-happened", "MS")
	write(tab, "#q-happened-county", county)
	write(tab, "#q-story", words)
	if scripted {
		wait(t, tab, `document.querySelectorAll("#who-list li").length > 2 && !document.querySelector('button[value=send]').hidden`)
	} else {
		tab.Click("button[value=preview]")
		wait(t, tab, `document.querySelectorAll("#who-list li").length > 2`)
		if kept := webtest.Eval[string](tab, `document.querySelector("#q-story").value`); strings.TrimSpace(kept) != words {
			t.Errorf("%s: the words came back as %q", name, kept)
		}
	}
	if told := webtest.Eval[string](tab, `document.querySelector("#who-list").innerText`); strings.Count(told, "Magnolia") < 3 {
		t.Errorf("%s: the page does not say who will be told: %q", name, told)
	}
	public(t, tab, name+", who will be told")
	tab.Click("button[value=send]")
	wait(t, tab, `!!document.querySelector("#words")`)
	public(t, tab, fmt.Sprintf("receipt given (%s)", lang))
	if lang == "en" && scripted {
		picture(t, tab, "receipt-given")
	}
	if n := webtest.Eval[int64](tab, `history.length`); scripted && n > 4 {
		t.Errorf("%s: the history has %d entries", name, n)
	}
	if strings.Contains(text(tab), words) {
		t.Errorf("%s: the receipt page shows the sender's words", name)
	}
	return strings.TrimSpace(webtest.Eval[string](tab, `document.querySelector("#words").innerText`))
}

// signIn signs a demo member in.
func signIn(t testing.TB, tab *webtest.Tab, d *demo, email string) {
	t.Helper()
	tab.Open(d.origin+"/staff", 1200, 900)
	wait(t, tab, `!!document.querySelector("#sign-in") && !document.querySelector("#sign-in").hidden`)
	clean(t, tab, "sign-in")
	write(tab, "#email", email)
	write(tab, "#passphrase", demoapp.Passphrase)
	tab.Click("#notice")
	tab.Click("#sign-in button")
	wait(t, tab, `location.pathname === "/staff"`)
}

// openAndAcknowledge finds the report by its county, opens the words, and takes
// it on.
func openAndAcknowledge(t *testing.T, tab *webtest.Tab, d *demo, county, words string, first bool) {
	t.Helper()
	tab.Open(d.origin+"/staff/inbox?q="+county, 1200, 900)
	clean(t, tab, "inbox, searched")
	if first {
		tab.Open(d.origin+"/staff/inbox", 1200, 900)
		clean(t, tab, "inbox")
		picture(t, tab, "inbox")
		tab.Open(d.origin+"/staff/inbox?q="+county, 1200, 900)
	}
	link := webtest.Eval[string](tab, `document.querySelector('a[href^="/staff/report/"]').href`)
	tab.Open(link, 1200, 900)
	if strings.Contains(text(tab), words) {
		t.Error("the words stand in the page before they were opened")
	}
	clean(t, tab, "report, closed")
	wait(t, tab, `!document.querySelector("#open").hidden`)
	tab.Click("#open")
	wait(t, tab, `!document.querySelector("#words").hidden`)
	if !strings.Contains(text(tab), words) {
		t.Errorf("the opened report does not show the words: %q", webtest.Eval[string](tab, `document.querySelector("#words").innerText`))
	}
	clean(t, tab, "report, opened")
	if first {
		picture(t, tab, "report-opened")
	}
	wait(t, tab, `!!document.querySelector('form[action$="/acknowledge"]') && !document.querySelector('form[action$="/acknowledge"]').hidden`)
	tab.Click(`form[action$="/acknowledge"] button`)
	wait(t, tab, `!!document.querySelector('form[action$="/outcome"]')`)
	clean(t, tab, "report, taken on")
}

// look looks the receipt up, typed in capitals and with spaces.
func look(t *testing.T, tab *webtest.Tab, d *demo, lang, receipt, words string, scripted bool) {
	t.Helper()
	tab.Open(d.origin+"/receipt?lang="+lang, 900, 1000)
	public(t, tab, fmt.Sprintf("receipt (%s)", lang))
	typed := strings.Split(receipt, "-")
	write(tab, "#receipt", "not a word of it")
	tab.Click("main form button")
	wait(t, tab, `!!document.querySelector(".summary")`)
	public(t, tab, fmt.Sprintf("receipt, wrong (%s)", lang))
	write(tab, "#receipt", strings.ToUpper(strings.Join(typed, " ")))
	tab.Click("main form button")
	wait(t, tab, `!!document.querySelector("#found-title")`)
	public(t, tab, fmt.Sprintf("receipt, found (%s)", lang))
	if lang == "en" && scripted {
		picture(t, tab, "receipt")
	}
	if strings.Contains(text(tab), words) {
		t.Error("the receipt shows the sender's words")
	}
	row := webtest.Eval[[]string](tab, `[...document.querySelectorAll("tbody tr")].map(r => r.innerText)`)
	zone, err := time.LoadLocation("America/Chicago") // whose dates the page shows
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(zone)
	dates := regexp.MustCompile(fmt.Sprintf(`\b(%d|%d)\b`, now.Year(), now.Add(-time.Hour).Year()))
	if !slices.ContainsFunc(row, func(r string) bool { return len(dates.FindAllString(r, -1)) >= 2 }) { // received and read, each with its date
		t.Errorf("the receipt does not show that the report was read: %q", row)
	}
	tab.Click("button[value=close]")
	wait(t, tab, `!!document.querySelector(".good")`)
	public(t, tab, fmt.Sprintf("receipt, closed (%s)", lang))
}
