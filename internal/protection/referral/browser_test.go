// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/referral"
)

const phrase = "seven quiet rivers under one bright bridge"

// seated is a member with a passphrase, at a browser of their own.
type seated struct {
	*webtest.Tab
	w      *world
	holder *identity.Holder
}

// seat hires somebody who signs in by hand.
func (w *world) seat(browser *webtest.Tab, office, name string, roles ...string) *seated {
	w.t.Helper()
	ctx := w.t.Context()
	check(w.t, w.agencies.Join(ctx, agency.System("ms"), office))
	token, err := w.people.Invite(ctx, "ms", office, name, strings.ToLower(name)+"@example.org", roles)
	check(w.t, err)
	holder, _, err := w.people.EnrollHolder(ctx, token, phrase)
	check(w.t, err)
	w.keys[office], _ = holder.OfficeKey(office)
	own, closeTab := chromedp.NewContext(browser.Context, chromedp.WithNewBrowserContext())
	w.t.Cleanup(closeTab)
	tab := *browser
	tab.Context = own
	check(w.t, chromedp.Do(own, chromedp.Navigate("about:blank"))) // without a limit: the tab lives as long as this call's context
	return &seated{Tab: &tab, w: w, holder: holder}
}

func (s *seated) fill(id, text string) {
	s.w.t.Helper()
	s.Do(chromedp.SendKeys(chromedp.CSS("#"+id), text, chromedp.NodeVisible))
}

func (s *seated) click(css string) {
	s.w.t.Helper()
	s.Click(css)
}

func (s *seated) waitFor(id, want string) {
	s.w.t.Helper()
	s.WaitFor(fmt.Sprintf(`document.getElementById(%q)?.textContent.includes(%q)`, id, want))
}

// arrive signs in and lands on a page.
func (s *seated) arrive(path string) {
	s.w.t.Helper()
	s.Open(s.w.client.URL+"/staff/sign-in?program=ms&next="+url.QueryEscape(path), 1200, 1000)
	s.fill("email", s.holder.Member.Email)
	s.fill("passphrase", phrase)
	s.click("#notice")
	s.click("#sign-in button")
	s.WaitFor(fmt.Sprintf(`location.pathname === %q && document.readyState === "complete"`, path))
}

// lockElsewhere locks the keys as another tab does, when the server's answer to an address that ends so is there and the page has not read it yet.
const lockElsewhere = `(() => {
	const fetched = window.fetch;
	window.fetch = async (address, options) => {
		const answer = await fetched(address, options);
		if (String(address).endsWith(%q)) {
			window.fetch = fetched;
			const heard = new Promise((done) => document.addEventListener("waylight:locked", done, { once: true }));
			new BroadcastChannel("waylight.keys").postMessage("lock");
			await heard;
		}
		return answer;
	};
	return true;
})()`

// lockedMeanwhile presses a button of the report's page and locks the keys while the page waits for the server: what it opened is not shown any more.
func (s *seated) lockedMeanwhile(button, address, place, say string) {
	s.w.t.Helper()
	webtest.Eval[bool](s.Tab, fmt.Sprintf(lockElsewhere, address))
	s.click(button)
	s.WaitFor(fmt.Sprintf(`document.getElementById("unlock-passphrase") !== null || document.getElementById(%q).textContent !== ""`, say))
	if webtest.Eval[bool](s.Tab, `document.getElementById("unlock-passphrase") !== null`) {
		s.fill("unlock-passphrase", phrase)
		s.click("#keys button[type=submit]")
	}
	s.waitFor(say, "locked")
	if got := webtest.Eval[string](s.Tab, fmt.Sprintf(`document.getElementById(%q).textContent`, place)); got != "" {
		s.w.t.Errorf("%s: after the keys were locked the page shows %q", button, got)
	}
	if !webtest.Eval[bool](s.Tab, fmt.Sprintf(`(() => { const b = document.querySelector(%q); return b.checkVisibility() && !b.disabled; })()`, button)) {
		s.w.t.Errorf("%s cannot be pressed again", button)
	}
}

