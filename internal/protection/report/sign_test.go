// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/report"
)

// walls stands for the room that knows the codes on signs.
type walls struct {
	known map[string]report.Sign
	mu    sync.Mutex
	told  []string
}

// heard are the codes that reports carried so far.
func (s *walls) heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told)
}

func (s *walls) Sign(_ context.Context, program, code string) (report.Sign, bool) {
	sign, ok := s.known[code]
	return sign, ok && program == "ms"
}

func (s *walls) Told(_ context.Context, program, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, program+" "+code)
}

const (
	station = "Union Station, Jackson, Hinds County, Mississippi"
	spoken  = station + " (7K3F9)"
)

// someWalls knows a large and a small place.
func someWalls() *walls {
	return &walls{known: map[string]report.Sign{"7K3F9": {Code: "7K3F9", Where: station}, "22222": {Code: "22222", Where: "A farm", Small: true}}}
}

// signed is a world with a large and a small place.
func signed(t *testing.T, db *store.DB, clock *storetest.Clock, keyed ...string) (*world, *walls) {
	t.Helper()
	w := setup(t, db, clock, keyed...)
	s := someWalls()
	w.reports.Signs = s
	return w, s
}

// The page says which place a code stands for, and asks; what was ticked is sealed with the words, what was not is nowhere.
func TestTheSignGoesAlongOnlyIfTheSenderWants(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w, walls := signed(t, db, clock, tipDesk, tipPolice)
		box := func(doc *webtest.Doc) *webtest.Node { return doc.One("input", "name", report.SignAnswer) }
		if doc := w.client.GetDoc("/ms/en?c=99999"); box(doc) != nil || strings.Contains(doc.Body, "99999") {
			t.Error("the page asks about a code that there is not, or repeats it")
		}
		small := w.client.GetDoc("/ms/es?c=22222")
		check(t, small)
		if b := box(small); b == nil || has(b, "checked") || !strings.Contains(small.Main(), "A farm") {
			t.Error("for a small place the box is not there and empty")
		}
		if small.One("a", "href", "/ms/en?c=22222") == nil {
			t.Error("the other language loses the code")
		}
		doc := w.client.GetDoc("/ms/en?c=7K3F9")
		check(t, doc)
		if b := box(doc); b == nil || !has(b, "checked") || !strings.Contains(doc.Main(), station) {
			t.Fatal("for a large place the box is not there and ticked")
		}
		answers := w.fill(doc, w.adultAtTruckStop())
		preview := w.client.PostForm("/ms/en?c=7K3F9", answers)
		check(t, preview)
		answers = preview.Values("")
		if answers.Get(report.SignAnswer) != spoken {
			t.Fatalf("the page gives back %v", answers)
		}
		if len(walls.told) > 0 {
			t.Error("a report that was not sent is counted")
		}
		answers.Set("_step", "send")
		for range 2 { // sent twice, it is one report, whatever became of the code in between
			sent(t, w.client.PostForm("/ms/en?c=7K3F9", answers))
			walls.known["7K3F9"] = report.Sign{Code: "7K3F9", Where: "Renamed"}
		}
		if !slices.Equal(walls.told, []string{"ms 7K3F9"}) || w.count("report") != 1 {
			t.Errorf("counted are %v, stored %d reports", walls.told, w.count("report"))
		}
		id := w.only()
		body, sealed := w.open(id, tipDesk)
		if got := body.Answers[report.SignAnswer]; !slices.Equal(got, []string{spoken}) {
			t.Errorf("the desk reads %v", body.Answers)
		}
		if envelope, _ := sealed.Envelope.Marshal(); strings.Contains(string(envelope), "7K3F9") || strings.Contains(string(envelope), "28049") {
			t.Errorf("the envelope holds the sign: %s", envelope)
		}
		if kept := w.logged.String() + w.raw("report"); strings.Contains(kept, "7K3F9") || strings.Contains(kept, "Union Station") {
			t.Error("the sign can be read at rest, or in the log")
		}
	})
}

