// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web/webtest"
)

// desk is a browser at a member's desk: it keeps its cookie as the server changes it, and names itself.
type desk struct {
	*webtest.Client
	cookie string
}

// sit signs a member in at a browser that calls itself so.
func (w *world) sit(c *webtest.Client, h *Holder, browser string) *desk {
	w.t.Helper()
	cookie, _, err := w.SignIn(w.t.Context(), ms, h.Member.Email, h.Auth())
	if err != nil {
		w.t.Fatal(err)
	}
	d := &desk{Client: new(webtest.Client), cookie: cookie}
	*d.Client = *c
	d.Header = http.Header{"User-Agent": {browser}}
	return d
}

// copied is somebody else's browser with the cookie that this one has now.
func (d *desk) copied(browser string) *desk {
	other := &desk{Client: new(webtest.Client), cookie: d.cookie}
	*other.Client = *d.Client
	other.Header = http.Header{"User-Agent": {browser}}
	return other
}

func (d *desk) keep(doc *webtest.Doc) *webtest.Doc {
	for _, c := range (&http.Response{Header: doc.Header}).Cookies() {
		if c.Name == "waylight" {
			d.cookie = c.Value
		}
	}
	return doc
}

func (d *desk) get(path string) *webtest.Doc {
	d.Header.Set("Cookie", "waylight="+d.cookie)
	return d.keep(d.GetDoc(path))
}

func (d *desk) postJSON(path string, value any) *webtest.Doc {
	d.Header.Set("Cookie", "waylight="+d.cookie)
	return d.keep(d.PostJSON(path, value))
}

const firefox, chromium = "Firefox at the desk", "Chromium elsewhere"

// AC-12 and SC-10: a session ends after an hour without use, after twelve hours, and at sign-out.
func TestSessionEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		in := func() string {
			cookie, _, err := w.SignIn(t.Context(), ms, "ann@agency.test", h.Auth())
			if err != nil {
				t.Fatal(err)
			}
			return cookie
		}
		works := func(cookie string) bool {
			m, err := w.guarded(cookie, false)
			if err != nil && !errors.Is(err, errSignIn) && !errors.Is(err, errLocked) {
				t.Fatal(err)
			}
			return err == nil && m.ID == h.Member.ID
		}
		idle := in()
		w.clock.Advance(29 * time.Minute)
		if !works(idle) {
			t.Error("ended within half an hour")
		}
		w.clock.Advance(time.Hour)
		if _, err := w.guarded(idle, false); !errors.Is(err, errSignIn) {
			t.Errorf("after an hour without use: %v", err)
		}
		long := in()
		for range 28 { // used every 25 minutes, for eleven hours and forty minutes
			w.clock.Advance(25 * time.Minute)
			if !works(long) {
				t.Fatal("ended while in use")
			}
		}
		w.clock.Advance(20 * time.Minute)
		if works(long) {
			t.Error("twelve hours did not end it")
		}
		const year = 365 * 24 * time.Hour
		w.clock.Advance(year)
		ahead := in()
		w.clock.Advance(-year)
		if works(ahead) {
			t.Error("a session of next year works this year, and would until then")
		}
		out, other := in(), in()
		err := w.SignOut(t.Context(), h.Member, out)
		if err != nil {
			t.Fatal(err)
		}
		if works(out) || !works(other) {
			t.Error("signing out ended another session, or not its own")
		}
		for _, bad := range []string{"", "ms", "ms.", other + "x", "tx" + strings.TrimPrefix(other, "ms"), strings.Repeat("a", 10000)} {
			if works(bad) {
				t.Errorf("the cookie %.30q works", bad)
			}
		}
		_, err = w.guarded(other, true)
		if err != nil {
			t.Errorf("over TLS: %v", err)
		}
		w.clock.Advance(13 * time.Hour)
		err = w.db.Write(t.Context(), func(tx *store.Tx) error { return sweep(tx, ms) })
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"session", "session_token", "sign_in_failure"} {
			var left int
			err = w.db.QueryRow(t.Context(), "select count(program) from "+table).Scan(&left)
			if err != nil || left != 0 {
				t.Errorf("%d rows of %s are left after the sweep: %v", left, table, err)
			}
		}
	})
}

