// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/release"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
)

// one is a world on SQLite alone, for what hangs on no engine.
func one(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	db, clock := storetest.SQLite(t, []store.Schema{approval.Schema(), release.Schema(), things})
	return makeWorld(t, db, clock)
}

// The public's pages are sound in both languages, need no script, tell what is
// counted and how to check it, and hold nothing of what is not published.
func TestPublicPages(t *testing.T) {
	w := one(t)
	w.fill()
	spec := byFamily
	spec.Where = map[string]string{"place": "a"}
	money := figure.Spec{Measure: "money_found", Rows: "month", Columns: "family"}
	r := w.publish(w.draft("102 people were met", byFamily, spec, money).ID)
	w.draft("A secret draft", byFamily)
	w.checkpoint()
	c := webtest.Server(t, w.Site, w.Room().Routes, guard)
	for _, lang := range []string{"en", "es"} {
		for _, page := range []string{"", fmt.Sprintf("/%d", r.Number)} {
			d := c.GetDoc("/ms/" + lang + "/figures" + page)
			if d.Status != 200 {
				t.Fatalf("%s%s: %d %s", lang, page, d.Status, d.Body)
			}
			for _, p := range webtest.Problems(d) {
				t.Errorf("%s%s: %s", lang, page, p)
			}
			if !strings.Contains(d.Main(), "102 people were met") || strings.Contains(d.Body, "secret") || d.One("a", "href", "/exit") == nil {
				t.Errorf("%s%s: %s", lang, page, d.Main())
			}
			if title := d.Title(); title != map[string]string{"en": "Figures", "es": "Cifras"}[lang] {
				t.Errorf("the tab says %q", title)
			}
		}
		d := c.GetDoc(fmt.Sprintf("/ms/%s/figures/%d", lang, r.Number))
		if len(d.All("svg", "role", "img")) != 3 || len(d.All("table")) != 3 {
			t.Errorf("%d charts, %d tables", len(d.All("svg", "role", "img")), len(d.All("table")))
		}
		for _, want := range []string{r.DocumentHash, r.TreeRoot, "Each person whom somebody met", "$4,938"} {
			if !strings.Contains(d.Main(), want) {
				t.Errorf("%s: there is no %q", lang, want)
			}
		}
		csv := c.GetDoc(fmt.Sprintf("/ms/%s/figures/%d/figures.csv", lang, r.Number))
		if !strings.Contains(csv.Body, "People met,2026-09-01,2026-10-31,North,,40,persons,exact,") && lang == "en" {
			t.Errorf("%s", csv.Body)
		}
		pdf := c.GetDoc(fmt.Sprintf("/ms/%s/figures/%d/sheet.pdf", lang, r.Number))
		if !strings.HasPrefix(pdf.Body, "%PDF-1.7") || strings.Count(pdf.Body, "/Type /Page ") != 1 || !strings.Contains(pdf.Body, "/Lang ("+lang+")") {
			t.Errorf("%d: not a page to print", pdf.Status)
		}
		if got := c.GetDoc(fmt.Sprintf("/ms/%s/figures/%d/report", lang, r.Number)); got.Status != 404 {
			t.Errorf("a report of no set: %d", got.Status)
		}
	}
	if got := c.GetDoc(fmt.Sprintf("/ms/en/figures/%d/figures.json", r.Number)); got.Body != r.Document {
		t.Error("the file is not what was frozen")
	}
	for _, page := range []string{"2", "0", "-1", "01", "x", "99999999999999999999"} {
		if got := c.GetDoc("/ms/en/figures/" + page); got.Status != 404 {
			t.Errorf("%s: %d", page, got.Status)
		}
	}
}

