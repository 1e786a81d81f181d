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
	if len(offers) != 8 {
		t.Errorf("%d combinations of languages: %v", len(offers), offers)
	}
	var wg sync.WaitGroup
	for _, o := range offers {
		for _, f := range o.Files {
			wg.Go(func() { download(t, c, f) })
		}
	}
	wg.Wait()
	if again := c.GetDoc(offers[0].Files[0].Href); again.Header.Get("Set-Cookie") != "" || again.Header.Get("Content-Disposition") == "" {
		t.Errorf("headers: %v", again.Header)
	}
}

// download holds that a file comes and is what it says.
func download(t *testing.T, c *webtest.Client, f poster.File) {
	t.Helper()
	doc := c.GetDoc(f.Href)
	switch {
	case doc.Status != http.StatusOK:
		t.Errorf("%s (%s): %d", f.Href, f.Title, doc.Status)
	case strings.HasSuffix(f.Href, ".png"):
		if !strings.HasPrefix(doc.Body, "\x89PNG") {
			t.Errorf("%s is no picture", f.Href)
		}
	default:
		if text := said(t, []byte(doc.Body)); !strings.Contains(text, "1-888-373-7888") || strings.Contains(text, "/q/") || strings.Contains(text, "SPECIMEN") {
			t.Errorf("%s says: %s", f.Href, text)
		}
	}
}

// Every size that the law allows is offered, in words of the page's language, and none
// that is smaller.
func TestEverySizeThatTheLawAllows(t *testing.T) {
	t.Parallel()
	s, _ := shop(t, func(string) bool { return true })
	sizes := func(notice, lang string) string {
		var out []string
		for _, f := range s.Offers(t.Context(), "ms", notice, lang)[0].Files {
			out = append(out, f.Title)
		}
		return strings.Join(out, ", ")
	}
	for lang, want := range map[string]string{
		"en": "letter (8.5 by 11 inches), A4, tabloid (11 by 17 inches), 11 by 15 inches, card (3.5 by 2 inches), sticker (4 by 4 inches), picture for a screen",
		"es": "carta (8.5 por 11 pulgadas), A4, tabloide (11 por 17 pulgadas), 11 por 15 pulgadas, tarjeta (3.5 por 2 pulgadas), etiqueta adhesiva (4 por 4 pulgadas), imagen para una pantalla",
	} {
		if got := sizes("us-station", lang); got != want {
			t.Errorf("%s: %s; want %s", lang, got, want)
		}
	}
	p, _ := s.Programs.Program("ms")
	for i := range p.Notices {
		if p.Notices[i].ID == "ms-voluntary" {
			p.Notices[i].Paper, p.Notices[i].Required, p.Notices[i].Spots = program.Paper{Width: 8.5 * 72, Height: 11 * 72}, true, []string{"entrance"}
		}
	}
	if got := sizes("ms-voluntary", "en"); got != "letter (8.5 by 11 inches), tabloid (11 by 17 inches), 11 by 15 inches" {
		t.Errorf("of one that must be as large as a letter: %s", got)
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
