// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestASeedAlwaysMakesTheSameKey(t *testing.T) {
	t.Parallel()
	seed := NewSeed()
	a, err := PrivateFromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	b, err := PrivateFromSeed(bytes.Clone(seed))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Public().Bytes(), b.Public().Bytes()) || a.Public().ID() != b.Public().ID() {
		t.Error("one seed made two keys")
	}
	if newTestKey(t).Public().ID() == a.Public().ID() {
		t.Error("two seeds made one key")
	}
	parsed, err := ParsePublicKey(a.Public().Bytes())
	if err != nil || parsed.ID() != a.Public().ID() {
		t.Errorf("the public key does not parse to itself: %v", err)
	}
}

func TestSeedsOfOtherSizesAreRefused(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := PrivateFromSeed(make([]byte, n)); err == nil {
			t.Errorf("a seed of %d bytes made a key", n)
		}
	}
}

// A key that cannot be wrapped to must be refused when it is presented, not
// when somebody's report is to be sealed.
func TestUnusablePublicKeysAreRefused(t *testing.T) {
	t.Parallel()
	good := newTestKey(t).Public().Bytes()
	lowOrder := append(bytes.Clone(good[:PublicKeySize-32]), make([]byte, 32)...)
	notReduced := append(bytes.Repeat([]byte{0xff}, 3), good[3:]...)
	for name, b := range map[string][]byte{
		"nothing":                      nil,
		"one byte short":               good[:PublicKeySize-1],
		"one byte long":                append(bytes.Clone(good), 0),
		"X25519 point of low order":    lowOrder,
		"ML-KEM coefficient too large": notReduced,
	} {
		if _, err := ParsePublicKey(b); err == nil {
			t.Errorf("%s: parsed", name)
		}
	}
}

func TestBytesIsACopy(t *testing.T) {
	t.Parallel()
	pub := newTestKey(t).Public()
	pub.Bytes()[0] ^= 1
	if _, err := ParsePublicKey(pub.Bytes()); err != nil {
		t.Errorf("writing into Bytes changed the key: %v", err)
	}
}

// Secrets end up in logs by being printed as part of something else.
func TestSecretsDoNotPrintThemselves(t *testing.T) {
	t.Parallel()
	k := newTestKey(t)
	content := &ContentKey{secret: [32]byte{1, 2, 3}}
	receipt := Receipt{1, 2, 3}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "k", k, "c", content, "r", receipt, "s", Share{data: [32]byte{1, 2, 3}})
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "k", k, "c", content, "r", receipt)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		fmt.Fprintf(&log, verb+verb+verb+"\n", k, content, receipt)
	}
	fmt.Fprint(&log, struct{ R Receipt }{receipt})
	for _, line := range strings.Split(log.String(), "\n") {
		if rest := strings.NewReplacer("[private key]", "", "[content key]", "", "[receipt]", "").Replace(line); strings.Contains(rest, "1 2 3") ||
			strings.Contains(rest, "010203") || strings.Contains(rest, "0x1") || strings.Contains(rest, "AQID") {
			t.Errorf("a secret is printed: %s", line)
		}
	}
	if n := strings.Count(log.String(), "[receipt]"); n != 10 {
		t.Errorf("the receipt's place is printed %d times, not 10:\n%s", n, log.String())
	}
}
