// SPDX-License-Identifier: Apache-2.0

package code_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/code"
)

// A code leads to the form in the visitor's language, in any case of its letters, and brings nothing along but itself.
func TestAScanLeadsToTheForm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.issue(1)[0]
		for _, path := range []string{"/q/" + c.Text, "/Q/" + c.Text, "/q/" + strings.ToLower(c.Text)} {
			for lang, want := range map[string]string{"es-MX,es;q=0.9": "es", "en-US": "en", "ko": "en"} {
				got := w.scan(path, "Accept-Language", lang)
				if got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/ms/"+want+"?c="+c.Text {
					t.Errorf("%s in %s: %d to %q", path, lang, got.Code, got.Header().Get("Location"))
				}
				h := got.Header()
				if h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || len(h.Values("Set-Cookie")) > 0 || got.Body.Len() > 0 {
					t.Errorf("%s answers %v with %q", path, h, got.Body)
				}
			}
		}
		day := w.clock.Now().Format(time.DateOnly)
		if got := w.counted(); got[c.Text+" "+day+" es"] != 3 || got[c.Text+" "+day+" en"] != 6 || len(got) != 2 {
			t.Errorf("counted are %v", got)
		}
	})
}

// What was switched off, what never was, what is no code, and a form that is closed: one page, to the byte.
func TestWhatLeadsNowhereIsOnePage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		all := w.issue(2)
		on, off := all[0], all[1]
		w.turn(off, false)
		page := func(text string) string {
			t.Helper()
			got := w.scan("/q/" + text)
			body := strings.ReplaceAll(got.Body.String(), text, "CODE")
			if got.Code != http.StatusOK || !strings.Contains(body, "tel:911") {
				t.Errorf("%s: %d %s", text, got.Code, body)
			}
			return fmt.Sprint(got.Header(), body)
		}
		never := page("ZZZZZ")
		if page(off.Text) != never || page("no-code-at-all") == "" {
			t.Error("a code that was switched off can be told from one that never was")
		}
		w.turn(off, true)
		if got := w.scan("/q/" + off.Text); got.Code != http.StatusSeeOther {
			t.Errorf("switched on again, it answers %d", got.Code)
		}
		w.shut.Store(true)
		closed := page("ZZZZZ")
		if page(on.Text) != closed {
			t.Error("while the form is closed a code that is on can be told from one that never was")
		}
		if got := w.counted(); len(got) != 1 {
			t.Errorf("counted are %v; only the one scan that led somewhere was one", got)
		}
	})
}

