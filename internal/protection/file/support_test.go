// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
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
	"waylight/internal/partnership/approval"
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
	"waylight/internal/protection/file"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
	"waylight/programs"
)

// Offices of Mississippi's pack.
const (
	childCare = "mdcps"
	police    = "mbi-coordinator"
	tipDesk   = "mbi-desk"
	helpDesk  = "help-desk"
	shelter   = "mcaht"
)

const phrase = "seven quiet rivers under one bright bridge"

var packs = sync.OnceValues(func() (*program.Set, error) { return program.Load(programs.FS) })

func schemas() []store.Schema {
	return []store.Schema{jobs.Schema(), approval.Schema(), agency.Schema(), identity.Schema(), report.Schema(), referral.Schema(), file.Schema()}
}

// hand is a member with the keys that only the member holds.
type hand struct {
	identity.Member
	holder *identity.Holder
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
	files     *file.Service
	space     file.Space // of the disk, as the room sees it
	limits    file.Limits
	site      *web.Site
	caught    *mail.Catcher
	client    *webtest.Client
	runner    *jobs.Runner
	logged    *bytes.Buffer
	keys      map[string]*seal.PrivateKey
	hands     sync.Map // member id -> hand
}

func setup(t *testing.T, db *store.DB, clock *storetest.Clock) *world {
	t.Helper()
	w := build(t, db, clock)
	w.client = webtest.Server(t, w.site, w.routes(), w.byHeader)
	return w
}

