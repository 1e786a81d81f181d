// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/report"
	"waylight/programs"
)

// moved is an installation that a test carries from place to place.
type moved struct {
	t       *testing.T
	keyring string
	receipt string // of a report that was sent in the first place
	kept    string // a checkpoint that was kept outside
	promise string
}

// livedThrough starts a demo, lets it live its week, and stops it.
func livedThrough(t *testing.T, reports int) (data string, m *moved) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "demo")
	d, err := demo.Start(ctx, demo.Config{Data: data, Origin: "http://127.0.0.1", Reports: reports})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
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
	return data, &moved{t: t, keyring: filepath.Join(data, "keyring"), receipt: accepted.Receipt.Words("en"), kept: kept, promise: accepted.Promise.Note}
}

// config is how an installation of the demo's programs is opened.
func (m *moved) config(data, database string) app.Config {
	m.t.Helper()
	overlay, err := programs.Demo()
	if err != nil {
		m.t.Fatal(err)
	}
	return app.Config{Data: data, Database: database, Keyring: m.keyring, Demo: true, Packs: []fs.FS{overlay}}
}

// good holds a place against the log, the kept checkpoint and the promise, and
// looks the old receipt up there.
func (m *moved) good(data, database string) {
	m.t.Helper()
	if n, out := verify(m.t, app.Verification{Data: data, Database: database, Keyring: m.keyring, Checkpoints: []string{m.kept}, Promises: []string{m.promise}}); n != 0 {
		m.t.Fatalf("verifying %s%s: %s", data, database, out)
	}
	a, err := app.New(ctx, m.config(data, database))
	if err != nil {
		m.t.Fatal(err)
	}
	defer a.Close()
	if found, err := a.Reports.FindWords(ctx, m.receipt); err != nil || found.Program != "ms" {
		m.t.Errorf("the receipt finds %+v, %v", found, err)
	}
	if n, out := verify(m.t, app.Verification{Data: data, Database: database, Keyring: m.keyring, Checkpoints: []string{m.kept}}); n != 0 {
		m.t.Errorf("after it was opened: %s", out)
	}
}

