// SPDX-License-Identifier: Apache-2.0

package program

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"waylight/internal/platform/fault"
)

// sumFile names the list of hashes that an override may carry.
const sumFile = "pack.sum"

// files are the YAML files of all packs, by path: "ms/rules/child.yaml".
type files map[string][]byte

// gather reads the packs' files; those of a later file system replace those of
// the same path.
func gather(layers ...fs.FS) (files, *faults, error) {
	all, wrong := files{}, &faults{}
	for i, layer := range layers {
		one, err := readLayer(layer)
		if err != nil {
			return nil, nil, fault.Wrap(err, "reading the packs")
		}
		if i > 0 {
			verifySum(layer, one, wrong)
		}
		for name, data := range one {
			all[name] = data
		}
	}
	return all, wrong, nil
}

func readLayer(layer fs.FS) (files, error) {
	found := files{}
	err := fs.WalkDir(layer, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || path.Ext(name) != ".yaml" {
			return nil
		}
		data, err := fs.ReadFile(layer, name)
		if err == nil {
			found[name] = data
		}
		return err
	})
	return found, err
}

// packFile says whether a path is one that packs are made of.
func packFile(name string) bool {
	parts := strings.Split(name, "/")
	switch len(parts) {
	case 2:
		return slices.Contains([]string{"program.yaml", "offices.yaml", "channels.yaml", "laws.yaml", "holidays.yaml", "courts.yaml", "ladder.yaml", "notices.yaml", "told.yaml", "form.yaml"}, parts[1])
	case 3:
		return slices.Contains([]string{"offices", "channels", "laws", "rules", "notices"}, parts[1])
	}
	return false
}

// Sum lists the SHA-256 of every file of the packs in fsys, as pack.sum holds it.
func Sum(fsys fs.FS) ([]byte, error) {
	found, err := readLayer(fsys)
	if err != nil {
		return nil, fault.Wrap(err, "reading the packs")
	}
	var out bytes.Buffer
	for _, name := range sortedKeys(found) {
		fmt.Fprintf(&out, "%x  %s\n", sha256.Sum256(found[name]), name)
	}
	return out.Bytes(), nil
}

// verifySum compares an override with its own list of hashes, if it has one.
func verifySum(layer fs.FS, found files, wrong *faults) {
	data, err := fs.ReadFile(layer, sumFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		wrong.add(mark{file: sumFile}, "cannot be read")
		return
	}
	listed := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		at := mark{file: sumFile, line: n}
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		want, err := hex.DecodeString(sum)
		if !ok || err != nil || len(want) != sha256.Size {
			wrong.add(at, "a line is a SHA-256, two spaces and a path")
			continue
		}
		listed[name] = true
		content, there := found[name]
		got := sha256.Sum256(content)
		switch {
		case !there:
			wrong.add(at, "%s is missing", name)
		case !bytes.Equal(got[:], want):
			wrong.add(mark{file: name}, "was changed after %s was written", sumFile)
		}
	}
	for _, name := range sortedKeys(found) {
		if !listed[name] {
			wrong.add(mark{file: name}, "is not listed in %s", sumFile)
		}
	}
}

// strays are YAML files in a pack that no pack is made of: a rule in a folder
// with a misspelled name would otherwise be a rule that nobody obeys.
func (f files) strays(wrong *faults) {
	packs := f.packs()
	for _, name := range sortedKeys(f) {
		dir, _, _ := strings.Cut(name, "/")
		if slices.Contains(packs, dir) && !packFile(name) {
			wrong.add(mark{file: name}, "is not the name of a file of a pack")
		}
	}
}

// packs lists the folders that are packs.
func (f files) packs() []string {
	var ids []string
	for name := range f {
		dir, rest, _ := strings.Cut(name, "/")
		if rest == "program.yaml" {
			ids = append(ids, dir)
		}
	}
	slices.Sort(ids)
	return ids
}

// of lists the files of one kind in a pack: the single one first, then those of
// the folder by name.
func (f files) of(pack, kind string) []string {
	var names []string
	if _, ok := f[pack+"/"+kind+".yaml"]; ok {
		names = append(names, pack+"/"+kind+".yaml")
	}
	for _, name := range sortedKeys(f) {
		if strings.HasPrefix(name, pack+"/"+kind+"/") {
			names = append(names, name)
		}
	}
	return names
}

// version names the exact content of some packs.
func (f files) version(id string, packs ...string) string {
	h := sha256.New()
	for _, name := range sortedKeys(f) {
		dir, _, _ := strings.Cut(name, "/")
		if slices.Contains(packs, dir) {
			fmt.Fprintf(h, "%d:%s%d:", len(name), name, len(f[name]))
			h.Write(f[name])
		}
	}
	return id + "-" + hex.EncodeToString(h.Sum(nil))[:20]
}
