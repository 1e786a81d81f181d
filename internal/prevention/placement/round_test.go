// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/placement"
)

// conditions are what a browser is told about its connection.
type conditions struct {
	Offline            bool    `json:"offline"`
	Latency            float64 `json:"latency"`
	DownloadThroughput float64 `json:"downloadThroughput"`
	UploadThroughput   float64 `json:"uploadThroughput"`
}

var emulate = cdp.Command[conditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// walking is a browser on the page of a round.
type walking struct {
	*webtest.Tab
	t   *testing.T
	url string
}

func walk(t *testing.T, tab *webtest.Tab, url string) *walking {
	t.Helper()
	x := &walking{tab, t, url}
	x.reopen()
	x.waiting("0")
	return x
}

func (x *walking) reopen() {
	x.t.Helper()
	x.Open(x.url, 390, 800)
}

func (x *walking) offline(off bool) {
	x.t.Helper()
	if _, err := chromedp.Call(x.Context, emulate, conditions{off, 0, -1, -1}); err != nil {
		x.t.Fatal(err)
	}
}

// waiting waits until so many entries wait to be sent.
func (x *walking) waiting(n string) {
	x.t.Helper()
	x.WaitFor(`document.getElementById("say").dataset.waiting === "` + n + `"`)
}

// sent waits until the browser keeps no entry any more.
func (x *walking) sent() {
	x.t.Helper()
	x.WaitFor(`Object.keys(localStorage).length === 0`)
}

func (x *walking) tick(p placement.Placement, found, opens string) {
	x.t.Helper()
	for _, id := range []string{found, opens} {
		x.Click("#" + id + "-" + p.ID.String())
	}
	x.Click(`button[value="` + p.ID.String() + `"]`)
}

// says waits until a stop says this.
func (x *walking) says(p placement.Placement, words string) {
	x.t.Helper()
	x.WaitFor(`document.getElementById("say-` + p.ID.String() + `").textContent.includes("` + words + `")`)
}

// toWalk is a world in which a sheet hangs in a restroom, at the true time: browsers have
// no other.
func toWalk(t *testing.T) (*world, *webtest.Client, placement.Placement) {
	t.Helper()
	w := served(t)
	restroom := w.hang(w.place(), "restroom")
	w.clock.Advance(time.Since(w.clock.Now()))
	return w, w.serve(t, w.ana), restroom
}

const notSent = "Kept in this browser, not sent yet."

// A round on a telephone without a connection: what is ticked is kept in the browser,
// also over a page that is opened again, is sent once there is a connection, and
// counts once; the page says that the code is off, and says so whenever it is opened.
func TestRoundOffline(t *testing.T) {
	t.Parallel()
	w, c, restroom := toWalk(t)
	platform := w.hang(w.place("name", "Other"), "platform")
	printed := w.printed(w.place("name", "To be put up"))
	r := w.putting()
	x := walk(t, webtest.Browser(t), c.URL+"/staff/rounds/"+r.ID.String())
	x.offline(true)
	x.tick(restroom, "stickered", "no")
	x.waiting("1")
	x.tick(platform, "seen", "yes")
	x.waiting("2")
	x.tick(printed, "put_up", "yes")
	x.waiting("3")
	x.says(platform, notSent)
	if n := w.count("poster_inspections"); n != 0 {
		t.Errorf("%d looks came without a connection", n)
	}
	x.offline(false)
	x.reopen()
	x.waiting("0")
	x.sent()
	x.says(restroom, "switched off")
	if now := w.now(printed); now.State != placement.Up || now.PutUpBy != w.ana.Actor() || now.PutUpOn.IsZero() {
		t.Errorf("put up without a connection: %s, %s, %v", now.State, now.PutUpBy, now.PutUpOn)
	}
	if now := w.now(restroom); now.State != placement.Stickered || w.on(now.Code.ID) || w.count("poster_inspections") != 2 {
		t.Errorf("%s, code on %v, %d looks", now.State, w.on(now.Code.ID), w.count("poster_inspections"))
	}
	x.reopen()
	x.says(restroom, "Found in this round: sticker over the code, code opens: no. The code of this sheet is switched off.")
}

// slowPage makes the page of a round, lets what a browser kept come in after that, and
// sends the page once the one that sent has the answer: it knows nothing of what came.
type slowPage struct {
	site       http.Handler
	mu         sync.Mutex
	on         bool
	made, told chan struct{}
}

func (s *slowPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	on := s.on
	s.on = on && r.URL.Path != "/told"
	s.mu.Unlock()
	switch {
	case !on:
		s.site.ServeHTTP(w, r)
	case r.Method == http.MethodPost:
		<-s.made
		s.site.ServeHTTP(w, r)
	case r.URL.Path == "/told":
		close(s.told)
	default:
		page := httptest.NewRecorder()
		s.site.ServeHTTP(page, r)
		close(s.made)
		select {
		case <-s.told:
		case <-r.Context().Done():
		}
		for name, values := range page.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(page.Code)
		_, _ = page.Body.WriteTo(w)
	}
}

// leaving has a page open itself again, and say when it keeps nothing any more.
const leaving = `(() => {
	window.left = true;
	setInterval(() => { if (localStorage.length === 0) fetch("/told"); }, 10);
	setTimeout(() => location.reload());
})()`

// An answer that came to a page which was being left is told by the next one, which was
// made before the server knew.
func TestAnswerToAPageThatWasLeft(t *testing.T) {
	t.Parallel()
	w, c, restroom := toWalk(t)
	r := w.round()
	address, err := url.Parse(c.URL)
	check(t, err)
	slow := &slowPage{site: httputil.NewSingleHostReverseProxy(address), made: make(chan struct{}), told: make(chan struct{})}
	x := walk(t, webtest.Browser(t), webtest.ServerOf(t, slow).URL+"/staff/rounds/"+r.ID.String())
	x.offline(true)
	x.tick(restroom, "stickered", "no")
	x.waiting("1")
	slow.mu.Lock()
	slow.on = true
	slow.mu.Unlock()
	x.offline(false)
	x.Do(chromedp.Evaluate[chromedp.Void](leaving))
	x.WaitFor(`window.left === undefined && document.readyState === "complete"`)
	x.says(restroom, "switched off now")
	x.waiting("0")
	x.sent()
}

// Two pages of one round in one browser: what one keeps and sends, the other shows.
func TestTwoPagesOfARound(t *testing.T) {
	t.Parallel()
	w, c, restroom := toWalk(t)
	at := c.URL + "/staff/rounds/" + w.round().ID.String()
	tab := webtest.Browser(t)
	one, two := walk(t, tab, at), walk(t, tab.Another(), at)
	two.offline(true)
	one.offline(true)
	one.tick(restroom, "stickered", "no")
	one.waiting("1")
	two.waiting("1")
	two.says(restroom, notSent)
	one.offline(false)
	one.says(restroom, "switched off now")
	two.waiting("0")
	two.says(restroom, "Another page of this browser sent this.")
}