// AC-11: after half an hour without use every page leads to the lock page, scripts are told 423, and only the member opens the session again.
func TestSessionLocks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		auth := h.Auth()
		d := w.sit(w.serve(), h, firefox)
		if doc := d.get("/staff"); doc.Status != http.StatusOK {
			t.Fatalf("fresh: %d", doc.Status)
		}
		if doc := d.get("/staff/lock?next=/staff/people"); doc.Status != http.StatusSeeOther || doc.Header.Get("Location") != "/staff/people" {
			t.Errorf("the lock page of an open session: %d, %s", doc.Status, doc.Header.Get("Location"))
		}
		w.clock.Advance(30 * time.Minute)
		doc := d.get("/staff/people?q=ann")
		if doc.Status != http.StatusSeeOther || doc.Header.Get("Location") != "/staff/lock?next=%2Fstaff%2Fpeople%3Fq%3Dann" {
			t.Errorf("a page: %d, %s", doc.Status, doc.Header.Get("Location"))
		}
		if doc = d.postJSON("/staff/people/"+h.Member.ID.String()+"/access", map[string]any{"wraps": nil}); doc.Status != http.StatusLocked || !strings.Contains(doc.Body, "session_locked") {
			t.Errorf("a script: %d %s", doc.Status, doc.Body)
		}
		d.Header.Set("Sec-Fetch-Dest", "empty")
		if doc = d.get("/staff/keys"); doc.Status != http.StatusLocked {
			t.Errorf("what opens the keys: %d", doc.Status)
		}
		d.Header.Del("Sec-Fetch-Dest")
		d.Header.Set("Cookie", "waylight="+d.cookie)
		if doc = d.PostForm("/staff/people/invite", nil); doc.Status != http.StatusSeeOther || doc.Header.Get("Location") != "/staff/lock?lost=1" {
			t.Errorf("a form: %d, %s", doc.Status, doc.Header.Get("Location"))
		}
		page := d.get("/staff/lock?next=/staff/people")
		if page.Status != http.StatusOK || page.Title() != "Locked" || page.One("form", "id", "unlock").Attr["data-next"] != "/staff/people" || page.One("nav") != nil {
			t.Errorf("the lock page: %d, %s, %s", page.Status, page.Title(), page.Main())
		}
		for _, problem := range webtest.Problems(page) {
			t.Error("the lock page: " + problem)
		}
		var ask struct {
			Passphrase struct{ Iterations int }
		}
		if err := d.postJSON("/staff/lock/ask", map[string]any{}).JSON(&ask); err != nil || ask.Passphrase.Iterations == 0 {
			t.Errorf("what unlocks it: %+v, %v", ask, err)
		}
		if doc = d.postJSON("/staff/lock/open", map[string]any{"auth": make([]byte, 32)}); doc.Status != http.StatusBadRequest {
			t.Errorf("a wrong passphrase: %d %s", doc.Status, doc.Body)
		}
		before := d.cookie
		if doc = d.postJSON("/staff/lock/open", map[string]any{"auth": auth[:]}); doc.Status != http.StatusNoContent || d.cookie == before {
			t.Errorf("the right one: %d %s", doc.Status, doc.Body)
		}
		if doc = d.get("/staff/people?q=ann"); doc.Status != http.StatusOK {
			t.Errorf("after unlocking: %d", doc.Status)
		}
		if got := w.events(); !contains(got, "session.unlock_failed "+h.Member.Actor()) || !contains(got, "session.unlocked "+h.Member.Actor()) {
			t.Errorf("the log: %v", got)
		}
	})
}

// The button locks at once; a locked session still signs out, and still ends after the hour.
func TestLockButton(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		c := w.serve()
		d, other := w.sit(c, h, firefox), w.sit(c, h, chromium)
		d.Header.Set("Cookie", "waylight="+d.cookie)
		if doc := d.PostForm("/staff/lock", nil); doc.Status != http.StatusSeeOther || doc.Header.Get("Location") != "/staff/lock" {
			t.Fatalf("the button: %d", doc.Status)
		}
		if doc := d.get("/staff"); doc.Header.Get("Location") != "/staff/lock?next=%2Fstaff" {
			t.Errorf("locked by hand: %d, %s", doc.Status, doc.Header.Get("Location"))
		}
		if doc := other.get("/staff"); doc.Status != http.StatusOK {
			t.Errorf("the member's other browser: %d", doc.Status)
		}
		if !contains(w.events(), "session.locked "+h.Member.Actor()) {
			t.Errorf("the log: %v", w.events())
		}
		w.clock.Advance(time.Hour)
		if doc := d.get("/staff"); !strings.HasPrefix(doc.Header.Get("Location"), "/staff/sign-in") {
			t.Errorf("an hour later: %d, %s", doc.Status, doc.Header.Get("Location"))
		}
		third := w.sit(c, h, firefox)
		third.Header.Set("Cookie", "waylight="+third.cookie)
		third.PostForm("/staff/lock", nil)
		third.PostForm("/staff/sign-out", nil)
		if _, err := w.guarded(third.cookie, false); !errors.Is(err, errSignIn) {
			t.Errorf("signed out while locked: %v", err)
		}
	})
}

