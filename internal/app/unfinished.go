// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// unfinished is a file that is being written under another name until it is
// whole. When that breaks off it stays, and the next try goes on with it.
type unfinished struct {
	name string // when it is whole
	file *os.File
}

const unfinishedSuffix = ".unfinished"

var errLocked = errors.New("another process has it open")

// openUnfinished opens what an earlier try left, or makes it.
func openUnfinished(name string) (*unfinished, error) {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there already; nothing is ever written over", name)
	}
	f, err := claim(name + unfinishedSuffix)
	if err != nil {
		return nil, err
	}
	return &unfinished{name, f}, nil
}

// claim opens a file that nobody else writes.
func claim(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", name, err)
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("making %s: %w", name, err)
	}
	return f, nil
}

// beside makes the file that takes this one's place.
func (u *unfinished) beside() (*os.File, error) { return claim(u.name + ".next") }

// left says of an error what it left.
func (u *unfinished) left(err error) error {
	if info, failed := u.file.Stat(); failed != nil || info.Size() == 0 {
		return err
	}
	return fmt.Errorf("%w. What was written stays in %s.unfinished; run the same command again to go on", err, u.name)
}

// finish gives the file its name.
func (u *unfinished) finish() error {
	part := u.name + unfinishedSuffix
	err := u.file.Sync()
	if err == nil {
		err = os.Link(part, u.name)
	}
	if err == nil {
		err = os.Remove(part)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(u.name))
	}
	if err != nil {
		return fmt.Errorf("making %s: %w", u.name, err)
	}
	return nil
}

// close lets others have the file. One with nothing in it goes.
func (u *unfinished) close() {
	if info, err := u.file.Stat(); err == nil && info.Size() == 0 {
		os.Remove(u.name + unfinishedSuffix)
	}
	u.file.Close()
}
