// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
)

// A program that moved elsewhere takes no change here: its log has ended, and
// every change needs an entry. On PostgreSQL the log itself answers that. On
// SQLite the writer commits many callers at once, so it looks beforehand: the
// callers of other programs are not to fail with it.

func errMoved(to string) *fault.Error {
	return fault.New(fault.Unavailable, "moved", "This program has moved to "+to+". Nothing was changed here.")
}

// Moved says whether a write was refused because its program went elsewhere.
func Moved(err error) bool {
	var moved *custody.MovedError
	return errors.As(err, &moved)
}

// asMoved turns the log's own refusal into what people are told.
func asMoved(err error) error {
	var moved *custody.MovedError
	if errors.As(err, &moved) {
		return errMoved(moved.To).With(err)
	}
	return err
}

// readMoved remembers which programs went elsewhere.
func (db *DB) readMoved(ctx context.Context) error {
	moved, err := custody.Moved(ctx, db)
	if err != nil {
		return err
	}
	db.moved.Store(&moved)
	return nil
}

// learnMoved remembers what the log refused: the program moved since.
func (db *DB) learnMoved(err error) {
	var moved *custody.MovedError
	if !errors.As(err, &moved) {
		return
	}
	known := map[string]string{moved.Program: moved.To}
	if had := db.moved.Load(); had != nil {
		for program, to := range *had {
			known[program] = to
		}
	}
	db.moved.Store(&known)
}

// MovedTo is where a program went that left this place, "" for one that is here.
func (db *DB) MovedTo(program string) string {
	moved := db.moved.Load()
	if moved == nil {
		return ""
	}
	return (*moved)[program]
}

func (db *DB) refuseMoved(leaves []custody.Leaf) error {
	for _, leaf := range leaves {
		if to := db.MovedTo(leaf.Program); to != "" {
			return errMoved(to).With(&custody.MovedError{Program: leaf.Program, To: to})
		}
	}
	return nil
}
