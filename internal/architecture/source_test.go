// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"bytes"
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

var sourceRules = []rule{
	{
		name:  "package-docs",
		why:   "who opens a room for the first time must be told what it promises before reading how",
		check: checkPackageDocs,
	},
	{
		name:  "license",
		why:   "a state's lawyer must be able to tell the license of any one file",
		check: checkLicense,
	},
	{
		name:  "bucket-names",
		why:   "a package named after nothing attracts everything; a thing belongs to the room that owns it",
		check: checkBucketNames,
	},
	{
		name:  "file-size",
		why:   "a file must be readable in one sitting, by someone who has never seen it",
		check: checkFileSize,
	},
	{
		name:  "no-hiding",
		why:   "a skipped test or one that waits for the clock hides something on some machine; what is left to do belongs in an issue",
		check: checkNoHiding,
	},
	{
		name: "no-surprises",
		why: "an init function, or randomness that can be guessed, acts where no reader looks; " +
			"receipts, keys and salts need crypto/rand, and one careless import is enough to lose that",
		check: checkNoSurprises,
	},
	{
		name:  "tests-apart",
		why:   "what exists for tests may start servers and call anybody; it must not be part of the program",
		check: checkTestsApart,
	},
}

// minDoc is the shortest package comment that can say what a package promises.
const minDoc = 80

func checkPackageDocs(h *house) []string {
	docs := map[string]int{}
	for _, s := range h.sources {
		if s.test || strings.HasPrefix(s.dir, "test/") {
			continue
		}
		docs[s.dir] = max(docs[s.dir], len(s.ast.Doc.Text()))
	}
	var found []string
	for dir, n := range docs {
		if n < minDoc {
			found = append(found, fmt.Sprintf("%s: the package comment has %d letters, want %d that say what it promises", dir, n, minDoc))
		}
	}
	return found
}

func checkLicense(h *house) []string {
	var found []string
	for _, s := range h.sources {
		if !bytes.HasPrefix(s.text, []byte("// SPDX-License-Identifier: Apache-2.0\n")) {
			found = append(found, s.path+":1: no SPDX-License-Identifier")
		}
	}
	return found
}

var buckets = []string{
	"base", "common", "core", "helper", "helpers", "lib", "misc", "model", "models", "pkg",
	"shared", "types", "util", "utils",
}

func checkBucketNames(h *house) []string {
	found := map[string]bool{}
	for _, s := range h.sources {
		for part := range strings.SplitSeq(s.dir, "/") {
			if slices.Contains(buckets, part) {
				found[s.dir+": "+part+" names nothing"] = true
			}
		}
	}
	return keys(found)
}

const maxLines = 600

func checkFileSize(h *house) []string {
	var found []string
	for _, s := range h.sources {
		if n := bytes.Count(s.text, []byte("\n")); !s.test && n > maxLines {
			found = append(found, fmt.Sprintf("%s: %d lines, at most %d", s.path, n, maxLines))
		}
	}
	return found
}

// leftOver is a note to do something later, as people write it.
var leftOver = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

func checkNoHiding(h *house) []string {
	var found []string
	for _, s := range h.sources {
		s.selections(func(x, name, at string) {
			switch {
			case x == "time" && name == "Sleep" && s.test:
				found = append(found, at+": sleeps; wait for the event itself, or advance the clock")
			case s.test && strings.HasPrefix(name, "Skip") && slices.Contains([]string{"t", "b", "f", "tb"}, x):
				found = append(found, at+": skips")
			case x == "testing" && name == "Short":
				found = append(found, at+": leaves something out of a short run")
			}
		})
	}
	for _, name := range h.paths() {
		if !h.written(name) {
			continue
		}
		h.lines(name, func(at, line string) {
			if word := leftOver.FindString(line); word != "" {
				found = append(found, at+": "+word)
			}
		})
	}
	return found
}

// mayGuess are the files that may use randomness that can be guessed, and why.
var mayGuess = map[string]string{
	"internal/platform/jobs/runner.go": "it spreads attempts in time, so that they do not all come at once; nothing secret depends on it",
}

func checkNoSurprises(h *house) []string {
	var found []string
	for _, s := range h.sources {
		for _, d := range s.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				found = append(found, s.at(fn.Pos())+": func init")
			}
		}
		s.imports(func(p, at string) {
			guess := strings.HasPrefix(p, "math/rand") && mayGuess[s.path] == ""
			if !s.test && (guess || p == "unsafe") {
				found = append(found, at+": imports "+p)
			}
		})
	}
	return found
}

func checkTestsApart(h *house) []string {
	var found []string
	for _, s := range h.sources {
		if s.test || inTestPackage(s.dir) {
			continue
		}
		s.imports(func(p, at string) {
			if p == "testing" || strings.HasPrefix(p, module) && inTestPackage(p) {
				found = append(found, at+": imports "+p)
			}
		})
	}
	return found
}

// inTestPackage says whether a package is made for tests: storetest, webtest, or
// anything under test/.
func inTestPackage(dir string) bool {
	return strings.HasSuffix(dir, "test") || strings.HasPrefix(dir, "test/")
}

// written says whether people of this project wrote the file: not a license, a
// list of checksums, or a copy of someone else's library.
func (h *house) written(name string) bool {
	base := path.Base(name)
	return base != "LICENSE" && base != "go.sum" && !strings.Contains(base, ".min.") && !inTestdata(name) &&
		!strings.Contains(name, "/vendored/") && !strings.Contains(name, "/third_party/")
}

// lines visits a file's lines with their position.
func (h *house) lines(name string, visit func(at, line string)) {
	n := 0
	for line := range bytes.Lines(h.files[name]) {
		n++
		visit(fmt.Sprintf("%s:%d", name, n), strings.TrimRight(string(line), "\r\n"))
	}
}

func keys(set map[string]bool) []string {
	var list []string
	for k := range set {
		list = append(list, k)
	}
	return list
}
