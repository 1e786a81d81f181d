// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/prosecution/operation"
	"waylight/programs"
)

var packs = sync.OnceValues(func() (*program.Set, error) { return program.Load(programs.FS) })

func schemas() []store.Schema {
	return []store.Schema{jobs.Schema(), agency.Schema(), identity.Schema(), operation.Schema()}
}

// world is Mississippi with the room on a real database.
type world struct {
	*operation.Service
	t     *testing.T
	db    *store.DB
	clock *storetest.Clock
	ring  *keyring.Ring
	sent  *letters
}

// letters are the mails that were sent.
type letters struct {
	mu  sync.Mutex
	all []mail.Message
}

func (l *letters) Send(_ context.Context, m mail.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, m)
	return nil
}

func build(t *testing.T, db *store.DB, clock *storetest.Clock, limits operation.Limits) *world {
	t.Helper()
	ring, err := keyring.Open(filepath.Join(t.TempDir(), "keyring"))
	check(t, err)
	return buildWith(t, db, clock, ring, limits)
}

func buildWith(t *testing.T, db *store.DB, clock *storetest.Clock, ring *keyring.Ring, limits operation.Limits) *world {
	t.Helper()
	set, err := packs()
	check(t, err)
	agencies, err := agency.New(agency.Config{DB: db, Programs: set, Now: clock.Now})
	check(t, err)
	people, err := identity.New(identity.Config{DB: db, Programs: set, Agencies: agencies, Ring: ring, Now: clock.Now})
	check(t, err)
	w := &world{t: t, db: db, clock: clock, ring: ring, sent: &letters{}}
	w.Service, err = operation.New(operation.Config{DB: db, Programs: set, People: people, Ring: ring, Mail: w.sent, Origin: "https://tips.example.org", Now: clock.Now, Limits: limits})
	check(t, err)
	return w
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// many are limits that nobody reaches.
var many = operation.Limits{Member: 1 << 30, Finds: 1 << 30, Office: 1 << 30}

// officer is somebody at an office, who need not sign in to act through the service.
func officer(office string, roles ...string) identity.Member {
	if len(roles) == 0 {
		roles = []string{policy.RoleMember}
	}
	return identity.Member{Program: "ms", ID: store.NewID(), Office: office, Roles: roles, Active: true}
}

// Offices of the pack that are run by police, and one that is not.
const (
	state   = "mbi-coordinator"
	desk    = "mbi-desk"
	tribal  = "choctaw-police"
	federal = "fbi"
	shelter = "mcaht"
)

var hinds, rankin = place.Place{State: "MS", County: "28049"}, place.Place{State: "MS", County: "28121"}

// draft is a plan for tomorrow in Hinds County, at a point, changed as asked.
func (w *world) draft(change ...func(*operation.Draft)) operation.Draft {
	from := w.clock.Now().Add(24 * time.Hour)
	d := operation.Draft{Kind: "recovery", Plan: operation.Plan{
		Name: "Demo Heron", Aim: "An invented plan.", Areas: []place.Place{hinds}, Point: &operation.Point{Lat: 32.30, Lon: -90.18}, Radius: 500,
		From: from, To: from.Add(3 * time.Hour), Contact: "Duty sergeant", Phone: "601-555-0134",
	}}
	for _, c := range change {
		c(&d)
	}
	return d
}

func (w *world) plan(m identity.Member, d operation.Draft) (operation.Operation, int) {
	w.t.Helper()
	o, near, err := w.Plan(w.t.Context(), m, d)
	check(w.t, err)
	return o, near
}

// conflicts are what the office of an operation is told.
func (w *world) conflicts(o operation.Operation) []operation.Conflict {
	w.t.Helper()
	all, err := w.Conflicts(w.t.Context(), o)
	check(w.t, err)
	return all
}

// open counts those that stand.
func (w *world) open(o operation.Operation) (n int) {
	w.t.Helper()
	for _, c := range w.conflicts(o) {
		if c.Ended.IsZero() {
			n++
		}
	}
	return n
}

func (w *world) state(o operation.Operation) operation.Operation {
	w.t.Helper()
	now, err := w.Get(w.t.Context(), officer(o.Lead), o.ID)
	check(w.t, err)
	return now
}

// approve calls about every conflict, and lets a supervisor of the office agree.
func (w *world) approve(o operation.Operation) {
	w.t.Helper()
	for _, c := range w.conflicts(o) {
		if c.Ended.IsZero() {
			check(w.t, w.Answer(w.t.Context(), officer(o.Lead), o.ID, c.ID, operation.Agreed))
		}
	}
	check(w.t, w.Approve(w.t.Context(), officer(o.Lead, policy.RoleSupervisor), o.ID, w.state(o).Version))
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) { fn(t, build(t, db, clock, many)) })
}
