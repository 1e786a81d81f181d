// SPDX-License-Identifier: Apache-2.0

// Package custody is the append-only Merkle log that lets outsiders check that
// nothing was dropped, altered or back-dated.
//
// One log per program, with its own origin and key. A leaf is a salted
// commitment to an opening: what happened, to which record, by whom, when,
// under which rule version, and a digest of the canonical rows after the step.
// The log stands in the same database and is extended in the same transaction
// as the rows it commits to. Only commitments are public; an opening says
// nothing without its salt.
//
// The formats (leaf, row, checkpoint, promise) are specified in
// docs/spec/custody.md with vectors and do not change within version 1.
package custody

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Entry says what a step was. None of its fields may carry a person's name or
// a reporter's words.
type Entry struct {
	Program string
	Event   string // such as "report.accepted"
	Record  string // such as "report:<id>"
	Actor   string // "sender", "system" or "member:<id>"
	Rule    string // pack version the step was taken under, or ""
}

// Row is one canonical row after the step.
type Row struct {
	Table string
	Key   []byte   // canonical primary key, see AppendValue
	Hash  [32]byte // RowHash of its columns; zero when Gone
	Gone  bool     // the row was deleted in this step
}

// Leaf is one step's commitment together with what opens it.
type Leaf struct {
	Program    string
	At         time.Time
	Salt       [32]byte
	Commitment [32]byte
	Opening    []byte
	Rows       []byte // EncodeRows of the step's rows
}

const (
	openingHeader = "waylight-custody/1"
	leafDomain    = "waylight/custody/leaf/1"
	rowDomain     = "waylight/custody/row/1"
	coverOpening  = "cover"
	timeLayout    = "2006-01-02T15:04:05.000000Z"
)

// Commit makes the leaf of a step.
func Commit(e Entry, at time.Time, rows []Row) Leaf {
	encoded := EncodeRows(rows)
	leaf := Leaf{Program: e.Program, At: at, Rows: encoded, Opening: marshalOpening(e, at, sha256.Sum256(encoded))}
	rand.Read(leaf.Salt[:]) // never fails: crypto/rand ends the process instead
	leaf.Commitment = Commitment(leaf.Salt, leaf.Opening)
	return leaf
}

// cover makes a leaf that commits to nothing, to pad a checkpoint.
func cover(program string, at time.Time) Leaf {
	leaf := Leaf{Program: program, At: at, Opening: []byte(coverOpening)}
	rand.Read(leaf.Salt[:])
	leaf.Commitment = Commitment(leaf.Salt, leaf.Opening)
	return leaf
}

// Commitment is the public form of an opening: what stands in the log.
func Commitment(salt [32]byte, opening []byte) [32]byte {
	h := sha256.New()
	h.Write([]byte(leafDomain))
	h.Write(salt[:])
	h.Write(opening)
	return [32]byte(h.Sum(nil))
}

func marshalOpening(e Entry, at time.Time, rows [32]byte) []byte {
	var b strings.Builder
	b.Grow(256)
	b.WriteString(openingHeader + "\n")
	line := func(name, value string) {
		b.WriteString(name + " " + oneLine(value) + "\n")
	}
	line("program", e.Program)
	line("event", e.Event)
	line("record", e.Record)
	line("actor", e.Actor)
	line("rule", e.Rule)
	line("at", at.UTC().Format(timeLayout))
	line("rows", hex.EncodeToString(rows[:]))
	return []byte(b.String())
}

// oneLine keeps a value from forging further lines of an opening.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, s)
}

// Opening is a parsed opening.
type Opening struct {
	Entry
	At    time.Time
	Rows  [32]byte // SHA-256 of the encoded rows
	Cover bool     // a padding leaf: all else is zero
}

// ErrOpening says that bytes are not an opening.
var ErrOpening = errors.New("not a custody opening")

