// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

// Every page fits a small phone and 400 % zoom without scrolling sideways, what
// can be pressed is large enough to hit, and all words stand out from what is
// behind them (WCAG 2.2 AA), in both directions of writing.
func TestPagesFitEveryWindow(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	tab := webtest.Browser(t)
	for _, page := range []string{"/ask", "/ask/es", "/list", "/broken", "/nowhere"} {
		for _, size := range [][2]int64{{320, 640}, {320, 256}, {768, 1024}, {1280, 900}} {
			tab.Open(client.URL+page, size[0], size[1])
			for _, dir := range []string{"ltr", "rtl"} {
				wide := webtest.Eval[int64](tab, "document.documentElement.dir = '"+dir+"', document.documentElement.scrollWidth")
				if wide > size[0] {
					t.Errorf("%s %s at %d: the page is %d wide", page, dir, size[0], wide)
				}
			}
			for _, small := range webtest.Eval[[]string](tab, tooSmall) {
				t.Errorf("%s at %d: too small to hit: %s", page, size[0], small)
			}
		}
		for _, faint := range webtest.Eval[[]string](tab, tooFaint) {
			t.Errorf("%s: too faint: %s", page, faint)
		}
	}
}

const tooSmall = `[...document.querySelectorAll("a[href],button,input,select,textarea")].filter(e => {
	const r = e.getBoundingClientRect();
	return r.width > 0 && (r.height < 24 || r.width < 24) && !e.closest("p,li,td,th,.choice,.skip");
}).map(e => e.outerHTML.slice(0, 90))`

const tooFaint = `(() => {
	const parse = c => { const m = c.match(/[\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
	const lum = c => { const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255, 1]; };
	const out = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement, style = getComputedStyle(e);
		if (!walk.currentNode.textContent.trim() || !e.getClientRects().length || e.closest("option,datalist")) continue;
		const a = lum(parse(style.color)), b = lum(behind(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
		if (ratio < (large ? 3 : 4.5)) out.push(ratio.toFixed(2) + " " + walk.currentNode.textContent.trim().slice(0, 40));
	}
	return out;
})()`

func TestPictures(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	tab := webtest.Browser(t)
	for name, shot := range map[string]struct {
		page  string
		width int64
	}{
		"ask-phone": {"/ask", 390}, "ask-wide": {"/ask", 1280}, "ask-narrow": {"/ask/es", 320},
		"list-wide": {"/list", 1280}, "list-phone": {"/list", 390}, "missing": {"/nowhere", 800}, "refused": {"/broken", 1280},
	} {
		tab.Open(client.URL+shot.page, shot.width, 900)
		tab.Picture(name)
	}
	tab.Open(client.URL+"/ask", 390, 844)
	webtest.Eval[string](tab, "document.documentElement.dir = 'rtl'")
	tab.Picture("ask-rtl")
	tab.Open(client.URL+"/ask", 800, 900)
	tab.Click("#q-what-light")
	tab.Click("form button")
	tab.WaitFor(`document.activeElement.matches(".summary")`)
	tab.Picture("ask-wrong")
	tab.Do(chromedp.SendKeys(chromedp.CSS("#q-more"), "The lamp at the corner has been dark since Monday."))
	tab.Click("form button")
	tab.WaitFor(`document.querySelector("#words") && !document.querySelector("[data-print]").hidden`)
	tab.Picture("done")
}

