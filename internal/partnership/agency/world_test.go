// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

// packs are the programs of the repository, read once.
var packs = sync.OnceValues(func() (*program.Set, error) { return program.Load(os.DirFS("../../../programs")) })

// world is Mississippi with invented people, on a database of its own. At its end
// the custody log must agree with every row.
type world struct {
	*Service
	t      *testing.T
	p      *program.Program
	clock  *storetest.Clock
	people []Person
	mail   *mail.Catcher
	runner *jobs.Runner
	desk   string // the pack's first desk
	other  string // the second
	sent   int    // test reports

	mailGone  bool
	admin     Actor
	second    Actor // another administrator
	directory ed25519.PrivateKey
	approvals *approval.Service
	keys      map[string]officeKey // the key that a test made last for an office
	open      int                  // what OpenWork says
}

// officeKey is an office's key with the halves that only members have.
type officeKey struct {
	NewKey
	signing  ed25519.PrivateKey
	recovery *seal.PrivateKey
}

// invented people: the program's administrator, two at each desk.
func invented(desk, other string) []Person {
	return []Person{
		{person(1), "", "Ana Example", "ana@example.gov", []string{roleProgramAdmin}},
		{person(2), desk, "Ben Example", "ben@example.gov", []string{"desk", roleAgencyAdmin}},
		{person(3), desk, "Cora Example", "cora@example.gov", []string{"desk", roleSupervisor}},
		{person(4), other, "Dan Example", "dan@example.org", []string{"desk", roleSupervisor, roleAgencyAdmin}},
		{person(5), other, "Eve Example", "eve@example.org", []string{"desk"}},
	}
}

func newWorld(t *testing.T, db *store.DB, clock *storetest.Clock, change func(*Config)) *world {
	t.Helper()
	set, err := packs()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := set.Program("ms")
	if !ok || len(p.Desks) < 2 {
		t.Fatal("the pack of Mississippi is not there, or has lost a desk")
	}
	w := &world{t: t, p: p, clock: clock, desk: p.Desks[0], other: p.Desks[1], admin: Actor{"ms", person(1), "", []string{roleProgramAdmin}},
		second: Actor{"ms", person(9), "", []string{roleProgramAdmin}}, directory: NewDirectoryKey(), keys: map[string]officeKey{}}
	w.people = invented(w.desk, w.other)
	w.mail, err = mail.NewCatcher("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{DB: db, Programs: set, Now: clock.Now, Origin: "https://tips.example.gov", Viewer: viewer,
		People: func(_ context.Context, _, office string) ([]Person, error) {
			return slices.DeleteFunc(slices.Clone(w.people), func(p Person) bool { return office != "" && p.Office != office }), nil
		},
		Mail:          mail.NewSender(mail.Config{Addr: w.mail.Addr(), From: "notices@example.gov", TLS: mail.LoopbackOnly, Now: clock.Now}),
		TestReport:    func(context.Context, string) error { w.sent++; return nil },
		Directory:     func(string) ed25519.PublicKey { return w.directory.Public().(ed25519.PublicKey) },
		SignDirectory: func(_ string, statement []byte) []byte { return ed25519.Sign(w.directory, statement) },
		OpenWork:      func(context.Context, store.Reader, string, string) (int, error) { return w.open, nil },
	}
	c.Site = webtest.Site(t)
	c.Site.Zone = p.Zone
	w.approvals, err = approval.New(approval.Config{DB: db, Now: clock.Now, Viewer: func(ctx context.Context) (policy.Subject, bool) {
		a, ok := viewer(ctx)
		return policy.Subject{Program: a.Program, Office: a.Office, Roles: a.Roles, Member: a.Member.String()}, ok
	}})
	if err != nil {
		t.Fatal(err)
	}
	c.Approvals = w.approvals
	if change != nil {
		change(&c)
	}
	c.Site.Demo = c.Demo
	w.Service, err = New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.runner = runner(t, w.Service)
	t.Cleanup(func() {
		if !w.mailGone {
			w.ok(w.mail.Close())
		}
		w.verify()
	})
	return w
}

func runner(t *testing.T, s *Service) *jobs.Runner {
	r := s.Room()
	return jobs.New(s.cfg.DB, []string{"ms"}, r.Jobs, r.Schedules, s.cfg.Now, slog.New(slog.NewTextHandler(t.Output(), nil)))
}

func schemas() []store.Schema { return []store.Schema{jobs.Schema(), approval.Schema(), Schema()} }

