// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/placement"
	"waylight/internal/prevention/poster"
	"waylight/programs"
)

// pressed is a world that prints the notices that are shipped. verified says which
// channels somebody called.
func pressed(t *testing.T, verified func(channel string) bool) *world {
	w := served(t)
	set, err := program.Load(programs.FS)
	check(t, err)
	p, _ := set.Program(here)
	w.pack.Notices = p.Notices
	w.Printer = &placement.Printer{Press: poster.NewPress(), Origin: "https://tip.example.gov", Specimen: func(string) string { return "" },
		Lines: func(string) func(string) (program.Channel, bool) {
			return func(id string) (program.Channel, bool) { return p.Channels[id], verified(id) }
		}}
	return w
}

// pages are the texts of a document's pages.
func pages(t *testing.T, document string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sheets.pdf")
	check(t, os.WriteFile(file, []byte(document), 0o600))
	out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatalf("pdftotext: %v; install it with: sudo apt-get install -y poppler-utils", err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\f"), "\f")
}

// linked are the addresses of a page's links that begin so.
func linked(doc *webtest.Doc, begin string) (out []string) {
	for _, a := range doc.All("a") {
		if strings.HasPrefix(a.Attr["href"], begin) {
			out = append(out, a.Attr["href"])
		}
	}
	return out
}

// A network is printed in parts. Each sheet carries its own code and place, and what
// cannot be printed is named with its reason instead of being left out.
func TestNetworkIsPrintedInParts(t *testing.T) {
	t.Parallel()
	w := pressed(t, func(string) bool { return true })
	codes := map[string]string{}
	for i := range 203 {
		p := w.plan(w.place("name", fmt.Sprintf("Stop %03d", i)), "restroom")
		codes[p.Code.Text] = fmt.Sprintf("Stop %03d", i)
	}
	c := w.serve(t, w.head)
	doc := c.GetDoc("/staff/placements/print?notice=us-station")
	links := linked(doc, "/staff/placements/print.pdf")
	if doc.Status != http.StatusOK || len(links) != 2 || !strings.Contains(doc.Main(), "Sheets 1 to 200") || !strings.Contains(doc.Main(), "Sheets 201 to 203") {
		t.Fatalf("%d, %d parts: %s", doc.Status, len(links), doc.Main())
	}
	seen := 0
	for i, want := range []int{200, 3} {
		first := c.GetDoc(links[i])
		if again := c.GetDoc(links[i]); first.Body != again.Body {
			t.Errorf("part %d is another one the second time", i+1)
		}
		list := pages(t, first.Body)
		if len(list) != want {
			t.Errorf("part %d has %d pages", i+1, len(list))
		}
		for _, page := range list {
			for code, place := range codes {
				if strings.Contains(page, "tip.example.gov/q/"+code) {
					if seen++; !strings.Contains(page, place) {
						t.Errorf("the sheet with the code of %s does not name it: %s", place, page)
					}
				}
			}
		}
	}
	if seen != len(codes) {
		t.Errorf("%d of %d codes stand on sheets", seen, len(codes))
	}
}

// A code that was switched off stops the part that its sheet is in, by name, and an
// archive holds a document for each sheet.
func TestSwitchedOffCodeIsNotPrinted(t *testing.T) {
	t.Parallel()
	w := pressed(t, func(string) bool { return true })
	a, b := w.plan(w.place("name", "Alder"), "restroom"), w.plan(w.place("name", "Birch"), "restroom")
	c := w.serve(t, w.head)
	address := "/staff/placements/print"
	archive := c.GetDoc(linked(c.GetDoc(address), "/staff/placements/print.zip")[0])
	z, err := zip.NewReader(strings.NewReader(archive.Body), int64(len(archive.Body)))
	check(t, err)
	if len(z.File) != 2 || !strings.Contains(z.File[0].Name, "us-station") {
		t.Errorf("the archive: %v", z.File)
	}
	link := linked(c.GetDoc(address), "/staff/placements/print.pdf")[0]
	// Somebody who answers for codes switches it off: this room's own row does not know.
	check(t, w.db.Write(t.Context(), func(tx *store.Tx) error { return codes{}.Switch(t.Context(), tx, here, b.Code.ID, false, "") }))
	doc := c.GetDoc(address)
	if len(linked(doc, "/staff/placements/print.pdf")) > 0 || !strings.Contains(doc.Main(), "Birch") || !strings.Contains(doc.Main(), "switched off") {
		t.Errorf("the page offers it all the same: %s", doc.Main())
	}
	if refused := c.GetDoc(link); refused.Status != http.StatusConflict || strings.HasPrefix(refused.Body, "%PDF") {
		t.Errorf("the part: %d", refused.Status)
	}
	if one := c.GetDoc("/staff/placements/sheet/" + b.ID.String()); one.Status != http.StatusConflict {
		t.Errorf("the sheet: %d", one.Status)
	}
	if one := c.GetDoc("/staff/placements/sheet/" + a.ID.String()); one.Status != http.StatusOK || !strings.HasPrefix(one.Body, "%PDF") {
		t.Errorf("the other sheet: %d", one.Status)
	}
	check(t, w.SwitchCode(t.Context(), w.head, a.ID, false))
	check(t, w.db.Write(t.Context(), func(tx *store.Tx) error { return codes{}.Switch(t.Context(), tx, here, a.Code.ID, true, "") }))
	if one := c.GetDoc("/staff/placements/sheet/" + a.ID.String()); one.Status != http.StatusOK {
		t.Errorf("a sheet whose code was switched on again where codes are kept: %d", one.Status)
	}
	if none := c.GetDoc("/staff/placements/sheet/" + store.NewID().String()); none.Status != http.StatusNotFound {
		t.Errorf("no sheet: %d", none.Status)
	}
}

// A number that nobody verified is not printed, whoever asks.
func TestUnverifiedNumberIsNotPrinted(t *testing.T) {
	t.Parallel()
	w := pressed(t, func(channel string) bool { return channel != "national-hotline" })
	p := w.plan(w.place("name", "Alder"), "restroom")
	c := w.serve(t, w.head)
	if doc := c.GetDoc("/staff/placements/print"); !strings.Contains(doc.Main(), "national-hotline") || len(linked(doc, "/staff/placements/print.pdf")) > 0 {
		t.Errorf("the page: %s", doc.Main())
	}
	if one := c.GetDoc("/staff/placements/sheet/" + p.ID.String()); one.Status != http.StatusConflict {
		t.Errorf("the sheet: %d", one.Status)
	}
}

// What cannot be printed is listed up to two hundred sheets, and the others are counted:
// none of their files is offered. Who went away is not worked for.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	w := pressed(t, func(channel string) bool { return channel != "national-hotline" })
	if _, err := w.AddStations(t.Context(), w.head, "all"); err != nil {
		t.Fatal(err)
	}
	w.batch(placement.BatchPlan, placement.Spec{Notice: "us-station", Spots: []string{"restroom"}}, 531, 0)
	parts, err := w.Parts(t.Context(), w.head, placement.Printing{})
	check(t, err)
	if len(parts) != 3 || len(parts[0].Refused) != 200 || parts[0].More+len(parts[1].Refused)+len(parts[2].Refused) != 0 || parts[1].More != 200 || parts[2].More != 131 {
		t.Errorf("%d parts", len(parts))
	}
	doc := w.serve(t, w.head).GetDoc("/staff/placements/print")
	if len(linked(doc, "/staff/placements/print.")) > 0 || !strings.Contains(doc.Main(), "531 cannot be printed") || !strings.Contains(doc.Main(), "131 sheets, which are not listed") {
		t.Errorf("the page: %.500s", doc.Main())
	}
	ctx, cancel := context.WithCancel(t.Context())
	looked := 0
	w.Printer.Specimen = func(string) string {
		if looked++; looked == 2 {
			cancel()
		}
		return ""
	}
	if _, err := w.Parts(ctx, w.head, placement.Printing{}); !errors.Is(err, context.Canceled) || looked > 3 {
		t.Errorf("after somebody went away %d sheets were looked at: %v", looked, err)
	}
}

