// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/app"
	"waylight/internal/partnership/agency"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/witness"
)

// neighbor is a witness on a real port that can be away for a while.
type neighbor struct {
	signer witness.Signer
	url    string
	mu     sync.Mutex
	on     http.Handler
}

func newNeighbor(t *testing.T, name string, seed byte) *neighbor {
	t.Helper()
	n := &neighbor{}
	var err error
	if n.signer, err = witness.NewSigner(name, [32]byte{seed}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		on := n.on
		n.mu.Unlock()
		if on == nil {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		on.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	n.url = server.URL
	return n
}

func (n *neighbor) peer(t *testing.T) witness.Peer {
	t.Helper()
	p, err := witness.NewPeer(n.url, n.signer.Key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// vouch lets the witness sign for the logs of some installations.
func (n *neighbor) vouch(t *testing.T, clock *storetest.Clock, apps ...*app.App) {
	t.Helper()
	db, _ := storetest.SQLite(t, []store.Schema{witness.Schema()})
	var logs []note.Verifier
	for _, a := range apps {
		logs = append(logs, a.LogOf("ms").Verifier())
	}
	w, err := witness.New(db, n.signer, logs, clock.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	n.set(w.Handler())
}

func (n *neighbor) set(h http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.on = h
}

// state is an installation with a clock that only the test moves.
type state struct {
	*app.App
	t      *testing.T
	config app.Config
}

func newState(t *testing.T, clock *storetest.Clock, witnesses ...witness.Peer) *state {
	t.Helper()
	s := &state{t: t, config: app.Config{Data: t.TempDir(), Origin: "https://tips.example.gov", Now: clock.Now, Witnesses: witnesses}}
	s.App = installation(t, s.config)
	return s
}

// publish publishes a checkpoint, lets the witnesses be asked, and returns what the
// site serves.
func (s *state) publish() string {
	s.t.Helper()
	if err := s.PublishAll(ctx); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Runner.RunDue(ctx); err != nil {
		s.t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/log/ms/checkpoint", nil))
	if rec.Code != http.StatusOK {
		s.t.Fatalf("the checkpoint is answered %d", rec.Code)
	}
	return rec.Body.String()
}

func (s *state) alarms() (kinds string) {
	s.t.Helper()
	if err := s.Watch(ctx, "ms"); err != nil {
		s.t.Fatal(err)
	}
	list, err := s.Agencies.Alarms(ctx, "ms")
	if err != nil {
		s.t.Fatal(err)
	}
	for _, al := range list {
		if al.Kind == agency.AlarmUnseen || al.Kind == agency.AlarmForked {
			kinds += al.Kind + " "
		}
	}
	return kinds
}

// Two states vouch for each other through two witnesses: each one's checkpoints
// carry both signatures, whoever knows only the log's key reads them as before,
// and verify counts them.
func TestTwoStatesVouchForEachOther(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(storetest.Start)
	first, second := newNeighbor(t, "witness.ms.example", 1), newNeighbor(t, "witness.tx.example", 2)
	here, there := newState(t, clock, first.peer(t), second.peer(t)), newState(t, clock, first.peer(t), second.peer(t))
	first.vouch(t, clock, here.App, there.App)
	second.vouch(t, clock, here.App, there.App)
	known := []witness.Key{first.signer.Key, second.signer.Key}
	for _, s := range []*state{here, there} {
		for range 3 {
			clock.Advance(10 * time.Minute)
			served := s.publish()
			if signed := witness.Cosigned(served, known); len(signed) != 2 {
				t.Fatalf("%d witnesses signed:\n%s", len(signed), served)
			}
			if _, err := custody.ParseCheckpoint(served, s.LogOf("ms").Verifier()); err != nil {
				t.Errorf("who knows only the log's key cannot read it: %v", err)
			}
		}
	}
	served := here.publish()
	here.Close()
	alone, _, _ := strings.Cut(served, "\u2014 "+first.signer.Key.Name())
	for what, c := range map[string]struct {
		v        app.Verification
		problems int
	}{
		"the database":                 {app.Verification{Witnessed: 2}, 0},
		"a kept checkpoint":            {app.Verification{Witnessed: 2, Checkpoints: []string{served}}, 0},
		"one that nobody signed":       {app.Verification{Witnessed: 1, Checkpoints: []string{alone}}, 1},
		"another witness's key":        {app.Verification{Witnessed: 1, WitnessKeys: []witness.Key{newNeighbor(t, "other.example", 3).signer.Key}}, 1},
		"more than there are for that": {app.Verification{Witnessed: 3}, 1},
	} {
		c.v.Data, c.v.Now = here.config.Data, clock.Now()
		if c.v.WitnessKeys == nil {
			c.v.WitnessKeys = known
		}
		if n, out := verify(t, c.v); n != c.problems {
			t.Errorf("%s: %d problems: %s", what, n, out)
		}
	}
}

// A witness that is away holds nothing up; after a day a person is told, and no
// longer once it signs again.
func TestWitnessThatIsAway(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(storetest.Start)
	n := newNeighbor(t, "witness.tx.example", 2)
	s := newState(t, clock, n.peer(t))
	clock.Advance(23 * time.Hour)
	if served := s.publish(); len(witness.Cosigned(served, []witness.Key{n.signer.Key})) != 0 || s.alarms() != "" {
		t.Errorf("away for some hours: %s\n%s", s.alarms(), served)
	}
	clock.Advance(2 * time.Hour)
	s.publish()
	if got := s.alarms(); got != agency.AlarmUnseen+" " {
		t.Errorf("away for a day: %q", got)
	}
	n.vouch(t, clock, s.App)
	if served := s.publish(); len(witness.Cosigned(served, []witness.Key{n.signer.Key})) != 1 || s.alarms() != "" {
		t.Errorf("back again: %q", s.alarms())
	}
}

// A database that was put back to an older day meets the witness's memory.
func TestWitnessRemembersMoreThanADatabaseThatWasPutBack(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(storetest.Start)
	n := newNeighbor(t, "witness.tx.example", 2)
	s := newState(t, clock, n.peer(t))
	n.vouch(t, clock, s.App)
	s.publish()
	older := filepath.Join(t.TempDir(), "older.db")
	copyDB(t, filepath.Join(s.config.Data, "waylight.db"), older)
	clock.Advance(10 * time.Minute)
	s.publish()
	if got := s.alarms(); got != "" {
		t.Fatalf("before: %q", got)
	}
	s.Close()
	s.config.Database = "sqlite:" + older
	s.App = installation(t, s.config)
	clock.Advance(10 * time.Minute)
	if served := s.publish(); len(witness.Cosigned(served, []witness.Key{n.signer.Key})) != 0 {
		t.Error("the witness signed another history")
	}
	if got := s.alarms(); got != agency.AlarmForked+" " {
		t.Errorf("after: %q", got)
	}
}
