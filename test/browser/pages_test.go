// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"waylight/internal/app"
	"waylight/internal/platform/web/webtest"
)

// staffPages are who looks at which pages; what follows an arrow is a link to follow from there.
var staffPages = map[string][]string{
	"dana@tipdesk.invalid": {"/staff", "/staff/inbox", "/staff/desk", "/staff/desk?list=late", "/staff/desk?list=stuck", "/staff/desk?list=letters",
		"/staff/desk → th a[href^='/staff/desk/']", "/staff/roster", "/staff/people", "/staff/people/review", "/staff/ways", "/staff/device", "/staff/recover",
		"/staff/operations", "/staff/operations?state=all", "/staff/operations/new", "/staff/operations/checks", "/staff/operations → th a[href^='/staff/operations/']",
		"/staff/operations → th a[href^='/staff/operations/'] → a[href$='/change']", "/staff/surges", "/staff/surges → th a[href^='/staff/surges/']", "/staff/rounds → th a[href^='/staff/rounds/']", "/staff/rounds → tr:last-child th a[href^='/staff/rounds/']",
		"/staff/office", "/staff/office/rotate", "/staff/office/drill", "/staff/office/parts", "/staff/canary", "/staff/inbox → a[href^='/staff/report/'] → a[href$='/files']"},
	"lucia@helpdesk.invalid": {"/staff/inbox", "/staff/desk"},
	"admin@program.invalid": {"/staff", "/staff/setup", "/staff/channels", "/staff/channels/mdcps-line", "/staff/channels/emergency-911", "/staff/offices", "/staff/offices/directory", "/staff/offices/mdcps",
		"/staff/people", "/staff/people/invite", "/staff/people/sign-on", "/staff/people → a[href^='/staff/people/']:not([href$='invite']):not([href$='review']):not([href$='sign-on']):not([href*='.csv']):not([href*='?'])",
		"/staff/work", "/staff/approvals", "/staff/holds", "/staff/figures", "/staff/figures/offices", "/staff/locations", "/staff/results/groups",
		"/staff/releases", "/staff/measures", "/staff/releases → th a[href^='/staff/releases/']",
		"/staff/codes", "/staff/campaigns", "/staff/campaigns → th a[href^='/staff/campaigns/']", "/staff/runs", "/staff/runs/new", "/staff/runs → th a[href^='/staff/runs/']",
		"/staff/placements", "/staff/placements → th a[href^='/staff/placements/']", "/staff/placements/tasks", "/staff/placements/coverage", "/staff/placements/notices", "/staff/placements/notices?show=all", "/staff/placements/batches",
		"/staff/placements/batches → th a[href^='/staff/placements/batch/']", "/staff/places", "/staff/places?kind=school → th a[href^='/staff/places/']", "/staff/places?county=none → th a[href^='/staff/places/']", "/staff/places/new",
		"/staff/placements/print", "/staff/places/stations", "/staff/places/imports", "/staff/places/imports → th a[href^='/staff/places/import/']", "/staff/rounds"},
	"morgan@police.invalid": {"/staff/court", "/staff/court/new", "/staff/court/clocks", "/staff/court/import", "/staff/court → th a[href^='/staff/court/']",
		"/staff/court → th a[href^='/staff/court/'] → a[href$='/timeline']", "/staff/court → th a[href^='/staff/court/'] → a[href$='/enter']",
		"/staff/results", "/staff/results → th a[href^='/staff/results/']", "/staff/results/enter", "/staff/results/enter?kind=recovery", "/staff/results/matches?state=all",
		"/staff/results/imports", "/staff/results/imports → th a[href^='/staff/results/import/']"},
	"auditor@program.invalid": {"/staff", "/staff/work"},
	"ana@helper.invalid":      {"/staff/inbox", "/staff/roster", "/staff/people"},
	"":                        {"/staff/sign-in", "/staff/sign-in/agency", "/staff/enroll"}, // nobody is signed in
}

// noPages answer no page: what a page's script asks for, and where another place leads back to.
var noPages = []string{"/staff/session", "/staff/keys", "/staff/keys/ways", "/staff/office/current", "/staff/office/holders", "/staff/recover/wraps",
	"/staff/sign-in/agency/back", "/staff/results/check", "/staff/files/preview", "/staff/files/preview.js"}

