// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web/webtest"
)

// recorded keeps every body that the server was sent.
type recorded struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *recorded) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "reading", http.StatusBadRequest)
			return
		}
		h.mu.Lock()
		h.text.WriteString(r.URL.String() + "\n")
		h.text.Write(body)
		h.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// holds says whether a secret was sent, in any of the ways in which pages write bytes.
func (h *recorded) holds(secret []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.text.String()
	return strings.Contains(all, string(secret)) || strings.Contains(all, hex.EncodeToString(secret)) ||
		strings.Contains(all, strings.TrimRight(base64.StdEncoding.EncodeToString(secret), "=")) || strings.Contains(all, base64.RawURLEncoding.EncodeToString(secret))
}

// benches opens profiles of one Chromium at the server's own name, each with an authenticator of its own, and says what the server hears.
func (w *world) benches(prf ...bool) ([]*bench, *recorded) {
	w.t.Helper()
	h := &recorded{}
	mux := http.NewServeMux()
	w.site.Who = func(r *http.Request) string { m, _ := From(r.Context()); return m.Name }
	w.site.Mount(mux, w.Room().Routes, w.Guard)
	client := webtest.ServerOf(w.t, h.wrap(mux))
	browser := webtest.Browser(w.t)
	out := make([]*bench, len(prf))
	for i := range out {
		out[i] = &bench{seat: &seat{tab(w.t, browser, chromedp.WithNewBrowserContext()), w.t, w, strings.Replace(client.URL, "127.0.0.1", "localhost", 1)}}
		_, err := chromedp.Call(out[i].Context, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
		if err != nil {
			w.t.Fatal(err)
		}
		_, err = chromedp.Call(out[i].Context, webauthn.Enable, webauthn.EnableParams{})
		if err != nil {
			w.t.Fatal(err)
		}
		out[i].plug(prf[i])
	}
	return out, h
}

// watch keeps what the authenticator's function answered, for the test alone.
const watch = `
	const get = CredentialsContainer.prototype.get;
	CredentialsContainer.prototype.get = async function (options) {
		const used = await get.call(this, options);
		const first = used.getClientExtensionResults().prf?.results?.first;
		if (first) localStorage.testSecret = Array.from(new Uint8Array(first), (b) => b.toString(16).padStart(2, "0")).join("");
		return used;
	};`

// bench is a seat with an authenticator.
type bench struct {
	*seat
	authenticator webauthn.AuthenticatorID
}

// plug puts a new authenticator in the place of the one before it.
func (d *bench) plug(prf bool) {
	d.t.Helper()
	if d.authenticator != "" {
		_, err := chromedp.Call(d.Context, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: d.authenticator})
		if err != nil {
			d.t.Fatal(err)
		}
	}
	made, err := chromedp.Call(d.Context, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, HasPrf: prf, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		d.t.Fatal(err)
	}
	d.authenticator = made.AuthenticatorID
}

// enter signs in with the passkey of its authenticator.
func (d *bench) enter(next string) {
	d.t.Helper()
	d.open("/staff/sign-in?next=" + next)
	d.click("#notice")
	d.click("#passkey")
	d.waitPath(next)
}

// join walks through the enrollment page; phrase may be "". It returns the recovery parts, if the page made any.
func (d *bench) join(token, opening, phrase string) []string {
	d.t.Helper()
	d.open("/staff/enroll#" + token)
	d.waitText("opening", "Welcome")
	d.click("#make-passkey")
	d.waitText("passkey-state", opening)
	if phrase != "" {
		d.fill("passphrase", phrase)
		d.fill("again", phrase)
	}
	d.click("#go")
	d.WaitFor(`!document.getElementById("shares").hidden || !document.getElementById("done").hidden`)
	if webtest.Eval[bool](d.Tab, `document.getElementById("shares").hidden`) {
		return nil
	}
	shares := webtest.Eval[[]string](d.Tab, `[...document.querySelectorAll(".share")].map((e) => e.textContent)`)
	var asked int
	_, err := fmt.Sscanf(d.text("proof-label"), "Type part %d", &asked)
	if err != nil {
		d.t.Fatal(err)
	}
	d.click("#printed")
	d.fill("proof", strings.Join(strings.Fields(shares[asked-1]), " "))
	d.click("#finish")
	d.waitText("done-text", "Your keys are made")
	return shares
}