// A report fills a set from a release: numbers, or plainly that they are not collected.
func TestReportToTheLegislature(t *testing.T) {
	w := one(t)
	w.fill()
	for _, set := range w.Sets() {
		r, err := w.Make(as(t.Context(), ana), release.Plan{Headline: headline("102 people were met"), From: "2026-09-01", Through: "2026-10-31", Set: set.ID,
			Specs: []figure.Spec{{Measure: "people_met", Rows: "family", From: "2026-09-01", Through: "2026-10-31"}}})
		w.must(err)
		r = w.publish(r.ID)
		w.clock.Advance(1)
		c := webtest.Server(t, w.Site, w.Room().Routes, guard)
		for _, lang := range []string{"en", "es"} {
			at := fmt.Sprintf("/ms/%s/figures/%d", lang, r.Number)
			d := c.GetDoc(at + "/report")
			for _, p := range webtest.Problems(d) {
				t.Errorf("%s in %s: %s", set.ID, lang, p)
			}
			for _, want := range []string{set.Title[lang], w.Site.Catalog.T(lang, "release.not_here"), w.Site.Catalog.T(lang, "release.nobody"), w.Site.Catalog.T(lang, "release.unverified")} {
				if !strings.Contains(d.Main(), want) {
					t.Errorf("%s in %s lacks %q", set.ID, lang, want)
				}
			}
			if pdf := c.GetDoc(at + "/report.pdf"); !strings.HasPrefix(pdf.Body, "%PDF-1.7") {
				t.Errorf("%s in %s: %d", set.ID, lang, pdf.Status)
			}
			if csv := c.GetDoc(at + "/indicators.csv"); strings.Count(csv.Body, "\n") != len(set.Indicators)+1 {
				t.Errorf("%s in %s: %s", set.ID, lang, csv.Body)
			}
		}
	}
}

// The words for the public are no harder than the eighth grade.
func TestReading(t *testing.T) {
	t.Parallel()
	site := webtest.Site(t, figure.Strings(), release.Strings())
	webtest.CheckReading(t, site.Catalog, 8, "release.", "figure.note", "figure.chart", "error.release")
}

// A figure that is hidden gives no list of rows, whether it is small or protects one that
// is; a shown one does, and a total lists the rows of all its parts.
func TestWhatIsHiddenGivesNoRows(t *testing.T) {
	w := one(t)
	for family, n := range map[string]int{"north": 40, "south": 30, "east": 3, "west": 25, "": 60} {
		w.put(n, "2026-09-10", family, "a", "confirmed")
	}
	w.checkpoint()
	r, err := w.Check(as(t.Context(), ana), w.draft("158 people were met", byFamily).ID)
	w.must(err)
	c := webtest.Server(t, w.Site, w.Room().Routes, guard)
	c.Header.Set("Test-Member", "ana")
	hidden := 0
	table := w.document(r).Tables[0]
	for i, head := range table.RowHeads {
		want := 200
		if table.Entries[i][0].State == figure.Withheld {
			want = 403
			hidden++
		}
		for _, page := range []string{"/rows", "/rows.csv"} {
			if got := c.GetDoc(fmt.Sprintf("/staff/releases/%s%s?table=1&row=%s", r.ID, page, head.Value)); got.Status != want || want == 403 && strings.Contains(got.Body, "/staff/thing/") {
				t.Errorf("%s of %s: %d, not %d", page, head.Value, got.Status, want)
			}
		}
	}
	if total := c.GetDoc(fmt.Sprintf("/staff/releases/%s/rows?table=1", r.ID)); hidden < 2 || total.Status != 200 || !strings.Contains(total.Body, "Met in the family") {
		t.Errorf("%d hidden; the total: %d", hidden, total.Status)
	}
}

// That rows behind hidden figures changed is not told: nobody was shown them.
func TestNothingIsSaidOfHiddenChanges(t *testing.T) {
	w := one(t)
	ctx := as(t.Context(), ana)
	for family, n := range map[string]int{"north": 40, "south": 30, "east": 3, "west": 25, "": 60} {
		w.put(n, "2026-09-10", family, "a", "confirmed")
	}
	w.checkpoint()
	r := w.publish(w.draft("158 people were met", byFamily).ID)
	move := func(from, to string) {
		t.Helper()
		w.must(w.db.Write(ctx, func(tx *store.Tx) error {
			var id store.ID
			if err := tx.QueryRow(ctx, `select id from thing where program = 'ms' and family = $1 order by id limit 1`, from).Scan(&id); err != nil {
				return err
			}
			if _, err := tx.Exec(`update thing set family = $1 where program = 'ms' and id = $2`, to, id); err != nil {
				return err
			}
			if err := tx.Touch("thing", "ms", id); err != nil {
				return err
			}
			tx.Log(custody.Entry{Program: "ms", Event: "test.moved", Record: "things", Actor: "system"})
			return nil
		}))
		w.must(w.Compare(ctx, r.ID))
	}
	other := ""
	table := w.document(r).Tables[0]
	for i, head := range table.RowHeads {
		if table.Entries[i][0].State == figure.Withheld && head.Value != "east" {
			other = head.Value
		}
	}
	c := webtest.Server(t, w.Site, w.Room().Routes, guard)
	page := fmt.Sprintf("/ms/en/figures/%d", r.Number)
	move("east", other)
	if got := c.GetDoc(page).Main(); strings.Contains(got, "have changed since") {
		t.Error("a change between two hidden figures is told")
	}
	move("north", other)
	if got := c.GetDoc(page).Main(); !strings.Contains(got, "have changed since") {
		t.Error("a change of a shown figure is not told")
	}
}

