// SPDX-License-Identifier: Apache-2.0

package result_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/prosecution/result"
	"waylight/programs"
)

// Offices of the pack.
const (
	bureau = "mbi-coordinator"
	desk   = "mbi-desk"
	here   = "ms"
)

func schemas() []store.Schema { return []store.Schema{jobs.Schema(), result.Schema()} }

// world is a room with two offices' people.
type world struct {
	*result.Service
	t     *testing.T
	db    *store.DB
	clock *storetest.Clock
	ana   identity.Member // of the bureau, and ben too
	ben   identity.Member
	cora  identity.Member // of the desk
	dan   identity.Member
	admin identity.Member
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) { fn(t, build(t, db, clock, nil, nil)) })
}

func build(t *testing.T, db *store.DB, clock *storetest.Clock, operations result.Operations, site *web.Site) *world {
	t.Helper()
	set, err := program.Load(programs.FS)
	check(t, err)
	ring, err := keyring.Open(filepath.Join(t.TempDir(), "keyring"))
	check(t, err)
	w := &world{t: t, db: db, clock: clock}
	w.Service, err = result.New(result.Config{DB: db, Programs: set, Now: clock.Now, Ring: ring, Operations: operations, Site: site,
		Subject: func(m identity.Member) policy.Subject {
			return policy.Subject{Program: m.Program, Office: m.Office, Roles: m.Roles, Member: m.ID.String()}
		}})
	check(t, err)
	person := func(office string, role policy.Role) identity.Member {
		return identity.Member{Program: here, ID: store.NewID(), Office: office, Name: "Invented", Roles: []policy.Role{role}, Active: true}
	}
	w.ana, w.ben, w.cora, w.dan = person(bureau, policy.RoleMember), person(bureau, policy.RoleMember), person(desk, policy.RoleMember), person(desk, policy.RoleMember)
	w.admin = person(bureau, policy.RoleProgramAdmin)
	return w
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// due does the jobs that wait.
func (w *world) due() {
	w.t.Helper()
	_, err := jobs.New(w.db, []string{here}, w.Room().Jobs, nil, w.clock.Now, nil).RunDue(context.Background())
	check(w.t, err)
}

// enter saves one row.
func (w *world) enter(m identity.Member, values ...string) result.Result {
	w.t.Helper()
	rows, wrong, err := w.Enter(w.t.Context(), m, []result.Line{line(values...)})
	if err != nil {
		w.t.Fatal(err, wrong)
	}
	return rows[0]
}

// line makes a line of names and values.
func line(values ...string) result.Line {
	m := map[string]string{}
	for i := 0; i < len(values); i += 2 {
		m[values[i]] = values[i+1]
	}
	return result.Typed(m)
}

// proof is a document.
func proof(n int) []string {
	return []string{"evidence", "report", "number", fmt.Sprintf("MBI-2026-%05d", n)}
}

func (w *world) measure(name string) figure.Measure {
	w.t.Helper()
	for _, m := range w.Measures() {
		if m.Name == name {
			return m
		}
	}
	w.t.Fatalf("there is no measure %s", name)
	return figure.Measure{}
}

// figures counts a measure over everything.
func (w *world) figures(name string, where map[string]string, by ...string) []figure.Cell {
	w.t.Helper()
	cells, err := w.measure(name).Cells(w.t.Context(), w.db, figure.Query{Program: here, By: by, Where: where})
	check(w.t, err)
	return cells
}

// one is the figure of the whole.
func (w *world) one(name string) figure.Cell {
	w.t.Helper()
	cells := w.figures(name, nil)
	if len(cells) == 0 {
		return figure.Cell{}
	}
	return cells[0]
}

// recounted holds that the sums are what the rows add up to.
func (w *world) recounted() {
	w.t.Helper()
	differ, err := result.Recount(w.t.Context(), w.db, here)
	check(w.t, err)
	for _, d := range differ {
		w.t.Error(d)
	}
}

// undone does something in a transaction that is not kept.
func (w *world) undone(fn func(tx *store.Tx) error) {
	w.t.Helper()
	undo := errors.New("undo")
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) {
		w.t.Fatal(err)
	}
}

func day(t time.Time) string { return t.Format(time.DateOnly) }
