// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/placement"
)

// served is a world with its pages.
func served(t *testing.T) *world {
	t.Helper()
	db, clock := storetest.SQLite(t, schemas())
	return build(t, db, clock, webtest.Site(t, placement.Strings()))
}

func (w *world) serve(t *testing.T, as identity.Member) *webtest.Client {
	return webtest.Server(t, w.Site, w.Room().Routes, func(_ web.Access, h web.Handler) web.Handler {
		return func(rw http.ResponseWriter, r *http.Request) error {
			return h(rw, r.WithContext(identity.WithMember(r.Context(), as)))
		}
	})
}

// How often a sheet's code was scanned is for who may read that of all codes.
func TestScansAreForWhoReadsCodes(t *testing.T) {
	t.Parallel()
	w := served(t)
	p := w.hang(w.place(), "restroom")
	admin := w.head
	admin.Roles = []policy.Role{policy.RoleProgramAdmin}
	if doc := w.serve(t, admin).GetDoc("/staff/placements/" + p.ID.String()); !strings.Contains(doc.Main(), "too few to show") {
		t.Errorf("none: %s", doc.Main())
	}
	check(t, w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`update test_code set scans = 1234`)
		return err
	}))
	for role, may := range map[policy.Role]bool{policy.RoleProgramAdmin: true, policy.RoleMember: false} {
		as := w.ana
		as.Roles = []policy.Role{role}
		if policy.Decide(policy.ReadCodes, w.Subject(as), policy.Object{Program: here}).Allowed != may {
			t.Fatalf("%s: the table says otherwise", role)
		}
		doc := w.serve(t, as).GetDoc("/staff/placements/" + p.ID.String())
		if doc.Status != http.StatusOK || strings.Contains(doc.Main(), "1234") != may || strings.Contains(doc.Main(), "Scans") != may {
			t.Errorf("%s: %d: %s", role, doc.Status, doc.Main())
		}
	}
}

