// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/portable"
	"waylight/internal/platform/store"
)

// A backup is a folder: the database as one file (of SQLite, a copy of it; of
// PostgreSQL, an export), what is known of it, and each program's last
// checkpoint, to be kept somewhere else as well.
const (
	backupFormat   = "waylight-backup/1"
	backupNote     = "backup.json"
	backupDatabase = "waylight.db"
	backupExport   = "waylight.export"
)

// backup is what a backup says of itself.
type backup struct {
	Format   string          `json:"format"`
	Created  time.Time       `json:"created"`
	File     string          `json:"file"`
	Size     int64           `json:"size"`
	SHA256   string          `json:"sha256"`
	Programs []backedProgram `json:"programs"`
}

type backedProgram struct {
	ID         string `json:"id"`
	Size       int64  `json:"leaves"`
	Checkpoint string `json:"checkpoint"`
}

// BackingUp says what to back up, and where to.
type BackingUp struct {
	Data, Database, Keyring string
	Out                     string // a folder that is not there yet
	Now                     time.Time
	Progress                Progress
}

// Run makes the backup while the installation runs or stands still, and prints
// what it holds.
func (b BackingUp) Run(ctx context.Context, w io.Writer) error {
	c := Config{Data: b.Data, Database: b.Database, Keyring: b.Keyring}.withDefaults()
	if b.Now.IsZero() {
		b.Now = time.Now()
	}
	if _, err := os.Lstat(b.Out); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already; a backup is never written over", b.Out)
	}
	part := b.Out + ".partial"
	if err := empty(part); err != nil {
		return fmt.Errorf("making the backup: %w", err)
	}
	defer empty(part)
	if err := os.Mkdir(part, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making the backup: %w", err)
	}
	made, err := b.fill(ctx, c, part)
	if err != nil {
		return err
	}
	if err := made.write(part); err != nil {
		return err
	}
	if err := os.Rename(part, b.Out); err != nil {
		return fmt.Errorf("making the backup: %w", err)
	}
	if err := syncFolder(filepath.Dir(filepath.Clean(b.Out))); err != nil {
		return fmt.Errorf("making the backup: %w", err)
	}
	made.print(w)
	fmt.Fprintf(w, "%s is whole. The keyring is never part of a backup: copy its folder by itself, to another place.\n", b.Out)
	return nil
}

// empty takes out of a backup's folder what an earlier try left, but for an export
// that broke off: the next try goes on with it. A folder with nothing in it goes.
func empty(part string) error {
	entries, err := os.ReadDir(part)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	kept := false
	for _, e := range entries {
		if e.Name() == backupExport+unfinishedSuffix {
			kept = true
			continue
		}
		err = errors.Join(err, os.RemoveAll(filepath.Join(part, e.Name())))
	}
	if err == nil && !kept {
		err = os.Remove(part)
	}
	return err
}

func (b *BackingUp) fill(ctx context.Context, c Config, dir string) (*backup, error) {
	made := &backup{Format: backupFormat, Created: b.Now.UTC(), File: backupDatabase}
	if file := sqliteFile(c.Database); file != "" {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("there is no database to back up: %w", err)
		}
		if err := store.CopySQLite(ctx, file, filepath.Join(dir, backupDatabase), b.Progress.tell("copying, bytes")); err != nil {
			return nil, err
		}
		return made, b.describe(ctx, made, dir)
	}
	made.File = backupExport
	out := filepath.Join(dir, backupExport)
	err := Exporting{Data: b.Data, Database: b.Database, Keyring: b.Keyring, Out: out, Now: b.Now, Progress: b.Progress}.Run(ctx, io.Discard)
	if err != nil {
		return nil, err
	}
	return made, b.describe(ctx, made, dir)
}

// describe reads the copy again: what is noted is what stands on the disk.
func (b *BackingUp) describe(ctx context.Context, made *backup, dir string) (err error) {
	file := filepath.Join(dir, made.File)
	if made.File == backupDatabase {
		made.Programs, err = programsOf(ctx, file)
	} else {
		made.Programs, err = programsIn(file)
	}
	if err != nil {
		return err
	}
	made.SHA256, made.Size, err = digest(ctx, file, nil, b.Progress.tell("checking, bytes"))
	return err
}

