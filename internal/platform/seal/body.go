// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
)

const (
	bodyMagic   = "WLB\x01"
	headerSize  = len(bodyMagic) + 32 // magic and version, commitment to the key
	chunkSize   = 64 << 10            // plaintext of every chunk but a single short one
	chunkExtra  = 12 + 16             // nonce before, tag after
	smallestPad = 4 << 10
	padMark     = 0x80
)

// ContentKey is the key of one body. It never prints itself.
type ContentKey struct {
	secret [32]byte
}

// Format keeps the key out of every fmt verb.
func (c *ContentKey) Format(f fmt.State, _ rune) { io.WriteString(f, "[content key]") }

// LogValue keeps the key out of logs.
func (c *ContentKey) LogValue() slog.Value { return slog.StringValue("[content key]") }

// Sealed is a sealed body and the two hashes that are kept beside it.
type Sealed struct {
	Ciphertext []byte
	Hash       [32]byte // SHA-256 of Ciphertext; every wrap is bound to it
	Token      [32]byte // SHA-256 of the opening token; also stands in Ciphertext
}

// Seal seals a body under a fresh content key, bound to its record. The caller
// wraps the content key for each recipient and then forgets it.
func Seal(plaintext []byte, rec Record) (Sealed, *ContentKey, error) {
	c := new(ContentKey)
	rand.Read(c.secret[:])
	sealed, err := c.seal(plaintext, rec)
	if err != nil {
		return Sealed{}, nil, err
	}
	return sealed, c, nil
}

func (c *ContentKey) seal(plaintext []byte, rec Record) (Sealed, error) {
	if err := rec.check(); err != nil {
		return Sealed{}, err
	}
	gcm, err := c.cipher()
	if err != nil {
		return Sealed{}, err
	}
	size := paddedSize(len(plaintext))
	padded := make([]byte, size)
	copy(padded, plaintext)
	padded[len(plaintext)] = padMark

	chunks := (size + chunkSize - 1) / chunkSize
	token := c.tokenHash()
	out := make([]byte, 0, headerSize+size+chunks*chunkExtra)
	out = append(out, bodyMagic...)
	out = append(out, token[:]...)
	for i := range chunks {
		chunk := padded[i*chunkSize : min((i+1)*chunkSize, size)]
		out = gcm.Seal(out, nil, chunk, chunkAAD(rec, uint64(i), i == chunks-1))
	}
	return Sealed{Ciphertext: out, Hash: sha256.Sum256(out), Token: token}, nil
}

// Open opens a body. It fails with ErrMalformed when the bytes are not a body,
// and with ErrOpen when they are not this key's body for this record, whole and
// unaltered.
func (c *ContentKey) Open(ciphertext []byte, rec Record) ([]byte, error) {
	if err := rec.check(); err != nil {
		return nil, err
	}
	info, err := Inspect(ciphertext)
	if err != nil {
		return nil, err
	}
	token := c.tokenHash()
	if subtle.ConstantTimeCompare(token[:], info.Token[:]) != 1 {
		return nil, ErrOpen
	}
	gcm, err := c.cipher()
	if err != nil {
		return nil, err
	}
	rest := ciphertext[headerSize:]
	plain := make([]byte, 0, len(rest))
	for i := uint64(0); len(rest) > 0; i++ {
		chunk := rest[:min(chunkSize+chunkExtra, len(rest))]
		rest = rest[len(chunk):]
		plain, err = gcm.Open(plain, nil, chunk, chunkAAD(rec, i, len(rest) == 0))
		if err != nil {
			return nil, ErrOpen
		}
	}
	return unpad(plain)
}

// Inspect reads what anybody may read of a sealed body: that it has the right
// shape, its hash, and the hash of its opening token. The server uses it on
// bodies that a browser sealed.
func Inspect(ciphertext []byte) (Sealed, error) {
	if len(ciphertext) < headerSize || !bytes.HasPrefix(ciphertext, []byte(bodyMagic)) {
		return Sealed{}, ErrMalformed
	}
	size := len(ciphertext) - headerSize
	last := size % (chunkSize + chunkExtra)
	whole := size / (chunkSize + chunkExtra)
	switch {
	case whole > 0 && last == 0:
	case whole == 0 && paddedSize(max(last-chunkExtra-1, 0)) == last-chunkExtra:
	default:
		return Sealed{}, ErrMalformed
	}
	return Sealed{
		Ciphertext: ciphertext,
		Hash:       sha256.Sum256(ciphertext),
		Token:      [32]byte(ciphertext[len(bodyMagic):headerSize]),
	}, nil
}

// OpeningToken is what only somebody who opened the body can know. A server
// that kept Sealed.Token accepts a token whose SHA-256 is equal to it.
func (c *ContentKey) OpeningToken() [32]byte {
	return derive(c.secret[:], "waylight/opened/v1")
}

func (c *ContentKey) tokenHash() [32]byte {
	token := c.OpeningToken()
	return sha256.Sum256(token[:])
}

// cipher is AES-256-GCM that draws its own nonces and writes them before the
// ciphertext: the only form the FIPS module allows, and as easy in a browser.
func (c *ContentKey) cipher() (cipher.AEAD, error) { return c.aead("waylight/body-key/v1") }

func (c *ContentKey) aead(what string) (cipher.AEAD, error) {
	key := derive(c.secret[:], what)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("seal: making the body cipher: %w", err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("seal: making the body cipher: %w", err)
	}
	return gcm, nil
}

// chunkAAD binds a chunk to its format, record, place, and to being the last.
func chunkAAD(rec Record, index uint64, last bool) []byte {
	return labelledAAD("waylight/body/v1", rec, index, last)
}

func labelledAAD(label string, rec Record, index uint64, last bool) []byte {
	aad := make([]byte, 0, 64+len(rec.Program))
	aad = appendField(aad, label)
	aad = appendField(aad, rec.Program)
	aad = appendField(aad, rec.ID[:])
	aad = binary.BigEndian.AppendUint64(aad, index)
	if last {
		return append(aad, 1)
	}
	return append(aad, 0)
}

// paddedSize is the size class of n bytes and the mark after them: 4 KiB,
// doubled up to 64 KiB, then whole multiples of 64 KiB.
func paddedSize(n int) int {
	for size := smallestPad; size < chunkSize; size *= 2 {
		if n < size {
			return size
		}
	}
	return (n/chunkSize + 1) * chunkSize
}

func unpad(padded []byte) ([]byte, error) {
	plain := bytes.TrimRight(padded, "\x00")
	if len(plain) == 0 || plain[len(plain)-1] != padMark || paddedSize(len(plain)-1) != len(padded) {
		return nil, ErrMalformed
	}
	return plain[: len(plain)-1 : len(plain)-1], nil
}
