// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/replica"
	"waylight/internal/platform/store"
)

// restoring is what the database is called until it was proven: no server opens
// it under this name.
const restoring = "waylight.db.restoring"

// Restoring says which backup to put where.
type Restoring struct {
	From          string // a backup, or where a second copy is kept
	Data, Keyring string
	Database      string // PostgreSQL, for a backup that was made of it
	Packs         []fs.FS
	Checkpoints   []string // texts that were kept elsewhere
	Despite       bool     // restore although log and rows disagree
	Now           func() time.Time
	Progress      Progress
}

// Run restores the backup into a fresh folder and prints the proof.
func (r Restoring) Run(ctx context.Context, w io.Writer) error {
	made, second, err := r.open(ctx)
	if err != nil {
		return err
	}
	c := Config{Data: r.Data, Keyring: r.Keyring, Database: r.Database}.withDefaults()
	ring, err := openRing(c.Keyring)
	if err != nil {
		return err
	}
	if second == nil && made.File == backupExport {
		return r.importing(ctx, made, w)
	}
	if r.Database != "" {
		return errors.New("this backup is of SQLite and goes into a data folder; to carry it to PostgreSQL, restore it, then export and import")
	}
	if err := freshFolder(c.Data, c.Keyring); err != nil {
		return err
	}
	release, err := lockFolder(c.Data)
	if err != nil {
		return err
	}
	defer release()
	defer removeDatabase(filepath.Join(c.Data, restoring)) // gone by then, unless something failed
	if second != nil {
		made, err = r.fetch(ctx, second, c.Data)
	} else {
		err = r.copy(ctx, made, c.Data)
	}
	if err != nil {
		return err
	}
	made.print(w)
	if err := r.prove(ctx, w, ring, c, second != nil); err != nil {
		return err
	}
	if err := r.settle(ctx, w, made, c); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(c.Data, restoring), filepath.Join(c.Data, "waylight.db")); err != nil {
		return fmt.Errorf("putting the database in its place: %w", err)
	}
	if err := syncFolder(c.Data); err != nil {
		return fmt.Errorf("putting the database in its place: %w", err)
	}
	fmt.Fprintf(w, "restored to %s; it can be served\n", c.Data)
	return nil
}

// open finds a backup, or else a second copy.
func (r *Restoring) open(ctx context.Context) (*backup, replica.Target, error) {
	if _, err := os.Stat(filepath.Join(r.From, backupNote)); err == nil {
		made, err := readBackup(r.From)
		return made, nil, err
	}
	second, err := copyAt(ctx, r.From)
	return nil, second, err
}

// importing restores what was made of PostgreSQL, which is an export.
func (r *Restoring) importing(ctx context.Context, made *backup, w io.Writer) error {
	file := filepath.Join(r.From, made.File)
	sum, _, err := digest(ctx, file, nil, r.Progress.tell("checking, bytes"))
	if err != nil {
		return err
	}
	if sum != made.SHA256 {
		return errNotWhole
	}
	made.print(w)
	return Importing{
		From: file, Data: r.Data, Database: r.Database, Keyring: r.Keyring,
		Checkpoints: r.Checkpoints, Despite: r.Despite, Now: r.Now, Progress: r.Progress,
	}.Run(ctx, w)
}

// freshFolder makes the data folder, or finds it empty but for the keyring and
// what an interrupted restore left, which it takes away.
func freshFolder(data, ring string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("creating the data folder: %w", err)
	}
	entries, err := os.ReadDir(data)
	if err != nil {
		return fmt.Errorf("reading the data folder: %w", err)
	}
	inside, _ := filepath.Rel(data, ring)
	for _, e := range entries {
		ours := e.Name() == inside || e.Name() == "serving.lock" || strings.HasPrefix(e.Name(), restoring)
		if !ours {
			return fmt.Errorf("%s is not empty (%s is there): a backup is only restored into a fresh folder", data, e.Name())
		}
	}
	return nil
}

