// SPDX-License-Identifier: Apache-2.0

package printrun_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/prevention/campaign"
	"waylight/internal/prevention/code"
	"waylight/internal/prevention/printrun"
)

// All sheets of a run carry its one code, whenever they are printed, and say of which run
// they are and when they were printed. Each act is an entry.
func TestOneCodeForAll(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		before := w.leaves()
		r := w.make(func(d *printrun.Draft) { d.Each = true })
		k, err := w.codes.Get(t.Context(), w.db, here, r.Code)
		check(t, err)
		if k.Kind != code.Batch || k.Subject != r.ID || !k.On || !k.Small || k.Where() != "a truck stop of the tests, Hinds County, Mississippi" {
			t.Errorf("the code is %+v, %s", k, k.Where())
		}
		link := "HTTPS://TIPS.EXAMPLE.GOV/Q/" + k.Text
		for i, copies := range []int{2, 1} {
			w.clock.Advance(48 * time.Hour)
			got, err := w.print(r, copies)
			check(t, err)
			pages, codes := read(t, got)
			if len(pages) != 2*copies || codes != strings.TrimSpace(strings.Repeat(link+"\n", 2*copies)) {
				t.Errorf("print %d: %d pages with the codes %q", i+1, len(pages), codes)
			}
			mark := fmt.Sprintf("a truck stop of the tests, print run, %s · %s · test-sign 1", w.clock.Now().Format(time.DateOnly), k.Text)
			for n, page := range pages {
				heading := []string{"Help is near", "Hay ayuda"}[n/copies]
				if said := strings.Join(strings.Fields(page), " "); !strings.Contains(said, mark) || !strings.Contains(said, heading) || !strings.Contains(said, "8 to 5") {
					t.Errorf("print %d, page %d says %q; want %q and %q", i+1, n+1, said, mark, heading)
				}
			}
		}
		check(t, w.Switch(t.Context(), head, r.ID, false))
		check(t, w.Switch(t.Context(), head, r.ID, false)) // changes nothing
		check(t, w.Switch(t.Context(), head, r.ID, true))
		if got := w.leaves() - before; got != 5 {
			t.Errorf("made, printed twice, switched off and on: %d entries", got)
		}
		w.as(ana).Look("/staff/runs/"+r.ID.String(), "Somebody", "as it would be printed today", "English, Español, a sheet each", link)
	})
}

// What cannot be printed makes no code, and why is said in the words of the press.
func TestRefusedBeforeACodeIsMade(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		none := func(d printrun.Draft, want error, field, says string) {
			t.Helper()
			_, err := w.Make(t.Context(), head, d)
			f, ok := fault.As(err)
			if !ok || want != nil && !errors.Is(err, want) || f.Field != field || !strings.Contains(f.Message, says) {
				t.Errorf("%+v: %v %+v; want %q about %q", d, err, f, says, field)
			}
		}
		for field, change := range map[string]func(*printrun.Draft){
			"place":     func(d *printrun.Draft) { d.Place = "" },
			"county":    func(d *printrun.Draft) { d.County = "47157" }, // of another state
			"notice":    func(d *printrun.Draft) { d.Notice = "none" },
			"paper":     func(d *printrun.Draft) { d.Paper = "screen" },
			"copies":    func(d *printrun.Draft) { d.Copies = 1001 },
			"partner":   func(d *printrun.Draft) { d.Partner = "two\nlines" },
			"languages": func(d *printrun.Draft) { d.Languages = []string{"en", "es", "vi"} },
			"campaign":  func(d *printrun.Draft) { d.Campaign = store.NewID() },
		} {
			none(draft(change), nil, field, "")
		}
		none(draft(func(d *printrun.Draft) { d.Place = "Call 601-555-0100" }), nil, "place", "telephone number")
		none(draft(func(d *printrun.Draft) { d.Place = "Depot ☃" }), printrun.ErrRefused, "", "U+2603")
		none(draft(func(d *printrun.Draft) { d.Languages = []string{"es"} }), printrun.ErrRefused, "", `"en"`)
		none(draft(func(d *printrun.Draft) { d.Languages, d.Each = []string{"es", "ko"}, true }), printrun.ErrRefused, "", `"en"`)
		w.pack.Notices[0].Paper = program.Paper{Width: 612, Height: 792}
		none(draft(func(d *printrun.Draft) { d.Paper = "card" }), printrun.ErrRefused, "", "smaller than the notice asks for")
		w.unproved = true
		none(draft(), printrun.ErrRefused, "", "nobody has verified")
		var n int
		check(t, w.db.QueryRow(t.Context(), `select count(*) from code`).Scan(&n))
		if n != 0 || w.leaves() != 0 {
			t.Errorf("%d codes were made, and %d entries", n, w.leaves())
		}
	})
}

