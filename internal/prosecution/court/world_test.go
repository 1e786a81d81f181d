// SPDX-License-Identifier: Apache-2.0

package court

import (
	"context"
	"strings"
	"sync"
	"testing"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/programs"
)

var ctx = context.Background()

var packs = sync.OnceValues(func() (*program.Set, error) { return program.Load(programs.FS) })

const here = "ms"

// The offices of the tests, and who works there.
const (
	lead    = "mbi-coordinator"
	partner = "fbi"
	other   = "mdcps"
)

// world is the room on a database of its own. It is the People and the Mailer too.
type world struct {
	*Service
	t       *testing.T
	db      *store.DB
	clock   *storetest.Clock
	people  []identity.Member
	mails   []mail.Message
	refuses error
}

func member(office, name string, roles ...string) identity.Member {
	return identity.Member{Program: here, ID: store.NewID(), Office: office, Name: name, Email: name + "@example.invalid", Roles: roles, Active: true}
}

var (
	ann  = member(lead, "ann", identity.RoleMember)
	abe  = member(lead, "abe", identity.RoleSupervisor)
	pat  = member(partner, "pat", identity.RoleMember)
	olga = member(other, "olga", identity.RoleMember)
	boss = member(other, "boss", identity.RoleProgramAdmin)
)

func (w *world) Members(_ context.Context, _, office string) ([]identity.Member, error) {
	var out []identity.Member
	for _, m := range w.people {
		if office == "" || m.Office == office {
			out = append(out, m)
		}
	}
	return out, nil
}

func (w *world) Member(_ context.Context, _ string, id store.ID) (identity.Member, error) {
	for _, m := range w.people {
		if m.ID == id {
			return m, nil
		}
	}
	return identity.Member{}, fault.New(fault.NotFound, "none", "none")
}

func (w *world) Send(_ context.Context, m mail.Message) error {
	if w.refuses != nil {
		return w.refuses
	}
	w.mails = append(w.mails, m)
	return nil
}

func newWorld(t *testing.T, db *store.DB, clock *storetest.Clock) *world {
	t.Helper()
	set, err := packs()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, clock: clock, people: []identity.Member{ann, abe, pat, olga, boss}}
	site := webtest.Site(t, Strings())
	p, _ := set.Program(here)
	site.Zone = p.Zone
	w.Service, err = New(Config{
		DB: db, Programs: set, People: w, Mail: w, Origin: "https://tips.example.gov", Site: site, Now: clock.Now,
		Joined: func(_, office string) bool { return office == lead || office == partner || office == other },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func schemas() []store.Schema { return []store.Schema{jobs.Schema(), agency.Schema(), Schema()} }

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

func (w *world) open(docket string) Case {
	w.t.Helper()
	c, err := w.Open(ctx, ann, Opening{Docket: docket, Forum: Federal, Place: "MISSISSIPPI_NORTHERN"})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// enter adds steps and fails the test when one is refused.
func (w *world) enter(c Case, steps ...Entry) {
	w.t.Helper()
	for _, e := range steps {
		if err := w.Enter(ctx, ann, c.ID, e); err != nil {
			w.t.Fatalf("%s of %s: %v", e.Step, e.Day, said(err))
		}
	}
}

// said is what a person is told.
func said(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Message
	}
	if err != nil {
		return "not a fault: " + err.Error()
	}
	return ""
}

func (w *world) confirmAll(c Case) {
	w.t.Helper()
	entries, err := entriesOf(ctx, w.db, here, c.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, e := range entries {
		if e.Standing == Reported {
			if err := w.Say(ctx, abe, c.ID, e.ID, Word{Standing: Confirmed, DocketEntry: i + 1}); err != nil {
				w.t.Fatal(said(err))
			}
		}
	}
}

// steps makes entries from lines such as "2026-03-02 charged 1 indictment 1=us-18-1591,2=us-18-1594": day, step, defendant or "-", what or "-", and counts,
// or key=value pairs.
func steps(t *testing.T, lines string) []Entry {
	t.Helper()
	var out []Entry
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		f := strings.Fields(line)
		row := map[string]string{"day": f[0], "step": f[1]}
		if len(f) > 2 && f[2] != "-" {
			row["defendant"] = f[2]
		}
		if len(f) > 3 && f[3] != "-" {
			row["what"] = f[3]
		}
		for _, more := range f[min(4, len(f)):] {
			key, value, _ := strings.Cut(more, ":")
			row[key] = value
		}
		e, err := entryFrom(func(key string) string { return row[key] })
		if err != nil {
			t.Fatalf("%s: %v", line, said(err))
		}
		out = append(out, e)
	}
	return out
}

func (w *world) cells(measure string, q figure.Query) map[string]figure.Cell {
	w.t.Helper()
	q.Program = here
	for _, m := range w.Room().Measures {
		if m.Name == measure {
			cells, err := m.Cells(ctx, w.db, q)
			if err != nil {
				w.t.Fatal(err)
			}
			out := map[string]figure.Cell{}
			for _, c := range cells {
				out[strings.Join(c.Key, "/")] = c
			}
			return out
		}
	}
	w.t.Fatalf("no measure %s", measure)
	return nil
}
