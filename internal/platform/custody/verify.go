// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Source is a database to verify.
type Source interface {
	// Snapshot calls read with up to n views that all show the same moment.
	Snapshot(ctx context.Context, n int, read func(views []View) error) error
}

// View reads a database as it was at one moment. It serves one goroutine.
type View interface {
	Reader
	// Pieces cuts the covered rows into parts that can be read at once.
	Pieces(ctx context.Context) ([]Piece, error)
	// Covered calls row for every covered row of a program in a piece. Key is
	// the canonical primary key; it is valid until row returns.
	Covered(ctx context.Context, program string, p Piece, row func(table string, key []byte, hash [32]byte)) error
	// Has says whether there is a table: a database that an older release left may lack some.
	Has(table string) bool
}

// Piece is a part of a table: all of it, or the rows that the source numbers
// From to To.
type Piece struct {
	Table    string
	From, To int64
}

// Problem is one disagreement between the log and what it commits to.
type Problem struct {
	Leaf int64 // the first leaf that disagrees, or -1 where none can be named
	What string
}

// Result is what a verification found.
type Result struct {
	Program     string
	Leaves      int64
	Rows        int64
	Checkpoints int
	Turns       []Turn    // where the clock was set back: no problem, and worth a question
	Problems    []Problem // by leaf; those without a leaf last; the first 1,000
	More        int       // problems beyond those
}

// OK says that nothing disagrees.
func (r Result) OK() bool { return len(r.Problems) == 0 }

// Progress is how far a verification has come.
type Progress struct {
	Program      string
	Leaves, Size int64 // leaves read, and how many the log says it has
	Rows         int64
}

// Check is a verification of one program's log.
type Check struct {
	Program  string
	Verifier note.Verifier
	Kept     []string       // checkpoints that were kept elsewhere
	Memory   int64          // bytes that claims and rows may take before they go to a temporary file; 0: DefaultMemory
	Workers  int            // 0: as many as there are processors
	Progress func(Progress) // called now and then, by one goroutine at a time; may be nil
}

// DefaultMemory holds what about 2,500,000 rows and the leaves that name them need.
const DefaultMemory = 256 << 20

// Verify is a Check with its defaults.
func Verify(ctx context.Context, src Source, program string, verifier note.Verifier, kept ...string) (Result, error) {
	return Check{Program: program, Verifier: verifier, Kept: kept}.Run(ctx, src)
}

// mostProblems is how many are listed.
const mostProblems = 1000

type verification struct {
	Check
	ctx     context.Context
	views   []View
	result  Result
	ledger  *ledger
	size    int64        // what the stored head says
	trees   []signedHead // what checkpoints say, by size
	spans   []span       // leaves that are missing or cannot be read, by their place
	nodes   map[[2]int64]tlog.Hash
	chain   chain
	mu      sync.Mutex // guards result and Progress
	pending []Problem  // rows' problems, before their leaf is settled
}

// signedHead is what a checkpoint says, and whether it was kept elsewhere.
type signedHead struct {
	Head
	kept bool
}

// span is a run of leaves.
type span struct{ from, to int64 }

