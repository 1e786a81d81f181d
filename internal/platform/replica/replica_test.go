// SPDX-License-Identifier: Apache-2.0

package replica_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/replica"
	"waylight/internal/platform/store"
)

var ctx = context.Background()

var schemas = []store.Schema{{Room: "kept", FS: fstest.MapFS{"0001_kept.sql": {Data: []byte(`
create table kept ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  body bytes not null, -- sealed
  primary key (program, id)
);
`)}}}}

// child makes this test's own binary the process that is killed.
const child = "WAYLIGHT_REPLICA_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(child); dir != "" {
		if err := write(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// open opens the database in dir with a second copy in dir/copy.
func open(dir string, c replica.Config) (*store.DB, *replica.Copier, error) {
	to, err := replica.Open(filepath.Join(dir, "copy"))
	if err != nil {
		return nil, nil, err
	}
	c.To = to
	if os.Getenv(child) != "" {
		c.To = farAway{to}
	}
	copier := replica.New(c)
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "main.db"), store.Options{Schemas: schemas, Copy: copier})
	return db, copier, err
}

// farAway is a disk that takes its time, as one on another machine does: what is
// acknowledged too early is missing there when the process is killed.
type farAway struct{ replica.Target }

// Append implements replica.Target.
func (f farAway) Append(ctx context.Context, name string, off int64, b []byte) error {
	<-time.NewTimer(4 * time.Millisecond).C
	return f.Target.Append(ctx, name, off, b)
}

// keep writes one row and its log entry.
func keep(db *store.DB, size int) (store.ID, error) {
	id, body := store.NewID(), make([]byte, size)
	rand.Read(body)
	return id, db.Accept(ctx, func(tx *store.Tx) error {
		defer tx.Log(custody.Entry{Program: "p", Event: "kept", Record: "kept:" + id.String(), Actor: "system"})
		return tx.Insert("kept", store.Row{"program": "p", "id": id, "body": body})
	})
}

// write is the child: it writes from many callers without end and prints every
// id that was acknowledged.
func write(dir string) error {
	db, _, err := open(dir, replica.Config{Wait: true, Patience: time.Minute, Renew: 8 << 20})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	failed := make(chan error, 1)
	for range 16 {
		go func() {
			for {
				id, err := keep(db, 16<<10)
				if err != nil {
					failed <- err
					return
				}
				mu.Lock()
				fmt.Println(id)
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

// killed runs the child until so many rows were acknowledged, and kills it.
func killed(t *testing.T, dir string, acknowledged int) []store.ID {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), child+"="+dir)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []store.ID
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if id, err := store.ParseID(lines.Text()); err == nil { // the last line may be half
			ids = append(ids, id)
		}
		if len(ids) == acknowledged {
			c.Process.Kill()
		}
	}
	c.Wait()
	if len(ids) < acknowledged {
		t.Fatalf("the child ended by itself after %d rows", len(ids))
	}
	return ids
}

// fetched puts the copy back and opens it.
func fetched(t *testing.T, dir string) *store.DB {
	t.Helper()
	from, err := replica.Open(filepath.Join(dir, "copy"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "back.db")
	if err := replica.Fetch(ctx, from, file, store.CarryLog, nil); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, "sqlite:"+file, store.Options{Schemas: schemas})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if damage, err := db.Integrity(ctx); err != nil || len(damage) > 0 {
		t.Fatalf("the copy is damaged: %v, %v", damage, err)
	}
	return db
}

// holds finds every row, and the log that covers them, in the database.
func holds(t *testing.T, db *store.DB, ids []store.ID) {
	t.Helper()
	missing := 0
	for _, id := range ids {
		var n int
		if err := db.QueryRow(ctx, `select count(*) from kept where program = 'p' and id = $1`, id[:]).Scan(&n); err != nil {
			t.Fatal(err)
		}
		missing += 1 - n
	}
	if missing > 0 {
		t.Errorf("%d of %d acknowledged rows are missing", missing, len(ids))
	}
	_, key, err := note.GenerateKey(rand.Reader, "test.example/log/p")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	result, err := custody.Verify(ctx, db, "p", verifier)
	if err != nil || !result.OK() || result.Rows < int64(len(ids)) {
		t.Errorf("the log: %d rows, %+v, %v", result.Rows, result.Problems, err)
	}
}

// A process that waits for its second copy is killed under load, again and again,
// and goes on; its disk is lost at the end. Every row that was ever acknowledged
// stands in the copy, and the log covers them.
func TestNothingAcknowledgedIsLostWithTheDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var all []store.ID
	for _, n := range []int{1, 200, 900, 1600} { // tens of megabytes: logs begin anew, bases are renewed
		all = append(all, killed(t, dir, n)...)
		holds(t, fetched(t, dir), all)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(dir, "main.db"+suffix)); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, fetched(t, dir), all)
}

