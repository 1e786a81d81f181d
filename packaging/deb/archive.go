// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"debug/elf"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// file is one file of a package, its path without a leading slash.
type file struct {
	path string
	mode int64
	data []byte
}

// sum is what dpkg finds damaged files with. It proves nothing to anybody else; SHA256SUMS
// is for that.
func sum(data []byte) [16]byte { return md5.Sum(data) }

// archive is a package: an ar archive of a version, what dpkg reads, and the files.
func archive(at time.Time, control, data []file) ([]byte, error) {
	first, err := tarball(at, control)
	if err != nil {
		return nil, err
	}
	second, err := tarball(at, data)
	if err != nil {
		return nil, err
	}
	out := bytes.NewBufferString("!<arch>\n")
	for _, m := range []file{{"debian-binary", 0, []byte("2.0\n")}, {"control.tar.gz", 0, first}, {"data.tar.gz", 0, second}} {
		fmt.Fprintf(out, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", m.path, at.Unix(), 0, 0, "100644", len(m.data))
		out.Write(m.data)
		if len(m.data)%2 == 1 {
			out.WriteByte('\n')
		}
	}
	return out.Bytes(), nil
}

// tarball packs files and the folders that they are in, all of them root's.
func tarball(at time.Time, files []file) ([]byte, error) {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	packed := tar.NewWriter(zipped)
	header := func(name string, kind byte, mode, size int64) error {
		return packed.WriteHeader(&tar.Header{Name: "./" + name, Typeflag: kind, Mode: mode, Size: size, ModTime: at, Uname: "root", Gname: "root", Format: tar.FormatGNU})
	}
	var err error
	for _, folder := range folders(files) {
		err = errors.Join(err, header(folder, tar.TypeDir, 0o755, 0))
	}
	for _, f := range files {
		err = errors.Join(err, header(f.path, tar.TypeReg, f.mode, int64(len(f.data))))
		if err != nil {
			break
		}
		_, err = packed.Write(f.data)
	}
	err = errors.Join(err, packed.Close(), zipped.Close())
	if err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	return out.Bytes(), nil
}

// folders lists every folder that files are in, each after the one it is in.
func folders(files []file) []string {
	list := []string{""}
	for _, f := range files {
		for dir := path.Dir(f.path); dir != "."; dir = path.Dir(dir) {
			if !slices.Contains(list, dir+"/") {
				list = append(list, dir+"/")
			}
		}
	}
	slices.SortFunc(list, strings.Compare)
	return list
}

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// standsAlone refuses a binary for another kind of machine, and one that needs a library of it.
func standsAlone(binary []byte, arch string) error {
	f, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return fmt.Errorf("the program is none for Linux: %w", err)
	}
	defer f.Close()
	if want, known := machines[arch]; !known || f.Machine != want {
		return fmt.Errorf("the program is for %v and not for %s", f.Machine, arch)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			return errors.New("the program needs libraries of the machine; build it with CGO_ENABLED=0")
		}
	}
	return nil
}
