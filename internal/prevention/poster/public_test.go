// SPDX-License-Identifier: Apache-2.0

package poster_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/poster"
	"waylight/programs"
)

// shop is the room, of a program some of whose channels somebody called.
func shop(t *testing.T, verified func(channel string) bool) (*poster.Service, *webtest.Client) {
	t.Helper()
	set, err := program.Load(programs.FS)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := set.Program("ms")
	site := webtest.Site(t, poster.Strings())
	s, err := poster.New(poster.Config{Programs: set, Press: poster.NewPress(), Site: site, Specimen: func(string) string { return "" },
		Now: func() time.Time { return time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC) },
		Lines: func(string) func(string) (program.Channel, bool) {
			return func(id string) (program.Channel, bool) { return p.Channels[id], verified(id) }
		}})
	if err != nil {
		t.Fatal(err)
	}
	return s, webtest.Server(t, site, s.Room().Routes, func(_ web.Access, h web.Handler) web.Handler { return h })
}

// Everybody may download a notice as it must hang: everything that is offered comes,
// is what it says, reads the number, and carries no code.
func TestEverybodyMayPrintANotice(t *testing.T) {
	t.Parallel()
	s, c := shop(t, func(string) bool { return true })
	offers := s.Offers(t.Context(), "ms", "us-station", "en")
	if len(offers) < 8 {
		t.Errorf("%d offers: %v", len(offers), offers)
	}
	for _, o := range offers {
		doc := c.GetDoc(o.Href)
		switch {
		case doc.Status != http.StatusOK:
			t.Errorf("%s (%s): %d", o.Href, o.Title, doc.Status)
		case strings.HasSuffix(o.Href, ".png"):
			if !strings.HasPrefix(doc.Body, "\x89PNG") {
				t.Errorf("%s is no picture", o.Href)
			}
		default:
			if text := said(t, []byte(doc.Body)); !strings.Contains(text, "1-888-373-7888") || strings.Contains(text, "/q/") || strings.Contains(text, "SPECIMEN") {
				t.Errorf("%s says: %s", o.Href, text)
			}
		}
	}
	if again := c.GetDoc(offers[0].Href); again.Header.Get("Set-Cookie") != "" || again.Header.Get("Content-Disposition") == "" {
		t.Errorf("headers: %v", again.Header)
	}
}

// What may not be printed is neither offered nor made, whatever address is tried.
func TestNobodyPrintsAnUnverifiedNumber(t *testing.T) {
	t.Parallel()
	s, c := shop(t, func(channel string) bool { return channel != "national-hotline" })
	if offers := s.Offers(t.Context(), "ms", "us-station", "en"); len(offers) > 0 {
		t.Errorf("offered: %v", offers)
	}
	for _, path := range []string{"us-station/letter_en.pdf", "us-station/screen_en.png", "us-station/letter_xx.pdf", "us-station/..%2f.pdf", "nothing/letter_en.pdf", "us-station/poster.exe", "ca-businesses/letter_en_es.pdf"} {
		if doc := c.GetDoc("/ms/signs/sheet/" + path); doc.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, doc.Status)
		}
	}
}

// However many ask at once for the same sheet, it is made once; and one that cannot be
// made is not tried for everybody who asks.
func TestSheetIsMadeOnce(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	_, c := shop(t, func(channel string) bool {
		asked.Add(1)
		return true
	})
	first := c.GetDoc("/ms/signs/sheet/us-station/letter_en_ar.pdf")
	each := asked.Swap(0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if doc := c.GetDoc("/ms/signs/sheet/us-station/letter_en_ar.pdf"); doc.Status != http.StatusOK || doc.Body != first.Body {
				t.Errorf("%d, another sheet: %v", doc.Status, doc.Body != first.Body)
			}
		})
	}
	wg.Wait()
	// Whether the numbers may be shown is asked again each time, which is what must be; laying out asks once more.
	if again := asked.Load(); again >= 8*each {
		t.Errorf("the channels were asked for %d times by eight, %d times by the first", again, each)
	}
}
