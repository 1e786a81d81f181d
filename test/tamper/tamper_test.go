// SPDX-License-Identifier: Apache-2.0

package tamper

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"waylight/internal/platform/store/storetest"
)

var (
	alterations = flag.Int("alterations", 150, "how often a database is altered and verified; a tenth of that on PostgreSQL")
	seed        = flag.Uint64("seed", 1, "where the choices begin; the same seed alters the same")
)

// count is one row of the table.
type count struct {
	tried, found, named int
	must                bool
}

// tally collects what came of all alterations.
type tally struct {
	mu      sync.Mutex
	classes map[string]*count
}

func (c *tally) add(w wanted, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.classes[w.class] == nil {
		c.classes[w.class] = &count{must: w.found}
	}
	n := c.classes[w.class]
	n.tried++
	if found {
		n.found++
	}
	if found && w.leaf >= 0 {
		n.named++
	}
}

// Every alteration of what a leaf covers, or of the log, is found, and the first
// leaf that disagrees is named; what no checkpoint can show is what the table
// says, and nothing else.
func TestTamper(t *testing.T) {
	t.Parallel()
	w := live(t)
	if n, _, said, err := w.verify("sqlite:" + w.file); n != 0 || err != nil {
		t.Fatalf("before any alteration: %s, %v", said, err)
	}
	all := &tally{classes: map[string]*count{}}
	t.Run("older copies of the whole", func(t *testing.T) { olderCopies(t, w, all) })
	t.Run("sqlite", func(t *testing.T) { many(t, w, all, *alterations, true, onSQLite(t, w)) })
	t.Run("postgres", func(t *testing.T) { many(t, w, all, *alterations/10, false, onPostgres(t, w)) })
	all.print(t)
}

// olderCopies puts a whole database back. Where it is as old as the checkpoint
// that was kept, nothing can show that more had happened.
func olderCopies(t *testing.T, w *world, all *tally) {
	for i, file := range w.older {
		want := wanted{"the whole database put back to before the kept checkpoint", true, sizeOf(w.kept[i])}
		if want.leaf == w.upTo {
			want = wanted{"the whole database put back to the kept checkpoint", false, -1}
		}
		w.judge(t, all, want, "sqlite:"+file, fmt.Sprint("older copy ", i))
	}
}

// judge verifies an altered database and holds the answer against what is wanted.
func (w *world) judge(t *testing.T, all *tally, want wanted, url, which string) {
	n, leaf, said, err := w.verify(url)
	if err != nil {
		t.Errorf("%s: %s: %v", which, want.class, err)
		return
	}
	all.add(want, n > 0)
	if (n > 0) != want.found || want.leaf != anyLeaf && leaf != want.leaf {
		t.Errorf("%s: %s: %d problems, leaf %d; want found %v, leaf %d\n%.600s", which, want.class, n, leaf, want.found, want.leaf, said)
	}
}

// fresh gives a copy of the true database to alter: begin opens it, its url is
// what verify is given, and done takes it away.
type fresh func(worker int) (copied *altered, err error)

func many(t *testing.T, w *world, all *tally, times int, lite bool, copies fresh) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for worker := range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for n := int(next.Add(1)); n <= times; n = int(next.Add(1)) {
				which := fmt.Sprintf("alteration %d of seed %d", n, *seed)
				if err := w.alterOne(t, all, which, rand.New(rand.NewPCG(*seed, uint64(n))), lite, func() (*altered, error) { return copies(worker) }); err != nil {
					t.Errorf("%s: %v", which, err)
				}
			}
		})
	}
	workers.Wait()
}

// alterOne alters one copy in one way, drawing again where the database does not
// let it.
func (w *world) alterOne(t *testing.T, all *tally, which string, r *rand.Rand, lite bool, copied func() (*altered, error)) error {
	for {
		k := draw(r)
		if k.lite && !lite {
			continue
		}
		a, err := copied()
		if err != nil {
			return err
		}
		want, ok, err := a.alter(func(s *site) (wanted, bool) {
			s.world, s.r, s.lite = w, r, lite
			return k.do(s)
		})
		if err == nil && ok {
			w.judge(t, all, want, a.url, which)
		}
		if endErr := a.end(); err == nil {
			err = endErr
		}
		if ok || err != nil {
			return err
		}
	}
}

func draw(r *rand.Rand) kind {
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	n := r.IntN(total)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			return k
		}
	}
	return kinds[0]
}

func onSQLite(t *testing.T, w *world) fresh {
	dir := t.TempDir()
	return func(worker int) (*altered, error) {
		file := filepath.Join(dir, fmt.Sprint(worker, ".db"))
		for _, rest := range []string{"-wal", "-shm", "-journal"} {
			os.Remove(file + rest)
		}
		if err := copyFile(w.file, file); err != nil {
			return nil, err
		}
		return begin("sqlite", "file:"+file+"?_pragma=synchronous(0)", "sqlite:"+file, func() error { return nil })
	}
}

func onPostgres(t *testing.T, w *world) fresh {
	url := storetest.PostgresURL(t)
	fillPostgres(t, w, url)
	return func(worker int) (*altered, error) { return copyPostgres(url, worker) }
}

// print writes the table that docs/spec/custody.md explains.
func (c *tally) print(t *testing.T) {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n| alteration | tried | found | first leaf named |\n| --- | --- | --- | --- |\n")
	var sum count
	for _, must := range []bool{true, false} {
		for _, name := range slices.Sorted(maps.Keys(c.classes)) {
			n := c.classes[name]
			if n.must != must {
				continue
			}
			fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", name, n.tried, n.found, n.named)
			sum.tried, sum.found, sum.named = sum.tried+n.tried, sum.found+n.found, sum.named+n.named
		}
	}
	fmt.Fprintf(&b, "| in all | %d | %d | %d |\n", sum.tried, sum.found, sum.named)
	t.Log(b.String())
}
