// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/app"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
)

var images = flag.Int("images", 300, "how many disk states to look at after power loss")

// perRecording is how many images are built of one recording before another is made.
const perRecording = 1000

// outcome is what looking at images found.
type outcome struct {
	images, lossy, corrupt, worst, verified atomic.Int64
	mu                                      sync.Mutex
	first                                   string
}

func (o *outcome) String() string {
	return fmt.Sprintf("%d images: %d miss an acknowledged report, at worst %d of them; %d corrupt; %d held against the custody log",
		o.images.Load(), o.lossy.Load(), o.worst.Load(), o.corrupt.Load(), o.verified.Load())
}

func (o *outcome) note(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.first == "" {
		o.first = fmt.Sprintf(format, args...)
	}
}

// After power loss at any moment, in any state that the disk may be in, the database
// opens, is whole, agrees with its custody log, and has every report that a sender was
// told of.
func TestPowerLossKeepsEveryAcceptedReport(t *testing.T) {
	t.Parallel()
	var found outcome
	for left := *images; left > 0; left -= perRecording {
		s, r := recorded(t, 160, nil)
		look(t, s, r, min(left, perRecording), &found)
	}
	t.Log(found.String())
	if found.lossy.Load() > 0 || found.corrupt.Load() > 0 {
		t.Error(found.first)
	}
	if found.verified.Load() == 0 {
		t.Error("no image was held against the custody log")
	}
}

// The same look finds what is lost when the engine syncs its log of pages only now and
// then. The program has no such setting and refuses to run with it: the test changes it
// behind its back, on the connection that writes.
func TestPowerLossFindsAWeakenedDatabase(t *testing.T) {
	t.Parallel()
	s, r := recorded(t, 80, func(a *app.App) error {
		return a.DB.Write(ctx, func(tx *store.Tx) error {
			for _, q := range []string{"commit", "pragma synchronous = normal", "begin immediate", "savepoint caller"} {
				if _, err := tx.Exec(q); err != nil {
					return err
				}
			}
			return nil
		})
	})
	var found outcome
	look(t, s, r, 60, &found)
	t.Log(found.String())
	if found.lossy.Load() == 0 {
		t.Error("synchronous=NORMAL loses nothing that this test could find: it proves nothing of FULL either")
	}
	if found.corrupt.Load() > 0 {
		t.Error(found.first)
	}
}

// A disk that says it synced and did not loses what it said it had: no setting helps,
// only a second copy does. Here it shows that the look would see it.
func TestPowerLossFindsADiskThatLies(t *testing.T) {
	t.Parallel()
	s, r := recorded(t, 80, nil)
	r.deaf = true
	var found outcome
	look(t, s, r, 60, &found)
	t.Log(found.String())
	if found.lossy.Load() == 0 {
		t.Error("a disk that ignores syncs loses nothing that this test could find")
	}
}

// recorded runs an installation on a recorded disk until so many reports were accepted
// over HTTP, of senders who write at once, with the log of pages carried into the
// database in between.
func recorded(t *testing.T, count int, change func(a *app.App) error) (site, recording) {
	t.Helper()
	s := prepare(t, nil)
	d := newDisk(t, s.data)
	r := recording{base: baseOf(t, s.data)}
	d.record()
	a, address, stop := s.serve(t)
	if change != nil {
		if err := change(a); err != nil {
			t.Fatal(err)
		}
	}
	beside, err := sql.Open("sqlite", "file:"+filepath.Join(s.data, "waylight.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	var next atomic.Int64
	var senders sync.WaitGroup
	for n := range 8 {
		senders.Go(func() {
			client := newClient(t)
			for next.Add(1) <= int64(count) {
				sub := inWords()
				if n%2 == 1 {
					var err error
					if sub, err = s.sealed(address); err != nil {
						t.Error(err)
						return
					}
				}
				got, err := sub.send(client, address)
				if err != nil {
					t.Errorf("a report was not accepted: %v", err)
					return
				}
				d.acknowledged(got)
				if i := next.Load(); i%16 == 0 {
					how := []string{"passive", "restart", "truncate"}[i/16%3]
					if _, err := beside.Exec("pragma wal_checkpoint(" + how + ")"); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	senders.Wait()
	r.ops = d.recorded() // before the end, which is not a loss of power
	stop()
	return s, r
}

// look builds images, each from its own random numbers, and looks into each.
func look(t *testing.T, s site, r recording, count int, found *outcome) {
	t.Helper()
	verifiers, err := keyring.Verifiers(filepath.Join(s.data, "keyring"))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(verifiers[program])
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	seed := rand.Uint64()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for n := next.Add(1); n <= int64(count); n = next.Add(1) {
				rnd := rand.New(rand.NewPCG(seed, uint64(n)))
				cut := r.cut(rnd)
				dir := filepath.Join(folder, fmt.Sprint(n))
				if err := lay(dir, r.image(cut, rnd)); err != nil {
					t.Error(err)
					return
				}
				found.images.Add(1)
				found.judge(dir, r.promised(cut), n)
				if n%10 == 0 {
					found.verify(dir, verifier)
				}
				os.RemoveAll(dir)
			}
		})
	}
	workers.Wait()
}

// lay writes an image into a folder.
func lay(dir string, files map[string][]byte) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// judge opens an image with the engine: is it whole, and is all there that was promised?
func (o *outcome) judge(dir string, promised []accepted, n int64) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "waylight.db")+"?_pragma=synchronous(off)") // the image itself need not last
	if err != nil {
		o.corrupt.Add(1)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var whole string
	if err := db.QueryRow("pragma integrity_check").Scan(&whole); err != nil || whole != "ok" {
		o.corrupt.Add(1)
		o.note("image %d is corrupt: %s, %v", n, whole, err)
		return
	}
	ids, err := set(db, "select id from report where program = $1")
	leaves, err2 := set(db, "select commitment from custody_leaf where program = $1")
	if err != nil || err2 != nil {
		o.corrupt.Add(1)
		o.note("image %d cannot be read: %v, %v", n, err, err2)
		return
	}
	lost := int64(0)
	for _, p := range promised {
		if !ids[string(p.report[:])] || !leaves[string(p.commitment[:])] {
			lost++
		}
	}
	if lost > 0 {
		o.lossy.Add(1)
		o.note("image %d misses %d of %d acknowledged reports", n, lost, len(promised))
		for old := o.worst.Load(); lost > old && !o.worst.CompareAndSwap(old, lost); old = o.worst.Load() {
		}
	}
}

func set(db *sql.DB, q string) (map[string]bool, error) {
	rows, err := db.Query(q, program)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]bool{}
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		all[string(b)] = true
	}
	return all, rows.Err()
}

// verify opens an image as the program does at its next start, and holds it against its
// custody log.
func (o *outcome) verify(dir string, verifier note.Verifier) {
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "waylight.db"), store.Options{Schemas: app.Schemas()})
	if err != nil {
		o.corrupt.Add(1)
		o.note("an image does not open: %v", err)
		return
	}
	defer db.Close()
	result, err := custody.Verify(ctx, db, program, verifier)
	if err != nil || !result.OK() {
		o.corrupt.Add(1)
		o.note("an image disagrees with its log: %v, %v", err, result.Problems)
		return
	}
	o.verified.Add(1)
}
