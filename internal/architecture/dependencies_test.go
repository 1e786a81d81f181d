// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

var dependencyRules = []rule{
	{
		name: "dependencies",
		why: "every library can read what the program reads: each one is taken in by a decision, with a reason that a state can " +
			"check, and a replaced or undeclared one is a decision nobody took",
		check: checkDependencies,
	},
}

const (
	dependencyDoc = "docs/dependencies.md"
	direct        = "## What the code imports"
	indirect      = "## What those need"
	inBrowser     = "## What runs in the browser"
)

// row is a dependency in the document: | `module` | version | license | who | why | ...
var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^ |]+) \\|(.+)\\|$")

func checkDependencies(h *house) []string {
	mod, err := modfile.Parse("go.mod", h.files["go.mod"], nil)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	versions := map[string]string{}
	for _, r := range mod.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	for _, r := range mod.Replace {
		found = append(found, "go.mod: replaces "+r.Old.Path)
	}
	imported := map[string]bool{}
	for _, s := range h.sources {
		if h.apart(s) {
			continue
		}
		s.imports(func(p, at string) {
			if m := owner(p, versions); m != "" {
				imported[m] = true
			} else if external(p) {
				found = append(found, at+": go.mod does not require "+p)
			}
		})
	}
	text := string(h.files[dependencyDoc])
	_, rest, ok := strings.Cut(text, direct+"\n")
	first, rest, second := strings.Cut(rest, indirect+"\n")
	needs, browser, third := strings.Cut(rest, inBrowser+"\n")
	if !ok || !second || !third {
		return append(found, fmt.Sprintf("%s: wants the headings %q, %q and %q", dependencyDoc, direct, indirect, inBrowser))
	}
	needed := map[string]bool{}
	for m := range versions {
		if !imported[m] {
			needed[m] = true
		}
	}
	found = append(found, checkRows(direct, first, imported, versions, 4)...)
	found = append(found, checkRows(indirect, needs, needed, versions, 2)...)
	return append(found, h.checkBrowser(browser)...)
}

// apart says whether a file is a test of a module of its own, below test/: what
// it needs never becomes part of the program.
func (h *house) apart(s *source) bool {
	return s.test && strings.HasPrefix(s.dir, "test/") && h.files[s.dir+"/go.mod"] != nil
}

// checkBrowser compares the packages that browser/ pins with the document.
func (h *house) checkBrowser(text string) []string {
	var pinned struct{ Dependencies map[string]string }
	if data := h.files["browser/package.json"]; data != nil {
		if err := json.Unmarshal(data, &pinned); err != nil {
			return []string{"browser/package.json: " + err.Error()}
		}
	}
	want := map[string]bool{}
	for name := range pinned.Dependencies {
		want[name] = true
	}
	return checkRows(inBrowser, text, want, pinned.Dependencies, 4)
}

// checkRows compares a table of the document with what is pinned. cells are
// the texts of a row after module and version.
func checkRows(heading, text string, want map[string]bool, versions map[string]string, cells int) []string {
	var found []string
	listed := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(text, -1) {
		name, version := m[1], m[2]
		listed[name] = true
		texts := strings.Split(m[3], "|")
		switch {
		case !want[name]:
			found = append(found, fmt.Sprintf("%s: %s does not belong under %q", dependencyDoc, name, heading))
		case versions[name] != version:
			found = append(found, fmt.Sprintf("%s: %s is at %s, pinned at %s", dependencyDoc, name, version, versions[name]))
		case len(texts) != cells || slices.ContainsFunc(texts, func(c string) bool { return strings.TrimSpace(c) == "" }):
			found = append(found, fmt.Sprintf("%s: the row of %s has an empty or missing cell", dependencyDoc, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !listed[name] {
			found = append(found, fmt.Sprintf("%s: %s is missing under %q", dependencyDoc, name, heading))
		}
	}
	return found
}

// owner is the required module that holds a package, "" for none.
func owner(pkg string, versions map[string]string) string {
	best := ""
	for m := range versions {
		if (pkg == m || strings.HasPrefix(pkg, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

// external says whether an import path is outside the standard library and this
// module: its first part is a host name.
func external(pkg string) bool {
	host, _, _ := strings.Cut(pkg, "/")
	return strings.Contains(host, ".")
}