func programsOf(ctx context.Context, file string) ([]backedProgram, error) {
	db, err := store.Inspect(ctx, "sqlite:"+file, store.Options{Schemas: Schemas()})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	names, err := db.Programs(ctx)
	if err != nil {
		return nil, err
	}
	var list []backedProgram
	for _, name := range names {
		p := backedProgram{ID: name}
		if p.Size, err = custody.Size(ctx, db, name); err != nil {
			return nil, err
		}
		last, err := custody.Latest(ctx, db, name)
		if err != nil {
			return nil, err
		}
		p.Checkpoint = last.Note
		list = append(list, p)
	}
	return list, nil
}

func programsIn(file string) ([]backedProgram, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading the export: %w", err)
	}
	defer f.Close()
	r, err := portable.NewReader(f)
	if err != nil {
		return nil, err
	}
	var list []backedProgram
	for _, p := range r.Header().Programs {
		list = append(list, backedProgram{ID: p.ID, Size: p.Size, Checkpoint: p.Checkpoint})
	}
	return list, nil
}

// digest reads a file to its end, copies it to out unless that is nil, and gives
// its SHA-256.
func digest(ctx context.Context, file string, out io.Writer, tell func(done, total int64)) (sum string, size int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", 0, fmt.Errorf("reading %s: %w", file, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", 0, fmt.Errorf("reading %s: %w", file, err)
	}
	h := sha256.New()
	to := io.Writer(h)
	if out != nil {
		to = io.MultiWriter(h, out)
	}
	size, err = io.CopyBuffer(struct{ io.Writer }{to}, &stopping{ctx, &counted{in: f, total: info.Size(), tell: tell}}, make([]byte, 1<<20))
	if err != nil {
		return "", 0, fmt.Errorf("reading %s: %w", file, err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

// stopping is a reader that ends with its context.
type stopping struct {
	ctx context.Context
	in  io.Reader
}

// Read implements io.Reader.
func (s *stopping) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.in.Read(b)
}

func (b *backup) write(dir string) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	files := map[string][]byte{backupNote: append(text, '\n')}
	for _, p := range b.Programs {
		if p.Checkpoint != "" {
			files[p.ID+".checkpoint"] = []byte(p.Checkpoint)
		}
	}
	for name, data := range files {
		err := newFile(filepath.Join(dir, name), func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		})
		if err != nil {
			return err
		}
	}
	return syncFolder(dir)
}

func (b *backup) print(w io.Writer) {
	fmt.Fprintf(w, "backup of %s: %d bytes\n", b.Created.Format("2006-01-02 15:04:05 MST"), b.Size)
	for _, p := range b.Programs {
		fmt.Fprintf(w, "%s: %d leaves; last checkpoint: %s\n", p.ID, p.Size, checkpointLine(p.Checkpoint))
	}
}

// checkpointLine is a checkpoint in a line: its size and hash.
func checkpointLine(note string) string {
	lines := strings.Split(note, "\n")
	if len(lines) < 3 {
		return "none yet"
	}
	return lines[1] + " " + lines[2]
}

// readBackup reads what a backup says of itself.
func readBackup(dir string) (*backup, error) {
	text, err := os.ReadFile(filepath.Join(dir, backupNote))
	if err != nil {
		return nil, fmt.Errorf("this is no backup: %w", err)
	}
	var b backup
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, fmt.Errorf("%s of this backup is damaged", backupNote)
	}
	if b.Format != backupFormat {
		return nil, fmt.Errorf("this backup is of the form %q: restore it with the release that made it, or a newer one", b.Format)
	}
	if b.File != backupDatabase && b.File != backupExport {
		return nil, fmt.Errorf("%s of this backup is damaged", backupNote)
	}
	return &b, nil
}

// errNotWhole says that a backup's file is not the one that was made.
var errNotWhole = errors.New("the backup is damaged: its file does not have the checksum that it was made with")

// whole holds a backup's file against its checksum, and points the verification
// at it.
func (v *Verification) whole(ctx context.Context, w io.Writer) (bool, error) {
	b, err := readBackup(v.Backup)
	if err != nil {
		return false, err
	}
	file := filepath.Join(v.Backup, b.File)
	sum, _, err := digest(ctx, file, nil, func(int64, int64) {})
	if err != nil {
		return false, err
	}
	if sum != b.SHA256 {
		fmt.Fprintln(w, errNotWhole)
		return false, nil
	}
	b.print(w)
	if b.File == backupExport {
		v.Export = file
	} else {
		v.Database = "sqlite:" + file
	}
	return true, nil
}
