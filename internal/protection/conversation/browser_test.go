// SPDX-License-Identifier: Apache-2.0

package conversation_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/conversation"
	"waylight/internal/protection/report"
)

// overheard keeps every request that a server gets, whole.
type overheard struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (o *overheard) around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		o.mu.Lock()
		fmt.Fprintf(&o.said, "%s %s\n%v\n%s\n", r.Method, r.URL, r.Header, body)
		o.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(w, r)
	})
}

func (o *overheard) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said.Reset()
}

// heard says which of the words the server was sent, in any spelling that a
// form, JSON or base64 gives them.
func (o *overheard) heard(words ...string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	said := strings.ToLower(o.said.String())
	var out []string
	for _, w := range words {
		for _, spelling := range []string{w, url.QueryEscape(w), base64.StdEncoding.EncodeToString([]byte(w))[:len(w)/3*4]} {
			if strings.Contains(said, strings.ToLower(spelling)) {
				out = append(out, spelling)
			}
		}
	}
	return out
}

// seated is somebody at a browser of their own.
type seated struct {
	*webtest.Tab
	t *testing.T
}

func seat(t *testing.T, browser *webtest.Tab) *seated {
	t.Helper()
	own, closeTab := chromedp.NewContext(browser.Context, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	tab := *browser
	tab.Context = own
	check(t, chromedp.Do(own, chromedp.Navigate("about:blank"))) // without a limit: the tab lives as long as this call's context
	return &seated{&tab, t}
}

func (s *seated) fill(css, text string) {
	s.t.Helper()
	s.Do(chromedp.SendKeys(chromedp.CSS(css), text, chromedp.NodeVisible))
}

func (s *seated) click(css string) {
	s.t.Helper()
	s.Click(css)
}

func (s *seated) sees(words string) {
	s.t.Helper()
	s.WaitFor(fmt.Sprintf(`document.querySelector("main").innerText.includes(%q)`, words))
}

// scripts turns them on or off for the pages that follow.
func (s *seated) scripts(on bool) {
	s.t.Helper()
	_, err := chromedp.Call(s.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
	check(s.t, err)
}

// clean holds the page as it stands to WCAG 2.2 AA and good practice.
func (s *seated) clean(page string) {
	s.t.Helper()
	axe, err := os.ReadFile("../../../test/browser/testdata/axe.min.js")
	check(s.t, err)
	s.WaitFor(`document.getAnimations().every(a => a.playState !== "running")`)
	webtest.Eval[bool](s.Tab, string(axe)+";true")
	answer, err := chromedp.Run(s.Context, chromedp.Evaluate[string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then(r => r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html.slice(0, 200)).join(" ")).join("\n"))`,
		func(p *runtime.EvaluateParams) { await := true; p.AwaitPromise = &await }))
	check(s.t, err)
	if answer != "" {
		s.t.Errorf("%s: %s", page, answer)
	}
}

// TestAConversationInRealBrowsers: an office asks; the sender answers with
// scripts, where the server never hears a word of it nor of the receipt, and
// without; the office reads both.
func TestAConversationInRealBrowsers(t *testing.T) {
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock)
	mux := http.NewServeMux()
	w.site.Mount(mux, w.routes(), w.people.Guard)
	server := &overheard{}
	w.client = webtest.ServerOf(t, server.around(mux))
	ana := w.hire(childCare, "Ana", identity.RoleMember)
	sent := w.send(child())
	receipt := sent.Receipt.Words("en")
	browser := webtest.Browser(t)

	office := seat(t, browser)
	page := "/staff/report/" + sent.Report.String() + "/messages"
	signIn := func() {
		office.Open(w.client.URL+"/staff/sign-in?program=ms&next="+url.QueryEscape(page), 1200, 1000)
		office.fill("#email", ana.Email)
		office.fill("#passphrase", phrase)
		office.click("#notice")
		office.click("#sign-in button")
		office.WaitFor(fmt.Sprintf(`location.pathname === %q && document.readyState === "complete"`, page))
	}
	signIn()
	office.sees("Nobody has written yet")
	office.clean("the office's page before anything was written")
	write := func(kind, text string, boxes ...string) {
		t.Helper()
		office.click("#open")
		office.WaitFor(`!document.getElementById("write-form").hidden`)
		webtest.Eval[bool](office.Tab, fmt.Sprintf(`(() => { const k = document.getElementById("kind"); k.value = %q; return k.dispatchEvent(new Event("change")); })()`, kind))
		office.fill("#text", text)
		for _, b := range boxes {
			office.click(b)
		}
		webtest.Eval[bool](office.Tab, `(window.before = true)`)
		office.click("#write-form button")
		office.WaitFor(`window.before === undefined && location.search === "?done=written"`)
	}
	server.forget()
	write("question", "Which door was it, the walnut one?", "#first")
	write("need", "We need the quagga's number.")
	if got := server.heard("walnut", "quagga"); len(got) != 0 {
		t.Fatalf("the server heard %v of what the office wrote", got)
	}

	sender := seat(t, browser)
	sender.Open(w.client.URL+"/receipt/messages", 390, 844)
	sender.clean("the page that asks for the words")
	server.forget()
	sender.fill("#receipt", strings.ToUpper(strings.ReplaceAll(receipt, "-", " ")))
	sender.click("#messages-find button")
	sender.sees("the walnut one?")
	sender.sees("They still need")
	sender.sees("Our server cannot read them")
	if text := webtest.Eval[string](sender.Tab, `document.querySelector("main").innerText`); strings.Index(text, "quagga") > strings.Index(text, "walnut") {
		t.Error("what they still need does not come first")
	}
	sender.Picture("messages-opened")
	sender.clean("opened messages")
	webtest.Eval[string](sender.Tab, fmt.Sprintf(`document.getElementById("answers-%s").selectedIndex = 0, ""`, childCare))
	sender.fill("#text-"+childCare, "It was the periwinkle door.")
	sender.click(`form:has(#text-` + childCare + `) p button`)
	sender.sees("Sent.")
	sender.sees("You wrote on")
	if text := webtest.Eval[string](sender.Tab, `document.querySelector("main").innerHTML`); strings.Contains(text, "periwinkle") {
		t.Error("the page still holds what the sender wrote")
	}
	seed := sent.Receipt.Seed()
	secrets := []string{"periwinkle", string(sent.Receipt[:]), string(seed[:])}
	for parts := strings.Split(receipt, "-"); len(parts) > 1; parts = parts[1:] { // one word alone may stand in any request
		secrets = append(secrets, parts[0]+"-"+parts[1], parts[0]+" "+parts[1], parts[0]+`","`+parts[1])
	}
	if got := server.heard(secrets...); len(got) != 0 {
		t.Fatalf("the server heard %v", got)
	}
	if n := webtest.Eval[int](sender.Tab, "localStorage.length + sessionStorage.length + document.cookie.length"); n != 0 {
		t.Error("something is stored on the sender's device")
	}
	if url := webtest.Eval[string](sender.Tab, "location.pathname + location.search + location.hash"); url != "/receipt/messages" {
		t.Errorf("the sender's address is %s", url)
	}
	if wide := webtest.Eval[int64](sender.Tab, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("the page is %d wide on a phone of 390", wide)
	}

	// The receipt's own page leads to the same, without the words being typed again.
	sender.Open(w.client.URL+"/receipt", 390, 844)
	server.forget()
	sender.fill("#receipt", receipt)
	sender.click("main form button")
	sender.sees("the walnut one?")
	sender.clean("the receipt's page with messages")
	if got := server.heard(secrets...); len(got) != 0 {
		t.Errorf("on the receipt's page the server heard %v", got)
	}

	// A server that puts another key in the office's place gets nothing.
	w.swapped(t, browser, mux, receipt)

	// Without scripts the server opens and seals, and says so.
	plain := seat(t, browser)
	plain.scripts(false)
	plain.Open(w.client.URL+"/receipt/messages", 390, 844)
	plain.fill("#receipt", receipt)
	plain.click("#messages-find button")
	plain.Do(chromedp.WaitVisible(chromedp.CSS("#text-" + childCare)))
	plain.Picture("messages-without-scripts")
	plain.fill("#text-"+childCare, "Also the tangerine window.")
	plain.click(`form:has(#text-` + childCare + `) p button`)
	plain.Do(chromedp.WaitVisible(chromedp.CSS(".good")))
	plain.scripts(true)
	plain.clean("messages without scripts")

	server.forget()
	office.Open(w.client.URL+page, 1200, 1000)
	office.click("#open")
	office.sees("the periwinkle door")
	office.sees("the tangerine window")
	office.sees("Opened. The words are on this page only.")
	office.Picture("thread-opened")
	office.clean("the office's page with opened messages")
	if got := server.heard("periwinkle", "tangerine"); len(got) != 0 {
		t.Errorf("opening told the server %v", got)
	}
	if text := webtest.Eval[string](office.Tab, `document.querySelector("main").innerText`); strings.Contains(text, "signature") || strings.Contains(text, "Act on it only") {
		t.Errorf("what the sender signed is doubted: %s", text)
	}
	_, all := w.thread(ana, sent.Report)
	if len(all) != 4 || all[2].SealedBy != conversation.SealedByBrowser || all[3].SealedBy != conversation.SealedByServer || all[2].ReadBy != ana.ID || all[3].ReadAt.IsZero() {
		t.Fatalf("kept are %+v", all)
	}
	if all[2].Kind != conversation.Answer || all[2].Answers != all[0].ID {
		t.Errorf("the answer is kept as %s to %s", all[2].Kind, all[2].Answers)
	}
	w.forge(office, ana, page, sent, all[2])
	office.Open(w.client.URL+page, 1200, 1000)
	write("release", "The matter is closed.", "#outcome")
	if w.events("message.released") != 1 {
		t.Error("that an outcome was released is not on record")
	}
	office.Do(chromedp.Navigate("about:blank"))
}

// forge puts messages into a thread that the sender did not write, as whoever runs
// the server could: without a signature, and with that of another message.
func (w *world) forge(office *seated, ana hand, page string, sent report.Accepted, signed conversation.Message) {
	w.t.Helper()
	unsigned := w.answer(sent.Receipt, childCare, conversation.Words{Kind: conversation.Note, Text: "Meet me at the marina."})
	_, signature, err := conversation.Split(w.plain(childCare, signed))
	check(w.t, err)
	found := w.find(sent.Receipt)
	moved := store.NewID()
	words, err := conversation.Words{Report: sent.Report.String(), Office: childCare, Kind: conversation.Note, Language: "en", Text: "Come alone."}.Marshal()
	check(w.t, err)
	rec := seal.Record{Program: "ms", ID: moved}
	body, content, err := seal.Seal([]byte(string(words)+"\n"+base64.StdEncoding.EncodeToString(signature)), rec)
	check(w.t, err)
	key := w.agencies.Keys("ms")[childCare]
	wrap, err := content.Wrap(key.Public, rec, body.Hash, childCare)
	check(w.t, err)
	check(w.t, w.talks.Answer(w.t.Context(), found, childCare, conversation.Draft{ID: moved, Kind: conversation.Note, Body: body.Ciphertext,
		OfficeKey: key.ID, WrapOffice: wrap, SealedBy: conversation.SealedByBrowser}))
	office.Open(w.client.URL+page, 1200, 1000)
	office.click("#open")
	office.sees("Come alone.")
	for id, doubted := range map[store.ID]bool{unsigned.ID: true, moved: true, signed.ID: false} {
		text := webtest.Eval[string](office.Tab, fmt.Sprintf(`document.getElementById("m-%s").innerText`, id))
		if strings.Contains(text, "does not carry the sender's signature") != doubted {
			w.t.Errorf("a message that is to be doubted (%v) shows as %s", doubted, text)
		}
	}
	office.clean("the office's page with a forged message")

	// A server that names another key in the sender's place, or keeps the report back, gets nothing.
	for lie, want := range map[string]string{
		`document.getElementById("thread").dataset.replyId = "00112233445566778899aabbccddeeff"`:                                      "is not the one that the sender named",
		`const ask = fetch; window.fetch = (url, how) => ask(String(url).replace(/^(.staff.report.\w+).sealed$/, "$1/nothing"), how)`: "cannot check to whom it would write",
	} {
		office.Open(w.client.URL+page, 1200, 1000)
		webtest.Eval[bool](office.Tab, lie+"; true")
		office.click("#open")
		office.sees(want)
		office.fill("#text", "The marmalade cellar.")
		office.click("#write-form button")
		office.WaitFor(`document.getElementById("say").className === "error" && !document.querySelector("#write-form button").disabled`)
		if _, all := w.thread(ana, sent.Report); len(all) != 6 {
			w.t.Errorf("%d messages are kept", len(all))
		}
	}
}

// swapped answers the page's question for the office with another key.
func (w *world) swapped(t *testing.T, browser *webtest.Tab, mux http.Handler, receipt string) {
	t.Helper()
	honest := standardKey(w, childCare)
	evil := standardKey(w, "")
	server := &overheard{}
	client := webtest.ServerOf(t, server.around(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/receipt/messages/find" {
			mux.ServeHTTP(rw, r)
			return
		}
		kept := &recorder{header: http.Header{}}
		mux.ServeHTTP(kept, r)
		body := bytes.ReplaceAll(kept.body.Bytes(), []byte(honest), []byte(evil))
		for name, values := range kept.header {
			rw.Header()[name] = values
		}
		rw.Header().Set("Content-Length", fmt.Sprint(len(body)))
		rw.WriteHeader(kept.status)
		rw.Write(body)
	})))
	victim := seat(t, browser)
	victim.Open(client.URL+"/receipt/messages", 390, 844)
	victim.fill("#receipt", receipt)
	victim.click("#messages-find button")
	victim.sees("the walnut one?")
	victim.fill("#text-"+childCare, "The marmalade cellar.")
	victim.click(`form:has(#text-` + childCare + `) p button`)
	victim.sees("We cannot be sure that this key belongs to the office")
	if got := server.heard("marmalade"); len(got) != 0 {
		t.Errorf("the server with the swapped key heard %v", got)
	}
	if kept := webtest.Eval[string](victim.Tab, `document.getElementById("text-`+childCare+`").value`); kept != "The marmalade cellar." {
		t.Errorf("the words are lost: %q", kept)
	}
}

// recorder keeps an answer, to change it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// standardKey is an office's public key in base64; a fresh one for "".
func standardKey(w *world, office string) string {
	w.t.Helper()
	if office == "" {
		fresh, err := seal.PrivateFromSeed(seal.NewSeed())
		check(w.t, err)
		return base64.StdEncoding.EncodeToString(fresh.Public().Bytes())
	}
	return base64.StdEncoding.EncodeToString(w.agencies.Keys("ms")[office].Public.Bytes())
}
