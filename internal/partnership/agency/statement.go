// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// DirectoryStatement is the text that the program's offline directory key signs
// for an office's key and the signing key beside it.
func DirectoryStatement(program, office string, key [16]byte, sign ed25519.PublicKey) string {
	return "waylight/directory/v1\n" + program + "\n" + office + "\n" + keyName(key) + "\n" + hex.EncodeToString(sign) + "\n"
}

// RotationStatement is the text that an office's signing key signs to hand the
// office's trust from one key to the next.
func RotationStatement(program, office string, previous, next [16]byte, sign ed25519.PublicKey) string {
	return "waylight/rotation/v2\n" + program + "\n" + office + "\n" + keyName(previous) + "\n" + keyName(next) + "\n" + hex.EncodeToString(sign) + "\n"
}

// RecoveryStatement is the text that the signing key of an office's key signs for
// a recovery key, so that a later key is sealed to no recovery key but the
// office's own.
func RecoveryStatement(program, office string, key, recovery [16]byte, needed, shares int) string {
	return fmt.Sprintf("waylight/recovery/v1\n%s\n%s\n%s\n%s\n%d\n%d\n", program, office, keyName(key), keyName(recovery), needed, shares)
}

// HolderStatement is the text that an office's signing key signs for a member to
// whom the office's key was sealed, so that a later key is sealed to no public key
// but the member's own.
func HolderStatement(program, office string, key [16]byte, holder string, public [16]byte) string {
	return "waylight/holder/v1\n" + program + "\n" + office + "\n" + keyName(key) + "\n" + holder + "\n" + keyName(public) + "\n"
}

// SpokenName is a key's name as it is compared on the telephone before the
// directory key signs: 16 hex digits over the key and the signing key beside it. The
// office's side makes it in the browser from the seed that it holds, so that it
// cannot be what somebody wrote into the database.
func SpokenName(key [16]byte, sign ed25519.PublicKey) string {
	sum := sha256.Sum256(slices.Concat([]byte("waylight/key-name/v1"), key[:], sign))
	name := hex.EncodeToString(sum[:8])
	return name[:4] + " " + name[4:8] + " " + name[8:12] + " " + name[12:]
}

func keyName(id [16]byte) string { return hex.EncodeToString(id[:]) }
