// SPDX-License-Identifier: Apache-2.0

package custody_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

var thing = []store.Schema{{Room: "thing", FS: fstest.MapFS{"0001_thing.sql": {Data: []byte(`
create table thing ( -- covered
  program text not null, -- clear
  id bytes not null, -- clear
  word text, -- sealed
  n bigint not null, -- clear
  primary key (program, id)
);
`)}}}}

var ctx = context.Background()

func add(tx *store.Tx, program string, n int) (store.ID, custody.Leaf, error) {
	id := store.NewID()
	err := tx.Insert("thing", store.Row{"program": program, "id": id, "word": "word", "n": n})
	return id, tx.Log(custody.Entry{Program: program, Event: "thing.made", Record: "thing:" + id.String(), Actor: "system"}), err
}

func fill(t testing.TB, db *store.DB, program string, n int) []custody.Leaf {
	t.Helper()
	var leaves []custody.Leaf
	for i := range n {
		err := db.Write(ctx, func(tx *store.Tx) error {
			_, leaf, err := add(tx, program, i)
			leaves = append(leaves, leaf)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return leaves
}

func publish(t testing.TB, db *store.DB, log *custody.Log, now time.Time) custody.Checkpoint {
	t.Helper()
	var cp custody.Checkpoint
	err := db.Write(ctx, func(tx *store.Tx) (err error) {
		cp, err = log.Publish(tx, now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return cp
}

// The stored tree must be the one that RFC 6962 defines over the same leaves,
// whatever the batches were and whoever failed in them.
func TestTreeIsTheOneOfItsLeaves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, fmt.Sprint(n, ".db")), store.Options{Schemas: thing})
		if err != nil {
			rt.Fatal(err)
		}
		defer db.Close()
		refused := errors.New("refused")
		var want []custody.Leaf
		for _, entries := range rapid.SliceOfN(rapid.IntRange(0, 40), 0, 20).Draw(rt, "transactions") {
			fails := rapid.Bool().Draw(rt, "fails")
			var made []custody.Leaf
			err := db.Write(ctx, func(tx *store.Tx) error {
				made = nil
				for i := range entries {
					_, leaf, err := add(tx, "ms", i)
					if err != nil {
						return err
					}
					made = append(made, leaf)
				}
				if fails {
					return refused
				}
				return nil
			})
			if fails != errors.Is(err, refused) || (err != nil && !fails) {
				rt.Fatal(err)
			}
			if !fails {
				want = append(want, made...)
			}
		}
		log := newLog(t)
		cp := publish(t, db, log, time.Now())
		tree, err := custody.ParseCheckpoint(cp.Note, log.Verifier())
		if err != nil {
			rt.Fatal(err)
		}
		checkTree(rt, db, tree.Tree, want)
		if result, err := custody.Verify(ctx, db, "ms", log.Verifier()); err != nil || !result.OK() {
			rt.Fatalf("%+v, %v", result.Problems, err)
		}
		for _, leaf := range want {
			proof, err := custody.Prove(ctx, db, "ms", leaf.Commitment)
			if err != nil {
				rt.Fatal(err)
			}
			proof, err = custody.ParseProof(proof.String())
			if err != nil {
				rt.Fatal(err)
			}
			if err := proof.Check(leaf.Commitment, log.Verifier()); err != nil {
				rt.Fatal(err)
			}
			if err := proof.Check([32]byte{1}, log.Verifier()); err == nil {
				rt.Fatal("a proof fits another leaf")
			}
		}
	})
}

// A log that an older release began holds the hashes of whole tiles alone. It lacks nothing by
// it; what is added since has those of half tiles too, and one that is gone is missed.
func TestLogOfAnOlderReleaseIsProved(t *testing.T) {
	storetest.Each(t, thing, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		log := newLog(t)
		exec := func(q string, args ...any) {
			t.Helper()
			if err := db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec(q, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		holds := func(leaves []custody.Leaf) {
			t.Helper()
			cp := publish(t, db, log, time.Now())
			result, err := custody.Verify(ctx, db, "ms", log.Verifier(), cp.Note)
			if err != nil || !result.OK() {
				t.Fatalf("%+v, %v", result.Problems, err)
			}
			for i, leaf := range leaves {
				proof, err := custody.Prove(ctx, db, "ms", leaf.Commitment)
				if err == nil {
					err = proof.Check(leaf.Commitment, log.Verifier())
				}
				if err != nil {
					t.Fatalf("leaf %d of %d: %v", i, len(leaves), err)
				}
			}
		}
		leaves := fillAtOnce(t, db, "ms", 300)
		exec(`delete from custody_half`)
		holds(leaves)
		leaves = append(leaves, fillAtOnce(t, db, "ms", 350)...)
		holds(leaves)
		exec(`delete from custody_half where level = 4 and n between 20 and 30`) // added by one that still ran
		leaves = append(leaves, fillAtOnce(t, db, "ms", 3000)...)
		holds(leaves)
		for _, q := range []struct {
			text string
			args []any
			leaf int64
		}{
			{`update custody_half set hash = $1 where level = 4 and n = 40`, []any{make([]byte, 32)}, 640},
			{`update custody_half set hash = $1 where level = 4 and n = 203`, []any{[]byte("short")}, 203 * 16},
			{`insert into custody_half (program, level, n, hash) values ('ms', 4, 4611686018427387904, $1)`, []any{make([]byte, 32)}, -1},
			{`insert into custody_half (program, level, n, hash) values ('ms', 4, -4611686018427387904, $1)`, []any{make([]byte, 32)}, -1},
			{`insert into custody_half (program, level, n, hash) values ('ms', 5, 3, $1)`, []any{make([]byte, 32)}, -1},
		} {
			result, err := custody.Verify(ctx, db, "ms", log.Verifier())
			before := len(result.Problems)
			exec(q.text, q.args...)
			result, again := custody.Verify(ctx, db, "ms", log.Verifier())
			if err != nil || again != nil || len(result.Problems) != before+1 || !slices.ContainsFunc(result.Problems, func(p custody.Problem) bool { return p.Leaf == q.leaf }) {
				t.Errorf("%s: %+v, %v, %v", q.text, result.Problems, err, again)
			}
		}
	})
}

// fillAtOnce is fill in one transaction.
func fillAtOnce(t testing.TB, db *store.DB, program string, n int) []custody.Leaf {
	t.Helper()
	var leaves []custody.Leaf
	err := db.Write(ctx, func(tx *store.Tx) error {
		leaves = nil
		for i := range n {
			_, leaf, err := add(tx, program, i)
			if err != nil {
				return err
			}
			leaves = append(leaves, leaf)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return leaves
}

// checkTree rebuilds the tree from what the log serves to the public.
func checkTree(rt *rapid.T, db *store.DB, tree tlog.Tree, want []custody.Leaf) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	var served []byte
	for n := int64(0); n<<8 < tree.N; n++ {
		path := fmt.Sprintf("entries/%03d", n)
		if left := tree.N - n<<8; left < 256 {
			path += fmt.Sprintf(".p/%d", left)
		}
		bundle, err := custody.Tile(ctx, db, "ms", path)
		if err != nil {
			rt.Fatal(err)
		}
		served = append(served, bundle...)
	}
	for n := int64(0); n < tree.N; n++ {
		entry := served[n*34+2 : n*34+34]
		if n < int64(len(want)) && !bytes.Equal(entry, want[n].Commitment[:]) {
			rt.Fatalf("entry %d is not the leaf that was logged", n)
		}
		hashes, err := tlog.StoredHashes(n, entry, reader)
		if err != nil {
			rt.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil || root != tree.Hash {
		rt.Fatalf("the public entries do not give the signed root (%v)", err)
	}
}

func TestCheckpointsGrowWithoutTellingOfReports(t *testing.T) {
	t.Parallel()
	storetest.Each(t, thing, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		log := newLog(t)
		var sizes []int64
		for _, n := range []int{0, 1, 3, 0, custody.Bucket + 1} {
			fill(t, db, "ms", n)
			sizes = append(sizes, publish(t, db, log, clock.Now()).Size)
			clock.Advance(log.Every)
		}
		const b = custody.Bucket
		want := []int64{b, 2 * b, 3 * b, 4 * b, 6 * b}
		for i := range want {
			if sizes[i] != want[i] {
				t.Fatalf("published sizes %v, want %v", sizes, want)
			}
		}
		cp := publish(t, db, log, clock.Now())
		tree, _ := custody.ParseCheckpoint(cp.Note, log.Verifier())
		proof, err := custody.ProveGrowth(ctx, db, "ms", 2*b, tree.N)
		if err != nil {
			t.Fatal(err)
		}
		var text string
		if err := db.QueryRow(ctx, `select note from custody_checkpoint where program = $1 and size = $2`, "ms", int64(2*b)).Scan(&text); err != nil {
			t.Fatal(err)
		}
		before, err := custody.ParseCheckpoint(text, log.Verifier())
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash); err != nil {
			t.Error(err)
		}
	})
}

func TestNothingBeyondTheCheckpointIsShown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, thing, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		log := newLog(t)
		leaf := fill(t, db, "ms", 5)[4]
		if _, err := custody.Tile(ctx, db, "ms", "entries/000.p/5"); !errors.Is(err, custody.ErrNoTile) {
			t.Errorf("an unpublished entry is shown (%v)", err)
		}
		if _, err := custody.Prove(ctx, db, "ms", leaf.Commitment); !errors.Is(err, custody.ErrNotYet) {
			t.Errorf("an unpublished leaf is proven (%v)", err)
		}
		publish(t, db, log, clock.Now())
		if _, err := custody.Prove(ctx, db, "ms", leaf.Commitment); err != nil {
			t.Error(err)
		}
		for _, path := range []string{"0/000.p/129", "0/000", "0/001.p/1", "1/000.p/1", "x", "0/0", "0/x000", "-1/000", "entries/000.p/0", "0/000.p/256", "0/000/000", "9/000", "0/00a", ""} {
			if _, err := custody.Tile(ctx, db, "ms", path); !errors.Is(err, custody.ErrNoTile) {
				t.Errorf("%q: %v", path, err)
			}
		}
		if tile, err := custody.Tile(ctx, db, "ms", "0/000.p/128"); err != nil || len(tile) != 128*32 {
			t.Errorf("%d bytes, %v", len(tile), err)
		}
	})
}

// Each alteration of the stored database must be found, and where it is of a
// covered row the first bad leaf must be named.
func TestVerifyNamesTheFirstBadLeaf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql  string
		args []any
		leaf int64
	}{
		"value changed":        {`update thing set n = 99 where n = 7`, nil, 7},
		"two values changed":   {`update thing set n = n + 100 where n in (300, 12)`, nil, 12},
		"byte of text changed": {`update thing set word = 'Word' where n = 260`, nil, 260},
		"value made null":      {`update thing set word = null where n = 3`, nil, 3},
		"row deleted":          {`delete from thing where n = 5`, nil, 5},
		"row moved":            {`update thing set program = 'tx' where n = 9`, nil, 9},
		"opening changed":      {`update custody_leaf set opening = $1 where idx = 4`, []any{[]byte("cover")}, 4},
		"row list emptied":     {`update custody_leaf set row_list = $1 where idx = 6`, []any{[]byte{}}, 6},
		"salt changed":         {`update custody_leaf set salt = $1 where idx = 8`, []any{make([]byte, 32)}, 8},
		"leaf removed":         {`delete from custody_leaf where idx = 20`, nil, 20},
		"tail cut":             {`delete from custody_leaf where idx >= 200`, nil, 200},
		"node changed":         {`update custody_node set hash = $1`, []any{make([]byte, 32)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, thing, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
				log := newLog(t)
				fill(t, db, "ms", 310)
				publish(t, db, log, clock.Now())
				if result, err := custody.Verify(ctx, db, "ms", log.Verifier()); err != nil || !result.OK() {
					t.Fatalf("before: %+v, %v", result.Problems, err)
				}
				// An attacker writes past the program: an uncovered statement stands in for it.
				if err := db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec(c.sql, c.args...); return err }); err != nil {
					t.Fatal(err)
				}
				result, err := custody.Verify(ctx, db, "ms", log.Verifier())
				if err != nil || result.OK() || result.Problems[0].Leaf != c.leaf {
					t.Errorf("found %+v (%v), want leaf %d first", result.Problems, err, c.leaf)
				}
			})
		})
	}
}

