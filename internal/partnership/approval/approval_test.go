// SPDX-License-Identifier: Apache-2.0

package approval_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

type viewerKey struct{}

// world is two programs with invented people, and acts that note that they were done.
type world struct {
	*approval.Service
	t     *testing.T
	db    *store.DB
	clock *storetest.Clock
	done  []string
	after []string
	fail  error
}

var (
	ana  = person("ms", policy.RoleProgramAdmin)
	ben  = person("ms", policy.RoleProgramAdmin, policy.RoleMember)
	cora = person("ms", policy.RoleAuditor, policy.RoleAgencyAdmin)
	tess = person("tx", policy.RoleProgramAdmin)
)

func person(program string, roles ...string) policy.Subject {
	return policy.Subject{Program: program, Office: "shelter", Member: store.NewID().String(), Roles: roles}
}

func actor(s policy.Subject) string { return "member:" + s.Member }

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, []store.Schema{approval.Schema()}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := &world{t: t, db: db, clock: clock}
		var err error
		w.Service, err = approval.New(approval.Config{DB: db, Now: clock.Now, Site: webtest.Site(t),
			Viewer: func(ctx context.Context) (policy.Subject, bool) {
				s, ok := ctx.Value(viewerKey{}).(policy.Subject)
				return s, ok
			},
			Name: func(_ context.Context, _, ref string) string {
				return map[string]string{actor(ana): "Ana Example", "office:shelter": "The Shelter"}[ref]
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Handle(policy.CloseOffice, func(_ context.Context, tx *store.Tx, r approval.Request) error {
			w.done = append(w.done, r.Subject)
			tx.Log(custody.Entry{Program: r.Program, Event: "office.closed", Record: r.Subject, Actor: r.DecidedBy})
			return w.fail
		}, func(_ context.Context, r approval.Request) error { w.after = append(w.after, r.Subject); return nil })
		w.Handle(policy.LiftHold, func(context.Context, *store.Tx, approval.Request) error {
			w.done = append(w.done, "lifted")
			return nil
		})
		t.Cleanup(w.verify)
		fn(t, w)
	})
}

func (w *world) verify() {
	_, public, err := note.GenerateKey(rand.Reader, "test")
	if err != nil {
		w.t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, program := range []string{"ms", "tx"} {
		result, err := custody.Verify(context.Background(), w.db, program, verifier)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, p := range result.Problems {
			w.t.Errorf("custody log, leaf %d: %s", p.Leaf, p.What)
		}
	}
}

func as(ctx context.Context, s policy.Subject) context.Context {
	return context.WithValue(ctx, viewerKey{}, s)
}

// ask puts an act before a second person.
func (w *world) ask(by policy.Subject, a policy.Action, subject string) (id store.ID, err error) {
	err = w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		id, err = w.Ask(tx, approval.Request{Program: by.Program, Action: a, Subject: subject, Detail: "No more staff since March", By: actor(by)})
		return err
	})
	return id, err
}

func (w *world) asked(by policy.Subject, a policy.Action, subject string) store.ID {
	w.t.Helper()
	id, err := w.ask(by, a, subject)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) events() []string {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), `select opening from custody_leaf where program = $1 order by idx`, "ms")
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			w.t.Fatal(err)
		}
		o, err := custody.ParseOpening(b)
		if err != nil {
			w.t.Fatal(err)
		}
		if !o.Cover {
			out = append(out, o.Event+" "+o.Actor)
		}
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// Nobody approves their own request (CJIS AC-5), and who may not decide does not.
func TestWhoDecides(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.asked(ana, policy.CloseOffice, "office:shelter")
		for _, c := range []struct {
			name string
			by   policy.Subject
			want error
		}{
			{"who asked", ana, approval.ErrOwn},
			{"without the role", cora, approval.ErrRole},
			{"another program", tess, approval.ErrNone},
		} {
			if err := w.Decide(as(t.Context(), c.by), id, true, ""); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
		if err := w.Decide(t.Context(), id, true, ""); fault.KindOf(err) != fault.SignIn {
			t.Errorf("nobody: %v", err)
		}
		if len(w.done) != 0 {
			t.Fatalf("done: %v", w.done)
		}
		if err := w.Decide(as(t.Context(), ben), id, true, ""); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(w.done, []string{"office:shelter"}) || !slices.Equal(w.after, w.done) {
			t.Errorf("done %v, after %v", w.done, w.after)
		}
		want := []string{"approval.asked " + actor(ana), "approval.approved " + actor(ben), "office.closed " + actor(ben)}
		if got := w.events(); !slices.Equal(got, want) {
			t.Errorf("the log: %v", got)
		}
		if err := w.Decide(as(t.Context(), ben), id, true, ""); !errors.Is(err, approval.ErrDecided) {
			t.Errorf("again: %v", err)
		}
	})
}

