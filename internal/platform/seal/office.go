// SPDX-License-Identifier: Apache-2.0

package seal

import "crypto/ed25519"

// OfficeSigning makes an office's signing key from its seed: whoever opens what
// is sealed to the office, and nobody else, can sign for it.
func OfficeSigning(officeSeed []byte) ed25519.PrivateKey {
	seed := derive(officeSeed, "waylight/office/sign/v1")
	return ed25519.NewKeyFromSeed(seed[:])
}
