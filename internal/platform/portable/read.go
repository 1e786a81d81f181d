// SPDX-License-Identifier: Apache-2.0

package portable

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Reader reads a stream frame by frame. It holds one frame in memory.
type Reader struct {
	in     *bufio.Reader
	chain  [32]byte
	header Header
	id     string
	frames int64
	rows   int64
	at     int64 // how many bytes were read and are as they were written
	last   place // of the rows read last
	before [32]byte
	end    end
	ended  bool
}

// Rows are rows of one table, each with a value for every column that the
// header names for it. They are valid until the next call.
type Rows struct {
	Program int
	Table   int
	Values  [][]any
}

// NewReader reads the header of a stream.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(in, 256<<10)}
	first := make([]byte, len(magic))
	n, err := io.ReadFull(r.in, first)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the export: %w", err)
	}
	switch family, _, _ := strings.Cut(magic, "/"); {
	case string(first[:n]) == magic:
	case bytes.HasPrefix(first[:n], []byte(family+"/")):
		return nil, errors.New("this export is of another version: read it with the release that wrote it, or a newer one")
	default:
		return nil, errors.New("this is no export of Waylight")
	}
	r.chain, r.at = chained([32]byte{}, [5]byte{}, []byte(magic)), int64(len(magic))
	kind, payload, err := r.frame(maxHeader)
	if err != nil {
		return nil, err
	}
	if kind != kindHeader {
		return nil, damaged("it does not begin with its header")
	}
	if err := strict(payload, &r.header); err != nil {
		return nil, damaged("its header cannot be read")
	}
	r.id = fmt.Sprintf("%x", r.chain)
	return r, r.header.check()
}

// Header is what the stream says of itself.
func (r *Reader) Header() *Header { return &r.header }

// ID tells this stream from any other.
func (r *Reader) ID() string { return r.id }

// Frames is how many frames of rows were read.
func (r *Reader) Frames() int64 { return r.frames }

func strict(payload []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return nil
}

// frame reads one frame and holds it against its checksum.
func (r *Reader) frame(most int) (kind byte, payload []byte, err error) {
	var head [5]byte
	if err := r.full(head[:]); err != nil {
		return 0, nil, err
	}
	length := int64(binary.BigEndian.Uint32(head[1:]))
	if length > int64(most) {
		return 0, nil, damaged("a part says it is %d bytes long", length)
	}
	// Grown as it is read, so that a length that lies takes no memory.
	var b bytes.Buffer
	if length <= fullFrame {
		b.Grow(int(length))
	}
	n, err := io.CopyN(&b, r.in, length)
	if err != nil || n != length {
		return 0, nil, cut(err)
	}
	var sum [32]byte
	if err := r.full(sum[:]); err != nil {
		return 0, nil, err
	}
	r.before = r.chain
	r.chain = chained(r.chain, head, b.Bytes())
	if r.chain != sum {
		return 0, nil, damaged("a part of it does not have its checksum: it was changed, or parts are missing or out of order")
	}
	r.at += int64(len(head)) + length + int64(len(sum))
	return head[0], b.Bytes(), nil
}

func (r *Reader) full(b []byte) error {
	if _, err := io.ReadFull(r.in, b); err != nil {
		return cut(err)
	}
	return nil
}

func cut(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it ends too early: the copy is not whole")
	}
	return fmt.Errorf("reading the export: %w", err)
}

// Next gives the next rows, or io.EOF once the stream has come to its end as it
// was written.
func (r *Reader) Next() (Rows, error) {
	if r.ended {
		return Rows{}, io.EOF
	}
	kind, payload, err := r.frame(maxFrame)
	if err != nil {
		return Rows{}, err
	}
	switch kind {
	case kindRows:
		r.frames++
		return r.parse(payload)
	case kindEnd:
		return Rows{}, r.finish(payload)
	}
	return Rows{}, damaged("a part of it is of a kind that does not exist")
}

func (r *Reader) parse(payload []byte) (Rows, error) {
	rows, n, err := r.place(payload)
	if err != nil {
		return Rows{}, err
	}
	rows.Values, err = r.header.Tables[rows.Table].values(payload[rowsHead:], n)
	return rows, err
}

// place reads where a frame's rows belong, and how many they are.
func (r *Reader) place(payload []byte) (rows Rows, n int, err error) {
	if len(payload) < rowsHead {
		return Rows{}, 0, damaged("a part with rows is too short")
	}
	rows = Rows{Program: int(binary.BigEndian.Uint16(payload)), Table: int(binary.BigEndian.Uint16(payload[2:]))}
	n = int(binary.BigEndian.Uint32(payload[4:]))
	here := place{rows.Program, rows.Table}
	if rows.Program >= len(r.header.Programs) || rows.Table >= len(r.header.Tables) || here.before(r.last) {
		return Rows{}, 0, damaged("its rows are out of order")
	}
	r.last = here
	if columns := len(r.header.Tables[rows.Table].Columns); n == 0 || n > (len(payload)-rowsHead)/columns { // a value takes a byte at least
		return Rows{}, 0, damaged("a part says it has %d rows", n)
	}
	r.rows += int64(n)
	return rows, n, nil
}

// values reads so many rows, which are all there is.
func (t Table) values(payload []byte, n int) ([][]any, error) {
	rows := make([][]any, n)
	for i := range rows {
		row := make([]any, len(t.Columns))
		for c := range t.Columns {
			var err error
			if row[c], payload, err = cutValue(payload, t.Columns[c].Type); err != nil {
				return nil, err
			}
		}
		rows[i] = row
	}
	if len(payload) > 0 {
		return nil, damaged("a part has more than its rows")
	}
	return rows, nil
}

func (r *Reader) finish(payload []byte) error {
	if err := strict(payload, &r.end); err != nil {
		return damaged("its end cannot be read")
	}
	if r.end.Rows != r.rows || r.rows != r.header.rows() {
		return damaged("it has %d rows and says it had %d", r.rows, r.end.Rows)
	}
	switch _, err := r.in.ReadByte(); {
	case err == nil:
		return damaged("something stands behind its end")
	case !errors.Is(err, io.EOF):
		return cut(err)
	}
	r.ended = true
	return io.EOF
}

// Signed holds the end of a stream against the keys of the logs, by program. It
// is called after Next has said io.EOF.
func (r *Reader) Signed(keys map[string]note.Verifier) error {
	if !r.ended {
		return errors.New("the export was not read to its end")
	}
	for _, p := range r.header.Programs {
		verifier := keys[p.ID]
		if verifier == nil {
			return fmt.Errorf("there is no key to check the export of %s with", p.ID)
		}
		n, err := note.Open([]byte(r.end.Signatures[p.ID]), note.VerifierList(verifier))
		if err != nil || n.Text != signedText(p.ID, r.before) {
			return damaged("its end is not signed by the log of %s", p.ID)
		}
	}
	return nil
}