// A log can be verified while it is written: all of it is seen at one moment.
func TestVerifyWhileItIsWritten(t *testing.T) {
	t.Parallel()
	storetest.Each(t, thing, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		log := newLog(t)
		fill(t, db, "ms", 50)
		publish(t, db, log, clock.Now())
		stop, stopped := make(chan struct{}), make(chan error, 1)
		go func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					stopped <- nil
					return
				default:
				}
				err := db.Write(ctx, func(tx *store.Tx) error {
					id, _, err := add(tx, "ms", n)
					if err == nil {
						_, err = tx.Exec(`update thing set n = n + 1 where program = $1 and id = $2`, "ms", id[:])
					}
					if err == nil {
						err = tx.Touch("thing", "ms", id)
					}
					tx.Log(custody.Entry{Program: "ms", Event: "thing.changed"})
					return err
				})
				if err != nil {
					stopped <- err
					return
				}
			}
		}()
		most := int64(0)
		for n := 0; n < 10 || most <= custody.Bucket && !t.Failed(); n++ {
			result, err := custody.Check{Program: "ms", Verifier: log.Verifier(), Workers: 3}.Run(ctx, db)
			if err != nil || !result.OK() {
				t.Errorf("%+v, %v", result.Problems, err)
			}
			most = max(most, result.Leaves)
		}
		close(stop)
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

