// SPDX-License-Identifier: Apache-2.0

package witness

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// most proof lines that a request may hold.
const mostHashes = 63

// Request asks a witness to sign a checkpoint.
type Request struct {
	Old        int64 // size of the checkpoint that the witness signed last; 0 for none
	Proof      tlog.TreeProof
	Checkpoint string
}

// String is the request as it is sent.
func (r Request) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", r.Old)
	for _, h := range r.Proof {
		b.WriteString(h.String() + "\n")
	}
	return b.String() + "\n" + r.Checkpoint
}

var errRequest = errors.New("not a request to sign a checkpoint")

// ParseRequest reads what Request.String wrote.
func ParseRequest(text string) (Request, error) {
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	digits, old := strings.CutPrefix(lines[0], "old ")
	if !ok || !old || len(lines) > 1+mostHashes {
		return Request{}, errRequest
	}
	r := Request{Checkpoint: checkpoint}
	var err error
	if r.Old, err = size(digits); err != nil {
		return Request{}, err
	}
	for _, line := range lines[1:] {
		b, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(b) != tlog.HashSize {
			return Request{}, errRequest
		}
		r.Proof = append(r.Proof, tlog.Hash(b))
	}
	return r, nil
}

// size reads a decimal number as the protocol writes it.
func size(digits string) (int64, error) {
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != digits {
		return 0, errRequest
	}
	return n, nil
}

// tree reads a checkpoint's body: origin, size and root; what follows is the
// log's own affair.
func tree(body string) (origin string, t tlog.Tree, err error) {
	lines := strings.Split(body, "\n")
	if len(lines) < 4 || lines[0] == "" || lines[len(lines)-1] != "" {
		return "", t, errRequest
	}
	if t.N, err = size(lines[1]); err != nil {
		return "", t, err
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", t, errRequest
	}
	t.Hash = tlog.Hash(root)
	return lines[0], t, nil
}
