// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"errors"
	"testing"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/report"
)

// TestReportsFromBefore are read, proven and closed as they were: with their wraps and their
// receipt in tables of their own.
func TestReportsFromBefore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk, tipPolice)
		a := w.accept(w.submission(w.tip(nil)))
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			defer tx.Log(custody.Entry{Program: "ms", Event: "test.before"})
			return report.AsBefore(tx, "ms", a.Report)
		})
		if err != nil {
			t.Fatal(err)
		}
		if w.count("report_wrap") != len(w.followed.at[a.Report].plan.Readers) || len(w.holders(a.Report)) != 0 {
			t.Fatalf("%d wraps stand apart, %v do not", w.count("report_wrap"), w.holders(a.Report))
		}
		for _, office := range w.followed.at[a.Report].plan.Readers {
			w.open(a.Report, office)
		}
		if p := w.status(a).Proof; p.Broken != "" || p.Commitment != a.Promise.Commitment {
			t.Errorf("its proof: %+v", p)
		}
		words := a.Receipt.Words("en")
		if err := w.reports.Close(t.Context(), words); err != nil {
			t.Fatal(err)
		}
		if _, err := w.reports.Status(t.Context(), words); !errors.Is(err, report.ErrReceipt) {
			t.Errorf("closed, it answers %v", err)
		}
	})
}

// TestSameWrapTwice is refused, whether the first came with the report or later.
func TestSameWrapTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock, tipDesk)
		a := w.accept(w.submission(w.tip(nil)))
		first, err := w.reports.Body(t.Context(), "ms", a.Report, tipDesk)
		if err != nil {
			t.Fatal(err)
		}
		add := func(keyID [16]byte, wrap []byte) error {
			return db.Write(t.Context(), func(tx *store.Tx) error {
				defer tx.Log(custody.Entry{Program: "ms", Event: "test.wrap"})
				return w.reports.AddWrap(tx, "ms", a.Report, tipDesk, keyID, wrap)
			})
		}
		if err := add(first.KeyID, first.Wrap); !errors.Is(err, store.ErrExists) {
			t.Errorf("that which it came with: %v", err)
		}
		newer := [16]byte{1}
		if err := add(newer, []byte("newer")); err != nil {
			t.Fatal(err)
		}
		if err := add(newer, []byte("newer")); !errors.Is(err, store.ErrExists) {
			t.Errorf("a later one: %v", err)
		}
		if got, err := w.reports.Body(t.Context(), "ms", a.Report, tipDesk); err != nil || got.KeyID != newer || string(got.Wrap) != "newer" {
			t.Errorf("the newest is not the one that counts: %v", err)
		}
	})
}

// FuzzPackedWraps: what stands in a report's row is read whole or not at all.
func FuzzPackedWraps(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(append(append([]byte("\x04desk"), make([]byte, 16)...), "\x03key"...))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := report.PackWraps(b)
		if err != nil {
			return
		}
		if twice, err := report.PackWraps(again); err != nil || !bytes.Equal(again, twice) {
			t.Errorf("%x becomes %x and %x, %v", b, again, twice, err)
		}
	})
}