// What asks without being a person who opens a page is led on and not counted.
func TestOnlyPeopleAreCounted(t *testing.T) {
	w := one(t)
	c := w.issue(1)[0]
	for _, asked := range [][]string{{}, {"Sec-Fetch-Mode", "no-cors"}, {"Sec-Fetch-Mode", "navigate", "Sec-Purpose", "prefetch;prerender"}, {"Sec-Fetch-Mode", "navigate", "Purpose", "prefetch"},
		{"Sec-Fetch-Mode", "navigate", "X-Purpose", "preview"}, {"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}} {
		if got := w.ask(http.MethodGet, "/q/"+c.Text, asked...); got.Code != http.StatusSeeOther {
			t.Errorf("%v: %d", asked, got.Code)
		}
	}
	if got := w.ask(http.MethodHead, "/q/"+c.Text, "Sec-Fetch-Mode", "navigate"); got.Code != http.StatusSeeOther {
		t.Errorf("HEAD: %d", got.Code)
	}
	if got := w.counted(); len(got) != 0 {
		t.Errorf("counted are %v", got)
	}
}

// Guessing is slowed for everybody together: after so many wrong codes every code leads to the form, the right ones too, without saying which are right; counts go on.
func TestGuessingIsSlowedAndNobodyIsKeptOut(t *testing.T) {
	w := one(t)
	c := w.issue(1)[0]
	wrong := func() (helped int) {
		for i := range 1000 {
			text := []byte("ZZZZZ")
			text[0], text[1], text[2] = code.Alphabet[i%32], code.Alphabet[i/32%32], code.Alphabet[i/1024]
			if string(text) == c.Text {
				continue // guessed
			}
			switch got := w.scan("/q/" + string(text)); {
			case got.Code == http.StatusOK:
				helped++
			case got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/ms/en":
				t.Fatalf("a guess was answered %d to %q", got.Code, got.Header().Get("Location"))
			}
		}
		return helped
	}
	if n := wrong(); n < 100 || n > 150 {
		t.Errorf("%d of 1000 guesses were told that there is no such code", n)
	}
	if got := w.scan("/q/" + c.Text); got.Header().Get("Location") != "/ms/en" {
		t.Errorf("a right code leads to %q now, so that it can be told from a wrong one", got.Header().Get("Location"))
	}
	if _, ok := w.Place(t.Context(), here, c.Text); ok {
		t.Error("the form still tells which codes there are")
	}
	w.clock.Advance(10 * time.Second)
	if got := w.scan("/q/" + c.Text); got.Header().Get("Location") != "/ms/en?c="+c.Text {
		t.Errorf("ten seconds later it leads to %q", got.Header().Get("Location"))
	}
	if _, ok := w.Place(t.Context(), here, c.Text); !ok {
		t.Error("the form does not find the code again")
	}
	if n := wrong(); n > 50 {
		t.Errorf("%d more guesses were answered after ten seconds", n)
	}
	if got := w.counted(); got[c.Text+" "+w.clock.Now().Format(time.DateOnly)+" en"] != 2 {
		t.Errorf("counted are %v", got)
	}
}

// Nothing of whoever scanned is in the log or anywhere in the database.
func TestNothingOfTheVisitorIsKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.issue(1)[0]
		marks := []string{"Zebra/9.81", "203.0.113.77", "zebra.example", "zebra-cookie", "gd-GB"}
		for _, text := range []string{c.Text, "ZZZZZ", "%00zebra"} {
			w.scan("/q/"+text+"?zebra-query", "User-Agent", marks[0], "X-Forwarded-For", marks[1], "Referer", "https://"+marks[2]+"/", "Cookie", "a="+marks[3], "Accept-Language", marks[4])
		}
		w.Told(t.Context(), here, c.Text)
		check(t, w.Flush(t.Context()))
		if metered := w.metered.String(); strings.Contains(metered, c.Text) || !strings.Contains(metered, "/q/{code}") {
			t.Errorf("metrics are told %s", metered)
		}
		kept := w.logged.String() + w.metered.String() + everything(t, w.db)
		for _, mark := range append(marks, "zebra", "Zebra") {
			if strings.Contains(kept, mark) {
				t.Errorf("%q is kept", mark)
			}
		}
		if !strings.Contains(kept, c.Text) {
			t.Fatal("the test does not look where things are kept")
		}
	})
}

// everything is each value of each row of each table, as text.
func everything(t *testing.T, db *store.DB) string {
	t.Helper()
	var out strings.Builder
	for name, table := range db.Tables() {
		var columns []string
		for _, c := range table.Columns {
			columns = append(columns, c.Name)
		}
		rows, err := db.Query(t.Context(), "select "+strings.Join(columns, ", ")+" from "+name)
		check(t, err)
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			check(t, rows.Scan(into...))
			for _, v := range values {
				fmt.Fprintf(&out, "%s %v\n", name, v)
			}
		}
		check(t, rows.Close())
	}
	return out.String()
}

// Two servers on one database: what one switches off, the other knows without being told.
func TestEveryServerKnowsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := newWorld(t, w.db, w.clock)
		c := w.issue(1)[0]
		knows := func(s *world) bool { _, ok := s.Place(t.Context(), here, c.Text); return ok }
		until(t, func() bool { w.clock.Advance(time.Second); return knows(other) })
		w.turn(c, false)
		until(t, func() bool { return !knows(other) })
	})
}

