// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrNoShare means that the member has no share: none was made, or it was destroyed.
var ErrNoShare = errors.New("keyring: the member has no share")

// Destruction is one line of the destruction log.
type Destruction struct {
	Member string
	At     time.Time
}

// NewShare makes the member's share. Asked again, it returns the one that stands. A member whose share was destroyed never gets another.
func (r *Ring) NewShare(member string) ([secretSize]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var share [secretSize]byte
	path, err := r.sharePath(member)
	if err != nil {
		return share, err
	}
	gone, err := r.destroyed(member)
	if err != nil {
		return share, err
	}
	if gone {
		return share, ErrNoShare
	}
	fresh := make([]byte, secretSize)
	_, _ = rand.Read(fresh)
	err = create(path, fresh)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return share, fmt.Errorf("keyring: making a share: %w", err)
	}
	return readShare(path)
}

// Share returns the member's share, or ErrNoShare.
func (r *Ring) Share(member string) ([secretSize]byte, error) {
	r.mu.Lock() // or a share that is being overwritten would be read as zeros
	defer r.mu.Unlock()
	path, err := r.sharePath(member)
	if err != nil {
		return [secretSize]byte{}, err
	}
	return readShare(path)
}

// DestroyShare takes the member's share away for good. Destroying one that is gone is not an error.
func (r *Ring) DestroyShare(member string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	path, err := r.sharePath(member)
	if err != nil {
		return err
	}
	gone, err := r.destroyed(member)
	if err != nil {
		return err
	}
	if !gone {
		err = r.note(Destruction{Member: member, At: r.now()})
		if err != nil {
			return fmt.Errorf("keyring: writing the destruction down: %w", err)
		}
	}
	return shred(path)
}

// Destroyed returns the destruction log, oldest first.
func (r *Ring) Destroyed() ([]Destruction, error) {
	b, err := read(r.logPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	var out []Destruction
	for n, line := range strings.Split(string(b), "\n") {
		// A line without its end was cut off by a crash before the share was touched; note writes past it.
		at, member, found := strings.Cut(strings.TrimSuffix(line, " ."), " ")
		if line == "" || !strings.HasSuffix(line, " .") {
			continue
		}
		when, err := time.Parse(time.RFC3339Nano, at)
		if !found || err != nil {
			return nil, fmt.Errorf("keyring: %s line %d cannot be read", r.logPath(), n+1)
		}
		out = append(out, Destruction{Member: member, At: when})
	}
	return out, nil
}

func (r *Ring) destroyed(member string) (bool, error) {
	log, err := r.Destroyed()
	if err != nil {
		return false, err
	}
	for _, d := range log {
		if d.Member == member {
			return true, nil
		}
	}
	return false, nil
}

// note appends to the destruction log and syncs it. It starts with a line break, so that a line cut off by a crash cannot swallow the next.
func (r *Ring) note(d Destruction) error {
	f, err := os.OpenFile(r.logPath(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "\n%s %s .\n", d.At.UTC().Format(time.RFC3339Nano), d.Member)
	if err == nil {
		err = f.Sync()
	}
	closeErr := f.Close()
	if err != nil {
		return err
	}
	if closeErr != nil {
		return closeErr
	}
	return syncDir(r.dir)
}

func (r *Ring) finishDestructions() error {
	log, err := r.Destroyed()
	if err != nil {
		return err
	}
	for _, d := range log {
		path, err := r.sharePath(d.Member)
		if err != nil {
			return err
		}
		err = shred(path)
		if err != nil {
			return err
		}
	}
	return nil
}

// shred overwrites, unlinks and syncs. A missing file is done already.
func shred(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keyring: destroying a share: %w", err)
	}
	_, err = f.Write(bytes.Repeat([]byte{0}, secretSize))
	if err == nil {
		err = f.Sync()
	}
	closeErr := f.Close()
	if err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("keyring: destroying a share: %w", err)
	}
	return nil
}

func readShare(path string) ([secretSize]byte, error) {
	var share [secretSize]byte
	b, err := readSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return share, ErrNoShare
	}
	if err != nil {
		return share, err
	}
	copy(share[:], b)
	return share, nil
}

func (r *Ring) logPath() string { return filepath.Join(r.dir, "destroyed.log") }

func (r *Ring) sharePath(member string) (string, error) {
	if !plain(member) {
		return "", errors.New("keyring: a member is named by lower-case letters, digits and hyphens")
	}
	return filepath.Join(r.dir, "shares", member), nil
}

// plain reports whether name can be a file name everywhere and cannot leave its folder.
func plain(name string) bool {
	if name == "" || len(name) > 100 {
		return false
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
