// SPDX-License-Identifier: Apache-2.0

package app

import "crypto/ed25519"

// directory is the pinned directory key: one for every program of an installation.
// What it signs names the program.
func (a *App) directory(string) ed25519.PublicKey { return a.Directory }

// signDirectory is nil except in a demonstration.
func (a *App) signDirectory() func(program string, statement []byte) []byte {
	if a.SignDirectory == nil {
		return nil
	}
	return func(_ string, statement []byte) []byte { return a.SignDirectory(statement) }
}
