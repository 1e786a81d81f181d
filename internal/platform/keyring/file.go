// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// create writes data to a new file at path and returns when it would survive a power failure. It fails with fs.ErrExist when path is taken.
//
// The data is written under a temporary name and linked to its own: a reader sees nothing or everything, and of two makers one wins.
func create(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	closeErr := tmp.Close()
	if err != nil {
		return err
	}
	if closeErr != nil {
		return closeErr
	}
	err = os.Link(tmp.Name(), path)
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// read returns the content of a file that only its owner can read.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	err = private(path, info)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func private(path string, info fs.FileInfo) error {
	if runtime.GOOS == "windows" { // no permission bits there; access lists are the operator's
		return nil
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s can be read by others (mode %04o): find out who could have, then remove that permission", path, mode)
	}
	return nil
}

func syncDir(path string) error {
	if runtime.GOOS == "windows" { // folders cannot be synced there
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	closeErr := d.Close()
	if err != nil {
		return err
	}
	return closeErr
}
