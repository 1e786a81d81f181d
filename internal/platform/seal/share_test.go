// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFieldArithmetic(t *testing.T) {
	t.Parallel()
	// 0x57 * 0x83 = 0xc1 is the worked example of FIPS 197.
	if got := gfMul(0x57, 0x83); got != 0xc1 {
		t.Errorf("0x57 * 0x83 = %#x", got)
	}
	for a := range 256 {
		if inverse := gfInverse(byte(a)); a != 0 && gfMul(byte(a), inverse) != 1 {
			t.Errorf("%#x * %#x is not 1", a, inverse)
		}
		for b := range 256 {
			if gfMul(byte(a), byte(b)) != gfMul(byte(b), byte(a)) {
				t.Fatalf("%#x * %#x depends on the order", a, b)
			}
		}
	}
}

func TestAnyEnoughSharesRebuildTheSeed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, MaxShares).Draw(t, "n")
		k := rapid.IntRange(2, n).Draw(t, "k")
		secret := rapid.SliceOfN(rapid.Byte(), SeedSize, SeedSize).Draw(t, "secret")
		shares, err := Split(secret, k, n)
		if err != nil {
			t.Fatal(err)
		}
		shuffled := rapid.Permutation(shares).Draw(t, "order")
		used := rapid.IntRange(k, n).Draw(t, "used")
		got, err := Combine(shuffled[:used])
		if err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("%d shares of %d-of-%d: %v", used, k, n, err)
		}
		_, err = Combine(shuffled[:k-1])
		var problem *ShareError
		if !errors.As(err, &problem) || problem.Problem != TooFewShares {
			t.Fatalf("%d shares of %d-of-%d: %v", k-1, k, n, err)
		}
	})
}

// One share of a 2-of-n split, or two of a 3-of-n split, fit every secret
// equally well: for each secret they take each value exactly once.
func TestTooFewSharesTellNothing(t *testing.T) {
	t.Parallel()
	for _, secret := range []byte{0, 1, 0x7f, 0xff} {
		one := map[byte]bool{}
		two := map[[2]byte]bool{}
		for c := range 256 {
			one[gfEvaluate([]byte{secret, byte(c)}, 1)] = true
			for d := range 256 {
				polynomial := []byte{secret, byte(c), byte(d)}
				two[[2]byte{gfEvaluate(polynomial, 1), gfEvaluate(polynomial, 2)}] = true
			}
		}
		if len(one) != 256 || len(two) != 65536 {
			t.Errorf("secret %#x: %d and %d values", secret, len(one), len(two))
		}
	}
}

func TestSharesSurvivePaper(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), SeedSize, SeedSize).Draw(t, "secret")
		k := rapid.IntRange(2, MaxShares).Draw(t, "k")
		shares, err := Split(secret, k, MaxShares)
		if err != nil {
			t.Fatal(err)
		}
		s := rapid.SampledFrom(shares).Draw(t, "share")
		lang := rapid.SampledFrom([]string{"en", "es"}).Draw(t, "lang")
		text := s.Words(lang)
		if lines := strings.Split(text, "\n"); len(lines) != 5 || len(strings.Fields(text)) != 25 {
			t.Fatalf("not five lines of five words:\n%s", text)
		}
		var numbered strings.Builder
		for i, line := range strings.Split(strings.ToUpper(text), "\n") {
			fmt.Fprintf(&numbered, "%d. %s\r\n", i+1, strings.ReplaceAll(line, " ", ", "))
		}
		back, err := ParseShare(numbered.String())
		if err != nil || back != s {
			t.Fatalf("read %d of %d, %v from\n%s", back.Index(), back.Needed(), err, numbered.String())
		}
	})
}

