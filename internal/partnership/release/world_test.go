// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/partnership/release"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
	"waylight/programs"
)

// things is a small real table that a small real measure counts.
var things = store.Schema{Room: "things", FS: fstest.MapFS{"0001_thing.sql": {Data: []byte(`-- What the tests count.
create table thing ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  at bigint not null, -- clear
  family text not null, -- clear
  place text not null, -- clear
  state text not null, -- clear
  amount bigint not null, -- clear
  how text not null, -- clear
  primary key (program, id)
);
create index thing_by_time on thing (program, at);
`)}}}

func thingWords() fstest.MapFS {
	lines := ""
	for _, m := range []string{"people_met", "money_found"} {
		for key, words := range map[string]string{"title": "People met", "definition": "Each person whom somebody met. Invented.", "dedup": "A person counts once.", "period": "The day of the meeting.",
			"family": "Family", "family.north": "North", "family.south": "South", "family.east": "East", "family.west": "West", "family.other": "Other or unknown", "place": "Place", "month": "Month"} {
			lines += fmt.Sprintf("figure.%s.%s: %q\n", m, key, words)
		}
	}
	return fstest.MapFS{"strings/en.yaml": {Data: []byte(lines)}, "strings/es.yaml": {Data: []byte(lines)}}
}

// measures count the table: people, and cents.
func measures() []figure.Measure {
	dims := []figure.Dimension{{Name: "family", Values: []string{"north", "south", "east", "west", figure.Other}}, {Name: "place"}, {Name: "month"}}
	return []figure.Measure{
		{Name: "people_met", Unit: figure.Persons, People: true, Dimensions: dims, Cells: cells(false), Rows: rows},
		{Name: "money_found", Unit: figure.Cents, Dimensions: dims, Cells: cells(true)},
	}
}

func cells(sum bool) func(ctx context.Context, db store.Reader, q figure.Query) ([]figure.Cell, error) {
	return func(ctx context.Context, db store.Reader, q figure.Query) ([]figure.Cell, error) {
		found, err := db.Query(ctx, `select at, family, place, state, amount, how from thing where program = $1 and at >= $2 and at < $3 and state <> 'withdrawn'`, q.Program, store.Micros(q.From), store.Micros(q.To))
		if err != nil {
			return nil, err
		}
		defer found.Close()
		at := map[string]*figure.Cell{}
		for found.Next() {
			var when, amount int64
			var family, place, state, how string
			if err := found.Scan(&when, &family, &place, &state, &amount, &how); err != nil {
				return nil, err
			}
			values := map[string]string{"family": family, "place": place, "month": store.Time(when).Format("2006-01")}
			key, wanted := []string{}, true
			for name, want := range q.Where {
				wanted = wanted && values[name] == want
			}
			if !wanted {
				continue
			}
			for _, name := range q.By {
				key = append(key, values[name])
			}
			c := at[fmt.Sprint(key)]
			if c == nil {
				c = &figure.Cell{Key: key}
				at[fmt.Sprint(key)] = c
			}
			switch {
			case state == "reported":
				c.Unproven++
				continue
			case sum:
				c.Value += amount
			default:
				c.Value++
			}
			c.Rows++
			c.Qualifier = c.Qualifier.And(figure.Qualifier(how))
		}
		var out []figure.Cell
		for _, c := range at {
			out = append(out, *c)
		}
		return out, found.Err()
	}
}

func rows(ctx context.Context, db store.Reader, q figure.Query, after string, limit int) ([]figure.Row, string, error) {
	found, err := db.Query(ctx, `select id, at, family from thing where program = $1 and at >= $2 and at < $3 and state = 'confirmed' and (family = $4 or $4 = '') and id > $5 order by id limit $6`,
		q.Program, store.Micros(q.From), store.Micros(q.To), q.Where["family"], []byte(after), int64(limit))
	if err != nil {
		return nil, "", err
	}
	defer found.Close()
	var out []figure.Row
	next := ""
	for found.Next() {
		var id store.ID
		var at int64
		var family string
		if err := found.Scan(&id, &at, &family); err != nil {
			return nil, "", err
		}
		out = append(out, figure.Row{ID: id.String(), Date: store.Time(at), What: "Met in the family " + family, Link: "/staff/thing/" + id.String(), Value: 1})
		if len(out) == limit {
			next = string(id[:])
		}
	}
	return out, next, found.Err()
}

type viewerKey struct{}

// world is a program with two administrators, an auditor, and things that are counted.
type world struct {
	*release.Service
	t        testing.TB
	db       *store.DB
	clock    *storetest.Clock
	log      *custody.Log
	verifier string
	approve  *approval.Service
	pack     *program.Program // its rules for figures may be changed by a test
}

func person(roles ...string) policy.Subject {
	return policy.Subject{Program: "ms", Office: "help-desk", Member: store.NewID().String(), Roles: roles}
}

var (
	ana  = person(policy.RoleProgramAdmin)
	ben  = person(policy.RoleProgramAdmin)
	cora = person(policy.RoleAuditor)
	dan  = person(policy.RoleMember)
)