// until asks again and again, and gives up when it takes far too long.
func until(t *testing.T, done func() bool) {
	t.Helper()
	late, tick := time.After(30*time.Second), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it never became so")
		}
	}
}

// Codes are never given twice and are what they should be; what is missing is refused.
func TestIssuing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		seen := map[string]bool{}
		for _, c := range w.issue(700) {
			if text, ok := code.Parse(c.Text); !ok || text != c.Text || seen[c.Text] {
				t.Fatalf("%q is no code, or was given before", c.Text)
			}
			seen[c.Text] = true
			got, err := w.Get(t.Context(), w.db, here, c.ID)
			check(t, err)
			if got.Where() != "Union Station, Jackson, Hinds County, Mississippi" || !got.On || got.Small {
				t.Fatalf("it is %+v", got)
			}
		}
		bad := map[string]func(*code.Draft){
			"no kind": func(d *code.Draft) { d.Kind = "poster" }, "no subject": func(d *code.Draft) { d.Subject = store.ID{} }, "no place": func(d *code.Draft) { d.Place = "  " },
			"no county": func(d *code.Draft) { d.County = "28999" }, "long": func(d *code.Draft) { d.Place = strings.Repeat("x", 251) }, "lines": func(d *code.Draft) { d.Place = "a\nb" },
		}
		for name, change := range bad {
			err := w.db.Write(t.Context(), func(tx *store.Tx) error {
				d := code.Draft{Program: here, Kind: code.Batch, Subject: store.NewID(), Place: "Invented", By: "system"}
				change(&d)
				_, err := w.Issue(tx, d)
				return err
			})
			if err == nil {
				t.Errorf("%s: it was issued", name)
			}
		}
		err := w.db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := w.Switch(tx, here, store.NewID(), true, "system")
			return err
		})
		if !errors.Is(err, code.ErrNone) {
			t.Errorf("switching what is not there: %v", err)
		}
	})
}

// A code is described anew: the form, the readers and every other server see the new place; what stands in the database stays covered. A place as long as
// "name, city" of a place can be has room.
func TestACodeIsDescribedAnew(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := newWorld(t, w.db, w.clock)
		c := w.issue(1)[0]
		other.knows(c, true)
		describe := func(id store.ID, county, place string, small bool) error {
			return w.db.Write(t.Context(), func(tx *store.Tx) error {
				if err := w.Describe(tx, here, id, county, place, small); err != nil {
					return err
				}
				tx.Log(custody.Entry{Program: here, Event: "test.described", Record: "test:codes", Actor: "system"})
				return nil
			})
		}
		long := strings.Repeat("n", 120) + ", " + strings.Repeat("c", 120)
		check(t, describe(c.ID, "28003", " "+long+" ", true))
		for _, server := range []*world{w, other} {
			until(t, func() bool {
				got, ok := server.Place(t.Context(), here, c.Text)
				return ok && got.Place == long && got.County == "28003" && got.Small && got.On
			})
		}
		check(t, describe(c.ID, "", "A ship", false))
		got, err := w.Get(t.Context(), w.db, here, c.ID)
		check(t, err)
		if got.Where() != "A ship" || got.Small {
			t.Errorf("it is %+v", got)
		}
		for name, err := range map[string]error{"no county": describe(c.ID, "28999", "x", false), "no place": describe(c.ID, "", " ", false), "too long": describe(c.ID, "", strings.Repeat("x", 251), false)} {
			if err == nil {
				t.Errorf("%s: it was described", name)
			}
		}
		if err := describe(store.NewID(), "", "x", false); !errors.Is(err, code.ErrNone) {
			t.Errorf("describing what is not there: %v", err)
		}
	})
}

