// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// The leaves are read in batches by several readers at once; each opens its
// leaves and notes what they claim. The tree needs them in order: whoever
// finishes the next batch adds it, and those that wait behind it.
const batchOfLeaves = 2048

// The numbers that a database may hold, between which the first batch begins and the last one ends.
const (
	firstLeaf = -1 << 63
	lastLeaf  = 1<<63 - 1
)

// batch is one reader's part of the log.
type batch struct {
	indexes  []int64
	hashes   []tlog.Hash
	times    []int64 // microseconds; noTime for cover, and where there is none to read
	unread   []bool
	turns    map[int64]Turn // where the clock was set back, by leaf
	moved    map[int64]bool // entries that the program moved away (true), or arrived here
	covers   map[int64]bool
	nodes    map[[2]int64]tlog.Hash // the stored hashes of the lowest level that stand over them
	problems []Problem
}

const noTime = -1 << 63

// chain puts batches in order and grows the tree.
type chain struct {
	mu      sync.Mutex
	turn    *sync.Cond
	handed  int   // batches that were given out
	from    int64 // where the next one begins
	ended   bool
	failed  bool
	waiting map[int]*batch
	added   int // batches whose turn has come

	tree   frontier
	lowest map[[2]int64]tlog.Hash // of the batch whose turn it is
	next   int64                  // the leaf that should come next
	broken bool                   // a leaf is missing: nothing beyond can be computed
	tried  int                    // checkpoints whose turn has come
	good   int64                  // size of the last checkpoint that agreed
	sure   int64                  // the same of those kept elsewhere
	worse  int                    // checkpoints that disagree

	moved   bool    // the last entry says that the program moved elsewhere
	stretch stretch // the leaves since the last checkpoint, or since the clock was set back
}