// build makes the rooms without serving them.
func build(t *testing.T, db *store.DB, clock *storetest.Clock) *world {
	t.Helper()
	set, err := packs()
	check(t, err)
	w := &world{t: t, db: db, clock: clock, logged: &bytes.Buffer{}, keys: map[string]*seal.PrivateKey{}, space: file.Space{Free: 1 << 40, Total: 2 << 40}}
	w.ms, _ = set.Program("ms")
	ring, err := keyring.Open(filepath.Join(t.TempDir(), "keyring"))
	check(t, err)
	w.caught, err = mail.NewCatcher("127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { w.caught.Close() })
	post := mail.NewSender(mail.Config{Addr: w.caught.Addr(), From: "Waylight <notices@example.org>", TLS: mail.LoopbackOnly, Now: clock.Now})
	site := webtest.Site(t, identity.Strings(), report.Strings(), referral.Strings(), file.Strings())
	site.Now, site.Demo, site.Zone, site.SignIn = clock.Now, true, w.ms.Zone, "/staff/sign-in"
	site.Log = slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.site = site
	pinned, offline, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	directory := func(string) ed25519.PublicKey { return pinned }
	w.agencies, err = agency.New(agency.Config{DB: db, Programs: set, Site: site, Now: clock.Now, People: w.roll, Mail: post, Demo: true,
		Directory: directory, SignDirectory: func(_ string, statement []byte) []byte { return ed25519.Sign(offline, statement) }})
	check(t, err)
	w.people, err = identity.New(identity.Config{DB: db, Programs: set, Agencies: w.agencies, Ring: ring, Site: site, Now: clock.Now, PassphraseSignIn: true})
	check(t, err)
	w.referrals, err = referral.New(referral.Config{DB: db, Programs: set, Agencies: w.agencies, People: w.people, Mail: post,
		Site: site, Now: clock.Now, BaseURL: "https://tips.example.org/"})
	check(t, err)
	log := newLog(t)
	w.reports, err = report.New(report.Config{DB: db, Programs: set, Keys: w.agencies.Keys, Keyed: w.agencies.Keyed, Referrals: w.referrals,
		Log: func(string) *custody.Log { return log }, Pepper: ring.Pepper(), Site: site, Now: clock.Now,
		Chains: w.agencies.Directory, Directory: directory, Scripts: []string{"filesend.js"}})
	check(t, err)
	w.referrals.Attach(w.reports)
	w.files, err = file.New(file.Config{DB: db, Programs: set, Keys: w.agencies.Keys, Chains: w.agencies.Directory, People: w.people, Receipts: w.reports,
		Holders: w.referrals, Site: site, Now: clock.Now, Limits: func(string) file.Limits { return w.limits },
		Space: func() (file.Space, error) { return w.space, nil }, Log: site.Log})
	check(t, err)
	return w
}

// routes are those of every room; their jobs go to the runner.
func (w *world) routes() []web.Route {
	handlers := map[string]jobs.Handler{}
	var schedules []jobs.Schedule
	var routes []web.Route
	for _, r := range []room.Room{w.agencies.Room(), w.people.Room(), w.reports.Room(), w.referrals.Room(), w.files.Room()} {
		maps.Copy(handlers, r.Jobs)
		routes = append(routes, r.Routes...)
	}
	schedules = append(w.referrals.Room().Schedules, w.files.Room().Schedules...)
	w.runner = jobs.New(w.db, []string{"ms"}, handlers, schedules, w.clock.Now, slog.New(slog.NewTextHandler(w.logged, nil)))
	return routes
}

// byHeader takes who is signed in from a header; what they may open is decided
// by the table that the real guard asks.
func (w *world) byHeader(a web.Access, h web.Handler) web.Handler {
	if a.Public {
		return h
	}
	return func(rw http.ResponseWriter, r *http.Request) error {
		found, ok := w.hands.Load(r.Header.Get("X-Member"))
		if !ok {
			return fault.New(fault.SignIn, "sign_in", "Please sign in first.")
		}
		m := found.(hand).Member
		o := w.ms.Offices[m.Office]
		if !policy.Allow(policy.Action(a.Action), policy.Subject{Program: m.Program, Office: m.Office, Roles: m.Roles, Member: m.ID.String(), Police: o.Police, Desk: o.Desk, Kind: o.Kind}) {
			return fault.New(fault.Forbidden, "role", "Your role does not allow this.")
		}
		return h(rw, r.WithContext(identity.WithMember(r.Context(), m)))
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
func refused(t testing.TB, err error, want error, doing string) {
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
	holder, _, err := w.people.EnrollHolder(ctx, token, phrase)
	check(w.t, err)
	if key, ok := holder.OfficeKey(office); ok {
		w.keys[office] = key
	}
	h := hand{holder.Member, holder}
	w.hands.Store(h.ID.String(), h)
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
func (w *world) send(a form.Answers) report.Accepted {
	w.t.Helper()
	got, err := w.reports.Accept(w.t.Context(), report.Submission{Program: "ms", Language: "en", Key: []byte(hex.EncodeToString(random(16))), Answers: a, Via: report.ViaWeb})
	check(w.t, err)
	return got
}

// found looks a receipt up.
func (w *world) found(a report.Accepted) report.Found {
	w.t.Helper()
	found, err := w.reports.Find(w.t.Context(), "", a.Receipt.Lookup())
	check(w.t, err)
	return found
}

// opened opens a file as a member's browser does: the wrap, the proof, the parts.
func (w *world) opened(h hand, id store.ID, f file.Held) (seal.FileInfo, []byte, error) {
	w.t.Helper()
	key := w.unseal(h, id, f, file.ActOpened)
	var sealed bytes.Buffer
	for n := range f.Parts {
		part, err := w.files.Part(w.t.Context(), h.Member, id, f.ID, n)
		check(w.t, err)
		sealed.Write(part)
	}
	r, err := key.OpenFile(&sealed, f.Record())
	if err != nil {
		return seal.FileInfo{}, nil, err
	}
	content, err := io.ReadAll(r)
	return r.Info(), content, err
}

// unseal opens the file's key and proves it.
func (w *world) unseal(h hand, id store.ID, f file.Held, act string) *seal.ContentKey {
	w.t.Helper()
	key, err := seal.OpenWrap(w.keys[h.Office], f.Wrap.Wrap, f.Record(), f.Head.Hash, h.Office)
	check(w.t, err)
	signature := h.holder.SignStatement(file.OpenedStatement("ms", f.ID, f.Head.Hash, act, h.Office, h.ID))
	check(w.t, w.files.Opened(w.t.Context(), h.Member, id, f.ID, act, key.OpeningToken(), signature))
	return key
}

// list gives the files of a report as a member sees them.
func (w *world) list(h hand, id store.ID) []file.Held {
	w.t.Helper()
	files, err := w.files.List(w.t.Context(), h.Member, id)
	check(w.t, err)
	return files
}

// sealed is a file as a sender's browser makes it, in parts.
type sealed struct {
	file.Begun
	parts [][]byte
	key   *seal.ContentKey
}

// seal seals content for the present readers of a report.
func (w *world) seal(to report.Found, name string, content []byte) sealed {
	w.t.Helper()
	x := sealed{Begun: file.Begun{ID: store.NewID()}}
	rec := seal.Record{Program: to.Program, ID: x.ID}
	size := int64(len(content))
	var out bytes.Buffer
	s, key, err := seal.NewFileSealer(&out, rec, seal.FileInfo{Name: name, Type: "image/jpeg", Size: &size})
	check(w.t, err)
	_, err = s.Write(content)
	check(w.t, err)
	check(w.t, s.Close())
	x.key, x.Head, x.Size = key, s.Head(), int64(out.Len())
	readers, err := w.files.Readers(w.t.Context(), to.Program, to.Report)
	check(w.t, err)
	for _, r := range readers {
		x.Wraps = append(x.Wraps, w.wrap(x, r.Office, r.Key.Public, r.Key.ID))
	}
	own, err := seal.ParsePublicKey(to.ReplyKey)
	check(w.t, err)
	x.Receipt = w.wrap(x, "receipt", own, own.ID()).Wrap
	for rest := out.Bytes(); len(rest) > 0; {
		n := seal.FilePartSize
		if len(x.parts) == 0 {
			n += seal.FileHeaderSize
		}
		n = min(n, len(rest))
		x.parts, rest = append(x.parts, rest[:n]), rest[n:]
	}
	return x
}

// share makes a file readable for another office, in the hand of one who opened it.
func (w *world) share(h hand, id store.ID, x sealed, office string) {
	w.t.Helper()
	key := w.agencies.Keys("ms")[office]
	check(w.t, w.files.Share(w.t.Context(), h.Member, id, x.ID, w.wrap(x, office, key.Public, key.ID)))
}

func (w *world) wrap(x sealed, holder string, to *seal.PublicKey, id [16]byte) file.Wrap {
	w.t.Helper()
	wrap, err := x.key.Wrap(to, seal.Record{Program: "ms", ID: x.ID}, x.Head.Hash, holder)
	check(w.t, err)
	return file.Wrap{Holder: holder, KeyID: id, Wrap: wrap}
}

// put sends the parts of a file from the first to before the last.
func (w *world) put(to report.Found, x sealed, first, last int) {
	w.t.Helper()
	for n := first; n < last; n++ {
		next, err := w.files.Put(w.t.Context(), to, x.ID, n, [32]byte{byte(n)}, x.parts[n])
		check(w.t, err)
		if next != n+1 {
			w.t.Fatalf("after part %d the next is %d", n, next)
		}
	}
}

// upload sends a whole file.
func (w *world) upload(to report.Found, x sealed) {
	w.t.Helper()
	_, err := w.files.Begin(w.t.Context(), to, x.Begun)
	check(w.t, err)
	w.put(to, x, 0, len(x.parts))
	check(w.t, w.files.End(w.t.Context(), to, x.ID, len(x.parts), true))
}

// run does all jobs that are due.
func (w *world) run() {
	w.t.Helper()
	_, err := w.runner.RunDue(w.t.Context())
	check(w.t, err)
}

// pass lets time go by, a step at a time, with the jobs of each.
func (w *world) pass(d, step time.Duration) {
	w.t.Helper()
	for ; d > 0; d -= step {
		w.clock.Advance(min(d, step))
		w.run()
	}
}

// mailed lists to whom all mails so far went, sorted.
func (w *world) mailed() []string {
	var out []string
	for _, m := range w.caught.Messages() {
		out = append(out, strings.TrimSuffix(m.To, "@example.org"))
	}
	slices.Sort(out)
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

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func contains(page, words string) bool { return strings.Contains(page, words) }
