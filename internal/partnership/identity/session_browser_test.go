// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

// later makes the page believe that so many minutes have gone by: the browser's own clock cannot be injected.
func (s *seat) later(minutes int) {
	s.t.Helper()
	webtest.Eval[bool](s.Tab, `(() => { const now = Date.now.bind(Date); const more = `+strconv.Itoa(minutes)+` * 60000; Date.now = () => now() + more; return true; })()`)
}

// shows tells whether the page, hidden parts included, holds a text.
func (s *seat) shows(text string) bool {
	s.t.Helper()
	return strings.Contains(webtest.Eval[string](s.Tab, `document.documentElement.textContent`), text)
}

// AC-11(1): a page that nobody uses warns, then shows nothing, in every tab; the Back button brings nothing back; unlocking leads to the same page with the keys open.
func TestIdlePageHides(t *testing.T) {
	w := one(t)
	w.site.Idle = Idle()
	w.joinAs(police, "ann@agency.test", RoleMember)
	w.add(police, "Xaviera Colleague", "xaviera@agency.test", RoleMember)
	ann := w.seats(1)[0]
	ann.signIn("ann@agency.test", "passphrase of ann@agency.test", "/staff")
	ann.waitText("keys-state", "Your keys are open")
	ann.open("/staff/people")
	ann.open("/staff/people?q=xaviera")
	second := &seat{tab(t, ann.Tab), t, w, ann.url}
	second.open("/staff/people")
	if !ann.shows("Xaviera") || !second.shows("Xaviera") {
		t.Fatal("the list does not show who it should hide later")
	}

	ann.later(29)
	ann.WaitFor(`document.querySelector(".lock-soon")?.textContent.includes("Press any key")`)
	webtest.Eval[bool](ann.Tab, `window.dispatchEvent(new KeyboardEvent("keydown", { key: "a" }))`)
	ann.WaitFor(`document.querySelector(".lock-soon") === null`)
	ann.later(31)
	ann.WaitFor(`location.pathname === "/staff/lock" && document.title === "Locked" && !document.getElementById("unlock").hidden`)
	ann.Picture("locked")
	second.WaitFor(`location.pathname === "/staff/lock"`)
	if ann.shows("Xaviera") || second.shows("Xaviera") {
		t.Error("a locked page still holds what it showed")
	}
	if keys[bool](ann, `return await k.unlocked();`, nil) || keys[bool](second, `return await k.unlocked();`, nil) {
		t.Error("the keys are open")
	}

	webtest.Eval[bool](ann.Tab, `(history.back(), true)`)
	ann.WaitFor(`location.pathname === "/staff/lock" && location.search.endsWith("people") && document.readyState === "complete"`)
	if ann.shows("Xaviera") {
		t.Error("the Back button shows the list")
	}
	ann.open("/staff/people?q=xaviera") // by hand, or from a bookmark
	ann.waitPath("/staff/lock")

	ann.WaitFor(`!document.getElementById("unlock").hidden`)
	ann.fill("passphrase", "not her passphrase")
	ann.click("#unlock button[type=submit]")
	ann.waitText("problem", "does not fit")
	ann.fill("passphrase", "passphrase of ann@agency.test")
	ann.click("#unlock button[type=submit]")
	ann.WaitFor(`location.pathname + location.search === "/staff/people?q=xaviera" && document.readyState === "complete"`)
	if !ann.shows("Xaviera") || !keys[bool](ann, `return await k.unlocked();`, nil) {
		t.Error("unlocking did not give the page and the keys back")
	}

	// The server's own clock: the next key or click finds the session locked, and the page hides.
	w.clock.Advance(31 * time.Minute)
	ann.later(2)
	webtest.Eval[bool](ann.Tab, `window.dispatchEvent(new KeyboardEvent("keydown", { key: "a" }))`)
	ann.WaitFor(`location.pathname === "/staff/lock"`)
	if ann.shows("Xaviera") {
		t.Error("locked by the server, the page still holds what it showed")
	}
}

// The button locks at once. A list that stands open and loads itself keeps no session open, in a real browser either.
func TestOpenListKeepsNoSession(t *testing.T) {
	w := one(t)
	w.site.Idle = Idle()
	w.joinAs(police, "ann@agency.test", RoleMember)
	lists := must(w.site.Templates(fstest.MapFS{"templates/list.html": {Data: []byte(`{{define "list"}}<h1>List</h1>{{end}}`)}}))(t)
	loads := make(chan string, 100)
	w.more = []web.Route{{Pattern: "GET /staff/list", Access: policy.At(policy.ReadHome), Handler: func(rw http.ResponseWriter, r *http.Request) error {
		loads <- r.Header.Get("Sec-Fetch-User")
		return lists.Staff(rw, r, http.StatusOK, "list", web.View{Title: "List", Refresh: 1})
	}}}
	ann := w.seats(1)[0]
	ann.signIn("ann@agency.test", "passphrase of ann@agency.test", "/staff")
	ann.click(`form[action="/staff/lock"] button`)
	ann.waitPath("/staff/lock")
	ann.WaitFor(`!document.getElementById("unlock").hidden`)
	ann.fill("passphrase", "passphrase of ann@agency.test")
	ann.click("#unlock button[type=submit]")
	ann.waitPath("/staff")
	ann.open("/staff/list")
	<-loads
	w.clock.Advance(29 * time.Minute)
	for range 2 { // nobody asks the page anything meanwhile: that would look like a person
		if by := <-loads; by != "" {
			t.Errorf("a list that loads itself says that it is a person: %s", by)
		}
	}
	w.clock.Advance(2 * time.Minute)
	ann.waitPath("/staff/lock")
}