// The staff's way through the forms: what is refused keeps what was typed, and a
// figure leads to its rows, for who may see them.
func TestStaffPages(t *testing.T) {
	w := one(t)
	w.fill()
	c := webtest.Server(t, w.Site, append(w.Room().Routes, w.approve.Room().Routes...), guard)
	c.Header.Set("Test-Member", "ana")
	wrong := c.PostForm("/staff/releases", url.Values{"headline_en": {"Only English"}, "from": {"2026-09-01"}, "through": {"2026-10-31"}})
	if wrong.Status != 400 || !strings.Contains(wrong.Body, "Only English") || !strings.Contains(wrong.Main(), "in every language") {
		t.Errorf("%d %s", wrong.Status, wrong.Main())
	}
	made := c.PostForm("/staff/releases", url.Values{"headline_en": {"102 people were met"}, "headline_es": {"Se vio a 102 personas"}, "from": {"2026-09-01"}, "through": {"2026-10-31"}})
	at := made.Header.Get("Location")
	if made.Status != 303 || !strings.HasPrefix(at, "/staff/releases/") {
		t.Fatalf("%d %s", made.Status, made.Body)
	}
	if got := c.PostForm(at+"/check", nil); got.Status != 400 || !strings.Contains(got.Main(), "at least one table") {
		t.Errorf("checked without a table: %d %s", got.Status, got.Main())
	}
	form := c.GetDoc(at + "?measure=people_met").Values(at + "/table")
	form.Set("rows", "family")
	if got := c.PostForm(at+"/table", form); got.Status != 303 {
		t.Fatalf("%d %s", got.Status, got.Main())
	}
	form.Set("rows", "place")
	form.Set("columns", "place")
	if got := c.PostForm(at+"/table", form); got.Status != 400 || !strings.Contains(got.Main(), "cannot be divided in that way") {
		t.Errorf("%d %s", got.Status, got.Main())
	}
	for _, act := range []string{"check", "ask"} {
		if got := c.PostForm(at+"/"+act, nil); got.Status != 303 {
			t.Fatalf("%s: %d %s", act, got.Status, got.Main())
		}
	}
	page := c.GetDoc(at)
	for _, p := range append(webtest.Problems(page), webtest.Problems(c.GetDoc("/staff/releases"))...) {
		t.Error(p)
	}
	var drill string
	for _, a := range page.All("a") {
		if strings.Contains(a.Attr["href"], "row=north") {
			drill = a.Attr["href"]
		}
	}
	rows := c.GetDoc(drill)
	if drill == "" || rows.Status != 200 || strings.Count(rows.Body, "Met in the family north") != 40 || !strings.Contains(rows.Body, `href="/staff/thing/`) {
		t.Errorf("%s: %d %s", drill, rows.Status, rows.Main())
	}
	for _, p := range append(webtest.Problems(rows), webtest.Problems(c.GetDoc("/staff/measures"))...) {
		t.Error(p)
	}
	for path, want := range map[string]int{"/rows?table=1&row=nobody": 400, "/rows?table=9": 400, "/rows?table=1&row=north&after=" + strings.Repeat("x", 600): 400, "/rows.csv?table=1&row=north": 200} {
		if got := c.GetDoc(at + path); got.Status != want {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	c.Header.Set("Test-Member", "cora")
	if got := c.PostForm(at+"/check", nil); got.Status != 403 {
		t.Errorf("an auditor checks: %d", got.Status)
	}
	if got := c.GetDoc(at); got.Status != 200 || got.One("form", "action", at+"/check") != nil {
		t.Errorf("an auditor's page: %d", got.Status)
	}
}
