// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/portable"
	"waylight/internal/platform/store"
)

// Importing says what to bring into an installation.
type Importing struct {
	From                    string // an export
	Data, Database, Keyring string
	Checkpoints             []string // texts that were kept elsewhere
	Restart                 bool     // take out what another unfinished import left
	Despite                 bool     // bring it in although log and rows disagree
	Now                     func() time.Time
	Progress                Progress
}

// importing is one run.
type importing struct {
	Importing
	Config
	out    io.Writer
	size   int64 // of the file
	reader *portable.Reader
	loader *store.Loader
}

// ErrDisagrees says that what was brought or restored does not verify.
var ErrDisagrees = errors.New("the custody log does not agree with what is there")

// Run fills the database and prints what it did. Until the last row is in and
// the custody log verifies, the database is marked and no server takes it.
func (i Importing) Run(ctx context.Context, w io.Writer) error {
	c := Config{Data: i.Data, Database: i.Database, Keyring: i.Keyring, Now: i.Now}.withDefaults()
	f, err := os.Open(i.From)
	if err != nil {
		return fmt.Errorf("opening the export: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("opening the export: %w", err)
	}
	run := &importing{Importing: i, Config: c, out: w, size: info.Size()}
	if run.reader, err = portable.NewReader(&counted{in: f, total: info.Size(), tell: i.Progress.tell("bytes")}); err != nil {
		return err
	}
	keys, err := run.keys()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("creating the data folder: %w", err)
	}
	release, err := lockFolder(c.Data)
	if err != nil {
		return err
	}
	defer release()
	run.loader, err = store.OpenLoader(ctx, c.Database, store.Options{Schemas: Schemas(), Now: c.Now},
		store.Loading{ID: run.reader.ID(), Programs: run.reader.Header().Names(), Restart: i.Restart})
	if err != nil {
		return err
	}
	defer run.loader.Close()
	return run.settle(ctx, run.fill(ctx, keys))
}

// keys are those of the logs, once the keyring was found to be the programs' own.
func (r *importing) keys() (map[string]note.Verifier, error) {
	_, migrations, err := parsed()
	if err != nil {
		return nil, err
	}
	if err := r.reader.Header().Fits(migrations); err != nil {
		return nil, err
	}
	ring, err := openRing(r.Config.Keyring)
	if err != nil {
		return nil, err
	}
	keys := map[string]note.Verifier{}
	for _, p := range r.reader.Header().Programs {
		if err := belongs(ring, r.Config.Keyring, p.ID, custody.Pinned{Verifier: p.Verifier, Mark: p.Mark}); err != nil {
			return nil, err
		}
		if keys[p.ID], err = note.NewVerifier(p.Verifier); err != nil {
			return nil, fmt.Errorf("reading a log's key: %w", err)
		}
	}
	return keys, nil
}

// parsed are the tables and migrations of this release.
func parsed() (map[string]*store.Table, []store.Migration, error) {
	migrations, tables, err := store.ParseSchema(append([]store.Schema{{Room: "custody", FS: custody.Migrations()}}, Schemas()...))
	return tables, migrations, err
}

// left is what belonged to the old place: who was at work on a job there, and
// for what moves, that its log had ended.
func left(move bool) map[string]map[string]any {
	change := map[string]map[string]any{"job": {"leased_until": int64(0)}}
	if move {
		change["custody_tree"] = map[string]any{"moved_to": nil}
	}
	return change
}

// fill brings everything in, holds it against the log, and takes the mark away.
func (r *importing) fill(ctx context.Context, keys map[string]note.Verifier) error {
	header := r.reader.Header()
	if done := r.loader.Done(); done > 0 {
		fmt.Fprintf(r.out, "going on with an import that was interrupted after %d parts\n", done)
	}
	if err := r.reader.Into(ctx, r.loader, portable.Fill{Change: left(header.Move)}); err != nil {
		return err
	}
	if err := r.reader.Signed(keys); err != nil {
		return err
	}
	if err := r.prove(ctx, keys); err != nil {
		return err
	}
	return r.loader.Finish(ctx, func(tx *store.Tx) error {
		for _, p := range header.Programs {
			switch {
			case header.Move:
				tx.Log(custody.Entry{Program: p.ID, Event: custody.EventArrived, Record: "place:" + p.MovedTo, Actor: "system"})
			case p.MovedTo == "":
				tx.Log(custody.Entry{Program: p.ID, Event: "program.restored", Record: fmt.Sprintf("log:%d", p.Size), Actor: "system"})
			}
		}
		return nil
	})
}

