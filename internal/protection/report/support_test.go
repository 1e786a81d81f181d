// SPDX-License-Identifier: Apache-2.0

package report_test

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
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/protection/report"
	"waylight/programs"
)

// packs are the real ones.
var packs = sync.OnceValues(func() (*program.Set, error) { return program.Load(programs.FS) })

// world is a program with offices that have keys.
type world struct {
	t        *testing.T
	db       *store.DB
	clock    *storetest.Clock
	ms       *program.Program
	reports  *report.Service
	client   *webtest.Client
	wire     *wire
	followed *followed
	log      *custody.Log
	logged   *bytes.Buffer
	pepper   []byte

	mu      sync.Mutex
	private map[string]*seal.PrivateKey
	keys    map[string]agency.Key
	old     []agency.Key // retired
	closed  bool

	directory ed25519.PrivateKey
	chains    map[string]agency.Chain
}

// setup makes a world in which these offices have keys.
func setup(t *testing.T, db *store.DB, clock *storetest.Clock, keyed ...string) *world {
	t.Helper()
	set, err := packs()
	if err != nil {
		t.Fatal(err)
	}
	return setupWith(t, set, db, clock, keyed...)
}

func setupWith(t *testing.T, set *program.Set, db *store.DB, clock *storetest.Clock, keyed ...string) *world {
	t.Helper()
	ms, ok := set.Program("ms")
	if !ok {
		t.Fatal("there is no Mississippi pack")
	}
	w := &world{
		t: t, db: db, clock: clock, ms: ms, followed: &followed{at: map[store.ID]kept{}}, logged: &bytes.Buffer{},
		pepper: make([]byte, 32), private: map[string]*seal.PrivateKey{}, keys: map[string]agency.Key{},
	}
	rand.Read(w.pepper)
	_, w.directory, _ = ed25519.GenerateKey(rand.Reader)
	for _, office := range keyed {
		w.key(office)
	}
	w.log = newLog(t, "ms")
	site := webtest.Site(t, report.Strings())
	site.Demo = true
	site.Now = clock.Now
	site.Log = slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	w.reports, err = report.New(report.Config{
		DB: db, Programs: set, Keys: w.current, Chains: w.chain, Directory: w.pinned, AllKeys: w.all, Referrals: w.followed, Log: func(string) *custody.Log { return w.log },
		Pepper: w.pepper, Site: site, Now: clock.Now,
		Open: func(context.Context, string) bool { w.mu.Lock(); defer w.mu.Unlock(); return !w.closed },
		Hours: func(context.Context, string) agency.Reading {
			return agency.Reading{Now: true, Until: clock.Now().Add(9 * time.Hour)}
		},
		About: func(program, lang string) string { return "/" + program + "/" + lang + "/signs" },
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	site.Mount(mux, w.reports.Room().Routes, nil)
	w.wire = &wire{next: mux}
	w.client = webtest.ServerOf(t, w.wire)
	return w
}

func newLog(t *testing.T, programID string) *custody.Log {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "log.example/"+programID)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	log, err := custody.NewLog(programID, signer, vkey, 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// key gives an office a key.
func (w *world) key(office string) {
	w.t.Helper()
	k, err := seal.PrivateFromSeed(seal.NewSeed())
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	keys := maps.Clone(w.keys)
	keys[office] = agency.Key{Office: office, ID: k.Public().ID(), Public: k.Public(), Wraps: 2}
	w.private[office], w.keys = k, keys
	chains := maps.Clone(w.chains)
	if chains == nil {
		chains = map[string]agency.Chain{}
	}
	chains[office] = chainOf(office, k.Public(), w.directory)
	w.chains = chains
}

// chainOf is an office's first key, signed by a directory key.
func chainOf(office string, key *seal.PublicKey, directory ed25519.PrivateKey) agency.Chain {
	sign, _, _ := ed25519.GenerateKey(rand.Reader)
	id := key.ID()
	return agency.Chain{Office: office, Key: key.Bytes(), Links: []agency.Link{{
		ID: hex.EncodeToString(id[:]), Sign: sign, By: "directory",
		Signature: ed25519.Sign(directory, []byte(agency.DirectoryStatement("ms", office, id, sign))),
	}}}
}

// rotate gives an office another key; the one before it is retired.
func (w *world) rotate(office string) {
	w.t.Helper()
	w.mu.Lock()
	old := w.keys[office]
	w.old = append(w.old, old)
	w.mu.Unlock()
	w.key(office)
}

func (w *world) pinned(string) ed25519.PublicKey { return w.directory.Public().(ed25519.PublicKey) }

func (w *world) chain(string) map[string]agency.Chain {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.chains
}

func (w *world) all(_ context.Context, _, office string) ([]agency.Key, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := []agency.Key{w.keys[office]}
	for _, k := range w.old {
		if k.Office == office {
			out = append(out, k)
		}
	}
	return out, nil
}

func (w *world) current(string) map[string]agency.Key {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.keys
}

func (w *world) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// publish makes a public checkpoint.
func (w *world) publish() {
	w.t.Helper()
	err := w.db.Write(context.Background(), func(tx *store.Tx) error {
		_, err := w.log.Publish(tx, w.clock.Now())
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// tip is a report about an adult at a truck stop, with changes.
func (w *world) tip(changes form.Answers) form.Answers {
	a := form.Answers{
		"mode": {"tip"}, "age": {"adult"}, "who": {"saw"}, "happened": {"MS-28033"}, "danger": {"no"},
		w.story(): {"A woman at the truck stop was not allowed to leave the van."},
	}
	maps.Copy(a, changes)
	for id, values := range a {
		if len(values) == 0 {
			delete(a, id)
		}
	}
	return a
}

// story is the question that takes the sender's own words.
func (w *world) story() string {
	w.t.Helper()
	for _, q := range w.ms.Form.Questions {
		if q.Type == form.LongText && !q.Envelope {
			return q.ID
		}
	}
	w.t.Fatal("the form has no question for a story")
	return ""
}

func (w *world) submission(a form.Answers) report.Submission {
	return report.Submission{Program: "ms", Language: "en", Key: newKey(), Answers: a, Via: report.ViaWeb}
}

func (w *world) accept(sub report.Submission) report.Accepted {
	w.t.Helper()
	a, err := w.reports.Accept(context.Background(), sub)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// open reads a report as a member of an office would.
func (w *world) open(id store.ID, office string) (report.Body, report.Sealed) {
	w.t.Helper()
	sealed, err := w.reports.Body(context.Background(), "ms", id, office)
	if err != nil {
		w.t.Fatal(err)
	}
	content, err := seal.OpenWrap(w.private[office], sealed.Wrap, sealed.Record(), sealed.Hash, office)
	if err != nil {
		w.t.Fatalf("%s: %v", office, err)
	}
	plain, err := content.Open(sealed.Ciphertext, sealed.Record())
	if err != nil {
		w.t.Fatalf("%s: %v", office, err)
	}
	body, err := report.ParseBody(plain)
	if err != nil {
		w.t.Fatal(err)
	}
	return body, sealed
}

func (w *world) count(table string) int {
	w.t.Helper()
	var n int
	if err := w.db.QueryRow(context.Background(), "select count(*) from "+table).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// holders are those for whom a report came wrapped.
func (w *world) holders(id store.ID) []string {
	w.t.Helper()
	holders, err := w.reports.FirstHolders(w.t.Context(), "ms", id)
	if err != nil {
		w.t.Fatal(err)
	}
	return holders
}

// newKey is a fresh idempotency key.
func newKey() []byte {
	b := make([]byte, 16)
	rand.Read(b)
	return []byte(hex.EncodeToString(b))
}

// followed stands for the room that follows reports up: it remembers what it
// was given, and fails when told to.
type followed struct {
	mu       sync.Mutex
	at       map[store.ID]kept
	fail     error
	progress []report.Progress
}

type kept struct {
	ref  report.Ref
	plan program.Plan
}

var errFollowUp = errors.New("the follow-up failed")

func (f *followed) Record(_ *store.Tx, ref report.Ref, plan program.Plan) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	f.at[ref.Report] = kept{ref, plan}
	return nil
}

func (f *followed) Progress(context.Context, string, store.ID) ([]report.Progress, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.progress, nil
}

func schemas() []store.Schema { return []store.Schema{report.Schema()} }

// with is the world's service with another configuration.
func (w *world) with(change func(*report.Config)) *report.Service {
	w.t.Helper()
	c := w.reports.Config
	c.Site = webtest.Site(w.t, report.Strings())
	change(&c)
	s, err := report.New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// without hides some offices' keys.
func without(keys report.Keys, hidden func(string) map[string]bool) report.Keys {
	return func(id string) map[string]agency.Key {
		out := maps.Clone(keys(id))
		for office := range hidden(id) {
			delete(out, office)
		}
		return out
	}
}

// rewrap does what a member's browser does for another office.
func (w *world) rewrap(id store.ID, from, to string) {
	w.t.Helper()
	sealed, err := w.reports.Body(w.t.Context(), "ms", id, from)
	if err != nil {
		w.t.Fatal(err)
	}
	content, err := seal.OpenWrap(w.private[from], sealed.Wrap, sealed.Record(), sealed.Hash, from)
	if err != nil {
		w.t.Fatal(err)
	}
	key := w.current("ms")[to]
	wrap, err := content.Wrap(key.Public, sealed.Record(), sealed.Hash, to)
	if err != nil {
		w.t.Fatal(err)
	}
	add := func(tx *store.Tx) error {
		if err := w.reports.AddWrap(tx, "ms", id, to, key.ID, wrap); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: "ms", Event: "report.rewrapped", Record: "report:" + id.String(), Actor: "member:test"})
		return nil
	}
	if err := w.db.Write(w.t.Context(), add); err != nil {
		w.t.Fatal(err)
	}
	if err := w.db.Write(w.t.Context(), add); !errors.Is(err, store.ErrExists) {
		w.t.Errorf("the same wrap twice: %v", err)
	}
}
