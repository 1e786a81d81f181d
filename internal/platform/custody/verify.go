// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sort"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Source is a database to verify: the log's own tables and the canonical form
// of every covered row of a program.
type Source interface {
	Reader
	Covered(ctx context.Context, program string, row func(Row) error) error
}

// Problem is one disagreement between the log and what it commits to.
type Problem struct {
	Leaf int64 // the first leaf that disagrees, or -1 where none can be named
	What string
}

// Result is what Verify found.
type Result struct {
	Program     string
	Leaves      int64
	Rows        int64
	Checkpoints int
	Problems    []Problem // by leaf; those without a leaf last
}

// OK says that nothing disagrees.
func (r Result) OK() bool { return len(r.Problems) == 0 }

type expectation struct {
	leaf int64
	hash [32]byte
	gone bool
}

type verification struct {
	ctx      context.Context
	src      Source
	program  string
	result   Result
	head     frontier
	expected map[string]expectation
	trees    []Head     // what checkpoints say, by size
	times    []leafTime // of the leaves since the last checkpoint
	nodes    map[[2]int64]tlog.Hash
	moved    bool // the last entry says that the program moved elsewhere
}

// Verify recomputes a program's log from its leaves, holds it against every
// stored checkpoint and those the caller kept elsewhere, and holds every
// covered row against the last leaf that names it.
func Verify(ctx context.Context, src Source, program string, verifier note.Verifier, kept ...string) (Result, error) {
	v := &verification{ctx: ctx, src: src, program: program, expected: map[string]expectation{}, nodes: map[[2]int64]tlog.Hash{}}
	v.result.Program = program
	for _, step := range []func() error{
		func() error { return v.checkpoints(verifier, kept) },
		v.readNodes, v.leaves, v.readHead, v.rows,
	} {
		if err := step(); err != nil {
			return v.result, err
		}
	}
	sort.SliceStable(v.result.Problems, func(i, j int) bool {
		a, b := v.result.Problems[i].Leaf, v.result.Problems[j].Leaf
		return a >= 0 && (b < 0 || a < b)
	})
	return v.result, nil
}

func (v *verification) problem(leaf int64, format string, args ...any) {
	v.result.Problems = append(v.result.Problems, Problem{Leaf: leaf, What: fmt.Sprintf(format, args...)})
}

