// SPDX-License-Identifier: Apache-2.0

package court

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

func (w *world) serve(as identity.Member) *webtest.Client {
	return webtest.Server(w.t, w.Site, w.Room().Routes, func(_ web.Access, h web.Handler) web.Handler {
		return func(rw http.ResponseWriter, r *http.Request) error {
			return h(rw, r.WithContext(identity.WithMember(r.Context(), as)))
		}
	})
}

// From an empty list to a request of restitution, as a person goes through it without scripts; every page holds to what pages must.
func TestAPersonGoesThroughACase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.serve(ann)
		post := func(path, says string, v ...string) *webtest.Doc {
			t.Helper()
			form := url.Values{}
			for i := 0; i+1 < len(v); i += 2 {
				form.Add(v[i], v[i+1])
			}
			doc := c.PostForm(path, form)
			if (says == "") != (doc.Status == http.StatusSeeOther) || says != "" && !strings.Contains(doc.Main(), says) {
				t.Errorf("%s %v: %d %.400s", path, v, doc.Status, doc.Main())
			}
			return doc
		}
		c.Look("/staff/court", "No case of your office fits")
		c.Look("/staff/court/new")
		post("/staff/court/new", "looks like 3:26-cr-00012", "docket", "Smith", "forum", Federal, "district", "MISSISSIPPI_NORTHERN")
		post("/staff/court/new", "Choose the federal district", "docket", "3:26-cr-12", "forum", Federal)
		at := post("/staff/court/new", "", "docket", "3:26-cr-12", "forum", Federal, "district", "MISSISSIPPI_NORTHERN").Header.Get("Location")
		c.Look(at, "Nobody is charged yet", "Northern District of Mississippi")
		c.Look(at+"/timeline", "No steps yet")
		c.Look(at + "/enter")
		for _, f := range forms {
			if hidden := c.Look(at+"/enter?step="+string(f.step)).One("input", "name", "step"); hidden == nil || hidden.Attr["value"] != string(f.step) {
				t.Errorf("the form of %s sends another step", f.step)
			}
		}
		enter := func(says string, v ...string) {
			t.Helper()
			post(at+"/enter", says, append(v, "key", store.NewID().String())...)
		}
		enter("no Charge before it", "step", "verdict", "day", "2026-05-04", "defendant", "1", "what", "guilty", "count", "1")
		enter("not a date", "step", "charged", "day", "soon", "defendant", "1", "what", "indictment", "count-1", "us-18-1591")
		enter("not tried in this court", "step", "charged", "day", "2026-03-02", "defendant", "1", "what", "indictment", "count-1", "ms-97-3-54-1")
		post(at+"/enter", "Open this page anew", "step", "charged", "day", "2026-03-02", "defendant", "1", "what", "indictment", "count-1", "us-18-1591")
		enter("", "step", "charged", "day", "2026-03-02", "defendant", "1", "what", "indictment", "count-1", "us-18-1591", "count-2", "us-18-1594")
		c.Look(at, "Nobody asked for restitution by defendant 1", "18 USC 1591", "Sex trafficking", "The victims are told", "7 days after 2026-03-02", "late", "not checked by counsel")
		c.Look(at+"/enter?step=plea&defendant=1", "Count 1, defendant 1: 18 USC 1591")
		enter("", "step", "plea", "day", "2026-05-04", "defendant", "1", "what", "guilty", "count", "1", "docket_entry", "41")
		enter("", "step", "sentence", "day", "2026-11-20", "defendant", "1", "what", "prison", "months", "180", "probation", "60")
		c.Look(at, "sentenced: prison, 180 months of prison, 60 months of supervision", "Dec 4, 2026")
		c.Look(at+"/worksheet?defendant=1", "Restitution worksheet")
		post(at+"/worksheet", "label such as Victim 1", "label", "Jane Doe", "defendant", "1")
		sheet := c.PostForm(at+"/worksheet", url.Values{"label": {"Victim 1"}, "defendant": {"1"}, "loss-medical": {"12,500.00"}, "from-1": {"2024-01-01"}, "weeks-1": {"10"}, "hours-1": {"84"}, "gross": {"9,000"}})
		if sheet.Status != http.StatusOK || !strings.Contains(sheet.Main(), "$21,500.00") || !strings.Contains(sheet.Main(), "$7,685.00") {
			t.Errorf("the sheet: %d %s", sheet.Status, sheet.Main())
		}
		for _, p := range webtest.Problems(sheet) {
			t.Error(p)
		}
		enter("", "step", "restitution_requested", "day", "2026-11-20", "defendant", "1", "cents", "21,500.00")
		if doc := c.Look(at, "Restitution: requested"); strings.Contains(doc.Main(), "Nobody asked") {
			t.Error("the prompt stays")
		}
		enter("", "step", "restitution_ordered", "day", "2026-11-21", "what", "joint", "cents", "21,500.00", "item", "1", "share-1", "21,500.00")
		enter("", "step", "forfeiture_seized", "day", "2026-11-21", "what", "vehicle", "cents", "8,000", "item", "1", "other_day", "2026-11-20")
		doc := c.Look(at, "$21,500.00", "$8,000.00", "done Nov 21, 2026")
		entry := doc.One("input", "name", "entry").Attr["value"]
		post(at+"/standing", "number in the docket", "entry", entry, "standing", "confirmed")
		post(at+"/standing", "", "entry", entry, "standing", "confirmed", "docket_entry", "1")
		post(at+"/standing", "Plea of May 4, 2026 rests on this step", "entry", entry, "standing", "withdrawn", "why", "wrong_case")
		post(at+"/standing", "Choose a step", "entry", "x", "standing", "confirmed")
		c.Look(at+"/timeline", "indictment", "confirmed, docket entry 1", "Defendant", "18 USC 1591")
		post(at+"/partners", "takes part", "office", "nobody")
		post(at+"/partners", "", "office", partner)
		c.Look("/staff/court?q=cr-00012&statute=us-18-1591&state=MS", "3:26-cr-00012")
		c.Look("/staff/court/clocks", "Defendant's notice of appeal", "14 days after 2026-11-20")
		c.Look("/staff/court/clocks?state=all")
		c.Look("/staff/court/import")
		for path, want := range map[string]string{"/staff/court.csv": "MISSISSIPPI_NORTHERN,MS,mbi-coordinator,2026-03-02,charged,1,indictment,1=us-18-1591;2=us-18-1594", "/staff/court/clocks.csv?state=all": "us-frap-4-b us-frcrp-45"} {
			if doc := c.GetDoc(path); !strings.Contains(doc.Body, want) {
				t.Errorf("%s: %s", path, doc.Body)
			}
		}
		stranger := w.serve(olga)
		for _, page := range []string{"", "/timeline", "/enter", "/worksheet"} {
			if doc := stranger.GetDoc(at + page); doc.Status != http.StatusNotFound {
				t.Errorf("another office meets %d at %s", doc.Status, page)
			}
		}
		for _, page := range []string{"/enter", "/standing", "/partners", "/worksheet"} {
			if doc := stranger.PostForm(at+page, url.Values{"office": {partner}}); doc.Status != http.StatusNotFound {
				t.Errorf("another office posts to %s: %d", page, doc.Status)
			}
		}
	})
}

