// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"waylight/internal/platform/web/webtest"
)

// TestSendingWithAScript walks a real browser through the page: the list of who
// is told follows the answers, and Send works at once. The sender came by a sign and
// lets its place go along: the script tells the server its code, which is counted.
func TestSendingWithAScript(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice, childCare, helpDesk, helper)
	walls := someWalls()
	w.reports.Signs = walls
	tab := webtest.Browser(t)
	tab.Open(w.client.URL+"/ms/en?c=7K3F9", 390, 844)
	tab.Picture("form")
	click := tab.Click
	told := func() string {
		t.Helper()
		return webtest.Eval[string](tab, `document.getElementById("who-list").innerText`)
	}
	history := webtest.Eval[int](tab, "history.length")

	click("#q-mode-tip")
	click("#q-age-adult")
	tab.WaitFor(`document.querySelector("#who-told li") !== null`)
	if child := w.ms.Offices[childCare].Name.In("en"); strings.Contains(told(), child) {
		t.Errorf("for an adult the list names %s", child)
	}
	click("#q-age-under18")
	tab.WaitFor(`document.getElementById("who-list").innerText.includes("MDCPS")`)

	// Help: the helper is offered, and a ticked box survives the next change.
	click("#q-who-me")
	click("#q-mode-help")
	tab.WaitFor(`document.getElementById("consents-` + helper + `") !== null`)
	click("#consents-" + helper)
	tab.WaitFor(`document.getElementById("who-told").innerText.includes("Coalition")`)
	if !webtest.Eval[bool](tab, `document.getElementById("consents-`+helper+`")?.checked ?? true`) {
		t.Error("the ticked box was lost when the list was drawn again")
	}

	tab.Do(chromedp.SendKeys(chromedp.CSS("#q-"+w.story()), "He took my papers and says I owe him.", chromedp.NodeVisible))
	tab.Picture("who")
	if sent := webtest.Eval[bool](tab, `document.querySelector('button[value="preview"]').hidden`); !sent {
		t.Error("the button that only the page without a script needs is still there")
	}
	click(`button[value="send"]`)
	tab.WaitFor(`document.getElementById("words") !== null`)
	tab.Picture("sent")
	words := webtest.Eval[string](tab, `document.getElementById("words").innerText`)
	if !receiptWords.MatchString(words) || w.count("report") != 1 {
		t.Fatalf("the receipt is %q, %d reports", words, w.count("report"))
	}
	if told := walls.heard(); !slices.Equal(told, []string{"ms 7K3F9"}) {
		t.Errorf("counted are %v", told)
	}
	if path := webtest.Eval[string](tab, "location.pathname"); path != "/ms/en" {
		t.Errorf("the page is at %s now", path)
	}
	if n := webtest.Eval[int](tab, "history.length"); n > history+1 {
		t.Errorf("the history grew from %d to %d", history, n)
	}
	if n := webtest.Eval[int](tab, "localStorage.length + sessionStorage.length + document.cookie.length"); n != 0 {
		t.Error("something is stored on the device")
	}
	for _, k := range w.followed.at {
		if len(k.ref.Envelope.Consents) != 1 || k.ref.Envelope.Consents[0] != helper {
			t.Errorf("the sender agreed to %v", k.ref.Envelope.Consents)
		}
	}

	tab.Open(w.client.URL+"/receipt", 390, 844)
	tab.Do(chromedp.SendKeys(chromedp.CSS("#receipt"), strings.ToUpper(words), chromedp.NodeVisible))
	click("form button")
	tab.WaitFor(`document.getElementById("found-title") !== null`)
	tab.Picture("found")
}

// TestPagesFitSmallWindows holds the room's pages to a small phone.
func TestPagesFitSmallWindows(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	tab := webtest.Browser(t)
	for _, path := range []string{"/ms/en", "/ms/es", "/receipt"} {
		tab.Open(w.client.URL+path, 320, 640)
		if wide := webtest.Eval[int64](tab, "document.documentElement.scrollWidth"); wide > 320 {
			t.Errorf("%s is %d wide on a phone of 320", path, wide)
		}
	}
	words := w.accept(w.submission(w.tip(nil))).Receipt.Words("en")
	w.publish()
	tab.Do(chromedp.SendKeys(chromedp.CSS("#receipt"), words, chromedp.NodeVisible), chromedp.Click(chromedp.CSS("form button"), chromedp.NodeVisible))
	tab.WaitFor(`document.getElementById("found-title") !== null`)
	tab.Click("details summary")
	if wide := webtest.Eval[int64](tab, "document.documentElement.scrollWidth"); wide > 320 {
		t.Errorf("the receipt with its proof is %d wide on a phone of 320", wide)
	}
}