// prove verifies every program where it now stands.
func (r *importing) prove(ctx context.Context, keys map[string]note.Verifier) error {
	v := &verifying{out: r.out, db: r.loader.Reader(), verifiers: keys, Verification: Verification{Checkpoints: r.Checkpoints, Now: r.Config.Now()}}
	kept := v.sort()
	for _, p := range r.reader.Header().Programs {
		within, after, err := since(kept[p.ID], keys[p.ID], p.Size)
		if err != nil {
			return err
		}
		if err := v.program(ctx, p.ID, within); err != nil {
			return err
		}
		printMissing(r.out, p.ID, p.Size, after)
	}
	if v.found > 0 && !r.Despite {
		return ErrDisagrees
	}
	return nil
}

// settle says what became of the database, and cleans up what can never be
// finished.
func (r *importing) settle(ctx context.Context, err error) error {
	switch {
	case err == nil:
		for _, p := range r.reader.Header().Programs {
			fmt.Fprintf(r.out, "%s: %d rows are here; it can be served\n", p.ID, p.Rows)
		}
		return nil
	case errors.Is(err, portable.ErrDamaged), errors.Is(err, ErrDisagrees):
		if undo := r.loader.Undo(context.WithoutCancel(ctx)); undo != nil {
			return errors.Join(err, fmt.Errorf("and what was filled in could not be taken out again: %w", undo))
		}
		return fmt.Errorf("%w. Nothing of it was kept", err)
	}
	return fmt.Errorf("%w. What was filled in is marked and is never served; run the same import again to go on", err)
}

// counted tells how far a file was read.
type counted struct {
	in          io.Reader
	done, total int64
	tell        func(done, total int64)
}

// Read implements io.Reader.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.done += int64(n)
	c.tell(c.done, c.total)
	return n, err
}

// Verify an export: it is filled into a database of its own that is thrown away.
func verifyExport(ctx context.Context, v Verification, w io.Writer) (int, error) {
	dir, err := os.MkdirTemp("", "waylight-verify-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	f, err := os.Open(v.Export)
	if err != nil {
		return 0, fmt.Errorf("opening the export: %w", err)
	}
	defer f.Close()
	r := &verifying{Verification: v, out: w, verifiers: map[string]note.Verifier{}, spools: map[note.Verifier]string{}}
	if err := r.readKeys(Config{Data: v.Data, Keyring: v.Keyring}.withDefaults().Keyring); err != nil {
		return 0, err
	}
	return r.export(ctx, f, filepath.Join(dir, "export.db"))
}

func (r *verifying) export(ctx context.Context, in io.Reader, scratch string) (int, error) {
	reader, err := portable.NewReader(in)
	if err != nil {
		r.problem("%v", err)
		return r.found, nil
	}
	_, migrations, err := parsed()
	if err != nil {
		return 0, err
	}
	if err := reader.Header().Fits(migrations); err != nil {
		return 0, err
	}
	loader, err := store.OpenLoader(ctx, "sqlite:"+scratch, store.Options{Schemas: Schemas(), Now: time.Now}, store.Loading{ID: reader.ID(), Programs: reader.Header().Names()})
	if err != nil {
		return 0, err
	}
	defer loader.Close()
	err = reader.Into(ctx, loader, portable.Fill{})
	if err == nil {
		err = reader.Signed(r.verifiers)
	}
	switch {
	case errors.Is(err, portable.ErrDamaged):
		r.problem("%v", err)
		return r.found, nil
	case err != nil:
		return 0, err
	}
	fmt.Fprintf(r.out, "the export is whole and signed by the log of %s\n", strings.Join(reader.Header().Names(), ", "))
	r.db = loader.Reader()
	return r.found, r.all(ctx)
}
