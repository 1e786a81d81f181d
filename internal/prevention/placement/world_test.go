// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/prevention/placement"
	"waylight/programs"
)

const (
	here  = "ms"
	hinds = "28049"
)

// codeSchema is the table of the codes below.
var codeSchema = store.Schema{Room: "testcode", FS: fstest.MapFS{"0001_code.sql": {Data: []byte(`create table test_code ( -- not covered: codes of a test, in place of the room that has them
  program text not null, -- clear
  id bytes not null, -- clear
  code text not null, -- clear
  subject bytes not null, -- clear
  county text not null, -- clear
  place text not null, -- clear
  small bigint not null, -- clear
  is_on bigint not null, -- clear
  scans bigint not null, -- clear
  primary key (program, id),
  unique (program, code)
);
`)}}}

func schemas() []store.Schema {
	return []store.Schema{jobs.Schema(), placement.Schema(), codeSchema}
}

// codes makes and switches codes in a table, as the room of codes does.
type codes struct{}

func (codes) Issue(ctx context.Context, tx *store.Tx, c placement.NewCode) (placement.Code, error) {
	if strings.HasPrefix(c.Place, "Refused") {
		return placement.Code{}, fault.New(fault.Invalid, "test.place", "No code is made for this place.")
	}
	const alphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
	text := make([]byte, 5)
	for taken := true; taken; { // of 531 codes two are alike once in two hundred times
		rand.Read(text)
		for i := range text {
			text[i] = alphabet[int(text[i])%len(alphabet)]
		}
		if err := tx.QueryRow(ctx, `select exists (select 1 from test_code where program = $1 and code = $2)`, c.Program, string(text)).Scan(&taken); err != nil {
			return placement.Code{}, err
		}
	}
	out := placement.Code{ID: store.NewID(), Text: string(text)}
	return out, tx.Insert("test_code", store.Row{"program": c.Program, "id": out.ID, "code": out.Text, "subject": c.Subject, "county": c.County, "place": c.Place, "small": c.Small, "is_on": true, "scans": 0})
}

func (codes) Switch(_ context.Context, tx *store.Tx, program string, id store.ID, on bool, _ string) error {
	_, err := tx.Exec(`update test_code set is_on = $3 where program = $1 and id = $2`, program, id, map[bool]int64{true: 1}[on])
	return err
}

func (codes) Describe(_ context.Context, tx *store.Tx, program string, id store.ID, county, place string, small bool) error {
	n, err := tx.Exec(`update test_code set county = $3, place = $4, small = $5 where program = $1 and id = $2`, program, id, county, place, map[bool]int64{true: 1}[small])
	if err == nil && n != 1 {
		err = fmt.Errorf("%d codes are described", n)
	}
	return err
}

func (codes) On(ctx context.Context, q store.Reader, program string, id store.ID) (on bool, err error) {
	err = q.QueryRow(ctx, `select is_on = 1 from test_code where program = $1 and id = $2`, program, id).Scan(&on)
	return on, err
}

func (codes) Counts(ctx context.Context, q store.Reader, program string, ids []store.ID) (map[store.ID]int64, error) {
	out := map[store.ID]int64{}
	for _, id := range ids {
		var n int64
		if err := q.QueryRow(ctx, `select scans from test_code where program = $1 and id = $2`, program, id).Scan(&n); err != nil {
			return nil, err
		}
		if n >= 5 {
			out[id] = n
		}
	}
	return out, nil
}

// on says whether a code is on.
func (w *world) on(id store.ID) bool {
	w.t.Helper()
	var n int64
	check(w.t, w.db.QueryRow(context.Background(), `select is_on from test_code where program = $1 and id = $2`, here, id).Scan(&n))
	return n == 1
}

// says is what whoever scans a code is told.
func (w *world) says(id store.ID) string {
	w.t.Helper()
	var county, place string
	var small int64
	check(w.t, w.db.QueryRow(context.Background(), `select county, place, small from test_code where program = $1 and id = $2`, here, id).Scan(&county, &place, &small))
	return fmt.Sprintf("%s %s %d", county, place, small)
}

// world is a room with people of Mississippi.
type world struct {
	*placement.Service
	t     testing.TB
	db    *store.DB
	clock *storetest.Clock
	pack  *program.Program
	head  identity.Member // plans
	ana   identity.Member // walks rounds
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) { fn(t, build(t, db, clock, nil)) })
}

