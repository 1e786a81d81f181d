// SPDX-License-Identifier: Apache-2.0

package custody

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrNotYet says that a leaf stands in the log but in no public checkpoint yet.
var ErrNotYet = errors.New("not in a public checkpoint yet")

// ErrNoLeaf says that no such leaf stands in the log.
var ErrNoLeaf = errors.New("no such leaf")

const proofHeader = "c2sp.org/tlog-proof@v1"

// Proof shows that a commitment stands in a signed checkpoint (C2SP tlog-proof).
type Proof struct {
	Index      int64
	Hashes     tlog.RecordProof
	Checkpoint string
}

// Prove returns the inclusion proof of a commitment in the latest public
// checkpoint.
func Prove(ctx context.Context, r Reader, program string, commitment [32]byte) (Proof, error) {
	var index int64
	err := r.QueryRow(ctx, `select idx from custody_leaf where program = $1 and commitment = $2`, program, commitment[:]).Scan(&index)
	if errors.Is(err, sql.ErrNoRows) {
		return Proof{}, ErrNoLeaf
	}
	if err != nil {
		return Proof{}, fmt.Errorf("looking up a leaf: %w", err)
	}
	cp, err := Latest(ctx, r, program)
	if err != nil {
		return Proof{}, err
	}
	if index >= cp.Size {
		return Proof{}, ErrNotYet
	}
	hashes, err := tlog.ProveRecord(cp.Size, index, hashReader{ctx, r, program})
	if err != nil {
		return Proof{}, fmt.Errorf("proving a leaf: %w", err)
	}
	return Proof{Index: index, Hashes: hashes, Checkpoint: cp.Note}, nil
}

// ProveGrowth returns the consistency proof between two published sizes.
func ProveGrowth(ctx context.Context, r Reader, program string, from, to int64) (tlog.TreeProof, error) {
	cp, err := Latest(ctx, r, program)
	if err != nil {
		return nil, err
	}
	if from < 1 || from > to || to > cp.Size {
		return nil, ErrNotYet
	}
	return tlog.ProveTree(to, from, hashReader{ctx, r, program})
}

// String is the proof's public form.
func (p Proof) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nindex %d\n", proofHeader, p.Index)
	for _, h := range p.Hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n" + p.Checkpoint)
	return b.String()
}

// ParseProof reads what Proof.String wrote.
func ParseProof(text string) (Proof, error) {
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 2 || lines[0] != proofHeader || len(lines) > 2+64 {
		return Proof{}, errors.New("not a custody proof")
	}
	digits, ok := strings.CutPrefix(lines[1], "index ")
	index, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || index < 0 || strconv.FormatInt(index, 10) != digits {
		return Proof{}, errors.New("not a custody proof: its index is not a number")
	}
	p := Proof{Index: index, Checkpoint: checkpoint}
	for _, line := range lines[2:] {
		b, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(b) != tlog.HashSize {
			return Proof{}, errors.New("not a custody proof: a hash is damaged")
		}
		p.Hashes = append(p.Hashes, tlog.Hash(b))
	}
	return p, nil
}

// Check says whether the proof puts commitment into a checkpoint that verifier
// signed.
func (p Proof) Check(commitment [32]byte, verifier note.Verifier) error {
	tree, err := ParseCheckpoint(p.Checkpoint, verifier)
	if err != nil {
		return err
	}
	if p.Index >= tree.N {
		return errors.New("the proof's index is beyond its checkpoint")
	}
	if err := tlog.CheckRecord(p.Hashes, tree.N, tree.Hash, p.Index, leafHash(commitment[:])); err != nil {
		return fmt.Errorf("checking a proof: %w", err)
	}
	return nil
}

// ErrNoTile says that a path names no tile of the published tree.
var ErrNoTile = errors.New("no such tile")

