// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
)

// With a second copy the log of pages is carried into the database only after
// all of it was copied: the copy is made of the logs. So the engine makes no
// checkpoint by itself, and the writer makes them here.
const (
	carryEvery  = 32 << 20 // bytes of log
	carryAnyway = 1 << 30  // while the copy is away
)

// keepLog leaves checkpoints to the writer, and keeps the log when the database
// is closed, so that the copy goes on from it.
func (w *writer) keepLog(ctx context.Context) error {
	w.carryAt, w.anyway = carryEvery, carryAnyway
	if _, err := w.conn.ExecContext(ctx, "pragma wal_autocheckpoint(0)"); err != nil {
		w.disconnect()
		return fmt.Errorf("leaving checkpoints to the writer: %w", err)
	}
	err := w.conn.Raw(func(c any) error {
		control, ok := c.(interface {
			FileControlPersistWAL(string, int) (int, error)
		})
		if !ok {
			return fmt.Errorf("the SQLite driver is %T", c)
		}
		mode, err := control.FileControlPersistWAL("main", 1)
		if err == nil && mode != 1 {
			err = errors.New("the engine does not do it")
		}
		return err
	})
	if err != nil {
		w.disconnect()
		return fmt.Errorf("keeping the log of pages: %w", err)
	}
	return nil
}

// copied lets the second copy know of a commit, waits for it where that was
// asked for, and carries the log into the database when it is long. What goes
// wrong here changes nothing about the commit.
func (w *writer) copied() {
	copy := w.db.copy
	copy.Committed()
	length := copy.Length()
	if length < carryEvery {
		w.carryAt = carryEvery
	}
	away := copy.Status().Away
	if !away {
		w.anyway = carryAnyway
	}
	if length < w.carryAt && !away || !copy.Ready(w.anyway) {
		return
	}
	if away {
		w.anyway += carryAnyway / 4 // the file does not become shorter when the log is begun anew
	}
	var busy, frames, carried int64
	err := w.conn.QueryRowContext(context.Background(), "pragma wal_checkpoint(passive)").Scan(&busy, &frames, &carried)
	if err == nil && busy == 0 && frames == carried {
		copy.Carried(frames)
	}
	w.carryAt = copy.Length() + carryEvery // a reader may keep the log from being begun anew
}