// What a lost leaf said of a row is not laid upon the leaf before it.
func TestVerifyNamesTheLostLeaf(t *testing.T) {
	t.Parallel()
	storetest.Each(t, thing, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		log := newLog(t)
		var id store.ID
		for n := range 10 {
			if err := db.Write(ctx, func(tx *store.Tx) (err error) {
				if n == 2 {
					id, _, err = add(tx, "ms", n)
					return err
				}
				if n == 6 {
					if _, err = tx.Exec(`update thing set n = 99 where program = $1 and id = $2`, "ms", id[:]); err == nil {
						err = tx.Touch("thing", "ms", id)
					}
				}
				tx.Log(custody.Entry{Program: "ms", Event: "step"})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		publish(t, db, log, clock.Now())
		if err := db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec(`delete from custody_leaf where idx = 6`); return err }); err != nil {
			t.Fatal(err)
		}
		result, err := custody.Verify(ctx, db, "ms", log.Verifier())
		if err != nil || result.OK() || result.Problems[0].Leaf != 6 {
			t.Errorf("%+v, %v", result.Problems, err)
		}
	})
}

// A leaf made today that says it was made last month, because the clock was set back for
// it, does so behind an entry that says so.
func TestVerifyTellsOfALeafUnderAClockSetBack(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(storetest.Start)
	shift := time.Duration(0)
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "w.db"), store.Options{Schemas: thing, Now: func() time.Time { return clock.Now().Add(shift) }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log := newLog(t)
	fill(t, db, "ms", 3)
	publish(t, db, log, clock.Now())
	clock.Advance(log.Every)
	shift = -30 * 24 * time.Hour
	fill(t, db, "ms", 1)
	shift = 0
	publish(t, db, log, clock.Now())
	result, err := custody.Verify(ctx, db, "ms", log.Verifier())
	if err != nil || !result.OK() || len(result.Turns) != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	if turn := result.Turns[0]; turn.Leaf != custody.Bucket || turn.From.Sub(turn.To) != 30*24*time.Hour-log.Every {
		t.Errorf("%+v", turn)
	}
}

