// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"slices"
	"strings"
)

// onePack shows one pack's folder beside the base packs it may build on.
type onePack struct {
	name string
	pack fs.FS
	base fs.FS
}

// basePack is the one embedded pack that others build on.
const basePack = "us"

// Open implements fs.FS.
func (o onePack) Open(name string) (fs.File, error) {
	switch first, rest, _ := strings.Cut(name, "/"); {
	case name == ".":
		return o.base.Open(name)
	case first == o.name && rest == "":
		return o.pack.Open(".")
	case first == o.name:
		return o.pack.Open(rest)
	case first == basePack:
		return o.base.Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadDir implements fs.ReadDirFS: the root holds the pack and the base.
func (o onePack) ReadDir(name string) ([]fs.DirEntry, error) {
	switch first, rest, _ := strings.Cut(name, "/"); {
	case name == ".":
		return o.root()
	case first == o.name && rest == "":
		return fs.ReadDir(o.pack, ".")
	case first == o.name:
		return fs.ReadDir(o.pack, rest)
	case first == basePack:
		return fs.ReadDir(o.base, name)
	}
	return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
}

func (o onePack) root() ([]fs.DirEntry, error) {
	info, err := fs.Stat(o.pack, ".")
	if err != nil {
		return nil, err
	}
	list := []fs.DirEntry{packEntry{fs.FileInfoToDirEntry(info), o.name}}
	base, err := fs.ReadDir(o.base, ".")
	if err != nil {
		return nil, err
	}
	for _, e := range base {
		if e.Name() == basePack && o.name != basePack {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// packEntry is a folder under the pack's name.
type packEntry struct {
	fs.DirEntry
	name string
}

// Name is the pack's name.
func (p packEntry) Name() string { return p.name }