// A sheet in some of the languages prints while the others at the same spot carry the rest
// of those that the notice must be in.
func TestSheetsCoverLanguagesTogether(t *testing.T) {
	t.Parallel()
	w := pressed(t, func(string) bool { return true })
	for i := range w.pack.Notices {
		w.pack.Notices[i].Languages = []string{"en", "es"}
	}
	at := w.place("name", "Alder")
	add := func(at placement.Place, spot, lang string) placement.Placement {
		p, wrong, err := w.Add(t.Context(), w.head, placement.Draft{Place: at.ID, Notice: "us-station", Spot: spot, Languages: []string{lang}})
		if err != nil {
			t.Fatal(err, wrong)
		}
		return p
	}
	c := w.serve(t, w.head)
	print := func(p placement.Placement) int { return c.GetDoc("/staff/placements/sheet/" + p.ID.String()).Status }
	en := add(at, "restroom", "en")
	add(at, "platform", "es")
	add(w.place("name", "Birch"), "restroom", "es")
	add(at, "restroom", "vi")
	if got := print(en); got != http.StatusConflict {
		t.Errorf("English alone: %d", got)
	}
	es := add(at, "restroom", "es")
	if print(en) != http.StatusOK || print(es) != http.StatusOK {
		t.Errorf("English %d and Spanish %d beside each other", print(en), print(es))
	}
	w.step(es, placement.Removed)
	if got := print(en); got != http.StatusConflict {
		t.Errorf("English after Spanish is gone: %d", got)
	}
}

