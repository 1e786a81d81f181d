// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
)

// A share is 25 words of 13 bits: version, needed, and index (13 bits
// together), the set (26), the data (256), and a check (30).
const (
	shareWords   = 25
	shareVersion = 1
	setBits      = 26
	shareCheck   = 30
	MaxShares    = 32 // holders of one split
	provingPoint = 255
)

// ErrShareVersion says that a share was printed by a newer version.
var ErrShareVersion = errors.New("seal: this share was made by a newer version")

// Share is one holder's part of a split seed. Fewer than Needed of a set tell
// nothing about the seed.
type Share struct {
	set    uint32
	needed int
	index  int
	data   [SeedSize]byte
}

// ShareProblem says what is wrong with shares that were brought together.
type ShareProblem string

// The problems that Combine tells apart.
const (
	TooFewShares   ShareProblem = "too_few"    // Have of Need are there
	OtherSet       ShareProblem = "other_set"  // the share at Position is of another split
	SameShareTwice ShareProblem = "same_twice" // the share at Position was already given
	AlteredShares  ShareProblem = "do_not_fit" // one of them was altered, which cannot be told
)

// ShareError is how Combine fails. Position counts the given shares from 1 and
// is 0 where no single share is to blame.
type ShareError struct {
	Problem    ShareProblem
	Position   int
	Have, Need int
}

func (e *ShareError) Error() string {
	switch e.Problem {
	case TooFewShares:
		return fmt.Sprintf("seal: %d shares where %d are needed", e.Have, e.Need)
	case OtherSet:
		return fmt.Sprintf("seal: share %d belongs to another set than the first", e.Position)
	case SameShareTwice:
		return fmt.Sprintf("seal: share %d was given before", e.Position)
	default:
		return "seal: the shares do not fit together; one of them was altered"
	}
}

// Split splits a seed for n holders so that any k of them rebuild it. Every
// split makes a new set: shares of two splits do not mix, even of the same seed.
func Split(secret []byte, k, n int) ([]Share, error) {
	if len(secret) != SeedSize {
		return nil, fmt.Errorf("seal: a split secret has %d bytes, not %d", SeedSize, len(secret))
	}
	if k < 2 || k > n || n > MaxShares {
		return nil, fmt.Errorf("seal: %d of %d shares: 2 or more must be needed, at most %d made", k, n, MaxShares)
	}
	noise := make([]byte, (k-1)*SeedSize)
	rand.Read(noise)
	return splitWith(secret, noise, k, n), nil
}

// splitWith uses the given random coefficients: for each byte of the secret,
// k-1 of them in a row.
func splitWith(secret, noise []byte, k, n int) []Share {
	var proof [SeedSize]byte
	shares := make([]Share, n)
	for i, b := range secret {
		coefficients := append([]byte{b}, noise[i*(k-1):(i+1)*(k-1)]...)
		for s := range shares {
			shares[s].data[i] = gfEvaluate(coefficients, byte(s+1))
		}
		proof[i] = gfEvaluate(coefficients, provingPoint)
	}
	set := setOf([SeedSize]byte(secret), proof)
	for s := range shares {
		shares[s].set, shares[s].needed, shares[s].index = set, k, s+1
	}
	return shares
}

// setOf names a split by what only enough of its shares can compute: the
// secret and one more point of the polynomial. So the name of a set also proves,
// after combining, that nothing was altered.
func setOf(secret, proof [SeedSize]byte) uint32 {
	sum := sha256.Sum256(append(append([]byte("waylight/share-set/v1"), secret[:]...), proof[:]...))
	return binary.BigEndian.Uint32(sum[:]) >> (32 - setBits)
}

// Combine rebuilds the seed from at least as many shares as are needed. All
// given shares must fit; its failures are *ShareError.
func Combine(shares []Share) ([]byte, error) {
	if len(shares) == 0 {
		return nil, &ShareError{Problem: TooFewShares, Need: 2}
	}
	first := shares[0]
	given := make(map[int]bool)
	for i, s := range shares {
		if s.set != first.set || s.needed != first.needed {
			return nil, &ShareError{Problem: OtherSet, Position: i + 1}
		}
		if given[s.index] {
			return nil, &ShareError{Problem: SameShareTwice, Position: i + 1}
		}
		given[s.index] = true
	}
	if len(shares) < first.needed || first.needed < 2 {
		return nil, &ShareError{Problem: TooFewShares, Have: len(shares), Need: first.needed}
	}
	enough, extra := shares[:first.needed], shares[first.needed:]
	secret := pointOf(enough, 0)
	if setOf(secret, pointOf(enough, provingPoint)) != first.set {
		return nil, &ShareError{Problem: AlteredShares}
	}
	for _, s := range extra {
		data := pointOf(enough, byte(s.index))
		if subtle.ConstantTimeCompare(data[:], s.data[:]) != 1 {
			return nil, &ShareError{Problem: AlteredShares}
		}
	}
	return secret[:], nil
}

