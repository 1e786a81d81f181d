// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web/webtest"
)

// seat is somebody at a browser profile of their own, on the room's pages.
type seat struct {
	*webtest.Tab
	t   *testing.T
	w   *world
	url string
}

// seats opens profiles of one Chromium, none of which knows of another.
func (w *world) seats(n int) []*seat {
	w.t.Helper()
	return w.seatsAt(n, w.serve().URL)
}

// seatsAt is seats at another server's pages.
func (w *world) seatsAt(n int, url string) []*seat {
	w.t.Helper()
	browser := webtest.Browser(w.t)
	out := make([]*seat, n)
	for i := range out {
		out[i] = &seat{tab(w.t, browser, chromedp.WithNewBrowserContext()), w.t, w, url}
	}
	return out
}

func tab(t *testing.T, beside *webtest.Tab, options ...chromedp.ContextOption) *webtest.Tab {
	ctx, closeTab := chromedp.NewContext(beside.Context, options...)
	t.Cleanup(closeTab)
	err := chromedp.Do(ctx, chromedp.Navigate("about:blank")) // without a limit: the tab lives as long as this call's context
	if err != nil {
		t.Fatal(err)
	}
	own := *beside
	own.Context = ctx
	return &own
}

func (s *seat) open(path string) { s.Open(s.url+path, 1100, 900) }

// fill waits for the field, empties it and types: a page asks for its ways in after it has said what it is about.
func (s *seat) fill(id, text string) {
	s.t.Helper()
	s.WaitFor(fmt.Sprintf(`(() => { const field = document.getElementById(%q); if (field) field.value = ""; return field !== null; })()`, id))
	s.Do(chromedp.SendKeys(chromedp.CSS("#"+id), text, chromedp.NodeVisible))
}

func (s *seat) click(css string) {
	s.t.Helper()
	s.Click(css)
}

// text is what an element says, once it says something.
func (s *seat) text(id string) string {
	s.t.Helper()
	s.WaitFor(fmt.Sprintf(`document.getElementById(%q).textContent !== ""`, id))
	return webtest.Eval[string](s.Tab, fmt.Sprintf(`document.getElementById(%q).textContent`, id))
}

// waitText waits until the element says something that contains want.
func (s *seat) waitText(id, want string) {
	s.t.Helper()
	s.WaitFor(fmt.Sprintf(`document.getElementById(%q)?.textContent.includes(%q)`, id, want))
}

func (s *seat) waitPath(path string) {
	s.t.Helper()
	s.WaitFor(fmt.Sprintf(`location.pathname === %q && document.readyState === "complete"`, path))
}

// keys runs a function body with keys.js as k in the page's own world.
func keys[T any](s *seat, body string, args any) T {
	s.t.Helper()
	a, err := json.Marshal(args)
	if err != nil {
		s.t.Fatal(err)
	}
	code := fmt.Sprintf(`(async () => { const k = await import(%q); const a = %s; %s })()`, s.w.site.Asset("keys.js"), a, body)
	v, err := chromedp.Run(s.Context, chromedp.Evaluate[T](code, awaited))
	if err != nil {
		s.t.Fatalf("in the page: %v\n%s", err, body)
	}
	return v
}

func (s *seat) signIn(email, passphrase, next string) {
	s.t.Helper()
	s.open("/staff/sign-in?next=" + next)
	s.fill("email", email)
	s.fill("passphrase", passphrase)
	s.click("#notice")
	s.click("#sign-in button")
	s.waitPath(next)
}