func (v *verification) checkpoints(verifier note.Verifier, kept []string) error {
	rows, err := v.src.Query(v.ctx, `select size, note from custody_checkpoint where program = $1 order by size`, v.program)
	if err != nil {
		return fmt.Errorf("reading checkpoints: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var size int64
		var text string
		if err := rows.Scan(&size, &text); err != nil {
			return fmt.Errorf("reading checkpoints: %w", err)
		}
		tree, err := ParseCheckpoint(text, verifier)
		if err != nil || tree.N != size {
			v.problem(-1, "the stored checkpoint of size %d is not signed by this log", size)
			continue
		}
		v.trees = append(v.trees, tree)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading checkpoints: %w", err)
	}
	for _, text := range kept {
		tree, err := ParseCheckpoint(text, verifier)
		if err != nil {
			return err
		}
		v.trees = append(v.trees, tree)
	}
	sort.Slice(v.trees, func(i, j int) bool { return v.trees[i].N < v.trees[j].N })
	v.result.Checkpoints = len(v.trees)
	return nil
}

func (v *verification) readNodes() error {
	rows, err := v.src.Query(v.ctx, `select level, n, hash from custody_node where program = $1`, v.program)
	if err != nil {
		return fmt.Errorf("reading custody nodes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var level, n int64
		var hash []byte
		if err := rows.Scan(&level, &n, &hash); err != nil {
			return fmt.Errorf("reading custody nodes: %w", err)
		}
		if len(hash) == tlog.HashSize {
			v.nodes[[2]int64{level, n}] = tlog.Hash(hash)
		}
	}
	return rows.Err()
}

func (v *verification) leaves() error {
	rows, err := v.src.Query(v.ctx, `select idx, commitment, salt, opening, row_list from custody_leaf where program = $1 order by idx`, v.program)
	if err != nil {
		return fmt.Errorf("reading custody leaves: %w", err)
	}
	defer rows.Close()
	good := int64(0) // size of the last checkpoint that agreed
	next := 0
	settle := func() {
		if next < len(v.trees) && v.trees[next].N == v.head.size {
			v.settleTimes(next)
		}
		for next < len(v.trees) && v.trees[next].N == v.head.size {
			if v.head.root() == v.trees[next].Hash {
				good = v.trees[next].N
			} else {
				v.problem(good, "leaves %d to %d are not those that the checkpoint of size %d was signed for", good, v.trees[next].N-1, v.trees[next].N)
			}
			next++
		}
	}
	settle()
	for rows.Next() {
		var idx int64
		var commitment, salt, opening, list []byte
		if err := rows.Scan(&idx, &commitment, &salt, &opening, &list); err != nil {
			return fmt.Errorf("reading custody leaves: %w", err)
		}
		if idx != v.head.size {
			v.problem(v.head.size, "leaf %d is missing", v.head.size)
			return nil
		}
		v.leaf(idx, commitment, salt, opening, list)
		if err := v.head.add(leafHash(commitment), v.node); err != nil {
			return err
		}
		settle()
	}
	v.result.Leaves = v.head.size
	for ; next < len(v.trees); next++ {
		v.problem(v.head.size, "the log ends at %d but a checkpoint of size %d was signed", v.head.size, v.trees[next].N)
	}
	return rows.Err()
}

func (v *verification) node(level int, n int64, h tlog.Hash) error {
	key := [2]int64{int64(level), n}
	if stored, ok := v.nodes[key]; !ok || stored != h {
		v.problem(n<<level, "the stored hash over leaves %d to %d does not follow from them", n<<level, (n+1)<<level-1)
	}
	delete(v.nodes, key)
	return nil
}

func (v *verification) leaf(idx int64, commitment, salt, opening, list []byte) {
	if len(salt) != 32 || Commitment([32]byte(salt), opening) != [32]byte(pad32(commitment)) {
		v.problem(idx, "leaf %d does not match its opening", idx)
		return
	}
	o, err := ParseOpening(opening)
	if err != nil {
		v.problem(idx, "leaf %d: %v", idx, err)
		return
	}
	if o.Cover {
		return
	}
	if v.moved && o.Event != EventArrived {
		v.problem(idx, "leaf %d was added after the program had moved elsewhere", idx)
	}
	v.moved = o.Event == EventMoved
	v.times = append(v.times, leafTime{idx, o.At})
	rows, err := DecodeRows(list)
	if err != nil || sha256.Sum256(list) != o.Rows || o.Program != v.program {
		v.problem(idx, "leaf %d (%s) does not match its list of rows", idx, o.Event)
		return
	}
	for _, r := range rows {
		v.expected[r.Table+"\x00"+string(r.Key)] = expectation{leaf: idx, hash: r.Hash, gone: r.Gone}
	}
}

// leafTime is when a leaf says it was made.
type leafTime struct {
	leaf int64
	at   time.Time
}

// skew is how far a leaf's time may lie outside its two checkpoints: clocks are
// set, and a transaction takes its time before it commits.
const skew = 5 * time.Minute

// settleTimes holds the times of the leaves between two checkpoints against
// when those were signed, so that nothing can be dated back.
func (v *verification) settleTimes(next int) {
	for _, l := range v.times {
		early := next > 0 && l.at.Before(v.trees[next-1].At.Add(-skew))
		if early || l.at.After(v.trees[next].At.Add(skew)) {
			v.problem(l.leaf, "leaf %d says %s, outside the checkpoints around it", l.leaf, l.at.Format(time.RFC3339))
		}
	}
	v.times = v.times[:0]
}

func pad32(b []byte) []byte {
	if len(b) == 32 {
		return b
	}
	return make([]byte, 32)
}

func (v *verification) readHead() error {
	head, err := readHead(v.ctx, v.src, v.program)
	if err != nil {
		v.problem(-1, "the stored head of the log cannot be read")
		return nil
	}
	if head.size != v.head.size || head.root() != v.head.root() {
		v.problem(-1, "the stored head of the log does not follow from its leaves")
	}
	for key := range v.nodes {
		v.problem(-1, "a stored hash (level %d, %d) belongs to no leaves", key[0], key[1])
	}
	return nil
}

// errStop ends a scan whose findings would only repeat.
var errStop = errors.New("stop")

func (v *verification) rows() error {
	err := v.src.Covered(v.ctx, v.program, func(r Row) error {
		v.result.Rows++
		key := r.Table + "\x00" + string(r.Key)
		want, ok := v.expected[key]
		delete(v.expected, key)
		switch {
		case !ok:
			v.problem(-1, "a row of %s stands in no leaf", r.Table)
		case want.gone:
			v.problem(want.leaf, "leaf %d: a row of %s that was deleted is there again", want.leaf, r.Table)
		case want.hash != r.Hash:
			v.problem(want.leaf, "leaf %d: a row of %s is not what was recorded", want.leaf, r.Table)
		}
		if len(v.result.Problems) > 1000 {
			return errStop
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return fmt.Errorf("reading covered rows: %w", err)
	}
	if err == nil {
		for key, want := range v.expected {
			if !want.gone {
				v.problem(want.leaf, "leaf %d: a row of %s is gone", want.leaf, tableOf(key))
			}
		}
	}
	return nil
}

func tableOf(key string) string {
	for i := range key {
		if key[i] == 0 {
			return key[:i]
		}
	}
	return key
}