// pointOf computes the split's polynomials at x.
func pointOf(shares []Share, x byte) [SeedSize]byte {
	xs := make([]byte, len(shares))
	for i, s := range shares {
		xs[i] = byte(s.index)
	}
	var out [SeedSize]byte
	for i, weight := range gfWeights(xs, x) {
		for b := range out {
			out[b] ^= gfMul(weight, shares[i].data[b])
		}
	}
	return out
}

// Set names the split that the share belongs to, in two words, for the
// heading of the card that a holder keeps.
func (s Share) Set() string {
	return strings.Join(showWords("en", indexes(big.NewInt(int64(s.set)), 2)), "-")
}

// Index is the share's number within its set, from 1.
func (s Share) Index() int { return s.index }

// Needed is how many shares of the set rebuild the seed.
func (s Share) Needed() int { return s.needed }

// String shows the share in English. It is the secret itself: print it on the
// holder's card and nowhere else.
func (s Share) String() string { return s.Words("en") }

// LogValue keeps the share out of logs.
func (s Share) LogValue() slog.Value { return slog.StringValue("[share]") }

// Words shows the share in a language as five lines of five words.
func (s Share) Words(lang string) string { return showShare(s.bytes(), lang) }

func showShare(b [5 + SeedSize]byte, lang string) string {
	n := new(big.Int).SetBytes(b[:])
	n.Lsh(n, shareCheck).Or(n, new(big.Int).SetUint64(checkOfShare(b)))
	words := showWords(lang, indexes(n, shareWords))
	var lines []string
	for i := 0; i < len(words); i += 5 {
		lines = append(lines, strings.Join(words[i:i+5], " "))
	}
	return strings.Join(lines, "\n")
}

// bytes is the share without its check: 295 bits, the first bit of 296 unused.
func (s Share) bytes() [5 + SeedSize]byte {
	var b [8 + SeedSize]byte
	head := uint64(shareVersion)<<10 | uint64(s.needed-1)<<5 | uint64(s.index-1)
	binary.BigEndian.PutUint64(b[:], head<<setBits|uint64(s.set))
	copy(b[8:], s.data[:])
	return [5 + SeedSize]byte(b[3:])
}

// checkOfShare is the first 30 bits of a hash; it stays the same in every
// version, so that a newer share is told from a mistyped one.
func checkOfShare(b [5 + SeedSize]byte) uint64 {
	sum := sha256.Sum256(append([]byte("waylight/share-check/v1"), b[:]...))
	return uint64(binary.BigEndian.Uint32(sum[:]) >> (32 - shareCheck))
}

// ParseShare reads a share that its holder typed, as forgiving as ParseReceipt
// and with the same errors. Line numbers before the words do no harm.
func ParseShare(text string) (Share, error) {
	found, err := parseWords(text, shareWords)
	if err != nil {
		return Share{}, err
	}
	n := joinIndexes(found)
	check := new(big.Int).And(n, big.NewInt(1<<shareCheck-1)).Uint64()
	var b [5 + SeedSize]byte
	n.Rsh(n, shareCheck).FillBytes(b[:])
	if check != checkOfShare(b) {
		return Share{}, ErrChecksum
	}
	var front [8]byte
	copy(front[3:], b[:5])
	head := binary.BigEndian.Uint64(front[:])
	s := Share{
		set:    uint32(head & (1<<setBits - 1)),
		index:  int(head>>setBits&31) + 1,
		needed: int(head>>(setBits+5)&31) + 1,
		data:   [SeedSize]byte(b[5:]),
	}
	if head>>(setBits+10) != shareVersion {
		return Share{}, ErrShareVersion
	}
	if s.needed < 2 {
		return Share{}, ErrMalformed
	}
	return s, nil
}
