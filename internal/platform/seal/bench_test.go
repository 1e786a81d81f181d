// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"testing"
)

// BenchmarkSealReport is the cost of one accepted report: a 2 KB body sealed
// and its key wrapped for three offices whose keys are already parsed.
func BenchmarkSealReport(b *testing.B) {
	var offices []*PublicKey
	for range 3 {
		offices = append(offices, newTestKey(b).Public())
	}
	body := bytes.Repeat([]byte("w"), 2000)
	rec := Record{Program: "ms", ID: [16]byte{1}}
	b.ReportAllocs()
	for b.Loop() {
		sealed, key, err := Seal(body, rec)
		if err != nil {
			b.Fatal(err)
		}
		for _, office := range offices {
			if _, err := key.Wrap(office, rec, sealed.Hash, "dps"); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkOpenReport is the cost of opening it at one office.
func BenchmarkOpenReport(b *testing.B) {
	k := newTestKey(b)
	rec := Record{Program: "ms", ID: [16]byte{1}}
	sealed, key, err := Seal(bytes.Repeat([]byte("w"), 2000), rec)
	if err != nil {
		b.Fatal(err)
	}
	wrap, err := key.Wrap(k.Public(), rec, sealed.Hash, "dps")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		opened, err := OpenWrap(k, wrap, rec, sealed.Hash, "dps")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := opened.Open(sealed.Ciphertext, rec); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseReceipt is what every visit to the receipt page costs.
func BenchmarkParseReceipt(b *testing.B) {
	words := ReceiptFrom(bytes.Repeat([]byte{1}, 16), [32]byte{}).Words("es")
	for b.Loop() {
		r, err := ParseReceipt(words)
		if err != nil {
			b.Fatal(err)
		}
		r.Lookup()
	}
}

// BenchmarkMistypedReceipt is what a visit with an unknown word costs.
func BenchmarkMistypedReceipt(b *testing.B) {
	words := "xylopphon" + ReceiptFrom(bytes.Repeat([]byte{1}, 16), [32]byte{}).Words("es")
	for b.Loop() {
		if _, err := ParseReceipt(words); err == nil {
			b.Fatal("read")
		}
	}
}

// BenchmarkStretch is what a sign-in costs on the server's own tools.
func BenchmarkStretch(b *testing.B) {
	for b.Loop() {
		Stretch("seven plain words", []byte("0123456789abcdef"), Iterations)
	}
}

func newTestKey(t testing.TB) *PrivateKey {
	t.Helper()
	k, err := PrivateFromSeed(NewSeed())
	if err != nil {
		t.Fatal(err)
	}
	return k
}
