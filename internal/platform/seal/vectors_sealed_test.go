// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"
)

// Vectors of what is sealed with fresh randomness: they hold something sealed
// once, and every implementation must open it, or refuse what was done to it.

// edit is something done to a sealed thing: "flip" a bit of the byte At,
// "cut" it to At bytes, "append" a zero byte, or reorder a body's chunks.
type edit struct {
	Do string `json:"do"`
	At int    `json:"at,omitempty"`
}

func (e edit) apply(sealed []byte) []byte {
	out := bytes.Clone(sealed)
	const chunk = chunkSize + chunkExtra
	switch e.Do {
	case "flip":
		out[e.At] ^= 1
	case "cut":
		out = out[:e.At]
	case "append":
		out = append(out, 0)
	case "swap_chunks": // the first two
		copy(out[headerSize:], sealed[headerSize+chunk:headerSize+2*chunk])
		copy(out[headerSize+chunk:], sealed[headerSize:headerSize+chunk])
	case "drop_first_chunk":
		out = append(out[:headerSize], sealed[headerSize+chunk:]...)
	case "drop_last_chunk":
		out = out[:len(out)-chunk]
	case "repeat_last_chunk":
		out = append(out, sealed[len(sealed)-chunk:]...)
	}
	return out
}

type bodyVector struct {
	Name         string   `json:"name"`
	Of           string   `json:"of,omitempty"` // takes all that is not given from this case
	Edit         *edit    `json:"edit,omitempty"`
	ContentKey   hexBytes `json:"content_key,omitempty"`
	Program      string   `json:"program,omitempty"`
	Record       hexBytes `json:"record,omitempty"`
	Plaintext    string   `json:"plaintext_utf8,omitempty"`
	Repeat       int      `json:"repeat,omitempty"`
	Body         hexBytes `json:"body,omitempty"`
	BodySHA256   hexBytes `json:"body_sha256,omitempty"`
	OpeningToken hexBytes `json:"opening_token,omitempty"`
	TokenSHA256  hexBytes `json:"token_sha256,omitempty"`
	Error        string   `json:"error,omitempty"`
}

func bodyOf(name, label, text string, repeat int) bodyVector {
	secret, id := fixed("content key "+label), fixed("record "+label)
	c := &ContentKey{secret: secret}
	sealed := must(c.seal([]byte(strings.Repeat(text, max(repeat, 1))), Record{Program: "ms", ID: [16]byte(id[:16])}))
	token := c.OpeningToken()
	return bodyVector{
		Name: name, ContentKey: secret[:], Program: "ms", Record: id[:16], Plaintext: text, Repeat: repeat,
		Body: sealed.Ciphertext, BodySHA256: sealed.Hash[:], OpeningToken: token[:], TokenSHA256: sealed.Token[:],
	}
}

func makeBodyVectors() any {
	other := fixed("another")
	short, long := "short", "two whole chunks"
	otherHeader := bodyOf("", "other", "x", 0).Body[:headerSize]
	shortCase := bodyOf(short, "short", "{\"what\":\"una ni\u00f1a \u2026\"}", 0)
	mixed := append(bytes.Clone(otherHeader), shortCase.Body[headerSize:]...)
	return []bodyVector{
		shortCase,
		bodyOf("empty", "empty", "", 0),
		bodyOf("fills its class", "full", "4095 bytes make a chunk of 4096 ", 127), // 4064 bytes
		bodyOf("one byte over", "over", "0123456789abcdef", 256),                   // 4096 bytes
		bodyOf(long, "long", "0123456789abcdef0123456789abcdef", 3000),             // 96000 bytes
		{Name: "other record", Of: short, Record: other[:16], Error: "open"},
		{Name: "other program", Of: short, Program: "tx", Error: "open"},
		{Name: "other content key", Of: short, ContentKey: other[:], Error: "open"},
		{Name: "header of another key", Of: short, Body: mixed, Error: "open"},
		{Name: "magic flipped", Of: short, Edit: &edit{"flip", 0}, Error: "malformed"},
		{Name: "version flipped", Of: short, Edit: &edit{"flip", 3}, Error: "malformed"},
		{Name: "token hash flipped", Of: short, Edit: &edit{"flip", 4}, Error: "open"},
		{Name: "nonce flipped", Of: short, Edit: &edit{"flip", headerSize}, Error: "open"},
		{Name: "ciphertext flipped", Of: short, Edit: &edit{"flip", headerSize + 100}, Error: "open"},
		{Name: "tag flipped", Of: short, Edit: &edit{"flip", headerSize + smallestPad + chunkExtra - 1}, Error: "open"},
		{Name: "cut short by a byte", Of: short, Edit: &edit{"cut", headerSize + smallestPad + chunkExtra - 1}, Error: "malformed"},
		{Name: "header only", Of: short, Edit: &edit{"cut", headerSize}, Error: "malformed"},
		{Name: "one byte too many", Of: short, Edit: &edit{Do: "append"}, Error: "malformed"},
		{Name: "chunks swapped", Of: long, Edit: &edit{Do: "swap_chunks"}, Error: "open"},
		{Name: "first chunk missing", Of: long, Edit: &edit{Do: "drop_first_chunk"}, Error: "open"},
		{Name: "last chunk missing", Of: long, Edit: &edit{Do: "drop_last_chunk"}, Error: "open"},
		{Name: "last chunk twice", Of: long, Edit: &edit{Do: "repeat_last_chunk"}, Error: "open"},
	}
}

