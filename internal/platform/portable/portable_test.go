// SPDX-License-Identifier: Apache-2.0

package portable_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/portable"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

var ctx = context.Background()

// things has a column of every type, with and without null, and a table that
// refers to it, one that is left behind, and one that a log covers.
var things = store.Schema{Room: "things", FS: fstest.MapFS{"0001_things.sql": {Data: []byte(`
create table thing ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  words text, -- clear
  number bigint, -- clear
  body bytes, -- sealed
  plain text not null, -- clear
  count bigint not null, -- clear
  raw bytes not null, -- sealed
  primary key (program, id)
);
create table a_part ( -- not covered: it stands for what belongs to something
  program text not null, -- clear
  thing bytes not null, -- clear
  n bigint not null, -- clear
  body bytes not null, -- sealed
  primary key (program, thing, n),
  foreign key (program, thing) references thing (program, id)
);
create table a_session ( -- not covered: it ends with the place it began in
  program text not null, -- clear
  id bytes not null, -- clear
  primary key (program, id)
);
`)}}}

var schemas = []store.Schema{things}

// place is a database that a test fills.
type place struct {
	t    *testing.T
	url  string
	logs map[string]*custody.Log
	keys map[string]note.Verifier
	mark [32]byte
}

// newPlace makes a keyring's keys for so many programs.
func newPlace(t *testing.T, programs int) (*place, []string) {
	t.Helper()
	ring, err := keyring.Open(filepath.Join(t.TempDir(), "ring"))
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, url: "sqlite:" + filepath.Join(t.TempDir(), "first.db"), logs: map[string]*custody.Log{}, keys: map[string]note.Verifier{}, mark: ring.Mark()}
	var names []string
	for i := range programs {
		name := "p" + strconv.Itoa(i)
		signer, key, err := ring.SignerFor(name, "test.example/log/"+name)
		if err != nil {
			t.Fatal(err)
		}
		if p.logs[name], err = custody.NewLog(name, signer, key, time.Minute); err != nil {
			t.Fatal(err)
		}
		p.keys[name] = p.logs[name].Verifier()
		names = append(names, name)
	}
	return p, names
}

