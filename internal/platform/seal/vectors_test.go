// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The vectors in docs/spec/vectors are what the browser's code is held to as
// well. -update writes them anew, which breaks nothing but is only needed when
// a format gets a new version: what is sealed is sealed with fresh randomness.
var update = flag.Bool("update", false, "write the vectors in docs/spec/vectors anew")

const vectorFolder = "../../../docs/spec/vectors"

// hexBytes is written as lower-case hex.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

func (h *hexBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*h = b
	return err
}

// vectors reads a file of vectors into v, after writing it if asked to.
func vectors(t *testing.T, name string, v any, make func() any) {
	t.Helper()
	file := filepath.Join(vectorFolder, name+".json")
	if *update {
		data, err := json.MarshalIndent(make(), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// must is for making vectors, where nothing can fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func fixed(label string) [32]byte { return sha256.Sum256([]byte("waylight vectors: " + label)) }

func fixedKey(label string) *PrivateKey {
	seed := fixed(label)
	return must(PrivateFromSeed(seed[:]))
}

// checkError compares with the error that a vector names.
func checkError(t *testing.T, name, want string, err error) {
	t.Helper()
	known := map[string]error{"malformed": ErrMalformed, "open": ErrOpen, "checksum": ErrChecksum, "version": ErrShareVersion}
	var word *WordError
	var count *CountError
	var share *ShareError
	switch {
	case want == "":
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	case want == "refused":
		if err == nil {
			t.Errorf("%s: not refused", name)
		}
	case want == "word":
		if !errors.As(err, &word) {
			t.Errorf("%s: %v", name, err)
		}
	case want == "count":
		if !errors.As(err, &count) {
			t.Errorf("%s: %v", name, err)
		}
	case known[want] != nil:
		if !errors.Is(err, known[want]) {
			t.Errorf("%s: %v, not %s", name, err, want)
		}
	default:
		if !errors.As(err, &share) || string(share.Problem) != want {
			t.Errorf("%s: %v, not %s", name, err, want)
		}
	}
}

type keyVector struct {
	Name      string   `json:"name"`
	Seed      hexBytes `json:"seed,omitempty"`
	PublicKey hexBytes `json:"public_key"`
	KeyID     hexBytes `json:"key_id,omitempty"`
	Error     string   `json:"error,omitempty"`
}

func makeKeyVectors() any {
	out := []keyVector{keyOf("zeros", make([]byte, 32)), keyOf("ones", bytes.Repeat([]byte{0xff}, 32))}
	for _, name := range []string{"office", "member", "recovery"} {
		seed := fixed(name)
		out = append(out, keyOf(name, seed[:]))
	}
	good := out[2].PublicKey
	return append(out,
		keyVector{Name: "one byte short", PublicKey: good[:PublicKeySize-1], Error: "refused"},
		keyVector{Name: "one byte long", PublicKey: append(bytes.Clone(good), 0), Error: "refused"},
		keyVector{Name: "X25519 point of low order", PublicKey: append(bytes.Clone(good[:PublicKeySize-32]), make([]byte, 32)...), Error: "refused"},
		keyVector{Name: "ML-KEM coefficient too large", PublicKey: append(bytes.Repeat([]byte{0xff}, 3), good[3:]...), Error: "refused"},
	)
}

func keyOf(name string, seed []byte) keyVector {
	pub := must(PrivateFromSeed(seed)).Public()
	id := pub.ID()
	return keyVector{Name: name, Seed: seed, PublicKey: pub.Bytes(), KeyID: id[:]}
}

func TestVectorsKeys(t *testing.T) {
	t.Parallel()
	var cases []keyVector
	vectors(t, "keys", &cases, makeKeyVectors)
	for _, c := range cases {
		pub, err := ParsePublicKey(c.PublicKey)
		checkError(t, c.Name, c.Error, err)
		if c.Error != "" || err != nil {
			continue
		}
		k, err := PrivateFromSeed(c.Seed)
		if err != nil || !bytes.Equal(k.Public().Bytes(), c.PublicKey) {
			t.Errorf("%s: the seed makes another key: %v", c.Name, err)
		}
		if id := pub.ID(); !bytes.Equal(id[:], c.KeyID) {
			t.Errorf("%s: key id %x", c.Name, id)
		}
	}
}

type receiptVector struct {
	Name          string   `json:"name"`
	Secret        hexBytes `json:"secret,omitempty"`
	English       string   `json:"en,omitempty"`
	Spanish       string   `json:"es,omitempty"`
	Typed         []string `json:"typed"`
	Lookup        hexBytes `json:"lookup,omitempty"`
	Seed          hexBytes `json:"seed,omitempty"`
	PublicKey     hexBytes `json:"public_key,omitempty"`
	SignSeed      hexBytes `json:"sign_seed,omitempty"`
	SignPublic    hexBytes `json:"sign_public,omitempty"`
	Pepper        hexBytes `json:"pepper,omitempty"`
	LookupHash    hexBytes `json:"lookup_hash,omitempty"`
	IdempotentKey hexBytes `json:"idempotency_key,omitempty"`
	BodyDigest    hexBytes `json:"body_digest,omitempty"`
	Error         string   `json:"error,omitempty"`
	Position      int      `json:"position,omitempty"`
}

func receiptOf(name string, r Receipt) receiptVector {
	lookup, seed, sign, pepper := r.Lookup(), r.Seed(), r.SignSeed(), fixed("pepper")
	hash := LookupHash(pepper[:], lookup)
	en, es := r.Words("en"), r.Words("es")
	return receiptVector{
		Name: name, Secret: r[:], English: en, Spanish: es,
		Typed:  []string{strings.ToUpper(en), strings.ReplaceAll(es, "-", " "), plainWord(es), strings.ReplaceAll(en, "-", ",\n") + "."},
		Lookup: lookup[:], Seed: seed[:], PublicKey: must(PrivateFromSeed(seed[:])).Public().Bytes(),
		SignSeed: sign[:], SignPublic: hexBytes(ed25519.NewKeyFromSeed(sign[:]).Public().(ed25519.PublicKey)),
		Pepper: pepper[:], LookupHash: hash[:],
	}
}

func makeReceiptVectors() any {
	key, digest := fixed("idempotency key"), fixed("body")
	from := receiptOf("made by the server", ReceiptFrom(key[:16], digest))
	from.IdempotentKey, from.BodyDigest = key[:16], digest[:]
	words := strings.Split(from.English, "-")
	spanish := strings.Split(from.Spanish, "-")
	swapped := []string{words[1], words[0], words[2], words[3], words[4], words[5], words[6]}
	mixed := append(append([]string{}, words[:3]...), spanish[3:5]...)
	return []receiptVector{
		receiptOf("zeros", Receipt{}),
		receiptOf("ones", Receipt(bytes.Repeat([]byte{0xff}, 10))),
		receiptOf("counting", Receipt{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}),
		from,
		{Name: "one word too few", Typed: []string{strings.Join(words[:6], "-")}, Error: "count"},
		{Name: "one word too many", Typed: []string{strings.Join(words, "-") + "-" + words[0]}, Error: "count"},
		{Name: "nothing", Typed: []string{"", " - 7"}, Error: "count"},
		{Name: "two words changed places", Typed: []string{strings.Join(swapped, " ")}, Error: "checksum"},
		{Name: "a word that is in no list", Typed: []string{strings.Join(words[:4], " ") + " xqxqx " + strings.Join(words[5:], " ")}, Error: "word", Position: 5},
		{Name: "two words of the other language", Typed: []string{strings.Join(append(mixed, words[5:]...), " ")}, Error: "word", Position: 4},
	}
}

func TestVectorsReceipts(t *testing.T) {
	t.Parallel()
	var cases []receiptVector
	vectors(t, "receipts", &cases, makeReceiptVectors)
	for _, c := range cases {
		for _, text := range append(c.Typed, c.English, c.Spanish) {
			if text == "" && c.Error == "" {
				t.Errorf("%s: nothing to type", c.Name)
			}
			r, err := ParseReceipt(text)
			if c.Error == "" && (err != nil || !bytes.Equal(r[:], c.Secret)) {
				t.Errorf("%s: %q: %v", c.Name, text, err)
			}
			if c.Error != "" && len(c.Typed) > 0 && text != "" {
				checkError(t, c.Name, c.Error, err)
				var word *WordError
				if errors.As(err, &word) && word.Position != c.Position {
					t.Errorf("%s: blames word %d", c.Name, word.Position)
				}
			}
		}
		if c.Error != "" {
			continue
		}
		got := receiptOf(c.Name, Receipt(c.Secret))
		got.IdempotentKey, got.BodyDigest, got.Typed = c.IdempotentKey, c.BodyDigest, c.Typed
		if !bytes.Equal(must(json.Marshal(got)), must(json.Marshal(c))) {
			t.Errorf("%s: makes something else of it", c.Name)
		}
		if c.IdempotentKey != nil && ReceiptFrom(c.IdempotentKey, [32]byte(c.BodyDigest)) != Receipt(c.Secret) {
			t.Errorf("%s: the submission makes another receipt", c.Name)
		}
	}
}

type shareVector struct {
	Name     string   `json:"name"`
	Secret   hexBytes `json:"secret,omitempty"`
	Noise    hexBytes `json:"noise,omitempty"` // k-1 coefficients for each byte of the secret, in a row
	K        int      `json:"k,omitempty"`
	Set      string   `json:"set,omitempty"`
	Shares   []string `json:"shares"`
	Spanish  []string `json:"shares_es,omitempty"`
	Error    string   `json:"error,omitempty"`
	Position int      `json:"position,omitempty"`
}

func sharesOf(name string, secret, noise []byte, k, n int) shareVector {
	v := shareVector{Name: name, Secret: secret, Noise: noise, K: k}
	for _, s := range splitWith(secret, noise, k, n) {
		v.Set = s.Set()
		v.Shares = append(v.Shares, s.Words("en"))
		v.Spanish = append(v.Spanish, s.Words("es"))
	}
	return v
}

func makeShareVectors() any {
	secret, a, b, c := fixed("recovery"), fixed("noise a"), fixed("noise b"), fixed("noise c")
	two := sharesOf("2 of 3", secret[:], a[:], 2, 3)
	three := sharesOf("3 of 5", secret[:], append(b[:], c[:]...), 3, 5)
	again := sharesOf("", secret[:], b[:], 2, 3)
	altered := splitWith(secret[:], a[:], 2, 3)[1]
	altered.data[0] ^= 1
	newer := Share{needed: 2, index: 1}.bytes()
	newer[0] = newer[0]&^0x70 | 0x20
	words := strings.Fields(two.Shares[0])
	typo := strings.Join(append(append([]string{}, words[:9]...), append([]string{"xqxqx"}, words[10:]...)...), " ")
	turned := strings.Join(append([]string{words[1], words[0]}, words[2:]...), " ")
	return []shareVector{
		two, three, sharesOf("zeros", make([]byte, 32), make([]byte, 32), 2, 2),
		{Name: "one of two", Shares: two.Shares[:1], Error: "too_few"},
		{Name: "two of three", Shares: three.Shares[3:], Error: "too_few"},
		{Name: "the same one twice", Shares: []string{two.Shares[0], two.Spanish[0]}, Error: "same_twice", Position: 2},
		{Name: "of another split of the same seed", Shares: []string{two.Shares[0], again.Shares[1]}, Error: "other_set", Position: 2},
		{Name: "altered before it was printed", Shares: []string{two.Shares[0], altered.Words("en")}, Error: "do_not_fit"},
		{Name: "mistyped", Shares: []string{typo}, Error: "word", Position: 10},
		{Name: "words changed places", Shares: []string{turned}, Error: "checksum"},
		{Name: "a word missing", Shares: []string{strings.Join(words[1:], " ")}, Error: "count"},
		{Name: "of a newer version", Shares: []string{showShare(newer, "en")}, Error: "version"},
	}
}

func TestVectorsShares(t *testing.T) {
	t.Parallel()
	var cases []shareVector
	vectors(t, "shares", &cases, makeShareVectors)
	for _, c := range cases {
		secret, err := combineTyped(c.Shares)
		checkError(t, c.Name, c.Error, err)
		var word *WordError
		var share *ShareError
		if errors.As(err, &word) && word.Position != c.Position || errors.As(err, &share) && share.Position != c.Position {
			t.Errorf("%s: %v, not at %d", c.Name, err, c.Position)
		}
		if c.Error != "" {
			continue
		}
		if !bytes.Equal(secret, c.Secret) {
			t.Errorf("%s: another secret", c.Name)
		}
		got := must(json.Marshal(sharesOf(c.Name, c.Secret, c.Noise, c.K, len(c.Shares))))
		if !bytes.Equal(got, must(json.Marshal(c))) {
			t.Errorf("%s: splits into other shares", c.Name)
		}
	}
}

func combineTyped(texts []string) ([]byte, error) {
	var shares []Share
	for _, text := range texts {
		s, err := ParseShare(text)
		if err != nil {
			return nil, err
		}
		shares = append(shares, s)
	}
	return Combine(shares)
}
