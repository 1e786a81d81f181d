// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"testing"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
)

// TestBrowsersSealToNoKeyThatWasSwapped: a server that serves the real scripts
// puts a key of its own beside the offices' names. A member's browser sends it
// nothing: not a report that is referred on or made readable again, nor who
// reported.
func TestBrowsersSealToNoKeyThatWasSwapped(t *testing.T) {
	db, clock := storetest.SQLite(t, schemas())
	set, err := packs()
	check(t, err)
	_, offline, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	w, site := buildUnder(t, set, db, clock, offline)
	w.serve(site, w.people.Guard)
	var liar *webtest.Liar
	liar, w.client = webtest.Lie(t, w.client)
	ana := w.seat(webtest.Browser(t), childCare, "Ana", identity.RoleMember)
	lia := w.hire(lawyers, "Lia")
	w.hire(tipDesk, "Dee")
	id := w.send(named(child()))
	path := "/staff/report/" + id.String()
	begin := func() {
		t.Helper()
		ana.click("#open")
		ana.waitFor("words", "not allowed to leave the van")
		ana.click("#open-named")
		ana.waitFor("named-words", reporterName)
		webtest.Eval[bool](ana.Tab, `(document.querySelector("#refer-named").checked = false) === false`)
	}
	choose := func(office string) {
		t.Helper()
		if !webtest.Eval[bool](ana.Tab, fmt.Sprintf(`(document.getElementById("refer-office").value = %[1]q) && document.getElementById("refer-office").value === %[1]q`, office)) {
			t.Fatalf("the page does not offer %s", office)
		}
	}

	ana.arrive(path)
	begin()
	if !webtest.Eval[bool](ana.Tab, `[...document.querySelectorAll("[data-unpinned]")].every((e) => e.hidden)`) {
		t.Error("the page says that no directory key is fixed")
	}
	choose(lawyers)
	ana.click("#refer-form button")
	ana.WaitFor(`location.search === "?done=referred" && document.readyState === "complete"`)
	w.contentKey(lia, id) // an honest server's key is the one that counts
	again := w.send(named(child()))
	check(t, w.referrals.CannotOpen(t.Context(), lia.Member, id))

	thief, err := seal.PrivateFromSeed(seal.NewSeed())
	check(t, err)
	for _, k := range w.agencies.Keys("ms") {
		liar.Swap(base64.StdEncoding.EncodeToString(k.Public.Bytes()), base64.StdEncoding.EncodeToString(thief.Public().Bytes()))
	}
	for _, act := range []struct{ say, button, address string }{
		{"say-named", "#give-named button", "/reporter/give"},
		{"say", "[data-rewrap]", "/rewrap"},
		{"say", "#refer-form button", "/refer"},
	} {
		page := path
		if act.address == "/refer" {
			page = "/staff/report/" + again.String()
		}
		ana.Open(w.client.URL+page, 1200, 1000)
		begin()
		if act.address == "/refer" {
			choose(lawyers)
		}
		if act.address == "/reporter/give" {
			ana.click("#give-sure")
		}
		ana.click(act.button)
		ana.waitFor(act.say, "did not sign")
		if liar.Posted(page + act.address) {
			t.Errorf("%s: something was sent", act.address)
		}
	}
}
