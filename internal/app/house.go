// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/keyring"
)

// Progress is told how far long work has come: what it does, and how much of
// how much is done. A total of 0 says that it is not known.
type Progress func(what string, done, total int64)

func (p Progress) tell(what string) func(done, total int64) {
	return func(done, total int64) {
		if p != nil {
			p(what, done, total)
		}
	}
}

// openRing opens a keyring that must be there: copying and moving never make one,
// since a new one would fit no database.
func openRing(dir string) (*keyring.Ring, error) {
	if _, err := os.Stat(filepath.Join(dir, "pepper")); err != nil {
		return nil, fmt.Errorf("there is no keyring in %s: name its folder with --keyring, or restore it from its own backup first", dir)
	}
	return keyring.Open(dir)
}

// belongs refuses a program's data with a keyring that is not its own. It reads
// only.
func belongs(ring *keyring.Ring, dir, program string, pinned custody.Pinned) error {
	keys, err := keyring.Verifiers(dir)
	if err != nil {
		return err
	}
	mark := ring.Mark()
	if pinned.Verifier == "" || keys[program] != pinned.Verifier || string(pinned.Mark) != string(mark[:]) {
		return fmt.Errorf("%s: %w: name the right folder with --keyring, or restore it from its backup", program, custody.ErrOtherKey)
	}
	return nil
}

// newFile makes a file that must not be there yet, under another name until it
// is whole: whoever finds it by its own name finds all of it, on the disk.
func newFile(name string, fill func(w io.Writer) error) error {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already; nothing is ever written over", name)
	}
	part := name + ".partial"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("making %s: %w", name, err)
	}
	defer os.Remove(part)
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(part, name); err != nil {
		return fmt.Errorf("making %s: %w", name, err)
	}
	return syncFolder(filepath.Dir(name))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// since sorts checkpoints that were kept elsewhere: those that a log of so many
// leaves must agree with, and those that were signed after it.
func since(kept []string, verifier note.Verifier, size int64) (within []string, after []custody.Head, err error) {
	for _, text := range kept {
		head, err := custody.ParseCheckpoint(text, verifier)
		if err != nil {
			return nil, nil, err
		}
		if head.N > size {
			after = append(after, head)
		} else {
			within = append(within, text)
		}
	}
	return within, after, nil
}

// printMissing says what a log that ends early cannot hold.
func printMissing(w io.Writer, program string, size int64, after []custody.Head) {
	for _, head := range after {
		fmt.Fprintf(w, "%s: a checkpoint kept elsewhere, signed %s, has %d entries; this copy has %d. Up to %d entries (reports among them, and padding) came after it and are not here.\n",
			program, head.At.UTC().Format("2006-01-02 15:04 MST"), head.N, size, head.N-size)
	}
	if len(after) > 0 {
		fmt.Fprintf(w, "%s: whoever keeps that checkpoint will find that this log does not go on from it. Tell them that a copy was restored, and when.\n", program)
	}
}

// sqliteFile is the file of a SQLite address, "" for another engine.
func sqliteFile(database string) string {
	file, ok := strings.CutPrefix(database, "sqlite:")
	if !ok {
		return ""
	}
	return file
}