// stop is what a test waits on instead of the clock.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(2 * time.Minute); !done(); {
		if time.Now().After(end) {
			t.Fatalf("%s never came", what)
		}
		<-tick.C
	}
}

// Without waiting, the copy has everything a moment later; closed and opened
// again, it goes on with the same base.
func TestCopyFollowsAndGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var ids []store.ID
	var base string
	for round := range 3 {
		db, copier, err := open(dir, replica.Config{Every: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		until(t, "a base", func() bool { return copier.Status().Whole })
		for range 50 {
			id, err := keep(db, 2000)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		names, _ := filepath.Glob(filepath.Join(dir, "copy", "base-*.json"))
		if len(names) != 1 || round > 0 && names[0] != base {
			t.Errorf("round %d: the bases are %v, before %s", round, names, base)
		}
		base = names[0]
	}
	holds(t, fetched(t, dir), ids)
}

// A copy that is away holds nobody up; what was written meanwhile is in it when
// it is back, whatever became of what it had.
func TestCopyIsAwayAndComesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	to := &shut{folder: filepath.Join(dir, "copy")}
	var err error
	if to.Target, err = replica.Open(to.folder); err != nil {
		t.Fatal(err)
	}
	copier := replica.New(replica.Config{To: to, Wait: true, Patience: 6 * time.Second, Every: time.Millisecond})
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "main.db"), store.Options{Schemas: schemas, Copy: copier})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var ids []store.ID
	more := func(n int) {
		t.Helper()
		for range n {
			id, err := keep(db, 3000)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
	}
	more(20)
	for _, hang := range []bool{false, true} {
		to.close(hang)
		more(20)
		if s := copier.Status(); !s.Away || s.Why == "" {
			t.Errorf("nobody is told that the copy is away: %+v", s)
		}
		to.open()
		until(t, "the copy", func() bool { return !copier.Status().Away })
		more(5)
	}
	holds(t, fetched(t, dir), ids)

	// Somebody empties the folder: everything begins anew.
	names, _ := filepath.Glob(filepath.Join(to.folder, "*"))
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	more(1)
	until(t, "a new base", func() bool {
		s := copier.Status()
		again, _ := filepath.Glob(filepath.Join(to.folder, "base-*.json"))
		return s.Whole && !s.Away && len(again) == 1
	})
	more(20)
	holds(t, fetched(t, dir), ids)
}

// shut is a target that can be taken away: it fails, or hangs.
type shut struct {
	replica.Target
	folder string
	mu     sync.Mutex
	wait   chan struct{} // open: nil
	hang   bool
}

func (s *shut) close(hang bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait, s.hang = make(chan struct{}), hang
}

func (s *shut) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.wait)
	s.wait = nil
}

// Append implements replica.Target.
func (s *shut) Append(ctx context.Context, name string, off int64, b []byte) error {
	s.mu.Lock()
	wait, hang := s.wait, s.hang
	s.mu.Unlock()
	if wait != nil && !hang {
		return io.ErrClosedPipe
	}
	if wait != nil {
		<-wait
	}
	return s.Target.Append(ctx, name, off, b)
}

// Another process that writes into the database and carries the log into it
// behind our back is noticed.
func TestAnotherWriterIsNoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// Nothing looks at the log but after commits of our own.
	db, copier, err := open(dir, replica.Config{Wait: true, Patience: time.Minute, Every: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	first, err := keep(db, 100)
	if err != nil {
		t.Fatal(err)
	}
	other, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "main.db"), store.Options{Schemas: schemas})
	if err != nil {
		t.Fatal(err)
	}
	ids := []store.ID{first}
	for range 3 { // past its own checkpoint at 8,000 pages, which begins the log anew
		id, err := keep(other, 14<<20)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	last, err := keep(db, 100)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the copy", func() bool { s := copier.Status(); return s.Whole && !s.Away })
	after, err := keep(db, 100)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, fetched(t, dir), append(ids, last, after))
}
