// SPDX-License-Identifier: Apache-2.0

package tamper

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
	"waylight/internal/protection/file"
)

var ctx = context.Background()

// world is a database that an installation with invented people and reports left
// behind, copies of it from earlier days, and the checkpoints that somebody else
// kept on two of those days.
type world struct {
	data   string
	file   string
	older  []string // copies, oldest first
	tables map[string]*store.Table
	order  []string // covered tables with rows
	open   []string // tables that no leaf covers
	kept   []string
	sizes  []int64 // sizes of all checkpoints, smallest first
	upTo   int64   // size of the newest checkpoint that was kept
	leaves int64
	last   map[string]int64 // by table and key: the last leaf that names the row
	log    []custody.Leaf
	now    map[string]map[string][]any   // by table and key: the rows
	old    []map[string]map[string][]any // the same of the older copies
	signer note.Signer
}

// live lets an installation live, with copies and checkpoints taken on the way.
func live(t *testing.T) *world {
	t.Helper()
	w := &world{data: filepath.Join(t.TempDir(), "demo")}
	w.file = filepath.Join(w.data, "waylight.db")
	d, err := demo.Start(ctx, demo.Config{Data: w.data, Origin: "http://127.0.0.1", Reports: 9})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for day := range 3 {
		for n := range 3 {
			accepted, err := d.Send(ctx, 20+3*day+n)
			if err != nil {
				t.Fatal(err)
			}
			if n > 0 {
				continue
			}
			to, err := d.App.Reports.Find(ctx, "", accepted.Receipt.Lookup())
			if err == nil {
				_, err = d.App.Files.Receive(ctx, to, file.Form{}, "a.txt", "text/plain", strings.NewReader("words"))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.App.Runner.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		if day < 2 {
			w.keep(t, d, day)
		}
	}
	if err := d.App.PublishAll(ctx); err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Open(filepath.Join(w.data, "keyring"))
	if err != nil {
		t.Fatal(err)
	}
	log := d.App.LogOf(demo.Program)
	if w.signer, _, err = ring.SignerFor(demo.Program, log.Origin()); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	w.read(t)
	return w
}

// keep publishes, gives the checkpoint to somebody else, lets a little more
// happen, and copies the database.
func (w *world) keep(t *testing.T, d *demo.Demo, day int) {
	t.Helper()
	if err := d.App.PublishAll(ctx); err != nil {
		t.Fatal(err)
	}
	text, err := d.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w.kept = append(w.kept, text)
	older := filepath.Join(filepath.Dir(w.data), fmt.Sprintf("older-%d.db", day))
	db := open(t, w.file)
	defer db.Close() // the last to close takes the journal away
	if _, err := db.Exec(`vacuum into $1`, older); err != nil {
		t.Fatal(err)
	}
	w.older = append(w.older, older)
}

func open(t testing.TB, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)&_pragma=synchronous(0)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

// read learns from the leaves, without the program's help, what the last word
// about each row is.
func (w *world) read(t *testing.T) {
	t.Helper()
	var err error
	if _, w.tables, err = store.ParseSchema(append(app.Schemas(), store.Schema{Room: "custody", FS: custody.Migrations()})); err != nil {
		t.Fatal(err)
	}
	db := open(t, w.file)
	if _, err := db.Exec("pragma journal_mode(delete)"); err != nil {
		t.Fatal(err)
	}
	w.readLog(t, db)
	w.now = w.readRows(t, db)
	for _, file := range w.older {
		w.old = append(w.old, w.readRows(t, open(t, file)))
	}
	for name, table := range w.tables {
		switch {
		case len(w.now[name]) == 0 || strings.HasPrefix(name, "custody_"):
		case table.Covered:
			w.order = append(w.order, name)
		case name != "file_part": // held against the hash in its file's row, which is covered
			w.open = append(w.open, name)
		}
	}
	slices.Sort(w.order)
	slices.Sort(w.open)
	rows, err := db.Query("select size from custody_checkpoint order by size")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var size int64
		if err := rows.Scan(&size); err != nil {
			t.Fatal(err)
		}
		w.sizes = append(w.sizes, size)
	}
	for _, text := range w.kept {
		w.upTo = max(w.upTo, sizeOf(text))
	}
}

func (w *world) readLog(t *testing.T, db *sql.DB) {
	t.Helper()
	w.last = map[string]int64{}
	rows, err := db.Query("select commitment, salt, opening, coalesce(row_list, x'') from custody_leaf order by idx")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var commitment, salt []byte
		leaf := custody.Leaf{Program: demo.Program}
		if err := rows.Scan(&commitment, &salt, &leaf.Opening, &leaf.Rows); err != nil {
			t.Fatal(err)
		}
		leaf.Commitment, leaf.Salt = [32]byte(commitment), [32]byte(salt)
		list, err := custody.DecodeRows(leaf.Rows)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			w.last[r.Table+"\x00"+string(r.Key)] = w.leaves
		}
		w.log = append(w.log, leaf)
		w.leaves++
	}
}

// readRows reads every table into memory.
func (w *world) readRows(t *testing.T, db *sql.DB) map[string]map[string][]any {
	t.Helper()
	all := map[string]map[string][]any{}
	for name, table := range w.tables {
		if name == "custody_leaf" {
			continue
		}
		rows, err := db.Query("select " + strings.Join(columns(table), ", ") + " from " + name)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		all[name] = map[string][]any{}
		for rows.Next() {
			values, into := make([]any, len(table.Columns)), make([]any, len(table.Columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			for i, v := range values {
				if b, ok := v.([]byte); ok && b == nil {
					values[i] = []byte{} // no bytes, which is not nothing
				}
			}
			all[name][keyOf(table, values)] = values
		}
	}
	return all
}

func columns(t *store.Table) (names []string) {
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return names
}

// keyOf is a row's canonical key.
func keyOf(t *store.Table, values []any) string {
	var b []byte
	for _, name := range t.Key {
		b = custody.AppendValue(b, values[slices.Index(columns(t), name)])
	}
	return string(b)
}

func sizeOf(checkpoint string) (size int64) {
	fmt.Sscanf(strings.Split(checkpoint, "\n")[1], "%d", &size)
	return size
}

// signedUpTo is the largest of some sizes up to a leaf: where a search for it has
// to begin.
func signedUpTo(sizes []int64, leaf int64) (from int64) {
	for _, size := range sizes {
		if size <= leaf {
			from = max(from, size)
		}
	}
	return from
}

func (w *world) keptSizes() (sizes []int64) {
	for _, text := range w.kept {
		sizes = append(sizes, sizeOf(text))
	}
	return sizes
}

// verify is what `waylight verify` says of a database, with the checkpoints that
// were kept. leaf is the first that it names, -1 for none.
func (w *world) verify(url string) (problems int, leaf int64, said string, err error) {
	var out bytes.Buffer
	problems, err = app.Verification{Data: w.data, Database: url, Checkpoints: w.kept}.Run(ctx, &out)
	leaf = -1
	const name = ": the first leaf that disagrees is "
	if _, rest, ok := strings.Cut(out.String(), name); ok {
		fmt.Sscanf(rest, "%d", &leaf)
	}
	return problems, leaf, out.String(), err
}

// copyFile makes a fresh copy of a database.
func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}
