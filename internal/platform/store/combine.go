// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"waylight/internal/platform/custody"
)

// combiners is how many transactions of Accept are under way at once: while one
// waits for the disk, the next one is filled.
const combiners = 2

// combiner is Accept on PostgreSQL. Each transaction locks the program's tree head
// and waits for the disk, so one for each report would make them queue for both:
// what waits is committed together instead. What the callers insert is sent in few
// round trips, all callers' rows of a table at once. That says nothing about who
// is to blame when a statement fails: then the batch is run again with a savepoint
// for each caller.
type combiner struct {
	*queue
	db *DB
}

func newCombiner(db *DB) *combiner {
	c := &combiner{queue: newQueue(), db: db}
	for range combiners {
		c.start(c.commit)
	}
	return c
}

func (c *combiner) commit(batch []request) {
	began := time.Now()
	results, err := c.settle(batch)
	if err == nil {
		c.db.told(len(batch), time.Since(began))
	}
	answer(batch, results, err)
}

// settle runs a batch until it no longer collides with other transactions, and on
// a fresh connection when the one it had was lost before the commit, as Write does.
func (c *combiner) settle(batch []request) (results []error, err error) {
	patient, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	lines := c.db.lines
	for n := 1; ; n++ {
		generation := lines.generation.Load()
		results, err = c.attempt(batch, len(batch) == 1)
		if errors.Is(err, errBlame) {
			results, err = c.attempt(batch, true)
		}
		long := collided(n)
		switch {
		case errors.Is(err, errBlame):
			return results, errUnavailable.With(err)
		case errors.Is(err, ErrUnknown):
			lines.lost(generation)
			return results, errUnsure.With(err)
		case serialization(err):
			if n >= retries {
				return results, errOverloaded.With(err)
			}
		case gone(err):
			lines.lost(generation)
			if patient.Err() != nil || lines.away.Load() {
				lines.away.Store(true)
				return results, errUnavailable.With(err)
			}
			long += 100 * time.Millisecond
		default:
			return results, err
		}
		pause(context.Background(), long)
	}
}

// errBlame says that a statement of a batch failed and it is not known whose.
var errBlame = errors.New("a statement of the batch failed")

// attempt returns each caller's own error, or an error of the whole batch. With
// apart, each caller's statements are sent apart from the others'.
func (c *combiner) attempt(batch []request, apart bool) ([]error, error) {
	conn, err := c.db.connection(context.Background(), true)
	if err != nil {
		return nil, errUnavailable.With(err)
	}
	defer conn.Close()
	s := &staged{conn: conn, mixed: !apart}
	if _, err := s.exec("begin"); err != nil {
		s.abandon()
		return nil, errUnavailable.With(err)
	}
	c.db.lines.away.Store(false)
	results := make([]error, len(batch))
	var leaves []custody.Leaf
	for i, r := range batch {
		made, err := c.one(s, r, apart && len(batch) > 1)
		if s.lost != nil {
			s.abandon()
			return results, s.lost
		}
		if broken(err) { // its own trouble, not the caller's
			err = errUnavailable.With(err)
		}
		results[i] = err
		leaves = append(leaves, made...)
	}
	if len(batch) == 1 && results[0] != nil {
		s.abandon()
		return results, nil
	}
	return results, c.end(s, leaves)
}

// end integrates a batch's leaves and commits.
func (c *combiner) end(s *staged, leaves []custody.Leaf) error {
	err := call(func(tx *Tx) error { return integrate(tx, leaves) }, &Tx{db: c.db, on: s, now: c.db.now()})
	if err == nil && len(leaves) == 0 {
		_, err = s.exec(waitForStandby)
	}
	if err == nil {
		err = s.flush()
	}
	var moved *custody.MovedError
	switch {
	case err == nil:
	case errors.As(err, &moved): // just now: from here on its callers are refused before they get here
		s.abandon()
		c.db.learnMoved(err)
		return errBlame
	case gone(s.failed), gone(err):
		s.abandon()
		return errors.Join(s.failed, err)
	case serialization(s.failed), serialization(err):
		s.abandon()
		return errors.Join(s.failed, err)
	case s.failed != nil && s.mixed:
		s.abandon()
		return errBlame
	default:
		s.abandon()
		return errUnavailable.With(fmt.Errorf("integrating custody entries: %w", err))
	}
	unwarned(s.conn)
	err = s.commit()
	if err == nil {
		err = warned(s.conn) // it stands on one machine only
	} else if errors.Is(err, errRolledBack) || rolledBack(err) {
		return err
	}
	if err == nil {
		return nil
	}
	s.abandon()
	return fmt.Errorf("%w: %w", ErrUnknown, err)
}

