// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"waylight/internal/platform/custody"
)

// writer is the one goroutine that writes to SQLite.
type writer struct {
	*queue
	db      *DB
	file    string
	pool    *sql.DB
	conn    *sql.Conn
	stmts   map[string]*asked
	added   time.Time // what was added last: read and set by the goroutine alone
	changed bool      // whether the caller whose turn it is may have changed something
	carrier *carrier  // without a second copy
	carryAt int64     // with a second copy: the length of the log at which a checkpoint is due
	anyway  int64     // and while the copy is away
}

func openWriter(ctx context.Context, db *DB, file string) (*writer, error) {
	w := &writer{queue: newQueue(), db: db, file: file}
	err := w.connect(ctx)
	if err == nil && db.copy == nil {
		w.carrier, err = newCarrier(file)
	}
	return w, err
}

func (w *writer) connect(ctx context.Context) error {
	pool, conn, err := openSQLiteWriter(ctx, w.file)
	if err != nil {
		return err
	}
	w.pool, w.conn, w.stmts = pool, conn, map[string]*asked{}
	if w.db.copy != nil {
		return w.keepLog(ctx)
	}
	return nil
}

func (w *writer) disconnect() {
	for _, s := range w.stmts {
		s.Close()
	}
	if w.conn != nil {
		w.conn.Close()
	}
	if w.pool != nil {
		w.pool.Close()
	}
	w.stmts, w.conn, w.pool = nil, nil, nil
}

func (w *writer) close() {
	w.queue.close()
	if w.db.copy != nil {
		w.db.copy.Stop()
	}
	if w.carrier != nil {
		w.carrier.close()
	}
	w.disconnect()
}

// following keeps what is added in the order of its times: callers make their rows ready
// side by side, and one that was quicker may stand before one that began earlier.
func (w *writer) following(at, now time.Time) time.Time {
	if at.Before(w.added) && !w.added.After(now) {
		at = w.added
	}
	w.added = at
	return at
}

// mostStatements is how many the writer keeps ready; then it begins anew, so that texts that are put
// together take no room for ever.
const mostStatements = 1000

// forget closes the statements between two batches when there are too many.
func (w *writer) forget() {
	if len(w.stmts) < mostStatements {
		return
	}
	for _, s := range w.stmts {
		s.Close()
	}
	clear(w.stmts)
}

// commit runs a batch and answers each caller.
func (w *writer) commit(batch []request) {
	w.forget()
	began := time.Now()
	results, err := w.attempt(batch)
	if err == nil {
		w.db.told(len(batch), time.Since(began))
	}
	answer(batch, results, err)
	if w.carrier != nil {
		w.carrier.committed(w.conn)
	}
}

// attempt returns each caller's own error, or an error of the whole batch.
//
// Callers share the transaction as it is: for a savepoint the engine copies every
// page that changes once more, which costs a third of the writer's time. Only
// when one of them fails after it changed something the batch is run again, each
// caller in a savepoint of its own.
func (w *writer) attempt(batch []request) ([]error, error) {
	added := w.added
	results, err := w.pass(batch, false)
	if err != nil {
		w.added = added // what was added is not there
	}
	if !errors.Is(err, errSpoiled) {
		return results, err
	}
	if _, err := w.exec("rollback"); err != nil {
		w.disconnect()
		return results, errUnavailable.With(err)
	}
	if len(batch) == 1 {
		return results, nil // nobody else's work was undone
	}
	return w.pass(batch, true)
}

// errSpoiled says that a caller failed whose changes cannot be told from others'.
var errSpoiled = errors.New("a caller failed after it changed something")

// pass runs a batch in one transaction and commits it.
func (w *writer) pass(batch []request, savepoints bool) ([]error, error) {
	results := make([]error, len(batch))
	if w.conn == nil {
		if err := w.connect(context.Background()); err != nil {
			return results, errUnavailable.With(err)
		}
	}
	if _, err := w.exec("begin immediate"); err != nil {
		w.disconnect()
		return results, errUnavailable.With(err)
	}
	var leaves []custody.Leaf
	for i, r := range batch {
		made, err := w.one(r, savepoints)
		if errors.Is(err, errSavepoint) {
			w.disconnect()
			return results, errUnavailable.With(err)
		}
		results[i] = err
		if err != nil && !savepoints && (w.changed || sqliteFaulty(err)) {
			return results, errSpoiled
		}
		leaves = append(leaves, made...)
	}
	err := call(func(tx *Tx) error { return integrate(tx, leaves) }, &Tx{db: w.db, on: w, now: w.db.now()})
	if err != nil {
		w.disconnect() // closing the connection rolls back: none of the batch is kept
		w.db.learnMoved(err)
		return results, errUnavailable.With(err)
	}
	if _, err := w.exec("commit"); err != nil {
		w.disconnect()
		if sqliteRefused(err) {
			return results, errUnavailable.With(err)
		}
		return results, errUnsure.With(fmt.Errorf("%w: %w", ErrUnknown, err))
	}
	if w.db.copy != nil {
		w.copied()
	}
	return results, nil
}

