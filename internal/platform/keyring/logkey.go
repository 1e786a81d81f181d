// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// SignerFor returns the key that signs the program's log under the name origin, and its verifier key in the text form that outsiders keep. The key is made
// at the first call; later calls must name the same origin, since a log that changes its name or key can no longer be checked against what was kept.
func (r *Ring) SignerFor(program, origin string) (note.Signer, string, error) {
	if !plain(program) {
		return nil, "", errors.New("keyring: a program is named by lower-case letters, digits and hyphens")
	}
	path := filepath.Join(r.dir, "logs", program+".key")
	b, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = makeLogKey(path, origin)
	}
	if err != nil {
		return nil, "", fmt.Errorf("keyring: log key of program %s: %w", program, err)
	}
	return parseLogKey(path, string(b), origin)
}

func makeLogKey(path, origin string) ([]byte, error) {
	signer, verifier, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	_, err = note.NewVerifier(verifier) // GenerateKey does not look at the name; this does
	if err != nil {
		return nil, fmt.Errorf("origin %q cannot name a key: %w", origin, err)
	}
	err = create(path, []byte(signer+"\n"+verifier+"\n"))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return read(path)
}

func parseLogKey(path, text, origin string) (note.Signer, string, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 3 || lines[2] != "" {
		return nil, "", fmt.Errorf("keyring: %s is damaged: restore it from its backup", path)
	}
	signer, err := note.NewSigner(lines[0])
	if err != nil {
		return nil, "", fmt.Errorf("keyring: %s is damaged: restore it from its backup: %w", path, err)
	}
	verifier, err := note.NewVerifier(lines[1])
	if err != nil {
		return nil, "", fmt.Errorf("keyring: %s is damaged: restore it from its backup: %w", path, err)
	}
	if signer.Name() != origin {
		return nil, "", fmt.Errorf("keyring: this log is signed as %q, not %q: an origin never changes", signer.Name(), origin)
	}
	probe := []byte("waylight keyring\n")
	sig, err := signer.Sign(probe)
	if err != nil || !verifier.Verify(probe, sig) {
		return nil, "", fmt.Errorf("keyring: the two halves of %s do not belong together", path)
	}
	return signer, lines[1], nil
}
