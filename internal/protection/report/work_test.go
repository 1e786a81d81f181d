// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"waylight/internal/platform/gate"
	"waylight/internal/platform/web/webtest"
)

// sealedPost is what a browser posted to be kept.
type sealedPost struct {
	proof string
	body  []byte
}

// asksForWork stands before the site and hands on what is posted to be kept.
func (w *world) asksForWork(puzzles *gate.Puzzles) <-chan sealedPost {
	w.t.Helper()
	w.reports.Work = func() *gate.Work {
		work := puzzles.New()
		return &work
	}
	address, err := url.Parse(w.client.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	site, posts := httputil.NewSingleHostReverseProxy(address), make(chan sealedPost, 4)
	w.client = webtest.ServerOf(w.t, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/sealed") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				w.t.Error(err)
			}
			posts <- sealedPost{r.Header.Get(gate.WorkHeader), body}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		site.ServeHTTP(out, r)
	}))
	return posts
}

// Asked for a proof of work, a browser brings one that counts for what it sends.
func TestBrowserProvesWork(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	puzzles := gate.NewPuzzles([]byte("a secret"))
	puzzles.Rounds, puzzles.Bits = 10, 6
	posts := w.asksForWork(puzzles)
	x := w.writes("He keeps my passport.")
	x.send()
	x.words()
	if post := <-posts; !puzzles.Solves(post.proof, post.body) {
		t.Errorf("the proof %q does not count", post.proof)
	}
	if w.count("report") != 1 {
		t.Error("the report is not there")
	}
}

// Whoever would rather not solve it presses a button, and the report is taken
// all the same; the page says so beforehand.
func TestWorkCanBeLeftOut(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk, tipPolice)
	puzzles := gate.NewPuzzles([]byte("a secret"))
	puzzles.Bits = 24 // more than anybody has the time for
	posts := w.asksForWork(puzzles)
	x := w.writes("He keeps my passport.")
	x.click(`button[value="send"]`)
	x.tab.WaitFor(`document.querySelector("#work button").checkVisibility()`)
	if said := webtest.Eval[string](x.tab, `document.getElementById("busy").innerText`); !strings.Contains(said, "your report is taken too") {
		t.Errorf("while it solves the page says %q", said)
	}
	x.tab.Picture("work")
	x.click("#work button")
	x.tab.WaitFor(`document.getElementById("words") !== null`)
	if post := <-posts; post.proof != "" {
		t.Errorf("without the puzzle it brings %q", post.proof)
	}
	if w.count("report") != 1 {
		t.Error("the report is not there")
	}
}