// Tile returns a tile of the published tree by its tlog-tiles path below
// "tile/": "<level>/<n>", "<level>/<n>.p/<width>", or "entries/<n>…". Nothing
// beyond the latest checkpoint is ever shown.
func Tile(ctx context.Context, r Reader, program, path string) ([]byte, error) {
	level, n, width, err := parseTilePath(path)
	if err != nil {
		return nil, err
	}
	cp, err := Latest(ctx, r, program)
	if err != nil {
		return nil, err
	}
	shift := uint(level * tileHeight)
	if level < 0 {
		shift = 0
	}
	have := cp.Size >> shift
	from, to := n<<tileHeight, n<<tileHeight+int64(width)
	if shift >= 63 || n > 1<<40 || to > have {
		return nil, ErrNoTile
	}
	if level < 0 {
		return entries(ctx, r, program, from, to)
	}
	hashes, err := hashReader{ctx, r, program}.stored(level*tileHeight, from, to)
	if err != nil {
		return nil, err
	}
	data := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		data = append(data, h[:]...)
	}
	return data, nil
}

// entries is a bundle of leaf contents, each with its 16-bit length.
func entries(ctx context.Context, r Reader, program string, from, to int64) ([]byte, error) {
	rows, err := r.Query(ctx, `select commitment from custody_leaf where program = $1 and idx >= $2 and idx < $3 order by idx`, program, from, to)
	if err != nil {
		return nil, fmt.Errorf("reading log entries: %w", err)
	}
	defer rows.Close()
	var data []byte
	for rows.Next() {
		var c []byte
		if err := rows.Scan(&c); err != nil {
			return nil, fmt.Errorf("reading log entries: %w", err)
		}
		data = append(data, byte(len(c)>>8), byte(len(c)))
		data = append(data, c...)
	}
	return data, rows.Err()
}

// parseTilePath reads a C2SP tlog-tiles path; level is -1 for entry bundles.
func parseTilePath(path string) (level int, n int64, width int, err error) {
	first, rest, ok := strings.Cut(path, "/")
	if !ok {
		return 0, 0, 0, ErrNoTile
	}
	level = -1
	if first != "entries" {
		level, err = strconv.Atoi(first)
		if err != nil || level < 0 || level > 5 || strconv.Itoa(level) != first {
			return 0, 0, 0, ErrNoTile
		}
	}
	width = 1 << tileHeight
	if number, partial, ok := strings.Cut(rest, ".p/"); ok {
		rest = number
		width, err = strconv.Atoi(partial)
		if err != nil || width < 1 || width > 255 || strconv.Itoa(width) != partial {
			return 0, 0, 0, ErrNoTile
		}
	}
	parts := strings.Split(rest, "/")
	for i, part := range parts {
		digits, more := strings.CutPrefix(part, "x")
		v, err := strconv.Atoi(digits)
		if err != nil || len(digits) != 3 || v < 0 || more != (i < len(parts)-1) || len(parts) > 5 {
			return 0, 0, 0, ErrNoTile
		}
		n = n*1000 + int64(v)
	}
	return level, n, width, nil
}

// Find returns the leaf of a commitment with what opens it: for whoever was
// given the commitment and may know what it commits to.
func Find(ctx context.Context, r Reader, program string, commitment [32]byte) (Leaf, error) {
	leaf := Leaf{Program: program, Commitment: commitment}
	var salt []byte
	err := r.QueryRow(ctx, `select salt, opening, row_list from custody_leaf where program = $1 and commitment = $2`, program, commitment[:]).
		Scan(&salt, &leaf.Opening, &leaf.Rows)
	if errors.Is(err, sql.ErrNoRows) {
		return Leaf{}, ErrNoLeaf
	}
	if err != nil {
		return Leaf{}, fmt.Errorf("looking up a leaf: %w", err)
	}
	if len(salt) != 32 {
		return Leaf{}, ErrNoLeaf
	}
	leaf.Salt = [32]byte(salt)
	opening, err := ParseOpening(leaf.Opening)
	if err != nil {
		return Leaf{}, err
	}
	leaf.At = opening.At
	return leaf, nil
}
