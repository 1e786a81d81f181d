// SPDX-License-Identifier: Apache-2.0

// Package spool keeps sealed reports on a server's own disk while the database
// is away, and forwards them when it is back.
//
// What it promises:
//
//   - A report that the spool took is on the disk, durably, with an entry in the
//     spool's own log, before its sender is told so.
//   - It is forwarded exactly once, with its clocks running since it was taken.
//     When it has arrived, its sealed parts are removed here, and the log says so.
//   - The spool's checkpoint becomes an entry of the program's log, so that what
//     the sender was promised meanwhile can be proven afterwards.
//   - It holds no more in clear than the database does.
//
// The spool also keeps a copy of the directory of keys, so that a server that
// starts while the database is away can still take reports. Its keys count only
// as far as their signatures lead back to the pinned directory key. And it keeps whom
// such a server mails.
package spool

import (
	"context"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Schema is the spool's own tables. They never stand in the main database.
func Schema() store.Schema { return store.Schema{Room: "spool", FS: migrations} }

// Config is what a spool stands on.
type Config struct {
	File     string   // the SQLite file
	Programs []string // whose reports it takes
	Now      func() time.Time
	// Log makes the publisher of a program's log under the spool's own name, which
	// is made at the first opening and never changes.
	Log func(program, name string) (*custody.Log, error)
}

// Spool is an open spool.
type Spool struct {
	db    *store.DB
	now   func() time.Time
	logs  map[string]*custody.Log
	away  atomic.Bool
	there presence
}

// Open opens the spool, creating it at the first time.
func Open(ctx context.Context, c Config) (*Spool, error) {
	db, err := store.Open(ctx, "sqlite:"+c.File, store.Options{Schemas: []store.Schema{Schema()}, Now: c.Now})
	if err != nil {
		return nil, fault.Wrap(err, "opening the spool")
	}
	s := &Spool{db: db, now: c.Now, logs: map[string]*custody.Log{}}
	s.there.came(c.Now())
	for _, program := range c.Programs {
		name, err := s.nameOf(ctx, program)
		if err == nil {
			s.logs[program], err = c.Log(program, name)
		}
		if err != nil {
			db.Close()
			return nil, fault.Wrap(err, "opening the spool's log")
		}
	}
	return s, nil
}

// nameOf is the spool's name for a program's log, made at the first time.
func (s *Spool) nameOf(ctx context.Context, program string) (string, error) {
	id := store.NewID()
	var name string
	err := s.db.Accept(ctx, func(tx *store.Tx) error {
		var err error
		name, err = nameIn(tx, program, hex.EncodeToString(id[:6]))
		return err
	})
	return name, err
}

// Close closes the spool's database.
func (s *Spool) Close() error { return s.db.Close() }

// Away says whether the database is known to be away.
func (s *Spool) Away() bool { return s.away.Load() }

// SetAway notes whether the database is away, and says whether that is news.
func (s *Spool) SetAway(away bool) bool {
	if s.away.Swap(away) == away {
		return false
	}
	if away {
		s.there.went(s.now())
	} else {
		s.there.came(s.now())
	}
	return true
}

// Since is how long the report that has waited longest for a program could have
// been forwarded: all the time in which the database was there, since it was kept or
// since this server runs. It is 0 when none waits, or none could arrive yet.
func (s *Spool) Since(ctx context.Context, program string) (time.Duration, error) {
	oldest, err := oldestSpooled(ctx, s.db, program)
	if err != nil || oldest.IsZero() {
		return 0, err
	}
	return s.there.from(oldest, s.now()), nil
}

// Reader reads the spool's log.
func (s *Spool) Reader() store.Reader { return s.db }

// Store is the spool's database, for a server that has no other one yet.
func (s *Spool) Store() *store.DB { return s.db }

// Log is the publisher of a program's log in the spool.
func (s *Spool) Log(program string) *custody.Log { return s.logs[program] }

// errProgram is for a program that this spool has no log of.
var errProgram = errors.New("the spool has no log of this program")

// Keep stores a report with its entry in the spool's log.
func (s *Spool) Keep(ctx context.Context, w report.Waiting) (custody.Leaf, error) {
	if s.logs[w.Program] == nil {
		return custody.Leaf{}, errProgram
	}
	var leaf custody.Leaf
	err := s.db.Accept(ctx, func(tx *store.Tx) error {
		if err := insertSpooled(tx, w); err != nil {
			return err
		}
		leaf = tx.Log(custody.Entry{Program: w.Program, Event: report.SpooledEvent, Record: recordName(w.Report), Actor: "sender"})
		return insertLeaf(tx, w, leaf)
	})
	return leaf, err
}

func recordName(id store.ID) string { return "report:" + id.String() }

// Find gives a report that waits here.
func (s *Spool) Find(ctx context.Context, program string, id store.ID) (report.Waiting, bool, error) {
	return readSpooled(ctx, s.db, program, id)
}

// CloseReceipt ends the receipt of a report that waits here, for its holder.
func (s *Spool) CloseReceipt(ctx context.Context, program string, id store.ID) error {
	return s.db.Accept(ctx, func(tx *store.Tx) error {
		closed, err := closeSpooled(tx, program, id)
		if err != nil || !closed {
			return err
		}
		tx.Log(custody.Entry{Program: program, Event: "receipt.closed", Record: recordName(id), Actor: "sender"})
		return nil
	})
}

// Waiting counts what waits here for a program.
func (s *Spool) Waiting(ctx context.Context, program string) (int, error) {
	return countSpooled(ctx, s.db, program)
}

// Kept is a report that waits in a spool.
type Kept struct {
	Program string
	Report  store.ID
	At      time.Time // when it was accepted
}

// List reads what waits in a spool's file, whether or not a server has it open,
// the oldest first. Where there is no file nothing waits.
func List(ctx context.Context, file string) ([]Kept, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	db, err := store.Inspect(ctx, "sqlite:"+file, store.Options{Schemas: []store.Schema{Schema()}})
	if err != nil {
		return nil, fault.Wrap(err, "opening the spool")
	}
	defer db.Close()
	return listKept(ctx, db)
}

// TakeOver is the database's side of forwarding.
type TakeOver func(ctx context.Context, w report.Waiting, proof report.SpoolProof) error

// Forward gives everything that waits for a program to the database, in the order
// in which it came, and says how many reports arrived. It stops at the first one
// that the database does not take now. One that it will not take as it is, because
// other words stand under its receipt (report.ErrOtherWords) or it is damaged, stays
// here, and the others go on.
func (s *Spool) Forward(ctx context.Context, program string, take TakeOver) (int, error) {
	ids, err := listSpooled(ctx, s.db, program)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if err := s.cover(ctx, program); err != nil {
		return 0, err
	}
	done, stuck := 0, error(nil)
	for _, id := range ids {
		err := s.forward(ctx, program, id, take)
		switch {
		case err == nil:
			done++
		case ctx.Err() != nil, notNow(err):
			return done, err
		default:
			stuck = errors.Join(stuck, fmt.Errorf("a report stays in the spool: %w", err))
		}
	}
	return done, stuck
}

// notNow says of an error that the same report may well be taken later.
func notNow(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Overloaded:
		return true
	}
	return store.Away(err) || errors.Is(err, store.ErrUnknown) || errors.Is(err, errChanged)
}