func TestMistypedShareIsTold(t *testing.T) {
	t.Parallel()
	var words []string
	for words == nil || words[1] == words[2] { // which are drawn, and swapped below
		shares, err := Split(NewSeed(), 2, 2)
		if err != nil {
			t.Fatal(err)
		}
		words = strings.Fields(shares[0].String())
	}
	type want struct {
		err      error
		position int
		have     int
	}
	other := lists()[0].shown[0]
	if words[11] == other {
		other = lists()[0].shown[1]
	}
	for name, c := range map[string]struct {
		words []string
		want  want
	}{
		"unknown word":      {append(append(append([]string{}, words[:11]...), "qqqqqq"), words[12:]...), want{position: 12}},
		"another word":      {append(append(append([]string{}, words[:11]...), other), words[12:]...), want{err: ErrChecksum}},
		"a word left out":   {append(append([]string{}, words[:11]...), words[12:]...), want{have: 24}},
		"a word too many":   {append(append([]string{}, words...), words[0]), want{have: 26}},
		"two words swapped": {append([]string{words[0], words[2], words[1]}, words[3:]...), want{err: ErrChecksum}},
		"nothing":           {nil, want{have: -1}},
	} {
		_, err := ParseShare(strings.Join(c.words, " "))
		var word *WordError
		var count *CountError
		switch {
		case c.want.err != nil:
			if !errors.Is(err, c.want.err) {
				t.Errorf("%s: %v", name, err)
			}
		case c.want.position != 0:
			if !errors.As(err, &word) || word.Position != c.want.position {
				t.Errorf("%s: %v", name, err)
			}
		default:
			if !errors.As(err, &count) || count.Have != max(c.want.have, 0) || count.Want != 25 {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestWrongSharesAreToldApart(t *testing.T) {
	t.Parallel()
	secret := NewSeed()
	first, err := Split(secret, 3, 5)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Split(secret, 3, 5) // the same seed, split again
	if err != nil {
		t.Fatal(err)
	}
	altered := first[1]
	altered.data[31] ^= 1
	for name, c := range map[string]struct {
		shares []Share
		want   ShareError
	}{
		"none":              {nil, ShareError{Problem: TooFewShares, Need: 2}},
		"too few":           {first[:2], ShareError{Problem: TooFewShares, Have: 2, Need: 3}},
		"of another split":  {[]Share{first[0], first[1], second[2]}, ShareError{Problem: OtherSet, Position: 3}},
		"twice":             {[]Share{first[0], first[1], first[0]}, ShareError{Problem: SameShareTwice, Position: 3}},
		"altered":           {[]Share{first[0], altered, first[2]}, ShareError{Problem: AlteredShares}},
		"extra altered":     {[]Share{first[0], first[2], first[3], altered}, ShareError{Problem: AlteredShares}},
		"never parsed":      {[]Share{{}, {}}, ShareError{Problem: SameShareTwice, Position: 2}},
		"one, never parsed": {[]Share{{}}, ShareError{Problem: TooFewShares, Have: 1}},
	} {
		_, err := Combine(c.shares)
		var problem *ShareError
		if !errors.As(err, &problem) || *problem != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && err.Error() == "" {
			t.Errorf("%s: says nothing", name)
		}
	}
}

// A card of a newer version must not be called mistyped.
func TestShareOfANewerVersionIsTold(t *testing.T) {
	t.Parallel()
	b := Share{needed: 2, index: 1}.bytes()
	b[0] = b[0]&^0x70 | 0x20
	if _, err := ParseShare(showShare(b, "en")); !errors.Is(err, ErrShareVersion) {
		t.Error(err)
	}
	b = Share{needed: 1, index: 1}.bytes()
	if _, err := ParseShare(showShare(b, "en")); !errors.Is(err, ErrMalformed) {
		t.Errorf("one share needed: %v", err)
	}
}

func TestSplitRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ size, k, n int }{{31, 2, 3}, {33, 2, 3}, {32, 1, 3}, {32, 0, 0}, {32, 4, 3}, {32, 2, MaxShares + 1}} {
		if _, err := Split(make([]byte, c.size), c.k, c.n); err == nil {
			t.Errorf("%d bytes split %d of %d", c.size, c.k, c.n)
		}
	}
}

func TestSharesOfOneSplitBearOneName(t *testing.T) {
	t.Parallel()
	shares, err := Split(NewSeed(), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range shares {
		if s.Set() != shares[0].Set() || s.Index() != i+1 || s.Needed() != 2 || strings.Count(s.Set(), "-") != 1 {
			t.Errorf("share %d: set %s, index %d, needed %d", i+1, s.Set(), s.Index(), s.Needed())
		}
	}
}

// The whole path of `waylight open`: typed shares, recovery key, office key,
// wrap, body.
func TestRecoveryOpensAReport(t *testing.T) {
	t.Parallel()
	recoverySeed, officeSeed := NewSeed(), NewSeed()
	recovery, err := PrivateFromSeed(recoverySeed)
	if err != nil {
		t.Fatal(err)
	}
	office, err := PrivateFromSeed(officeSeed)
	if err != nil {
		t.Fatal(err)
	}
	held, err := SealOfficeSeed(recovery.Public(), officeSeed, "ms", "dps")
	if err != nil {
		t.Fatal(err)
	}
	rec := testRecord(3)
	sealed, key := mustSeal(t, []byte("what was seen"), rec)
	wrap, err := key.Wrap(office.Public(), rec, sealed.Hash, "dps")
	if err != nil {
		t.Fatal(err)
	}
	cards, err := Split(recoverySeed, 2, 3)
	if err != nil {
		t.Fatal(err)
	}

	var typed []Share
	for _, card := range []string{cards[2].Words("es"), cards[0].Words("en")} {
		s, err := ParseShare(card)
		if err != nil {
			t.Fatal(err)
		}
		typed = append(typed, s)
	}
	seed, err := Combine(typed)
	if err != nil {
		t.Fatal(err)
	}
	rebuilt, err := PrivateFromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := OpenOfficeSeed(rebuilt, held, "ms", "dps", office.Public().ID())
	if err != nil {
		t.Fatal(err)
	}
	content, err := OpenWrap(opened, wrap, rec, sealed.Hash, "dps")
	if err != nil {
		t.Fatal(err)
	}
	plaintext, err := content.Open(sealed.Ciphertext, rec)
	if err != nil || string(plaintext) != "what was seen" {
		t.Errorf("read %q: %v", plaintext, err)
	}
}