// Counts that could not be written are kept, and added once.
func TestNoCountIsLostWhileNothingCanBeWritten(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.issue(1)[0]
		change := func(q string) {
			t.Helper()
			check(t, w.db.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(q); return err }))
		}
		w.scan("/q/" + c.Text)
		w.Told(t.Context(), here, c.Text)
		change(`alter table code_told rename to code_gone`)
		if err := w.Flush(t.Context()); err == nil {
			t.Fatal("the counts were written nowhere, and nobody says so")
		}
		w.scan("/q/" + c.Text)
		change(`alter table code_gone rename to code_told`)
		if got := w.counted(); got[c.Text+" "+w.clock.Now().Format(time.DateOnly)+" en"] != 2 {
			t.Errorf("counted are %v", got)
		}
		var told int
		check(t, w.db.QueryRow(t.Context(), `select n from code_told`).Scan(&told))
		if told != 1 {
			t.Errorf("%d reports are counted", told)
		}
	})
}

// Every scan is counted once, however many come while counts are added, and those of a code all at the same one turn of each round: else whoever reads the database's
// log of writes would learn more closely when they came.
func TestACodesScansAreAddedAtOneTurn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const times = 20
		codes := w.issue(60)
		texts := map[store.ID]string{}
		for _, c := range codes {
			texts[c.ID] = c.Text
		}
		var phones sync.WaitGroup
		for range times {
			phones.Go(func() {
				for _, c := range codes {
					w.Count(c, "en")
				}
			})
		}
		stand := func() map[store.ID]int64 {
			found, err := store.Collect(t.Context(), w.db, "reading counts", func(row store.Scanner) (c struct {
				id store.ID
				n  int64
			}, err error) {
				return c, row.Scan(&c.id, &c.n)
			}, `select code, n from code_scan`)
			check(t, err)
			out := map[store.ID]int64{}
			for _, c := range found {
				out[c.id] = c.n
			}
			return out
		}
		turnOf, before := map[store.ID]int{}, map[store.ID]int64{}
		for round := range 3 {
			for turn := range code.Turns {
				check(t, w.AddTurn(t.Context(), turn))
				now := stand()
				for id, n := range now {
					if at, known := turnOf[id]; n != before[id] && known && at != turn {
						t.Errorf("code %s is added at turns %d and %d", texts[id], at, turn)
					}
					if n != before[id] {
						turnOf[id] = turn
					}
				}
				before = now
			}
			if round == 1 {
				phones.Wait()
			}
		}
		check(t, w.Flush(t.Context()))
		for id, n := range stand() {
			if n != times {
				t.Errorf("code %s was scanned %d times, counted %d", texts[id], times, n)
			}
		}
		if len(turnOf) != len(codes) {
			t.Errorf("%d of %d codes were counted in three rounds", len(turnOf), len(codes))
		}
	})
}

// When a report that carried a code is counted says nothing of when it came: all of a day are written together, at three in the morning of the program's next day
// or when the server stops, into the week in which they came.
func TestReportsAreCountedAtAFixedHour(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		set, err := packs()
		check(t, err)
		p, _ := set.Program(here)
		at := func(day, hour, minute int) {
			t.Helper()
			w.clock.Advance(time.Date(2026, 12, day, hour, minute, 0, 0, p.Zone).Sub(w.clock.Now()))
			check(t, w.AddSoon(t.Context()))
		}
		stands := func() map[string]int64 {
			t.Helper()
			rows, err := w.db.Query(t.Context(), `select week, n from code_told`)
			check(t, err)
			defer rows.Close()
			out := map[string]int64{}
			for rows.Next() {
				var week string
				var n int64
				check(t, rows.Scan(&week, &n))
				out[week] = n
			}
			return out
		}
		c := w.issue(1)[0]
		at(6, 1, 0) // a Sunday
		w.Told(t.Context(), here, c.Text)
		at(6, 3, 1)
		at(6, 23, 59)
		w.Told(t.Context(), here, c.Text)
		at(7, 0, 1)
		w.Told(t.Context(), here, c.Text)
		at(7, 2, 59)
		if got := stands(); len(got) != 0 {
			t.Errorf("before the hour there stand %v", got)
		}
		at(7, 3, 0)
		if got := stands(); !maps.Equal(got, map[string]int64{"2026-11-30": 2}) {
			t.Errorf("at the hour there stand %v", got)
		}
		at(8, 1, 5) // a whole day after the last one
		if got := stands(); len(got) != 1 {
			t.Errorf("a day after a report there stand %v", got)
		}
		w.Told(t.Context(), here, c.Text)
		at(8, 3, 0)
		if got := stands(); !maps.Equal(got, map[string]int64{"2026-11-30": 2, "2026-12-07": 1}) {
			t.Errorf("at the next hour there stand %v", got)
		}
		check(t, w.Flush(t.Context()))
		if got := stands(); got["2026-12-07"] != 2 {
			t.Errorf("at the end there stand %v", got)
		}
	})
}

