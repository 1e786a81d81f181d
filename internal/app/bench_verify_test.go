// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/app"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// lives is a database of invented reports' lives, and the log that signs it.
func lives(t testing.TB, leaves int) (*store.DB, *custody.Log) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "bench.invalid/log/bench")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	log, err := custody.NewLog("bench", signer, public, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "w.db"), store.Options{Schemas: []store.Schema{app.LifeSchema()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := app.MakeLives(ctx, db, log, leaves, nil); err != nil {
		t.Fatal(err)
	}
	return db, log
}

// BenchmarkVerify is the time of one leaf with its share of rows.
func BenchmarkVerify(b *testing.B) {
	db, log := lives(b, 100_000)
	leaves := int64(0)
	for b.Loop() {
		result, err := custody.Verify(ctx, db, "bench", log.Verifier())
		if err != nil || !result.OK() {
			b.Fatal(result.Problems, err)
		}
		leaves += result.Leaves
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(leaves), "ns/leaf")
}

// What does not fit into the memory that it may use goes to a file, and comes to
// the same; the memory stays what it was.
func TestVerifyInLittleMemory(t *testing.T) {
	t.Parallel()
	db, log := lives(t, 6_000)
	if err := db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`update life_step set step = 'other' where id = (select min(id) from life_step)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	want, err := custody.Verify(ctx, db, "bench", log.Verifier())
	if err != nil || len(want.Problems) != 1 || want.Problems[0].Leaf < 0 {
		t.Fatalf("%+v, %v", want, err)
	}
	for _, workers := range []int{1, 3} {
		got, err := custody.Check{Program: "bench", Verifier: log.Verifier(), Memory: 1, Workers: workers}.Run(ctx, db)
		if err != nil || len(got.Problems) != 1 || got.Problems[0] != want.Problems[0] || got.Rows != want.Rows || got.Leaves != want.Leaves {
			t.Errorf("%+v, %v", got, err)
		}
	}
}
