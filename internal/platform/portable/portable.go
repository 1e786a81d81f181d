// SPDX-License-Identifier: Apache-2.0

// Package portable carries whole programs from one database to another, of
// either engine, as a stream: every row of every table with its declared types,
// in checksummed frames whose checksums are chained, signed at the end with each
// program's log key.
//
// A stream that was cut, changed, put together anew or made by a newer release
// is refused with a sentence that says so, and what had been filled in from it
// is never served. The custody log travels as rows like all others, so that it
// verifies on the other side leaf by leaf.
//
// docs/spec/export.md specifies the bytes; they do not change within version 1.
package portable

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// magic is the first line of a stream.
const magic = "waylight-export/1\n"

// The kinds of frames.
const (
	kindHeader = 'H'
	kindRows   = 'R'
	kindEnd    = 'E'
)

const (
	maxFrame  = 1 << 28   // what a reader takes; the longest value that is stored is far below
	fullFrame = 256 << 10 // where a writer begins the next frame
	maxHeader = 4 << 20
)

// ErrDamaged says that a stream is not as it was written.
var ErrDamaged = errors.New("this file is damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// Header is what a stream says of itself before its rows.
type Header struct {
	Created    time.Time   `json:"created"`
	Move       bool        `json:"move"` // the programs have left where they were
	Programs   []Program   `json:"programs"`
	Migrations []store.Ran `json:"migrations"`
	Tables     []Table     `json:"tables"`
}

// Program is one program in a stream.
type Program struct {
	ID         string `json:"id"`
	Verifier   string `json:"verifier"` // the key of its log
	Mark       []byte `json:"mark"`     // tells its keyring from any other
	Size       int64  `json:"size"`     // leaves of its log
	Checkpoint string `json:"checkpoint"`
	MovedTo    string `json:"moved_to,omitempty"`
	Rows       int64  `json:"rows"`
}

// Table is one table in a stream.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
}

// Column is one column of a table.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// end is the last frame: each program's log signs the chain up to it.
type end struct {
	Rows       int64             `json:"rows"`
	Signatures map[string]string `json:"signatures"`
}

const signedHeader = "waylight-export-end/1"

// signedText is what a log signs at the end of a stream.
func signedText(program string, chain [32]byte) string {
	return fmt.Sprintf("%s\n%s\n%s\n", signedHeader, program, base64.StdEncoding.EncodeToString(chain[:]))
}

// Names lists the programs of a stream.
func (h *Header) Names() []string {
	names := make([]string, len(h.Programs))
	for i, p := range h.Programs {
		names[i] = p.ID
	}
	return names
}

// rows is how many rows the header announces.
func (h *Header) rows() int64 {
	var n int64
	for _, p := range h.Programs {
		n += p.Rows
	}
	return n
}

// check holds a header to what a writer makes.
func (h *Header) check() error {
	if len(h.Programs) == 0 || len(h.Tables) == 0 {
		return damaged("its header names no program or no table")
	}
	names := h.Names()
	slices.Sort(names)
	if len(slices.Compact(names)) != len(h.Programs) || slices.ContainsFunc(names, func(n string) bool { return n == "" || strings.ContainsAny(n, ",\n") }) {
		return damaged("its header names a program twice, or one without a name")
	}
	seen := map[string]bool{}
	for _, t := range h.Tables {
		if seen[t.Name] || t.Name == "" || len(t.Columns) == 0 {
			return damaged("its header names a table twice, or one without columns")
		}
		seen[t.Name] = true
	}
	return nil
}

// chained is the checksum of a frame, which also stands for all before it.
func chained(before [32]byte, head [5]byte, payload []byte) [32]byte {
	h := sha256.New()
	h.Write(before[:])
	h.Write(head[:])
	h.Write(payload)
	return [32]byte(h.Sum(nil))
}

func frameHead(kind byte, length int) [5]byte {
	var head [5]byte
	head[0] = kind
	binary.BigEndian.PutUint32(head[1:], uint32(length))
	return head
}

// appendValue appends one value: 'n' for null, else as the custody log writes it.
func appendValue(b []byte, v any) []byte {
	if v == nil {
		return append(b, 'n')
	}
	return custody.AppendValue(b, v)
}

// cutValue reads what appendValue wrote for a column of a type. Bytes are not
// copied.
func cutValue(b []byte, kind string) (v any, rest []byte, err error) {
	if len(b) == 0 {
		return nil, nil, damaged("a row ends within a value")
	}
	letter, b := b[0], b[1:]
	switch {
	case letter == 'n':
		return nil, b, nil
	case letter == 'i' && kind == "bigint":
		if len(b) < 8 {
			return nil, nil, damaged("a number is cut off")
		}
		return int64(binary.BigEndian.Uint64(b)), b[8:], nil
	case letter == 't' && kind == "text", letter == 'b' && kind == "bytes":
		if len(b) < 4 || uint64(binary.BigEndian.Uint32(b)) > uint64(len(b)-4) {
			return nil, nil, damaged("a value is cut off")
		}
		n := 4 + int(binary.BigEndian.Uint32(b))
		if letter == 't' {
			return string(b[4:n]), b[n:], nil
		}
		return b[4:n:n], b[n:], nil
	}
	return nil, nil, damaged("a value is of another type than its column")
}
