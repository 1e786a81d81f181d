// SPDX-License-Identifier: Apache-2.0

package report

import (
	"crypto/rand"
)

// newKey is a fresh idempotency key: 192 random bits.
func newKey() string {
	b := make([]byte, 24)
	rand.Read(b)
	return urlBase64(b)
}

// strongKey says whether a key is long enough to hold 128 random bits, and does
// not plainly hold fewer. Receipts are made from it, so a weak one could be
// guessed by whoever knows the words.
func strongKey(key []byte) bool {
	if len(key) > 255 {
		return false
	}
	digits, hexed := 0, true
	seen := map[byte]bool{}
	for _, c := range key {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			digits++
		case c == '-':
		case c <= ' ' || c > '~':
			return false
		default:
			hexed = false
		}
		seen[c] = true
	}
	if len(seen) < 8 {
		return false
	}
	if hexed {
		return digits >= 32
	}
	return len(key) >= 22
}
