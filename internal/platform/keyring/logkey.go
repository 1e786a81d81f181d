// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
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

// LogName is the random name under which this installation's logs are signed. It is made at the first call and never changes, whatever address the
// installation is reached at.
func (r *Ring) LogName() (string, error) {
	path := filepath.Join(r.dir, "log-name")
	b, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		fresh := make([]byte, 8)
		_, _ = rand.Read(fresh) // never fails
		err = create(path, []byte("waylight-"+hex.EncodeToString(fresh)+"\n"))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("keyring: naming the logs: %w", err)
		}
		b, err = read(path)
	}
	if err != nil {
		return "", fmt.Errorf("keyring: name of the logs: %w", err)
	}
	name, ok := strings.CutSuffix(string(b), "\n")
	if !ok || !plain(name) {
		return "", fmt.Errorf("keyring: %s is damaged: restore it from its backup", path)
	}
	return name, nil
}

// WitnessSeed returns the secret of the witness whose folder of keys dir is, which is made at the first call. A witness is another program than the one
// whose reports a keyring serves, so nothing else is made in its folder.
func WitnessSeed(dir string) ([32]byte, error) {
	if err := ensureDir(dir); err != nil {
		return [32]byte{}, fmt.Errorf("keyring: %w", err)
	}
	seed, err := (&Ring{dir: dir}).secret("witness")
	if err != nil {
		return [32]byte{}, err
	}
	return [32]byte(seed), nil
}

// Mark tells one keyring from another without telling anything about its secrets: a database remembers it, so that it is never served with a keyring that
// is not its own.
func (r *Ring) Mark() [32]byte {
	mac := hmac.New(sha256.New, r.pepper)
	mac.Write([]byte("waylight/keyring/mark/v1"))
	return [32]byte(mac.Sum(nil))
}

// Verifiers returns each program's verifier key as the keyring in dir has it. It reads only: nothing is made or finished.
func Verifiers(dir string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "logs", "*.key"))
	if err != nil {
		return nil, err
	}
	keys := map[string]string{}
	for _, file := range files {
		b, err := read(file)
		if err != nil {
			return nil, fmt.Errorf("keyring: %w", err)
		}
		lines := strings.Split(string(b), "\n")
		if len(lines) != 3 {
			return nil, fmt.Errorf("keyring: %s is damaged: restore it from its backup", file)
		}
		keys[strings.TrimSuffix(filepath.Base(file), ".key")] = lines[1]
	}
	return keys, nil
}