func TestListsArePaged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const n = 103
		for i := range n {
			c := w.open(fmt.Sprintf("1:26-cr-%d", i+1))
			w.enter(c, steps(t, "2026-11-20 charged 1 indictment counts:1=us-18-1591")...)
		}
		c := w.serve(ann)
		for _, path := range []string{"/staff/court", "/staff/court/clocks", "/staff/court?statute=us-18-1591"} {
			seen, pages := map[string]bool{}, 0
			for ; path != ""; pages++ {
				doc := c.GetDoc(path)
				for _, a := range doc.All("table")[0].All("a") {
					if seen[a.Text()] {
						t.Fatalf("%s again", a.Text())
					}
					seen[a.Text()] = true
				}
				path = ""
				if next := doc.One("a", "rel", "next"); next != nil {
					path = next.Attr["href"]
				}
			}
			if len(seen) != n || pages != 3 {
				t.Errorf("%d of %d on %d pages", len(seen), n, pages)
			}
		}
	})
}

// The words of every figure are there in both languages, and easy to read.
func TestWordsOfTheFigures(t *testing.T) {
	w := one(t)
	webtest.CheckReading(t, w.Site.Catalog, 8, "figure.court_")
	for _, m := range w.Room().Measures {
		for _, lang := range []string{"en", "es"} {
			keys := []string{"title", "definition", "dedup", "period"}
			for _, d := range m.Dimensions {
				keys = append(keys, d.Name)
				for _, v := range d.Values {
					keys = append(keys, d.Name+"."+v)
				}
			}
			for _, key := range keys {
				if _, err := w.Site.Catalog.Find(lang, "figure."+m.Name+"."+key); err != nil {
					t.Errorf("%s %s: %v", lang, m.Name, err)
				}
			}
		}
		if m.People != (m.Unit == figure.Persons || m.Name == "court_no_restitution_request") {
			t.Errorf("%s: people %v", m.Name, m.People)
		}
	}
}
