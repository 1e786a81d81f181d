// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"golang.org/x/text/unicode/norm"
)

// Iterations is how often a passphrase is stretched, unless a member's record
// says otherwise.
const Iterations = 600000

// Stretch turns a member's passphrase into a master secret with
// PBKDF2-HMAC-SHA256. The passphrase is normalized (NFKC) first, so that
// another keyboard makes the same secret. The salt is random, at least 16 bytes,
// and kept with the member; it is hashed before use, so any length works. Fewer
// than one iteration counts as one.
func Stretch(passphrase string, salt []byte, iterations int) [32]byte {
	s := sha256.New()
	s.Write([]byte("waylight/salt/v1"))
	s.Write(salt)
	out, err := pbkdf2.Key(sha256.New, norm.NFKC.String(passphrase), s.Sum(nil), iterations, 32)
	if err != nil {
		panic("seal: PBKDF2-SHA256 refused fixed lengths: " + err.Error())
	}
	return [32]byte(out)
}

// AuthSecret is what a member's browser sends at sign-in. The server keeps
// only its SHA-256. It tells nothing about MemberSecret.
func AuthSecret(master [32]byte) [32]byte {
	return derive(master[:], "waylight/member/auth/v1")
}

// MemberSecret is the member's half of the wrap key. It never leaves the
// browser.
func MemberSecret(master [32]byte) [32]byte {
	return derive(master[:], "waylight/member/secret/v1")
}

// OfficeKeyInfo is the info string under which an office's seed is sealed to
// each holder of it.
func OfficeKeyInfo(program, office string, keyID [16]byte) string {
	return "waylight/office-key/v1/" + program + "/" + office + "/" + hex.EncodeToString(keyID[:])
}

// SealOfficeSeed seals an office's seed to one holder: a member, or the
// recovery key.
func SealOfficeSeed(holder *PublicKey, officeSeed []byte, program, office string) ([]byte, error) {
	k, err := PrivateFromSeed(officeSeed)
	if err != nil {
		return nil, err
	}
	return SealTo(holder, officeSeed, OfficeKeyInfo(program, office, k.Public().ID()))
}

// OpenOfficeSeed opens an office's key as its holder. It fails with ErrOpen
// also when the seed inside is not that of the key it is said to be.
func OpenOfficeSeed(holder *PrivateKey, sealed []byte, program, office string, keyID [16]byte) (*PrivateKey, error) {
	seed, err := OpenFrom(holder, sealed, OfficeKeyInfo(program, office, keyID))
	if err != nil {
		return nil, fmt.Errorf("opening an office key: %w", err)
	}
	k, err := PrivateFromSeed(seed)
	if err != nil || k.Public().ID() != keyID {
		return nil, fmt.Errorf("opening an office key: %w", ErrOpen)
	}
	return k, nil
}