// elsewhere is the page that people leave to.
func elsewhere(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>Weather</title><h1 id=weather>" + r.Header.Get("Referer") + "</h1>"))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

func TestLeavingLeavesNothingToGoBackTo(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	g.site.ExitURL = elsewhere(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	tab := webtest.Browser(t)
	for name, leave := range map[string]func(){
		"the button": func() { tab.Click("a.exit") },
		"the keyboard": func() {
			got := webtest.Eval[[]string](tab, `(() => { // at once: three presses count within five seconds
				`+press("Shift", "a", "Shift", "Shift")+`;
				const there = [location.pathname, document.getElementById("exit-say").textContent];
				`+press("Shift")+`;
				return there;
			})()`)
			if want := []string{"/ask", "Press Shift once more to leave."}; !slices.Equal(got, want) {
				t.Errorf("before the last press: %q", got)
			}
		},
	} {
		tab.Open("about:blank", 800, 600)
		tab.Open(client.URL+"/ask", 800, 600)
		tab.Do(chromedp.SendKeys(chromedp.CSS("#q-more"), "words"))
		leave()
		tab.WaitFor(`document.title === "Weather"`)
		if got := webtest.Eval[string](tab, "document.body.textContent"); got != "" {
			t.Errorf("%s: the other site learns %q", name, got)
		}
		tab.Do(chromedp.NavigateBack())
		if got := webtest.Eval[string](tab, "location.href"); got != "about:blank" {
			t.Errorf("%s: Back leads to %s", name, got)
		}
	}
}

// press makes the key events of a keyboard.
func press(keys ...string) string {
	return `["` + strings.Join(keys, `","`) + `"].every(key => document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true})))`
}

func TestLeavingWithoutAScript(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	g.site.ExitURL = elsewhere(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	tab := webtest.Browser(t)
	withoutScripts(tab)
	tab.Open(client.URL+"/ask", 800, 600)
	tab.Do(chromedp.Click(chromedp.CSS("a.exit"), chromedp.NodeVisible), chromedp.WaitReady(chromedp.CSS("#weather")))
	if got := webtest.Eval[string](tab, "document.body.textContent"); got != "" {
		t.Errorf("the other site learns %q", got)
	}
}

func withoutScripts(tab *webtest.Tab) {
	tab.Do(func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return chromedp.Void{}, err
	})
}

func TestTheFormWithoutAScript(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	tab := webtest.Browser(t)
	withoutScripts(tab)
	tab.Open(client.URL+"/ask/es", 390, 844)
	tab.Do(
		chromedp.SendKeys(chromedp.CSS("#q-lamp"), "12", chromedp.NodeVisible), // asked although it may not apply
		chromedp.Click(chromedp.CSS("#q-what-light"), chromedp.NodeVisible),
		chromedp.SetValue(chromedp.CSS("#q-place"), "MS"),
		chromedp.SendKeys(chromedp.CSS("#q-place-county"), "desoto"),
		chromedp.Click(chromedp.CSS("form button"), chromedp.NodeVisible),
		chromedp.WaitVisible(chromedp.CSS(".summary")),
	)
	if got := webtest.Eval[string](tab, `document.querySelector("#q-place-county").value + document.querySelector("#q-lamp").value`); got != "DeSoto County12" {
		t.Errorf("came back as %q", got)
	}
	tab.Do(
		chromedp.SendKeys(chromedp.CSS("#q-more"), "La farola está rota."),
		chromedp.Click(chromedp.CSS("form button"), chromedp.NodeVisible),
		chromedp.WaitVisible(chromedp.CSS("#words")),
	)
}

func TestTheFormWithAScript(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	var got url.Values
	g.routes = append(g.routes[:2:2], web.Route{Pattern: "POST /ask", Access: web.Public, Handler: func(w http.ResponseWriter, r *http.Request) error {
		err := web.ParseForm(r)
		got = r.PostForm
		if err != nil {
			return err
		}
		return g.answer(w, r)
	}})
	client := webtest.Server(t, g.site, g.routes, g.guard)
	tab := webtest.Browser(t)
	tab.Open(client.URL+"/ask", 800, 600)
	const lamp = `!document.querySelector("#q-lamp").closest(".q").hidden`
	if webtest.Eval[bool](tab, lamp) {
		t.Error("a question is shown before it applies")
	}
	tab.Click("#q-what-light")
	tab.Do(chromedp.SendKeys(chromedp.CSS("#q-lamp"), "12", chromedp.NodeVisible))
	tab.Click("#q-what-road")
	if webtest.Eval[bool](tab, lamp) {
		t.Error("a question stays when it does not apply any more")
	}
	const list = `document.querySelector("#q-place-county").getAttribute("list")`
	choose := func(state string) string {
		return webtest.Eval[string](tab, `(() => { const s = document.querySelector("#q-place"); s.value = "`+state+`"; s.dispatchEvent(new Event("change", {bubbles: true})); return `+list+` || "" })()`)
	}
	for state, want := range map[string]string{"MS": "counties-MS", "TN": "counties-TN", "AL": "", "": "counties-MS"} {
		if l := choose(state); l != want {
			t.Errorf("for %q the list is %q", state, l)
		}
	}
	tab.Do(chromedp.SendKeys(chromedp.CSS("#q-more"), "Ñandú 😀"))
	tab.WaitFor(`document.querySelector("#q-more-count").textContent === "Room left: 1,993"`)
	webtest.Eval[bool](tab, `(() => { const a = document.querySelector("#q-more"); a.value = "x".repeat(2005); return a.dispatchEvent(new Event("input")) })()`)
	tab.WaitFor(`document.querySelector("#q-more-count").textContent === "Too long by: 5" && document.querySelector("#q-more-count").ariaLive === "polite"`)
	tab.Click("form button")
	tab.WaitFor(`document.activeElement.matches(".summary")`)
	if len(got["lamp"]) != 0 || got.Get("what") != "road" || len(got.Get("more")) != 2005 {
		t.Errorf("sent %v", got)
	}
	tab.Click(".summary a")
	tab.WaitFor(`document.activeElement.id === "q-more"`)
}

// Going through a page with the keyboard alone, whatever has the focus can be
// seen: the bar at the top never covers it.
func TestFocusIsNeverCovered(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	client := webtest.Server(t, g.site, g.routes, g.guard)
	tab := webtest.Browser(t)
	for _, page := range []string{"/ask", "/list"} {
		tab.Open(client.URL+page, 360, 500)
		for _, keys := range []chromedp.KeyOption{chromedp.KeyModifiers(chromedp.ModifierNone), chromedp.KeyModifiers(chromedp.ModifierShift)} {
			for range 25 {
				tab.Do(chromedp.KeyEvent("\t", keys))
				covered := webtest.Eval[string](tab, `(() => {
					const e = document.activeElement, r = e.getBoundingClientRect();
					if (e === document.body || r.width === 0) return "";
					const top = document.elementFromPoint(Math.min(Math.max(r.left + r.width / 2, 0), innerWidth - 1), Math.min(Math.max(r.top + 6, 0), innerHeight - 1));
					const bar = document.querySelector(".bar");
					return bar && bar.contains(top) && !bar.contains(e) ? e.outerHTML.slice(0, 80) : "";
				})()`)
				if covered != "" {
					t.Errorf("%s: covered: %s", page, covered)
				}
			}
		}
	}
}