// each runs fn in a world of its own on every engine.
func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) { fn(t, newWorld(t, db, clock, nil)) })
}

// verify holds the custody log against every row.
func (w *world) verify() {
	w.t.Helper()
	_, public, err := note.GenerateKey(rand.Reader, "test")
	if err != nil {
		w.t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		w.t.Fatal(err)
	}
	result, err := custody.Verify(context.Background(), w.cfg.DB, "ms", verifier)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, problem := range result.Problems {
		w.t.Errorf("custody log, leaf %d: %s", problem.Leaf, problem.What)
	}
}

// events lists what the custody log holds: "event record actor".
func (w *world) events() []string {
	w.t.Helper()
	all, err := store.Collect(w.t.Context(), w.cfg.DB, "reading the log", scanOpening, `select opening from custody_leaf where program = $1 order by idx`, "ms")
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// logged fails the test unless the log holds exactly n such entries.
func (w *world) logged(n int, event, record, actor string) {
	w.t.Helper()
	found := 0
	for _, e := range w.events() {
		if e == event+" "+record+" "+actor {
			found++
		}
	}
	if found != n {
		w.t.Errorf("%d entries %q, want %d; the log holds:\n%s", found, event+" "+record+" "+actor, n, strings.Join(w.events(), "\n"))
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, want *fault.Error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("got %v, want %v", err, want)
	}
}

// work does all jobs that are due.
func (w *world) work() {
	w.t.Helper()
	_, err := w.runner.RunDue(w.t.Context())
	w.ok(err)
}

func (w *world) alarms() []string {
	w.t.Helper()
	list, err := w.Alarms(w.t.Context(), "ms")
	w.ok(err)
	var out []string
	for _, al := range list {
		out = append(out, al.Kind+" "+al.Subject)
	}
	slices.Sort(out)
	return out
}

// mailed waits for n messages in all and lists to whom the newest of them went.
func (w *world) mailed(n, newest int) []string {
	w.t.Helper()
	ctx, stop := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer stop()
	w.ok(w.mail.Wait(ctx, n))
	all := w.mail.Messages()
	if len(all) != n {
		w.t.Fatalf("%d messages, want %d", len(all), n)
	}
	var to []string
	for _, m := range all[len(all)-newest:] {
		to = append(to, m.To)
	}
	slices.Sort(to)
	return to
}

func (w *world) officer(n byte) Actor {
	p := w.people[n-1]
	return Actor{"ms", p.ID, p.Office, p.Roles}
}

// newKey makes an office's key as a member's browser does, sealed in name only to
// the holders. Whoever names Recovery gets a recovery key with it.
func (w *world) newKey(office string, holders ...string) officeKey {
	w.t.Helper()
	seed := seal.NewSeed()
	private, err := seal.PrivateFromSeed(seed)
	w.ok(err)
	k := officeKey{NewKey: NewKey{Public: private.Public(), Wraps: wrapped(holders...)}, signing: seal.OfficeSigning(seed)}
	k.Sign = k.signing.Public().(ed25519.PublicKey)
	if slices.Contains(holders, Recovery) {
		k.recovery, err = seal.PrivateFromSeed(seal.NewSeed())
		w.ok(err)
		k.Recovery = &RecoveryKey{Public: k.recovery.Public().Bytes(), Needed: 2, Shares: 3}
		k.Recovery.Signature = ed25519.Sign(k.signing, []byte(RecoveryStatement("ms", office, k.Public.ID(), k.recovery.Public().ID(), 2, 3)))
	}
	return k
}

func holder(n byte) string { return "member:" + person(n).String() }

func wrapped(holders ...string) []Wrap {
	var out []Wrap
	for _, h := range holders {
		out = append(out, Wrap{Holder: h, Sealed: []byte("sealed for " + h)})
	}
	return out
}

// setKey sets a key as identity does: in a transaction with an entry of its own.
func (w *world) setKey(office string, k officeKey, by ...Endorsement) error {
	w.t.Helper()
	err := w.change("office.key_made", office, func(tx *store.Tx) error { return w.SetKey(tx, "ms", office, k.NewKey, by...) })
	if err == nil {
		w.keys[office] = k
	}
	return err
}

// rotated gives an office a new key, signed with the one before it.
func (w *world) rotated(office string, holders ...string) officeKey {
	w.t.Helper()
	k := w.newKey(office, holders...)
	w.ok(w.setKey(office, k, w.endorsed(office, k)))
	return k
}

// endorsed signs a rotation with the office's key.
func (w *world) endorsed(office string, next officeKey) Endorsement {
	w.t.Helper()
	e, err := w.Endorse("ms", office, next.NewKey, person(2), w.handOn(office, next))
	w.ok(err)
	return e
}

func (w *world) handOn(office string, next officeKey) []byte {
	return ed25519.Sign(w.keys[office].signing, []byte(RotationStatement("ms", office, w.keys[office].Public.ID(), next.Public.ID(), next.Sign)))
}

// closed closes an office as two administrators do.
func (w *world) closed(office string) {
	w.t.Helper()
	w.ok(w.AskClose(w.t.Context(), w.admin, office, []string{saidHandedOver}))
	w.ok(w.agree(policy.CloseOffice, "office:"+office))
}

// agree is the second administrator's yes to what waits.
func (w *world) agree(action policy.Action, subject string) error {
	w.t.Helper()
	r, ok, err := w.approvals.Waiting(w.t.Context(), w.cfg.DB, "ms", action, subject)
	if err != nil || !ok {
		w.t.Fatalf("nothing waits for a second person about %s: %v", subject, err)
	}
	return w.approvals.Decide(context.WithValue(w.t.Context(), actorKey{}, w.second), r.ID, true, "")
}

func (w *world) change(event, office string, fn func(tx *store.Tx) error) error {
	w.t.Helper()
	err := w.cfg.DB.Write(w.t.Context(), func(tx *store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: "ms", Event: event, Record: "office:" + office, Actor: "system"})
		return nil
	})
	if err != nil {
		return err
	}
	return w.Refresh(w.t.Context())
}