// readReport opens a report with the keys of this tab, or says why not.
func (d *bench) readReport(report map[string]any) string {
	d.t.Helper()
	return keys[string](d.seat, `try { return new TextDecoder().decode((await k.openReport(a)).plaintext); } catch (e) { return e.kind + ": " + e.message; }`, report)
}

// report seals words to the office.
func (w *world) report(words string) map[string]any {
	w.t.Helper()
	rec := seal.Record{Program: ms, ID: store.NewID()}
	sealed, content, err := seal.Seal([]byte(words), rec)
	if err != nil {
		w.t.Fatal(err)
	}
	wrap := must(content.Wrap(w.agencies.OwnKeys(ms)[police].Public, rec, sealed.Hash, police))(w.t)
	return map[string]any{"program": ms, "id": store.ID(rec.ID).String(), "wrap": wrap, "ciphertext": sealed.Ciphertext, "hash": sealed.Hash[:], "recipient": police}
}

// A member's life with passkeys: join, read, bring a second device in, lose the first, go on with the second, lose everything, begin anew, recover with the printed
// parts. What opens keys never leaves the browser.
func TestPasskeysInARealBrowser(t *testing.T) {
	w := one(t)
	w.passphraseSignIn = false
	people, server := w.benches(true, true)
	first, second := people[0], people[1]
	shares := first.join(w.invite(police, "ann@agency.test", RoleMember), "opens your keys", "")
	if !strings.Contains(first.text("done-ways"), "one way") || len(shares) != 3 {
		t.Errorf("the page says %q and made %d parts", first.text("done-ways"), len(shares))
	}
	report := w.report("a white van, every night")
	w.clock.Advance(time.Minute)

	first.enter("/staff")
	first.waitText("keys-state", "Your keys are open")
	if got := first.readReport(report); got != "a white van, every night" {
		t.Errorf("read: %q", got)
	}

	// The second device.
	first.open("/staff/ways")
	if got := webtest.Eval[string](first.Tab, `document.querySelector("main").innerText`); !strings.Contains(got, "You have one way to open your keys") {
		t.Errorf("the page of ways in says %q", got)
	}
	first.click("#make-link")
	first.WaitFor(`document.getElementById("link").textContent !== ""`)
	second.Open(first.text("link"), 400, 800)
	second.waitText("opening", "Hello, Person ann@agency.test")
	first.WaitFor(`!document.getElementById("compare").hidden`)
	if a, b := first.text("check-words"), second.text("check-words"); a != b || len(strings.Fields(a)) != 6 {
		t.Errorf("one screen shows %q, the other %q", a, b)
	}
	first.Picture("compare")
	first.click("#same")
	first.click("#unlock-passkey")
	first.WaitFor(`location.search === "?done=linked"`)
	second.WaitFor(`!document.getElementById("passkey-form").hidden`)
	second.click("#make")
	second.waitText("done-text", "Sign in here with its passkey")
	second.enter("/staff/ways")
	second.Picture("ways")

	// The first is lost.
	firstSecret := webtest.Eval[string](first.Tab, `localStorage.testSecret ?? ""`)
	second.WaitFor(`document.querySelectorAll("tbody tr").length === 2`)
	second.click(`tbody tr:first-child button`)
	second.WaitFor(`location.search === "?done=ended"`)
	first.open("/staff")
	first.waitPath("/staff/sign-in")
	first.click("#notice")
	first.click("#passkey")
	first.waitText("problem", "not known here")
	second.open("/staff")
	second.waitText("keys-state", "Your keys are open")
	if got := second.readReport(report); got != "a white van, every night" {
		t.Errorf("on the second device: %q", got)
	}

	// Everything is lost. The administrator's link lets her begin anew; the office's reports wait for the printed parts.
	ann := must(accountByEmail(t.Context(), w.db, ms, "ann@agency.test"))(t).Member
	token := must(w.Renew(t.Context(), ms, ann.ID))(t)
	second.plug(true)
	second.join(token, "opens your keys", "seven quiet rivers under one bright bridge")
	second.waitText("done-text", "a colleague")
	second.enter("/staff")
	if got := second.readReport(report); !strings.HasPrefix(got, "open: You do not have access") {
		t.Errorf("after the renewal: %q", got)
	}
	second.open("/staff/recover")
	second.WaitFor(`!document.getElementById("recover").hidden`)
	second.fill("part-1", shares[0])
	second.fill("part-2", strings.Replace(shares[2], " ", " wrong", 1))
	second.click("#go")
	second.waitText("problem", "Part 2:")
	second.fill("part-2", shares[2])
	second.Picture("recover")
	second.click("#go")
	second.WaitFor(`!document.getElementById("done").hidden`)
	second.open("/staff")
	second.click("#unlock-passkey")
	second.WaitFor(`document.getElementById("unlock-passkey") === null`)
	if got := second.readReport(report); got != "a white van, every night" {
		t.Errorf("recovered: %q", got)
	}
	if got := w.events(); !contains(got, "office.recovered office:"+police+" "+ann.Actor()) {
		t.Errorf("the log: %v", got)
	}

	// What opens keys stayed where it was made.
	secret := must(hex.DecodeString(webtest.Eval[string](second.Tab, `localStorage.testSecret ?? ""`)))(t)
	if old := must(hex.DecodeString(firstSecret))(t); len(secret) != 32 || len(old) != 32 || bytes.Equal(old, secret) {
		t.Errorf("this test saw secrets of %d and %d bytes", len(secret), len(old))
	} else if server.holds(secret) || server.holds(old) {
		t.Error("a passkey's secret was sent")
	}
	if !server.holds(ann.KEM) {
		t.Error("the public key was not heard: this test listens in the wrong way")
	}
	for _, words := range []string{"seven quiet rivers", strings.Fields(shares[0])[3] + " " + strings.Fields(shares[0])[4]} {
		if server.holds([]byte(words)) {
			t.Errorf("%q was sent", words)
		}
	}
}