// From an empty program to coverage, as a person goes through it without scripts; every
// page holds to what pages must.
func TestAPersonHangsSheets(t *testing.T) {
	t.Parallel()
	w := served(t)
	c := w.serve(t, w.head)
	look := func(path string, says ...string) *webtest.Doc {
		t.Helper()
		doc := c.GetDoc(path)
		for _, p := range webtest.Problems(doc) {
			t.Errorf("%s: %s", path, p)
		}
		if doc.Status != http.StatusOK {
			t.Fatalf("%s: %d", path, doc.Status)
		}
		for _, s := range says {
			if !strings.Contains(doc.Main(), s) {
				t.Errorf("%s does not say %q: %s", path, s, doc.Main())
			}
		}
		return doc
	}
	post := func(path string, status int, v ...string) *webtest.Doc {
		t.Helper()
		form := url.Values{}
		for i := 0; i+1 < len(v); i += 2 {
			form.Add(v[i], v[i+1])
		}
		doc := c.PostForm(path, form)
		if doc.Status != status {
			t.Fatalf("%s: %d: %s", path, doc.Status, doc.Body)
		}
		return doc
	}
	look("/staff/placements", "Nothing is planned yet")
	look("/staff/places", "There is no place yet")
	look("/staff/placements/coverage", "There is no place that needs a sheet")
	look("/staff/places/new")
	if doc := post("/staff/places/new", http.StatusBadRequest, "kind", "school", "name", "École"); !strings.Contains(doc.Main(), "County: is missing") || !strings.Contains(doc.Body, `value="École"`) {
		t.Errorf("a place without a county: %s", doc.Main())
	}
	at := post("/staff/places/new", http.StatusSeeOther, "kind", "train_station", "name", "محطة القطار", "city", "Jackson", "county", hinds, "lacks", "screen").Header.Get("Location")
	at, _, _ = strings.Cut(at, "?")
	look(at, "محطة القطار", "Nothing is planned here yet")
	look("/staff/places?q="+url.QueryEscape("محطة"), "محطة القطار")
	look("/staff/places/stations", "Meridian", "Add 11 stations as places")
	post("/staff/places/stations", http.StatusSeeOther, "state", "MS")
	look("/staff/places/stations?state=MS", "All of them are places already")
	post("/staff/places/stations", http.StatusBadRequest, "state", "MS")
	sheet := post(at+"/plan", http.StatusSeeOther, "notice", "us-station", "spot", "restroom", "paper", "tabloid").Header.Get("Location")
	sheet, _, _ = strings.Cut(sheet, "?")
	if doc := post(at+"/plan", http.StatusBadRequest, "notice", "us-station", "spot", "restroom"); !strings.Contains(doc.Main(), "there already, planned") {
		t.Errorf("the same sheet again: %s", doc.Main())
	}
	doc := look(sheet, "Federal notice for stations, version 1", "Tabloid")
	version := doc.Values(strings.TrimPrefix(sheet, "") + "/step").Get("version")
	post(sheet+"/step", http.StatusSeeOther, "version", version, "to", "up", "day", "")
	post(sheet+"/step", http.StatusConflict, "version", version, "to", "missing")
	look(sheet, "It is missing")
	look("/staff/placements?what=due", "Nothing here matches")
	look("/staff/placements", "محطة القطار, Jackson, restroom", "Hinds County")
	w.pack.Notices[0].Version = "2"
	if _, err := w.Renew(t.Context(), here); err != nil {
		t.Fatal(err)
	}
	look("/staff/placements/tasks", "newer version of the notice")
	look("/staff/placements/tasks?state=all&reason=missing", "Nothing here")
	look("/staff/placements?what=old", "older version")
	next := post(sheet+"/replace", http.StatusSeeOther).Header.Get("Location")
	look(next, "A new sheet is planned")
	post(sheet+"/code", http.StatusSeeOther)
	look(sheet, "switched off", "I looked: switch the code on")
	look("/staff/placements/batches")
	post("/staff/placements/batches", http.StatusBadRequest, "what", "plan")
	batch := post("/staff/placements/batches", http.StatusSeeOther, "what", "plan", "notice", "us-station", "spot", "restroom", "spot", "platform", "kind", "train_station").Header.Get("Location")
	w.due()
	look(batch, "23 done, 1 left out")
	cover := look("/staff/placements/coverage", "Hinds County", "1 of 24 spots have their sheet", "Full: all. Dots")
	if n := strings.Count(cover.Body, `<path id="county-`); n < 82 {
		t.Errorf("the map has %d paths", n)
	}
	look("/staff/placements/coverage?notice=ms-voluntary&county=28033", "There is no place")
	for path, says := range map[string]string{"/staff/placements.csv": "us-station", "/staff/places.csv": "train_station", "/staff/placements/tasks.csv": "version", "/staff/placements/coverage.csv": "sheets that hang,due to be looked at", "/staff/placements/gaps.csv": "planned or printed"} {
		if doc := c.GetDoc(path); doc.Status != http.StatusOK || !strings.Contains(doc.Body, says) {
			t.Errorf("%s: %d %.200s", path, doc.Status, doc.Body)
		}
	}
	look("/staff/rounds", "There is no round yet")
	post("/staff/rounds", http.StatusBadRequest, "name", "Nothing is due", "due", "yes")
	round := post("/staff/rounds", http.StatusSeeOther, "name", "Jackson").Header.Get("Location")
	look(round, "0 of 1 looked at")
	post(round, http.StatusBadRequest)
	id := sheet[strings.LastIndex(sheet, "/")+1:]
	key := look(round).Values(round).Get("key-" + id)
	for range 2 { // the second press of a button, on the page as it was
		post(round, http.StatusSeeOther, "found-"+id, "seen", "opens-"+id, "yes", "key-"+id, key)
	}
	look(round, "1 of 1 looked at", "Found in this round: seen, code opens: yes")
	if w.count("poster_inspections") != 1 {
		t.Error("a form that was sent twice counts twice")
	}
	post(round+"/close", http.StatusSeeOther)
	look(round, "closed")
	look("/staff/rounds", "Jackson")
	for _, none := range []string{"/staff/places/" + id, "/staff/placements/nothing", "/staff/rounds/" + id, "/staff/places/import/" + id, "/staff/placements/batch/" + id} {
		if doc := c.GetDoc(none); doc.Status != http.StatusNotFound {
			t.Errorf("%s: %d", none, doc.Status)
		}
	}
}

