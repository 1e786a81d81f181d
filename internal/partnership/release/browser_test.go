// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"os"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"waylight/internal/platform/web/webtest"
)

// clean fails the test for whatever axe finds on the page that is open.
func clean(t *testing.T, tab *webtest.Tab, axe, page string) {
	t.Helper()
	webtest.Eval[bool](tab, axe+";true")
	found, err := chromedp.Run(tab.Context, chromedp.Evaluate[string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then(r => r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html.slice(0, 120)).join(" | ")).join("\n"))`,
		func(p *runtime.EvaluateParams) { await := true; p.AwaitPromise = &await }))
	if err != nil {
		t.Fatalf("%s: axe: %v", page, err)
	}
	if found != "" {
		t.Errorf("%s: %s", page, found)
	}
}

// Two people in a real browser: make, check, ask, agree, publish; then everybody reads it.
func TestWalk(t *testing.T) {
	w := one(t)
	w.fill()
	axe, err := os.ReadFile("../../../test/browser/testdata/axe.min.js")
	w.must(err)
	r := w.draft("102 people were met", byFamily)
	c := webtest.Server(t, w.Site, append(w.Room().Routes, w.approve.Room().Routes...), guard)
	tab := webtest.Browser(t)
	tab.Open(c.URL+"/ms/en/figures", 1000, 800)
	become := func(who string) { webtest.Eval[bool](tab, `(document.cookie = "who=`+who+`; path=/", true)`) }
	become("ana")
	at := "/staff/releases/" + r.ID.String()
	tab.Open(c.URL+at, 1200, 900)
	tab.Click("#check button")
	tab.WaitFor(`document.querySelector("#ask button") !== null`)
	clean(t, tab, string(axe), "a checked release")
	tab.Click("#ask button")
	tab.WaitFor(`document.querySelector(".notice a[href='/staff/approvals']") !== null`)
	become("ben")
	tab.Open(c.URL+"/staff/approvals", 1200, 900)
	tab.Click("button[formaction$='/approve']")
	tab.WaitFor(`location.search.includes("done=") && document.querySelector("h1") !== null`)
	become("ana")
	tab.Open(c.URL+at, 1200, 900)
	tab.Click("#publish button")
	tab.WaitFor(`document.querySelector("#restate") !== null`)
	clean(t, tab, string(axe), "a published release")
	for _, page := range []string{"/ms/en/figures", "/ms/es/figures/1"} {
		tab.Open(c.URL+page, 360, 740)
		tab.WaitFor(`document.querySelector("main h1") !== null`)
		clean(t, tab, string(axe), page)
		if wide := webtest.Eval[bool](tab, `document.documentElement.scrollWidth > innerWidth`); wide {
			t.Errorf("%s is wider than a phone", page)
		}
	}
}