// A log's database goes with one keyring only.
func TestPinRefusesAnotherKeyring(t *testing.T) {
	t.Parallel()
	storetest.Each(t, thing, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		log := newLog(t)
		pin := func(mark byte) error {
			return db.Write(ctx, func(tx *store.Tx) error { return log.Pin(tx, [32]byte{mark}) })
		}
		if err := errors.Join(pin(1), pin(1)); err != nil {
			t.Fatal(err)
		}
		if err := pin(2); !errors.Is(err, custody.ErrOtherKey) {
			t.Errorf("another keyring: %v", err)
		}
	})
}

// A damaged head is an error to every caller, not the end of the program.
func TestDamagedHeadIsAnError(t *testing.T) {
	t.Parallel()
	storetest.Each(t, thing, func(t *testing.T, db *store.DB, _ *storetest.Clock) {
		fill(t, db, "ms", 3)
		if err := db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`update custody_tree set size = 255, frontier = $1`, []byte{})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := db.Write(ctx, func(tx *store.Tx) error { _, _, err := add(tx, "ms", 1); return err }); err == nil {
				t.Error("a leaf was appended to a damaged head")
			}
		}
	})
}

// Whoever rewrites rows, leaves and nodes consistently still meets the
// checkpoint that an outsider kept.
func TestKeptCheckpointCatchesARewrittenLog(t *testing.T) {
	t.Parallel()
	storetest.Each(t, thing, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		log := newLog(t)
		fill(t, db, "ms", 3)
		kept := publish(t, db, log, clock.Now()).Note
		for _, q := range []string{`delete from thing`, `delete from custody_leaf`, `delete from custody_node`, `delete from custody_half`, `delete from custody_checkpoint`, `delete from custody_tree`} {
			if err := db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec(q); return err }); err != nil {
				t.Fatal(err)
			}
		}
		fill(t, db, "ms", 2)
		publish(t, db, log, clock.Now())
		if result, err := custody.Verify(ctx, db, "ms", log.Verifier()); err != nil || !result.OK() {
			t.Fatalf("by itself the forged log holds: %+v, %v", result.Problems, err)
		}
		result, err := custody.Verify(ctx, db, "ms", log.Verifier(), kept)
		if err != nil || result.OK() {
			t.Errorf("the kept checkpoint does not catch it (%v)", err)
		}
	})
}

