// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// hashReader answers tlog's requests from the stored nodes and leaves.
type hashReader struct {
	ctx     context.Context
	r       Reader
	program string
}

// ReadHashes implements tlog.HashReader. All of a proof's hashes are asked for at once.
func (h hashReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	parts := map[run]*part{}
	for _, index := range indexes {
		at, from, to := below(tlog.SplitStoredHashIndex(index))
		p, had := parts[at]
		if !had {
			p = &part{from: from, to: to}
			parts[at] = p
		}
		p.from, p.to = min(p.from, from), max(p.to, to)
	}
	if err := h.read(parts); err != nil {
		return nil, err
	}
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		at, from, to := below(tlog.SplitStoredHashIndex(index))
		p := parts[at]
		out[i] = subtree(p.hashes[from-p.from : to-p.from])
	}
	return out, nil
}

// run is a row of hashes of a stored level that make one of the next.
type run struct {
	level int
	n     int64
}

// part is what is asked for of a run.
type part struct {
	from, to int64
	hashes   []tlog.Hash
	found    int64
}

// below says from which hashes of the nearest stored level a node is computed: at
// most eight, in one run.
func below(level int, n int64) (at run, from, to int64) {
	up := level % runHeight
	from, to = n<<up, (n+1)<<up
	return run{level - up, from >> runHeight}, from, to
}

// subtree is the root of a complete subtree over these hashes, which stay as they are.
func subtree(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(subtree(hashes[:half]), subtree(hashes[half:]))
}

const (
	someLeaves = `select 0, idx, commitment from custody_leaf where program = $1 and idx >= $%d and idx < $%d`
	someNodes  = `select level, n, hash from %s where program = $1 and n >= $%d and n < $%d and level = $%d`
)

// read fills parts, with one question for all.
func (h hashReader) read(parts map[run]*part) error {
	var q []string
	args := []any{h.program}
	// In one order, so that as few texts as there are lengths of proofs are ever asked.
	for _, at := range slices.SortedFunc(maps.Keys(parts), run.compare) {
		p := parts[at]
		p.hashes = make([]tlog.Hash, p.to-p.from)
		args = append(args, p.from, p.to)
		if at.level == 0 {
			q = append(q, fmt.Sprintf(someLeaves, len(args)-1, len(args)))
			continue
		}
		args = append(args, int64(at.level))
		q = append(q, fmt.Sprintf(someNodes, nodesOf(at.level), len(args)-2, len(args)-1, len(args)))
	}
	if len(q) == 0 {
		return nil
	}
	err := h.each(strings.Join(q, " union all "), args, func(level int, n int64, hash tlog.Hash) {
		if p := parts[run{level, n >> runHeight}]; p != nil && n >= p.from && n < p.to {
			p.hashes[n-p.from] = hash
			p.found++
		}
	})
	if err != nil {
		return err
	}
	for at, p := range parts {
		if p.found < p.to-p.from {
			if err := h.compute(at.level, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r run) compare(o run) int {
	return cmp.Or(cmp.Compare(r.level, o.level), cmp.Compare(r.n, o.n))
}

// compute fills a part of a level between those of tiles from the one below.
func (h hashReader) compute(level int, p *part) error {
	if level%tileHeight == 0 {
		return lacking(level, p.from, p.to)
	}
	lower, err := h.stored(level-runHeight, p.from<<runHeight, p.to<<runHeight)
	if err != nil {
		return err
	}
	for i := range p.hashes {
		p.hashes[i] = subtree(lower[i<<runHeight : (i+1)<<runHeight])
	}
	return nil
}

func lacking(level int, from, to int64) error {
	return fmt.Errorf("custody log lacks hashes %d to %d of level %d", from, to-1, level)
}

// stored reads hashes of a tile's level.
func (h hashReader) stored(level int, from, to int64) ([]tlog.Hash, error) {
	q, args := fmt.Sprintf(someNodes, nodesOf(level), 2, 3, 4)+` order by n`, []any{h.program, from, to, int64(level)}
	if level == 0 {
		q, args = fmt.Sprintf(someLeaves, 2, 3)+` order by idx`, args[:3]
	}
	var hashes []tlog.Hash
	err := h.each(q, args, func(_ int, _ int64, hash tlog.Hash) { hashes = append(hashes, hash) })
	if err == nil && int64(len(hashes)) != to-from {
		err = lacking(level, from, to)
	}
	return hashes, err
}

// each gives what a question for hashes finds. A leaf's is made of its commitment.
func (h hashReader) each(q string, args []any, give func(level int, n int64, hash tlog.Hash)) error {
	rows, err := h.r.Query(h.ctx, q, args...)
	if err != nil {
		return fmt.Errorf("reading custody hashes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var level, n int64
		var b []byte
		if err := rows.Scan(&level, &n, &b); err != nil {
			return fmt.Errorf("reading custody hashes: %w", err)
		}
		switch {
		case level == 0:
			give(0, n, leafHash(b))
		case len(b) != tlog.HashSize:
			return errors.New("custody node is damaged")
		default:
			give(int(level), n, tlog.Hash(b))
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading custody hashes: %w", err)
	}
	return nil
}