// The list tells which runs hang with what is not said any more.
func TestTheListTellsWhatIsOutOfDate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r, reader := w.make(), w.as(ana)
		stands := func(want string) {
			t.Helper()
			for _, page := range []string{"/staff/runs", "/staff/runs/" + r.ID.String(), "/staff/runs.csv"} {
				if got := reader.GetDoc(page); !strings.Contains(got.Body, want) {
					t.Errorf("%s does not say %q", page, want)
				}
			}
		}
		again := func() {
			t.Helper()
			_, err := w.print(r, 1)
			check(t, err)
			stands("as it would be printed today")
		}
		stands("not printed yet")
		again()
		w.pack.Notices[0].Version = "2"
		stands("older version of the notice")
		again()
		w.number = "112"
		stands("says something else now")
		again()
		w.hours = "9 to 5"
		stands("says something else now")
		again()
		w.unproved = true
		stands("cannot be printed now")
		reader.Look("/staff/runs/"+r.ID.String(), "nobody has verified the channel")
		if _, err := w.print(r, 1); !errors.Is(err, printrun.ErrRefused) {
			t.Errorf("it was printed: %v", err)
		}
		w.unproved = false
		w.clock.Advance(365 * 24 * time.Hour)
		stands("nobody has looked at the notice for a year")
		w.pack.Notices[0].CheckedOn = w.clock.Now().Format(time.DateOnly)
		stands("as it would be printed today")
		w.pack.Notices[0].To = w.clock.Now().AddDate(0, 0, -1)
		stands("cannot be printed now")
		w.pack.Notices = nil
		stands("cannot be printed now")
	})
}

// A run for which nobody chose languages follows the law: one that is added later stands on
// the next sheets. What somebody chose stays what they chose, and is refused where the law asks for more.
func TestLanguagesThatNobodyChoseFollowTheLaw(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		left, chosen := w.make(), w.make(func(d *printrun.Draft) { d.Languages = []string{"en", "es"} })
		c := w.as(ana)
		_, err := w.print(left, 1)
		check(t, err)
		w.pack.Notices[0].Languages = []string{"en", "es", "ko"}
		page := "/staff/runs/" + left.ID.String()
		c.Look(page, "English, Español, 한국어", "says something else now")
		got, err := w.print(left, 1)
		check(t, err)
		if pages, _ := read(t, got); !strings.Contains(strings.Join(pages, " "), "도움이") {
			t.Errorf("the sheets say %q", pages)
		}
		c.Look(page, "as it would be printed today")
		c.Look("/staff/runs/"+chosen.ID.String(), "English, Español", "cannot be printed now")
		if _, err := w.print(chosen, 1); !errors.Is(err, printrun.ErrRefused) || !strings.Contains(err.Error(), `"ko"`) {
			t.Errorf("what was chosen is printed without what the law asks for: %v", err)
		}
		if list := c.GetDoc("/staff/runs.csv").Body; !strings.Contains(list, ",en es ko,") || !strings.Contains(list, ",en es,") {
			t.Errorf("the download says %s", list)
		}
		w.pack.Notices = nil
		c.Look(page, "cannot be printed now")
	})
}