// Guessing at the lock page is guessing: the fifth failure within fifteen minutes locks the account and ends the session.
func TestLockPageIsNoWayAround(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		auth := h.Auth()
		d := w.sit(w.serve(), h, firefox)
		w.clock.Advance(31 * time.Minute)
		for range 5 {
			if doc := d.postJSON("/staff/lock/open", map[string]any{"auth": make([]byte, 32)}); doc.Status != http.StatusBadRequest {
				t.Fatalf("a guess: %d %s", doc.Status, doc.Body)
			}
		}
		if doc := d.postJSON("/staff/lock/open", map[string]any{"auth": auth[:]}); doc.Status != http.StatusUnauthorized {
			t.Errorf("the right passphrase after five wrong ones: %d %s", doc.Status, doc.Body)
		}
		if !must(w.Member(t.Context(), ms, h.Member.ID))(t).Locked || w.last() != "member.locked "+h.Member.Actor()+" system" {
			t.Errorf("the account is not locked; the log says %s", w.last())
		}
		if w.admits(h) {
			t.Error("the account signs in")
		}
	})
}

// admits tells whether the member can sign in from a browser that is not known.
func (w *world) admits(h *Holder) bool {
	_, _, err := w.SignIn(w.t.Context(), ms, h.Member.Email, h.Auth())
	if err != nil && !errors.Is(err, errRefused) && !errors.Is(err, errTill) {
		w.t.Fatal(err)
	}
	return err == nil
}

// A list that loads itself keeps no session open; keys and clicks, which the page tells of, do.
func TestOnlyPeopleKeepASessionOpen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		d := w.sit(w.serve(), h, firefox)
		d.get("/staff")
		byItself := func(path string) int {
			d.Header.Set("Sec-Fetch-Mode", "navigate")
			defer d.Header.Del("Sec-Fetch-Mode")
			return d.get(path).Status
		}
		for range 5 {
			w.clock.Advance(5 * time.Minute)
			if got := byItself("/staff/people"); got != http.StatusOK {
				t.Fatalf("a list that loads itself: %d", got)
			}
		}
		w.clock.Advance(5 * time.Minute)
		if got := byItself("/staff/people"); got != http.StatusSeeOther {
			t.Errorf("after half an hour that nobody used: %d", got)
		}
		d = w.sit(w.serve(), h, firefox)
		for range 8 {
			w.clock.Advance(25 * time.Minute)
			d.Header.Set("Cookie", "waylight="+d.cookie)
			if doc := d.Do(http.MethodPost, "/staff/session", "", nil); doc.Status != http.StatusNoContent {
				t.Fatalf("somebody types: %d", doc.Status)
			}
		}
		d.Header.Set("Sec-Fetch-User", "?1")
		if got := byItself("/staff/people"); got != http.StatusOK {
			t.Errorf("a click: %d", got)
		}
	})
}

