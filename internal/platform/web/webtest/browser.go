// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long a step may take on a machine that is busy.
const patience = time.Minute

// Tab is a page in a real browser, of its own for each test.
type Tab struct {
	Context context.Context // for chromedp's own calls
	t       testing.TB
}

// Browser starts a headless Chromium that lives as long as the test.
func Browser(t testing.TB) *Tab {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		found, err := exec.LookPath(name)
		if err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Fatal("no Chromium found; on Debian: apt-get install chromium")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1, EXCLUDE localhost"))
	allocated, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), opts...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocated)
	t.Cleanup(closeTab)
	err := chromedp.Do(ctx, chromedp.Navigate("about:blank")) // without a limit: the browser lives as long as this call's context
	if err != nil {
		t.Fatal(err)
	}
	return &Tab{Context: ctx, t: t}
}

// Another opens one more tab of the same browser.
func (b *Tab) Another() *Tab {
	b.t.Helper()
	ctx, closeTab := chromedp.NewContext(b.Context)
	b.t.Cleanup(closeTab)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		b.t.Fatal(err)
	}
	return &Tab{Context: ctx, t: b.t}
}

// Do runs actions in the tab, or fails the test.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, patience)
	defer cancel()
	err := chromedp.Do(ctx, steps...)
	if err != nil {
		b.t.Fatal(err)
	}
}

// Open loads a page at a window of this width and height.
func (b *Tab) Open(url string, width, height int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, height), chromedp.Navigate(url))
}

// Eval gives the value of an expression in the page.
func Eval[T any](b *Tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// WaitFor waits until the page is there as a whole and an expression in it becomes true.
// One that fails is not true yet.
func (b *Tab) WaitFor(expression string) {
	b.t.Helper()
	expression = "(() => { try { return document.readyState === 'complete' && (" + expression + "); } catch { return false; } })()"
	ctx, cancel := context.WithTimeout(b.Context, patience)
	defer cancel()
	var err error
	for range 20 { // a page that goes away while it is asked is asked again
		err = chromedp.Do(ctx, chromedp.Poll[chromedp.Void](expression))
		if err == nil {
			return
		}
		if ctx.Err() != nil || !strings.Contains(err.Error(), "navigated") && !strings.Contains(err.Error(), "context") {
			break
		}
	}
	b.t.Fatalf("%s: %v", expression, err)
}

// Click presses what stands there as a mouse does, once it can be seen. A page
// that is still arranging itself can move it away under the mouse: a press that
// came down elsewhere is made again.
func (b *Tab) Click(css string) {
	b.t.Helper()
	for range 20 {
		b.WaitFor(fmt.Sprintf(`document.querySelector(%q).checkVisibility()`, css))
		armed := Eval[bool](b, fmt.Sprintf(watchPress, css))
		b.Do(chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
		if !armed || !b.missed() {
			return
		}
	}
	b.t.Fatalf("%s keeps moving, or something covers it", css)
}

// missed says whether a press came down beside its element. A page that it led
// away from, and the next, which knows of no press, say no.
func (b *Tab) missed() bool {
	ctx, cancel := context.WithTimeout(b.Context, patience)
	defer cancel()
	missed, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`window.pressMissed === true`))
	return err == nil && missed
}

// watchPress notes whether the next press hits its element, or the label of its
// field. Where scripts are off no listener runs: it is false there, and such pages stand
// still.
const watchPress = `(() => {
	let scripted = false;
	const probe = new EventTarget();
	probe.addEventListener("x", () => { scripted = true; });
	probe.dispatchEvent(new Event("x"));
	if (!scripted) return false;
	const wanted = document.querySelector(%q);
	window.pressMissed = true;
	document.addEventListener("click", (e) => {
		if (wanted.contains(e.target) || e.target.closest("label")?.control === wanted) window.pressMissed = false;
	}, { capture: true, once: true });
	return true;
})()`

// Picture keeps a picture of the whole page among the test's artifacts
// (go test -artifacts).
func (b *Tab) Picture(name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	err = os.WriteFile(filepath.Join(b.t.ArtifactDir(), name+".png"), png, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
}