// The whole way of an office's first two members, as they walk it: invitation, keys, recovery parts on paper, signing in, giving access, opening a report,
// locking, leaving.
func TestTwoMembersInARealBrowser(t *testing.T) {
	w := one(t)
	people := w.seats(2)
	ann, ben := people[0], people[1]
	const annPhrase, benPhrase = "seven quiet rivers under one bright bridge", "nobody ever painted that old barn green"

	// Ann joins and makes the office's key.
	ann.open("/staff/enroll#" + w.invite(police, "ann@agency.test", RoleAgencyAdmin, RoleMember))
	ann.waitText("opening", "Welcome, Person ann@agency.test")
	ann.fill("passphrase", "too short")
	ann.waitText("strength", "11 more characters")
	ann.fill("passphrase", annPhrase)
	ann.fill("again", annPhrase+"x")
	ann.click("#go")
	ann.waitText("problem", "not the same")
	ann.fill("again", annPhrase)
	ann.Picture("enroll")
	ann.click("#go")
	ann.WaitFor(`document.querySelectorAll(".share").length === 3`)
	shares := webtest.Eval[[]string](ann.Tab, `[...document.querySelectorAll(".share")].map((e) => e.textContent)`)
	var asked int
	_, err := fmt.Sscanf(ann.text("proof-label"), "Type part %d", &asked)
	if err != nil {
		t.Fatal(err)
	}
	ann.Picture("shares")
	ann.click("#printed")
	ann.fill("proof", shares[asked%3])
	ann.click("#finish")
	ann.waitText("proof-problem", fmt.Sprintf("not part %d", asked))
	if w.agencies.Keyed(ms)(police) {
		t.Fatal("the key counts before a part was proved")
	}
	ann.fill("proof", strings.ToUpper(strings.Join(strings.Fields(shares[asked-1]), "  ")))
	ann.click("#finish")
	ann.waitText("done-text", "Your keys are made")
	if hash := webtest.Eval[string](ann.Tab, `location.hash + document.getElementById("cards").textContent + document.getElementById("passphrase").value`); hash != "" {
		t.Errorf("the page keeps %q", hash)
	}
	if !w.agencies.Keyed(ms)(police) {
		t.Fatal("the office has no key")
	}

	// Ann signs in and lands, keys open, where she wanted to go; she invites Ben.
	ann.signIn("ann@agency.test", annPhrase, "/staff/people")
	ann.click(`a[href="/staff/people/invite"]`)
	ann.waitPath("/staff/people/invite")
	ann.fill("name", "Ben Other")
	ann.fill("email", "ben@agency.test")
	ann.click("main form button")
	ann.WaitFor(`document.getElementById("link") !== null`)
	link := ann.text("link")

	// Ben joins, and waits.
	ben.Open(link, 400, 800)
	ben.waitText("opening", "Welcome, Ben Other")
	ben.fill("passphrase", benPhrase)
	ben.fill("again", benPhrase)
	ben.click("#go")
	ben.waitText("done-text", "a colleague")
	mark := ben.text("done-mark")
	ben.signIn("ben@agency.test", benPhrase, "/staff")
	if len(mark) != len("0123 4567 89ab cdef") {
		t.Errorf("the key mark was %q", mark)
	}
	ben.waitText("key-mark", mark)
	ben.waitText("keys-state", "open")
	ben.Picture("waiting")

	// A report for the office. Ben cannot open it yet.
	id := store.NewID()
	rec := seal.Record{Program: ms, ID: id}
	sealed, content, err := seal.Seal([]byte("a white van, every night"), rec)
	if err != nil {
		t.Fatal(err)
	}
	wrap := must(content.Wrap(w.agencies.Keys(ms)[police].Public, rec, sealed.Hash, police))(t)
	report := map[string]any{"program": ms, "id": id.String(), "wrap": wrap, "ciphertext": sealed.Ciphertext, "hash": sealed.Hash[:], "recipient": police}
	const read = `try {
		const {plaintext, contentKey} = await k.openReport(a);
		return {Text: new TextDecoder().decode(plaintext), Token: await k.openingToken(contentKey), Signature: await k.signStatement("opened " + a.id)};
	} catch (e) { return {Text: e.kind + ": " + e.message}; }`
	type opened struct{ Text, Token, Signature string }
	if got := keys[opened](ben, read, report); !strings.HasPrefix(got.Text, "open: You do not have access") {
		t.Errorf("waiting for access, Ben reads %q", got.Text)
	}

	// Ann gives access: the key is sealed in her browser.
	benID := must(accountByEmail(t.Context(), w.db, ms, "ben@agency.test"))(t).Member
	ann.open("/staff/people/" + benID.ID.String())
	ann.waitText("give-mark", mark)
	ann.WaitFor(`!document.getElementById("give").hidden`)
	ann.Picture("give")
	ann.click("#same")
	ann.click("#give button")
	ann.WaitFor(`location.search === "?done=access" && document.getElementById("give") === null`)
	if got := w.events(); !contains(got, "member.access_given "+benID.Actor()) {
		t.Errorf("the log: %v", got)
	}

	// Ben is asked for his passphrase once more; first he slips.
	ben.open("/staff")
	ben.waitText("unlock-hint", "once more")
	ben.fill("unlock-passphrase", benPhrase+"?")
	ben.click("#keys-form button")
	ben.waitText("unlock-problem", "does not open")
	ben.fill("unlock-passphrase", benPhrase)
	ben.click("#keys-form button")
	ben.WaitFor(`document.getElementById("unlock-passphrase") === null`)
	got := keys[opened](ben, read, report)
	token := must(base64.StdEncoding.DecodeString(got.Token))(t)
	signature := must(base64.StdEncoding.DecodeString(got.Signature))(t)
	if got.Text != "a white van, every night" || sha256.Sum256(token) != sealed.Token || !w.VerifySignature(benID, "opened "+id.String(), signature) {
		t.Errorf("Ben reads %q with the token %s", got.Text, got.Token)
	}
	report["hash"] = make([]byte, 32)
	if got := keys[opened](ben, read, report); !strings.HasPrefix(got.Text, "open: The stored report is not the one") {
		t.Errorf("an altered report: %q", got.Text)
	}

	// The recovery parts that Ann printed open the office's reports, too.
	h := must(RecoverOffice(t.Context(), w.agencies, ms, police, shares[1:]))(t)
	plain, _, err := h.OpenReport(police, wrap, sealed.Ciphertext, rec, sealed.Hash, police)
	if err != nil || string(plain) != "a white van, every night" {
		t.Errorf("with the printed parts: %q, %v", plain, err)
	}

	// Signing out leaves nothing behind.
	ben.click(`form[action="/staff/sign-out"] button`)
	ben.waitPath("/staff/sign-in")
	ben.WaitFor(`!document.getElementById("ask").hidden`) // the page has looked who is signed in
	if keys[bool](ben, `return await k.unlocked();`, nil) {
		t.Error("the keys are open after signing out")
	}
	if left := webtest.Eval[int](ben.Tab, `sessionStorage.length + localStorage.length`); left != 0 {
		t.Errorf("%d things are left in the browser", left)
	}
	ben.open("/staff")
	ben.waitPath("/staff/sign-in")
}

