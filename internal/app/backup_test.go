// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"waylight/internal/app"
	"waylight/internal/app/demo"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

func backUp(t *testing.T, b app.BackingUp) (string, error) {
	t.Helper()
	b.Out = filepath.Join(t.TempDir(), "backup")
	var out bytes.Buffer
	err := b.Run(ctx, &out)
	return b.Out, err
}

func restore(t *testing.T, r app.Restoring) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := r.Run(ctx, &out)
	return out.String(), err
}

// A backup is taken while reports come in, and none of them waits for it; it
// verifies, and restored it holds every report that was accepted before it began.
// What came later is said to be missing, by a checkpoint that was kept elsewhere.
// What the keyring destroyed since is ended before anything is served.
func TestBackupOfARunningInstallationIsRestored(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "demo")
	d, err := demo.Start(ctx, demo.Config{Data: data, Origin: "http://127.0.0.1", Reports: 6})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	before, err := d.Send(ctx, 1)
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

	// Somebody sends without pause while the copy is made.
	var sent atomic.Int64
	var wg sync.WaitGroup
	sending, stop := context.WithCancel(ctx)
	first := make(chan struct{})
	wg.Go(func() {
		for sending.Err() == nil {
			if _, err := d.Send(ctx, 3); err != nil {
				t.Error(err)
			}
			if sent.Add(1) == 1 {
				close(first)
			}
		}
	})
	<-first
	out, err := backUp(t, app.BackingUp{Data: data})
	stop()
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if err := (app.BackingUp{Data: data, Out: out}).Run(ctx, &bytes.Buffer{}); err == nil {
		t.Error("a backup was written over")
	}
	if n, text := verify(t, app.Verification{Keyring: filepath.Join(data, "keyring"), Backup: out, Checkpoints: []string{kept}}); n != 0 {
		t.Errorf("the backup does not verify: %s", text)
	}
	if entries, _ := os.ReadDir(out); len(entries) != 3 {
		t.Errorf("the backup holds %v, or reading it left something", entries)
	}

	// Later: a report that the backup cannot hold, and a member who left.
	if _, err := d.Send(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if err := d.App.PublishAll(ctx); err != nil {
		t.Fatal(err)
	}
	later, err := d.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	members, err := d.App.People.Members(ctx, demo.Program, "mdcps")
	if err != nil || len(members) == 0 {
		t.Fatalf("%d members, %v", len(members), err)
	}
	gone := members[0]
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Open(filepath.Join(data, "keyring"))
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.DestroyShare(gone.ID.String()); err != nil {
		t.Fatal(err)
	}

	fresh := filepath.Join(t.TempDir(), "fresh")
	m := &moved{t: t, keyring: filepath.Join(data, "keyring"), kept: kept, receipt: before.Receipt.Words("en"), promise: before.Promise.Note}
	text, err := restore(t, app.Restoring{From: out, Data: fresh, Keyring: m.keyring, Packs: m.config("", "").Packs, Checkpoints: []string{kept, later}})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, want := range []string{"came after it and are not here", "destruction log was applied: 1", "0 problems"} {
		if !strings.Contains(text, want) {
			t.Errorf("restoring does not say %q:\n%s", want, text)
		}
	}
	m.good(fresh, "")
	a := installation(t, m.config(fresh, ""))
	if back, err := a.People.Member(ctx, demo.Program, gone.ID); err != nil || back.Active {
		t.Errorf("a member whose share was destroyed is back: %+v, %v", back, err)
	}
	a.Close()
	if _, err := restore(t, app.Restoring{From: out, Data: fresh, Keyring: m.keyring}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("restoring over an installation: %v", err)
	}
	backupTrouble(t, m, out)
}