// A copied cookie is found out when both have used it, whoever was first, and then serves neither.
func TestStolenCookieEndsEverywhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		c := w.serve()
		for name, thiefFirst := range map[string]bool{"the thief is first": true, "the member is first": false} {
			ann, second := w.sit(c, h, firefox), w.sit(c, h, chromium)
			ann.get("/staff")
			second.get("/staff")
			thief := ann.copied(firefox) // who copied the cookie can copy what the browser calls itself
			first, last := ann, thief
			if thiefFirst {
				first, last = thief, ann
			}
			w.clock.Advance(6 * time.Minute)
			old := first.cookie
			first.get("/staff") // is handed the next value
			if first.cookie == old {
				t.Fatalf("%s: the cookie did not change", name)
			}
			first.get("/staff") // and uses it
			if doc := last.get("/staff"); doc.Status != http.StatusOK {
				t.Errorf("%s: a request that was under way: %d", name, doc.Status)
			}
			w.clock.Advance(2 * time.Minute)
			doc := last.get("/staff")
			if doc.Status != http.StatusForbidden || !strings.Contains(doc.Main(), "two places") || !strings.Contains(doc.Header.Get("Set-Cookie"), "Max-Age=0") {
				t.Errorf("%s: the copy shows %d %s", name, doc.Status, doc.Main())
			}
			if w.last() != "session.reused "+h.Member.Actor()+" system" {
				t.Errorf("%s: the log says %s", name, w.last())
			}
			for who, d := range map[string]*desk{"who was first": first, "the member's other browser": second} {
				doc := d.get("/staff")
				if doc.Status != http.StatusForbidden || !strings.Contains(doc.Main(), "ended everywhere") {
					t.Errorf("%s: %s still has %d %s", name, who, doc.Status, doc.Main())
				}
			}
			w.clock.Advance(20 * time.Minute)
		}
	})
}

// Signing in anew in a browser ends the session that it still had.
func TestSigningInAnewEndsTheSessionBefore(t *testing.T) {
	w := one(t)
	h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	auth := h.Auth()
	d := w.sit(w.serve(), h, firefox)
	d.get("/staff")
	before := d.cookie
	doc := d.postJSON("/staff/sign-in", map[string]any{"program": ms, "email": "ann@agency.test", "auth": auth[:], "notice": true})
	if doc.Status != http.StatusNoContent || d.cookie == before {
		t.Fatalf("signing in: %d", doc.Status)
	}
	if d.get("/staff").Status != http.StatusOK {
		t.Error("the new session does not work")
	}
	if _, err := w.guarded(before, false); !errors.Is(err, errSignIn) {
		t.Errorf("the session before: %v", err)
	}
}

// A cookie that comes from another browser than the one that began the session is a copy, at once.
func TestCookieInAnotherBrowser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		ann := w.sit(w.serve(), h, firefox)
		ann.get("/staff")
		thief := ann.copied(chromium)
		thief.Header.Set("Sec-Fetch-Dest", "empty")
		if doc := thief.get("/staff/keys"); doc.Status != http.StatusUnauthorized || !strings.Contains(doc.Body, "session_stolen") {
			t.Errorf("the thief: %d %s", doc.Status, doc.Body)
		}
		if doc := ann.get("/staff"); doc.Status != http.StatusForbidden || !strings.Contains(doc.Main(), "another browser") {
			t.Errorf("the member: %d %s", doc.Status, doc.Main())
		}
		if w.last() != "session.other_client "+h.Member.Actor()+" system" {
			t.Errorf("the log says %s", w.last())
		}
		var hits int
		err := w.db.QueryRow(t.Context(), `select count(token) from session where client = $1`, []byte(firefox)).Scan(&hits)
		if err != nil || hits != 0 {
			t.Errorf("the browser's name stands in the database: %v", err)
		}
		if !w.admits(h) {
			t.Error("the member cannot sign in again")
		}
	})
}

// An answer that never arrives costs nobody their session: the value before counts until the next one is used.
func TestLostAnswersEndNoSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
		ann := w.sit(w.serve(), h, firefox)
		ann.get("/staff")
		for range 6 {
			w.clock.Advance(6 * time.Minute)
			lost := ann.copied(firefox)
			if doc := lost.get("/staff"); doc.Status != http.StatusOK || lost.cookie == ann.cookie {
				t.Fatalf("%d, and the cookie is to change", doc.Status)
			}
		}
		if doc := ann.get("/staff"); doc.Status != http.StatusOK {
			t.Fatalf("after six lost answers: %d", doc.Status)
		}
		w.clock.Advance(2 * time.Minute)
		before := ann.cookie
		ann.get("/staff")
		if doc := ann.get("/staff"); doc.Status != http.StatusOK || ann.cookie == before {
			t.Errorf("the next value: %d", doc.Status)
		}
		w.clock.Advance(6 * time.Minute)
		first, beside := ann.copied(firefox), ann.copied(firefox) // two requests of one page at the same moment
		first.get("/staff")
		beside.get("/staff")
		if first.cookie == ann.cookie || beside.cookie != ann.cookie {
			t.Error("two next values were handed out at once")
		}
	})
}