// cover publishes the spool's log unless a checkpoint holds the entries of all that
// waits: each one costs entries of its own, and what is stuck is tried for ever.
func (s *Spool) cover(ctx context.Context, program string) error {
	open, err := uncovered(ctx, s.db, program)
	if err != nil || !open {
		return err
	}
	return s.Publish(ctx, program)
}

func (s *Spool) forward(ctx context.Context, program string, id store.ID, take TakeOver) error {
	w, found, err := s.Find(ctx, program, id)
	if err != nil || !found {
		return err
	}
	proof := report.SpoolProof{Origin: s.logs[program].Origin(), Verifier: s.logs[program].VerifierKey()}
	if proof.Leaf, err = custody.Find(ctx, s.db, program, w.Commitment); err != nil {
		return fault.Wrap(err, "reading a report's entry in the spool's log")
	}
	if proof.Proof, err = custody.Prove(ctx, s.db, program, w.Commitment); err != nil {
		return fault.Wrap(err, "proving a report's entry in the spool's log")
	}
	head, err := custody.ParseCheckpoint(proof.Proof.Checkpoint, s.logs[program].Verifier())
	if err != nil {
		return err
	}
	proof.Size = head.N
	if err := take(ctx, w, proof); err != nil {
		return err
	}
	return s.remove(ctx, w)
}

// remove takes a report that has arrived out of the spool. One whose receipt was
// closed since it was read stays, and is forwarded once more with that.
func (s *Spool) remove(ctx context.Context, w report.Waiting) error {
	return s.db.Accept(ctx, func(tx *store.Tx) error {
		if err := deleteSpooled(tx, w); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: w.Program, Event: "spool.forwarded", Record: recordName(w.Report), Actor: "system"})
		return nil
	})
}

// Publish signs a checkpoint of the spool's log.
func (s *Spool) Publish(ctx context.Context, program string) error {
	return s.db.Accept(ctx, func(tx *store.Tx) error {
		_, err := s.logs[program].Publish(tx, s.now())
		return err
	})
}

// Directory gives the copy of a program's directory, "" when there is none.
func (s *Spool) Directory(ctx context.Context, program string) (string, error) {
	return readDirectory(ctx, s.db, program)
}

// KeepDirectory keeps a copy of a program's directory.
func (s *Spool) KeepDirectory(ctx context.Context, program, state string) error {
	return s.db.Write(ctx, func(tx *store.Tx) error { return putDirectory(tx, program, state) })
}

// Told gives whom to mail of a program while the database is away; none where nobody is
// known.
func (s *Spool) Told(ctx context.Context, program string) ([]string, error) {
	return readTold(ctx, s.db, program)
}

// KeepTold keeps whom to mail of a program, in place of those who were kept before.
func (s *Spool) KeepTold(ctx context.Context, program string, addresses []string) error {
	return s.db.Write(ctx, func(tx *store.Tx) error { return putTold(tx, program, addresses) })
}