var errSavepoint = errors.New("the savepoint was lost")

// one runs a caller's function, in a savepoint or not. Afterwards w.changed says
// whether it may have changed something.
func (w *writer) one(r request, savepoint bool) ([]custody.Leaf, error) {
	w.changed = false
	if r.ctx.Err() != nil {
		return nil, r.ctx.Err()
	}
	if savepoint {
		if _, err := w.exec("savepoint caller"); err != nil {
			return nil, fmt.Errorf("%w: %w", errSavepoint, err)
		}
	}
	w.changed = false // the savepoint itself is no change
	tx := &Tx{db: w.db, on: w, now: w.db.now()}
	err := call(r.fn, tx)
	if err == nil {
		err = tx.finish()
	}
	if err == nil {
		err = w.db.refuseMoved(tx.leaves)
	}
	if savepoint {
		if lost := w.leave(err != nil); lost != nil {
			return nil, lost
		}
	}
	if err != nil {
		return nil, err
	}
	return tx.leaves, nil
}

// leave ends a caller's savepoint, after undoing what it did or not.
func (w *writer) leave(undo bool) error {
	if undo {
		if _, err := w.exec("rollback to caller"); err != nil {
			return fmt.Errorf("%w: %w", errSavepoint, err)
		}
	}
	if _, err := w.exec("release caller"); err != nil {
		return fmt.Errorf("%w: %w", errSavepoint, err)
	}
	return nil
}

// call keeps one caller's panic from taking the writer, and with it every
// report, down.
func call(fn func(tx *Tx) error, tx *Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a write panicked (%T)\n%s", p, debug.Stack())
		}
	}()
	return fn(tx)
}

// integrate appends the batch's leaves, program by program, each in order. The
// programs come by name: two transactions that lock several heads must not wait
// for each other.
func integrate(tx *Tx, leaves []custody.Leaf) error {
	by := map[string][]custody.Leaf{}
	for _, leaf := range leaves {
		by[leaf.Program] = append(by[leaf.Program], leaf)
	}
	for _, p := range slices.Sorted(maps.Keys(by)) {
		if err := custody.Append(tx, p, by[p]); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) stmt(q string) (*asked, error) {
	if s, ok := w.stmts[q]; ok {
		return s, nil
	}
	s, err := ask(context.Background(), w.conn, q)
	if err != nil {
		return nil, err
	}
	w.stmts[q] = s
	return s, nil
}

func (w *writer) exec(q string, args ...any) (sql.Result, error) {
	w.changed = true
	s, err := w.stmt(q)
	if err != nil {
		return nil, err
	}
	return s.Exec(s.args(args)...)
}

// later runs at once: a round trip costs nothing here.
func (w *writer) later(s statement) error {
	_, err := w.exec(s.q, s.args...)
	return s.explain(w, err)
}

// noteQuery takes a query for a change unless it plainly reads: one can also write
// and return what it wrote.
func (w *writer) noteQuery(q string) {
	if q = strings.TrimSpace(q); len(q) < 6 || !strings.EqualFold(q[:6], "select") {
		w.changed = true
	}
}

func (w *writer) query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	w.noteQuery(q)
	s, err := w.stmt(q)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, s.args(args)...)
}

func (w *writer) queryRow(ctx context.Context, q string, args ...any) *sql.Row {
	w.noteQuery(q)
	s, err := w.stmt(q)
	if err != nil {
		return w.conn.QueryRowContext(ctx, q, args...) // reports the same error on Scan
	}
	return s.QueryRowContext(ctx, s.args(args)...)
}

func (w *writer) duplicate(err error) bool { return sqliteDuplicate(err) }
