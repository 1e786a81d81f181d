// SPDX-License-Identifier: Apache-2.0

// Package keyring keeps the secrets that must never stand in the database or in its backups: the pepper, the session key, the key that signs each
// program's log, and the share of every member's key that the server holds.
//
// What it promises:
//
//   - The folder is readable by its owner only, and so is every file in it. A folder that others can read is refused, not repaired: somebody may already
//     have looked.
//   - A secret is on the disk, synced with its folder, before the caller gets it. It is written whole under another name first, so a crash leaves the old
//     state or the new one. A file of the wrong length is an error, never a reason to make a new secret.
//   - Two processes that open an empty folder at once end up with the same secrets.
//   - A destroyed share is written down first, then overwritten, then unlinked. Opening the keyring finishes what a crash interrupted, and destroys again
//     what a restored copy of the folder brought back.
//
// Overwriting does not reach copies that the file system or the disk made; docs/operations.md says what follows for backups of this folder.
package keyring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const secretSize = 32

// Ring is an open keyring. It is safe for use by several goroutines.
type Ring struct {
	dir     string
	pepper  []byte
	session []byte
	now     func() time.Time
	mu      sync.Mutex // guards the shares and their destruction log
}

// Open opens the keyring in dir, making it when the folder is new or empty.
func Open(dir string) (*Ring, error) {
	r := &Ring{dir: dir, now: time.Now}
	for _, sub := range []string{"", "shares", "logs"} {
		err := ensureDir(filepath.Join(dir, sub))
		if err != nil {
			return nil, fmt.Errorf("keyring: %w", err)
		}
	}
	var err error
	r.pepper, err = r.secret("pepper")
	if err != nil {
		return nil, err
	}
	r.session, err = r.secret("session")
	if err != nil {
		return nil, err
	}
	err = r.finishDestructions()
	if err != nil {
		return nil, fmt.Errorf("keyring: finishing destructions: %w", err)
	}
	return r, nil
}

// Pepper keys the hashes of what people type: receipts, e-mail addresses, sign-in secrets. Losing it makes every receipt unfindable.
func (r *Ring) Pepper() []byte { return slices.Clone(r.pepper) }

// SessionKey keys the hashes of session cookies. Replacing it signs everybody out.
func (r *Ring) SessionKey() []byte { return slices.Clone(r.session) }

// secret reads the named secret, or makes it when there is none.
func (r *Ring) secret(name string) ([]byte, error) {
	path := filepath.Join(r.dir, name)
	b, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	fresh := make([]byte, secretSize)
	_, _ = rand.Read(fresh) // never fails
	err = create(path, fresh)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keyring: making %s: %w", name, err)
	}
	return readSecret(path) // ours, or that of a process that was faster
}

func readSecret(path string) ([]byte, error) {
	b, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	if len(b) != secretSize {
		return nil, fmt.Errorf("keyring: %s holds %d bytes, not %d: restore it from its backup", path, len(b), secretSize)
	}
	return b, nil
}

func ensureDir(path string) error {
	err := os.MkdirAll(path, 0o700)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return private(path, info)
}