func build(t testing.TB, db *store.DB, clock *storetest.Clock, site *web.Site) *world {
	t.Helper()
	set, err := program.Load(programs.FS)
	check(t, err)
	w := &world{t: t, db: db, clock: clock}
	w.pack, _ = set.Program(here)
	w.pack.Notices = notices()
	w.Service, err = placement.New(placement.Config{DB: db, Programs: set, Now: clock.Now, Codes: codes{}, Site: site, Subject: func(m identity.Member) policy.Subject {
		return policy.Subject{Program: m.Program, Office: m.Office, Roles: m.Roles, Member: m.ID.String()}
	}})
	check(t, err)
	person := func(role policy.Role) identity.Member {
		return identity.Member{Program: here, ID: store.NewID(), Office: "mbi-desk", Name: "Invented", Roles: []policy.Role{role}, Active: true}
	}
	w.head, w.ana = person(policy.RoleSupervisor), person(policy.RoleMember)
	return w
}

// notices are two of a law and one that nobody is bound to post.
func notices() []program.Notice {
	words := func(langs ...string) map[string]program.NoticeWords {
		out := map[string]program.NoticeWords{}
		for _, l := range langs {
			out[l] = program.NoticeWords{Heading: "Help", Scan: "Scan"}
		}
		return out
	}
	from := time.Date(2020, 1, 1, 12, 0, 0, 0, time.UTC)
	title := func(s string) form.Text { return form.Text{"en": s, "es": s} }
	return []program.Notice{
		{ID: "us-station", Jurisdiction: "US", Title: title("Federal notice for stations"), Required: true, Version: "1", From: from, Places: []string{"train_station", "train"},
			Spots: []string{"restroom", "platform"}, Languages: []string{"en", "es"}, Words: words("en", "es", "ar")},
		{ID: "tx-lodging", Jurisdiction: "TX", Title: title("Notice of another state"), Required: true, Version: "1", From: from, Places: []string{"train_station", "lodging"},
			Spots: []string{"entrance"}, Languages: []string{"en"}, Words: words("en")},
		{ID: "ms-voluntary", Jurisdiction: "MS", Title: title("Voluntary notice"), Version: "3", From: from, Places: []string{"school", "business", "free"},
			Spots: []string{"entrance"}, Languages: []string{"en"}, Words: words("en", "es")},
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// kind is the kind of a fault, for comparing.
func kind(err error) fault.Kind { return fault.KindOf(err) }

// due does the jobs that wait.
func (w *world) due() {
	w.t.Helper()
	_, err := jobs.New(w.db, []string{here}, w.Room().Jobs, nil, w.clock.Now, nil).RunDue(context.Background())
	check(w.t, err)
}

// place adds a place.
func (w *world) place(values ...string) placement.Place {
	w.t.Helper()
	t := placement.Typed{"kind": "train_station", "name": "Union Station", "city": "Jackson", "county": "Hinds"}
	for i := 0; i < len(values); i += 2 {
		t[values[i]] = values[i+1]
	}
	p, wrong, err := w.AddPlace(context.Background(), w.head, t)
	if err != nil {
		w.t.Fatal(err, wrong)
	}
	return p
}

// plan plans a sheet.
func (w *world) plan(at placement.Place, spot string) placement.Placement {
	w.t.Helper()
	p, wrong, err := w.Add(context.Background(), w.head, placement.Draft{Place: at.ID, Notice: "us-station", Spot: spot})
	if err != nil {
		w.t.Fatal(err, wrong)
	}
	return p
}

// now reads a placement again.
func (w *world) now(p placement.Placement) placement.Placement {
	w.t.Helper()
	out, err := w.Get(context.Background(), w.head, p.ID)
	check(w.t, err)
	return out
}

// step brings a placement on.
func (w *world) step(p placement.Placement, to placement.State) placement.Placement {
	w.t.Helper()
	check(w.t, w.Step(context.Background(), w.head, p.ID, w.now(p).Row, to, ""))
	return w.now(p)
}

// hang plans a sheet and puts it up.
func (w *world) hang(at placement.Place, spot string) placement.Placement {
	w.t.Helper()
	return w.step(w.plan(at, spot), placement.Up)
}

// open lists the open tasks.
func (w *world) open() []placement.Task {
	w.t.Helper()
	list, _, err := w.Tasks(context.Background(), w.head, placement.TaskFilter{State: "open", Limit: 1000})
	check(w.t, err)
	return list
}

// leaves is how long the custody log is.
func (w *world) leaves() (n int64) {
	w.t.Helper()
	check(w.t, w.db.QueryRow(context.Background(), `select count(*) from custody_leaf where program = $1`, here).Scan(&n))
	return n
}
