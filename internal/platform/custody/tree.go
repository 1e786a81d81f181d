// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations holds the log's own tables.
func Migrations() embed.FS { return migrations }

// Reader reads the log's tables.
type Reader interface {
	Query(ctx context.Context, q string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, q string, args ...any) *sql.Row
}

// Writer is an open writing transaction.
type Writer interface {
	Reader
	Exec(q string, args ...any) (int64, error)
	// Later adds rows whose count nobody needs; it may do so at the next Exec.
	Later(q string, args ...any) error
}

const (
	// tileHeight is the height of a tlog-tile.
	tileHeight = 8
	// runHeight is half of it: hashes at its multiples are stored, all others are computed
	// from at most eight of them. Of leaves that an older release added only those of whole
	// tiles are there, and the ones between are computed too.
	runHeight = tileHeight / 2
)

// nodesOf is the table of a stored level's hashes.
func nodesOf(level int) string {
	if level%tileHeight == 0 {
		return "custody_node"
	}
	return "custody_half"
}

// frontier is the right edge of a tree: the roots of its complete subtrees,
// largest first, one for each one-bit of its size.
type frontier struct {
	size   int64
	hashes []tlog.Hash
}

// add appends a leaf hash and calls stored for each completed node whose level
// is a positive multiple of the height of a run.
func (f *frontier) add(h tlog.Hash, stored func(level int, n int64, h tlog.Hash) error) error {
	n := f.size
	f.hashes = append(f.hashes, h)
	for level := 1; n&1 == 1; level++ {
		last := len(f.hashes) - 1
		h = tlog.NodeHash(f.hashes[last-1], h)
		f.hashes = append(f.hashes[:last-1], h)
		n >>= 1
		if level%runHeight == 0 {
			if err := stored(level, n, h); err != nil {
				return err
			}
		}
	}
	f.size++
	return nil
}

// root is the tree hash of the leaves added so far.
func (f *frontier) root() tlog.Hash {
	if len(f.hashes) == 0 {
		root, _ := tlog.TreeHash(0, nil)
		return root
	}
	h := f.hashes[len(f.hashes)-1]
	for i := len(f.hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(f.hashes[i], h)
	}
	return h
}

func (f *frontier) marshal() []byte {
	b := make([]byte, 0, len(f.hashes)*tlog.HashSize)
	for _, h := range f.hashes {
		b = append(b, h[:]...)
	}
	return b
}

func parseFrontier(size int64, b []byte) (*frontier, error) {
	if size < 0 || len(b) != bits.OnesCount64(uint64(size))*tlog.HashSize {
		return nil, errors.New("the custody log's head is damaged")
	}
	f := &frontier{size: size}
	for ; len(b) > 0; b = b[tlog.HashSize:] {
		f.hashes = append(f.hashes, tlog.Hash(b[:tlog.HashSize]))
	}
	return f, nil
}

// leafHash is the RFC 6962 hash of a leaf whose content is its commitment.
func leafHash(commitment []byte) tlog.Hash { return tlog.RecordHash(commitment) }

// lockHead takes the program's head for this transaction. The no-change update
// is the lock: on PostgreSQL it holds the row, so that one transaction at a
// time integrates; on SQLite there is one writer anyway. The head of a program
// that moved elsewhere is never given.
func lockHead(w Writer, program string) (*frontier, error) {
	n, err := w.Exec(`update custody_tree set size = size where program = $1 and moved_to is null`, program)
	if err != nil {
		return nil, fmt.Errorf("locking the custody head: %w", err)
	}
	if n == 0 {
		to, err := MovedTo(context.Background(), w, program)
		if err != nil {
			return nil, err
		}
		if to != "" {
			return nil, &MovedError{Program: program, To: to}
		}
		_, err = w.Exec(`insert into custody_tree (program, size, frontier) values ($1, $2, $3) on conflict (program) do nothing`, program, int64(0), []byte{})
		if err != nil {
			return nil, fmt.Errorf("starting the custody log: %w", err)
		}
		if _, err := w.Exec(`update custody_tree set size = size where program = $1`, program); err != nil {
			return nil, fmt.Errorf("locking the custody head: %w", err)
		}
	}
	return readHead(context.Background(), w, program)
}

func readHead(ctx context.Context, r Reader, program string) (*frontier, error) {
	var size int64
	var edge []byte
	err := r.QueryRow(ctx, `select size, frontier from custody_tree where program = $1`, program).Scan(&size, &edge)
	if errors.Is(err, sql.ErrNoRows) {
		return &frontier{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the custody head: %w", err)
	}
	return parseFrontier(size, edge)
}

// Sizes gives the size of every program's log.
func Sizes(ctx context.Context, r Reader) (map[string]int64, error) {
	rows, err := r.Query(ctx, `select program, size from custody_tree`)
	if err != nil {
		return nil, fmt.Errorf("reading the sizes of the logs: %w", err)
	}
	defer rows.Close()
	sizes := map[string]int64{}
	for rows.Next() {
		var program string
		var size int64
		if err := rows.Scan(&program, &size); err != nil {
			return nil, fmt.Errorf("reading the sizes of the logs: %w", err)
		}
		sizes[program] = size
	}
	return sizes, rows.Err()
}

// Append integrates leaves of one program in order, in one pass, within the
// caller's transaction.
func Append(w Writer, program string, leaves []Leaf) error {
	_, err := appendLeaves(w, program, leaves)
	return err
}

func appendLeaves(w Writer, program string, leaves []Leaf) (*frontier, error) {
	f, err := lockHead(w, program)
	if err != nil {
		return nil, err
	}
	clock, err := readClock(w, program)
	if err != nil {
		return nil, err
	}
	leaves, clock = turned(program, clock, leaves)
	store := func(level int, n int64, h tlog.Hash) error {
		return w.Later(`insert into `+nodesOf(level)+` (program, level, n, hash) values ($1, $2, $3, $4)`, program, int64(level), n, h[:])
	}
	for i := range leaves {
		leaf := &leaves[i]
		err := w.Later(`insert into custody_leaf (program, idx, commitment, salt, opening, row_list) values ($1, $2, $3, $4, $5, $6)`,
			program, f.size, leaf.Commitment[:], leaf.Salt[:], leaf.Opening, leaf.Rows)
		if err != nil {
			return nil, fmt.Errorf("appending to the custody log: %w", err)
		}
		if err := f.add(leafHash(leaf.Commitment[:]), store); err != nil {
			return nil, fmt.Errorf("storing a custody node: %w", err)
		}
	}
	_, err = w.Exec(`update custody_tree set size = $2, frontier = $3, clock = $4 where program = $1`, program, f.size, f.marshal(), micros(clock))
	if err != nil {
		return nil, fmt.Errorf("moving the custody head: %w", err)
	}
	return f, nil
}

// micros is null for the zero time.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}