// A page without parameters that nobody looks at here is a mistake.
func TestEveryStaffPageIsLookedAt(t *testing.T) {
	t.Parallel()
	a, err := app.New(context.Background(), app.Config{Data: t.TempDir(), Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	seen := append(slices.Clone(noPages), "/staff/lock") // see TestLockPage
	for _, page := range slices.Concat(slices.Collect(maps.Values(staffPages))...) {
		page, _, _ = strings.Cut(page, " ")
		page, _, _ = strings.Cut(page, "?")
		seen = append(seen, page)
	}
	for _, r := range a.Routes() {
		path, get := strings.CutPrefix(r.Pattern, "GET ")
		file := slices.Contains([]string{".csv", ".txt", ".pdf", ".zip"}, filepath.Ext(path))
		if get && !file && strings.HasPrefix(path, "/staff") && !strings.Contains(path, "{") && !slices.Contains(seen, path) {
			t.Errorf("nobody looks at %s", path)
		}
	}
}

// Every page that a role has in its navigation is sound, says that it is a
// demo, and can be used by keyboard.
func TestStaffPages(t *testing.T) {
	d := start(t)
	for email, pages := range staffPages {
		t.Run(email, func(t *testing.T) {
			tab := webtest.Browser(t)
			if email != "" {
				signIn(t, tab, d, email)
			}
			for _, page := range pages {
				links := strings.Split(page, " → ")
				page, links = links[0], links[1:]
				follow := len(links) > 0
				tab.Open(d.origin+page, 1200, 900)
				for _, link := range links { // the first page that a link of this page leads to
					href := webtest.Eval[string](tab, fmt.Sprintf(`document.querySelector(%q)?.href ?? ""`, link))
					if href == "" {
						t.Fatalf("%s has no link %s", page, link)
					}
					page = strings.TrimPrefix(href, d.origin)
					tab.Open(href, 1200, 900)
				}
				clean(t, tab, page)
				tabThrough(t, tab, page)
				body := text(tab)
				if !strings.Contains(body, "Demo") {
					t.Errorf("%s does not say that it is a demo", page)
				}
				if broken := webtest.Eval[bool](tab, `!document.querySelector("h1") || !!document.querySelector("main .trouble")`); broken {
					t.Errorf("%s: no heading, or an error: %.200s", page, body)
				}
				if page == "/staff/desk" && !follow && email == "dana@tipdesk.invalid" {
					picture(t, tab, "desk")
				}
				if wide := webtest.Eval[bool](tab, `document.documentElement.scrollWidth > innerWidth`); wide {
					t.Errorf("%s scrolls sideways", page)
				}
			}
		})
	}
}

// tabThrough fails the test for every control that is seen and that the tabulator does not reach.
func tabThrough(t *testing.T, tab *webtest.Tab, page string) {
	t.Helper()
	n := webtest.Eval[int64](tab, `(() => {
		const seen = e => e.checkVisibility({visibilityProperty: true}) && !e.disabled && e.type !== "hidden" && e.tabIndex >= 0;
		const radios = {};
		window.controls = new Set([...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter(seen).filter(e => {
			if (e.type !== "radio") return true; // of a group the tabulator reaches one
			const first = !radios[e.name];
			radios[e.name] = true;
			return first;
		}));
		document.addEventListener("focusin", e => [...window.controls].filter(c => c === e.target || c.type === "radio" && c.name === e.target.name).forEach(c => window.controls.delete(c)));
		document.activeElement?.blur();
		document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute("tabindex");
		return window.controls.size;
	})()`)
	for range 4*n + 8 { // dates and times have several fields each
		tab.Do(chromedp.KeyEvent(kb.Tab))
		if webtest.Eval[bool](tab, `window.controls.size === 0`) {
			return
		}
	}
	t.Errorf("%s: the tabulator does not reach %s", page, webtest.Eval[string](tab, `[...window.controls].map(e => e.outerHTML.slice(0, 120)).join("\n")`))
}

// The lock hides the page and asks who is there.
func TestLockPage(t *testing.T) {
	d := start(t)
	tab := webtest.Browser(t)
	signIn(t, tab, d, "toni@helper.invalid")
	webtest.Eval[bool](tab, `(f => { f.method = "post"; f.action = "/staff/lock"; document.body.append(f); f.submit(); return true })(document.createElement("form"))`)
	wait(t, tab, `location.pathname === "/staff/lock" && !!document.querySelector("h1")`)
	clean(t, tab, "/staff/lock")
	tabThrough(t, tab, "/staff/lock")
}

// The sender's page when somebody asks for help, and the pages of messages and files in Spanish.
func TestSendersOtherPages(t *testing.T) {
	d := start(t)
	tab := webtest.Browser(t)
	tab.Open(d.origin+"/ms/en", 390, 800)
	choose(tab, "who", "me")
	choose(tab, "mode", "help")
	choose(tab, "age", "adult")
	public(t, tab, "sender page, help")
	for _, page := range []string{"/receipt/messages?lang=es", "/receipt/files?lang=es"} {
		tab.Open(d.origin+page, 390, 800)
		public(t, tab, page)
	}
}

// The pages outside the report: mail, the list of programs, what is not there.
func TestOtherPublicPages(t *testing.T) {
	d := start(t)
	tab := webtest.Browser(t)
	for _, page := range []string{"/", "/demo/mail", "/nowhere", "/staff/sign-in", "/staff/enroll", "/receipt"} {
		tab.Open(d.origin+page, 390, 800)
		clean(t, tab, page)
		if wide := webtest.Eval[bool](tab, `document.documentElement.scrollWidth > innerWidth`); wide {
			t.Errorf("%s scrolls sideways on a telephone", page)
		}
	}
}

// The quick exit replaces the page, so that going back does not return to it.
func TestQuickExit(t *testing.T) {
	d := start(t)
	tab := webtest.Browser(t)
	tab.Open(d.origin+"/ms/en", 390, 800)
	write(tab, "#q-story", "words that must not stay")
	tab.Click(`a[href="/exit"], form[action="/exit"] button`)
	wait(t, tab, `!location.href.includes("/ms/en")`)
	if strings.Contains(text(tab), "words that must not stay") {
		t.Error("the words stay")
	}
}