func removeDatabase(file string) {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		os.Remove(file + suffix)
	}
}

// copy copies the database, and holds what it copied against the checksum.
func (r *Restoring) copy(ctx context.Context, made *backup, data string) error {
	to := filepath.Join(data, restoring)
	removeDatabase(to)
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	sum, _, err := digest(ctx, filepath.Join(r.From, made.File), f, r.Progress.tell("copying, bytes"))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	if sum != made.SHA256 {
		return errNotWhole
	}
	return nil
}

// prove holds the copy against its log, the checkpoints in it and those that
// were kept elsewhere, and says what happened since. A copy that was put together
// of parts is looked through by the engine too.
func (r *Restoring) prove(ctx context.Context, w io.Writer, ring *keyring.Ring, c Config, assembled bool) error {
	db, err := store.Inspect(ctx, "sqlite:"+filepath.Join(c.Data, restoring), store.Options{Schemas: Schemas()})
	if err != nil {
		return err
	}
	defer db.Close()
	v := &verifying{Verification: Verification{Checkpoints: r.Checkpoints}, out: w, db: db, verifiers: map[string]note.Verifier{}}
	programs, err := db.Programs(ctx)
	if err != nil {
		return err
	}
	for _, p := range programs {
		pinned, err := custody.PinnedOf(ctx, db, p)
		if err != nil {
			return err
		}
		if err := belongs(ring, c.Keyring, p, pinned); err != nil {
			return err
		}
		if v.verifiers[p], err = note.NewVerifier(pinned.Verifier); err != nil {
			return fmt.Errorf("reading a log's key: %w", err)
		}
	}
	if r.Progress != nil {
		r.Progress("proving it by its log", 0, 0)
	}
	if assembled { // a backup has the checksum that it was made with
		v.structure(ctx)
	}
	if err := v.hold(ctx, programs); err != nil {
		return err
	}
	if v.found > 0 && !r.Despite {
		return fmt.Errorf("%w: nothing was restored (to restore it all the same, pass --despite-problems)", ErrDisagrees)
	}
	return nil
}

// hold verifies programs of a copy, which may be older than a checkpoint that
// was kept.
func (r *verifying) hold(ctx context.Context, programs []string) error {
	kept := r.sort()
	for _, p := range programs {
		size, err := custody.Size(ctx, r.db, p)
		if err != nil {
			return err
		}
		within, after, err := since(kept[p], r.verifiers[p], size)
		if err != nil {
			return err
		}
		if err := r.program(ctx, p, within); err != nil {
			return err
		}
		printMissing(r.out, p, size, after)
	}
	return nil
}

// settle opens the copy as a server would, which brings its tables up to date and
// ends what the keyring's destruction log has ended since, and writes into each
// log that it was restored.
func (r *Restoring) settle(ctx context.Context, w io.Writer, made *backup, c Config) error {
	a, err := New(ctx, Config{
		Data: c.Data, Database: "sqlite:" + filepath.Join(c.Data, restoring), Keyring: c.Keyring, Packs: r.Packs, Now: r.Now,
	})
	if err != nil {
		return fmt.Errorf("opening what was restored: %w", err)
	}
	defer a.Close()
	destroyed, err := a.Ring.Destroyed()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "the keyring's destruction log was applied: %d entries\n", len(destroyed))
	err = a.DB.Write(ctx, func(tx *store.Tx) error {
		for _, p := range made.Programs {
			to, err := custody.MovedTo(ctx, tx, p.ID)
			if err != nil {
				return err
			}
			if to == "" {
				tx.Log(custody.Entry{Program: p.ID, Event: "program.restored", Record: fmt.Sprintf("log:%d", p.Size), Actor: "system"})
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording the restore: %w", err)
	}
	known := a.Programs.IDs()
	for _, p := range made.Programs {
		if !slices.Contains(known, p.ID) {
			fmt.Fprintf(w, "%s: no pack of it is known here; name its folder with --packs when you serve\n", p.ID)
		}
	}
	return a.Close()
}
