// SPDX-License-Identifier: Apache-2.0

package agency_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"testing"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/seal"
)

var updateVectors = flag.Bool("update-vectors", false, "write docs/spec/vectors/directory.json anew")

// chainVector is a chain as a server gives it to a sender's browser, and whether
// it counts. The browser's code is held to the same cases.
type chainVector struct {
	Name      string       `json:"name"`
	Program   string       `json:"program"`
	Office    string       `json:"office"`
	Directory string       `json:"directory"` // the pinned key, hex
	Chain     agency.Chain `json:"chain"`
	Error     string       `json:"error,omitempty"` // chain
}

func TestChainVectors(t *testing.T) {
	t.Parallel()
	const file = "../../../docs/spec/vectors/directory.json"
	if *updateVectors {
		data, err := json.MarshalIndent(makeChainVectors(t), "", " ")
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
	var cases []chainVector
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	fine, refused := 0, 0
	for _, c := range cases {
		directory, err := hex.DecodeString(c.Directory)
		if err != nil {
			t.Fatal(err)
		}
		key, err := agency.VerifyChain(directory, c.Program, c.Office, c.Chain)
		if c.Error == "" {
			fine++
			if err != nil || !bytes.Equal(key.Bytes(), c.Chain.Key) {
				t.Errorf("%s: %v", c.Name, err)
			}
			continue
		}
		refused++
		if !errors.Is(err, agency.ErrChain) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	if fine < 3 || refused < 12 {
		t.Errorf("%d good and %d bad cases ran", fine, refused)
	}
}

// keyOfOnce is an office's key of one time, with what it signs with.
type keyOfOnce struct {
	pub  *seal.PublicKey
	sign ed25519.PrivateKey
}

func fixedSeed(label string) []byte {
	sum := sha256.Sum256([]byte("waylight vectors: " + label))
	return sum[:]
}

func fixedKey(t *testing.T, label string) keyOfOnce {
	t.Helper()
	k, err := seal.PrivateFromSeed(fixedSeed(label))
	if err != nil {
		t.Fatal(err)
	}
	return keyOfOnce{k.Public(), seal.OfficeSigning(fixedSeed(label))}
}

func (k keyOfOnce) public() ed25519.PublicKey { return k.sign.Public().(ed25519.PublicKey) }

func (k keyOfOnce) name() string {
	id := k.pub.ID()
	return hex.EncodeToString(id[:])
}

// first is the link that the directory key signs.
func (k keyOfOnce) first(directory ed25519.PrivateKey, program, office string) agency.Link {
	statement := agency.DirectoryStatement(program, office, k.pub.ID(), k.public())
	return agency.Link{ID: k.name(), Sign: k.public(), By: "directory", Signature: ed25519.Sign(directory, []byte(statement))}
}

// next is the link that the key before signs.
func (k keyOfOnce) next(before keyOfOnce, program, office string) agency.Link {
	statement := agency.RotationStatement(program, office, before.pub.ID(), k.pub.ID(), k.public())
	return agency.Link{ID: k.name(), Sign: k.public(), By: before.name(), Signature: ed25519.Sign(before.sign, []byte(statement))}
}

func altered(l agency.Link, change func(*agency.Link)) agency.Link {
	l.Signature, l.Sign = slices.Clone(l.Signature), slices.Clone(l.Sign)
	change(&l)
	return l
}

func makeChainVectors(t *testing.T) []chainVector {
	directory, other := ed25519.NewKeyFromSeed(fixedSeed("directory")), ed25519.NewKeyFromSeed(fixedSeed("another directory"))
	a, b, c, thief := fixedKey(t, "office key one"), fixedKey(t, "office key two"), fixedKey(t, "office key three"), fixedKey(t, "a thief's key")
	one := a.first(directory, "ms", "dps")
	two, three, anew := b.next(a, "ms", "dps"), c.next(b, "ms", "dps"), c.first(directory, "ms", "dps")
	var out []chainVector
	add := func(name, problem string, key keyOfOnce, links ...agency.Link) {
		out = append(out, chainVector{
			Name: name, Program: "ms", Office: "dps", Directory: hex.EncodeToString(directory.Public().(ed25519.PublicKey)), Error: problem,
			Chain: agency.Chain{Office: "dps", Key: key.pub.Bytes(), Links: links},
		})
	}
	add("the first key", "", a, one)
	add("two keys later", "", c, one, two, three)
	add("begun anew by the directory key", "", c, one, two, anew)
	add("no link", "chain", a)
	add("another key in its place", "chain", thief, one)
	add("another key that nobody signed", "chain", thief, one, altered(two, func(l *agency.Link) { l.ID = thief.name() }))
	add("another key that signed itself", "chain", thief, one, thief.next(thief, "ms", "dps"))
	add("the thief's own directory", "chain", thief, thief.first(other, "ms", "dps"))
	add("a first key that rests on nothing", "chain", thief, altered(thief.first(other, "ms", "dps"), func(l *agency.Link) { l.By = "first" }))
	add("the link of a key left out", "chain", c, one, three)
	add("the first link left out", "chain", b, two)
	add("links changed places", "chain", b, two, one)
	add("a chain cut short of its key", "chain", c, one, two)
	add("a signature altered", "chain", a, altered(one, func(l *agency.Link) { l.Signature[0] ^= 1 }))
	add("a signing key altered", "chain", b, altered(one, func(l *agency.Link) { l.Sign[0] ^= 1 }), two)
	add("signed for another office", "chain", a, a.first(directory, "ms", "mdcps"))
	add("signed for another program", "chain", a, a.first(directory, "tx", "dps"))
	add("the name of a key in capitals", "chain", a, altered(one, func(l *agency.Link) { l.ID = "A" + l.ID[1:] }))
	add("a rotation that claims to be the directory's", "chain", b, one, altered(two, func(l *agency.Link) { l.By = "directory" }))
	add("given for another office", "chain", a, one)
	out[len(out)-1].Chain.Office = "mdcps"
	return out
}
