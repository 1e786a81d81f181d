// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strings"
)

// A receipt is seven words of 13 bits: 80 secret bits, then 11 check bits.
const (
	receiptWords = 7
	receiptCheck = 11
	receiptBits  = 80
)

// ErrChecksum says that every word is known but that they do not belong
// together: a word was swapped for another one, or two changed places.
var ErrChecksum = errors.New("seal: the words are known but do not fit together")

// Receipt is what a sender keeps: enough to find the report again and to make
// the key for messages to the sender. It never prints itself; Words shows it.
type Receipt [10]byte

// ReceiptFrom makes the receipt of a submission: the same key and body give
// the same receipt, anything else another one.
func ReceiptFrom(idempotencyKey []byte, bodyDigest [32]byte) Receipt {
	secret := append([]byte("waylight/receipt-from/v1"), idempotencyKey...)
	out, err := hkdf.Key(sha256.New, secret, bodyDigest[:], "waylight/receipt-from/v1", len(Receipt{}))
	if err != nil {
		panic("seal: HKDF-SHA256 refused a fixed length: " + err.Error())
	}
	return Receipt(out)
}

// Words shows the receipt in a language ("es", else English), joined by hyphens.
func (r Receipt) Words(lang string) string {
	n := new(big.Int).SetBytes(r[:])
	n.Lsh(n, receiptCheck)
	n.Or(n, big.NewInt(int64(r.check())))
	return strings.Join(showWords(lang, indexes(n, receiptWords)), "-")
}

// ParseReceipt reads a receipt that somebody typed: in either language, in any
// case, with or without accents, with anything but letters between the words. It
// fails with *WordError for a word that is not in the list, *CountError when
// there are not seven words, and ErrChecksum when they do not fit together.
func ParseReceipt(text string) (Receipt, error) {
	found, err := parseWords(text, receiptWords)
	if err != nil {
		return Receipt{}, err
	}
	n := joinIndexes(found)
	check := new(big.Int).And(n, big.NewInt(1<<receiptCheck-1)).Uint64()
	var r Receipt
	n.Rsh(n, receiptCheck).FillBytes(r[:])
	if check != r.check() {
		return Receipt{}, ErrChecksum
	}
	return r, nil
}

func (r Receipt) check() uint64 {
	sum := sha256.Sum256(append([]byte("waylight/receipt-check/v1"), r[:]...))
	return uint64(sum[0])<<3 | uint64(sum[1])>>5
}

// Lookup is the secret by which the server finds the report. The server keeps
// only LookupHash of it.
func (r Receipt) Lookup() [32]byte { return r.derive("waylight/receipt/lookup/v1") }

// Seed is the X-Wing seed of the sender's key, to which answers are sealed.
func (r Receipt) Seed() [32]byte { return r.derive("waylight/receipt/seed/v1") }

// SignSeed is the Ed25519 seed with which the sender's side signs what it writes.
// Its public key travels inside the sealed report, so that offices need not take
// the server's word for who answers them.
func (r Receipt) SignSeed() [32]byte { return r.derive("waylight/receipt/sign/v1") }

// derive puts a fixed prefix before the ten bytes: the FIPS module refuses
// secrets under 14 bytes. It adds no strength: the receipt has 80 bits.
func (r Receipt) derive(info string) [32]byte {
	return derive(append([]byte("waylight/receipt/v1"), r[:]...), info)
}

// Format keeps the receipt out of every fmt verb.
func (r Receipt) Format(f fmt.State, _ rune) { io.WriteString(f, "[receipt]") }

// LogValue keeps the receipt out of logs.
func (r Receipt) LogValue() slog.Value { return slog.StringValue("[receipt]") }

// LookupHash is what the database keeps of a lookup secret: HMAC-SHA256 under a
// pepper (32 random bytes) that is kept outside the database.
func LookupHash(pepper []byte, lookup [32]byte) [32]byte {
	mac := hmac.New(sha256.New, pepper)
	mac.Write(lookup[:])
	return [32]byte(mac.Sum(nil))
}

// indexes cuts a number into words of 13 bits, first word first.
func indexes(n *big.Int, words int) []int {
	out := make([]int, words)
	mask := big.NewInt(listSize - 1)
	rest := new(big.Int).Set(n)
	for i := words - 1; i >= 0; i-- {
		out[i] = int(new(big.Int).And(rest, mask).Int64())
		rest.Rsh(rest, wordBits)
	}
	return out
}

func joinIndexes(found []int) *big.Int {
	n := new(big.Int)
	for _, index := range found {
		n.Lsh(n, wordBits).Or(n, big.NewInt(int64(index)))
	}
	return n
}