// from fills what a case does not say from the case that it is made of.
func (v bodyVector) from(all []bodyVector) bodyVector {
	for _, base := range all {
		if v.Of == "" || base.Name != v.Of {
			continue
		}
		if v.ContentKey == nil {
			v.ContentKey = base.ContentKey
		}
		if v.Program == "" {
			v.Program = base.Program
		}
		if v.Record == nil {
			v.Record = base.Record
		}
		if v.Body == nil {
			v.Body = base.Body
		}
	}
	if v.Edit != nil {
		v.Body = v.Edit.apply(v.Body)
	}
	return v
}

func TestVectorsBodies(t *testing.T) {
	t.Parallel()
	var cases []bodyVector
	vectors(t, "bodies", &cases, makeBodyVectors)
	for _, c := range cases {
		c = c.from(cases)
		key := &ContentKey{secret: [32]byte(c.ContentKey)}
		opened, err := key.Open(c.Body, Record{Program: c.Program, ID: [16]byte(c.Record)})
		checkError(t, c.Name, c.Error, err)
		if c.Error != "" || err != nil {
			continue
		}
		if string(opened) != strings.Repeat(c.Plaintext, max(c.Repeat, 1)) {
			t.Errorf("%s: another plaintext", c.Name)
		}
		token := key.OpeningToken()
		seen, err := Inspect(c.Body)
		if err != nil || !bytes.Equal(seen.Hash[:], c.BodySHA256) || !bytes.Equal(seen.Token[:], c.TokenSHA256) ||
			!bytes.Equal(token[:], c.OpeningToken) || sha256.Sum256(token[:]) != seen.Token {
			t.Errorf("%s: other hashes or another token: %v", c.Name, err)
		}
	}
}

type wrapVector struct {
	Name       string   `json:"name"`
	Of         string   `json:"of,omitempty"`
	Edit       *edit    `json:"edit,omitempty"`
	Seed       hexBytes `json:"recipient_seed,omitempty"`
	Recipient  string   `json:"recipient,omitempty"`
	Program    string   `json:"program,omitempty"`
	Record     hexBytes `json:"record,omitempty"`
	BodySHA256 hexBytes `json:"body_sha256,omitempty"`
	ContentKey hexBytes `json:"content_key,omitempty"`
	Wrap       hexBytes `json:"wrap,omitempty"`
	Error      string   `json:"error,omitempty"`
}

func makeWrapVectors() any {
	seed, member, other := fixed("office"), fixed("member"), fixed("another")
	secret, id, hash := fixed("content key wrap"), fixed("record wrap"), fixed("body wrap")
	rec := Record{Program: "ms", ID: [16]byte(id[:16])}
	wrap := must((&ContentKey{secret: secret}).Wrap(fixedKey("office").Public(), rec, hash, "dps"))
	good := "office"
	return []wrapVector{
		{Name: good, Seed: seed[:], Recipient: "dps", Program: "ms", Record: id[:16], BodySHA256: hash[:], ContentKey: secret[:], Wrap: wrap},
		{Name: "other key", Of: good, Seed: member[:], Error: "open"},
		{Name: "other recipient", Of: good, Recipient: "sheriff", Error: "open"},
		{Name: "other program", Of: good, Program: "tx", Error: "open"},
		{Name: "other record", Of: good, Record: other[:16], Error: "open"},
		{Name: "other body", Of: good, BodySHA256: other[:], Error: "open"},
		{Name: "version flipped", Of: good, Edit: &edit{"flip", 0}, Error: "malformed"},
		{Name: "ML-KEM part flipped", Of: good, Edit: &edit{"flip", 1}, Error: "open"},
		{Name: "X25519 part flipped", Of: good, Edit: &edit{"flip", 1 + encSize - 32}, Error: "open"},
		{Name: "X25519 part flipped at its end", Of: good, Edit: &edit{"flip", encSize}, Error: "open"},
		{Name: "ciphertext flipped", Of: good, Edit: &edit{"flip", 1 + encSize}, Error: "open"},
		{Name: "tag flipped", Of: good, Edit: &edit{"flip", WrapSize - 1}, Error: "open"},
		{Name: "cut by a byte", Of: good, Edit: &edit{"cut", WrapSize - 1}, Error: "malformed"},
		{Name: "nothing", Of: good, Edit: &edit{"cut", 0}, Error: "malformed"},
		{Name: "a byte too many", Of: good, Edit: &edit{Do: "append"}, Error: "malformed"},
	}
}