// Who leaves the box empty sends a report like any other.
func TestAnEmptyBoxSendsNothing(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w, walls := signed(t, db, clock, tipDesk, tipPolice)
	answers := w.fill(w.client.GetDoc("/ms/en?c=7K3F9"), w.adultAtTruckStop())
	answers.Del(report.SignAnswer)
	preview := w.client.PostForm("/ms/en?c=7K3F9", answers)
	if b := preview.One("input", "name", report.SignAnswer); b == nil || has(b, "checked") {
		t.Error("the box is ticked again")
	}
	answers = preview.Values("")
	answers.Set("_step", "send")
	sent(t, w.client.PostForm("/ms/en?c=7K3F9", answers))
	if body, _ := w.open(w.only(), tipDesk); len(body.Answers[report.SignAnswer]) > 0 || len(walls.told) > 0 {
		t.Errorf("the sign went along: %v, %v", body.Answers, walls.told)
	}
}

// Sealed in the sender's browser, the sign is among the words, and the server hears of nothing but that it may count.
func TestTheSignIsSealedInTheBrowserToo(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w, walls := signed(t, db, clock, tipDesk, tipPolice)
	b := w.browser(clearTip())
	b.clear = url.Values{"_sign": {"7K3F9"}}
	for name, v := range clearTip() {
		b.clear[name] = v
	}
	words := b.story("words")
	words[report.SignAnswer] = []string{spoken}
	data := b.sealed(words, nil)
	_, id := accepted(t, w.post(data), http.StatusCreated)
	if again := w.post(data); again.Status != http.StatusOK && again.Status != http.StatusCreated {
		t.Errorf("sent again: %d", again.Status)
	}
	if body, _ := w.open(id, tipDesk); !slices.Equal(body.Answers[report.SignAnswer], []string{spoken}) {
		t.Errorf("the desk reads %v", body.Answers)
	}
	if !slices.Equal(walls.told, []string{"ms 7K3F9"}) {
		t.Errorf("counted are %v", walls.told)
	}
	if kept := w.logged.String() + w.raw("report"); strings.Contains(kept, "7K3F9") {
		t.Error("the code is kept with the report")
	}
}

// Whoever is at the form finds what the signs are, while it is open and while it is closed.
func TestTheFormLeadsToThePageAboutTheSigns(t *testing.T) {
	t.Parallel()
	w := pages(t, tipDesk)
	for _, closed := range []bool{false, true} {
		w.mu.Lock()
		w.closed = closed
		w.mu.Unlock()
		for lang, words := range map[string]string{"en": "About our signs", "es": "Sobre nuestros letreros"} {
			doc := w.client.GetDoc("/ms/" + lang)
			check(t, doc)
			if a := doc.One("a", "href", "/ms/"+lang+"/signs"); a == nil || a.Text() != words {
				t.Errorf("closed: %v, in %s: no link to the page about the signs", closed, lang)
			}
		}
	}
	w.reports.About = nil
	if doc := w.client.GetDoc("/ms/en"); doc.One("a", "href", "/ms/en/signs") != nil {
		t.Error("it leads to a page that there is not")
	}
}

// A report that the program sends itself is never counted.
func TestTestsCarryNoSign(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w, walls := signed(t, db, clock, tipDesk)
	sub := w.submission(w.tip(form.Answers{}))
	sub.Via, sub.Sign = report.ViaTest, spoken
	w.accept(sub)
	if len(walls.told) > 0 {
		t.Errorf("counted are %v", walls.told)
	}
}

// only is the id of the one report that there is.
func (w *world) only() (id store.ID) {
	w.t.Helper()
	if err := w.db.QueryRow(w.t.Context(), `select id from report where program = 'ms'`).Scan(&id); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// raw is every value of a table, as text.
func (w *world) raw(table string) string {
	w.t.Helper()
	var out strings.Builder
	for _, c := range w.db.Tables()[table].Columns {
		rows, err := w.db.Query(w.t.Context(), "select "+c.Name+" from "+table)
		if err != nil {
			w.t.Fatal(err)
		}
		for rows.Next() {
			var v any
			if err := rows.Scan(&v); err != nil {
				w.t.Fatal(err)
			}
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			out.WriteString(c.Name)
			out.WriteString(toText(v))
		}
		rows.Close()
	}
	return out.String()
}

func toText(v any) string {
	s, _ := v.(string)
	return s
}