// An act that cannot be done is not approved either: the request still waits, and nothing of it stays.
func TestApprovalAndActStandTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.asked(ana, policy.CloseOffice, "office:shelter")
		w.fail = fault.New(fault.Conflict, "hold", "A legal hold covers it.")
		if err := w.Decide(as(t.Context(), ben), id, true, ""); !errors.Is(err, w.fail) {
			t.Errorf("%v", err)
		}
		if len(w.after) != 0 || len(w.events()) != 1 {
			t.Errorf("something stayed: %v %v", w.after, w.events())
		}
		w.fail = nil
		if err := w.Decide(as(t.Context(), ben), id, true, ""); err != nil {
			t.Errorf("later: %v", err)
		}
	})
}

func TestDecliningAndTakingBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.asked(ana, policy.CloseOffice, "office:shelter")
		if _, err := w.ask(ben, policy.CloseOffice, "office:shelter"); !errors.Is(err, approval.ErrAsked) {
			t.Errorf("asked twice: %v", err)
		}
		w.asked(ben, policy.LiftHold, "office:shelter") // another act about the same office
		for _, reason := range []string{"", "  ", strings.Repeat("x", 501), "a\x00b", "\xff"} {
			if err := w.Decide(as(t.Context(), ben), id, false, reason); !errors.Is(err, approval.ErrReason) {
				t.Errorf("declined with %q: %v", reason, err)
			}
		}
		if err := w.Decide(as(t.Context(), ben), id, false, "A case is open."); err != nil {
			t.Fatal(err)
		}
		r, found, err := w.Last(t.Context(), w.db, "ms", policy.CloseOffice, "office:shelter")
		if err != nil || !found || r.Decision != approval.Declined || r.DecidedBy != actor(ben) || r.Reason != "A case is open." {
			t.Errorf("%+v %v", r, err)
		}
		w.clock.Advance(time.Minute)
		again := w.asked(ana, policy.CloseOffice, "office:shelter")
		if err := w.Decide(as(t.Context(), ana), again, false, "A mistake."); err != nil {
			t.Fatal(err)
		}
		if r, _, _ = w.Last(t.Context(), w.db, "ms", policy.CloseOffice, "office:shelter"); r.ID != again || r.Decision != approval.TakenBack {
			t.Errorf("%+v", r)
		}
		if len(w.done) != 0 {
			t.Errorf("done: %v", w.done)
		}
	})
}

func TestARequestEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.asked(ana, policy.CloseOffice, "office:shelter")
		w.clock.Advance(approval.Life - time.Second)
		if _, open, err := w.Waiting(t.Context(), w.db, "ms", policy.CloseOffice, "office:shelter"); err != nil || !open {
			t.Errorf("ended too early: %v", err)
		}
		w.clock.Advance(time.Second)
		if err := w.Decide(as(t.Context(), ben), id, true, ""); !errors.Is(err, approval.ErrDecided) {
			t.Errorf("after seven days: %v", err)
		}
		if n, err := w.Count(as(t.Context(), ben)); err != nil || n != 0 {
			t.Errorf("%d wait, %v", n, err)
		}
		next := w.asked(ana, policy.CloseOffice, "office:shelter")
		for who, want := range map[string]int{ana.Member: 0, ben.Member: 1} { // nobody is called to decide their own
			s := policy.Subject{Program: "ms", Member: who, Roles: []string{policy.RoleProgramAdmin}}
			if n, err := w.Count(as(t.Context(), s)); err != nil || n != want {
				t.Errorf("%d wait, %v", n, err)
			}
		}
		if err := w.Decide(as(t.Context(), ben), next, true, ""); err != nil {
			t.Error(err)
		}
	})
}

// Two who approve at the same moment do it once.
func TestOnlyOneDecides(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.asked(ana, policy.LiftHold, "hold:1")
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() { errs[i] = w.Decide(as(t.Context(), ben), id, i%2 == 0, "because") })
		}
		wg.Wait()
		good := 0
		for _, err := range errs {
			if err == nil {
				good++
			} else if !errors.Is(err, approval.ErrDecided) {
				t.Errorf("%v", err)
			}
		}
		if good != 1 {
			t.Errorf("%d decisions", good)
		}
	})
}

