// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
)

// PublicKey is the parsed public half of an office's, a member's, or a
// sender's key. Parsing is the expensive part: parse once, keep it, and wrap
// with it from as many goroutines as needed.
type PublicKey struct {
	raw []byte
	id  [16]byte
	key hpke.PublicKey
}

// ParsePublicKey parses an X-Wing public key. A key that parses can be wrapped
// to: it is tried here, so that an unusable key is refused when an office
// presents it and not when a report arrives.
func ParsePublicKey(b []byte) (*PublicKey, error) {
	if len(b) != PublicKeySize {
		return nil, fmt.Errorf("seal: a public key has %d bytes, not %d", PublicKeySize, len(b))
	}
	key, err := hpke.MLKEM768X25519().NewPublicKey(b)
	if err != nil {
		return nil, fmt.Errorf("seal: parsing a public key: %w", err)
	}
	if _, _, err := hpke.NewSender(key, hpke.HKDFSHA256(), hpke.AES256GCM(), nil); err != nil {
		return nil, fmt.Errorf("seal: trying a public key: %w", err)
	}
	return newPublicKey(key), nil
}

func newPublicKey(key hpke.PublicKey) *PublicKey {
	raw := key.Bytes()
	sum := sha256.Sum256(raw)
	return &PublicKey{raw: raw, id: [16]byte(sum[:16]), key: key}
}

// Bytes returns the 1,216 bytes of the key.
func (p *PublicKey) Bytes() []byte { return bytes.Clone(p.raw) }

// ID returns the key's short name: the first 16 bytes of the SHA-256 of Bytes.
func (p *PublicKey) ID() [16]byte { return p.id }

// PrivateKey opens what was sealed to its public key. It never prints itself.
type PrivateKey struct {
	key hpke.PrivateKey
	pub *PublicKey
}

// NewSeed makes the 32 random bytes that a private key is made from.
func NewSeed() []byte {
	seed := make([]byte, SeedSize)
	rand.Read(seed)
	return seed
}

// PrivateFromSeed makes the private key of a seed: always the same one. The
// seed is the X-Wing decapsulation key itself; HPKE's DeriveKeyPair is not used.
func PrivateFromSeed(seed []byte) (*PrivateKey, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("seal: a seed has %d bytes, not %d", SeedSize, len(seed))
	}
	key, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, fmt.Errorf("seal: making a private key: %w", err)
	}
	return &PrivateKey{key: key, pub: newPublicKey(key.PublicKey())}, nil
}

// Public returns the public half.
func (k *PrivateKey) Public() *PublicKey { return k.pub }

// Format keeps the key out of every fmt verb.
func (k *PrivateKey) Format(f fmt.State, _ rune) { io.WriteString(f, "[private key]") }

// LogValue keeps the key out of logs.
func (k *PrivateKey) LogValue() slog.Value { return slog.StringValue("[private key]") }