// fill lets a program live: rows, the log that covers them, a checkpoint.
func (p *place) fill(db *store.DB, program string, rows []store.Row) {
	p.t.Helper()
	err := db.Write(ctx, func(tx *store.Tx) error {
		if err := p.logs[program].Pin(tx, p.mark); err != nil {
			return err
		}
		if err := tx.Insert("a_session", store.Row{"program": program, "id": store.NewID()}); err != nil {
			return err
		}
		for _, row := range rows {
			if err := tx.Insert("thing", row); err != nil {
				return err
			}
			if err := tx.Insert("a_part", store.Row{"program": program, "thing": row["id"], "n": int64(1), "body": row["raw"]}); err != nil {
				return err
			}
		}
		tx.Log(custody.Entry{Program: program, Event: "thing.made", Record: "thing", Actor: "system"})
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	err = db.Write(ctx, func(tx *store.Tx) error {
		_, err := p.logs[program].Publish(tx, tx.Now())
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// open is the database at url, until the test ends.
func (p *place) open(url string) *store.DB {
	p.t.Helper()
	db, err := store.Open(ctx, url, store.Options{Schemas: schemas})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { db.Close() })
	return db
}

// moment is what stands at url now, until end.
func (p *place) moment(url string) (db *store.DB, from *store.Moment, end func()) {
	p.t.Helper()
	db, err := store.Inspect(ctx, url, store.Options{Schemas: schemas})
	if err != nil {
		p.t.Fatal(err)
	}
	if from, err = db.Moment(ctx); err != nil {
		db.Close()
		p.t.Fatal(err)
	}
	return db, from, func() {
		from.Close()
		db.Close()
	}
}

// export writes what stands at url.
func (p *place) export(url string, programs []string) []byte {
	p.t.Helper()
	_, from, end := p.moment(url)
	defer end()
	name := filepath.Join(p.t.TempDir(), "export")
	file, err := os.Create(name)
	if err != nil {
		p.t.Fatal(err)
	}
	beside := func() (*os.File, error) { return nil, errors.New("nothing stood there before") }
	file, _, err = portable.Resume(ctx, file, beside, from, portable.Export{Programs: programs, Leave: []string{"a_session"}, Logs: p.logs, Now: storetest.Start})
	if err = errors.Join(err, file.Close()); err != nil {
		p.t.Fatal(err)
	}
	stream, err := os.ReadFile(name)
	if err != nil {
		p.t.Fatal(err)
	}
	return stream
}

// bring reads a stream into a database, to its end.
func (p *place) bring(stream []byte, url string, keepEvery int) error {
	p.t.Helper()
	r, err := portable.NewReader(bytes.NewReader(stream))
	if err != nil {
		return err
	}
	loader, err := store.OpenLoader(ctx, url, store.Options{Schemas: schemas, Now: time.Now}, store.Loading{ID: r.ID(), Programs: r.Header().Names()})
	if err != nil {
		return err
	}
	defer loader.Close()
	if err := r.Into(ctx, loader, portable.Fill{KeepEvery: keepEvery}); err != nil {
		return err
	}
	if err := r.Signed(p.keys); err != nil {
		return err
	}
	return loader.Finish(ctx, func(*store.Tx) error { return nil })
}

// hashes are the canonical hashes of all rows, the custody log's own included.
func (p *place) hashes(url string) map[string]int {
	p.t.Helper()
	db, from, end := p.moment(url)
	defer end()
	programs, err := from.Programs(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	all := map[string]int{}
	for _, table := range from.Tables() {
		if table.Name == "a_session" {
			continue
		}
		for _, program := range programs {
			err := from.Each(ctx, table, program, nil, func(values []any) error {
				hash := table.Hash(values)
				all[table.Name+string(hash[:])]++
				return nil
			})
			if err != nil {
				p.t.Fatal(err)
			}
		}
	}
	for _, program := range programs {
		if result, err := custody.Verify(ctx, db, program, p.keys[program]); err != nil || !result.OK() {
			p.t.Errorf("verifying %s at %s: %+v, %v", program, url, result.Problems, err)
		}
	}
	return all
}

// anything is a random row of a program.
func anything(program string) *rapid.Generator[store.Row] {
	words := rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r != 0 }))
	size := rapid.OneOf(rapid.Just(0), rapid.IntRange(1, 40), rapid.IntRange(1, 40), rapid.IntRange(1, 40), rapid.Just(70<<10), rapid.Just(300<<10))
	raw := rapid.Custom(func(t *rapid.T) []byte {
		b := make([]byte, size.Draw(t, "size"))
		step := rapid.SampledFrom([]int{0, 1, 7}).Draw(t, "step")
		for i := range b { // with zero bytes everywhere
			b[i] = byte(i * step)
		}
		return b
	})
	number := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, -1, math.MinInt64, math.MaxInt64}))
	return rapid.Custom(func(t *rapid.T) store.Row {
		or := func(v any) any {
			if rapid.Bool().Draw(t, "null") {
				return nil
			}
			return v
		}
		return store.Row{
			"program": program, "id": store.NewID(), "words": or(words.Draw(t, "words")), "number": or(number.Draw(t, "number")), "body": or(raw.Draw(t, "body")),
			"plain": words.Draw(t, "plain"), "count": number.Draw(t, "count"), "raw": raw.Draw(t, "raw"),
		}
	})
}