// What staff see: weeks that are over, from five up, and no sum that gives away a part.
func TestWhatStaffSee(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		all := w.issue(3)
		for i, n := range []int{7, 4, 3} {
			for range n {
				w.scan("/q/" + all[i].Text)
				w.Told(t.Context(), here, all[i].Text)
			}
		}
		ids := []store.ID{all[0].ID, all[1].ID, all[2].ID}
		check(t, w.Flush(t.Context()))
		now, err := w.Scans(t.Context(), w.db, here, ids, 4)
		check(t, err)
		if now.Sum != 0 {
			t.Errorf("the week that goes on is shown: %v", now)
		}
		w.clock.Advance(7 * 24 * time.Hour)
		for _, count := range []func() (code.Counts, error){
			func() (code.Counts, error) { return w.Scans(t.Context(), w.db, here, ids, 4) },
			func() (code.Counts, error) { return w.Reports(t.Context(), w.db, here, ids, 4) },
		} {
			got, err := count()
			check(t, err)
			if got.Weeks[0] != "2026-11-23" || got.By[ids[0]][0] != (code.Shown{N: 7}) || !got.By[ids[1]][0].Few || !got.By[ids[2]][0].Few || got.All[0] != 7 || got.Sum != 7 {
				t.Errorf("shown are %+v", got)
			}
		}
		if got, err := w.Scans(t.Context(), w.db, here, ids[1:], 4); err != nil || got.Sum != 0 || got.Sum.String() != "none from 5 up" {
			t.Errorf("the sum of what is not shown is %v, %v", got.Sum, err)
		}
		// The weeks of days that somebody names, as far as they are over.
		for _, c := range []struct {
			first, last string
			most        int
			weeks       []string
		}{
			{"2026-11-25", "2026-12-31", 26, []string{"2026-11-23"}}, {"2026-11-10", "2026-11-23", 26, []string{"2026-11-23", "2026-11-16", "2026-11-09"}},
			{"2026-01-01", "2026-11-22", 2, []string{"2026-11-16", "2026-11-09"}}, {"2026-12-01", "2027-01-31", 26, nil}, {"2026-11-29", "2026-11-29", 26, []string{"2026-11-23"}},
		} {
			first, err := time.Parse(time.DateOnly, c.first)
			check(t, err)
			last, err := time.Parse(time.DateOnly, c.last)
			check(t, err)
			got, err := w.ScansBetween(t.Context(), w.db, here, ids, first, last, c.most)
			check(t, err)
			told, err := w.ReportsBetween(t.Context(), w.db, here, ids, first, last, c.most)
			check(t, err)
			want := code.Total(0)
			if len(c.weeks) > 0 && c.weeks[0] == "2026-11-23" {
				want = 7
			}
			if !slices.Equal(got.Weeks, c.weeks) || got.Sum != want || told.Sum != want {
				t.Errorf("from %s to %s: %+v, %+v", c.first, c.last, got, told)
			}
		}
		client := webtest.ServerOf(t, w.served)
		page := client.GetDoc("/staff/codes?q=union")
		for _, p := range webtest.Problems(page) {
			t.Error(p)
		}
		if text := page.Main(); !strings.Contains(text, "7 scans") || !strings.Contains(text, "fewer than 5 scans") || strings.Contains(text, "4 scans") || strings.Contains(text, "3 scans") {
			t.Errorf("the page says %s", text)
		}
		off := client.PostForm("/staff/codes/"+ids[0].String()+"/switch", url.Values{"to": {"off"}})
		if off.Status != http.StatusSeeOther {
			t.Errorf("switching off: %d", off.Status)
		}
		w.knows(all[0], false)
		if got := w.scan("/q/" + all[0].Text); got.Code != http.StatusOK {
			t.Errorf("it still leads on: %d", got.Code)
		}
		if nothing := client.GetDoc("/staff/codes?q=" + url.QueryEscape(`100%_\`)).Main(); !strings.Contains(nothing, "No code matches") {
			t.Errorf("the search finds %s", nothing)
		}
	})
}

// Where a code stands on a sheet, what has become of the sheet decides whether it leads on: the list switches it off, and leads to the sheet's page for the
// other way. Every other code is switched both ways.
func TestASheetsCodeIsNotSwitchedOnFromTheList(t *testing.T) {
	w := one(t)
	sheet := w.issue(1)[0]
	batch := w.issue(1, func(d *code.Draft) { d.Kind = code.Batch })[0]
	client := webtest.ServerOf(t, w.served)
	press := func(c code.Code, to string) *webtest.Doc {
		return client.PostForm("/staff/codes/"+c.ID.String()+"/switch", url.Values{"to": {to}})
	}
	page := "/staff/placements/" + sheet.Subject.String()
	if list := client.GetDoc("/staff/codes"); list.One("a", "href", page) != nil {
		t.Error("a code that is on is not switched off from the list")
	}
	for _, c := range []code.Code{sheet, batch} {
		if doc := press(c, "off"); doc.Status != http.StatusSeeOther {
			t.Errorf("switching off a %s: %d", c.Kind, doc.Status)
		}
	}
	if doc := press(sheet, "on"); doc.Status != http.StatusConflict || !strings.Contains(doc.Main(), page) {
		t.Errorf("switching on a sheet's code: %d %s", doc.Status, doc.Main())
	}
	if doc := press(batch, "on"); doc.Status != http.StatusSeeOther {
		t.Errorf("switching on another: %d", doc.Status)
	}
	for c, on := range map[code.Code]bool{sheet: false, batch: true} {
		if got, err := w.Get(t.Context(), w.db, here, c.ID); err != nil || got.On != on {
			t.Errorf("the %s is on: %v, %v", c.Kind, got.On, err)
		}
	}
	list := client.GetDoc("/staff/codes")
	if list.One("a", "href", page) == nil || list.One("form", "action", "/staff/codes/"+sheet.ID.String()+"/switch") != nil || list.One("form", "action", "/staff/codes/"+batch.ID.String()+"/switch") == nil {
		t.Error("the list does not lead to the page of the sheet, or still switches its code on")
	}
}

// The list goes on over its pages and shows every code once.
func TestTheListIsWhole(t *testing.T) {
	w := one(t)
	w.issue(120)
	client := webtest.ServerOf(t, w.served)
	n := 0
	for at := "/staff/codes?state=on"; at != ""; {
		page := client.GetDoc(at)
		n += len(page.All("th", "scope", "row"))
		at = ""
		for _, a := range page.All("a") {
			if strings.Contains(a.Attr["href"], "after=") {
				at = a.Attr["href"]
			}
		}
	}
	if n != 120 {
		t.Errorf("the pages show %d of 120 codes", n)
	}
}

// Whichever codes somebody chooses, and however often: all that is shown is the same whatever the counts are that are not shown. So nothing of them can be worked out.
func TestNoChoiceTellsAHiddenCount(t *testing.T) {
	t.Parallel()
	weeks := []string{"2026-11-16", "2026-11-09"}
	rapid.Check(t, func(t *rapid.T) {
		ids := make([]store.ID, rapid.IntRange(1, 6).Draw(t, "codes"))
		counts, other := map[store.ID][]int64{}, map[store.ID][]int64{} // differ in nothing but in hidden counts
		for i := range ids {
			ids[i] = store.NewID()
			for range weeks {
				n := rapid.Int64Range(0, 12).Draw(t, "count")
				counts[ids[i]] = append(counts[ids[i]], n)
				if n < code.Least {
					n = rapid.Int64Range(0, code.Least-1).Draw(t, "other count")
				}
				other[ids[i]] = append(other[ids[i]], n)
			}
		}
		for range rapid.IntRange(1, 8).Draw(t, "choices") {
			chosen := ids[:0:0]
			for _, id := range ids {
				if rapid.Bool().Draw(t, "chosen") {
					chosen = append(chosen, id)
				}
			}
			got, err := code.Counted(weeks, chosen, picked(counts, chosen))
			if err != nil {
				t.Fatal(err)
			}
			same, err := code.Counted(weeks, chosen, picked(other, chosen))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, same) {
				t.Fatalf("%v and %v differ in what is hidden, and are shown as %+v and %+v", counts, other, got, same)
			}
			var sum code.Total
			for _, id := range chosen {
				for i := range weeks {
					sum += code.Total(got.By[id][i].N)
				}
			}
			if got.Sum != sum {
				t.Fatalf("of %v the sum is %v and not %v", got.By, got.Sum, sum)
			}
		}
	})
}

// picked are the counts of the codes that were chosen.
func picked(all map[store.ID][]int64, chosen []store.ID) map[store.ID][]int64 {
	out := map[store.ID][]int64{}
	for _, id := range chosen {
		out[id] = all[id]
	}
	return out
}

func TestParseAnyCase(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.StringOfN(rapid.SampledFrom([]rune(code.Alphabet)), 5, 5, 5).Draw(t, "code")
		mixed := []byte(want)
		for i := range mixed {
			if rapid.Bool().Draw(t, "lower") {
				mixed[i] = strings.ToLower(string(mixed[i]))[0]
			}
		}
		if got, ok := code.Parse(string(mixed)); !ok || got != want {
			t.Fatalf("%s is read as %q", mixed, got)
		}
	})
	for _, wrong := range []string{"", "7K3F", "7K3F99", "7K3F0", "7K3FO", "7K3F1", "7K3FI", "7K3F ", "ſK3F9", "7K3Fé"} {
		if got, ok := code.Parse(wrong); ok {
			t.Errorf("%q is read as %q", wrong, got)
		}
	}
	if got := code.Link("https://tip.ms.gov/", "7K3F9"); got != "HTTPS://TIP.MS.GOV/Q/7K3F9" {
		t.Errorf("the QR code holds %q", got)
	}
	if got := code.Address("https://Tip.ms.gov", "7K3F9"); got != "tip.ms.gov/q/7K3F9" {
		t.Errorf("beside it stands %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"7K3F9", "7k3f9", "", "O0I1L", "ſſſſſ", "\x00\x00\x00\x00\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := code.Parse(text)
		if !ok {
			if got != "" {
				t.Fatalf("%q is refused and read as %q", text, got)
			}
			return
		}
		again, ok := code.Parse(got)
		if !ok || again != got || len(got) != code.Length || strings.Trim(got, code.Alphabet) != "" || !strings.EqualFold(got, text) {
			t.Fatalf("%q is read as %q", text, got)
		}
	})
}

func TestWordsAreEasy(t *testing.T) {
	t.Parallel()
	webtest.CheckReading(t, webtest.Site(t, code.Strings()).Catalog, 8, "code.")
}
