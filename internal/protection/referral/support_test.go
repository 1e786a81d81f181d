// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/room"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
	"waylight/programs"
)

// Offices of Mississippi's pack.
const (
	childCare = "mdcps"
	police    = "mbi-coordinator"
	local     = "local-police"
	tipDesk   = "mbi-desk"
	helpDesk  = "help-desk"
	shelter   = "mcaht"
	lawyers   = "attorney-general"
)

var packs = sync.OnceValues(func() (*program.Set, error) { return program.Load(programs.FS) })

func schemas() []store.Schema {
	return []store.Schema{jobs.Schema(), agency.Schema(), identity.Schema(), report.Schema(), referral.Schema()}
}

// hand is a member with the keys that only the member holds.
type hand struct {
	identity.Member
	sign ed25519.PrivateKey
}

// world is Mississippi with real rooms, real mail and people.
type world struct {
	t         *testing.T
	db        *store.DB
	clock     *storetest.Clock
	ms        *program.Program
	agencies  *agency.Service
	people    *identity.Service
	reports   *report.Service
	referrals *referral.Service
	caught    *mail.Catcher
	client    *webtest.Client
	runner    *jobs.Runner
	logged    *bytes.Buffer
	keys      map[string]*seal.PrivateKey
	signing   map[string]ed25519.PrivateKey
	log       *custody.Log

	mu    sync.Mutex
	hands map[string]hand
}

func setup(t *testing.T, db *store.DB, clock *storetest.Clock) *world {
	t.Helper()
	w, site := build(t, db, clock)
	w.serve(site, w.byHeader)
	return w
}

// build makes the rooms without serving them.
func build(t *testing.T, db *store.DB, clock *storetest.Clock) (*world, *web.Site) {
	t.Helper()
	set, err := packs()
	check(t, err)
	return buildOn(t, set, db, clock)
}

// buildOn is build with other packs.
func buildOn(t *testing.T, set *program.Set, db *store.DB, clock *storetest.Clock) (*world, *web.Site) {
	t.Helper()
	return buildUnder(t, set, db, clock, nil)
}

