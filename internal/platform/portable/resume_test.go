// SPDX-License-Identifier: Apache-2.0

package portable_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/portable"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// exporting is an export that a test breaks off.
type exporting struct {
	*place
	url      string
	programs []string
	name     string
}

func (p *place) exporting(url string, programs []string) *exporting {
	return &exporting{place: p, url: url, programs: programs, name: filepath.Join(p.t.TempDir(), "export")}
}

// try writes until so many rows were written, 0: to the end.
func (x *exporting) try(rows int64) (portable.Written, error) {
	x.t.Helper()
	_, from, end := x.moment(x.url)
	defer end()
	open := func(suffix string) (*os.File, error) { return os.OpenFile(x.name+suffix, os.O_CREATE|os.O_RDWR, 0o600) }
	file, err := open("")
	if err != nil {
		x.t.Fatal(err)
	}
	stopping, stop := context.WithCancel(ctx)
	defer stop()
	file, written, err := portable.Resume(stopping, file, func() (*os.File, error) { return open(".next") }, from, portable.Export{
		Programs: x.programs, Leave: []string{"a_session"}, Bound: map[string]string{"custody_leaf": "custody_tree", "custody_node": "custody_tree", "custody_half": "custody_tree"}, Logs: x.logs, Now: time.Now(),
		Progress: func(done, total int64) {
			if rows > 0 && done >= rows {
				stop()
			}
		},
	})
	file.Close()
	if rows > 0 && !errors.Is(err, context.Canceled) {
		x.t.Fatalf("an export that was stopped ended with %v", err)
	}
	return written, err
}

// total is how many rows an export has.
func (x *exporting) total() int64 {
	var n int64
	for _, times := range x.hashes(x.url) {
		n += int64(times)
	}
	return n
}

// stream is what was written in the end.
func (x *exporting) stream() []byte {
	x.t.Helper()
	b, err := os.ReadFile(x.name)
	if err != nil {
		x.t.Fatal(err)
	}
	return b
}

// sized are so many rows, each of so many bytes.
func sized(program string, n, size int, random *rand.Rand) []store.Row {
	rows := make([]store.Row, n)
	for i := range rows {
		body := make([]byte, size)
		for j := range body {
			body[j] = byte(random.Uint32())
		}
		rows[i] = store.Row{"program": program, "id": store.NewID(), "words": "w", "number": int64(i), "body": nil, "plain": "p", "count": int64(i), "raw": body}
	}
	return rows
}

// engines are where a test's database stands.
func engines(t *testing.T, test func(t *testing.T, url string)) {
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "first.db") },
		"postgres": storetest.PostgresURL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, url(t))
		})
	}
}

// Broken off at any byte, again and again, an export of a database that stands
// still goes on where it was, and is in the end the one that was begun.
func TestExportGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		p, programs := newPlace(t, 2)
		db := p.open(url)
		random := rand.New(rand.NewPCG(1, 0))
		for _, program := range programs {
			p.fill(db, program, sized(program, 60, 90<<10, random))
		}
		x := p.exporting(url, programs)
		total := x.total()
		kept := int64(0)
		for range 12 {
			w, err := x.try(1 + random.Int64N(total*3/4))
			if err == nil {
				t.Fatal("it came to its end")
			}
			if kept, w.Kept = w.Kept, max(kept, w.Kept); w.Copied > 0 {
				t.Errorf("%d rows were copied though nothing had changed", w.Copied)
			}
			whole := x.stream()
			if err := os.WriteFile(x.name, whole[:len(whole)-random.IntN(len(whole)/8)], 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := x.try(total * 9 / 10); err == nil {
			t.Fatal("it came to its end")
		}
		begun := x.stream()
		w, err := x.try(0)
		if err != nil {
			t.Fatal(err)
		}
		if most := total * 3 / 4; w.Kept < most || w.Copied > 0 {
			t.Errorf("%d rows were kept of %d, %d were copied", w.Kept, total, w.Copied)
		}
		if !bytes.Equal(x.stream()[:len(begun)*3/4], begun[:len(begun)*3/4]) {
			t.Error("it was begun anew")
		}
		if err := x.good(); err != nil {
			t.Fatal(err)
		}
		if w, err = x.try(0); err != nil || w.Kept < total { // killed before the file had its name
			t.Errorf("a whole file: %d rows kept, %v", w.Kept, err)
		}
		if err := x.good(); err != nil {
			t.Fatal(err)
		}
	})
}

// good brings what was written to the other engine, where every row must arrive
// and the log verify.
func (x *exporting) good() error {
	x.t.Helper()
	target := "sqlite:" + filepath.Join(x.t.TempDir(), "target.db")
	if x.url[:6] == "sqlite" {
		target = storetest.PostgresURL(x.t)
	}
	if err := x.bring(x.stream(), target, 0); err != nil {
		return err
	}
	if !maps.Equal(x.hashes(x.url), x.hashes(target)) {
		return errors.New("the rows differ")
	}
	return nil
}

