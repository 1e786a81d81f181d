// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/keyring"
	"waylight/internal/platform/portable"
	"waylight/internal/platform/store"
)

// stays are the tables whose rows end with the old place: sessions belong to the
// address that people signed in at, and a ceremony to the page that began it.
// Everything else goes along, jobs and their tries included.
var stays = []string{"session", "session_token", "ceremony", "job_hold"}

// bound are tables that no log covers and that change only along with another one:
// the tree's head is made of all leaves, and each part of a file moves its upload on.
var bound = map[string]string{"custody_leaf": "custody_tree", "custody_node": "custody_tree", "custody_half": "custody_tree", "file_part": "file_upload"}

// Exporting says what to carry out of an installation.
type Exporting struct {
	Data, Database, Keyring string
	Programs                []string // empty: all
	MoveTo                  string   // the new place; empty: a copy, and the programs stay
	Out                     string   // a file that is not there yet
	Now                     time.Time
	Progress                Progress
}

// Run writes the export and prints what is in it.
func (e Exporting) Run(ctx context.Context, w io.Writer) error {
	c := Config{Data: e.Data, Database: e.Database, Keyring: e.Keyring}.withDefaults()
	if e.Now.IsZero() {
		e.Now = time.Now()
	}
	ring, err := openRing(c.Keyring)
	if err != nil {
		return err
	}
	db, release, err := e.open(ctx, c)
	if err != nil {
		return err
	}
	defer release()
	defer db.Close()
	part, err := openUnfinished(e.Out)
	if err != nil {
		return err
	}
	defer part.close()
	logs, err := e.logs(ctx, db, ring, c)
	if err != nil {
		return err
	}
	if e.MoveTo != "" {
		if err := e.end(ctx, db, logs); err != nil {
			return err
		}
	}
	written, err := e.write(ctx, part, db, logs)
	if err != nil {
		return part.left(err)
	}
	if err := part.finish(); err != nil {
		return err
	}
	e.print(w, written)
	return nil
}

func (e *Exporting) print(w io.Writer, written portable.Written) {
	if had := written.Kept + written.Copied; had > 0 {
		fmt.Fprintf(w, "this went on from an export that was interrupted: %d rows stayed where they were, %d were taken over\n", written.Kept, written.Copied)
	}
	for _, p := range written.Programs {
		fmt.Fprintf(w, "%s: %d rows, %d leaves\n", p.ID, p.Rows, p.Size)
		if e.MoveTo != "" {
			fmt.Fprintf(w, "%s: its log ended here; it moved to %s, and nothing more is taken for it in this place\n", p.ID, p.MovedTo)
		}
	}
	fmt.Fprintf(w, "%s holds all of it. The keyring is never part of an export: carry its folder by another way.\n", e.Out)
}

// open opens the database to read, or for a move to write, with every server
// kept off it.
func (e *Exporting) open(ctx context.Context, c Config) (*store.DB, func(), error) {
	if e.MoveTo == "" {
		db, err := store.Inspect(ctx, c.Database, store.Options{Schemas: Schemas()})
		return db, func() {}, err
	}
	release, err := lockFolder(c.Data)
	if err != nil {
		return nil, nil, fmt.Errorf("moving needs the server stopped: %w", err)
	}
	if err := refuseSpooled(ctx, c.Data); err != nil {
		release()
		return nil, nil, err
	}
	db, err := store.Open(ctx, c.Database, store.Options{Schemas: Schemas()})
	if err != nil {
		release()
		return nil, nil, err
	}
	return db, release, nil
}

// logs opens the log of every program that is carried, and refuses a keyring
// that is not the database's own.
func (e *Exporting) logs(ctx context.Context, db *store.DB, ring *keyring.Ring, c Config) (map[string]*custody.Log, error) {
	have, err := db.Programs(ctx)
	if err != nil {
		return nil, err
	}
	if len(e.Programs) == 0 {
		e.Programs = have
	}
	if len(e.Programs) == 0 {
		return nil, errors.New("there is no program in this database")
	}
	for _, p := range e.Programs {
		if !slices.Contains(have, p) {
			return nil, fmt.Errorf("there is no program %s in this database", p)
		}
		pinned, err := custody.PinnedOf(ctx, db, p)
		if err != nil {
			return nil, err
		}
		if err := belongs(ring, c.Keyring, p, pinned); err != nil {
			return nil, err
		}
	}
	return openLogs(ring, e.Programs, c.Every)
}

// end ends the logs of the programs that leave.
func (e *Exporting) end(ctx context.Context, db *store.DB, logs map[string]*custody.Log) error {
	for _, p := range e.Programs {
		if err := e.idle(ctx, db, p); err != nil {
			return err
		}
		if to, err := custody.MovedTo(ctx, db, p); err != nil || to != "" && to != e.MoveTo {
			return errors.Join(err, fmt.Errorf("%s has moved to %s already", p, to))
		}
		err := db.Write(ctx, func(tx *store.Tx) error { return logs[p].End(tx, e.MoveTo, tx.Now()) })
		if err != nil {
			return fmt.Errorf("ending the log of %s: %w", p, err)
		}
	}
	return nil
}

// idle refuses to move a program that a server may still be at work for: what it
// sends at this moment would be sent again from the new place.
func (e *Exporting) idle(ctx context.Context, r store.Reader, program string) error {
	until, err := jobs.LeasedUntil(ctx, r, program, e.Now)
	if err == nil && !until.IsZero() {
		err = fmt.Errorf("work of %s is still under way, or was when a server was killed: stop every server, and run this again after %s", program, until.Format("15:04:05 MST"))
	}
	return err
}

func (e *Exporting) write(ctx context.Context, part *unfinished, db *store.DB, logs map[string]*custody.Log) (portable.Written, error) {
	from, err := db.Moment(ctx)
	if err != nil {
		return portable.Written{}, err
	}
	defer from.Close()
	if e.MoveTo != "" {
		for _, p := range e.Programs {
			if err := e.idle(ctx, from, p); err != nil {
				return portable.Written{}, err
			}
		}
	}
	var written portable.Written
	part.file, written, err = portable.Resume(ctx, part.file, part.beside, from, portable.Export{
		Programs: e.Programs, Leave: stays, Bound: bound, Logs: logs, Move: e.MoveTo != "", Now: e.Now, Progress: e.Progress.tell("rows"),
	})
	return written, err
}