// AC-8: nobody signs in without confirming the notice, and the log has which words they were. A pack may have words of its own.
func TestNoticeBeforeSignIn(t *testing.T) {
	w := one(t)
	h, _ := w.joinAs(police, "ann@agency.test", RoleMember)
	auth := h.Auth()
	c := w.serve()
	page := c.GetDoc("/staff/sign-in").Main()
	for _, word := range []string{"restricted", "recorded", "audited", "without permission is forbidden", "you agree"} {
		if !strings.Contains(page, word) {
			t.Errorf("the notice does not say %q", word)
		}
	}
	body := map[string]any{"program": ms, "email": "ann@agency.test", "auth": auth[:], "notice": false}
	if doc := c.PostJSON("/staff/sign-in", body); doc.Status != http.StatusBadRequest {
		t.Errorf("without the notice: %d", doc.Status)
	}
	body["notice"] = true
	if doc := c.PostJSON("/staff/sign-in", body); doc.Status != http.StatusNoContent {
		t.Fatalf("with it: %d %s", doc.Status, doc.Body)
	}
	mark := w.Notice(ms).Mark
	if got := w.lastRule(); got != mark || !strings.HasPrefix(mark, "notice:") {
		t.Errorf("the log says %q, the notice is %q", got, mark)
	}
	p, _ := w.programs.Program(ms)
	own := *p
	own.Told = map[string]form.Text{staffNotice: {"en": "Words of our own.\n\nAnd a second paragraph."}}
	if n := noticeOf(&own); n.Mark == mark || len(n.Paragraphs) != 2 {
		t.Errorf("a pack's own notice: %+v", n)
	}
}

// lastRule is the rule that the newest entry was made under.
func (w *world) lastRule() string {
	w.t.Helper()
	var b []byte
	err := w.db.QueryRow(w.t.Context(), `select opening from custody_leaf where program = $1 order by idx desc limit 1`, ms).Scan(&b)
	if err != nil {
		w.t.Fatal(err)
	}
	return must(custody.ParseOpening(b))(w.t).Rule
}

// AC-11 and IA-2: a passkey of the session's own member unlocks it, asked for this purpose; neither a colleague's, nor an answer made for signing in, nor the same answer twice.
func TestUnlockWithAPasskey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Service.origin, w.passphraseSignIn = origin, false
		ann, key, _ := w.joinWithPasskey("ann@agency.test", false)
		_, other, _ := w.joinWithPasskey("ben@agency.test", true)
		in := must(w.enterWith(key))(t)
		c := w.serve()
		d := &desk{Client: c, cookie: in.Cookie}
		d.Header = http.Header{"User-Agent": {firefox}}
		d.get("/staff")
		w.clock.Advance(31 * time.Minute)
		if page := d.get("/staff/lock").Main(); !strings.Contains(page, "Unlock with a passkey") || strings.Contains(page, "Passphrase") {
			t.Errorf("the lock page: %s", page)
		}
		ask := func() json.RawMessage {
			var out struct{ Passkey json.RawMessage }
			if err := d.postJSON("/staff/lock/ask", map[string]any{}).JSON(&out); err != nil || out.Passkey == nil {
				t.Fatalf("no question: %v", err)
			}
			return out.Passkey
		}
		open := func(answer []byte) int {
			return d.postJSON("/staff/lock/open", map[string]any{"answer": json.RawMessage(answer)}).Status
		}
		if got := open(other.get(ask())); got != http.StatusBadRequest {
			t.Errorf("a colleague's passkey: %d", got)
		}
		if got := open(key.get(must(w.AskPasskey(t.Context(), origin, ms))(t))); got != http.StatusBadRequest {
			t.Errorf("an answer made for signing in: %d", got)
		}
		secret := ann.Auth()
		if doc := d.postJSON("/staff/lock/open", map[string]any{"auth": secret[:]}); doc.Status != http.StatusForbidden {
			t.Errorf("a passphrase, where it does not sign in: %d", doc.Status)
		}
		answer := key.get(ask())
		if got := open(answer); got != http.StatusNoContent || d.get("/staff").Status != http.StatusOK {
			t.Errorf("their own: %d", got)
		}
		w.clock.Advance(31 * time.Minute)
		if got := open(answer); got != http.StatusBadRequest {
			t.Errorf("the same answer again: %d", got)
		}
	})
}