// one runs a caller's function, in a savepoint where others share the
// transaction and a statement may fail.
func (c *combiner) one(s *staged, r request, savepoint bool) ([]custody.Leaf, error) {
	if r.ctx.Err() != nil {
		return nil, r.ctx.Err()
	}
	mark, sent := len(s.waiting), s.sent
	if savepoint {
		s.command(setSavepoint)
	}
	tx := &Tx{db: c.db, on: s, now: c.db.now()}
	err := call(r.fn, tx)
	if err == nil {
		err = tx.finish()
	}
	if err == nil {
		err = c.db.refuseMoved(tx.leaves)
	}
	if err == nil && !s.mixed {
		if savepoint {
			s.command("release savepoint caller")
		}
		err = s.flush()
	}
	if s.blamed != nil {
		err, s.blamed = s.blamed, nil
	}
	switch {
	case serialization(s.failed), gone(s.failed):
		s.lost = s.failed
	case s.mixed && (s.failed != nil || err != nil && s.sent != sent):
		s.lost = errBlame
	case err == nil:
		return tx.leaves, nil
	case s.sent == sent: // nothing of it reached the server
		s.waiting = s.waiting[:mark]
	case savepoint:
		s.back()
	}
	return nil, err
}

const setSavepoint = "savepoint caller"

// staged is a transaction on PostgreSQL that keeps inserts back until something
// needs them done.
type staged struct {
	conn    *sql.Conn
	mixed   bool // several callers' statements wait together
	waiting []statement
	sent    int   // how often statements that had waited were sent
	failed  error // the first failure of any statement: PostgreSQL takes no other until it is rolled back
	blamed  error // the same, explained, when the statement had waited
	lost    error // the transaction is of no use any more
}

func (s *staged) later(st statement) error {
	s.waiting = append(s.waiting, st)
	return nil
}

// command lets a statement without arguments wait in line with the others.
func (s *staged) command(q string) { s.waiting = append(s.waiting, statement{q: q}) }

// flush sends what waits.
func (s *staged) flush() error {
	if s.failed != nil {
		return s.failed
	}
	if len(s.waiting) == 0 {
		return nil
	}
	s.sent++
	waiting := widened(s.waiting, s.mixed)
	s.waiting = s.waiting[:0]
	at, err := sendAll(s.conn, waiting)
	if err == nil {
		return nil
	}
	s.fail(err)
	if waiting[at].q == setSavepoint {
		s.lost = errUnavailable.With(err)
	}
	s.blamed = waiting[at].explain(s, err)
	return s.blamed
}

func (s *staged) fail(err error) {
	if err != nil && s.failed == nil {
		s.failed = err
	}
}

// back undoes what a caller did, and is ready for the next one.
func (s *staged) back() {
	s.waiting = s.waiting[:0]
	for _, q := range []string{"rollback to savepoint caller", "release savepoint caller"} {
		if _, err := s.conn.ExecContext(context.Background(), q); err != nil {
			s.lost = errUnavailable.With(err)
			return
		}
	}
	s.failed = nil
}

func (s *staged) exec(q string, args ...any) (sql.Result, error) {
	if err := s.flush(); err != nil {
		return nil, err
	}
	res, err := s.conn.ExecContext(context.Background(), q, args...)
	s.fail(err)
	return res, err
}

func (s *staged) query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	if err := s.flush(); err != nil {
		return nil, err
	}
	rows, err := s.conn.QueryContext(ctx, q, args...)
	s.fail(err)
	return rows, err
}

// queryRow asks even after a failure: the row then says that there was one.
func (s *staged) queryRow(ctx context.Context, q string, args ...any) *sql.Row {
	s.flush()
	row := s.conn.QueryRowContext(ctx, q, args...)
	s.fail(row.Err())
	return row
}

func (s *staged) duplicate(err error) bool { return pgDuplicate(err) }

// errRolledBack says that the server undid the transaction instead of keeping it.
var errRolledBack = errUnavailable.With(errors.New("the transaction was rolled back at its commit"))

// commit ends the transaction. The server answers "rollback", and no error, to
// the commit of a transaction in which something failed.
func (s *staged) commit() error {
	var tag pgconn.CommandTag
	err := raw(s.conn, func(ctx context.Context, c *pgconn.PgConn) (err error) {
		results, err := c.Exec(ctx, "commit").ReadAll()
		if err == nil && len(results) == 1 {
			tag = results[0].CommandTag
		}
		return err
	})
	if err == nil && tag.String() != "COMMIT" {
		err = errRolledBack
	}
	return err
}

// abandon undoes the transaction, by closing the connection if nothing else helps.
func (s *staged) abandon() {
	_, err := s.conn.ExecContext(context.Background(), "rollback")
	if err != nil {
		s.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}
