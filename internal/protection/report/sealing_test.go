// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/report"
)

// writing is a real browser on the page, with a tip about an adult typed in.
type writing struct {
	*world
	tab *webtest.Tab
}

func (w *world) writes(story string) *writing {
	w.t.Helper()
	x := &writing{w, webtest.Browser(w.t)}
	x.open()
	x.fill(story)
	return x
}

func (x *writing) open() {
	x.t.Helper()
	x.tab.Open(x.client.URL+"/ms/en", 390, 844)
	x.tab.WaitFor(`!document.getElementById("keep-device").hidden`)
}

func (x *writing) fill(story string) {
	x.t.Helper()
	x.click("#q-mode-tip")
	x.click("#q-age-adult")
	x.tab.WaitFor(`document.querySelector("#who-told li") !== null`)
	x.typed("#q-"+x.story(), story)
}

func (x *writing) click(css string) {
	x.t.Helper()
	x.tab.Click(css)
}

func (x *writing) typed(css, words string) {
	x.t.Helper()
	x.tab.Do(chromedp.SendKeys(chromedp.CSS(css), words, chromedp.NodeVisible))
}

// send presses Send and waits for what the page says then.
func (x *writing) send() {
	x.t.Helper()
	x.click(`button[value="send"]`)
	x.tab.WaitFor(`document.getElementById("words") || document.getElementById("trouble").className && !document.querySelector('button[value="send"]').disabled`)
}

func (x *writing) words() string {
	x.t.Helper()
	words := webtest.Eval[string](x.tab, `document.getElementById("words")?.innerText ?? ""`)
	if !receiptWords.MatchString(words) {
		x.t.Fatalf("the receipt is %q; the page says %s", words, x.said())
	}
	return words
}

func (x *writing) said() string {
	return webtest.Eval[string](x.tab, `document.querySelector("main").innerText`)
}

// trouble is what the page says went wrong, in sight of the sender.
func (x *writing) trouble() string {
	return webtest.Eval[string](x.tab, `document.activeElement.id === "trouble" ? document.activeElement.innerText : ""`)
}

// typedStory is what still stands in the box.
func (x *writing) typedStory() string {
	return webtest.Eval[string](x.tab, `document.getElementById("q-`+x.story()+`")?.value ?? ""`)
}

// one is the only report there is.
func (x *writing) one() store.ID {
	x.t.Helper()
	x.followed.mu.Lock()
	defer x.followed.mu.Unlock()
	if len(x.followed.at) != 1 {
		x.t.Fatalf("%d reports", len(x.followed.at))
	}
	for id := range x.followed.at {
		return id
	}
	return store.ID{}
}

// A server that keeps all that reaches it never sees a word that was typed, nor a
// word of the receipt: not while sending, not while looking it up, and not while
// switching it off.
func TestWordsNeverReachTheServer(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	story, name, county := "He keeps my passport in the glove box.", "Rosalinda Montes", "Behind the old cannery"
	x := w.writes(story)
	x.typed("#q-name", name)
	x.typed("#q-happened-county", county)
	x.send()
	if got := x.trouble(); !strings.Contains(got, "could not find this county") {
		t.Errorf("a county that is none: %q", got)
	}
	x.happenedIn("hinds County ")
	words := x.sendAndClose()
	said := strings.ToLower(w.wire.said())
	for _, typed := range []string{story, name, county, "passport", "Rosalinda", "cannery", words} {
		if strings.Contains(said, strings.ToLower(typed)) {
			t.Errorf("%q reached the server", typed)
		}
	}
	if n := webtest.Eval[int](x.tab, "localStorage.length + sessionStorage.length + document.cookie.length"); n != 0 {
		t.Error("something is stored on the device")
	}

	id := x.one()
	for _, office := range w.followed.at[id].plan.Readers {
		body, sealed := w.open(id, office)
		if body.Answers[w.story()][0] != story || len(body.Answers["name"]) != 0 || sealed.SealedBy != "browser" {
			t.Errorf("%s reads %v, sealed by %s", office, body.Answers, sealed.SealedBy)
		}
	}
	receipt, err := seal.ParseReceipt(words)
	if err != nil {
		t.Fatal(err)
	}
	w.namesItsReceipt(id, receipt)
	part, err := w.reports.Reporter(t.Context(), "ms", id, tipDesk)
	if err != nil {
		t.Fatal(err)
	}
	content, err := seal.OpenWrap(w.private[tipDesk], part.Wrap, report.ReporterRecord("ms", id), part.Hash, tipDesk)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := content.Open(part.Ciphertext, report.ReporterRecord("ms", id))
	if err != nil || !strings.Contains(string(plain), name) {
		t.Errorf("the part about the sender: %v, %s", err, plain)
	}
	if place := w.followed.at[id].ref.Envelope.Happened.String(); place != "MS-28049" {
		t.Errorf("it happened in %s", place)
	}

	// A word of the list may be one that every browser and page says: those that another
	// sender's way says too.
	y := w.writes(otherWords)
	y.typed("#q-name", "Somebody Else")
	y.happenedIn("Hinds County")
	others := y.sendAndClose()
	everybodys := tokens(strings.ToLower(w.wire.said())[len(said):])
	ours := tokens(said)
	for _, word := range append(strings.Split(words, "-"), "glove") {
		if len(word) > 3 && ours[word] && !everybodys[word] && !slices.Contains(strings.Split(others, "-"), word) {
			t.Errorf("the word %q reached the server", word)
		}
	}
}

