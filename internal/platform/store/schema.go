// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Schema is one room's migrations: files NNNN_name.sql, either directly in FS
// or in its folder "migrations".
type Schema struct {
	Room string
	FS   fs.FS
}

// Class says who can read a column at rest.
type Class string

// The classes of columns.
const (
	Clear  Class = "clear"  // the closed list: envelope, states, directory, figures
	Sealed Class = "sealed" // opened only in a member's browser
	Tenant Class = "tenant" // encrypted under the tenant's key
)

// Column is one declared column.
type Column struct {
	Name  string
	Type  string // text, bigint or bytes
	Class Class
}

// Table is one declared table.
type Table struct {
	Room    string
	Name    string
	Covered bool
	Reason  string // why it is not covered
	Columns []Column
	Key     []string // primary key
	Uniques [][]string
	Foreign [][]string        // the referencing columns of each foreign key
	place   int               // its turn among all declared tables
	insert  map[string]string // by engine
	touch   string
	keyAt   []int
}

// Migration is one numbered file of a room.
type Migration struct {
	Room   string
	Number int
	Name   string
	SQL    string
}

var (
	fileName    = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)
	tableLine   = regexp.MustCompile(`^create table ([a-z_]+) \( -- (covered|not covered: .+)$`)
	columnLine  = regexp.MustCompile(`^([a-z][a-z0-9_]*) (text|bigint|bytes)\b([^-]*?),? -- (clear|sealed|tenant)$`)
	keyLine     = regexp.MustCompile(`^primary key \(([a-z0-9_, ]+)\),?$`)
	uniqueLine  = regexp.MustCompile(`^unique \(([a-z0-9_, ]+)\),?$`)
	foreignLine = regexp.MustCompile(`^foreign key \(([a-z0-9_, ]+)\) references [a-z_]+ \(([a-z0-9_, ]+)\),?$`)
	indexLine   = regexp.MustCompile(`^create (unique )?index [a-z0-9_]+ on ([a-z_]+) \(([a-z0-9_, ]+)\)( where .+)?;$`)
	dropLine    = regexp.MustCompile(`^drop index [a-z0-9_]+;$`)
	alterLine   = regexp.MustCompile(`^alter table ([a-z_]+) add column (.+);( -- (?:clear|sealed|tenant))$`)
	bytesType   = regexp.MustCompile(`\bbytes\b`)
	bigintType  = regexp.MustCompile(`\bbigint\b`)
)

// ParseSchema reads the rooms' migrations in order and returns them with the
// tables that they declare. It refuses gaps in the numbers and anything that
// is not in the strict form that docs/architecture.md describes.
func ParseSchema(schemas []Schema) ([]Migration, map[string]*Table, error) {
	return parseSchema(schemas, nil)
}

// parseSchema is ParseSchema up to the last migration that each room has run; nil
// stands for all.
func parseSchema(schemas []Schema, ran map[string]int) ([]Migration, map[string]*Table, error) {
	var migrations []Migration
	tables := map[string]*Table{}
	for _, s := range schemas {
		if s.FS == nil {
			continue
		}
		files, err := migrationFiles(s.FS)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the migrations of %s: %w", s.Room, err)
		}
		for i, file := range files {
			number, _ := strconv.Atoi(path.Base(file)[:4])
			if number != i+1 {
				return nil, nil, fmt.Errorf("%s: migration %s is not number %04d: the numbers have a gap", s.Room, file, i+1)
			}
			if ran != nil && number > ran[s.Room] {
				break
			}
			data, err := fs.ReadFile(s.FS, file)
			if err != nil {
				return nil, nil, fmt.Errorf("reading the migrations of %s: %w", s.Room, err)
			}
			if err := parseTables(s.Room, file, string(data), tables); err != nil {
				return nil, nil, err
			}
			migrations = append(migrations, Migration{Room: s.Room, Number: number, Name: path.Base(file), SQL: string(data)})
		}
	}
	for _, t := range tables {
		if err := t.prepare(); err != nil {
			return nil, nil, err
		}
	}
	return migrations, tables, nil
}