// A code that is switched off is printed on nothing, and its page says what to do.
func TestSwitchedOffPrintsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r, c := w.make(), w.as(head)
		page := "/staff/runs/" + r.ID.String()
		c.Look(page, "SVG", "PNG")
		for _, form := range []string{"svg", "png"} {
			if d := c.GetDoc(page + "/code." + form); d.Status != http.StatusOK || !strings.HasPrefix(d.Header.Get("Content-Type"), "image/"+form) {
				t.Errorf("%s: %d %v", form, d.Status, d.Header)
			}
		}
		if d := c.PostForm(page+"/switch", url.Values{"to": {"off"}}); d.Status != http.StatusOK && d.Status != http.StatusSeeOther {
			t.Fatalf("switching off: %d", d.Status)
		}
		c.Look(page, "switched off", "nothing can be printed")
		if d := c.GetDoc(page + "/code.png"); d.Status != http.StatusConflict || !strings.Contains(d.Main(), "Switch the code on first") {
			t.Errorf("a picture: %d %s", d.Status, d.Main())
		}
		d := c.PostForm(page+"/print", url.Values{"copies": {"2"}})
		if d.Status != http.StatusConflict || !strings.Contains(d.Main(), "switched off") || !strings.Contains(d.Main(), "Nothing was printed") {
			t.Errorf("%d: %s", d.Status, d.Main())
		}
		c.Look("/staff/runs", "code off")
		if d := c.PostForm(page+"/print", url.Values{"copies": {"many"}}); d.Status != http.StatusBadRequest {
			t.Errorf("many copies: %d", d.Status)
		}
		if d := c.PostForm(page+"/switch", url.Values{"to": {"sideways"}}); d.Status != http.StatusBadRequest {
			t.Errorf("switching sideways: %d", d.Status)
		}
	})
}

// Runs are found by place, code, partner, notice and campaign, page by page, and each once.
func TestListIsSearchedAndPaged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		both := form.Text{"en": "A month", "es": "Un mes"}
		made, err := w.campaigns.Make(t.Context(), admin, "mcaht", campaign.Details{Slug: "a-month", Title: both, Text: both, First: "2026-11-01", Last: "2026-12-01"})
		check(t, err)
		for i := range 53 {
			w.make(func(d *printrun.Draft) {
				if d.Place = fmt.Sprintf("Salon %d of the tests", i); i == 7 {
					d.Campaign, d.Partner = made.ID, "Board of salons"
				}
			})
		}
		c := w.as(head)
		rows := func(page string) []string {
			var out []string
			for _, a := range c.GetDoc(page).All("a") {
				if strings.HasPrefix(a.Attr["href"], "/staff/runs/") && !strings.HasSuffix(a.Attr["href"], "/new") {
					out = append(out, a.Attr["href"])
				}
			}
			return out
		}
		first := c.GetDoc("/staff/runs")
		all := append(rows("/staff/runs"), rows(first.One("a", "rel", "next").Attr["href"])...)
		slices.Sort(all)
		slices.Sort(all)
		if len(slices.Compact(all)) != 53 {
			t.Errorf("two pages show %d runs", len(all))
		}
		for query, want := range map[string]int{"q=salon+7+of": 1, "q=BOARD": 1, "campaign=" + made.ID.String(): 1, "notice=test-sign&q=Salon+5": 4, "notice=none": 0, "q=100%25": 0} {
			if got := len(rows("/staff/runs?" + query)); got != want {
				t.Errorf("%s: %d runs, want %d", query, got, want)
			}
		}
		before := w.leaves()
		if lines := strings.Count(c.GetDoc("/staff/runs.csv?q=salon").Body, "\r\n"); lines != 54 || w.leaves() != before+1 {
			t.Errorf("the download has %d lines, and makes %d entries", lines, w.leaves()-before)
		}
		c.Look("/staff/runs?q=board", "Board of salons, A month")
		stranger := head
		stranger.Office = "mdcps" // neither leads the campaign nor takes part in it
		if body := w.as(stranger).GetDoc("/staff/runs?q=board").Body; strings.Contains(body, "A month") || !strings.Contains(body, "a campaign") {
			t.Error("an office reads the title of a campaign that it takes no part in")
		}
	})
}

