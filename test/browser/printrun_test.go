// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"strings"
	"testing"

	"waylight/internal/platform/web/webtest"
)

// On a telephone: a run is refused, put right and made, its code switched off and found in the list; each page on the way is sound.
func TestPrintRunOnATelephone(t *testing.T) {
	d := start(t)
	tab := webtest.Browser(t)
	signIn(t, tab, d, "admin@program.invalid")
	sound := func(page, says string) {
		t.Helper()
		clean(t, tab, page)
		tabThrough(t, tab, page)
		if got := text(tab); !strings.Contains(got, says) {
			t.Errorf("%s does not say %q: %.600s", page, says, got)
		}
		if wide := webtest.Eval[bool](tab, `document.documentElement.scrollWidth > innerWidth`); wide {
			t.Errorf("%s scrolls sideways on a telephone", page)
		}
	}
	tab.Open(d.origin+"/staff/runs", 390, 800)
	sound("the list", "Demo salons of the coast")
	tab.Click(`a[href="/staff/runs/new"]`)
	wait(t, tab, `!!document.querySelector("#make-place")`)
	write(tab, "#make-place", "Call 601-555-0100")
	tab.Click(`form[action="/staff/runs/new"] button`)
	wait(t, tab, `!!document.querySelector(".summary")`)
	sound("a run refused", "telephone number")
	webtest.Eval[bool](tab, `(document.querySelector("#make-place").value = "", document.querySelector("#make-notice").value = "us-station", true)`)
	write(tab, "#make-place", "a demo truck stop (invented)")
	tab.Click(`form[action="/staff/runs/new"] button`)
	wait(t, tab, `!!document.querySelector("#print-copies")`)
	sound("a run", "Nothing is printed yet")
	tab.Click(`#switch-to`)
	wait(t, tab, `location.search === "?done=off"`)
	sound("a run that is switched off", "so nothing can be printed")
	tab.Open(d.origin+"/staff/runs?q=demo+truck", 390, 800)
	sound("the list, searched", "code off")
	for _, page := range []string{"/staff/codes?kind=batch", "/staff/campaigns → th a[href^='/staff/campaigns/']"} {
		page, link, follow := strings.Cut(page, " → ")
		tab.Open(d.origin+page, 390, 800)
		if follow {
			tab.Open(webtest.Eval[string](tab, `document.querySelector("`+link+`").href`), 390, 800)
		}
		sound(page, "Demo")
	}
}