// buildUnder is buildOn with a directory key that is pinned and signs by itself.
func buildUnder(t *testing.T, set *program.Set, db *store.DB, clock *storetest.Clock, offline ed25519.PrivateKey) (*world, *web.Site) {
	t.Helper()
	var directory func(string) ed25519.PublicKey
	var signs func(string, []byte) []byte
	if offline != nil {
		directory = func(string) ed25519.PublicKey { return offline.Public().(ed25519.PublicKey) }
		signs = func(_ string, statement []byte) []byte { return ed25519.Sign(offline, statement) }
	}
	w := &world{t: t, db: db, clock: clock, logged: &bytes.Buffer{}, keys: map[string]*seal.PrivateKey{}, signing: map[string]ed25519.PrivateKey{}, hands: map[string]hand{}, log: newLog(t)}
	var ok bool
	if w.ms, ok = set.Program("ms"); !ok {
		t.Fatal("there is no Mississippi pack")
	}
	ring, err := keyring.Open(filepath.Join(t.TempDir(), "keyring"))
	check(t, err)
	w.caught, err = mail.NewCatcher("127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { w.caught.Close() })
	sender := mail.NewSender(mail.Config{Addr: w.caught.Addr(), From: "Waylight <notices@example.org>", TLS: mail.LoopbackOnly, Now: clock.Now})
	site := webtest.Site(t, identity.Strings(), report.Strings(), referral.Strings())
	site.Now, site.Demo, site.Zone = clock.Now, true, w.ms.Zone
	site.Log = slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.agencies, err = agency.New(agency.Config{DB: db, Programs: set, Site: site, Now: clock.Now, People: w.roll, Mail: sender, Demo: true,
		Directory: directory, SignDirectory: signs})
	check(t, err)
	w.people, err = identity.New(identity.Config{DB: db, Programs: set, Agencies: w.agencies, Ring: ring, Site: site, Now: clock.Now, PassphraseSignIn: true,
		OnAway: func(tx *store.Tx, m identity.Member) error { return w.referrals.Away(tx, m) }})
	check(t, err)
	w.referrals, err = referral.New(referral.Config{DB: db, Programs: set, Agencies: w.agencies, People: w.people, Mail: sender,
		Site: site, Now: clock.Now, BaseURL: "https://tips.example.org/"})
	check(t, err)
	w.reports, err = report.New(report.Config{DB: db, Programs: set, Keys: w.agencies.Keys, Keyed: w.agencies.Keyed, Referrals: w.referrals,
		Log: func(string) *custody.Log { return w.log }, Pepper: ring.Pepper(), Site: site, Now: clock.Now,
		Chains: w.agencies.Directory, Directory: directory})
	check(t, err)
	w.referrals.Attach(w.reports)
	return w, site
}

// serve mounts the rooms behind a guard.
func (w *world) serve(site *web.Site, guard func(web.Access, web.Handler) web.Handler) {
	handlers := map[string]jobs.Handler{}
	var schedules []jobs.Schedule
	var routes []web.Route
	for _, r := range []room.Room{w.agencies.Room(), w.people.Room(), w.referrals.Room()} {
		maps.Copy(handlers, r.Jobs)
		routes = append(routes, r.Routes...)
	}
	schedules = append(schedules, w.referrals.Room().Schedules...)
	w.runner = jobs.New(w.db, []string{"ms"}, handlers, schedules, w.clock.Now, slog.New(slog.NewTextHandler(w.logged, nil)))
	w.client = webtest.Server(w.t, site, routes, guard)
}

// byHeader takes who is signed in from a header; what a role may open is
// decided as in the real guard.
func (w *world) byHeader(a web.Access, h web.Handler) web.Handler {
	if a.Public {
		return h
	}
	return func(rw http.ResponseWriter, r *http.Request) error {
		w.mu.Lock()
		m, ok := w.hands[r.Header.Get("X-Member")]
		w.mu.Unlock()
		switch {
		case !ok:
			return fault.New(fault.SignIn, "sign_in", "Please sign in first.")
		case !policy.Allow(policy.Action(a.Action), policy.Subject{Program: m.Program, Office: m.Office, Roles: m.Roles, Member: m.ID.String()}):
			return fault.New(fault.Forbidden, "role", "Your role does not allow this.")
		}
		return h(rw, r.WithContext(identity.WithMember(r.Context(), m.Member)))
	}
}

// as makes the client ask in a member's name.
func (w *world) as(h hand) *webtest.Client {
	w.client.Header.Set("X-Member", h.ID.String())
	return w.client
}

// roll is what app connects: the agency room asks who the members are.
func (w *world) roll(ctx context.Context, programID, office string) ([]agency.Person, error) {
	all, err := w.people.Members(ctx, programID, office)
	var out []agency.Person
	for _, m := range all {
		out = append(out, agency.Person{ID: m.ID, Office: m.Office, Name: m.Name, Email: m.Email, Roles: m.Roles})
	}
	return out, err
}

func newLog(t *testing.T) *custody.Log {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "log.example/ms")
	check(t, err)
	signer, err := note.NewSigner(skey)
	check(t, err)
	log, err := custody.NewLog("ms", signer, vkey, 5*time.Minute)
	check(t, err)
	return log
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless err is the fault that is wanted.
func refused(t testing.TB, err error, want *fault.Error, doing string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: got %v, want %v", doing, err, want)
	}
}

// hire makes a member. The first of an office brings its key.
func (w *world) hire(office, name string, roles ...string) hand {
	w.t.Helper()
	ctx := w.t.Context()
	if len(roles) == 0 {
		roles = []string{identity.RoleMember}
	}
	if !w.agencies.Joined("ms", office) {
		check(w.t, w.agencies.Join(ctx, agency.System("ms"), office))
	}
	token, err := w.people.Invite(ctx, "ms", office, name, strings.ToLower(name)+"@example.org", roles)
	check(w.t, err)
	begun, err := w.people.Begin(ctx, token)
	check(w.t, err)
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	check(w.t, err)
	kem, err := seal.PrivateFromSeed(seal.NewSeed())
	check(w.t, err)
	slot, err := w.people.EnrolSlot(ctx, token, identity.KindPassphrase)
	check(w.t, err)
	way := identity.NewWay{ID: slot.ID, Kind: identity.KindPassphrase, Sealed: random(seal.SealedRootSize), Salt: random(16), Iterations: seal.Iterations, AuthHash: [32]byte(random(32))}
	way.Signature = ed25519.Sign(private, []byte(identity.WayStatement("ms", begun.Member, way.Kind, way.ID, nil, way.Sealed)))
	e := identity.Enrolment{KEM: kem.Public().Bytes(), Sign: pub, Ways: []identity.NewWay{way}}
	e.Signature = ed25519.Sign(private, []byte(identity.EnrolStatement("ms", begun.Member, e.KEM)))
	if begun.HoldsKey && !begun.OfficeKeyed {
		seed := seal.NewSeed()
		w.keys[office], err = seal.PrivateFromSeed(seed)
		check(w.t, err)
		signing := seal.OfficeSigning(seed)
		w.signing[office] = signing
		k := &identity.OfficeKey{Public: w.keys[office].Public().Bytes(), Sign: signing.Public().(ed25519.PublicKey)}
		k.Recovery = agency.RecoveryKey{Public: kem.Public().Bytes(), Needed: 2, Shares: 3}
		k.Recovery.Signature = ed25519.Sign(signing, []byte(agency.RecoveryStatement("ms", office, w.keys[office].Public().ID(), kem.Public().ID(), 2, 3)))
		for _, holder := range []string{"member:" + begun.Member.String(), "recovery"} {
			sealed, err := seal.SealOfficeSeed(kem.Public(), seed, "ms", office)
			check(w.t, err)
			k.Wraps = append(k.Wraps, agency.Wrap{Holder: holder, Sealed: sealed})
		}
		e.OfficeKey = k
	}
	m, err := w.people.Enroll(ctx, token, e)
	check(w.t, err)
	h := hand{Member: m, sign: private}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hands[m.ID.String()] = h
	return h
}

