// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/protection/file"
)

var ctx = context.Background()

// lived returns the folder of an installation that has lived through a small
// demo and was stopped.
func lived(t *testing.T, reports int) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "demo")
	d, err := demo.Start(ctx, demo.Config{Data: data, Origin: "http://127.0.0.1", Reports: reports})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return data
}

func verify(t *testing.T, v app.Verification) (int, string) {
	t.Helper()
	var out bytes.Buffer
	n, err := v.Run(ctx, &out)
	if err != nil {
		t.Fatal(err)
	}
	return n, out.String()
}

var firstBad = regexp.MustCompile(`the first leaf that disagrees is \d+`)

// One byte changed in any covered column is found, and the first leaf that
// disagrees is named.
func TestVerifyFindsAChangeInEveryCoveredColumn(t *testing.T) {
	t.Parallel()
	data := lived(t, 24)
	if n, out := verify(t, app.Verification{Data: data}); n != 0 {
		t.Fatalf("before any change: %s", out)
	}
	_, tables, err := store.ParseSchema(app.Schemas())
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(data, "waylight.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	changed := 0
	for _, table := range tables {
		if !table.Covered {
			continue
		}
		for _, column := range table.Columns {
			undo, ok := change(t, db, table.Name, column)
			if !ok {
				continue // no row of the demo has a value here
			}
			changed++
			n, out := verify(t, app.Verification{Data: data})
			if n == 0 || !firstBad.MatchString(out) {
				t.Errorf("%s.%s: a changed byte was not found, or no leaf was named: %s", table.Name, column.Name, out)
			}
			undo()
		}
	}
	if n, out := verify(t, app.Verification{Data: data}); n != 0 {
		t.Fatalf("after every change was undone: %s", out)
	}
	if changed < 60 {
		t.Errorf("only %d columns had a value to change", changed)
	}
}

// change alters one byte of one value of a column and returns how to undo it.
func change(t *testing.T, db *sql.DB, table string, column store.Column) (undo func(), ok bool) {
	t.Helper()
	var row int64
	var was any
	q := fmt.Sprintf(`select rowid, %[1]s from %[2]s where %[1]s is not null and length(%[1]s) > 0 order by rowid limit 1`, column.Name, table)
	err := db.QueryRow(q).Scan(&row, &was)
	if err == sql.ErrNoRows {
		return nil, false
	}
	if err != nil {
		t.Fatal(err)
	}
	set := func(v any) {
		if _, err := db.Exec(fmt.Sprintf(`update %s set %s = $1 where rowid = $2`, table, column.Name), v, row); err != nil {
			t.Fatalf("%s.%s: %v", table, column.Name, err)
		}
	}
	switch v := was.(type) {
	case int64:
		set(v ^ 1<<40) // a byte that keeps keys apart
	case string:
		b := []byte(v)
		b[len(b)/2] ^= 1
		set(string(b))
	case []byte:
		b := slices.Clone(v)
		b[len(b)/2] ^= 1
		set(b)
	}
	return func() { set(was) }, true
}

// A database that was put back to an earlier state is caught by a checkpoint
// that was kept elsewhere, and a promise made since is broken.
func TestVerifyCatchesAnOlderCopy(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "demo")
	d, err := demo.Start(ctx, demo.Config{Data: data, Origin: "http://127.0.0.1", Reports: 3})
	if err != nil {
		t.Fatal(err)
	}
	older := filepath.Join(t.TempDir(), "older.db")
	copyDB(t, filepath.Join(data, "waylight.db"), older)
	accepted, err := d.Send(ctx, 5)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.App.PublishAll(ctx); err != nil {
		t.Fatal(err)
	}
	kept, err := d.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	v := app.Verification{Data: data, Checkpoints: []string{kept}, Promises: []string{accepted.Promise.Note}}
	if n, out := verify(t, v); n != 0 || !strings.Contains(out, "the promised entry is leaf") {
		t.Fatalf("the true database: %s", out)
	}
	v.Database = "sqlite:" + older
	if n, out := verify(t, v); n < 2 || !strings.Contains(out, "a promised entry is not in the log") {
		t.Errorf("the older copy passes: %s", out)
	}
}

// A verification that could not come to its end says so, and calls nothing damaged.
func TestVerifyWithoutRoomOrTime(t *testing.T) {
	data := lived(t, 2)
	t.Setenv("TMPDIR", filepath.Join(data, "is not there"))
	stopped, stop := context.WithCancel(ctx)
	stop()
	for what, c := range map[string]struct {
		ctx  context.Context
		want error
	}{"without room": {ctx, custody.ErrScratch}, "stopped": {stopped, context.Canceled}} {
		var out bytes.Buffer
		n, err := app.Verification{Data: data, Memory: 1}.Run(c.ctx, &out)
		if n != 0 || !errors.Is(err, app.ErrNoEnd) || !errors.Is(err, c.want) || strings.Contains(out.String(), "damaged") {
			t.Errorf("%s: %d problems, %v\n%s", what, n, err, &out)
		}
	}
	if n, out := verify(t, app.Verification{Data: data}); n != 0 {
		t.Errorf("the database is whole, but: %s", out)
	}
}