func migrationFiles(fsys fs.FS) ([]string, error) {
	var files []string
	for _, pattern := range []string{"*.sql", "migrations/*.sql"} {
		found, err := fs.Glob(fsys, pattern)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	for _, f := range files {
		if !fileName.MatchString(path.Base(f)) {
			return nil, fmt.Errorf("%s is not named NNNN_name.sql", f)
		}
	}
	slices.Sort(files)
	return files, nil
}

func parseTables(room, file, sql string, tables map[string]*Table) error {
	var open *Table
	for i, raw := range strings.Split(sql, "\n") {
		line := strings.TrimSpace(raw)
		if line == "" || strings.HasPrefix(line, "--") {
			continue
		}
		var err error
		switch {
		case open == nil:
			open, err = outside(room, line, tables)
		case line == ");":
			open.place = len(tables)
			tables[open.Name] = open
			open = nil
		default:
			err = inside(open, line)
		}
		if err != nil {
			return fmt.Errorf("%s/%s:%d: %w", room, file, i+1, err)
		}
	}
	if open != nil {
		return fmt.Errorf("%s/%s: table %s is not closed", room, file, open.Name)
	}
	return nil
}

// outside reads a line between tables.
func outside(room, line string, tables map[string]*Table) (*Table, error) {
	if m := tableLine.FindStringSubmatch(line); m != nil {
		if tables[m[1]] != nil {
			return nil, fmt.Errorf("table %s is declared twice", m[1])
		}
		t := &Table{Room: room, Name: m[1], Covered: m[2] == "covered"}
		t.Reason = strings.TrimPrefix(m[2], "not covered: ")
		return t, nil
	}
	if m := indexLine.FindStringSubmatch(line); m != nil {
		t := tables[m[2]]
		if t == nil {
			return nil, fmt.Errorf("index on unknown table %s", m[2])
		}
		if m[1] != "" {
			t.Uniques = append(t.Uniques, names(m[3]))
		}
		return nil, nil
	}
	if m := alterLine.FindStringSubmatch(line); m != nil {
		t := tables[m[1]]
		if t == nil {
			return nil, fmt.Errorf("column for unknown table %s", m[1])
		}
		if strings.Contains(m[2], "not null") {
			return nil, fmt.Errorf("a column added to %s must allow null, so that old rows keep their hash", m[1])
		}
		return nil, inside(t, m[2]+m[3])
	}
	if dropLine.MatchString(line) { // of an index that another one replaces; a unique one stays, since it is a promise
		return nil, nil
	}
	return nil, fmt.Errorf("not a statement of the strict form: %q", line)
}

// inside reads a line between a table's parentheses.
func inside(t *Table, line string) error {
	if m := columnLine.FindStringSubmatch(line); m != nil {
		t.Columns = append(t.Columns, Column{Name: m[1], Type: m[2], Class: Class(m[4])})
		return nil
	}
	if m := keyLine.FindStringSubmatch(line); m != nil {
		t.Key = names(m[1])
		return nil
	}
	if m := uniqueLine.FindStringSubmatch(line); m != nil {
		t.Uniques = append(t.Uniques, names(m[1]))
		return nil
	}
	if m := foreignLine.FindStringSubmatch(line); m != nil {
		t.Foreign = append(t.Foreign, names(m[1]))
		return nil
	}
	return fmt.Errorf("table %s: not a column with its class, nor a key: %q", t.Name, line)
}

// InOrder lists tables as they were declared: what a table refers to stands
// before it.
func InOrder(tables map[string]*Table) []*Table {
	list := slices.Collect(maps.Values(tables))
	slices.SortFunc(list, func(a, b *Table) int { return a.place - b.place })
	return list
}

func names(list string) []string {
	parts := strings.Split(list, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// prepare checks the table and makes the statements that Insert and Touch use.
func (t *Table) prepare() error {
	if len(t.Key) == 0 {
		return fmt.Errorf("table %s has no primary key", t.Name)
	}
	columns := make([]string, len(t.Columns))
	marks := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i], marks[i] = c.Name, "$"+strconv.Itoa(i+1)
	}
	where := make([]string, len(t.Key))
	for i, name := range t.Key {
		at := slices.Index(columns, name)
		if at < 0 {
			return fmt.Errorf("table %s: key column %s is not declared", t.Name, name)
		}
		t.keyAt = append(t.keyAt, at)
		where[i] = fmt.Sprintf("%s = $%d", name, i+1)
	}
	list := strings.Join(columns, ", ")
	t.insert = map[string]string{
		postgres: fmt.Sprintf("insert into %s (%s) values (%s)", t.Name, list, strings.Join(marks, ", ")),
		// The SQLite driver looks numbered parameters up by name on every call.
		sqlite: fmt.Sprintf("insert into %s (%s) values (?%s)", t.Name, list, strings.Repeat(", ?", len(marks)-1)),
	}
	t.touch = fmt.Sprintf("select %s from %s where %s", list, t.Name, strings.Join(where, " and "))
	return nil
}

// render turns a migration into the engine's words.
func render(sql, engine string) string {
	if engine == postgres {
		return bytesType.ReplaceAllString(sql, "bytea")
	}
	return bigintType.ReplaceAllString(bytesType.ReplaceAllString(sql, "blob"), "integer")
}