// shift puts a member on the roster for the coming fortnight.
func (w *world) shift(h hand, kind agency.Kind) {
	w.t.Helper()
	_, err := w.agencies.AddShift(w.t.Context(), agency.System("ms"), agency.Shift{
		Member: h.ID, Office: h.Office, Kind: kind, Starts: w.clock.Now().Add(-time.Hour), Ends: w.clock.Now().Add(13 * 24 * time.Hour)})
	check(w.t, err)
}

// tip is a report about an adult at a truck stop, with changes.
func tip(changes form.Answers) form.Answers {
	a := form.Answers{"mode": {"tip"}, "age": {"adult"}, "who": {"saw"}, "happened": {"MS-28033"}, "danger": {"no"}, "kind": {"sex"},
		"story": {"A woman at the truck stop was not allowed to leave the van."}}
	maps.Copy(a, changes)
	return a
}

// child is a tip about a child in Hinds County.
func child() form.Answers { return tip(form.Answers{"age": {"under18"}, "happened": {"MS-28049"}}) }

// help is an adult survivor who picks offices.
func help(offices ...string) form.Answers {
	return tip(form.Answers{"mode": {"help"}, "who": {"me"}, "happened": {"MS-28047"}, "consents": offices})
}

// send accepts a report.
func (w *world) send(a form.Answers) store.ID {
	w.t.Helper()
	return w.sendVia(a, report.ViaWeb)
}

func (w *world) sendVia(a form.Answers, via string) store.ID {
	w.t.Helper()
	got, err := w.reports.Accept(w.t.Context(), report.Submission{Program: "ms", Language: "en", Key: []byte(hex.EncodeToString(random(16))), Answers: a, Via: via})
	check(w.t, err)
	return got.Report
}

// contentKey opens a report as the member's browser does.
func (w *world) contentKey(h hand, id store.ID) (*seal.ContentKey, report.Sealed) {
	w.t.Helper()
	sealed, err := w.reports.Body(w.t.Context(), "ms", id, h.Office)
	check(w.t, err)
	key, err := seal.OpenWrap(w.keys[h.Office], sealed.Wrap, sealed.Record(), sealed.Hash, h.Office)
	check(w.t, err)
	_, err = key.Open(sealed.Ciphertext, sealed.Record())
	check(w.t, err)
	return key, sealed
}

// proof is what the browser sends after opening.
func (w *world) proof(h hand, id store.ID) ([32]byte, []byte) {
	w.t.Helper()
	key, sealed := w.contentKey(h, id)
	return key.OpeningToken(), ed25519.Sign(h.sign, []byte(referral.OpenedStatement("ms", id, sealed.Hash, h.Office, h.ID)))
}

func (w *world) open(h hand, id store.ID) {
	w.t.Helper()
	token, signature := w.proof(h, id)
	check(w.t, w.referrals.Open(w.t.Context(), h.Member, id, token, signature))
}