// A server that cannot answer locks nobody out: what is on the screen, half-written words too, stays until it can. The button hides all the same.
func TestAServerInTroubleLocksNobody(t *testing.T) {
	w := one(t)
	w.site.Idle = Idle()
	w.joinAs(police, "ann@agency.test", RoleMember)
	w.site.Who = func(r *http.Request) string { m, _ := From(r.Context()); return m.Name }
	mux := http.NewServeMux()
	w.site.Mount(mux, w.Room().Routes, w.Guard)
	var trouble atomic.Bool
	refused, looked := make(chan string, 10), make(chan struct{})
	server := webtest.ServerOf(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && trouble.Load() {
			if r.URL.Path == "/staff/lock" {
				select {
				case <-looked:
				case <-r.Context().Done():
				}
			}
			defer func() { refused <- r.URL.Path }()
			http.Error(rw, "the database is away", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(rw, r)
	}))
	ann := w.seatsAt(1, server.URL)[0]
	ann.signIn("ann@agency.test", "passphrase of ann@agency.test", "/staff")
	ann.waitText("keys-state", "Your keys are open")
	trouble.Store(true)
	ann.later(2)
	webtest.Eval[bool](ann.Tab, `window.dispatchEvent(new KeyboardEvent("keydown", { key: "a" }))`)
	if path := <-refused; path != webtest.Eval[string](ann.Tab, `document.body.dataset.keep`) {
		t.Fatalf("the page sent something to %s", path)
	}
	if !keys[bool](ann, `await k.get("/staff/session").catch(() => {}); return await k.unlocked();`, nil) || !ann.shows("Your keys are open") {
		t.Error("a server in trouble took the page and the keys away")
	}
	webtest.Eval[bool](ann.Tab, `(document.querySelector('form[action="/staff/lock"] button').click(), true)`)
	if got := webtest.Eval[string](ann.Tab, `document.title + "/" + document.body.innerText`); strings.Contains(got, "Your keys are open") {
		t.Errorf("the button leaves on the screen until the server answers: %s", got)
	}
	close(looked)
	if path := <-refused; path != "/staff/lock" {
		t.Errorf("the page sent something to %s", path)
	}
}

// lockAt presses the page's button as its keys are read for the nth time, n standing in localStorage.
const lockAt = `
	const read = Storage.prototype.getItem;
	let reads = 0;
	window.pressed = window.begun = false;
	Storage.prototype.getItem = function (name) {
		const kept = read.call(this, name);
		if (name === "waylight.keys" && ++reads === Number(read.call(localStorage, "lockAt"))) {
			window.pressed = true;
			document.getElementById("lock").click();
		}
		return kept;
	};`

// Keys that are locked while the first page still finds out that they are open are asked for again, whatever it was about to do.
func TestLockedWhileThePageBegins(t *testing.T) {
	w := one(t)
	const phrase = "passphrase of ann@agency.test"
	w.joinAs(police, "ann@agency.test", RoleMember)
	ann := w.seats(1)[0]
	ann.signIn("ann@agency.test", phrase, "/staff")
	_, err := chromedp.Call(ann.Context, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: lockAt})
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for {
		webtest.Eval[bool](ann.Tab, fmt.Sprintf(`(localStorage.setItem("lockAt", %d), true)`, tried+1))
		ann.open("/staff")
		webtest.Eval[bool](ann.Tab, fmt.Sprintf(`(import(%q).then(() => { window.begun = true; }, () => {}), true)`, w.site.Asset("home.js")))
		ann.WaitFor(`begun || pressed`)
		if !webtest.Eval[bool](ann.Tab, `pressed`) {
			break
		}
		tried++
		ann.WaitFor(`document.getElementById("unlock-passphrase") !== null && document.getElementById("keys-state").textContent.includes("locked") && document.getElementById("lock").hidden`)
		keys[any](ann, `return await k.unlock(a);`, phrase)
	}
	if tried < 3 {
		t.Errorf("the page read the keys %d times: this test presses in the wrong way", tried)
	}
}
