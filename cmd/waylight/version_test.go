// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// The bill of materials lists what is linked in at its version, Go itself, and what pages carry; each thing once, and the same bytes each time.
func TestBillOfMaterials(t *testing.T) {
	t.Parallel()
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("this binary knows nothing of itself")
	}
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := writeSBOM(out, info); err != nil {
			t.Fatal(err)
		}
	}
	if first.String() != second.String() {
		t.Error("two lists of the same build differ")
	}
	var list bom
	if err := json.Unmarshal(first.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if list.Format != "CycloneDX" || list.Spec != "1.6" || list.Version != 1 || list.Metadata.Component.Name != "waylight" || list.Metadata.Component.Version == "" {
		t.Errorf("%+v", list.Metadata)
	}
	found := map[string]string{}
	for _, c := range list.Components {
		if found[c.Ref] != "" || c.Name == "" || c.Version == "" || c.Type != "library" || !strings.HasPrefix(c.PURL, "pkg:") {
			t.Errorf("%+v", c)
		}
		found[c.Ref] = c.Version
	}
	if len(list.Dependencies) != 1 || list.Dependencies[0].Ref != list.Metadata.Component.Ref || !slices.Equal(list.Dependencies[0].DependsOn, slices.Sorted(maps.Keys(found))) {
		t.Errorf("%+v", list.Dependencies)
	}
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	pinned := map[string]string{}
	for _, r := range mod.Require {
		pinned[r.Mod.Path] = r.Mod.Version
	}
	for _, name := range []string{"modernc.org/sqlite", "github.com/jackc/pgx/v5", "cel.dev/cel-go", "golang.org/x/mod"} {
		if v := pinned[name]; found["pkg:golang/"+name+"@"+v] != v || v == "" {
			t.Errorf("%s %s is not listed", name, v)
		}
	}
	if found["pkg:golang/std@"+strings.TrimPrefix(info.GoVersion, "go")] == "" {
		t.Errorf("%s is not listed", info.GoVersion)
	}
}

// What pages carry is what browser/ was built from.
func TestBillOfMaterialsKnowsThePages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../browser/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var pinned struct{ Dependencies map[string]string }
	if err := json.Unmarshal(text, &pinned); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(pinned.Dependencies, inPages) {
		t.Errorf("the list has %v, the browser's scripts %v", inPages, pinned.Dependencies)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	say := func(args ...string) (int, string) {
		var out, wrong bytes.Buffer
		code := run(context.Background(), &console{in: strings.NewReader(""), out: &out, err: &wrong}, append([]string{"version"}, args...))
		return code, out.String() + wrong.String()
	}
	if code, text := say(); code != exitOK || !strings.HasPrefix(text, "waylight ") || !strings.Contains(text, "\n  modernc.org/sqlite v") || !strings.Contains(text, "FIPS 140-3 module: ") {
		t.Errorf("%d %s", code, text)
	}
	if code, text := say("--sbom", "--as", "9.9.9", self); code != exitOK || !strings.Contains(text, `"version": "9.9.9"`) || !strings.Contains(text, `"pkg:golang/modernc.org/sqlite@`) {
		t.Errorf("%d %s", code, text)
	}
	for _, other := range []string{"/bin/sh", "/no/such/file"} {
		if code, text := say(other); code != exitWrong {
			t.Errorf("%s: %d %s", other, code, text)
		}
	}
}

// What a binary says of itself is found in its file as the running one knows it.
func TestBuildIsReadFromAFile(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	got, err := readBuild(self)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := debug.ReadBuildInfo()
	if got.String() != want.String() || got.GoVersion != want.GoVersion {
		t.Errorf("the file says\n%s\nand the program\n%s", got, want)
	}
	if _, err := readBuild("version_test.go"); err == nil {
		t.Error("a file that no Go made has information on its build")
	}
}