func contains(list []string, part string) bool {
	for _, v := range list {
		if strings.Contains(v, part) {
			return true
		}
	}
	return false
}

// Keys live in one tab, survive a reload, and lock everywhere at once.
func TestKeysLiveInOneTab(t *testing.T) {
	w := one(t)
	w.joinAs(police, "ann@agency.test", RoleMember)
	ann := w.seats(1)[0]
	ann.signIn("ann@agency.test", "passphrase of ann@agency.test", "/staff")
	ann.waitText("keys-state", "Your keys are open")
	ann.open("/staff")
	ann.waitText("keys-state", "Your keys are open")
	ann.open("/staff/sign-in?next=/staff/people") // as by a link in a mail: signed in already
	ann.waitPath("/staff/people")
	if !keys[bool](ann, `return await k.unlocked();`, nil) {
		t.Error("the sign-in page locked the keys of who is signed in")
	}
	offices := keys[[]struct{ Office, KeyID string }](ann, `return await k.offices();`, nil)
	if len(offices) != 1 || offices[0].Office != police {
		t.Errorf("held: %v", offices)
	}
	stored := webtest.Eval[string](ann.Tab, `JSON.stringify(sessionStorage)`)
	if strings.Contains(stored, police) || strings.Contains(stored, "seed") || len(stored) < 100 {
		t.Errorf("the tab keeps %s", stored)
	}
	extractable := keys[[]bool](ann, `return await new Promise((resolve) => {
		const request = indexedDB.open("waylight.keys");
		request.onsuccess = () => { request.result.transaction("tab").objectStore("tab").getAll().onsuccess = (e) => { resolve(e.target.result.map((v) => v.extractable)); request.result.close(); }; };
	});`, nil)
	if len(extractable) != 1 || extractable[0] {
		t.Errorf("the tab's key can be read out: %v", extractable)
	}

	ann.open("/staff")
	ann.waitText("keys-state", "Your keys are open")
	second := &seat{tab(t, ann.Tab), t, w, ann.url}
	second.open("/staff")
	second.waitPath("/staff")
	second.waitText("keys-state", "Your keys are locked")
	second.fill("unlock-passphrase", "passphrase of ann@agency.test")
	second.click("#keys-form button")
	second.waitText("keys-state", "Your keys are open")
	if !keys[bool](ann, `return await k.unlocked();`, nil) {
		t.Error("opening the keys in a second tab locked the first")
	}
	second.click("#lock")
	ann.waitText("keys-state", "Your keys are locked")
	if keys[bool](ann, `return await k.unlocked();`, nil) {
		t.Error("locking one tab left the other open")
	}

	// The session ends while the page is open: the form says so instead of blaming the passphrase.
	w.clock.Advance(2 * time.Hour)
	ann.fill("unlock-passphrase", "passphrase of ann@agency.test")
	ann.click("#keys-form button")
	ann.waitText("unlock-problem", "session has ended")
}