// happenedIn names the county, and waits for the list of who will be told then.
func (x *writing) happenedIn(county string) {
	x.t.Helper()
	shown := webtest.Eval[string](x.tab, `document.querySelector("[name=_shown]").value`)
	x.tab.Do(chromedp.Evaluate[chromedp.Void](`(() => {
		const field = document.getElementById("q-happened-county");
		field.value = "` + county + `";
		field.dispatchEvent(new Event("change", {bubbles: true}));
	})()`))
	x.tab.WaitFor(`document.querySelector("[name=_shown]").value !== "` + shown + `"`)
}

// sendAndClose sends, looks the report up, switches the receipt off, and gives its words.
func (x *writing) sendAndClose() string {
	x.t.Helper()
	x.send()
	words := x.words()
	if said := x.said(); !strings.Contains(said, "Your own device locked your words") {
		x.t.Errorf("the page does not say who locked the words: %s", said)
	}
	x.tab.Open(x.client.URL+"/receipt", 390, 844)
	x.typed("#receipt", strings.ToUpper(strings.ReplaceAll(words, "-", " ")))
	x.click("#look button")
	x.tab.WaitFor(`document.getElementById("found-title") !== null`)
	x.click(`button[value="close"]`)
	x.tab.WaitFor(`document.querySelector(".good") !== null`)
	return words
}

// tokens are the runs of letters and digits in a text: what is sealed and written in
// base64 has few short ones, so that a word is not found in it by chance.
func tokens(text string) map[string]bool {
	all := map[string]bool{}
	for token := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		all[token] = true
	}
	return all
}

// A key that nobody but the server vouches for is refused: the page says so, keeps
// every word, sends nothing, and names people to call.
func TestSwappedKeyIsRefused(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	x := w.writes(otherWords)
	thief, err := seal.PrivateFromSeed(seal.NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	_, own, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	honest := w.chains[tipPolice]
	w.chains[tipPolice] = chainOf(tipPolice, thief.Public(), own)
	w.mu.Unlock()
	x.send()
	if got := x.trouble(); !strings.Contains(got, "they did not leave your device") || !strings.Contains(got, "Call 911") || !strings.Contains(got, "Nothing was kept") {
		t.Errorf("the page says %q", got)
	}
	if x.typedStory() != otherWords || w.wire.count(http.MethodPost, "/ms/sealed") != 0 || w.wire.count(http.MethodPost, "/ms/en") != 0 || w.count("report") != 0 {
		t.Errorf("the box holds %q, %d reports", x.typedStory(), w.count("report"))
	}
	axeClean(t, x.tab, "the refusal")

	w.mu.Lock()
	w.chains[tipPolice] = honest
	w.mu.Unlock()
	x.send()
	x.words()
}

func TestKeysThatChangeWhileSomebodyWrites(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	x := w.writes(otherWords)
	turn := 0
	w.wire.intercept(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(rw, r)
		if r.URL.Path == "/ms/seal" {
			if turn++; turn == 1 { // right after the browser asked
				w.key(tipDesk)
				w.key(tipPolice)
			}
		}
	})
	x.send()
	x.words()
	if asked, sent := w.wire.count(http.MethodPost, "/ms/seal"), w.wire.count(http.MethodPost, "/ms/sealed"); asked != 2 || sent != 2 {
		t.Errorf("asked %d times, sent %d times", asked, sent)
	}
	w.open(x.one(), tipPolice)
}

// What is lost on the way back is sent again as it was: it counts once. What was
// changed meanwhile is a report of its own, under a receipt of its own.
func TestLostAnswerThenSendAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arrives, changed bool
		reports          int
	}{
		"before it arrived":             {false, false, 1},
		"after it arrived":              {true, false, 1},
		"after it arrived, and changed": {true, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := pages(t, tipDesk, tipPolice)
			x := w.writes(otherWords)
			w.wire.intercept(func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.URL.Path != "/ms/sealed" {
					next.ServeHTTP(rw, r)
					return
				}
				if c.arrives {
					next.ServeHTTP(discard{http.Header{}}, r)
				}
				panic(http.ErrAbortHandler)
			})
			x.send()
			if got := x.trouble(); !strings.Contains(got, "We do not know if this was sent") || strings.Contains(got, "Nothing was kept") {
				t.Errorf("the page says %q", got)
			}
			if c.changed {
				x.typed("#q-"+w.story(), " It was red.")
			}
			w.wire.intercept(nil)
			x.send()
			words := x.words()
			if w.count("report") != c.reports {
				t.Errorf("%d reports", w.count("report"))
			}
			found, err := w.reports.FindWords(t.Context(), words)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := w.open(found.Report, tipDesk)
			if got := body.Answers[w.story()][0]; strings.Contains(got, "red") != c.changed {
				t.Errorf("the words lead to %q", got)
			}
		})
	}
}

