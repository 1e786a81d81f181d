// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
)

// The log of pages (WAL) is carried into the database when it has so many pages: at
// every few dozen reports, as SQLite does it by itself, the same pages are written again
// and again and each time the disk is waited for. What is acknowledged stands in that log.
const (
	carryPages = 8000
	// carryMore is how many more there must be before it is tried again while somebody who
	// reads keeps the log from being begun anew.
	carryMore = carryPages / 8
	// carryLate is when the writer carries all of it itself, whatever became of that.
	carryLate = "wal_autocheckpoint(32000)"
)

// carrier carries the log into the database on a connection of its own: to write and
// sync some thousand pages takes so long that all who write would wait for it. What was
// added meanwhile is little, and carried by the writer between two batches, so that the
// next one begins the log anew.
type carrier struct {
	pool    *sql.DB
	pages   int64
	written chan struct{} // something was committed
	rest    atomic.Bool   // the writer is to carry what is left
	loop    sync.WaitGroup
	closed  sync.Once
}

func newCarrier(file string) (*carrier, error) {
	pool, err := sql.Open("sqlite", sqliteURL(file, "synchronous(FULL)", "cache_size(-64)"))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	c := &carrier{pool: pool, pages: carryPages, written: make(chan struct{}, 1)}
	c.loop.Go(c.run)
	return c, nil
}

// run carries whenever there is enough. What goes wrong here is tried again after the
// next commit, and changes nothing about what was committed.
func (c *carrier) run() {
	for range c.written {
		if c.rest.Load() {
			continue
		}
		pages, carried, err := checkpoint(c.pool, "noop")
		if err != nil || pages < c.pages || pages-carried < min(carryMore, c.pages) {
			continue
		}
		if _, _, err := checkpoint(c.pool, "passive"); err == nil {
			c.rest.Store(true)
		}
	}
}

// committed lets the carrier know of a commit, after its callers were answered, and
// carries what it left.
func (c *carrier) committed(conn *sql.Conn) {
	if conn != nil && c.rest.CompareAndSwap(true, false) {
		_, _, _ = checkpoint(conn, "passive")
	}
	select {
	case c.written <- struct{}{}:
	default:
	}
}

func (c *carrier) close() {
	c.closed.Do(func() { close(c.written) })
	c.loop.Wait()
	c.pool.Close()
}

// checkpoint carries pages of the log into the database, in one of the engine's ways,
// and says how many the log has and how many of them are carried.
func checkpoint(on interface {
	QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row
}, how string) (pages, carried int64, err error) {
	var busy int64
	err = on.QueryRowContext(context.Background(), "pragma wal_checkpoint("+how+")").Scan(&busy, &pages, &carried)
	return pages, carried, err
}