func FuzzParseProof(f *testing.F) {
	f.Add("c2sp.org/tlog-proof@v1\nindex 3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nlog.example\n1\n")
	f.Add("c2sp.org/tlog-proof@v1\nindex 0\n\n\n")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := custody.ParseProof(s)
		if err != nil {
			return
		}
		again, err := custody.ParseProof(p.String())
		if err != nil || again.Index != p.Index || len(again.Hashes) != len(p.Hashes) || again.Checkpoint != p.Checkpoint {
			t.Errorf("%q does not survive its own form (%v)", s, err)
		}
	})
}

func FuzzParseOpening(f *testing.F) {
	f.Add([]byte("cover"))
	f.Add(custody.Commit(custody.Entry{Program: "ms", Event: "x"}, time.Unix(1, 0), nil).Opening)
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := custody.ParseOpening(b)
		if err == nil && !o.Cover && !strings.Contains(string(b), o.Event) {
			t.Errorf("%q gave an event that is not in it", b)
		}
	})
}

func FuzzDecodeRows(f *testing.F) {
	f.Add(custody.EncodeRows([]custody.Row{{Table: "t", Key: []byte{1}, Gone: true}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := custody.DecodeRows(b)
		if err == nil && !bytes.Equal(custody.EncodeRows(rows), b) {
			t.Errorf("%x does not survive its own form", b)
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	log := newLog(f)
	f.Add("log.example/ms\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— log.example/ms AAAA\n")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := custody.ParseCheckpoint(s, log.Verifier()); err == nil {
			t.Errorf("an unsigned checkpoint was accepted: %q", s)
		}
	})
}