// Enter that is pressed twice in a field sends one report: a second one would be kept under other words, and those of the first be gone.
func TestEnterTwiceSendsOnce(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	x := w.writes(otherWords)
	webtest.Eval[bool](x.tab, `(() => { const form = document.querySelector("form[data-who]"); form.requestSubmit(); form.requestSubmit(); return true; })()`)
	x.tab.WaitFor(`document.getElementById("words") !== null`)
	words := x.words()
	if n, asked := w.count("report"), w.wire.count(http.MethodPost, "/ms/seal"); n != 1 || asked != 1 {
		t.Errorf("%d reports, and the keys were asked for %d times", n, asked)
	}
	if _, err := w.reports.FindWords(t.Context(), words); err != nil {
		t.Errorf("the words on the page: %v", err)
	}
}

type discard struct{ head http.Header }

func (d discard) Header() http.Header         { return d.head }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// Without a connection nothing is said to be lost, and nothing to be kept.
func TestServerThatCannotBeReached(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	x := w.writes(otherWords)
	w.wire.intercept(func(rw http.ResponseWriter, r *http.Request, next http.Handler) { panic(http.ErrAbortHandler) })
	x.send()
	if got := x.trouble(); !strings.Contains(got, "nothing left your device") || x.typedStory() != otherWords {
		t.Errorf("the page says %q, the box holds %q", got, x.typedStory())
	}
	w.wire.intercept(nil)
	x.send()
	x.words()
}

// What is missing is told here, under the question, without a word being sent.
func TestMissingAnswersAreToldByTheScript(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	x := w.writes(" ")
	x.send()
	if got := x.trouble(); !strings.Contains(got, "Please answer this question") || w.wire.count(http.MethodPost, "/ms/seal") != 0 {
		t.Errorf("the page says %q", got)
	}
	axeClean(t, x.tab, "the page with a missing answer")
	x.tab.Do(chromedp.Evaluate[chromedp.Void](`document.getElementById("q-` + w.story() + `").value = "x".repeat(20001)`))
	x.send()
	if got := x.trouble(); !strings.Contains(got, "too long") {
		t.Errorf("too long: %q", got)
	}
	// The return key in a box must not send the page as it would without a script.
	x.typed("#q-name", "Rosalinda\r")
	x.tab.WaitFor(`document.activeElement.id === "trouble"`)
	if w.wire.count(http.MethodPost, "/ms/en") != 0 || strings.Contains(w.wire.said(), "Rosalinda") {
		t.Error("the return key sent the words in clear")
	}
}

// Where a browser cannot check a signature, the server seals, and both the page
// and the record say so.
func TestBrowserThatCannotCheckKeys(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	x := &writing{w, webtest.Browser(t)}
	x.tab.Do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `const real = crypto.subtle.importKey.bind(crypto.subtle);
				crypto.subtle.importKey = (...a) => a[2]?.name === "Ed25519" ? Promise.reject(new Error("not supported")) : real(...a);`,
		})
		return chromedp.Void{}, err
	})
	x.tab.Open(w.client.URL+"/ms/en", 390, 844)
	x.fill(otherWords)
	if webtest.Eval[bool](x.tab, `document.getElementById("keep-server").hidden`) {
		t.Error("the page promises more than it can do")
	}
	x.click(`button[value="send"]`)
	x.tab.WaitFor(`document.getElementById("words") !== null`)
	if !strings.Contains(x.said(), "Our server locked your words") {
		t.Errorf("the page says %s", x.said())
	}
	if _, sealed := w.open(x.one(), tipDesk); sealed.SealedBy != "server" {
		t.Errorf("sealed by %s", sealed.SealedBy)
	}
}

// Leaving fast works before sending, and from the page that shows the words.
func TestLeavingFastWhileSealing(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	leave := func(x *writing) {
		t.Helper()
		webtest.Eval[bool](x.tab, `["Shift", "Shift", "Shift"].every(key => document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true})))`)
		x.tab.WaitFor(`!location.href.includes("/ms") && !document.documentElement.innerHTML.includes("white van")`)
	}
	leave(w.writes(otherWords))
	x := w.writes(otherWords)
	x.send()
	words := x.words()
	axeClean(t, x.tab, "the page with the words")
	leave(x)
	if webtest.Eval[bool](x.tab, `(document.documentElement?.innerHTML ?? "").includes(`+"`"+words+"`"+`)`) {
		t.Error("the seven words are still in the page")
	}
}

// axeClean holds a page to WCAG 2.2 AA and good practice.
func axeClean(t *testing.T, tab *webtest.Tab, what string) {
	t.Helper()
	axe, err := os.ReadFile("../../../test/browser/testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	webtest.Eval[bool](tab, string(axe)+";true")
	found, err := chromedp.Run(tab.Context, chromedp.Evaluate[string](`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 160)).join(" | ")).join("\n"))`,
		func(p *runtime.EvaluateParams) { await := true; p.AwaitPromise = &await }))
	if err != nil || found != "" {
		t.Errorf("%s: %v\n%s", what, err, found)
	}
}
