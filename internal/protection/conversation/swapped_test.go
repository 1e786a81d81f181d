// SPDX-License-Identifier: Apache-2.0

package conversation_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"testing"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
)

// TestAnOfficeWritesToNoSwappedKey: a server that serves the real scripts puts a
// key of its own in the place of the office's, and what the office writes stays in
// the member's browser.
func TestAnOfficeWritesToNoSwappedKey(t *testing.T) {
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock)
	liar, client := webtest.Lie(t, webtest.Server(t, w.site, w.routes(), w.people.Guard))
	ana := w.hire(childCare, "Ana", identity.RoleMember)
	sent := w.send(child())
	thief, err := seal.PrivateFromSeed(seal.NewSeed())
	check(t, err)

	office := seat(t, webtest.Browser(t))
	page := "/staff/report/" + sent.Report.String() + "/messages"
	office.Open(client.URL+"/staff/sign-in?program=ms&next="+url.QueryEscape(page), 1200, 1000)
	office.fill("#email", ana.Email)
	office.fill("#passphrase", phrase)
	office.click("#notice")
	office.click("#sign-in button")
	office.WaitFor(fmt.Sprintf(`location.pathname === %q && document.readyState === "complete"`, page))
	liar.Swap(base64.StdEncoding.EncodeToString(w.agencies.Keys("ms")[childCare].Public.Bytes()), base64.StdEncoding.EncodeToString(thief.Public().Bytes()))
	office.Open(client.URL+page, 1200, 1000)
	office.click("#open")
	office.WaitFor(`!document.getElementById("write-form").hidden`)
	office.fill("#text", "Which door was it?")
	office.click("#first")
	office.click("#write-form button")
	office.WaitFor(`document.getElementById("say").textContent.includes("did not sign")`)
	if liar.Posted("/messages/write") {
		t.Error("the words were sent, sealed to the server's own key")
	}
}
