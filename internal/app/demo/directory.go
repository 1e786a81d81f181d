// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"

	"waylight/internal/partnership/agency"
)

// makeDirectory makes the directory key of the demo, in its own folder. A real one
// never stands on the server: here everything is invented, and nobody can wait for
// somebody to come back with a signature.
func makeDirectory(data string) (ed25519.PrivateKey, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("making the demo's folder: %w", err)
	}
	private := agency.NewDirectoryKey()
	for name, text := range map[string]string{
		"directory.key": agency.DirectoryKeyText(private), "directory.pub": agency.DirectoryPublicText(private.Public().(ed25519.PublicKey)),
	} {
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("keeping the demo's directory key: %w", err)
		}
	}
	return private, nil
}