// rows hashes every row of a database by table, and counts them.
func rows(t *testing.T, database string) (map[string]map[[32]byte]int, map[string]int64) {
	t.Helper()
	db, err := store.Inspect(ctx, database, store.Options{Schemas: app.Schemas()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Moment(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, counts := map[string]map[[32]byte]int{}, map[string]int64{}
	for _, table := range s.Tables() {
		all[table.Name] = map[[32]byte]int{}
		err := s.Each(ctx, table, "ms", nil, func(values []any) error {
			all[table.Name][table.Hash(values)]++
			counts[table.Name]++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all, counts
}

func (m *moved) export(e app.Exporting) (string, error) {
	m.t.Helper()
	e.Keyring, e.Out = m.keyring, filepath.Join(m.t.TempDir(), "program.export")
	var out bytes.Buffer
	err := e.Run(ctx, &out)
	return e.Out, err
}

func (m *moved) bring(i app.Importing) error {
	i.Keyring = m.keyring
	var out bytes.Buffer
	err := i.Run(ctx, &out)
	m.t.Log(out.String())
	return err
}

// A whole program goes from SQLite to PostgreSQL and back: every row arrives, the
// log verifies at each place against a checkpoint that was kept before, an old
// receipt works, and each place that was left takes nothing any more and says
// where to go.
func TestWholeProgramMovesToPostgresAndBack(t *testing.T) {
	t.Parallel()
	first, m := livedThrough(t, 12)
	m.good(first, "")
	there, back := t.TempDir(), filepath.Join(t.TempDir(), "back")
	postgres := storetest.PostgresURL(t)

	was, counts := rows(t, "sqlite:"+filepath.Join(first, "waylight.db"))
	out, err := m.export(app.Exporting{Data: first, MoveTo: "https://there.example.gov"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.bring(app.Importing{From: out, Data: there, Database: postgres, Checkpoints: []string{m.kept}}); err != nil {
		t.Fatal(err)
	}
	now, arrived := rows(t, postgres)
	for name := range was {
		switch name {
		case "session", "session_token", "ceremony", "job_hold":
			if len(now[name]) > 0 {
				t.Errorf("%s came along", name)
			}
		case "custody_tree", "custody_leaf", "custody_checkpoint", "custody_node", "custody_half", "job": // the end of the log and the arrival; leases
			if arrived[name] < counts[name] {
				t.Errorf("%s: %d rows arrived of %d", name, arrived[name], counts[name])
			}
		default:
			if !maps.Equal(was[name], now[name]) {
				t.Errorf("%s: %d rows arrived of %d, or other ones", name, arrived[name], counts[name])
			}
		}
	}
	m.good(there, postgres)
	m.left(first, "", "https://there.example.gov")

	out, err = m.export(app.Exporting{Data: there, Database: postgres, MoveTo: "https://back.example.gov"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.bring(app.Importing{From: out, Data: back, Checkpoints: []string{m.kept}}); err != nil {
		t.Fatal(err)
	}
	m.good(back, "")
	m.left(there, postgres, "https://back.example.gov")
	again, _ := rows(t, "sqlite:"+filepath.Join(back, "waylight.db"))
	for _, name := range []string{"report", "receipt_leaf", "referral", "member", "file_part", "agency_key"} {
		if !maps.Equal(was[name], again[name]) {
			t.Errorf("%s came back with other rows", name)
		}
	}
	if m.verifyBeyondMove(first) == 0 {
		t.Error("an entry that was added to a log that had ended was not found")
	}
}

// left finds that a place that was left takes no report, does no work, and says
// where the program went.
func (m *moved) left(data, database, to string) {
	m.t.Helper()
	a, err := app.New(ctx, m.config(data, database))
	if err != nil {
		m.t.Fatal(err)
	}
	defer a.Close()
	_, err = a.Reports.Accept(ctx, report.Submission{Program: "ms", Language: "en", Key: []byte(store.NewID().String() + store.NewID().String()), Via: report.ViaTest,
		Answers: map[string][]string{"mode": {"tip"}, "age": {"adult"}, "story": {"Too late."}}})
	if f, ok := fault.As(err); !ok || f.Code != "moved" || !strings.Contains(f.Message, to) {
		m.t.Errorf("a report at the place that was left: %v", err)
	}
	if n, err := a.Runner.RunDue(ctx); n != 0 || err != nil {
		m.t.Errorf("the place that was left did %d jobs, %v", n, err)
	}
	address, stop := serving(m.t, a)
	defer stop()
	res, err := http.Get(address + "/ms/en")
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	var page bytes.Buffer
	page.ReadFrom(res.Body)
	if !strings.Contains(page.String(), `href="`+to+`/ms/en"`) {
		m.t.Errorf("the page does not say where the program went:\n%s", page.String())
	}
}

// verifyBeyondMove lets a place that was left take an entry after all, by a hand
// in its database, and verifies it.
func (m *moved) verifyBeyondMove(data string) int {
	m.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, "waylight.db"))
	if err != nil {
		m.t.Fatal(err)
	}
	if _, err := db.Exec(`update custody_tree set moved_to = null`); err != nil {
		m.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		m.t.Fatal(err)
	}
	a, err := app.New(ctx, m.config(data, ""))
	if err != nil {
		m.t.Fatal(err)
	}
	_, err = a.Reports.Accept(ctx, report.Submission{Program: "ms", Language: "en", Key: []byte(store.NewID().String() + store.NewID().String()), Via: report.ViaTest,
		Answers: map[string][]string{"mode": {"tip"}, "age": {"adult"}, "story": {"Too late."}}})
	if err = errors.Join(err, a.Close()); err != nil {
		m.t.Fatal(err)
	}
	n, _ := verify(m.t, app.Verification{Data: data, Keyring: m.keyring})
	return n
}

// Imports of one export: of damaged ones, with another keyring, into what is not
// empty, and interrupted.
func TestImport(t *testing.T) {
	t.Parallel()
	first, m := livedThrough(t, 6)
	out, err := m.export(app.Exporting{Data: first})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("damaged", func(t *testing.T) { importDamaged(t, m, out) })
	t.Run("elsewhere", func(t *testing.T) { importElsewhere(t, m, out, first) })
	t.Run("interrupted", func(t *testing.T) { importInterrupted(t, m, out) })
}

// Whatever is wrong with a file, it is said, and nothing of it stays.
func importDamaged(t *testing.T, m *moved, out string) {
	t.Parallel()
	good, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	late := bytes.Clone(good)
	late[len(late)-200] ^= 1
	other := bytes.Replace(good, []byte("waylight-export/1"), []byte("waylight-export/2"), 1)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"cut":           {good[:len(good)*2/3], "ends too early"},
		"one bit":       {flipped, "checksum"},
		"its end":       {late, "damaged"},
		"more":          {append(bytes.Clone(good), 'x'), "behind its end"},
		"other version": {other, "another version"},
		"no export":     {[]byte("hello"), "no export"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &moved{t: t, keyring: m.keyring}
			data := filepath.Join(t.TempDir(), "data")
			file := filepath.Join(t.TempDir(), "bad")
			if err := os.WriteFile(file, c.file, 0o600); err != nil {
				t.Fatal(err)
			}
			err := m.bring(app.Importing{From: file, Data: data})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("it was answered with %v", err)
			}
			if left, _ := filepath.Glob(filepath.Join(data, "waylight.db*")); len(left) > 0 {
				t.Errorf("something was left: %v", left)
			}
			if name != "its end" {
				return // one of them is enough
			}
			if err := m.bring(app.Importing{From: out, Data: data}); err != nil {
				t.Errorf("the good file afterwards: %v", err)
			}
		})
	}
}

func importElsewhere(t *testing.T, m *moved, out, first string) {
	t.Parallel()
	t.Run("another keyring", func(t *testing.T) {
		t.Parallel()
		strange := t.TempDir()
		installation(t, app.Config{Data: strange}).Close()
		m := &moved{t: t, keyring: filepath.Join(strange, "keyring")}
		if err := m.bring(app.Importing{From: out, Data: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "keyring") {
			t.Errorf("another keyring was answered with %v", err)
		}
	})
	t.Run("not empty", func(t *testing.T) {
		t.Parallel()
		m := &moved{t: t, keyring: m.keyring}
		err := m.bring(app.Importing{From: out, Data: first})
		if !errors.Is(err, store.ErrHasRows) {
			t.Errorf("a database in use was answered with %v", err)
		}
		if n, out := verify(t, app.Verification{Data: first}); n != 0 {
			t.Errorf("and it was changed: %s", out)
		}
	})
}

// An import that was interrupted is never served, goes on where it was, and ends
// with the same rows.
func importInterrupted(t *testing.T, m *moved, out string) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "waylight.db") },
		"postgres": storetest.PostgresURL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &moved{t: t, keyring: m.keyring, kept: m.kept, receipt: m.receipt, promise: m.promise}
			data, url := t.TempDir(), database(t)
			stopping, stop := context.WithCancel(ctx)
			tell := func(what string, done, total int64) {
				if done > total/2 {
					stop()
				}
			}
			var printed bytes.Buffer
			err := app.Importing{From: out, Data: data, Database: url, Keyring: m.keyring, Progress: tell}.Run(stopping, &printed)
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("it ended with %v", err)
			}
			if _, err := app.New(ctx, m.config(data, url)); !errors.Is(err, store.ErrUnfinished) {
				t.Errorf("half a database was opened: %v", err)
			}
			if err := m.bring(app.Importing{From: out, Data: data, Database: url}); err != nil {
				t.Fatal(err)
			}
			m.good(data, url)
		})
	}
}
