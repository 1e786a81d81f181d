// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"testing"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/file"
)

// TestNoFileIsSharedToASwappedKey: a server that serves the real scripts puts a
// key of its own beside an office's name, and a member's browser sends it nothing;
// the office's real key gets the file.
func TestNoFileIsSharedToASwappedKey(t *testing.T) {
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock)
	honest := webtest.Server(t, w.site, w.routes(), w.people.Guard)
	liar, client := webtest.Lie(t, honest)
	ana := w.hire(childCare, "Ana", identity.RoleMember)
	pol := w.hire(police, "Pol")
	sent := w.send(child())
	x := w.seal(w.found(sent), "a", []byte("words"))
	x.Wraps = slices.DeleteFunc(x.Wraps, func(v file.Wrap) bool { return v.Holder == police })
	w.upload(w.found(sent), x)
	thief, err := seal.PrivateFromSeed(seal.NewSeed())
	check(t, err)

	office := seat(t, webtest.Browser(t))
	page := "/staff/report/" + sent.Report.String() + "/files"
	office.Open(client.URL+"/staff/sign-in?program=ms&next="+url.QueryEscape(page), 1200, 1000)
	office.fill("#email", ana.Email)
	office.fill("#passphrase", phrase)
	office.click("#notice")
	office.click("#sign-in button")
	office.WaitFor(fmt.Sprintf(`location.pathname === %q && document.readyState === "complete"`, page))
	said := `document.getElementById("say").textContent.includes(%q)`
	liar.Swap(base64.StdEncoding.EncodeToString(w.agencies.Keys("ms")[police].Public.Bytes()), base64.StdEncoding.EncodeToString(thief.Public().Bytes()))
	office.Open(client.URL+page, 1200, 1000)
	office.click("[data-share]")
	office.WaitFor(fmt.Sprintf(said, "did not sign"))
	if liar.Posted("/wrap") {
		t.Error("a wrap for the server's own key was sent")
	}
	liar.Stop()
	office.Open(client.URL+page, 1200, 1000)
	office.click("[data-share]")
	office.WaitFor(fmt.Sprintf(said, "They can open the file now"))
	if _, content, err := w.opened(pol, sent.Report, w.list(pol, sent.Report)[0]); err != nil || string(content) != "words" {
		t.Errorf("police open %q: %v", content, err)
	}
}