// Random content of every type survives the way from SQLite to PostgreSQL and
// back: every row has the hash it had, and the log verifies at each place.
func TestRandomContentSurvivesBothWays(t *testing.T) {
	t.Parallel()
	p, programs := newPlace(t, 4)
	db := p.open(p.url)
	for i, program := range programs {
		rows := rapid.SliceOfN(anything(program), 1, 30).Example(i + 1)
		rows = append(rows, store.Row{"program": program, "id": store.NewID(), "words": "", "number": nil, "body": []byte{}, "plain": "", "count": 0, "raw": make([]byte, 3<<20)})
		p.fill(db, program, rows)
	}
	was := p.hashes(p.url)
	there, back := storetest.PostgresURL(t), "sqlite:"+filepath.Join(t.TempDir(), "back.db")
	if err := p.bring(p.export(p.url, programs), there, 0); err != nil {
		t.Fatal(err)
	}
	if now := p.hashes(there); !maps.Equal(was, now) {
		t.Errorf("%d kinds of rows on PostgreSQL, %d before", len(now), len(was))
	}
	if err := p.bring(p.export(there, programs), back, 0); err != nil {
		t.Fatal(err)
	}
	if now := p.hashes(back); !maps.Equal(was, now) {
		t.Errorf("%d kinds of rows back on SQLite, %d before", len(now), len(was))
	}
	if len(was) < 80 {
		t.Errorf("only %d rows were carried", len(was))
	}
}

// One program of several goes by itself, and into a database that has others.
func TestOneProgramOfSeveral(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "target.db") },
		"postgres": storetest.PostgresURL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, programs := newPlace(t, 2)
			db := p.open(p.url)
			for i, program := range programs {
				p.fill(db, program, rapid.SliceOfN(anything(program), 1, 9).Example(i))
			}
			url := target(t)
			for _, program := range programs {
				stream := p.export(p.url, []string{program})
				if err := p.bring(stream, url, 0); err != nil {
					t.Fatal(err)
				}
				if err := p.bring(stream, url, 0); !errors.Is(err, store.ErrHasRows) {
					t.Errorf("brought a second time: %v", err)
				}
			}
			if !maps.Equal(p.hashes(p.url), p.hashes(url)) {
				t.Error("the rows differ")
			}
		})
	}
}

// broken is a reader that ends early, as when a process is killed.
type broken struct {
	in   io.Reader
	left int
}

var errBroken = errors.New("the plug was pulled")

func (b *broken) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errBroken
	}
	n, err := b.in.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// Interrupted anywhere, any number of times, an import goes on where it was and
// ends with the same rows; until then nothing opens the database.
func TestInterruptedAnywhereGoesOn(t *testing.T) {
	t.Parallel()
	p, programs := newPlace(t, 1)
	db := p.open(p.url)
	p.fill(db, programs[0], rapid.SliceOfN(anything(programs[0]), 16, 16).Example(3))
	stream := p.export(p.url, programs)
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "target.db"), "postgres": storetest.PostgresURL(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resumed := 0
			for part := 1; part <= 10; part++ {
				r, err := portable.NewReader(&broken{bytes.NewReader(stream), max(len(stream)*part/10, 8<<10) + part/10})
				if err != nil {
					t.Fatal(err)
				}
				loader, err := store.OpenLoader(ctx, url, store.Options{Schemas: schemas, Now: time.Now}, store.Loading{ID: r.ID(), Programs: programs})
				if err != nil {
					t.Fatal(err)
				}
				if loader.Done() > 0 {
					resumed++
				}
				err = r.Into(ctx, loader, portable.Fill{KeepEvery: 1})
				if part == 10 { // the last of them comes to the end
					if err == nil {
						err = errors.Join(r.Signed(p.keys), loader.Finish(ctx, func(*store.Tx) error { return nil }))
					}
					if err != nil {
						t.Fatal(err)
					}
				} else if !errors.Is(err, errBroken) {
					t.Fatalf("part %d ended with %v", part, err)
				}
				loader.Close()
				if part < 10 {
					if _, err := store.Open(ctx, url, store.Options{Schemas: schemas}); !errors.Is(err, store.ErrUnfinished) {
						t.Fatalf("half a database was opened: %v", err)
					}
				}
			}
			if resumed < 5 {
				t.Errorf("it went on only %d times", resumed)
			}
			if !maps.Equal(p.hashes(p.url), p.hashes(url)) {
				t.Error("the rows differ")
			}
		})
	}
}

