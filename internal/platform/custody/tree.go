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

// tileHeight is the height of a tlog-tile; hashes at its multiples are stored,
// all others are computed from them.
const tileHeight = 8

// frontier is the right edge of a tree: the roots of its complete subtrees,
// largest first, one for each one-bit of its size.
type frontier struct {
	size   int64
	hashes []tlog.Hash
}

// add appends a leaf hash and calls stored for each completed node whose level
// is a positive multiple of the tile height.
func (f *frontier) add(h tlog.Hash, stored func(level int, n int64, h tlog.Hash) error) error {
	n := f.size
	f.hashes = append(f.hashes, h)
	for level := 1; n&1 == 1; level++ {
		last := len(f.hashes) - 1
		h = tlog.NodeHash(f.hashes[last-1], h)
		f.hashes = append(f.hashes[:last-1], h)
		n >>= 1
		if level%tileHeight == 0 {
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
		return w.Later(`insert into custody_node (program, level, n, hash) values ($1, $2, $3, $4)`, program, int64(level), n, h[:])
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

// hashReader answers tlog's requests from the stored nodes and leaves.
type hashReader struct {
	ctx     context.Context
	r       Reader
	program string
}

// ReadHashes implements tlog.HashReader. What lies in one tile is read at once: a
// proof takes a handful of questions instead of one for each of its hashes.
func (h hashReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	spans := map[tile]part{}
	for _, index := range indexes {
		t, from, to := below(tlog.SplitStoredHashIndex(index))
		s, had := spans[t]
		if !had {
			s = part{from: from, to: to}
		}
		spans[t] = part{from: min(s.from, from), to: max(s.to, to)}
	}
	for t, s := range spans {
		var err error
		if s.hashes, err = h.stored(t.level, s.from, s.to); err != nil {
			return nil, err
		}
		spans[t] = s
	}
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		t, from, to := below(tlog.SplitStoredHashIndex(index))
		s := spans[t]
		out[i] = subtree(s.hashes[from-s.from : to-s.from])
	}
	return out, nil
}

// tile is a run of hashes of a stored level, as many as a tile holds.
type tile struct {
	level int
	n     int64
}

// part is what is asked for of a tile.
type part struct {
	from, to int64
	hashes   []tlog.Hash
}

// below says from which hashes of the nearest stored level a node is computed: at
// most 128, in one tile.
func below(level int, n int64) (t tile, from, to int64) {
	up := level % tileHeight
	from, to = n<<up, (n+1)<<up
	return tile{level - up, from >> tileHeight}, from, to
}

// subtree is the root of a complete subtree over these hashes, which stay as they are.
func subtree(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(subtree(hashes[:half]), subtree(hashes[half:]))
}

func (h hashReader) stored(level int, from, to int64) ([]tlog.Hash, error) {
	q, args := `select hash from custody_node where program = $1 and n >= $2 and n < $3 and level = $4 order by n`, []any{h.program, from, to, int64(level)}
	if level == 0 {
		q, args = `select commitment from custody_leaf where program = $1 and idx >= $2 and idx < $3 order by idx`, args[:3]
	}
	rows, err := h.r.Query(h.ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("reading custody hashes: %w", err)
	}
	defer rows.Close()
	var hashes []tlog.Hash
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, fmt.Errorf("reading custody hashes: %w", err)
		}
		if level == 0 {
			hashes = append(hashes, leafHash(b))
			continue
		}
		if len(b) != tlog.HashSize {
			return nil, errors.New("custody node is damaged")
		}
		hashes = append(hashes, tlog.Hash(b))
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading custody hashes: %w", err)
	}
	if int64(len(hashes)) != to-from {
		return nil, fmt.Errorf("custody log lacks hashes %d to %d of level %d", from, to-1, level)
	}
	return hashes, nil
}