// TestAReportInARealBrowser walks what a member does with a report: open, take
// on, note, send on; and what an operator does with a task. It runs before the
// parallel tests: a browser that starves answers too late.
func TestAReportInARealBrowser(t *testing.T) {
	db, clock := storetest.SQLite(t, schemas())
	w, site := build(t, db, clock)
	w.serve(site, w.people.Guard)
	browser := webtest.Browser(t)
	ana := w.seat(browser, childCare, "Ana", identity.RoleMember)
	dee := w.seat(browser, tipDesk, "Dee", identity.RoleMember, identity.RoleDesk)
	lia := w.hire(lawyers, "Lia")
	id := w.send(named(child()))
	path := "/staff/report/" + id.String()

	ana.arrive(path)
	before := webtest.Eval[string](ana.Tab, `document.documentElement.outerHTML`)
	if strings.Contains(before, "truck stop") {
		t.Fatal("the page holds the words before they are opened")
	}
	ana.Picture("report-closed")
	ana.click("#open")
	ana.waitFor("words", "not allowed to leave the van")
	ana.waitFor("say", "Opened")
	ana.Picture("report-open")
	if odd := webtest.Eval[string](ana.Tab, `document.getElementById("other-key")?.textContent ?? ""`); odd != "" {
		t.Errorf("of the sender's own key the page says %q", odd)
	}
	if !webtest.Eval[bool](ana.Tab, `document.querySelector("#refer-form").closest("section").innerText.includes("No directory key is fixed")`) {
		t.Error("the page does not say that no directory key is fixed")
	}
	row := w.inbox(hand{Member: ana.holder.Member}, id)
	if row.State != referral.Opened || row.OpenedBy != ana.holder.Member.ID {
		t.Fatalf("after opening in the browser: %+v", row)
	}
	ana.click(`form[data-after-open] button`)
	ana.WaitFor(`location.search === "?done=acknowledged" && document.readyState === "complete"`)
	if words := webtest.Eval[string](ana.Tab, `document.getElementById("words").textContent`); words != "" {
		t.Errorf("after leaving the page the words are %q", words)
	}

	const secret = "Her aunt called again. Zebra crossing."
	ana.click("#show-notes")
	ana.waitFor("note-list", "No notes yet")
	ana.fill("note", secret)
	ana.click("#note-form button")
	ana.waitFor("note-list", "Zebra crossing")
	notes, err := w.referrals.Notes(t.Context(), ana.holder.Member, id)
	check(t, err)
	if len(notes) != 1 || bytes.Contains(notes[0].Body, []byte("Zebra")) {
		t.Fatalf("%d notes are kept, or one in clear", len(notes))
	}
	if text, err := ana.holder.OpenNote("ms", id.String(), childCare, notes[0].Body); err != nil || text != secret {
		t.Errorf("the note opens as %q (%v)", text, err)
	}

	ana.click("#open")
	ana.waitFor("words", "not allowed to leave the van")
	webtest.Eval[bool](ana.Tab, fmt.Sprintf(`(document.getElementById("refer-office").value = %q) !== ""`, lawyers))
	if !webtest.Eval[bool](ana.Tab, `document.getElementById("refer-named").disabled`) {
		t.Error("who reported can be sent on before it was opened")
	}
	ana.click("#open-named")
	ana.waitFor("named-words", reporterName)
	ana.waitFor("named-words", "only in the ways that they ticked")
	ana.click("#refer-named")
	ana.Picture("report-reporter")
	ana.click("#refer-form button")
	ana.WaitFor(`location.search === "?done=referred" && document.readyState === "complete"`)
	w.open(lia, id) // the wraps that the browser made open
	w.openName(lia, id)

	task := w.task(hand{Member: dee.holder.Member}, id, local)
	dee.arrive("/staff/desk/" + task.ID.String())
	dee.click(`form[action$="/take"] button`)
	dee.WaitFor(`location.search === "?done=taken" && document.readyState === "complete"`)
	dee.click("#open")
	dee.waitFor("words", "not allowed to leave the van")
	dee.Picture("task")
	dee.fill("code", "JX-4471")
	dee.fill("who", "Sgt. Doe, 17")
	dee.click(`form[action$="/complete"] button`)
	dee.WaitFor(`location.search === "?done=completed" && document.readyState === "complete"`)
	proofs, err := w.referrals.Evidence(t.Context(), dee.holder.Member, id)
	check(t, err)
	proof := proofs[slices.IndexFunc(proofs, func(e referral.Evidence) bool { return e.Code == "JX-4471" })]
	if text, err := dee.holder.OpenNote("ms", id.String(), tipDesk, proof.Answered); err != nil || text != "Sgt. Doe, 17" || proof.Referral != task.ID {
		t.Errorf("the task keeps %q as who answered (%v)", text, err)
	}
	// A key for messages to the sender that is not the one sealed with the words.
	check(t, db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`update report set reply_key = $1 where id = $2`, random(seal.PublicKeySize), id)
		return err
	}))
	ana.Open(w.client.URL+path, 1200, 1000)
	ana.click("#open")
	ana.waitFor("words", "is not the one that was sealed with these words")

	ana.Open(w.client.URL+path, 1200, 1000)
	ana.lockedMeanwhile("#open", "/opened", "words", "say")
	ana.lockedMeanwhile("#show-notes", "/notes", "note-list", "say")
	ana.lockedMeanwhile("#open-named", "/opened", "named-words", "say-named")

	clock.Advance(3 * time.Hour) // within the session's twelve hours, past its idle hour: sign in again
	dee.arrive("/staff/desk")
	dee.Picture("desk")
	ana.arrive("/staff/inbox")
	ana.Picture("inbox")
}
