// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rule is one thing that holds everywhere in the repository.
type rule struct {
	name  string
	why   string
	check func(h *house) []string // what breaks it, each "path:line: what"
}

var rules = slices.Concat(importRules, sourceRules, wordRules, privacyRules, schemaRules, pageRules, dependencyRules, controlRules, logRules)

func TestHouse(t *testing.T) {
	t.Parallel()
	h, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(h.sources) < 10 || h.files["go.mod"] == nil {
		t.Fatalf("found only %d Go files: this is not the repository", len(h.sources))
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			found := r.check(h)
			for _, f := range found {
				t.Error(f)
			}
			if len(found) > 0 {
				t.Logf("why this rule exists: %s", r.why)
			}
		})
	}
}

func TestRulesFindWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if r.why == "" {
				t.Error("the rule does not say why it exists")
			}
			want, h := sample(t, r.name)
			got := r.check(h)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("found\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
		})
	}
}

// sample reads testdata/<rule>.txt: the findings wanted, sorted, one a line, and
// then files, each under a line "-- path --".
func sample(t *testing.T, name string) (want []string, h *house) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut("\n"+string(data), "\n-- ")
	h = &house{files: map[string][]byte{}}
	for part := range strings.SplitSeq(rest, "\n-- ") {
		file, body, ok := strings.Cut(part, " --\n")
		if !ok {
			t.Fatalf("testdata/%s.txt: want \"-- path --\" above each file", name)
		}
		h.files[file] = []byte(body + "\n")
	}
	if err := h.parse(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(head) {
		if line = strings.TrimSpace(line); line != "" {
			want = append(want, line)
		}
	}
	if len(want) == 0 {
		t.Fatalf("testdata/%s.txt shows nothing wrong", name)
	}
	return want, h
}

// house is the repository: every file a person wrote, and the Go ones parsed.
type house struct {
	files   map[string][]byte
	sources []*source
}

// source is one Go file.
type source struct {
	path, dir string
	test      bool // a _test.go file
	text      []byte
	ast       *ast.File
	fset      *token.FileSet
}

// imports lists the import paths with their positions.
func (s *source) imports(visit func(path, at string)) {
	for _, spec := range s.ast.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			visit(p, s.at(spec.Pos()))
		}
	}
}

// at is "path:line".
func (s *source) at(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(pos).Line)
}

// paths lists the files in order.
func (h *house) paths() []string { return slices.Sorted(maps.Keys(h.files)) }

// load reads the tree. Folders whose name begins with a dot are left out, all but
// .ci, and so are bin and dist, where make puts what it builds, and node_modules.
func load(fsys fs.FS) (*house, error) {
	h := &house{files: map[string][]byte{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			if name != "." && base != ".ci" && strings.HasPrefix(base, ".") || base == "node_modules" || name == "bin" || name == "dist" {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := fs.ReadFile(fsys, name)
		if err == nil && !binary(data) {
			h.files[name] = data
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the repository: %w", err)
	}
	return h, h.parse()
}

func binary(data []byte) bool { return bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 }

// parse reads the Go files that are part of the program or its tests.
func (h *house) parse() error {
	for _, name := range h.paths() {
		if path.Ext(name) != ".go" || inTestdata(name) {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, h.files[name], parser.ParseComments)
		if err != nil {
			return fmt.Errorf("parsing: %w", err)
		}
		h.sources = append(h.sources, &source{
			path: name, dir: path.Dir(name), text: h.files[name],
			test: strings.HasSuffix(name, "_test.go"), ast: file, fset: fset,
		})
	}
	return nil
}

func inTestdata(name string) bool {
	return strings.HasPrefix(name, "testdata/") || strings.Contains(name, "/testdata/")
}

// selections visits every x.Name of the file where x is a plain name.
func (s *source) selections(visit func(x, name, at string)) {
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok {
				visit(x.Name, sel.Sel.Name, s.at(sel.Pos()))
			}
		}
		return true
	})
}