// frames cuts a stream into its line and its frames.
func frames(stream []byte) [][]byte {
	first := bytes.IndexByte(stream, '\n') + 1
	parts := [][]byte{stream[:first]}
	for rest := stream[first:]; len(rest) > 0; {
		n := 5 + 32 + int(rest[1])<<24 + int(rest[2])<<16 + int(rest[3])<<8 + int(rest[4])
		parts = append(parts, rest[:n])
		rest = rest[n:]
	}
	return parts
}

// Every way of changing a stream that keeps each part whole is found too.
func TestPartsMissingDoubledOrMoved(t *testing.T) {
	t.Parallel()
	p, programs := newPlace(t, 2)
	db := p.open(p.url)
	for i, program := range programs {
		p.fill(db, program, rapid.SliceOfN(anything(program), 3, 9).Example(i))
	}
	parts := frames(p.export(p.url, programs))
	join := func(order ...int) []byte {
		var b []byte
		for _, i := range order {
			b = append(b, parts[i]...)
		}
		return b
	}
	all := make([]int, len(parts))
	for i := range all {
		all[i] = i
	}
	if err := drain(join(all...), p.keys); err != nil {
		t.Fatal(err)
	}
	for i := 2; i < len(parts); i++ {
		without := append(append([]int{}, all[:i]...), all[i+1:]...)
		doubled := append(append(append([]int{}, all[:i]...), i), all[i:]...)
		for what, order := range map[string][]int{"missing": without, "doubled": doubled} {
			if err := drain(join(order...), p.keys); !errors.Is(err, portable.ErrDamaged) {
				t.Errorf("part %d %s: %v", i, what, err)
			}
		}
		if i > 2 {
			swapped := append([]int{}, all...)
			swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
			if err := drain(join(swapped...), p.keys); !errors.Is(err, portable.ErrDamaged) {
				t.Errorf("parts %d and %d exchanged: %v", i-1, i, err)
			}
		}
	}
	// Whoever makes all checksums anew still lacks the log's key.
	other, _ := newPlace(t, 2)
	if err := drain(join(all...), other.keys); !errors.Is(err, portable.ErrDamaged) {
		t.Errorf("signed by nobody we know: %v", err)
	}
}

// drain reads a stream to its end.
func drain(stream []byte, keys map[string]note.Verifier) error {
	r, err := portable.NewReader(bytes.NewReader(stream))
	for err == nil {
		_, err = r.Next()
	}
	if errors.Is(err, io.EOF) {
		return r.Signed(keys)
	}
	return err
}

// A newer release's migrations are refused, and so is one that says something else.
func TestOnlyWhatThisReleaseKnows(t *testing.T) {
	t.Parallel()
	migrations, _, err := store.ParseSchema(schemas)
	if err != nil {
		t.Fatal(err)
	}
	known := migrations[0].Ran()
	newer, changed := known, known
	newer.Number++
	changed.Digest = strings.Repeat("0", 64)
	for want, ran := range map[string]store.Ran{"newer release": newer, "another migration": changed} {
		h := portable.Header{Migrations: []store.Ran{known, ran}}
		if err := h.Fits(migrations); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", ran, err)
		}
	}
	if err := (&portable.Header{Migrations: []store.Ran{known}}).Fits(migrations); err != nil {
		t.Error(err)
	}
}

// Whatever the bytes, reading them ends with an error or the stream's own end, in
// bounded memory.
func FuzzReader(f *testing.F) {
	f.Add([]byte("waylight-export/1\n"))
	f.Add([]byte("waylight-export/1\nH\x00\x00\x00\x02{}"))
	f.Add([]byte("waylight-export/1\nH\x7f\xff\xff\xff"))
	f.Add(portable.SampleStream(map[string]int64{"a": 3, "b": 70000}))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, b := range [][]byte{data, portable.Rechained(data)} {
			r, err := portable.NewReader(bytes.NewReader(b))
			n := 0
			for err == nil {
				var rows portable.Rows
				rows, err = r.Next()
				n += len(rows.Values)
			}
			if n > len(b) {
				t.Errorf("%d rows of %d bytes", n, len(b))
			}
		}
	})
}