func (v *verification) leaves() error {
	c := &v.chain
	c.turn, c.waiting, c.from = sync.NewCond(&c.mu), map[int]*batch{}, firstLeaf
	v.checkpointsHere()
	err := v.parallel(func(_ int, view View) error {
		r := &leafReader{v: v, view: view, scribe: v.ledger.scribe()}
		err := r.all()
		if err != nil {
			c.mu.Lock()
			c.failed = true
			c.turn.Broadcast()
			c.mu.Unlock()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading custody leaves: %w", err)
	}
	if c.worse > 1 {
		v.problem(-1, "%d more checkpoints disagree", c.worse-1)
	}
	if rest := v.trees[min(c.tried, len(v.trees)):]; len(rest) > 0 && !(c.broken && rest[len(rest)-1].N <= c.next) {
		last := rest[len(rest)-1].N
		v.problem(c.next, "the log ends at %d but a checkpoint of size %d was signed", c.next, last)
		v.lost(span{c.next, last})
	}
	return nil
}

// leafReader reads batches of leaves.
type leafReader struct {
	v    *verification
	view View
	*scribe
	salted []byte // what a commitment is the hash of
}

func (r *leafReader) all() error {
	c := &r.v.chain
	for {
		number, from, to, more, err := r.take()
		if err != nil || !more {
			return err
		}
		b, err := r.read(from, to)
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.waiting[number] = b
		for c.waiting[c.added] != nil {
			next := c.waiting[c.added]
			delete(c.waiting, c.added)
			c.added++
			r.v.append(next)
		}
		c.turn.Broadcast()
		c.mu.Unlock()
		r.v.progressed(int64(len(b.indexes)), 0)
		if err := r.fit(); err != nil {
			return err
		}
	}
}

// take gives out the next batch: leaves from one index to before another. The
// indexes are looked up, not counted, so that a gap costs nothing.
func (r *leafReader) take() (number int, from, to int64, more bool, err error) {
	c := &r.v.chain
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.handed > c.added+4*len(r.v.views) && !c.failed {
		c.turn.Wait()
	}
	if c.ended || c.failed {
		return 0, 0, 0, false, nil
	}
	number, from = c.handed, c.from
	err = r.view.QueryRow(r.v.ctx, `select idx from custody_leaf where program = $1 and idx >= $2 order by idx limit 1 offset $3`,
		r.v.Program, from, int64(batchOfLeaves)).Scan(&to)
	if errors.Is(err, sql.ErrNoRows) {
		to, c.ended, err = lastLeaf, true, nil
	}
	c.handed, c.from = number+1, to
	return number, from, to, true, err
}

func (r *leafReader) read(from, to int64) (*batch, error) {
	rows, err := r.view.Query(r.v.ctx, `select idx, commitment, salt, opening, row_list from custody_leaf
where program = $1 and idx >= $2 and idx < $3 order by idx`, r.v.Program, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	b := &batch{turns: map[int64]Turn{}, moved: map[int64]bool{}, covers: map[int64]bool{}, nodes: map[[2]int64]tlog.Hash{}}
	for rows.Next() {
		var idx int64
		var commitment, salt, opening, list blob
		if err := rows.Scan(&idx, &commitment, &salt, &opening, &list); err != nil {
			return nil, err
		}
		if idx > 1<<32-1 && idx <= r.v.size {
			return nil, errTooLong
		}
		before := len(b.problems)
		at := r.leaf(b, idx, commitment, salt, opening, list)
		b.indexes = append(b.indexes, idx)
		b.hashes = append(b.hashes, leafHash(commitment))
		b.times = append(b.times, at)
		b.unread = append(b.unread, len(b.problems) > before)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return b, r.lowest(b, from, to)
}

// lowest reads the stored hashes of the lowest level over a batch. Batches begin where a run does
// as long as no leaf is missing, and then there is no tree to hold anything against.
func (r *leafReader) lowest(b *batch, from, to int64) error {
	if !r.view.Has("custody_half") {
		return nil
	}
	if from != firstLeaf { // the first batch and the last one have whatever lies outside, too
		from >>= runHeight
	}
	if to != lastLeaf {
		to >>= runHeight
	}
	return eachNode(r.v.ctx, r.view, fmt.Sprintf(someNodes, "custody_half", 2, 3, 4), []any{r.v.Program, from, to, int64(runHeight)},
		func(at [2]int64, h tlog.Hash) { b.nodes[at] = h })
}

// leaf opens a leaf, notes what it claims, and returns its time.
func (r *leafReader) leaf(b *batch, idx int64, commitment, salt, opening, list []byte) int64 {
	wrong := func(format string, args ...any) int64 {
		b.problems = append(b.problems, Problem{idx, fmt.Sprintf(format, args...)})
		return noTime
	}
	r.salted = append(append(append(r.salted[:0], leafDomain...), salt...), opening...)
	if len(salt) != 32 || len(commitment) != 32 || sha256.Sum256(r.salted) != [32]byte(commitment) {
		return wrong("leaf %d does not match its opening", idx)
	}
	if idx < 0 || idx > 1<<32-1 {
		return wrong("leaf %d has a number that no leaf can have", idx)
	}
	o, err := ParseOpening(opening)
	if err != nil {
		return wrong("leaf %d: %v", idx, err)
	}
	if o.Cover && len(list) == 0 {
		b.covers[idx] = true
		return noTime
	}
	if sha256.Sum256(list) != o.Rows || o.Program != r.v.Program || eachRow(list, func([]byte, []byte, bool, [32]byte) {}) != nil {
		return wrong("leaf %d (%s) does not match its list of rows", idx, o.Event)
	}
	if o.Event == EventMoved || o.Event == EventArrived {
		b.moved[idx] = o.Event == EventMoved
	}
	if o.Event == clockBack {
		t, err := turnOf(idx, o)
		if err != nil {
			return wrong("leaf %d: %v", idx, err)
		}
		b.turns[idx] = t
	}
	_ = eachRow(list, func(table, key []byte, gone bool, hash [32]byte) { // looked through above
		if gone {
			hash = [32]byte{}
		}
		r.claim(idx, table, key, hash)
	})
	return o.At.UnixMicro()
}

// append adds a batch to the tree. The caller holds the chain's lock.
func (v *verification) append(b *batch) {
	c := &v.chain
	for _, p := range b.problems {
		v.add(p)
	}
	c.lowest = b.nodes
	for i, idx := range b.indexes {
		switch {
		case idx < c.next:
			v.problem(max(idx, 0), "leaf %d stands where none can stand", idx)
			continue
		case idx == c.next+1:
			v.problem(c.next, "leaf %d is missing", c.next)
		case idx > c.next:
			v.problem(c.next, "leaves %d to %d are missing", c.next, idx-1)
		}
		if idx > c.next {
			c.broken = true // from here on there is no tree
			v.lost(span{c.next, idx})
		}
		if b.unread[i] {
			v.lost(span{idx, idx + 1})
		}
		if !b.covers[idx] {
			v.checkMoved(idx, b.moved)
		}
		if t, ok := b.turns[idx]; ok {
			v.result.Turns = append(v.result.Turns, t)
			v.endStretch(t.From, t.To)
		}
		v.checkTime(idx, b.times[i])
		if !c.broken {
			_ = c.tree.add(b.hashes[i], v.node) // node returns no error
		}
		c.next = idx + 1
		v.checkpointsHere()
	}
	v.leftOver(c.lowest)
}

// leftOver tells of stored hashes that no leaves made.
func (v *verification) leftOver(nodes map[[2]int64]tlog.Hash) {
	for key := range nodes {
		if from := max(key[1], 0) << min(uint64(max(key[0], 0)), 40); !v.chain.broken || from >= v.chain.next {
			v.problem(-1, "a stored hash (level %d, %d) belongs to no leaves", key[0], key[1])
		}
	}
}

// checkpointsHere holds the tree against the checkpoints of its size. Where one
// that was kept elsewhere is the first to disagree, those stored before it may
// have been forged with the log's own key, and only kept ones say what is good.
func (v *verification) checkpointsHere() {
	c := &v.chain
	for ; c.tried < len(v.trees) && v.trees[c.tried].N <= c.next; c.tried++ {
		t := v.trees[c.tried]
		v.endStretch(t.At, t.At)
		good := c.good
		if t.kept && c.worse == 0 {
			good = c.sure
		}
		switch {
		case c.broken:
		case t.N == c.tree.size && t.Hash == c.tree.root():
			c.good = t.N
			if t.kept {
				c.sure = t.N
			}
		case c.worse == 0:
			v.problem(v.firstBad(good, t.N), "leaves %d to %d are not those that the checkpoint of size %d was signed for", good, t.N-1, t.N)
			c.worse = 1
		default:
			c.worse++
		}
	}
}

// firstBad is the first leaf of a range that is known to be bad by itself, else
// the first of the range.
func (v *verification) firstBad(from, to int64) int64 {
	if bad := v.lostAfter(from - 1); bad >= 0 && bad < to {
		return bad
	}
	return from
}

// node holds a hash of the tree against the stored one. Between tiles one may lack.
func (v *verification) node(level int, n int64, h tlog.Hash) error {
	key := [2]int64{int64(level), n}
	nodes := v.nodes
	if level == runHeight {
		nodes = v.chain.lowest
	}
	stored, ok := nodes[key]
	delete(nodes, key)
	if ok && stored == h || !ok && level%tileHeight != 0 {
		return nil
	}
	from, to := n<<level, (n+1)<<level
	v.problem(v.firstBad(min(max(from, v.chain.good), to-1), to), "the stored hash over leaves %d to %d does not follow from them", from, to-1)
	return nil
}

// checkMoved finds entries that were added after the program had moved elsewhere.
func (v *verification) checkMoved(idx int64, marks map[int64]bool) {
	left, marked := marks[idx]
	if v.chain.moved && (left || !marked) {
		v.problem(idx, "leaf %d was added after the program had moved elsewhere", idx)
	}
	v.chain.moved = left
}

// checkTime holds a leaf's time against what stands before it, so that nothing can
// be dated back. What stands after it is not known yet.
func (v *verification) checkTime(idx, micros int64) {
	if micros == noTime {
		return
	}
	l := leafTime{idx, time.UnixMicro(micros).UTC()}
	if !v.chain.stretch.add(l) {
		v.outside(l)
	}
}

// endStretch holds the times of leaves against what came after them.
func (v *verification) endStretch(until, next time.Time) {
	for _, l := range v.chain.stretch.end(until, next) {
		v.outside(l)
	}
}

func (v *verification) outside(l leafTime) {
	v.problem(l.leaf, "leaf %d says %s, outside of what stands around it", l.leaf, l.at.Format(time.RFC3339))
}
