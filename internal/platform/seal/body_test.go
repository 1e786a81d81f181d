// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func testRecord(n byte) Record {
	return Record{Program: "ms", ID: [16]byte{15: n}}
}

func mustSeal(t testing.TB, plaintext []byte, rec Record) (Sealed, *ContentKey) {
	t.Helper()
	sealed, key, err := Seal(plaintext, rec)
	if err != nil {
		t.Fatal(err)
	}
	return sealed, key
}

func TestBodyOpensAsItWasSealed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rec := Record{Program: rapid.StringN(1, 20, 80).Draw(t, "program"), ID: [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))}
		size := rapid.OneOf(rapid.IntRange(0, 9000), rapid.SampledFrom([]int{4095, 4096, 65535, 65536, 65537, 131071, 131072, 200000})).Draw(t, "size")
		plaintext := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, size)
		sealed, key, err := Seal(plaintext, rec)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := key.Open(sealed.Ciphertext, rec)
		if err != nil || !bytes.Equal(opened, plaintext) {
			t.Fatalf("opened %d bytes of %d: %v", len(opened), size, err)
		}
	})
}

// Somebody who sees only the database must not tell "yes" from a page of text.
func TestBodyLengthTellsOnlyTheSizeClass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, to, chunks, padded int }{
		{0, 4095, 1, 4 << 10},
		{4096, 8191, 1, 8 << 10},
		{8192, 16383, 1, 16 << 10},
		{16384, 32767, 1, 32 << 10},
		{32768, 65535, 1, 64 << 10},
		{65536, 131071, 2, 128 << 10},
		{131072, 196607, 3, 192 << 10},
	} {
		for _, size := range []int{c.from, c.to} {
			sealed, _ := mustSeal(t, make([]byte, size), testRecord(1))
			if want := 36 + c.padded + 28*c.chunks; len(sealed.Ciphertext) != want {
				t.Errorf("%d bytes are sealed in %d bytes, not %d", size, len(sealed.Ciphertext), want)
			}
		}
	}
}

func TestSealedHashesAreThoseOfTheBody(t *testing.T) {
	t.Parallel()
	sealed, key := mustSeal(t, []byte("words"), testRecord(1))
	if sealed.Hash != sha256.Sum256(sealed.Ciphertext) {
		t.Error("Hash is not the hash of the body")
	}
	token := key.OpeningToken()
	if sealed.Token != sha256.Sum256(token[:]) {
		t.Error("Token is not the hash of the opening token")
	}
	seen, err := Inspect(sealed.Ciphertext)
	if err != nil || seen.Hash != sealed.Hash || seen.Token != sealed.Token {
		t.Errorf("Inspect sees other hashes: %v", err)
	}
	if bytes.Contains(sealed.Ciphertext, token[:]) {
		t.Error("the opening token stands in the body")
	}
}

func TestTheSameWordsAreNeverSealedTheSameWay(t *testing.T) {
	t.Parallel()
	a, _ := mustSeal(t, []byte("words"), testRecord(1))
	b, _ := mustSeal(t, []byte("words"), testRecord(1))
	if a.Hash == b.Hash || a.Token == b.Token {
		t.Error("two seals of the same words can be matched")
	}
}

func TestBodyOfAnotherRecordDoesNotOpen(t *testing.T) {
	t.Parallel()
	sealed, key := mustSeal(t, []byte("words"), testRecord(1))
	for name, rec := range map[string]Record{
		"other id":      testRecord(2),
		"other program": {Program: "tx", ID: testRecord(1).ID},
	} {
		if _, err := key.Open(sealed.Ciphertext, rec); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := new(ContentKey).Open(sealed.Ciphertext, testRecord(1)); !errors.Is(err, ErrOpen) {
		t.Errorf("another content key: %v", err)
	}
}

func TestEveryAlteredByteIsNoticed(t *testing.T) {
	t.Parallel()
	sealed, key := mustSeal(t, []byte("words"), testRecord(1))
	for i := range sealed.Ciphertext {
		altered := bytes.Clone(sealed.Ciphertext)
		altered[i] ^= 1
		want := ErrOpen
		if i < len(bodyMagic) {
			want = ErrMalformed
		}
		if _, err := key.Open(altered, testRecord(1)); !errors.Is(err, want) {
			t.Fatalf("byte %d altered: %v", i, err)
		}
	}
}

func TestEveryShortenedBodyIsNoticed(t *testing.T) {
	t.Parallel()
	sealed, key := mustSeal(t, make([]byte, chunkSize+5000), testRecord(1))
	for n := range sealed.Ciphertext {
		if _, err := key.Open(sealed.Ciphertext[:n], testRecord(1)); err == nil {
			t.Fatalf("opened with %d bytes of %d", n, len(sealed.Ciphertext))
		}
	}
}

// A provider of storage could move chunks of a long file about.
func TestMovedChunksAreNoticed(t *testing.T) {
	t.Parallel()
	sealed, key := mustSeal(t, make([]byte, 2*chunkSize+5), testRecord(1))
	head, body := sealed.Ciphertext[:headerSize], sealed.Ciphertext[headerSize:]
	var chunk [3][]byte
	for i := range chunk {
		chunk[i] = body[i*(chunkSize+chunkExtra) : (i+1)*(chunkSize+chunkExtra)]
	}
	for name, order := range map[string][]int{
		"swapped":       {1, 0, 2},
		"first missing": {1, 2},
		"last missing":  {0, 1},
		"last twice":    {0, 1, 2, 2},
		"last only":     {2},
	} {
		moved := bytes.Clone(head)
		for _, i := range order {
			moved = append(moved, chunk[i]...)
		}
		if _, err := key.Open(moved, testRecord(1)); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A sender must not be able to show one text to the police and another to child
// protection: AES-GCM alone would allow a body that opens under two keys.
func TestABodyIsCommittedToOneKey(t *testing.T) {
	t.Parallel()
	first, firstKey := mustSeal(t, []byte("one text"), testRecord(1))
	second, secondKey := mustSeal(t, []byte("another"), testRecord(1))
	mixed := append(bytes.Clone(first.Ciphertext[:headerSize]), second.Ciphertext[headerSize:]...)
	for name, key := range map[string]*ContentKey{"key of the header": firstKey, "key of the chunk": secondKey} {
		if _, err := key.Open(mixed, testRecord(1)); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInspectRefusesOtherShapes(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{
		"header only":           0,
		"no size class":         chunkExtra + 5000,
		"too short":             chunkExtra,
		"short last chunk":      2*chunkExtra + chunkSize + 4096,
		"chunk and a bit":       chunkExtra + chunkSize + 1,
		"class of no plaintext": chunkExtra + 2048,
	} {
		body := append([]byte(bodyMagic), make([]byte, 32+size)...)
		if _, err := Inspect(body); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Inspect(nil); !errors.Is(err, ErrMalformed) {
		t.Errorf("nothing: %v", err)
	}
}

func TestRecordNeedsAProgram(t *testing.T) {
	t.Parallel()
	for name, program := range map[string]string{"none": "", "long": string(make([]byte, 256))} {
		if _, _, err := Seal(nil, Record{Program: program}); err == nil {
			t.Errorf("%s: sealed", name)
		}
		if _, err := new(ContentKey).Open(nil, Record{Program: program}); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}
