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
	lines := strings.Split(string(b), "\n")
	if len(lines) != 9 || lines[0] != openingHeader || lines[8] != "" {
		return Opening{}, ErrOpening
	}
	var values [7]string
	for i, name := range []string{"program", "event", "record", "actor", "rule", "at", "rows"} {
		value, ok := strings.CutPrefix(lines[i+1], name+" ")
		if !ok {
			return Opening{}, fmt.Errorf("%w: line %d is not %q", ErrOpening, i+2, name)
		}
		values[i] = value
	}
	at, err := time.Parse(timeLayout, values[5])
	if err != nil {
		return Opening{}, fmt.Errorf("%w: time", ErrOpening)
	}
	rows, err := hex.DecodeString(values[6])
	if err != nil || len(rows) != 32 {
		return Opening{}, fmt.Errorf("%w: rows digest", ErrOpening)
	}
	return Opening{
		Entry: Entry{Program: values[0], Event: values[1], Record: values[2], Actor: values[3], Rule: values[4]},
		At:    at, Rows: [32]byte(rows),
	}, nil
}

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
	for len(b) > 0 {
		table, rest, ok := cutBytes(b)
		if !ok {
			return nil, ErrRows
		}
		key, rest, ok := cutBytes(rest)
		if !ok || len(rest) < 33 || rest[0] > 1 {
			return nil, ErrRows
		}
		rows = append(rows, Row{Table: string(table), Key: key, Gone: rest[0] == 1, Hash: [32]byte(rest[1:33])})
		b = rest[33:]
	}
	return rows, nil
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
	b := make([]byte, 0, 512)
	b = append(b, rowDomain...)
	b = appendBytes(b, []byte(table))
	for _, c := range columns {
		if c.Value == nil {
			continue
		}
		b = appendBytes(b, []byte(c.Name))
		b = AppendValue(b, c.Value)
	}
	return sha256.Sum256(b)
}

// AppendValue appends one value's canonical form: a type letter and the value.
// Other types than int64, string and []byte are the caller's error and encode
// as their printed form under the letter '?', which no reader produces.
func AppendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v))
	case string:
		return appendBytes(append(b, 't'), []byte(v))
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
