// SPDX-License-Identifier: Apache-2.0

// Package seal makes reports unreadable at rest and readable again only by
// the offices they were sealed for.
//
// What it promises:
//
//   - A body is sealed once, under a fresh content key, padded to a size class
//     so that its length tells little, in chunks so that a long file can be
//     streamed. Chunks cannot be reordered, dropped, or moved to another record.
//   - The content key is wrapped for each recipient with HPKE (RFC 9180,
//     X-Wing, HKDF-SHA256, AES-256-GCM). A wrap opens only with the recipient's
//     key and only for the program, record, body, and recipient it was made for.
//   - All recipients of one body read the same words: the body carries a
//     commitment to its content key, so a sender cannot show one text to one
//     office and another text to the next.
//   - Only who opened a body can name its opening token. The server checks the
//     token against a hash and so knows that a body was really opened.
//   - A receipt is seven words, the same number in every language. A mistyped
//     word is told by its place, with suggestions; it never opens a neighbor.
//   - A recovery key can be split so that any k of n holders rebuild it and
//     fewer learn nothing; wrong, mixed, or mistyped shares are told apart.
//
// Every function works with the FIPS 140-3 module alone
// (GODEBUG=fips140=only). The byte layouts are written down in
// docs/spec/sealed-body.md, docs/spec/keys.md, and docs/spec/receipt.md, with
// vectors in docs/spec/vectors that this package and the browser both pass.
// The layouts are versioned; whatever a released version sealed, every later
// version opens.
//
// Errors never carry what was sealed, a key, or a word that somebody typed.
package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Sizes of keys and of what this package makes.
const (
	SeedSize      = 32                    // a private key, as raw seed
	PublicKeySize = 1216                  // an X-Wing public key
	WrapSize      = 1 + encSize + 32 + 16 // one wrapped content key
	SealToExtra   = 1 + encSize + 16      // what SealTo adds to its plaintext
	MaxNameSize   = 255                   // a program or recipient, in bytes
	MaxInfoSize   = 1024                  // the info string of SealTo, in bytes
	encSize       = 1120                  // an X-Wing ciphertext
)

// formatVersion is the first byte of wraps and of what SealTo makes.
const formatVersion = 1

// ErrOpen says that something sealed could not be opened: the wrong key,
// another record or recipient, or altered bytes. Which of these it was cannot
// be told from the outside, and is not.
var ErrOpen = errors.New("seal: cannot be opened with this key for this record")

// ErrMalformed says that bytes are not in the format at all.
var ErrMalformed = errors.New("seal: not a sealed format of this version")

// Record names what a body belongs to. Sealed bodies and wraps are bound to
// it: copied to another record they do not open.
type Record struct {
	Program string
	ID      [16]byte
}

func (r Record) check() error {
	return checkName("program", r.Program)
}

func checkName(what, name string) error {
	if name == "" || len(name) > MaxNameSize {
		return fmt.Errorf("seal: %s must have 1 to %d bytes, has %d", what, MaxNameSize, len(name))
	}
	return nil
}

// appendField appends a field with its length (two bytes, big endian), so that
// no two lists of fields make the same bytes.
func appendField[T string | []byte](to []byte, field T) []byte {
	to = binary.BigEndian.AppendUint16(to, uint16(len(field)))
	return append(to, field...)
}

// derive is HKDF-SHA256 without salt, 32 bytes long. Secrets here are never
// shorter than 32 bytes or carry a fixed prefix, so the FIPS module, whose only
// complaint is about shorter ones, has none.
func derive(secret []byte, info string) [32]byte {
	out, err := hkdf.Key(sha256.New, secret, nil, info, 32)
	if err != nil {
		panic("seal: HKDF-SHA256 refused a fixed length: " + err.Error())
	}
	return [32]byte(out)
}