// An authenticator without the function signs in; the passphrase opens the keys, and the page insists on one.
func TestPasskeyWithoutPRFInARealBrowser(t *testing.T) {
	w := one(t)
	w.passphraseSignIn = false
	people, _ := w.benches(false)
	ann := people[0]
	const phrase = "nobody ever painted that old barn green"
	ann.open("/staff/enroll#" + w.invite(police, "ann@agency.test", RoleMember))
	ann.waitText("opening", "Welcome")
	ann.fill("passphrase", phrase)
	ann.fill("again", phrase)
	ann.click("#go")
	ann.waitText("problem", "Make a passkey first")
	ann.fill("passphrase", "")
	ann.click("#make-passkey")
	ann.waitText("passkey-state", "you need a passphrase")
	ann.click("#go")
	ann.waitText("problem", "too easy to guess")
	ann.plug(false) // or the abandoned passkey would answer
	ann.join(w.invite(police, "ann@agency.test", RoleMember), "you need a passphrase", phrase)
	ann.enter("/staff")
	ann.waitText("keys-state", "Your keys are locked")
	ann.WaitFor(`document.getElementById("unlock-passphrase") !== null && document.getElementById("unlock-passkey") === null`)
	ann.fill("unlock-passphrase", phrase)
	ann.click("#keys-form button[type=submit]")
	ann.waitText("keys-state", "Your keys are open")
	if got := ann.readReport(w.report("a white van")); got != "a white van" {
		t.Errorf("read: %q", got)
	}
	// A security key that can, added in the session.
	ann.plug(true)
	ann.open("/staff/ways")
	ann.click("#add-passkey button")
	ann.WaitFor(`document.getElementById("unlock-passphrase") !== null`)
	ann.fill("unlock-passphrase", phrase)
	ann.click("#ask button[type=submit]")
	ann.WaitFor(`location.search === "?done=added"`)
	ann.click(`form[action="/staff/sign-out"] button`)
	ann.waitPath("/staff/sign-in")
	ann.enter("/staff")
	ann.waitText("keys-state", "Your keys are open")

	// The passphrase is changed: the old one opens nothing any more.
	const next = "seven quiet rivers under one bright bridge"
	ann.open("/staff/ways")
	ann.fill("passphrase", next)
	ann.fill("again", next)
	ann.click("#set-passphrase button")
	ann.click("#unlock-passkey")
	ann.WaitFor(`location.search === "?done=passphrase"`)
	ann.open("/staff")
	ann.waitText("keys-state", "Your keys are open")
	ann.click("#lock")
	ann.WaitFor(`document.getElementById("unlock-passphrase") !== null`)
	ann.fill("unlock-passphrase", phrase)
	ann.click("#keys-form button[type=submit]")
	ann.waitText("unlock-problem", "does not open your keys")
	ann.fill("unlock-passphrase", next)
	ann.click("#keys-form button[type=submit]")
	ann.waitText("keys-state", "Your keys are open")
}