func as(ctx context.Context, s policy.Subject) context.Context {
	return context.WithValue(ctx, viewerKey{}, s)
}

func viewer(ctx context.Context) (policy.Subject, bool) {
	s, ok := ctx.Value(viewerKey{}).(policy.Subject)
	return s, ok
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, []store.Schema{approval.Schema(), release.Schema(), things}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		fn(t, makeWorld(t, db, clock))
	})
}

func makeWorld(t testing.TB, db *store.DB, clock *storetest.Clock) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: clock}
	set, err := program.Load(programs.FS)
	w.must(err)
	w.pack, _ = set.Program("ms")
	secret, public, err := note.GenerateKey(rand.Reader, "figures.example/log/ms")
	w.must(err)
	signer, err := note.NewSigner(secret)
	w.must(err)
	w.log, err = custody.NewLog("ms", signer, public, time.Minute)
	w.must(err)
	w.verifier = public
	site := webtest.Site(t, figure.Strings(), release.Strings(), thingWords())
	site.Now = clock.Now
	w.approve, err = approval.New(approval.Config{DB: db, Site: site, Now: clock.Now, Viewer: viewer})
	w.must(err)
	w.Service, err = release.New(release.Config{DB: db, Programs: set, Approvals: w.approve, Site: site, Now: clock.Now, Viewer: viewer,
		Log: func(string) *custody.Log { return w.log }, Name: func(context.Context, string, string) string { return "Ana Example" }})
	w.must(err)
	registry, err := figure.NewRegistry(site.Catalog, measures())
	w.must(err)
	w.Attach(registry)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// put adds n things of a family, met on a day.
func (w *world) put(n int, day, family, place, state string) {
	w.t.Helper()
	at, err := time.Parse(figure.Day, day)
	w.must(err)
	w.must(w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		for range n {
			row := store.Row{"program": "ms", "id": store.NewID(), "at": at.Add(15 * time.Hour), "family": family, "place": place, "state": state, "amount": 12345, "how": ""}
			if err := tx.Insert("thing", row); err != nil {
				return err
			}
		}
		tx.Log(custody.Entry{Program: "ms", Event: "test.put", Record: "things", Actor: "system"})
		return nil
	}))
}

// checkpoint publishes the log.
func (w *world) checkpoint() {
	w.t.Helper()
	w.clock.Advance(time.Minute)
	w.must(w.db.Accept(w.t.Context(), func(tx *store.Tx) error {
		_, err := w.log.Publish(tx, w.clock.Now())
		return err
	}))
}

func headline(words string) map[string]string {
	return map[string]string{"en": words, "es": words}
}

// draft makes a draft of one table.
func (w *world) draft(words string, specs ...figure.Spec) release.Release {
	w.t.Helper()
	for i := range specs {
		if specs[i].From == "" {
			specs[i].From, specs[i].Through = "2026-09-01", "2026-10-31"
		}
	}
	r, err := w.Make(as(w.t.Context(), ana), release.Plan{Headline: headline(words), From: "2026-09-01", Through: "2026-10-31", Specs: specs})
	w.must(err)
	return r
}

// agree asks for a second person, who agrees.
func (w *world) agree(id store.ID) {
	w.t.Helper()
	ctx := w.t.Context()
	w.must(w.Ask(as(ctx, ana), id))
	q, open, err := w.approve.Waiting(ctx, w.db, "ms", policy.PublishRelease, "release:"+id.String())
	w.must(err)
	if !open {
		w.t.Fatal("nothing waits for a second person")
	}
	w.must(w.approve.Decide(as(ctx, ben), q.ID, true, ""))
}

// publish takes a draft all the way.
func (w *world) publish(id store.ID) release.Release {
	w.t.Helper()
	ctx := as(w.t.Context(), ana)
	r, err := w.Check(ctx, id)
	w.must(err)
	if r.State != release.Checked {
		w.t.Fatalf("the release is stopped: %+v", r.Findings)
	}
	w.agree(id)
	w.must(w.Publish(ctx, id))
	r, err = w.Release(ctx, id)
	w.must(err)
	return r
}

func (w *world) document(r release.Release) figure.Document {
	w.t.Helper()
	d, err := figure.ParseDocument([]byte(r.Document))
	w.must(err)
	return d
}

// guard lets through whom the table lets through, by the header of the test.
func guard(a web.Access, h web.Handler) web.Handler {
	return func(rw http.ResponseWriter, r *http.Request) error {
		who, ok := map[string]policy.Subject{"ana": ana, "ben": ben, "cora": cora, "dan": dan}[r.Header.Get("Test-Member")]
		if c, err := r.Cookie("who"); err == nil && !ok {
			who, ok = map[string]policy.Subject{"ana": ana, "ben": ben}[c.Value]
		}
		switch {
		case !ok:
			return fault.New(fault.SignIn, "sign_in", "Please sign in first.")
		case !policy.Allow(policy.Action(a.Action), who):
			return fault.New(fault.Forbidden, "role", "Not with this role.")
		}
		return h(rw, r.WithContext(as(r.Context(), who)))
	}
}
