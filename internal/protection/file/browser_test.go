// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/file"
)

// overheard keeps every request that a server gets, whole, and can be a tunnel
// in which connections break.
type overheard struct {
	mu     sync.Mutex
	said   bytes.Buffer
	tunnel atomic.Int64 // parts with this number or a higher one do not come through; 0: all do
}

func (o *overheard) around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		var part int64
		_, _ = fmt.Sscan(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], &part)
		if first := o.tunnel.Load(); r.Method == http.MethodPut && first > 0 && part >= first {
			panic(http.ErrAbortHandler)
		}
		o.mu.Lock()
		fmt.Fprintf(&o.said, "%s %s\n%v\n%s\n", r.Method, r.URL, r.Header, body)
		o.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		h.ServeHTTP(w, r)
	})
}

// heard says which of the words the server was sent, in any spelling that a form,
// JSON or base64 gives them.
func (o *overheard) heard(words ...string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	said := strings.ToLower(o.said.String())
	var out []string
	for _, w := range words {
		if !utf8.ValidString(w) { // bytes, of which lower case would make the same sign
			if bytes.Contains(o.said.Bytes(), []byte(w)) {
				out = append(out, fmt.Sprintf("%x", w))
			}
		}
		for _, spelling := range []string{strings.ToValidUTF8(w, "\x00not said\x00"), url.QueryEscape(w), base64.StdEncoding.EncodeToString([]byte(w))[:len(w)/3*4]} {
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

// press clicks what may be moving on the page while frames load.
func (s *seated) press(css string) {
	s.t.Helper()
	webtest.Eval[bool](s.Tab, fmt.Sprintf(`(document.querySelector(%q).click(), true)`, css))
}

// choose puts files into the sender's page.
func (s *seated) choose(files ...string) {
	s.t.Helper()
	s.Do(chromedp.SetUploadFiles(chromedp.CSS("#files-choose"), files))
}

// comesTo waits until the nth file of the page is in a state.
func (s *seated) comesTo(n int, state string) {
	s.t.Helper()
	s.WaitFor(fmt.Sprintf(`document.querySelectorAll("#files-rows > li")[%d]?.dataset.state === %q`, n, state))
}

// begin opens the sender's page and types the words.
func (s *seated) begin(origin, words string) {
	s.t.Helper()
	s.Open(origin+"/receipt/files", 390, 844)
	s.fill("#receipt", strings.ToUpper(strings.ReplaceAll(words, "-", " ")))
	s.click("#files-find button")
	s.Do(chromedp.WaitVisible(chromedp.CSS("#files-choose")))
}

// clean holds the page as it stands to WCAG 2.2 AA and good practice.
func (s *seated) clean(page string) {
	s.t.Helper()
	axe, err := os.ReadFile("../../../test/browser/testdata/axe.min.js")
	check(s.t, err)
	s.WaitFor(`document.getAnimations().every(a => a.playState !== "running")`)
	webtest.Eval[bool](s.Tab, string(axe)+";true")
	answer := s.ask(`axe.run(document, {iframes: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then(r => r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html.slice(0, 200)).join(" ")).join("\n"))`)
	if answer != "" {
		s.t.Errorf("%s: %s", page, answer)
	}
}

// ask waits for what a promise in the page comes to.
func (s *seated) ask(promise string) string {
	s.t.Helper()
	answer, err := chromedp.Run(s.Context, chromedp.Evaluate[string](promise, func(p *runtime.EvaluateParams) { await := true; p.AwaitPromise = &await }))
	check(s.t, err)
	return answer
}

// onDisk writes files as a person has them.
func onDisk(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		check(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	return dir
}

// secretsOf are spellings of a receipt that the server must never hear: two of
// its words in a row (one alone may stand anywhere), and what they stand for.
func secretsOf(words string, secret, seed []byte) []string {
	out := []string{string(secret), string(seed)}
	for parts := strings.Split(words, "-"); len(parts) > 1; parts = parts[1:] {
		out = append(out, parts[0]+"-"+parts[1], parts[0]+" "+parts[1], parts[0]+`","`+parts[1])
	}
	return out
}

// TestFilesInRealBrowsers: a sender adds files, where the server hears neither
// the words nor a name nor a byte of them; goes on after the page was closed;
// and an office looks at them in a cage and takes an original away.
func TestFilesInRealBrowsers(t *testing.T) {
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock)
	mux := http.NewServeMux()
	w.site.Mount(mux, w.routes(), w.people.Guard)
	server := &overheard{}
	w.client = webtest.ServerOf(t, server.around(mux))
	ana := w.hire(childCare, "Ana", identity.RoleMember)
	sent := w.send(child())
	words := sent.Receipt.Words("en")
	seed := sent.Receipt.Seed()
	secrets := append(secretsOf(words, sent.Receipt[:], seed[:]), "quagga", "walnut", gps, "0123456789abcdef0123456789abcdef")
	other := bytes.Clone(threeParts())
	other[1_500_000] ^= 1
	dir := onDisk(t, map[string][]byte{"quagga.jpg": photo(t), "walnut.bin": threeParts(), "other.bin": other, "page.png": strange(t)["page.png"],
		"photo-and-zip.jpg": strange(t)["photo-and-zip.jpg"], "empty.txt": {}})
	in := func(name string) string { return filepath.Join(dir, name) }
	tab := webtest.Browser(t)

	sender := seat(t, tab)
	sender.Open(w.client.URL+"/receipt/files", 390, 844)
	sender.clean("the page that asks for the words")
	sender.begin(w.client.URL, words)
	sender.clean("the page that takes files")
	sender.choose(in("quagga.jpg"), in("walnut.bin"), in("empty.txt"))
	sender.comesTo(0, "whole")
	sender.comesTo(1, "whole")
	sender.comesTo(2, "failed")
	sender.sees("This file is empty")
	sender.clean("the page after files were sent")
	sender.Picture("files-sent")
	if got := server.heard(secrets...); len(got) != 0 {
		t.Fatalf("the server heard %v", got)
	}
	if n := webtest.Eval[int](sender.Tab, "localStorage.length + sessionStorage.length + document.cookie.length"); n != 0 {
		t.Error("something is stored on the sender's device")
	}
	if wide := webtest.Eval[int64](sender.Tab, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("the page is %d wide on a phone of 390: %s", wide, webtest.Eval[string](sender.Tab,
			`[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > 391).map(e => e.outerHTML.slice(0, 120)).join("\n")`))
	}
	w.holdsPhoto(ana, sent.Report)

	// The connection breaks, the page is closed; later the same file goes on, and another one does not.
	server.tunnel.Store(1)
	sender.begin(w.client.URL, words)
	sender.choose(in("walnut.bin"))
	sender.comesTo(0, "offline")
	sender.click("#files-rows li button") // pause
	sender.comesTo(0, "paused")
	begun := w.list(ana, sent.Report)
	at := slices.IndexFunc(begun, func(f file.Held) bool { return f.State == file.Open })
	if at < 0 || begun[at].Parts != 1 {
		t.Fatalf("in the tunnel: %+v", begun)
	}
	half := begun[at]
	sender.begin(w.client.URL, words)
	sender.sees("is not finished")
	server.tunnel.Store(0)
	sender.choose(in("other.bin"))
	sender.comesTo(0, "whole")
	sender.choose(in("walnut.bin"))
	sender.comesTo(1, "whole")
	files := w.list(ana, sent.Report)
	if len(files) != len(begun)+1 {
		t.Fatalf("%d files, want %d", len(files), len(begun)+1)
	}
	for _, f := range files {
		info, content, err := w.opened(ana, sent.Report, f)
		if err != nil || f.State != file.Whole || f.ID == half.ID && (info.Name != "walnut.bin" || !bytes.Equal(content, threeParts())) ||
			info.Name == "other.bin" && !bytes.Equal(content, other) {
			t.Errorf("%s: %d bytes, %s: %v", info.Name, len(content), f.State, err)
		}
	}
	sender.choose(in("page.png"), in("photo-and-zip.jpg"))
	sender.comesTo(2, "whole")
	sender.comesTo(3, "whole")
	sender.sees("there is no copy") // of what is no picture
	if got := server.heard(secrets...); len(got) != 0 {
		t.Fatalf("the server heard %v", got)
	}

	// The receipt's own page takes files too, without the words being typed again.
	sender.Open(w.client.URL+"/receipt", 390, 844)
	sender.fill("#receipt", words)
	sender.press("main form button")
	sender.Do(chromedp.WaitVisible(chromedp.CSS("#files-choose")))
	sender.choose(in("quagga.jpg"))
	sender.comesTo(0, "whole")
	sender.clean("the receipt's page with files")
	if got := server.heard(secrets...); len(got) != 0 {
		t.Fatalf("on the receipt's page the server heard %v", got)
	}

	w.looksAndTakes(t, seat(t, tab), ana, sent.Report)
}

// holdsPhoto finds the photo as it was sent, and its copy without hidden data.
func (w *world) holdsPhoto(h hand, id store.ID) {
	w.t.Helper()
	var original, drawn []byte
	for _, f := range w.list(h, id) {
		info, content, err := w.opened(h, id, f)
		check(w.t, err)
		switch {
		case info.Name == "quagga.jpg" && f.CopyOf.IsZero():
			original = content
		case info.Name == "quagga.jpg":
			drawn = content
		}
		if f.SealedBy != file.ByBrowser {
			w.t.Errorf("%s was sealed by the %s", info.Name, f.SealedBy)
		}
	}
	if !bytes.Equal(original, photo(w.t)) || !bytes.Contains(original, []byte(gps)) {
		w.t.Errorf("the original of %d bytes is not what was sent", len(original))
	}
	if bytes.Contains(drawn, []byte("GPS")) || bytes.Contains(drawn, []byte("Exif")) {
		w.t.Error("the copy holds hidden data")
	}
	m, err := jpeg.Decode(bytes.NewReader(drawn))
	check(w.t, err)
	if r, g, _, _ := m.At(60, 24).RGBA(); m.Bounds().Dx() != 64 || r>>8 < 180 || g>>8 < 200 {
		w.t.Errorf("the copy shows another picture: %v, %d %d", m.Bounds(), r>>8, g>>8)
	}
}

// looksAndTakes is an office's side in a browser.
func (w *world) looksAndTakes(t *testing.T, office *seated, ana hand, id store.ID) {
	t.Helper()
	page := "/staff/report/" + id.String() + "/files"
	office.Open(w.client.URL+"/staff/sign-in?program=ms&next="+url.QueryEscape(page), 1200, 1000)
	office.fill("#email", ana.Email)
	office.fill("#passphrase", phrase)
	office.click("#notice")
	office.click("#sign-in button")
	office.WaitFor(fmt.Sprintf(`location.pathname === %q && document.readyState === "complete"`, page))
	office.clean("the page of files")
	files := map[string]file.Held{}
	for _, f := range w.list(ana, id) {
		info, _, err := w.opened(ana, id, f)
		check(t, err)
		if f.CopyOf.IsZero() {
			files[info.Name] = f
		}
	}
	if text := webtest.Eval[string](office.Tab, `document.documentElement.outerHTML`); strings.Contains(text, "quagga") {
		t.Fatal("the page holds a name before the file was opened")
	}
	before := w.events("file.opened")
	for name, warns := range map[string]string{"quagga.jpg": "", "page.png": "The frame warns", "photo-and-zip.jpg": "The frame warns"} {
		f := files[name]
		office.press(`button[data-look="` + f.ID.String() + `"]`)
		office.WaitFor(fmt.Sprintf(`document.querySelector("#f-%s [data-name]").textContent === %q && document.getElementById("say").textContent.startsWith("Opened here.")`, f.ID, name))
		if said := webtest.Eval[string](office.Tab, `document.getElementById("say").textContent`); !strings.Contains(said, warns) || warns == "" && strings.Contains(said, "warns") {
			t.Errorf("%s: %q", name, said)
		}
		webtest.Eval[bool](office.Tab, `(document.getElementById("say").textContent = "") === ""`)
	}
	office.Picture("files-looked-at")
	if reach := webtest.Eval[bool](office.Tab, `[...document.querySelectorAll("iframe")].some(f => f.contentDocument !== null)`); reach {
		t.Error("the frame has the page's own origin")
	}
	if owned := webtest.Eval[string](office.Tab, `document.title + location.pathname`); owned != "Files"+page {
		t.Errorf("what was looked at acted: %s", owned)
	}
	if got := w.events("file.opened") - before; got != 3 {
		t.Errorf("%d openings are on record, want 3", got)
	}
	office.clean("the page with files that were opened")

	// The original, after the warning, as it was sent.
	downloads := t.TempDir()
	_, err := chromedp.Call(office.Context, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: downloads, BrowserContextID: chromedp.FromContext(office.Context).BrowserContextID})
	check(t, err)
	webtest.Eval[bool](office.Tab, `(globalThis.showSaveFilePicker = undefined) === undefined`) // asks a person; elsewhere there is none either
	f := files["quagga.jpg"]
	office.press(`button[data-take="` + f.ID.String() + `"]`)
	office.press(`form[data-warning="` + f.ID.String() + `"] button.danger`)
	if w.events("file.downloaded") != 0 {
		t.Error("the original is taken although nobody said that they know the danger")
	}
	office.press("#sure-" + f.ID.String())
	office.press(`form[data-warning="` + f.ID.String() + `"] button.danger`)
	office.WaitFor(`document.getElementById("say").textContent !== ""`)
	if said := webtest.Eval[string](office.Tab, `document.getElementById("say").textContent`); !strings.Contains(said, "exactly as it was sent") {
		t.Fatalf("taking the original: %q", said)
	}
	office.sees("exactly as it was sent")
	got := waitForFile(office, filepath.Join(downloads, "quagga.jpg"), len(photo(t)))
	if !bytes.Equal(got, photo(t)) {
		t.Errorf("%d other bytes are on the disk", len(got))
	}
	if w.events("file.downloaded") != 1 {
		t.Error("that the original was taken is not on record")
	}
	office.Do(chromedp.Navigate("about:blank"))
}

// waitForFile reads a file that the browser writes, once it has so many bytes.
func waitForFile(s *seated, name string, size int) []byte {
	s.t.Helper()
	for range 200 {
		got, err := os.ReadFile(name)
		if err == nil && len(got) >= size {
			return got
		}
		s.ask(`new Promise(done => setTimeout(() => done(""), 50))`)
	}
	return nil
}

// TestTheSendersPageWithoutScripts: the same page in a browser that runs none.
func TestTheSendersPageWithoutScripts(t *testing.T) {
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana")
	sent := w.send(child())
	dir := onDisk(t, map[string][]byte{"a.jpg": photo(t), "b.bin": threeParts()})
	s := seat(t, webtest.Browser(t))
	_, err := chromedp.Call(s.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	check(t, err)
	s.Open(w.client.URL+"/receipt/files?lang=en", 390, 844)
	s.fill("#receipt", sent.Receipt.Words("en"))
	s.click("#files-find button")
	s.Do(chromedp.WaitVisible(chromedp.CSS("#files")))
	s.Do(chromedp.SetUploadFiles(chromedp.CSS("#files"), []string{filepath.Join(dir, "a.jpg"), filepath.Join(dir, "b.bin")}))
	s.click(`form[enctype] button`)
	s.Do(chromedp.WaitVisible(chromedp.CSS("#done-title")))
	s.Do(chromedp.Reload()) // the browser sends the form once more
	s.Do(chromedp.WaitVisible(chromedp.CSS("#done-title")))
	files := w.list(ana, sent.Report)
	if len(files) != 2 {
		t.Fatalf("%d files came", len(files))
	}
	for _, f := range files {
		info, content, err := w.opened(ana, sent.Report, f)
		if want, _ := os.ReadFile(filepath.Join(dir, info.Name)); err != nil || !bytes.Equal(content, want) || f.SealedBy != file.ByServer {
			t.Errorf("%s opens to %d bytes: %v", info.Name, len(content), err)
		}
	}
	_, err = chromedp.Call(s.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
	check(t, err)
	s.clean("the page after files were sent without a script")
}
