// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"waylight/internal/platform/web/webtest"
)

// newcomer is a member at a device of their own, with its own authenticator.
type newcomer struct {
	*webtest.Tab
	authenticator webauthn.AuthenticatorID
}

func sitDown(t *testing.T) *newcomer {
	t.Helper()
	n := &newcomer{Tab: webtest.Browser(t)}
	if _, err := chromedp.Call(n.Context, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	n.plug(t)
	return n
}

// plug puts a new authenticator that knows PRF in the place of the one before.
func (n *newcomer) plug(t *testing.T) {
	t.Helper()
	if n.authenticator != "" {
		if _, err := chromedp.Call(n.Context, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: n.authenticator}); err != nil {
			t.Fatal(err)
		}
	}
	made, err := chromedp.Call(n.Context, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, HasPrf: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	n.authenticator = made.AuthenticatorID
}

// enroll accepts a link with a passkey and nothing else.
func (n *newcomer) enroll(t *testing.T, link string) {
	t.Helper()
	n.Open(link, 1000, 900)
	wait(t, n.Tab, `document.getElementById("opening").textContent.includes("Welcome")`)
	clean(t, n.Tab, "enrollment")
	n.Tab.Click("#make-passkey")
	wait(t, n.Tab, `document.getElementById("passkey-state").textContent.includes("opens your keys")`)
	n.Tab.Click("#go")
	wait(t, n.Tab, `!document.getElementById("done").hidden`)
	clean(t, n.Tab, "enrolled")
}

// enter signs in with the device's passkey.
func (n *newcomer) enter(t *testing.T, d *demo, page string) {
	t.Helper()
	n.Open(d.origin+"/staff/sign-in?program=ms&next="+page, 1200, 900)
	wait(t, n.Tab, `!!document.querySelector("#passkey")`)
	n.Tab.Click("#notice")
	n.Tab.Click("#passkey")
	wait(t, n.Tab, fmt.Sprintf(`location.pathname === %q && document.readyState === "complete"`, page))
}

// give is a colleague who compares the key mark and gives access.
func give(t *testing.T, colleague *webtest.Tab, person, mark string) {
	t.Helper()
	colleague.Open(person, 1200, 900)
	if !strings.Contains(text(colleague), mark) {
		t.Fatalf("the colleague does not see the mark %q", mark)
	}
	wait(t, colleague, `!document.getElementById("give").hidden`)
	colleague.Click("#same")
	colleague.Click("#give button")
	wait(t, colleague, `!document.getElementById("give")`)
}

// reads opens a report of the inbox, and its keys where the page asks for it,
// and says whether the words are in it.
func (n *newcomer) reads(t *testing.T, d *demo, report, words string) bool {
	t.Helper()
	const opened = `document.querySelector("#words").checkVisibility()`
	const refused = `document.querySelector("main").innerText.includes("You do not have access")`
	const ask = `!!document.querySelector("#unlock-passkey")?.checkVisibility()`
	const button = `!!document.querySelector("#open")?.checkVisibility()`
	n.Open(d.origin+report, 1200, 900)
	for range 3 {
		wait(t, n.Tab, opened+"||"+refused+"||"+ask+"||"+button)
		switch {
		case webtest.Eval[bool](n.Tab, opened):
			return strings.Contains(text(n.Tab), words)
		case webtest.Eval[bool](n.Tab, refused):
			return false
		case webtest.Eval[bool](n.Tab, ask):
			n.Tab.Click("#unlock-passkey")
			wait(t, n.Tab, opened+"||"+refused)
		default:
			n.Tab.Click("#open")
			wait(t, n.Tab, opened+"||"+refused+"||"+ask)
		}
	}
	t.Fatalf("the report does not open: %s", text(n.Tab))
	return false
}

var partLine = regexp.MustCompile(`(?m)^  Part \d: (.+)$`)

// A member's whole life in the running demo: invited, enrolled with a passkey,
// given access, reads a report sealed in its sender's browser, answers the
// sender; brings in a second device, loses the first; loses everything, begins
// anew, and recovers the office's key with its printed parts.
func TestFromInvitationToRecovery(t *testing.T) {
	d := start(t)
	chris := webtest.Browser(t)
	signIn(t, chris, d, "chris@child.invalid")
	chris.Open(d.origin+"/staff/people/invite", 1200, 900)
	clean(t, chris, "invite")
	write(chris, "#name", "Nora Newcomer")
	write(chris, "#email", "nora@child.invalid")
	chris.Click("main form.stack button[type=submit]")
	wait(t, chris, `!!document.querySelector("#link")`)
	link := webtest.Eval[string](chris, `document.querySelector("#link").textContent`)

	first := sitDown(t)
	first.enroll(t, link)
	first.enter(t, d, "/staff")
	wait(t, first.Tab, `/^[0-9a-f]{4}( [0-9a-f]{4})+$/.test(document.querySelector(".code").textContent.trim())`) // the page makes it from the opened key
	mark := webtest.Eval[string](first.Tab, `document.querySelector(".code").textContent.trim()`)
	chris.Open(d.origin+"/staff/people?q=Nora", 1200, 900)
	person := webtest.Eval[string](chris, `document.querySelector("tbody th a").href`)
	give(t, chris, person, mark)

	sender := webtest.Browser(t)
	const words = "CANARY-FIVE a child is kept behind the bakery"
	receipt := send(t, sender, d, "en", "Benton", words, true)
	first.Open(d.origin+"/staff/inbox?q=Benton", 1200, 900)
	report := webtest.Eval[string](first.Tab, `new URL(document.querySelector('a[href^="/staff/report/"]').href).pathname`)
	if !first.reads(t, d, report, words) {
		t.Fatalf("the new member cannot read the report: %s", text(first.Tab))
	}

	answered(t, first, d, report, receipt)

	// A second device, then the first is lost.
	second := sitDown(t)
	first.Open(d.origin+"/staff/ways", 1200, 900)
	clean(t, first.Tab, "ways in")
	first.Tab.Click("#make-link")
	wait(t, first.Tab, `document.getElementById("link").textContent !== ""`)
	second.Open(webtest.Eval[string](first.Tab, `document.getElementById("link").textContent`), 400, 800)
	wait(t, first.Tab, `!document.getElementById("compare").hidden`)
	clean(t, second.Tab, "second device")
	if a, b := webtest.Eval[string](first.Tab, `document.getElementById("check-words").textContent`), webtest.Eval[string](second.Tab, `document.getElementById("check-words").textContent`); a != b {
		t.Errorf("one screen shows %q, the other %q", a, b)
	}
	first.Tab.Click("#same")
	wait(t, first.Tab, `!!document.querySelector("#unlock-passkey")`)
	first.Tab.Click("#unlock-passkey")
	wait(t, first.Tab, `location.search === "?done=linked"`)
	wait(t, second.Tab, `!document.getElementById("passkey-form").hidden`)
	second.Tab.Click("#make")
	wait(t, second.Tab, `!document.getElementById("done").hidden`)
	second.enter(t, d, "/staff/ways")
	second.Tab.Click("tbody tr:first-child button")
	wait(t, second.Tab, `location.search === "?done=ended"`)
	first.Open(d.origin+"/staff", 1200, 900)
	wait(t, first.Tab, `location.pathname === "/staff/sign-in"`)
	first.Tab.Click("#notice")
	first.Tab.Click("#passkey")
	wait(t, first.Tab, `document.getElementById("problem").textContent !== ""`)
	if !second.reads(t, d, report, words) {
		t.Error("the second device cannot read the report")
	}

	// Everything is lost: a renewal link, then the printed parts.
	chris.Open(person+"/ways", 1200, 900)
	clean(t, chris, "a member's ways in")
	chris.Click("#sure")
	chris.Click(`form[action$="/renew"] button`)
	wait(t, chris, `!!document.querySelector("#link")`)
	second.plug(t)
	second.enroll(t, webtest.Eval[string](chris, `document.querySelector("#link").textContent`))
	second.enter(t, d, "/staff")
	if second.reads(t, d, report, words) {
		t.Error("new keys open the report before anybody gave access")
	}
	parts := partLine.FindAllStringSubmatch(d.printed, -1)
	if len(parts) != 3 {
		t.Fatalf("the demo printed %d parts", len(parts))
	}
	second.Open(d.origin+"/staff/recover", 1200, 900)
	wait(t, second.Tab, `!document.getElementById("recover").hidden || !!document.querySelector("#unlock-passkey")`)
	if webtest.Eval[bool](second.Tab, `!!document.querySelector("#unlock-passkey")`) {
		second.Tab.Click("#unlock-passkey")
		wait(t, second.Tab, `!document.getElementById("recover").hidden`)
	}
	clean(t, second.Tab, "recover")
	write(second.Tab, "#part-1", parts[2][1])
	write(second.Tab, "#part-2", parts[0][1])
	second.Tab.Click("#go")
	wait(t, second.Tab, `!document.getElementById("done").hidden`)
	if !second.reads(t, d, report, words) {
		t.Error("the recovered key does not open the report")
	}
}

// answered lets the member ask and the sender answer, with the receipt's words
// typed once into the receipt's page.
func answered(t *testing.T, member *newcomer, d *demo, report, receipt string) {
	t.Helper()
	page := report + "/messages"
	member.Open(d.origin+page, 1200, 900)
	clean(t, member.Tab, "messages, closed")
	member.Tab.Click("#open")
	wait(t, member.Tab, `!document.getElementById("write-form").hidden`)
	write(member.Tab, "#text", "Is the child there today?")
	member.Tab.Click("#first")
	member.Tab.Click("#write-form button")
	wait(t, member.Tab, `location.search === "?done=written"`)

	sender := webtest.Browser(t)
	sender.Open(d.origin+"/receipt/messages", 390, 844)
	public(t, sender, "messages of a receipt")
	write(sender, "#receipt", receipt)
	sender.Click("#messages-find button")
	wait(t, sender, `document.querySelector("main").innerText.includes("Is the child there today?")`)
	public(t, sender, "messages of a receipt, opened")
	write(sender, "#text-mdcps", "CANARY-SIX yes, since Monday")
	sender.Click("form:has(#text-mdcps) p button")
	wait(t, sender, `document.querySelector("main").innerText.includes("You wrote on")`)
	if strings.Contains(text(sender), "CANARY-SIX") {
		t.Error("the receipt shows what its sender wrote")
	}

	member.Open(d.origin+page, 1200, 900)
	member.Tab.Click("#open")
	wait(t, member.Tab, `document.querySelector("main").innerText.includes("CANARY-SIX")`)
	clean(t, member.Tab, "messages, opened")
}
