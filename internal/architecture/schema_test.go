// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"

	"waylight/internal/platform/store"
)

var schemaRules = []rule{
	{
		name: "tables",
		why: "every table must split by program, so that one state's records can move to a machine of their own and no key of " +
			"one reaches another's; and every column must say who can read it at rest, so that nobody has to guess after a theft",
		check: checkTables,
	},
	{
		name: "queries",
		why: "a query that takes whatever columns there are hands a new sealed column to code that never knew of it; " +
			"SQL outside store.go is SQL nobody finds",
		check: checkQueries,
	},
}

// longEnough is the shortest reason for leaving a table out of the custody log
// that is a reason.
const longEnough = 15

func checkTables(h *house) []string {
	var found []string
	owner := map[string]string{}
	for _, dir := range h.dirs("/migrations") {
		room := path.Dir(dir)
		_, tables, err := store.ParseSchema([]store.Schema{{Room: room, FS: h.sub(dir)}})
		if err != nil {
			found = append(found, err.Error())
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			t := tables[name]
			if owner[name] != "" {
				found = append(found, fmt.Sprintf("%s: table %s is already the table of %s", room, name, owner[name]))
			}
			owner[name] = room
			for _, wrong := range checkTable(t) {
				found = append(found, fmt.Sprintf("%s: table %s: %s", room, name, wrong))
			}
		}
		found = append(found, h.checkKeysInside(dir)...)
	}
	return found
}

func checkTable(t *store.Table) []string {
	var wrong []string
	first := func(what string, columns []string) {
		if columns[0] != "program" {
			wrong = append(wrong, what+" does not begin with program")
		}
	}
	first("the primary key", t.Key)
	for _, u := range t.Uniques {
		first("a unique index", u)
	}
	for _, f := range t.Foreign {
		first("a foreign key", f)
	}
	if !t.Covered && len(t.Reason) < longEnough {
		wrong = append(wrong, "is not covered by the custody log and does not say why")
	}
	for _, c := range t.Columns {
		if c.Class != store.Clear && c.Type != "bytes" {
			wrong = append(wrong, fmt.Sprintf("%s is %s and not bytes", c.Name, c.Class))
		}
	}
	return wrong
}

var (
	hiddenKey = regexp.MustCompile(`^\s*[a-z][a-z0-9_]* (?:text|bigint|bytes)\b[^-]*\b(unique|references|autoincrement|default|generated)\b`)
	reference = regexp.MustCompile(`\breferences [a-z_]+ \((\w+)`)
)

// checkKeysInside finds keys that stand in a column's line, where the parser of
// migrations does not look, and references to a key without its program.
func (h *house) checkKeysInside(dir string) []string {
	var found []string
	for _, name := range h.paths() {
		if path.Dir(name) != dir {
			continue
		}
		h.lines(name, func(at, line string) {
			if m := hiddenKey.FindStringSubmatch(line); m != nil {
				found = append(found, at+": "+m[1]+" in a column's line")
			}
			if m := reference.FindStringSubmatch(line); m != nil && m[1] != "program" {
				found = append(found, at+": refers to a key that does not begin with program")
			}
		})
	}
	return found
}

// sub is one folder of the house as a file system.
func (h *house) sub(dir string) fs.FS {
	files := fstest.MapFS{}
	for name, data := range h.files {
		if path.Dir(name) == dir {
			files[path.Base(name)] = &fstest.MapFile{Data: data}
		}
	}
	return files
}

var (
	everyColumn = regexp.MustCompile(`(?i)\bselect\s+(?:\w+\.)?\*`)
	statement   = regexp.MustCompile("[\"`]\\s*(?:(?:select|SELECT)\\s|(?:insert|INSERT)\\s+(?:into|INTO)\\s|(?:update|UPDATE)\\s+\\w+\\s+(?:set|SET)\\s|(?:delete|DELETE)\\s+(?:from|FROM)\\s)")
)

// holdsSQL are the packages that speak to a database of their own accord.
var holdsSQL = []string{"internal/platform/store", "internal/platform/custody", "internal/platform/jobs"}

func checkQueries(h *house) []string {
	var found []string
	for _, s := range h.sources {
		if s.test || inTestPackage(s.dir) {
			continue
		}
		h.lines(s.path, func(at, line string) {
			if everyColumn.MatchString(line) {
				found = append(found, at+": selects every column")
			}
			if statement.MatchString(line) && !slices.Contains(holdsSQL, s.dir) && !sqlFile(s.path) {
				found = append(found, at+": SQL outside store.go")
			}
		})
	}
	return found
}

// sqlFile says whether a file holds SQL by its name: store.go, or store_<part>.go
// in a room whose SQL does not fit one sitting.
func sqlFile(name string) bool {
	base := path.Base(name)
	return base == "store.go" || strings.HasPrefix(base, "store_")
}