// live brings a desk as far as it can be without the public's numbers.
func (w *world) live(desk string, member byte) {
	w.t.Helper()
	ctx, local := w.t.Context(), w.officer(member)
	w.ok(w.Join(ctx, w.admin, desk))
	w.ok(w.SignAgreement(ctx, w.admin, desk, "Fay Example"))
	w.ok(w.setKey(desk, w.newKey(desk, holder(member), Recovery)))
	w.ok(w.SetHours(ctx, local, desk, "mon-fri 08:00-17:00"))
	_, err := w.AddPattern(ctx, local, desk, Pattern{Member: local.Member, Kind: On, First: w.clock.Now(), From: 8 * 60, To: 17 * 60, Weeks: 4,
		Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}})
	w.ok(err)
}

// keyGone ends both wraps of a desk's key, as no act allows.
func (w *world) keyGone(desk, member string) {
	w.t.Helper()
	w.ok(w.change("test.key_gone", desk, func(tx *store.Tx) error {
		for _, h := range []string{member, Recovery} {
			if err := endWrap(tx, "ms", desk, Wrap{Key: w.Keys("ms")[desk].ID, Holder: h}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// lines verifies every number that the public page is to show.
func (w *world) lines() {
	w.t.Helper()
	for _, c := range w.p.PublicLines(func(string) program.ChannelState { return program.Verified }, false) {
		if Attestable(c) {
			w.ok(w.Attest(w.t.Context(), w.admin, c.ID, "Ana Example", "The line's own page, read today"))
			continue
		}
		w.ok(w.RecordCall(w.t.Context(), w.admin, Call{Channel: c.ID, Caller: "Ana Example", Answered: "The office on the page", Heard: "They take reports", Result: Works}))
	}
}

type actorKey struct{}

// viewer finds the actor that guard put into the context.
func viewer(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok
}

// guard stands in for sign-in: the header names one of the invented people, and
// the route's roles are held as identity holds them.
func (w *world) guard(access web.Access, h web.Handler) web.Handler {
	return func(rw http.ResponseWriter, r *http.Request) error {
		name := r.Header.Get("Test-Member")
		i := slices.IndexFunc(w.people, func(p Person) bool { return strings.HasPrefix(p.Name, name+" ") })
		if name == "" || i < 0 {
			return errSignIn
		}
		a := w.officer(byte(i + 1))
		if !policy.Allow(policy.Action(access.Action), policy.Subject{Program: a.Program, Office: a.Office, Roles: a.Roles, Member: a.Member.String()}) {
			return errForbidden
		}
		return h(rw, r.WithContext(context.WithValue(r.Context(), actorKey{}, a)))
	}
}

func scanOpening(rows store.Scanner) (string, error) {
	var b []byte
	if err := rows.Scan(&b); err != nil {
		return "", err
	}
	o, err := custody.ParseOpening(b)
	if err != nil || o.Cover {
		return "", err
	}
	return o.Event + " " + o.Record + " " + o.Actor, nil
}