func TestSignInPageTellsWhatIsWrong(t *testing.T) {
	w := one(t)
	w.joinAs(police, "ann@agency.test", RoleMember)
	ann := w.seats(1)[0]
	ann.open("/staff/sign-in")
	ann.fill("email", "ann@agency.test")
	for range 5 {
		ann.fill("passphrase", "not her passphrase")
		if !webtest.Eval[bool](ann.Tab, `document.getElementById("notice").checked`) {
			ann.click("#notice")
		}
		ann.click("#sign-in button")
		ann.waitText("problem", "do not fit")
		if webtest.Eval[string](ann.Tab, `document.getElementById("passphrase").value`) != "" {
			t.Error("the page keeps the passphrase")
		}
	}
	ann.fill("passphrase", "passphrase of ann@agency.test")
	ann.click("#sign-in button")
	ann.waitText("problem", "administrator releases it")
	ann.open("/staff/enroll#ms.nonsense")
	ann.waitText("problem", "cannot be used")
	ann.open("/staff/enroll")
	ann.WaitFor(`location.hash === "" && document.getElementById("problem").textContent.includes("opened by the link")`)
}

// A browser that cannot sign is told so before anything is typed or sent.
func TestOldBrowserIsTold(t *testing.T) {
	w := one(t)
	ann := w.seats(1)[0]
	_, err := chromedp.Call(ann.Context, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		const real = SubtleCrypto.prototype.importKey;
		SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...rest) {
			return algorithm?.name === "Ed25519" ? Promise.reject(new DOMException("", "NotSupportedError")) : real.call(this, format, key, algorithm, ...rest);
		};`})
	if err != nil {
		t.Fatal(err)
	}
	ann.open("/staff/sign-in")
	ann.waitText("problem", "cannot sign")
	if !webtest.Eval[bool](ann.Tab, `document.querySelector("#sign-in button").disabled`) {
		t.Error("the form can be sent")
	}
	ann.open("/staff/enroll#" + w.invite(police, "ann@agency.test", RoleMember))
	ann.waitText("problem", "cannot sign")
	if !webtest.Eval[bool](ann.Tab, `document.getElementById("passphrase-form").hidden`) {
		t.Error("a passphrase is asked for")
	}
}

func TestWithoutJavaScriptThePagesSaySo(t *testing.T) {
	w := one(t)
	ann := w.seats(1)[0]
	_, err := chromedp.Call(ann.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/staff/sign-in", "/staff/enroll"} {
		ann.open(path)
		visible := webtest.Eval[string](ann.Tab, `document.querySelector("main").innerText`)
		if !strings.Contains(visible, "JavaScript") || strings.Contains(visible, "Choose a passphrase") {
			t.Errorf("%s shows %q", path, visible)
		}
		if forms := webtest.Eval[int](ann.Tab, `[...document.querySelectorAll("main form")].filter((f) => !f.hidden).length`); forms != 0 {
			t.Errorf("%s shows a form that cannot work", path)
		}
	}
}

// The strength told is the rule that is enforced.
func TestPassphraseRule(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for phrase, want := range map[string]bool{
		"":                                     false,
		"correct horse battery":                false,
		"one two three four five":              false,
		"seven quiet rivers under one bridge":  true,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaa":         false,
		"the the the the the the the the":      false,
		"X9$kQ2!mZ7@pL4#vB8%tR1":               true,
		"aB3aB3aB3aB3aB3aB3aB3aB3":             false,
		"ésta frase tiene más palabras largas": true,
	} {
		got := ask[bool](l, fmt.Sprintf(`return (await import(%q)).judge(a).enough;`, l.site.Asset("passphrase.js")), phrase)
		if got != want {
			t.Errorf("%q: %v", phrase, got)
		}
	}
	suggested := ask[string](l, fmt.Sprintf(`return (await import(%q)).suggestion(await h.wordList());`, l.site.Asset("passphrase.js")), nil)
	if len(strings.Fields(suggested)) != 6 || !ask[bool](l, fmt.Sprintf(`return (await import(%q)).judge(a).enough;`, l.site.Asset("passphrase.js")), suggested) {
		t.Errorf("suggested: %q", suggested)
	}
}