// Nothing that was kept is passed over, and an emptied database never passes.
func TestVerifyPassesNothingOver(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "demo")
	d, err := demo.Start(ctx, demo.Config{Data: data, Origin: "http://127.0.0.1", Reports: 3})
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := d.Send(ctx, 5)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := d.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	key := d.App.LogOf(demo.Program).VerifierKey()
	d.Close()
	windows := strings.ReplaceAll(kept, "\n", "\r\n")
	if n, out := verify(t, app.Verification{Data: data, Checkpoints: []string{windows}, Keys: []string{key}}); n != 0 || !strings.Contains(out, "1 kept elsewhere") {
		t.Errorf("a checkpoint with other line ends: %s", out)
	}
	if n, _ := verify(t, app.Verification{Data: data, Checkpoints: []string{"junk\n"}}); n != 1 {
		t.Error("junk passes for a checkpoint")
	}
	if n, _ := verify(t, app.Verification{Data: data, Promises: []string{"junk\n"}}); n != 1 {
		t.Error("junk passes for a promise")
	}
	promise := app.Verification{Data: data, Promises: []string{accepted.Promise.Note}, Now: accepted.Promise.By.Add(-time.Second)}
	if n, out := verify(t, promise); n != 0 {
		t.Errorf("a promise that is not due yet: %s", out)
	}
	promise.Now = accepted.Promise.By.Add(time.Second)
	if n, out := verify(t, promise); n != 1 {
		t.Errorf("a promise that was not kept: %s", out)
	}
	empty(t, filepath.Join(data, "waylight.db"))
	if n, out := verify(t, app.Verification{Data: data}); n == 0 {
		t.Errorf("an emptied database passes: %s", out)
	}
	if n, out := verify(t, app.Verification{Data: data, Checkpoints: []string{kept}, Keys: []string{key}}); n < 2 {
		t.Errorf("an emptied database passes a kept checkpoint: %s", out)
	}
}

// The parts of files stand in no custody entry; what was received is found to
// have changed all the same.
func TestVerifyFindsADamagedFile(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "demo")
	d, err := demo.Start(ctx, demo.Config{Data: data, Origin: "http://127.0.0.1", Reports: 1})
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := d.Send(ctx, 5)
	if err != nil {
		t.Fatal(err)
	}
	to, err := d.App.Reports.Find(ctx, "", accepted.Receipt.Lookup())
	if err != nil {
		t.Fatal(err)
	}
	f, err := d.App.Files.Receive(ctx, to, file.Form{}, "a.txt", "text/plain", strings.NewReader("words"))
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	if n, out := verify(t, app.Verification{Data: data}); n != 0 {
		t.Fatalf("before the damage: %s", out)
	}
	db, err := sql.Open("sqlite", filepath.Join(data, "waylight.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("update file_part set sealed = x'00'"); err != nil {
		t.Fatal(err)
	}
	if n, out := verify(t, app.Verification{Data: data}); n != 1 || !strings.Contains(out, f.ID.String()) {
		t.Errorf("%d problems: %s", n, out)
	}
}

func empty(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, tables, err := store.ParseSchema(append(app.Schemas(), store.Schema{Room: "custody", FS: custody.Migrations()}))
	if err != nil {
		t.Fatal(err)
	}
	for name := range tables {
		if _, err := db.Exec("delete from " + name); err != nil {
			t.Fatal(err)
		}
	}
}

// A database is never served with a keyring that is not its own.
func TestAnotherKeyringIsRefused(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	a, err := app.New(ctx, app.Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
	if a, err := app.New(ctx, app.Config{Data: data, Keyring: filepath.Join(t.TempDir(), "new")}); !errors.Is(err, custody.ErrOtherKey) {
		a.Close()
		t.Errorf("a fresh keyring: %v", err)
	}
}

func copyDB(t *testing.T, from, to string) {
	t.Helper()
	db, err := sql.Open("sqlite", from)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`vacuum into $1`, to); err != nil {
		t.Fatal(err)
	}
}

// What a sender writes stands nowhere in the folder: not in the database, its
// journal, or any other file.
func TestNoWordsAtRest(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "demo")
	d, err := demo.Start(ctx, demo.Config{Data: data, Origin: "http://127.0.0.1", Reports: 36})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	hunt(t, data) // while it runs, journal included
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	hunt(t, data)
}

// words of the demo's stories, contacts and notes.
var words = []string{"Invented: no such person", "Inventado: esta persona", "truck stop by the highway", "Invented Person", "601-555-01", "Called back twice", "Solo puedo escribir"}

func hunt(t *testing.T, folder string) {
	t.Helper()
	searched := 0
	err := filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		searched += len(content)
		for _, w := range words {
			if bytes.Contains(content, []byte(w)) {
				t.Errorf("%s holds %q", filepath.Base(path), w)
			}
		}
		return nil
	})
	if err != nil || searched < 100_000 {
		t.Errorf("searched %d bytes, %v", searched, err)
	}
}