// change lets a program's rows change between two tries: covered ones with their
// entries, and those that no log covers.
func (x *exporting) change(db *store.DB, program string, random *rand.Rand, rows []store.Row) []store.Row {
	x.t.Helper()
	gone, other := rows[random.IntN(len(rows)/2)], rows[len(rows)/2+random.IntN(len(rows)/2)]
	added := sized(program, 3, 90<<10, random)
	err := db.Write(ctx, func(tx *store.Tx) error {
		for _, q := range []string{`delete from a_part where program = $1 and thing = $2`, `delete from thing where program = $1 and id = $2`} {
			if _, err := tx.Exec(q, program, gone["id"]); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`update thing set words = 'changed' where program = $1 and id = $2`, program, other["id"]); err != nil {
			return err
		}
		for _, row := range []store.Row{gone, other} {
			if err := tx.Touch("thing", program, row["id"]); err != nil {
				return err
			}
		}
		for _, row := range added {
			if err := tx.Insert("thing", row); err != nil {
				return err
			}
		}
		tx.Log(custody.Entry{Program: program, Event: "thing.changed", Record: "thing", Actor: "system"})
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
	var still []store.Row
	for _, row := range rows {
		if !bytes.Equal(idOf(row), idOf(gone)) {
			still = append(still, row)
		}
	}
	return append(still, added...)
}

func idOf(row store.Row) []byte { id := row["id"].(store.ID); return id[:] }

// A database that changes between the tries is exported as it is in the end, and
// what did not change is taken over.
func TestExportGoesOnThoughTheDatabaseChanged(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		p, programs := newPlace(t, 2)
		db := p.open(url)
		random := rand.New(rand.NewPCG(2, 0))
		x := p.exporting(url, programs)
		rows := map[string][]store.Row{}
		for _, program := range programs {
			rows[program] = sized(program, 60, 90<<10, random)
			p.fill(db, program, rows[program])
		}
		for range 8 {
			if _, err := x.try(1 + random.Int64N(x.total()*3/4)); err == nil {
				t.Fatal("it came to its end")
			}
			for _, program := range programs {
				if random.IntN(3) > 0 {
					rows[program] = x.change(db, program, random, rows[program])
				}
			}
		}
		if _, err := x.try(x.total() * 9 / 10); err == nil {
			t.Fatal("it came to its end")
		}
		for _, program := range programs {
			rows[program] = x.change(db, program, random, rows[program])
		}
		w, err := x.try(0)
		if err != nil {
			t.Fatal(err)
		}
		if w.Copied < 100 { // of 120 covered rows
			t.Errorf("only %d rows were taken over", w.Copied)
		}
		if err := x.good(); err != nil {
			t.Fatal(err)
		}
	})
}

// What no log covers is read again: a row that changed without an entry is in the
// export as it is in the end, and what stands before it is kept.
func TestExportGoesOnWithRowsThatNoLogCovers(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		p, programs := newPlace(t, 1)
		db := p.open(url)
		p.fill(db, programs[0], sized(programs[0], 40, 90<<10, rand.New(rand.NewPCG(3, 0))))
		x := p.exporting(url, programs)
		if _, err := x.try(x.total() - 5); err == nil {
			t.Fatal("it came to its end")
		}
		err := db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`update a_part set body = $2 where program = $1 and thing = (select thing from a_part where program = $1 order by thing limit 1)`, programs[0], []byte("other"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w, err := x.try(0)
		if err != nil {
			t.Fatal(err)
		}
		if w.Kept < 40 || w.Kept > x.total()-40 {
			t.Errorf("%d rows were kept", w.Kept)
		}
		if err := x.good(); err != nil {
			t.Fatal(err)
		}
	})
}

// A file that no export left is not written over.
func TestExportGoesOnOnlyWithItsOwn(t *testing.T) {
	t.Parallel()
	p, programs := newPlace(t, 1)
	db := p.open(p.url)
	p.fill(db, programs[0], sized(programs[0], 3, 10, rand.New(rand.NewPCG(5, 0))))
	x := p.exporting(p.url, programs)
	for text, taken := range map[string]bool{"": true, "waylight-ex": true, "waylight-export/1\nH\x00": true, "somebody's letters": false, "waylight-export/2\n": false} {
		if err := os.WriteFile(x.name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := x.try(0); (err == nil) != taken {
			t.Errorf("%q: %v", text, err)
		}
		if !taken && string(x.stream()) != text {
			t.Errorf("%q was written over", text)
		}
	}
}