// ParseOpening reads what Commit wrote.
func ParseOpening(b []byte) (Opening, error) {
	if string(b) == coverOpening {
		return Opening{Cover: true}, nil
	}
	lines := bytes.Split(b, []byte{'\n'})
	if len(lines) != 9 || string(lines[0]) != openingHeader || len(lines[8]) != 0 {
		return Opening{}, ErrOpening
	}
	var values [7][]byte
	for i, name := range openingLines {
		value, ok := bytes.CutPrefix(lines[i+1], name)
		if !ok {
			return Opening{}, fmt.Errorf("%w: line %d is not %q", ErrOpening, i+2, name)
		}
		values[i] = value
	}
	at, err := time.Parse(timeLayout, string(values[5]))
	if err != nil {
		return Opening{}, fmt.Errorf("%w: time", ErrOpening)
	}
	o := Opening{At: at, Entry: Entry{
		Program: string(values[0]), Event: string(values[1]), Record: string(values[2]), Actor: string(values[3]), Rule: string(values[4]),
	}}
	if n, err := hex.Decode(o.Rows[:], values[6][:min(len(values[6]), 64)]); err != nil || n != 32 || len(values[6]) != 64 {
		return Opening{}, fmt.Errorf("%w: rows digest", ErrOpening)
	}
	return o, nil
}

// openingLines are the names of an opening's lines after its header.
var openingLines = [7][]byte{[]byte("program "), []byte("event "), []byte("record "), []byte("actor "), []byte("rule "), []byte("at "), []byte("rows ")}

// EncodeRows is the canonical list of a step's rows.
func EncodeRows(rows []Row) []byte {
	size := 0
	for _, r := range rows {
		size += len(r.Table) + len(r.Key) + 41
	}
	b := make([]byte, 0, size)
	for _, r := range rows {
		b = appendBytes(b, []byte(r.Table))
		b = appendBytes(b, r.Key)
		if r.Gone {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
		b = append(b, r.Hash[:]...)
	}
	return b
}

// ErrRows says that bytes are not a list of rows.
var ErrRows = errors.New("not a custody row list")

// DecodeRows reads what EncodeRows wrote.
func DecodeRows(b []byte) ([]Row, error) {
	var rows []Row
	err := eachRow(b, func(table, key []byte, gone bool, hash [32]byte) {
		rows = append(rows, Row{Table: string(table), Key: key, Gone: gone, Hash: hash})
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// eachRow calls row for every row of a list until the end, or what is none.
func eachRow(b []byte, row func(table, key []byte, gone bool, hash [32]byte)) error {
	for len(b) > 0 {
		table, rest, ok := cutBytes(b)
		if !ok {
			return ErrRows
		}
		key, rest, ok := cutBytes(rest)
		if !ok || len(rest) < 33 || rest[0] > 1 {
			return ErrRows
		}
		row(table, key, rest[0] == 1, [32]byte(rest[1:33]))
		b = rest[33:]
	}
	return nil
}

// Column is one column of a row, for hashing. Value is nil, int64, string or
// []byte.
type Column struct {
	Name  string
	Value any
}

// RowHash is the SHA-256 of a row's canonical form. A null column is left out,
// so a column that a later migration adds does not change old rows' hashes.
func RowHash(table string, columns []Column) [32]byte {
	size := len(rowDomain) + len(table) + 4
	for _, c := range columns {
		size += len(c.Name) + 9
		switch v := c.Value.(type) {
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		}
	}
	var small [2 << 10]byte // most rows fit, and take no memory that must be collected
	b := small[:0]
	if size > len(small) {
		b = make([]byte, 0, size)
	}
	return sha256.Sum256(AppendRow(b, table, columns))
}

// AppendRow appends the canonical form of a row, of which RowHash is the hash.
func AppendRow(b []byte, table string, columns []Column) []byte {
	b = append(b, rowDomain...)
	b = appendString(b, table)
	for _, c := range columns {
		if c.Value == nil {
			continue
		}
		b = appendString(b, c.Name)
		b = AppendValue(b, c.Value)
	}
	return b
}

// AppendValue appends one value's canonical form: a type letter and the value.
// Other types than int64, string and []byte are the caller's error and encode
// as their printed form under the letter '?', which no reader produces.
func AppendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v))
	case string:
		return appendString(append(b, 't'), v)
	case []byte:
		return appendBytes(append(b, 'b'), v)
	default:
		return appendBytes(append(b, '?'), fmt.Append(nil, v))
	}
}

func appendBytes(b, v []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
	return append(b, v...)
}

func appendString(b []byte, v string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
	return append(b, v...)
}

func cutBytes(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(len(b)-4) < uint64(n) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}
