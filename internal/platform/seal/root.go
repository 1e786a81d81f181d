// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
)

// A member's root is two seeds: that of their X-Wing key and that of their Ed25519 key.
const (
	RootSize       = 2 * SeedSize
	SealedRootSize = 12 + RootSize + 16
)

// NewRoot makes a root. Browsers make theirs themselves.
func NewRoot() []byte {
	root := make([]byte, RootSize)
	_, _ = rand.Read(root)
	return root
}

// PRFSalt is what a program's pages give to an authenticator's pseudo-random
// function, so that every passkey of the program answers with a secret of its own.
func PRFSalt(program string) [32]byte {
	return sha256.Sum256([]byte("waylight/prf/v1" + program))
}

// UnlockKey joins a member's secret, a passkey's answer or MemberSecret, with the
// share that the server's keyring keeps for one unlocker. With the share destroyed,
// neither the passkey nor a known passphrase opens anything.
func UnlockKey(secret, serverShare [32]byte) [32]byte {
	both := append(secret[:], serverShare[:]...)
	return derive(both, "waylight/member/unlock/v2")
}

// SealRoot seals a root for one unlocker of one member.
func SealRoot(root []byte, key [32]byte, program, member, unlocker string) ([]byte, error) {
	if len(root) != RootSize {
		return nil, fmt.Errorf("sealing a root: %w", ErrMalformed)
	}
	gcm, err := rootCipher(key)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(nil, nil, root, rootAAD(program, member, unlocker)), nil
}

// OpenRoot opens what SealRoot made, under the same names only.
func OpenRoot(sealed []byte, key [32]byte, program, member, unlocker string) ([]byte, error) {
	if len(sealed) != SealedRootSize {
		return nil, fmt.Errorf("opening a root: %w", ErrMalformed)
	}
	gcm, err := rootCipher(key)
	if err != nil {
		return nil, err
	}
	root, err := gcm.Open(nil, nil, sealed, rootAAD(program, member, unlocker))
	if err != nil {
		return nil, fmt.Errorf("opening a root: %w", ErrOpen)
	}
	return root, nil
}

func rootCipher(key [32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("seal: making the root cipher: %w", err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block) // the nonce stands before the ciphertext
	if err != nil {
		return nil, fmt.Errorf("seal: making the root cipher: %w", err)
	}
	return gcm, nil
}

func rootAAD(program, member, unlocker string) []byte {
	aad := appendField(nil, "waylight/unlock/v2")
	for _, name := range []string{program, member, unlocker} {
		aad = appendField(aad, name)
	}
	return aad
}
