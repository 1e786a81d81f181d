// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var controlRules = []rule{
	{
		name: "controls",
		why: "a control that no test holds is a sentence; an auditor who is shown a test that does not exist believes nothing else on the page; and an event " +
			"that is not in the catalog is one that nobody looks for",
		check: checkControls,
	},
}

const controlsPage = "docs/controls.md"

var (
	namedTest  = regexp.MustCompile("`([a-z]+)\\.(Test[A-Za-z0-9]+)`")
	namedEvent = regexp.MustCompile("`([a-z_]+\\.(?:[a-z_]+|\\*))`")
)

// checkControls holds the page of controls against the code: every test it names exists in a package of that name, every row of a table of controls names one or
// says what is missing, and every event that the code logs by a literal is in its catalog.
func checkControls(h *house) []string {
	page, ok := h.files[controlsPage]
	if !ok {
		return []string{controlsPage + ": is missing"}
	}
	tests := h.tests()
	var found []string
	for i, line := range strings.Split(string(page), "\n") {
		at := fmt.Sprintf("%s:%d", controlsPage, i+1)
		names := namedTest.FindAllStringSubmatch(line, -1)
		for _, m := range names {
			if !tests[m[1]+"."+m[2]] {
				found = append(found, fmt.Sprintf("%s: there is no test %s.%s", at, m[1], m[2]))
			}
		}
		cells := strings.Count(line, " | ")
		if strings.HasPrefix(line, "| ") && cells >= 4 && !strings.Contains(line, "---") && !strings.HasPrefix(line, "| CJIS ") && len(names) == 0 && !strings.Contains(line, "**Not met") {
			found = append(found, at+": names no test and does not say what is not met")
		}
	}
	return append(found, h.eventsMissingFrom(string(page))...)
}

// tests lists the test functions as "package.Test", the package by its folder.
func (h *house) tests() map[string]bool {
	all := map[string]bool{}
	for _, s := range h.sources {
		if !s.test {
			continue
		}
		for _, d := range s.ast.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				all[path.Base(s.dir)+"."+f.Name.Name] = true
			}
		}
	}
	return all
}

// eventsMissingFrom finds events of custody entries that the catalog does not have. What ends in "_" or "." is completed when it is logged.
func (h *house) eventsMissingFrom(page string) []string {
	var listed []string
	for _, m := range namedEvent.FindAllStringSubmatch(page, -1) {
		listed = append(listed, m[1])
	}
	var found []string
	for _, s := range h.sources {
		if s.test || inTestPackage(s.dir) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			kv, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, ok := kv.Key.(*ast.Ident)
			if !ok || key.Name != "Event" {
				return true
			}
			if event := literal(kv.Value); strings.Contains(event, ".") && !slices.ContainsFunc(listed, func(l string) bool { return covers(l, event) }) {
				found = append(found, fmt.Sprintf("%s: the event %s is not in %s", s.at(kv.Pos()), event, controlsPage))
			}
			return true
		})
	}
	return found
}

// literal is the text that an expression begins with, "" for none.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err == nil {
			return text
		}
	case *ast.BinaryExpr:
		return literal(e.X)
	}
	return ""
}

// covers says whether an entry of the catalog is for an event.
func covers(listed, event string) bool {
	if family, ok := strings.CutSuffix(listed, "*"); ok {
		return strings.HasPrefix(event, family)
	}
	if strings.HasSuffix(event, "_") || strings.HasSuffix(event, ".") {
		return strings.HasPrefix(listed, event)
	}
	return listed == event
}