// backupTrouble restores what is damaged, interrupted, or of another keyring.
func backupTrouble(t *testing.T, m *moved, out string) {
	t.Helper()
	packs := m.config("", "").Packs
	nothing := func(what, data string) {
		t.Helper()
		if left, _ := filepath.Glob(filepath.Join(data, "waylight.db*")); len(left) > 0 {
			t.Errorf("%s left %v", what, left)
		}
	}
	data := filepath.Join(t.TempDir(), "cut")
	stopping, stop := context.WithCancel(ctx)
	err := app.Restoring{From: out, Data: data, Keyring: m.keyring, Packs: packs, Progress: func(string, int64, int64) { stop() }}.Run(stopping, &bytes.Buffer{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted restore ended with %v", err)
	}
	nothing("an interrupted restore", data)
	if err := os.WriteFile(filepath.Join(data, "waylight.db.restoring"), []byte("half"), 0o600); err != nil { // as after a power failure
		t.Fatal(err)
	}
	if text, err := restore(t, app.Restoring{From: out, Data: data, Keyring: m.keyring, Packs: packs}); err != nil {
		t.Errorf("restoring after an interruption: %v\n%s", err, text)
	}
	strange := t.TempDir()
	installation(t, app.Config{Data: strange}).Close()
	data = filepath.Join(t.TempDir(), "strange")
	if _, err := restore(t, app.Restoring{From: out, Data: data, Keyring: filepath.Join(strange, "keyring")}); err == nil || !strings.Contains(err.Error(), "keyring") {
		t.Errorf("another keyring was answered with %v", err)
	}
	nothing("another keyring", data)
	file := filepath.Join(out, "waylight.db")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	data = filepath.Join(t.TempDir(), "flipped")
	if _, err := restore(t, app.Restoring{From: out, Data: data, Keyring: m.keyring}); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("a damaged backup was answered with %v", err)
	}
	nothing("a damaged backup", data)
	if n, _ := verify(t, app.Verification{Keyring: m.keyring, Backup: out}); n == 0 {
		t.Error("a damaged backup verifies")
	}
}

// A backup of PostgreSQL is an export, and is restored into an empty database of
// either engine.
func TestBackupOfPostgres(t *testing.T) {
	t.Parallel()
	first, m := livedThrough(t, 3)
	out, err := m.export(app.Exporting{Data: first})
	if err != nil {
		t.Fatal(err)
	}
	if n, text := verify(t, app.Verification{Keyring: m.keyring, Export: out, Checkpoints: []string{m.kept}, Promises: []string{m.promise}}); n != 0 {
		t.Errorf("the export does not verify: %s", text)
	}
	there := storetest.PostgresURL(t)
	if err := m.bring(app.Importing{From: out, Data: t.TempDir(), Database: there}); err != nil {
		t.Fatal(err)
	}
	saved, err := backUp(t, app.BackingUp{Data: t.TempDir(), Database: there, Keyring: m.keyring})
	if err != nil {
		t.Fatal(err)
	}
	if n, text := verify(t, app.Verification{Keyring: m.keyring, Backup: saved, Checkpoints: []string{m.kept}}); n != 0 {
		t.Errorf("the backup does not verify: %s", text)
	}
	data := filepath.Join(t.TempDir(), "restored")
	if text, err := restore(t, app.Restoring{From: saved, Data: data, Keyring: m.keyring, Checkpoints: []string{m.kept}}); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	m.good(data, "")
	if _, err := restore(t, app.Restoring{From: saved, Data: t.TempDir(), Database: there, Keyring: m.keyring}); !errors.Is(err, store.ErrHasRows) {
		t.Errorf("restoring into a database in use: %v", err)
	}
}

// A backup of PostgreSQL that breaks off leaves its export, and the next one goes
// on with it.
func TestBackupOfPostgresGoesOn(t *testing.T) {
	t.Parallel()
	data, postgres := t.TempDir(), storetest.PostgresURL(t)
	a := installation(t, app.Config{Data: data, Database: postgres, Demo: true})
	for _, office := range []string{"mbi-desk", "help-desk", "mdcps", "mbi-coordinator"} {
		if err := a.KeyOffice(ctx, "ms", office); err != nil {
			t.Fatal(err)
		}
	}
	send(t, a, "An invented report.")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "backup")
	stopping, stop := context.WithCancel(ctx)
	b := app.BackingUp{Data: data, Database: postgres, Out: out, Progress: func(_ string, done, total int64) {
		if done > total/2 {
			stop()
		}
	}}
	if err := b.Run(stopping, io.Discard); !errors.Is(err, context.Canceled) {
		t.Fatalf("it ended with %v", err)
	}
	left, err := os.Stat(out + ".partial/waylight.export.unfinished")
	if err != nil || left.Size() == 0 {
		t.Fatalf("nothing was left: %v", err)
	}
	b.Progress = nil
	if err := b.Run(ctx, io.Discard); err != nil {
		t.Fatal(err)
	}
	if whole, err := os.Stat(out + "/waylight.export"); err != nil || !os.SameFile(left, whole) {
		t.Errorf("it was begun anew: %v", err)
	}
	if n, said := verify(t, app.Verification{Backup: out, Keyring: filepath.Join(data, "keyring")}); n != 0 {
		t.Errorf("the backup: %s", said)
	}
	if _, err := os.Stat(out + ".partial"); err == nil {
		t.Error("the unfinished folder is still there")
	}
}
