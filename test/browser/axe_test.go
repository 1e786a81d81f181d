// SPDX-License-Identifier: Apache-2.0

package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"waylight/internal/platform/web/webtest"
)

//go:embed testdata/axe.min.js
var axe string

// clean fails the test for every rule of WCAG 2.2 AA and of good practice that the
// page breaks.
func clean(t testing.TB, tab *webtest.Tab, page string) {
	t.Helper()
	if off := webtest.Eval[bool](tab, `!matchMedia("(scripting: enabled)").matches`); off {
		// axe itself needs scripts; the page was loaded without and has run none.
		scripts(t, tab, true)
		defer scripts(t, tab, false)
	}
	wait(t, tab, `document.getAnimations().every(a => a.playState !== "running")`) // colors that still change are no finding
	webtest.Eval[bool](tab, axe+";true")
	answer, err := chromedp.Run(tab.Context, chromedp.Evaluate[string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 160))}))))`,
		func(p *runtime.EvaluateParams) { await := true; p.AwaitPromise = &await }))
	if err != nil {
		t.Fatalf("%s: axe: %v", page, err)
	}
	var found []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		t.Fatalf("%s: axe answered %q", page, answer)
	}
	for _, f := range found {
		t.Errorf("%s: %s: %s\n  %s", page, f.ID, f.Help, strings.Join(f.Nodes, "\n  "))
	}
}

// scripts lets pages run scripts, or not.
func scripts(t testing.TB, tab *webtest.Tab, on bool) {
	t.Helper()
	_, err := chromedp.Call(tab.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
	if err != nil {
		t.Fatal(err)
	}
}

// wait waits until an expression becomes true. It asks from outside, because a page
// without scripts cannot watch itself.
func wait(t testing.TB, tab *webtest.Tab, expression string) {
	t.Helper()
	late := time.After(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := chromedp.Run(tab.Context, chromedp.Evaluate[bool](expression))
		if err == nil && done { // a page that is going away answers with an error
			return
		}
		select {
		case <-tick.C:
		case <-late:
			seen, _ := chromedp.Run(tab.Context, chromedp.Evaluate[string](`location.pathname + "\n" + document.querySelector("main").innerText`))
			t.Fatalf("%s never became true (%v); the page is %s", expression, err, seen)
		}
	}
}

// neutral fails the test for a page whose title or address names the topic:
// both stand in the history.
func neutral(t *testing.T, tab *webtest.Tab, page string) {
	t.Helper()
	seen := strings.ToLower(webtest.Eval[string](tab, `document.title + " " + location.pathname + location.search`))
	for _, word := range []string{"traffick", "trata", "abuse", "abuso", "victim", "víctima", "report", "denuncia", "police", "policía", "sex", "slave", "escla"} {
		if strings.Contains(seen, word) {
			t.Errorf("%s: the title or address %q names the topic (%s)", page, seen, word)
		}
	}
}

// leaves fails the test unless the page offers the quick exit and asks nothing
// of another site.
func leaves(t *testing.T, tab *webtest.Tab, page string) {
	t.Helper()
	if !webtest.Eval[bool](tab, `!!document.querySelector('a[href="/exit"], form[action="/exit"]')`) {
		t.Errorf("%s: there is no quick exit", page)
	}
	foreign := webtest.Eval[[]string](tab, `performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin))`)
	if len(foreign) > 0 {
		t.Errorf("%s: asks another site: %s", page, fmt.Sprint(foreign))
	}
	if cookies := webtest.Eval[string](tab, `document.cookie`); cookies != "" {
		t.Errorf("%s: sets a cookie: %s", page, cookies)
	}
}

// public is all of what every public page must be.
func public(t *testing.T, tab *webtest.Tab, page string) {
	t.Helper()
	clean(t, tab, page)
	neutral(t, tab, page)
	leaves(t, tab, page)
}