// Who may not read or make runs learns nothing of them, and counts are for who may read
// counts; of a campaign they are added to the others.
func TestWhoMayDoWhat(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		both := form.Text{"en": "A month", "es": "Un mes"}
		made, err := w.campaigns.Make(t.Context(), admin, "mcaht", campaign.Details{Slug: "a-month", Title: both, Text: both, First: "2026-11-01", Last: "2026-12-01"})
		check(t, err)
		r := w.make(func(d *printrun.Draft) { d.Campaign = made.ID })
		k, err := w.codes.Get(t.Context(), w.db, here, r.Code)
		check(t, err)
		for range 9 {
			w.codes.Count(k, "en")
		}
		check(t, w.codes.Flush(t.Context()))
		w.clock.Advance(8 * 24 * time.Hour)
		page := "/staff/runs/" + r.ID.String()
		w.as(auditor).Look(page, "fewer than 5", "9")
		if body := w.as(head).GetDoc(page).Body; strings.Contains(body, "Counts") {
			t.Error("who may not read counts is shown them")
		}
		if facts := w.as(auditor).GetDoc("/staff/campaigns/" + made.ID.String()).Main(); !strings.Contains(facts, "Scans in these weeks 9") {
			t.Errorf("the campaign does not count the scans of its run: %s", facts)
		}
		figuresReader := person(policy.RoleFigures)
		if _, _, err := w.List(t.Context(), figuresReader, printrun.Filter{Limit: 1}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("who may not read runs: %v", err)
		}
		for _, m := range []string{"GET /staff/runs/new", "POST " + page + "/print", "POST " + page + "/switch", "POST /staff/runs/new"} {
			method, path, _ := strings.Cut(m, " ")
			d := w.as(ana).Do(method, path, "application/x-www-form-urlencoded", strings.NewReader("to=off"))
			if d.Status != http.StatusForbidden {
				t.Errorf("%s as who may only read: %d", m, d.Status)
			}
		}
		if d := w.as(head).GetDoc("/staff/runs/" + store.NewID().String()); d.Status != http.StatusNotFound {
			t.Errorf("a run that is not there: %d", d.Status)
		}
	})
}

// What was typed is still there when a run is refused.
func TestTypedIsKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.as(head)
		d := c.PostForm("/staff/runs/new", url.Values{"place": {"a bar of the tests"}, "county": {"28049"}, "notice": {"test-sign"}, "paper": {"a4"}, "languages": {"ko"}, "copies": {"5"}, "partner": {"Bars"}})
		if d.Status != http.StatusConflict || !strings.Contains(d.Main(), "Nothing was printed") {
			t.Fatalf("%d: %s", d.Status, d.Main())
		}
		got := d.Values("/staff/runs/new")
		for field, want := range map[string]string{"place": "a bar of the tests", "county": "28049", "paper": "a4", "languages": "ko", "copies": "5", "partner": "Bars", "small": ""} {
			if got.Get(field) != want {
				t.Errorf("%s is %q, want %q", field, got.Get(field), want)
			}
		}
		d = c.PostForm("/staff/runs/new", url.Values{"place": {"a bar of the tests"}, "notice": {"test-sign"}, "paper": {"a4"}, "copies": {"5"}, "campaign": {"x"}})
		if d.Status != http.StatusBadRequest || !strings.Contains(d.Main(), "Choose a campaign") {
			t.Errorf("%d: %s", d.Status, d.Main())
		}
		d = c.PostForm("/staff/runs/new", url.Values{"place": {"a bar of the tests"}, "notice": {"test-sign"}, "paper": {"a4"}, "copies": {"5"}})
		if d.Status != http.StatusSeeOther && !strings.Contains(d.Main(), "Nothing is printed yet") {
			t.Errorf("%d: %s", d.Status, d.Main())
		}
	})
}