// wrapFor wraps a report again for another office, as the member's browser does.
func (w *world) wrapFor(h hand, id store.ID, office string) referral.Onward {
	w.t.Helper()
	key, sealed := w.contentKey(h, id)
	to := w.agencies.Keys("ms")[office]
	wrap, err := key.Wrap(to.Public, sealed.Record(), sealed.Hash, office)
	check(w.t, err)
	return referral.Onward{Office: office, KeyID: to.ID, Wrap: wrap}
}

// list reads a member's list whole.
func (w *world) list(h hand, f referral.Filter) []referral.Referral {
	w.t.Helper()
	page, err := w.referrals.List(w.t.Context(), h.Member, f)
	check(w.t, err)
	if page.Total != len(page.Rows) && page.Next == "" && f.After == "" {
		w.t.Fatalf("the list counts %d and shows %d", page.Total, len(page.Rows))
	}
	return page.Rows
}

// inbox is the one referral of a report in the member's inbox.
func (w *world) inbox(h hand, id store.ID) referral.Referral {
	w.t.Helper()
	return w.only(h, referral.Filter{State: "all", Text: id.String()})
}

// task is the one task of the member's desk for a recipient.
func (w *world) task(h hand, id store.ID, recipient string) referral.Referral {
	w.t.Helper()
	for _, r := range w.list(h, referral.Filter{List: referral.ListTasks, State: "all", Text: id.String()}) {
		if r.Recipient == recipient {
			return r
		}
	}
	w.t.Fatalf("the desk has no task to tell %s", recipient)
	return referral.Referral{}
}

func (w *world) only(h hand, f referral.Filter) referral.Referral {
	w.t.Helper()
	rows := w.list(h, f)
	if len(rows) != 1 {
		w.t.Fatalf("%d rows, want one: %+v", len(rows), rows)
	}
	return rows[0]
}

// run does all jobs that are due.
func (w *world) run() {
	w.t.Helper()
	_, err := w.runner.RunDue(w.t.Context())
	check(w.t, err)
}

// pass lets time go by, minute by minute, with the jobs of each minute.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for ; d > 0; d -= time.Minute {
		w.clock.Advance(min(d, time.Minute))
		w.run()
	}
}

// mailed lists the addresses of all mails so far, in order of time.
func (w *world) mailed() []string {
	var out []string
	for _, m := range w.caught.Messages() {
		out = append(out, strings.TrimSuffix(m.To, "@example.org"))
	}
	return out
}

// events counts the custody entries of an event.
func (w *world) events(event string) int {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), "select opening from custody_leaf where program = 'ms'")
	check(w.t, err)
	defer rows.Close()
	n := 0
	for rows.Next() {
		var opening []byte
		check(w.t, rows.Scan(&opening))
		o, err := custody.ParseOpening(opening)
		check(w.t, err)
		if o.Event == event {
			n++
		}
	}
	check(w.t, rows.Err())
	return n
}

// acts lists what happened to a referral.
func (w *world) acts(id store.ID) []string {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), "select act from referral_step where program = 'ms' and referral = $1 order by at, id", id)
	check(w.t, err)
	defer rows.Close()
	var out []string
	for rows.Next() {
		var act string
		check(w.t, rows.Scan(&act))
		out = append(out, act)
	}
	check(w.t, rows.Err())
	slices.Sort(out)
	return out
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// rotate gives a member's office a new key, signed under the old one.
func (w *world) rotate(h hand) {
	w.t.Helper()
	old := w.agencies.Keys("ms")[h.Office].ID
	seed := seal.NewSeed()
	next, err := seal.PrivateFromSeed(seed)
	check(w.t, err)
	signing := seal.OfficeSigning(seed)
	k := agency.NewKey{Public: next.Public(), Sign: signing.Public().(ed25519.PublicKey),
		Wraps: []agency.Wrap{{Holder: h.Actor(), Sealed: random(1200)}, {Holder: "recovery", Sealed: random(1200)}}}
	statement := agency.RotationStatement("ms", h.Office, old, next.Public().ID(), k.Sign)
	endorsed, err := w.agencies.Endorse("ms", h.Office, k, h.ID, ed25519.Sign(w.signing[h.Office], []byte(statement)))
	check(w.t, err)
	w.signing[h.Office] = signing
	err = w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		err := w.agencies.SetKey(tx, "ms", h.Office, k, endorsed)
		tx.Log(custody.Entry{Program: "ms", Event: "office.key_made", Record: "office:" + h.Office, Actor: h.Actor()})
		return err
	})
	check(w.t, err)
	check(w.t, w.agencies.Refresh(w.t.Context()))
	w.keys[h.Office] = next
}