// Run recomputes a program's log from its leaves, holds it against every stored
// checkpoint and those kept elsewhere, and holds every covered row against the
// last leaf that names it, all as the database was at one moment.
func (c Check) Run(ctx context.Context, src Source) (Result, error) {
	if c.Memory == 0 {
		c.Memory = DefaultMemory
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	v := &verification{Check: c, ctx: ctx, ledger: newLedger(c.Memory), nodes: map[[2]int64]tlog.Hash{}}
	v.result.Program = c.Program
	err := src.Snapshot(ctx, c.Workers, func(views []View) error {
		v.views = views
		for _, step := range []func() error{v.checkpoints, v.readNodes, v.readSize, v.leaves, v.head, v.rows} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	err = errors.Join(err, v.ledger.close())
	v.sort()
	return v.result, err
}

func (v *verification) problem(leaf int64, format string, args ...any) {
	v.add(Problem{Leaf: leaf, What: fmt.Sprintf(format, args...)})
}

// add keeps the problems with the lowest leaves when there are too many.
func (v *verification) add(p Problem) {
	v.result.Problems = append(v.result.Problems, p)
	if len(v.result.Problems) >= 4*mostProblems {
		v.sort()
	}
}

func (v *verification) sort() {
	list := v.result.Problems
	slices.SortStableFunc(list, func(a, b Problem) int {
		if (a.Leaf < 0) != (b.Leaf < 0) {
			return cmp.Compare(b.Leaf, a.Leaf)
		}
		return cmp.Or(cmp.Compare(a.Leaf, b.Leaf), cmp.Compare(a.What, b.What))
	})
	if len(list) > mostProblems {
		v.result.More += len(list) - mostProblems
		v.result.Problems = slices.Clip(list[:mostProblems])
	}
}

// parallel runs do on every view until all are done.
func (v *verification) parallel(do func(n int, view View) error) error {
	errs := make([]error, len(v.views))
	var all sync.WaitGroup
	for n, view := range v.views {
		all.Go(func() { errs[n] = do(n, view) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (v *verification) progressed(leaves, rows int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.result.Leaves += leaves
	v.result.Rows += rows
	if v.Progress != nil {
		v.Progress(Progress{Program: v.Program, Leaves: v.result.Leaves, Size: v.size, Rows: v.result.Rows})
	}
}

// stored is a checkpoint as it stands in the database.
type stored struct {
	size, published int64
	text            string
	head            Head
	err             error
}

func (v *verification) checkpoints() error {
	list, err := v.readCheckpoints()
	if err != nil {
		return err
	}
	err = v.parallel(func(n int, _ View) error {
		for i := n; i < len(list); i += len(v.views) {
			list[i].head, list[i].err = ParseCheckpoint(list[i].text, v.Verifier)
			if list[i].err == nil && !list[i].plain(v.Verifier) {
				list[i].err = errors.New("it is not as it was signed")
			}
		}
		return v.ctx.Err()
	})
	if err != nil {
		return err
	}
	have := map[tlog.Tree]bool{}
	for _, s := range list {
		if s.err != nil || s.head.N != s.size {
			v.problem(-1, "the stored checkpoint of size %d is not signed by this log", s.size)
			continue
		}
		if s.head.At.UnixMicro() != s.published {
			v.problem(-1, "the stored checkpoint of size %d was signed at another time than is stored beside it", s.size)
		}
		have[s.head.Tree] = true
		v.trees = append(v.trees, signedHead{s.head, false})
	}
	for _, text := range v.Kept {
		head, err := ParseCheckpoint(text, v.Verifier)
		if err != nil {
			return err
		}
		if !have[head.Tree] {
			v.problem(-1, "the checkpoint of size %d that was kept elsewhere is not among the stored ones", head.N)
		}
		v.trees = append(v.trees, signedHead{head, true})
	}
	slices.SortStableFunc(v.trees, func(a, b signedHead) int { return cmp.Compare(a.N, b.N) })
	v.result.Checkpoints = len(v.trees)
	return v.pinned()
}

// plain says whether a checkpoint is stored letter by letter as it was signed.
func (s stored) plain(verifier note.Verifier) bool {
	n, err := note.Open([]byte(s.text), note.VerifierList(verifier))
	if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return false
	}
	_, err = base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	return err == nil && s.text == n.Text+"\n\u2014 "+n.Sigs[0].Name+" "+n.Sigs[0].Base64+"\n"
}

func (v *verification) readCheckpoints() ([]stored, error) {
	rows, err := v.views[0].Query(v.ctx, `select size, published, note from custody_checkpoint where program = $1 order by size`, v.Program)
	if err != nil {
		return nil, fmt.Errorf("reading checkpoints: %w", err)
	}
	defer rows.Close()
	var list []stored
	for rows.Next() {
		var s stored
		if err := rows.Scan(&s.size, &s.published, (*letters)(&s.text)); err != nil {
			return nil, fmt.Errorf("reading checkpoints: %w", err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading checkpoints: %w", err)
	}
	return list, nil
}

// pinned compares the key that the database names with the one that is used.
func (v *verification) pinned() error {
	rows, err := v.views[0].Query(v.ctx, `select verifier from custody_key where program = $1`, v.Program)
	if err != nil {
		return fmt.Errorf("reading the log's key: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text letters
		if err := rows.Scan(&text); err != nil {
			return fmt.Errorf("reading the log's key: %w", err)
		}
		named, err := note.NewVerifier(string(text))
		if err != nil || named.Name() != v.Verifier.Name() || named.KeyHash() != v.Verifier.KeyHash() {
			v.problem(-1, "the database names another key for its log")
		}
	}
	return rows.Err()
}

// readNodes reads the stored hashes, but for those of the lowest level, of which there are many:
// they come with the leaves.
func (v *verification) readNodes() error {
	from := `custody_node where program = $1`
	if v.views[0].Has("custody_half") {
		from += ` union all select level, n, hash from custody_half where program = $1 and level <> ` + strconv.Itoa(runHeight)
	}
	return eachNode(v.ctx, v.views[0], `select level, n, hash from `+from, []any{v.Program}, func(at [2]int64, h tlog.Hash) { v.nodes[at] = h })
}

// eachNode gives stored hashes. One that is no hash is zero, and so wrong.
func eachNode(ctx context.Context, r Reader, q string, args []any, give func(at [2]int64, h tlog.Hash)) error {
	rows, err := r.Query(ctx, q, args...)
	if err != nil {
		return fmt.Errorf("reading custody nodes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var level, n int64
		var hash blob
		if err := rows.Scan(&level, &n, &hash); err != nil {
			return fmt.Errorf("reading custody nodes: %w", err)
		}
		var h tlog.Hash
		if len(hash) == tlog.HashSize {
			h = tlog.Hash(hash)
		}
		give([2]int64{level, n}, h)
	}
	return rows.Err()
}

// readSize asks only how many leaves there should be; head looks at the rest.
func (v *verification) readSize() error {
	head, err := readHead(v.ctx, v.views[0], v.Program)
	if err == nil {
		v.size = head.size
	}
	return v.ctx.Err()
}

func (v *verification) head() error {
	head, err := readHead(v.ctx, v.views[0], v.Program)
	var edge blob
	_ = v.views[0].QueryRow(v.ctx, `select frontier from custody_tree where program = $1`, v.Program).Scan(&edge)
	end := v.chain.next
	switch {
	case err != nil || len(edge) != len(head.marshal()):
		v.problem(-1, "the stored head of the log cannot be read")
	case head.size < end:
		v.problem(head.size, "the log's head says %d, but leaves up to %d stand in the log", head.size, end-1)
	case head.size > end:
		v.problem(end, "the log ends at %d, but its head says %d", end, head.size)
		v.lost(span{end, head.size})
	case !v.chain.broken && head.root() != v.chain.tree.root():
		v.problem(-1, "the stored head of the log does not follow from its leaves")
	}
	v.leftOver(v.nodes)
	return nil
}

// lost notes leaves that cannot tell which rows they named.
func (v *verification) lost(s span) {
	if last := len(v.spans) - 1; last >= 0 && v.spans[last].to >= s.from {
		v.spans[last].to = max(v.spans[last].to, s.to)
		return
	}
	v.spans = append(v.spans, s)
}

// lostAfter is the first leaf after one that cannot be read, -1 for none.
func (v *verification) lostAfter(leaf int64) int64 {
	i, _ := slices.BinarySearchFunc(v.spans, leaf+1, func(s span, at int64) int { return cmp.Compare(s.to-1, at) })
	if i == len(v.spans) {
		return -1
	}
	return max(v.spans[i].from, leaf+1)
}

// blob takes bytes as the driver holds them, valid until the next row; what is
// stored as anything else stays empty, and so wrong.
type blob []byte

// Scan implements sql.Scanner.
func (b *blob) Scan(v any) error {
	*b, _ = v.([]byte)
	return nil
}

// letters is the same for text.
type letters string

// Scan implements sql.Scanner.
func (l *letters) Scan(v any) error {
	text, _ := v.(string)
	*l = letters(text)
	return nil
}
