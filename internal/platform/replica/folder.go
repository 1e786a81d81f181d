// SPDX-License-Identifier: Apache-2.0

package replica

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// folder keeps a copy in a folder, best on another disk.
type folder string

// Append implements Target.
func (d folder) Append(_ context.Context, name string, off int64, b []byte) error {
	flags := os.O_RDWR
	if off == 0 {
		flags |= os.O_CREATE
	}
	f, err := os.OpenFile(filepath.Join(string(d), name), flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) && off > 0 {
		return errGap
	}
	if err != nil {
		return err
	}
	err = appendTo(f, off, b)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if off == 0 {
		return d.sync()
	}
	return nil
}

func appendTo(f *os.File, off int64, b []byte) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < off {
		return errGap
	}
	if info.Size() > off { // of an attempt that failed
		if err := f.Truncate(off); err != nil {
			return err
		}
	}
	if _, err := f.WriteAt(b, off); err != nil {
		return err
	}
	return f.Sync()
}

func (d folder) sync() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Names implements Target.
func (d folder) Names(context.Context) (map[string]int64, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	names := map[string]int64{}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking at %s: %w", e.Name(), err)
		}
		if info.Mode().IsRegular() {
			names[e.Name()] = info.Size()
		}
	}
	return names, nil
}

// Open implements Target.
func (d folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(string(d), name))
}

// Remove implements Target.
func (d folder) Remove(_ context.Context, name string) error {
	err := os.Remove(filepath.Join(string(d), name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
