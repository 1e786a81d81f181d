// SPDX-License-Identifier: Apache-2.0

package code_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/code"
	"waylight/programs"
)

var packs = sync.OnceValues(func() (*program.Set, error) { return program.Load(programs.FS) })

const here = "ms"

var admin = identity.Member{Program: here, ID: store.NewID(), Name: "Ada", Roles: []string{identity.RoleProgramAdmin}, Active: true}

// world is the room on a database of its own, behind the real site.
type world struct {
	*code.Service
	t       *testing.T
	db      *store.DB
	clock   *storetest.Clock
	shut    atomic.Bool
	served  http.Handler
	logged  *bytes.Buffer
	metered *bytes.Buffer // what metrics are told of each answer
}

func schemas() []store.Schema { return []store.Schema{code.Schema()} }

func newWorld(t *testing.T, db *store.DB, clock *storetest.Clock) *world {
	t.Helper()
	set, err := packs()
	check(t, err)
	w := &world{t: t, db: db, clock: clock, logged: &bytes.Buffer{}, metered: &bytes.Buffer{}}
	site := webtest.Site(t, code.Strings())
	site.Now, site.Demo = clock.Now, true
	site.Log = slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	site.Served = func(pattern string, status int, _ time.Duration) { fmt.Fprintln(w.metered, pattern, status) }
	w.Service, err = code.New(code.Config{DB: db, Patience: time.Minute, Programs: set, Site: site, Now: clock.Now,
		Open: func(context.Context, string) bool { return !w.shut.Load() },
		Form: func(program, lang, text string) string { return "/" + program + "/" + lang + "?c=" + text },
		Lines: func(_, lang string) []code.Line {
			return []code.Line{{Name: "Emergency", Says: map[string]string{"en": "Call 911", "es": "Llame al 911"}[lang], Href: "tel:911"},
				{Name: "A line of the tests", Says: "601-555-0199", Href: "tel:+16015550199"}, {Name: "Words", Says: "2335550", Href: "sms:2335550"}, {Name: "Page", Says: "x", Href: "https://x.invalid/6015550177"}}
		},
		Failed: func(err error) { t.Error(err) },
	})
	check(t, err)
	mux := http.NewServeMux()
	site.Mount(mux, w.Room().Routes, func(_ web.Access, h web.Handler) web.Handler {
		return func(rw http.ResponseWriter, r *http.Request) error {
			return h(rw, r.WithContext(identity.WithMember(r.Context(), admin)))
		}
	})
	w.served = mux
	return w
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) { fn(t, newWorld(t, db, clock)) })
}

func one(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	return newWorld(t, db, clock)
}

// issue makes codes for signs at the station of Jackson, changed as asked.
func (w *world) issue(n int, change ...func(*code.Draft)) []code.Code {
	w.t.Helper()
	var out []code.Code
	check(w.t, w.db.Write(w.t.Context(), func(tx *store.Tx) (err error) {
		var drafts []code.Draft
		for range n {
			d := code.Draft{Program: here, Kind: code.Placement, Subject: store.NewID(), County: "28049", Place: "Union Station, Jackson", By: "system"}
			for _, c := range change {
				c(&d)
			}
			drafts = append(drafts, d)
		}
		out, err = w.IssueAll(tx, drafts)
		tx.Log(custody.Entry{Program: here, Event: "test.issued", Record: "test:codes", Actor: "system"})
		return err
	}))
	w.knows(out[len(out)-1], true)
	return out
}

// knows waits until the server knows that a code leads on, or does not.
func (w *world) knows(c code.Code, on bool) {
	w.t.Helper()
	until(w.t, func() bool { _, ok := w.Place(w.t.Context(), here, c.Text); return ok == on })
}

func (w *world) turn(c code.Code, on bool) {
	w.t.Helper()
	check(w.t, w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		_, err := w.Switch(tx, c.Program, c.ID, on, "system")
		tx.Log(custody.Entry{Program: here, Event: "test.switched", Record: "test:codes", Actor: "system"})
		return err
	}))
	w.knows(c, on)
}

// scan asks for an address as a person's browser does that follows a code.
func (w *world) scan(path string, headers ...string) *httptest.ResponseRecorder {
	return w.ask(http.MethodGet, path, append([]string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "none"}, headers...)...)
}

func (w *world) ask(method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1"+path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	w.served.ServeHTTP(out, r)
	return out
}

// counted are all scans that stand in the database, by code and language.
func (w *world) counted() map[string]int64 {
	w.t.Helper()
	check(w.t, w.Flush(w.t.Context()))
	rows, err := w.db.Query(w.t.Context(), `select c.code, s.day, s.language, s.n from code_scan s join code c on c.program = s.program and c.id = s.code`)
	check(w.t, err)
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var text, day, lang string
		var n int64
		check(w.t, rows.Scan(&text, &day, &lang, &n))
		out[text+" "+day+" "+lang] = n
	}
	return out
}