// A request tells of what it is about: who may not know of that meets no request, no number beside the menu, and no way to decide.
func TestRequestsStandBehindTheSameWalls(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.About = func(_ context.Context, _ store.Reader, r approval.Request) (policy.Object, error) {
			return policy.Object{Program: r.Program, Office: "shelter", Holder: "shelter", Mode: "help"}, nil
		}
		id := w.asked(ana, policy.LiftHold, "hold:1")
		chief := ben
		chief.Office, chief.Police = "sheriff", true
		c := webtest.Server(t, w.Site, w.Room().Routes, func(_ web.Access, h web.Handler) web.Handler {
			return func(rw http.ResponseWriter, r *http.Request) error {
				return h(rw, r.WithContext(as(r.Context(), map[string]policy.Subject{"chief": chief, "ben": ben}[r.Header.Get("Test-Member")])))
			}
		})
		for who, want := range map[string]bool{"chief": false, "ben": true} {
			c.Header.Set("Test-Member", who)
			for _, path := range []string{"/staff/approvals", "/staff/approvals.csv"} {
				if got := c.GetDoc(path); got.Status != http.StatusOK || strings.Contains(got.Body, "Lift a legal hold") != want {
					t.Errorf("%s at %s: %d %s", who, path, got.Status, got.Body)
				}
			}
			if n, err := w.Count(as(t.Context(), map[string]policy.Subject{"chief": chief, "ben": ben}[who])); err != nil || (n == 1) != want {
				t.Errorf("%s: %d wait, %v", who, n, err)
			}
		}
		if err := w.Decide(as(t.Context(), chief), id, true, ""); !errors.Is(err, approval.ErrNone) {
			t.Errorf("police decide: %v", err)
		}
		if err := w.Decide(as(t.Context(), ben), id, true, ""); err != nil {
			t.Error(err)
		}
	})
}

// Asking for what nobody can do, or in nobody's name, is a mistake of the program.
func TestAskingIsChecked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, r := range map[string]approval.Request{
			"no such act": {Program: "ms", Action: policy.ReadReport, Subject: "x", By: actor(ana)},
			"nobody":      {Program: "ms", Action: policy.LiftHold, Subject: "x"},
			"nothing":     {Program: "ms", Action: policy.LiftHold, By: actor(ana)},
			"endless":     {Program: "ms", Action: policy.LiftHold, Subject: "x", By: actor(ana), Detail: strings.Repeat("x", 4001)},
		} {
			err := w.db.Write(t.Context(), func(tx *store.Tx) error { _, err := w.Ask(tx, r); return err })
			if err == nil {
				t.Error(name)
			}
		}
	})
}

// Whatever is asked and decided in whatever order: what was done was approved by somebody else than who asked, once, in time.
func TestProperty(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{approval.Schema()}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		type entry struct {
			by   policy.Subject
			ends time.Time
			done bool
		}
		var now policy.Subject
		s, err := approval.New(approval.Config{DB: db, Now: clock.Now, Viewer: func(context.Context) (policy.Subject, bool) { return now, true }})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			asked, ids := map[string]*entry{}, []store.ID{}
			s.Handle(policy.LiftHold, func(_ context.Context, tx *store.Tx, r approval.Request) error {
				e := asked[r.Subject]
				if e.done || actor(e.by) == actor(now) || !tx.Now().Before(e.ends) || r.By != actor(e.by) || !slices.Contains(now.Roles, policy.RoleProgramAdmin) {
					rt.Errorf("%+v is done by %+v", r, now)
				}
				e.done = true
				return nil
			})
			for range rapid.IntRange(1, 15).Draw(rt, "steps") {
				now = rapid.SampledFrom([]policy.Subject{ana, ben, cora, tess}).Draw(rt, "who")
				switch rapid.IntRange(0, 4).Draw(rt, "what") {
				case 0:
					n++
					subject := fmt.Sprint("hold:", n)
					err := db.Write(context.Background(), func(tx *store.Tx) error {
						id, err := s.Ask(tx, approval.Request{Program: now.Program, Action: policy.LiftHold, Subject: subject, By: actor(now)})
						asked[subject] = &entry{by: now, ends: tx.Now().Add(approval.Life)}
						ids = append(ids, id)
						return err
					})
					if err != nil {
						rt.Fatal(err)
					}
				case 1:
					clock.Advance(time.Duration(rapid.IntRange(0, 100).Draw(rt, "hours")) * time.Hour)
				default:
					if len(ids) == 0 {
						continue
					}
					err := s.Decide(context.Background(), rapid.SampledFrom(ids).Draw(rt, "id"), rapid.Bool().Draw(rt, "approve"), "because")
					if err != nil && fault.KindOf(err) == fault.Internal {
						rt.Fatal(err)
					}
				}
			}
		})
	})
}