// A file that a browser sends, broken and then right.
func TestAPersonImportsPlaces(t *testing.T) {
	t.Parallel()
	w := served(t)
	c := w.serve(t, w.head)
	send := func(file string) string {
		t.Helper()
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, err := form.CreateFormFile("file", `C:\places.csv`)
		check(t, err)
		_, err = part.Write([]byte(file))
		check(t, err)
		check(t, form.Close())
		doc := c.Do(http.MethodPost, "/staff/places/imports", form.FormDataContentType(), &body)
		if doc.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", doc.Status, doc.Body)
		}
		return doc.Header.Get("Location")
	}
	at := send("kind,name,county\nschool,A,Hinds\nschool,B,Nowhere\n")
	doc := c.GetDoc(at)
	if main := doc.Main(); !strings.Contains(main, "Import: places.csv") || !strings.Contains(main, "is not a county of MS") || strings.Contains(main, "save these places") {
		t.Errorf("a broken file: %s", main)
	}
	if doc := c.GetDoc(at + "/problems.csv"); !strings.Contains(doc.Body, "3,county,") {
		t.Errorf("what is wrong: %s", doc.Body)
	}
	at = send("kind,name,county\nschool,A,Hinds\n")
	if doc := c.GetDoc(at); !strings.Contains(doc.Main(), "1 places.") || len(webtest.Problems(doc)) > 0 {
		t.Errorf("a file: %s %v", doc.Main(), webtest.Problems(doc))
	}
	if doc := c.PostForm(at+"/commit", nil); doc.Status != http.StatusSeeOther {
		t.Errorf("%d", doc.Status)
	}
	w.due()
	for path, says := range map[string]string{at: "saved", "/staff/places": "Hinds County, MS", "/staff/places/imports": "1 things are not right"} {
		if doc := c.GetDoc(path); !strings.Contains(doc.Main(), says) || len(webtest.Problems(doc)) > 0 {
			t.Errorf("%s: %s %v", path, doc.Main(), webtest.Problems(doc))
		}
	}
	if doc := c.PostForm("/staff/places/imports", nil); doc.Status != http.StatusBadRequest {
		t.Errorf("no file: %d", doc.Status)
	}
}

// Entries of a browser are taken or refused one by one.
func TestEntriesOfABrowser(t *testing.T) {
	t.Parallel()
	w := served(t)
	c := w.serve(t, w.ana)
	p := w.hang(w.place(), "restroom")
	r := w.round()
	w.clock.Advance(time.Minute)
	doc := c.PostJSON("/staff/rounds/"+r.ID.String()+"/entries", map[string]any{"entries": []placement.Entry{
		{Key: "0123456789abcdef", Placement: p.ID, Found: "seen", Opens: "no", At: w.clock.Now()},
		{Key: "0123456789abcdef", Placement: p.ID, Found: "seen", Opens: "no", At: w.clock.Now()},
		{Key: "fedcba9876543210", Placement: p.ID, Found: "gone", Opens: "no", At: w.clock.Now()},
	}})
	var got struct {
		Outcomes []struct {
			Key, Say string
			Refused  bool
		}
	}
	if err := json.Unmarshal([]byte(doc.Body), &got); err != nil || len(got.Outcomes) != 3 {
		t.Fatalf("%d %s", doc.Status, doc.Body)
	}
	for i, want := range []string{"switched off", "switched off", "not counted"} {
		if o := got.Outcomes[i]; !strings.Contains(o.Say, want) || o.Refused != (i == 2) {
			t.Errorf("entry %d: %+v", i, o)
		}
	}
	c.Look("/staff/rounds/"+r.ID.String(), "Found in this round: seen, code opens: no. The code of this sheet is switched off.")
	for _, bad := range []any{map[string]any{"entries": []any{}}, "words", map[string]any{"entries": make([]placement.Entry, 101)}} {
		if doc := c.PostJSON("/staff/rounds/"+r.ID.String()+"/entries", bad); doc.Status != http.StatusBadRequest {
			t.Errorf("%v: %d", bad, doc.Status)
		}
	}
}

// The words of every figure are there in both languages, and easy to read.
func TestWordsOfTheFigures(t *testing.T) {
	t.Parallel()
	w := served(t)
	webtest.CheckReading(t, w.Site.Catalog, 8, "figure.")
	for _, m := range w.Room().Measures {
		for _, lang := range []string{"en", "es"} {
			keys := []string{"title", "definition", "dedup", "period"}
			for _, d := range m.Dimensions {
				keys = append(keys, d.Name)
				for _, v := range d.Values {
					keys = append(keys, d.Name+"."+v)
				}
			}
			for _, k := range keys {
				if _, err := w.Site.Catalog.Find(lang, "figure."+m.Name+"."+k); err != nil {
					t.Error(err)
				}
			}
		}
	}
}
