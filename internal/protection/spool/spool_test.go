// SPDX-License-Identifier: Apache-2.0

package spool_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/report"
	"waylight/internal/protection/spool"
)

var ctx = context.Background()

// keys remembers the log keys that were made, as a keyring does.
type keys map[string]*custody.Log

func (k keys) log(program, name string) (*custody.Log, error) {
	if log := k[program+name]; log != nil {
		return log, nil
	}
	secret, public, err := note.GenerateKey(rand.Reader, "test/log/"+program+"/spool/"+name)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	k[program+name], err = custody.NewLog(program, signer, public, 10*time.Minute)
	return k[program+name], err
}

func open(t rapid.TB, dir string, made keys, clock *storetest.Clock) *spool.Spool {
	t.Helper()
	s, err := spool.Open(ctx, spool.Config{File: filepath.Join(dir, "spool.db"), Programs: []string{"ms", "tx"}, Now: clock.Now, Log: made.log})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func waiting(program string, kept time.Time) report.Waiting {
	body := make([]byte, 64)
	rand.Read(body)
	return report.Waiting{Program: program, Report: store.NewID(), Kept: kept, Lookup: sha256.Sum256(body), Via: "web", Mode: "tip", Envelope: "{}", Form: "ms@1",
		Told: "[]", Plan: "{}", Keyless: "null", SealedBy: "browser", Body: body, BodyHash: sha256.Sum256(body), ReplyKey: []byte("key"), Wraps: []byte("[]")}
}

// However forwarding is interrupted, by refusals of the database, by answers that get lost, by restarts and by holders who close their receipts meanwhile,
// every report arrives, in the order in which it came among those of its program, and each counts once.
func TestEveryReportArrivesOnce(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "spool")
		if err != nil {
			t.Fatal(err)
		}
		clock, made := storetest.NewClock(storetest.Start), keys{}
		s := open(t, dir, made, clock)
		arrived := map[store.ID]int{}
		closed, shutBy := map[store.ID]bool{}, map[store.ID]bool{}
		var order, sent []store.ID
		var shut store.ID
		take := func(_ context.Context, w report.Waiting, proof report.SpoolProof) error {
			if proof.Proof.Check(proof.Leaf.Commitment, s.Log(w.Program).Verifier()) != nil || custody.Commitment(proof.Leaf.Salt, proof.Leaf.Opening) != proof.Leaf.Commitment {
				t.Fatal("the proof does not hold")
			}
			switch rapid.IntRange(0, 3).Draw(t, "database") {
			case 0:
				return fault.New(fault.Unavailable, "storage", "The database refuses.")
			case 1:
				shut = w.Report // its holder is quicker than the removal
			}
			if arrived[w.Report]++; arrived[w.Report] == 1 {
				order = append(order, w.Report)
			}
			closed[w.Report] = closed[w.Report] || !w.Closed.IsZero()
			if shut == w.Report {
				shut = store.ID{}
				shutBy[w.Report] = true
				return s.CloseReceipt(ctx, w.Program, w.Report)
			}
			if rapid.Bool().Draw(t, "answer lost") {
				return store.ErrUnknown
			}
			return nil
		}
		for range rapid.IntRange(1, 6).Draw(t, "reports") {
			clock.Advance(time.Second)
			w := waiting("ms", clock.Now())
			if _, err := s.Keep(ctx, w); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Keep(ctx, w); !errors.Is(err, store.ErrExists) {
				t.Fatalf("kept twice: %v", err)
			}
			sent = append(sent, w.Report)
			if rapid.Bool().Draw(t, "forward") {
				s.Forward(ctx, "ms", take)
			}
			if rapid.Bool().Draw(t, "restart") {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = open(t, dir, made, clock)
			}
		}
		for {
			n, err := s.Waiting(ctx, "ms")
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			s.Forward(ctx, "ms", take)
		}
		if len(order) != len(sent) {
			t.Fatalf("%d of %d arrived", len(order), len(sent))
		}
		for i := range sent {
			if order[i] != sent[i] {
				t.Fatal("they arrived in another order")
			}
		}
		for id := range shutBy {
			if !closed[id] {
				t.Fatal("a receipt that was closed on the way arrived open")
			}
		}
		for _, program := range []string{"ms", "tx"} {
			result, err := custody.Verify(ctx, s.Store(), program, s.Log(program).Verifier())
			if err != nil || !result.OK() {
				t.Fatalf("%s: %v %v", program, result.Problems, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// A report that can never arrive, or that is damaged, holds up no other, however often it is tried, and costs the log nothing more.
func TestAReportThatCannotArriveStaysAndHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(storetest.Start)
	dir := t.TempDir()
	s := open(t, dir, keys{}, clock)
	t.Cleanup(func() { s.Close() })
	first, damaged, third := waiting("ms", clock.Now()), waiting("ms", clock.Now().Add(time.Second)), waiting("ms", clock.Now().Add(2*time.Second))
	for _, w := range []report.Waiting{first, damaged, third} {
		if _, err := s.Keep(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Store().Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`delete from spooled_leaf where id = $1`, damaged.Report)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		sizes, err := custody.Sizes(ctx, s.Reader())
		if err != nil {
			t.Fatal(err)
		}
		return sizes["ms"]
	}
	s.SetAway(true)
	clock.Advance(time.Hour)
	if since, err := s.Since(ctx, "ms"); since != 0 || err != nil {
		t.Errorf("while the database is away they can arrive since %v, %v", since, err)
	}
	s.SetAway(false)
	clock.Advance(time.Minute)
	if since, err := s.Since(ctx, "ms"); since != time.Minute || err != nil {
		t.Errorf("they can arrive since %v, %v", since, err)
	}
	take := func(_ context.Context, w report.Waiting, _ report.SpoolProof) error {
		if w.Report == first.Report {
			return report.ErrOtherWords
		}
		return nil
	}
	n, err := s.Forward(ctx, "ms", take)
	if n != 1 || !errors.Is(err, report.ErrOtherWords) {
		t.Errorf("%d arrived, %v", n, err)
	}
	before := size()
	for range 3 {
		if n, err := s.Forward(ctx, "ms", take); n != 0 || !errors.Is(err, report.ErrOtherWords) {
			t.Errorf("tried again: %d arrived, %v", n, err)
		}
	}
	if after := size(); after != before {
		t.Errorf("trying again made the log grow from %d to %d", before, after)
	}
	kept, err := spool.List(ctx, filepath.Join(dir, "spool.db"))
	if err != nil || len(kept) != 2 || kept[0] != (spool.Kept{Program: "ms", Report: first.Report, At: first.Kept}) || kept[1].Report != damaged.Report {
		t.Errorf("what waits: %v, %v", kept, err)
	}
	if none, err := spool.List(ctx, filepath.Join(dir, "none.db")); len(none) != 0 || err != nil {
		t.Errorf("without a spool: %v, %v", none, err)
	}
	if _, err := s.Keep(ctx, waiting("nowhere", clock.Now())); err == nil {
		t.Error("a report of a program without a log was kept")
	}
}

// A database that comes and goes is there for a few minutes at a time: how long a report could have arrived is all of them
// together since it was kept, and not those since the last time.
func TestSinceADatabaseThatComesAndGoes(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(storetest.Start)
	s := open(t, t.TempDir(), keys{}, clock)
	t.Cleanup(func() { s.Close() })
	clock.Advance(7 * time.Minute) // before it was kept
	if _, err := s.Keep(ctx, waiting("ms", clock.Now())); err != nil {
		t.Fatal(err)
	}
	for i := range 90 {
		s.SetAway(true)
		clock.Advance(5 * time.Minute)
		for _, away := range []bool{true, false} {
			want := time.Duration(3*i) * time.Minute
			if s.SetAway(away); want <= time.Hour { // of more, no more is remembered
				if since, err := s.Since(ctx, "ms"); since != want || err != nil {
					t.Fatalf("after %d times, away %v: %v, want %v; %v", i, away, since, want, err)
				}
			}
		}
		clock.Advance(3 * time.Minute)
	}
	if since, err := s.Since(ctx, "ms"); since < time.Hour || since > 90*3*time.Minute || err != nil {
		t.Errorf("after all: %v, %v", since, err)
	}
	if _, err := s.Keep(ctx, waiting("tx", clock.Now())); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	if since, err := s.Since(ctx, "tx"); since != time.Minute || err != nil {
		t.Errorf("what was kept just now could arrive for %v, %v", since, err)
	}
}

// Whom to mail is read again as it was kept last, program by program, also after a restart.
func TestWhomToMailIsKept(t *testing.T) {
	t.Parallel()
	dir, made, clock := t.TempDir(), keys{}, storetest.NewClock(storetest.Start)
	s := open(t, dir, made, clock)
	for _, to := range [][]string{{"one@example.gov", "two@example.gov"}, {"two@example.gov", "three@example.gov"}, {"two@example.gov", "three@example.gov"}} {
		if err := s.KeepTold(ctx, "ms", to); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, made, clock)
	t.Cleanup(func() { s.Close() })
	for program, want := range map[string][]string{"ms": {"two@example.gov", "three@example.gov"}, "tx": nil} {
		if got, err := s.Told(ctx, program); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", program, got, err)
		}
	}
}
