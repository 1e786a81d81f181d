// SPDX-License-Identifier: Apache-2.0

package program_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"waylight/internal/partnership/program"
	"waylight/programs"
)

var update = flag.Bool("update", false, "write the golden files anew")

// mini is a small program that is in order, as a file system to be changed.
func mini(t testing.TB) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	dir := os.DirFS("testdata/mini")
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(dir, name)
		out[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func checked(t testing.TB, packs fs.FS) (int, string) {
	t.Helper()
	var out bytes.Buffer
	n, err := program.Check(packs, &out)
	if err != nil {
		t.Fatal(err)
	}
	return n, out.String()
}

// The packs that are shipped are in order.
func TestShippedPacksAreInOrder(t *testing.T) {
	t.Parallel()
	n, out := checked(t, programs.FS)
	if n != 0 {
		t.Errorf("%d problems:\n%s", n, out)
	}
	if !strings.Contains(out, "ms: ") {
		t.Errorf("Mississippi was not checked:\n%s", out)
	}
}

// What is wrong is told with file and line, and nothing else is told.
func TestBrokenPacks(t *testing.T) {
	t.Parallel()
	if n, out := checked(t, mini(t)); n != 0 {
		t.Fatalf("the pack that the broken ones come from is not in order:\n%s", out)
	}
	names, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil || len(names) < 20 {
		t.Fatalf("found %d broken packs (%v)", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(path.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			packs := mini(t)
			var want *txtar.File
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = &archive.Files[i]
					continue
				}
				packs[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			n, got := checked(t, packs)
			if n == 0 || n != strings.Count(got, "\n") {
				t.Errorf("%d problems in %d lines", n, strings.Count(got, "\n"))
			}
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
			if _, err := program.Load(packs); err == nil && !strings.Contains(got, "for example {") {
				t.Error("the pack was loaded all the same")
			}
		})
	}
}

// Somebody who changes a file of an override after it was signed off is found out.
func TestTamperedOverride(t *testing.T) {
	t.Parallel()
	override := fstest.MapFS{
		"mini/laws.yaml":        {Data: mini(t)["mini/laws.yaml"].Data},
		"mini/offices/new.yaml": {Data: []byte("offices:\n  - {id: new, name: {en: New, es: Nueva}, kind: other}\n")},
	}
	sum, err := program.Sum(override)
	if err != nil {
		t.Fatal(err)
	}
	override["pack.sum"] = &fstest.MapFile{Data: sum}
	set, err := program.Load(mini(t), override)
	if err != nil {
		t.Fatalf("an override as it was signed off: %v", err)
	}
	if p, _ := set.Program("mini"); p.Offices["new"].ID != "new" {
		t.Error("the override's office is not there")
	}
	for name, spoil := range map[string]func(fstest.MapFS){
		"mini/laws.yaml: was changed after pack.sum was written": func(f fstest.MapFS) {
			f["mini/laws.yaml"] = &fstest.MapFile{Data: bytes.Replace(f["mini/laws.yaml"].Data, []byte("fast"), []byte("slow"), 1)}
		},
		"mini/rules/more.yaml: is not listed in pack.sum": func(f fstest.MapFS) {
			f["mini/rules/more.yaml"] = &fstest.MapFile{Data: []byte("rules: []\nexamples: []\n")}
		},
		"pack.sum:2: mini/offices/new.yaml is missing": func(f fstest.MapFS) { delete(f, "mini/offices/new.yaml") },
		"pack.sum:1: a line is a SHA-256, two spaces and a path": func(f fstest.MapFS) {
			f["pack.sum"] = &fstest.MapFile{Data: append([]byte("hello\n"), sum...)}
		},
	} {
		spoiled := fstest.MapFS{}
		for k, v := range override {
			spoiled[k] = v
		}
		spoil(spoiled)
		_, err := program.Load(mini(t), spoiled)
		var refused *program.Refused
		if !errors.As(err, &refused) || !strings.Contains(refused.Error(), name) {
			t.Errorf("want %q, got %v", name, err)
		}
	}
}

// A file of an override takes the place of the one with its name.
func TestOverrideReplaces(t *testing.T) {
	t.Parallel()
	before, err := program.Load(mini(t))
	if err != nil {
		t.Fatal(err)
	}
	override := fstest.MapFS{"mini/told.yaml": {Data: bytes.Replace(mini(t)["mini/told.yaml"].Data, []byte("Read this."), []byte("Read me."), 1)}}
	after, err := program.Load(mini(t), override)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := before.Program("mini")
	b, _ := after.Program("mini")
	if got := b.Told["before-age"].In("en"); got != "Read me." {
		t.Errorf("the notice is %q", got)
	}
	if a.Version == b.Version || !strings.HasPrefix(a.Version, "mini-") {
		t.Errorf("versions %q and %q: other words, other version", a.Version, b.Version)
	}
	again, err := program.Load(mini(t))
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := again.Program("mini"); c.Version != a.Version {
		t.Errorf("the same files are %q and %q", a.Version, c.Version)
	}
}

func TestNoPack(t *testing.T) {
	t.Parallel()
	if _, err := program.Load(fstest.MapFS{}); err == nil {
		t.Error("loaded nothing without a word")
	}
	if n, out := checked(t, fstest.MapFS{"readme.md": {Data: []byte("hello")}}); n != 1 || !strings.Contains(out, "there is no pack here") {
		t.Errorf("%d: %s", n, out)
	}
}
