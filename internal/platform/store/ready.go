// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"waylight/internal/platform/custody"
)

// stale is how long rows that were made ready may wait for their turn: a promise
// that was made at their time names a checkpoint that they must still reach.
const stale = 2 * time.Second

// Add is Accept for what only adds rows and entries, and reads nothing. Its rows
// are encoded and hashed before their turn and not in it, because only one caller
// at a time has the writer. fn runs at once, and Now is that time; it runs again,
// and what it captures must be set anew, when its turn is late, the clock was set
// back meanwhile, or on SQLite something else was added that says a later time.
func (db *DB) Add(ctx context.Context, fn func(tx *Tx) error) error {
	r := &ready{db: db}
	early := &Tx{db: db, on: r, now: db.now()}
	err := call(fn, early)
	if err == nil {
		err = early.finish()
	}
	if err != nil {
		return err
	}
	if db.engine == sqlite {
		r.list = together(r.list)
	}
	late := false // for good: what fn captured last is what must be stored
	return db.write(ctx, func(tx *Tx) error {
		at := db.inTurn(early.now, tx.now)
		if late = late || !at.Equal(early.now); late {
			tx.now = at
			return fn(tx)
		}
		return tx.take(r.list, early.leaves)
	}, early.now, true)
}

// inTurn is the time of rows that were made ready at one time and whose turn has come
// at another: by the clock on the wall, which is what rows say.
func (db *DB) inTurn(early, now time.Time) time.Time {
	early, now = early.Round(0), now.Round(0)
	at := early
	if waited := now.Sub(early); waited < 0 || waited > stale {
		at = now
	}
	if db.writer != nil {
		at = db.writer.following(at, now)
	}
	return at
}

// take runs what was made ready.
func (tx *Tx) take(list []statement, leaves []custody.Leaf) error {
	for _, s := range list {
		if err := tx.on.later(s); err != nil {
			return err
		}
	}
	tx.leaves = append(tx.leaves, leaves...)
	return nil
}

// together joins neighbors that add to one table: SQLite begins and ends each statement
// at a cost that is half of what it takes to add a row.
func together(list []statement) []statement {
	var out []statement
	for len(list) > 0 {
		same := 1
		for same < len(list) && same < widest && list[same].q == list[0].q {
			same++
		}
		s, ok := joined(list[:same])
		if !ok {
			s, same = list[0], 1
		}
		out, list = append(out, sparse(s)), list[same:]
	}
	return out
}

// mostSparse is how many texts sparse keeps: rows of one kind are null in a few ways.
const mostSparse = 300

var (
	sparseTexts sync.Map // sparseKey to string
	sparseCount atomic.Int64
)

type sparseKey struct{ q, nulls string }

// sparse writes what is null into the statement instead of handing it over: SQLite's driver
// looks for each argument among all others.
func sparse(s statement) statement {
	if s.table == "" || !slices.Contains(s.args, nil) {
		return s
	}
	nulls := make([]byte, len(s.args))
	args := make([]any, 0, len(s.args))
	for i, arg := range s.args {
		if arg == nil {
			nulls[i] = 1
			continue
		}
		args = append(args, arg)
	}
	key := sparseKey{s.q, string(nulls)}
	text, ok := sparseTexts.Load(key)
	if !ok {
		if sparseCount.Load() >= mostSparse {
			return s
		}
		text = withNulls(s.q, nulls)
		if _, had := sparseTexts.LoadOrStore(key, text); !had {
			sparseCount.Add(1)
		}
	}
	s.q, s.args = text.(string), args
	return s
}

// withNulls writes null for the marks that nulls says.
func withNulls(q string, nulls []byte) string {
	var b strings.Builder
	mark := 0
	for _, c := range []byte(q) {
		switch {
		case c == '?' && nulls[mark] == 1:
			b.WriteString("null")
		default:
			b.WriteByte(c)
		}
		if c == '?' {
			mark++
		}
	}
	return b.String()
}

// ready is a session that only keeps what is to be added.
type ready struct {
	db   *DB
	list []statement
}

// errReady says that a change that is made ready asked for what only a
// transaction can give.
var errReady = errors.New("only rows can be added before the turn of a transaction")

func (r *ready) later(s statement) error {
	r.list = append(r.list, s)
	return nil
}

func (r *ready) exec(string, ...any) (sql.Result, error) { return nil, errReady }

func (r *ready) query(context.Context, string, ...any) (*sql.Rows, error) { return nil, errReady }

// queryRow gives a row that says so when it is read.
func (r *ready) queryRow(ctx context.Context, q string, _ ...any) *sql.Row {
	ctx, cancel := context.WithCancelCause(ctx)
	cancel(errReady)
	return r.db.readers.QueryRowContext(ctx, q)
}

func (r *ready) duplicate(error) bool { return false }