// A sheet for a screen is a picture, and in no file of sheets.
func TestScreenIsAPicture(t *testing.T) {
	t.Parallel()
	w := pressed(t, func(string) bool { return true })
	p, wrong, err := w.Add(t.Context(), w.head, placement.Draft{Place: w.place("name", "Alder").ID, Notice: "us-station", Spot: "screen", Paper: "screen"})
	if err != nil {
		t.Fatal(err, wrong)
	}
	c := w.serve(t, w.head)
	if doc := c.GetDoc("/staff/placements/print"); !strings.Contains(doc.Main(), "Nothing here fits") {
		t.Errorf("the page: %s", doc.Main())
	}
	picture, err := png.Decode(bytes.NewReader([]byte(c.GetDoc("/staff/placements/sheet/" + p.ID.String()).Body)))
	check(t, err)
	if size := picture.Bounds().Size(); size.X != 1920 || size.Y != 1080 {
		t.Errorf("the picture is %v", size)
	}
}

// What a campaign asks: sheets that wait, that hang, that were seen and looked for in
// a period, and the codes of those that hang.
func TestHungBetween(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.plan(w.place("name", "A"), "restroom")
		up := w.hang(w.place("name", "B"), "restroom")
		gone := w.step(w.hang(w.place("name", "C"), "restroom"), placement.Removed)
		day := w.clock.Now().In(w.pack.Zone)
		on := func(days int) string { return day.AddDate(0, 0, days).Format("2006-01-02") }
		count := func(first, last string, notices ...string) placement.Hung {
			h, err := w.HungBetween(t.Context(), w.db, here, notices, first, last)
			check(t, err)
			return h
		}
		if h := count(on(0), on(0), "us-station"); h.Planned != 1 || h.Up != 2 || h.Inspected != 0 || len(h.Codes) != 2 {
			t.Errorf("on the day itself: %+v", h)
		}
		if h := count(on(1), on(9), "us-station"); h.Planned != 1 || h.Up != 1 || len(h.Codes) != 1 || h.Codes[0] != up.Code.ID {
			t.Errorf("afterwards, %s being gone: %+v", gone.ID, h)
		}
		if h := count(on(-9), on(-1), "us-station"); h.Up+h.Planned != 0 {
			t.Errorf("before: %+v", h)
		}
		if h := count(on(0), on(0), "ms-voluntary"); h.Up+h.Planned != 0 {
			t.Errorf("another notice: %+v", h)
		}
		if h := count(on(0), on(0)); h.Up+h.Planned != 0 {
			t.Errorf("no notice: %+v", h)
		}
	})
}
