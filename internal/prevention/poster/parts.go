// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"waylight/internal/partnership/program"
)

// edition is changed whenever the same sheet would print differently, so that what an
// earlier program printed is not taken for finished.
const edition = "1"

// remarkHead begins the remark by which a file tells which sheets it holds.
const remarkHead = "waylight-sheets "

// Remark is what a file of sheets carries near its end: a hash of everything that
// they say, the numbers included. Whoever prints a network in parts keeps a part that
// carries the right remark; it stands there only when the file was written to its end.
func Remark(form string, count int, sheet func(i int) (Sheet, error)) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %d\n", edition, form, count)
	out := json.NewEncoder(h)
	for i := range count {
		s, err := sheet(i)
		if err != nil {
			return "", err
		}
		said, err := s.sayings()
		if err != nil {
			return "", err
		}
		s.Lines = nil
		if err := out.Encode(struct {
			Sheet
			Lines any
			Key   string
		}{s, nil, s.key(said, 0)}); err != nil {
			return "", fmt.Errorf("poster: telling sheets apart: %w", err)
		}
	}
	return remarkHead + hex.EncodeToString(h.Sum(nil)), nil
}

// Finished says whether a file holds the sheets of a remark, whole.
func Finished(file, remark string) (bool, error) {
	f, err := os.Open(file)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("poster: looking at a part: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, fmt.Errorf("poster: looking at a part: %w", err)
	}
	const tail = 512
	end := make([]byte, min(info.Size(), tail))
	if _, err := f.ReadAt(end, info.Size()-int64(len(end))); err != nil && err != io.EOF {
		return false, fmt.Errorf("poster: looking at a part: %w", err)
	}
	return bytes.Contains(end, []byte(remark)), nil
}

// Parts cuts a network of sheets into files of at most so many.
func Parts(count, most int) [][2]int {
	if most <= 0 || count <= most {
		return [][2]int{{0, count}}
	}
	var out [][2]int
	for from := 0; from < count; from += most {
		out = append(out, [2]int{from, min(from+most, count)})
	}
	return out
}

// Unverified shows every channel as it is, verified by nobody, for specimens.
func Unverified(p *program.Program) func(string) (program.Channel, bool) {
	return func(id string) (program.Channel, bool) {
		return p.Channels[id], false
	}
}
