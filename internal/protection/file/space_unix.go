// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin || freebsd

package file

import (
	"path/filepath"
	"syscall"
)

// SpaceOf asks how much is left on the disk of a file. Without a file, as with a
// database on another machine, nothing is known.
func SpaceOf(file string) (Space, error) {
	if file == "" {
		return Space{}, nil
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(file), &fs); err != nil {
		return Space{}, err
	}
	block := uint64(fs.Bsize)
	return Space{Free: uint64(fs.Bavail) * block, Total: uint64(fs.Blocks) * block}, nil
}