func TestVectorsWraps(t *testing.T) {
	t.Parallel()
	var cases []wrapVector
	vectors(t, "wraps", &cases, makeWrapVectors)
	base := cases[0]
	for _, c := range cases {
		seed, recipient, program, record, hash, wrap := base.Seed, base.Recipient, base.Program, base.Record, base.BodySHA256, base.Wrap
		if c.Seed != nil {
			seed = c.Seed
		}
		if c.Recipient != "" {
			recipient = c.Recipient
		}
		if c.Program != "" {
			program = c.Program
		}
		if c.Record != nil {
			record = c.Record
		}
		if c.BodySHA256 != nil {
			hash = c.BodySHA256
		}
		if c.Edit != nil {
			wrap = c.Edit.apply(wrap)
		}
		k, err := PrivateFromSeed(seed)
		if err != nil {
			t.Fatal(err)
		}
		got, err := OpenWrap(k, wrap, Record{Program: program, ID: [16]byte(record)}, [32]byte(hash), recipient)
		checkError(t, c.Name, c.Error, err)
		if c.Error == "" && err == nil && !bytes.Equal(got.secret[:], c.ContentKey) {
			t.Errorf("%s: another content key", c.Name)
		}
	}
}

type sealToVector struct {
	Name      string   `json:"name"`
	Of        string   `json:"of,omitempty"`
	Edit      *edit    `json:"edit,omitempty"`
	Seed      hexBytes `json:"recipient_seed,omitempty"`
	What      string   `json:"what,omitempty"`
	Plaintext hexBytes `json:"plaintext,omitempty"`
	Sealed    hexBytes `json:"sealed,omitempty"`
	Error     string   `json:"error,omitempty"`
}

func makeSealToVectors() any {
	seed, other, office := fixed("member"), fixed("office"), fixed("office")
	what := OfficeKeyInfo("ms", "dps", fixedKey("office").Public().ID())
	sealed := must(SealTo(fixedKey("member").Public(), office[:], what))
	good := "an office's seed for a member"
	return []sealToVector{
		{Name: good, Seed: seed[:], What: what, Plaintext: office[:], Sealed: sealed},
		{Name: "empty", Seed: seed[:], What: "waylight/test/v1", Sealed: must(SealTo(fixedKey("member").Public(), nil, "waylight/test/v1"))},
		{Name: "other key", Of: good, Seed: other[:], Error: "open"},
		{Name: "other what", Of: good, What: what + "/", Error: "open"},
		{Name: "flipped", Of: good, Edit: &edit{"flip", 1 + encSize}, Error: "open"},
		{Name: "cut inside", Of: good, Edit: &edit{"cut", len(sealed) - 1}, Error: "open"},
		{Name: "cut to less than can be", Of: good, Edit: &edit{"cut", SealToExtra - 1}, Error: "malformed"},
		{Name: "version flipped", Of: good, Edit: &edit{"flip", 0}, Error: "malformed"},
	}
}

func TestVectorsSealTo(t *testing.T) {
	t.Parallel()
	var cases []sealToVector
	vectors(t, "sealto", &cases, makeSealToVectors)
	base := cases[0]
	for _, c := range cases {
		seed, what, sealed := base.Seed, base.What, base.Sealed
		if c.Seed != nil {
			seed = c.Seed
		}
		if c.What != "" {
			what = c.What
		}
		if c.Sealed != nil {
			sealed = c.Sealed
		}
		if c.Edit != nil {
			sealed = c.Edit.apply(sealed)
		}
		k, err := PrivateFromSeed(seed)
		if err != nil {
			t.Fatal(err)
		}
		got, err := OpenFrom(k, sealed, what)
		checkError(t, c.Name, c.Error, err)
		if c.Error == "" && !bytes.Equal(got, c.Plaintext) {
			t.Errorf("%s: another plaintext", c.Name)
		}
	}
}
