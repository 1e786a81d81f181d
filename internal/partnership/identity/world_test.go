// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

// The offices that the tests use, of Mississippi's own pack.
const (
	ms      = "ms"
	police  = "mbi-desk"
	helpers = "help-desk"
)

var packs = sync.OnceValues(func() (*program.Set, error) { return program.Load(os.DirFS("../../../programs")) })

func schemas() []store.Schema {
	return []store.Schema{jobs.Schema(), approval.Schema(), agency.Schema(), Schema()}
}

// world is the room on a database of its own.
type world struct {
	*Service
	t     *testing.T
	db    *store.DB
	clock *storetest.Clock
	ring  *keyring.Ring
	site  *web.Site

	approvals *approval.Service
	more      []web.Route // that a test adds to the room's
}

func newWorld(t *testing.T, db *store.DB, clock *storetest.Clock) *world {
	t.Helper()
	return newWorldUnder(t, db, clock, nil)
}

// newWorldUnder is newWorld with a directory key that is pinned.
func newWorldUnder(t *testing.T, db *store.DB, clock *storetest.Clock, directory ed25519.PublicKey) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: clock}
	w.ring = must(keyring.Open(filepath.Join(t.TempDir(), "keys")))(t)
	w.site = webtest.Site(t, Strings())
	w.site.Now, w.site.SignIn, w.site.SignOut = clock.Now, "/staff/sign-in", "/staff/sign-out"
	set := must(packs())(t)
	w.approvals = must(approval.New(approval.Config{DB: db, Now: clock.Now, Site: w.site, Viewer: func(ctx context.Context) (policy.Subject, bool) {
		m, ok := From(ctx)
		return w.subject(m), ok
	}}))(t)
	agencies := must(agency.New(agency.Config{DB: db, Programs: set, Now: clock.Now, Approvals: w.approvals, Directory: func(string) ed25519.PublicKey { return directory }}))(t)
	w.Service = must(New(Config{DB: db, Programs: set, Agencies: agencies, Approvals: w.approvals, Ring: w.ring, Site: w.site, Now: clock.Now, PassphraseSignIn: true}))(t)
	w.approvals.About = func(ctx context.Context, q store.Reader, r approval.Request) (policy.Object, error) {
		id, err := store.ParseID(strings.TrimPrefix(r.Subject, "member:"))
		if err != nil { // an office, which is all that a closing is about
			return policy.Object{Program: r.Program}, nil
		}
		return w.Object(ctx, q, r.Program, id)
	}
	for _, office := range []string{police, helpers} {
		err := agencies.Join(t.Context(), agency.System(ms), office)
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// each runs fn on both engines, each time in a world of its own.
func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) { fn(t, newWorld(t, db, clock)) })
}

// one runs fn on SQLite only, for what has no SQL of its own.
func one(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	return newWorld(t, db, clock)
}

func (w *world) invite(office, email string, roles ...string) string {
	w.t.Helper()
	return must(w.Invite(context.Background(), ms, office, "Person "+email, email, roles))(w.t)
}

// joinAs enrolls somebody with the passphrase "passphrase of <email>".
func (w *world) joinAs(office, email string, roles ...string) (*Holder, []string) {
	w.t.Helper()
	h, shares, err := w.EnrollHolder(context.Background(), w.invite(office, email, roles...), "passphrase of "+email)
	if err != nil {
		w.t.Fatal(err)
	}
	return h, shares
}

// add puts a member into the database who never signs in: no keys are made.
func (w *world) add(office, name, email string, roles ...string) Member {
	w.t.Helper()
	m := Member{Program: ms, ID: store.NewID(), Office: office, Name: name, Email: email, Roles: roles, KEM: []byte{1}, Sign: []byte{1}, Active: true}
	err := w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		err := insertMember(tx, account{Member: m})
		tx.Log(custody.Entry{Program: ms, Event: "member.enrolled", Record: m.Actor(), Actor: m.Actor()})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// logged closes a change that a test makes by hand.
func (w *world) logged(tx *store.Tx) error {
	tx.Log(custody.Entry{Program: ms, Event: "test.changed", Record: "test", Actor: "system"})
	return nil
}

// as is a context in which m is signed in.
func (w *world) as(m Member) context.Context { return WithMember(w.t.Context(), m) }

// events lists what the custody log holds, as "event record actor".
func (w *world) events() []string {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), `select opening from custody_leaf where program = $1 order by idx`, ms)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var b []byte
		err = rows.Scan(&b)
		if err != nil {
			w.t.Fatal(err)
		}
		o := must(custody.ParseOpening(b))(w.t)
		if !o.Cover {
			out = append(out, o.Event+" "+o.Record+" "+o.Actor)
		}
	}
	return out
}

// last is the newest event.
func (w *world) last() string {
	w.t.Helper()
	all := w.events()
	return all[len(all)-1]
}

// newCopy is the same database on another server: without the keyring that belongs to it.
func newCopy(t *testing.T, w *world) *world {
	t.Helper()
	c := &world{t: t, db: w.db, clock: w.clock}
	c.ring = must(keyring.Open(filepath.Join(t.TempDir(), "keys")))(t)
	c.Service = must(New(Config{DB: w.db, Programs: w.programs, Agencies: w.agencies, Ring: c.ring, Now: w.clock.Now, PassphraseSignIn: true}))(t)
	return c
}
