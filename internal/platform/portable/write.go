// SPDX-License-Identifier: Apache-2.0

package portable

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

// Export says what is carried.
type Export struct {
	Programs []string                // which
	Leave    []string                // tables that stay behind: what ends with the old place
	Bound    map[string]string       // tables that no log covers, in which nothing changes unless a row of another one does, or the log grows
	Logs     map[string]*custody.Log // each program's log, which signs the stream
	Move     bool                    // the programs leave: their logs have ended
	Now      time.Time               // when
	Progress func(done, total int64) // rows; may be nil
}

// writer writes one stream.
type writer struct {
	out    io.Writer
	chain  [32]byte
	from   *store.Moment
	export *Export
	tables []*store.Table
	header Header
	done   int64                // rows
	framed func(at place) error // after each frame of rows; may be nil
	flush  func() error         // what is buffered before out
}

// errCount says that there were other rows than the same moment had counted.
var errCount = errors.New("the rows are not as many as were counted")

func (w *writer) frame(kind byte, payload []byte) error {
	head := frameHead(kind, len(payload))
	w.chain = chained(w.chain, head, payload)
	for _, part := range [][]byte{head[:], payload, w.chain[:]} {
		if _, err := w.out.Write(part); err != nil {
			return fmt.Errorf("writing the export: %w", err)
		}
	}
	return nil
}

func (w *writer) json(kind byte, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	return w.frame(kind, payload)
}

// begin writes what stands before the rows.
func (w *writer) begin() error {
	if _, err := io.WriteString(w.out, magic); err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	w.chain = chained([32]byte{}, [5]byte{}, []byte(magic))
	return w.json(kindHeader, w.header)
}

// end signs what was written, once it is all.
func (w *writer) end() error {
	if total := w.header.rows(); w.done != total {
		return fmt.Errorf("%w: %d instead of %d", errCount, w.done, total)
	}
	last := end{Rows: w.done, Signatures: map[string]string{}}
	for _, program := range w.export.Programs {
		var err error
		if last.Signatures[program], err = w.export.Logs[program].Sign(signedText(program, w.chain)); err != nil {
			return err
		}
	}
	return w.json(kindEnd, last)
}

// place is where rows stand in a stream: their program and table by number.
type place struct{ program, table int }

func (p place) before(q place) bool {
	return p.program < q.program || p.program == q.program && p.table < q.table
}

// parts are all places of a stream, in order.
func (w *writer) parts() []place {
	var list []place
	for p := range w.export.Programs {
		for t := range w.tables {
			list = append(list, place{p, t})
		}
	}
	return list
}

// rows calls emit for row after row. Their values are valid until it returns.
type rows func(emit func(values []any) error) error

// all are the rows of a place in the database, from the one behind a key on.
func (w *writer) all(ctx context.Context, at place, after []any) rows {
	return func(emit func([]any) error) error {
		return w.from.Each(ctx, w.tables[at.table], w.export.Programs[at.program], after, emit)
	}
}

// carried are the tables that go along.
func carried(all []*store.Table, leave []string) []*store.Table {
	stays := map[string]bool{}
	for _, name := range leave {
		stays[name] = true
	}
	var tables []*store.Table
	for _, t := range all {
		if !stays[t.Name] {
			tables = append(tables, t)
		}
	}
	return tables
}

func (e *Export) header(ctx context.Context, from *store.Moment, tables []*store.Table) (Header, error) {
	h := Header{Created: e.Now.UTC(), Move: e.Move}
	var err error
	if h.Migrations, err = from.Migrations(ctx); err != nil {
		return h, err
	}
	for _, t := range tables {
		described := Table{Name: t.Name}
		for _, c := range t.Columns {
			described.Columns = append(described.Columns, Column{c.Name, c.Type})
		}
		h.Tables = append(h.Tables, described)
	}
	for _, program := range e.Programs {
		p, err := describe(ctx, from, program)
		if err != nil {
			return h, err
		}
		if log := e.Logs[program]; log == nil || log.VerifierKey() != p.Verifier {
			return h, fmt.Errorf("%s: %w", program, custody.ErrOtherKey)
		}
		for _, t := range tables {
			n, err := from.Count(ctx, t, program)
			if err != nil {
				return h, err
			}
			p.Rows += n
		}
		h.Programs = append(h.Programs, p)
	}
	return h, nil
}

func describe(ctx context.Context, from *store.Moment, program string) (Program, error) {
	p := Program{ID: program}
	pinned, err := custody.PinnedOf(ctx, from, program)
	if err != nil {
		return p, err
	}
	p.Verifier, p.Mark = pinned.Verifier, pinned.Mark
	if p.Size, err = custody.Size(ctx, from, program); err != nil {
		return p, err
	}
	last, err := custody.Latest(ctx, from, program)
	if err != nil {
		return p, err
	}
	p.Checkpoint = last.Note
	p.MovedTo, err = custody.MovedTo(ctx, from, program)
	return p, err
}

// rowsHead is the place of a frame's rows: its program, its table, how many.
const rowsHead = 8

// part writes the rows of a place.
func (w *writer) part(ctx context.Context, at place, from rows) error {
	payload := make([]byte, rowsHead, fullFrame+64<<10)
	n := int64(0)
	flush := func() error {
		if n == 0 {
			return nil
		}
		binary.BigEndian.PutUint16(payload[0:], uint16(at.program))
		binary.BigEndian.PutUint16(payload[2:], uint16(at.table))
		binary.BigEndian.PutUint32(payload[4:], uint32(n))
		err := w.put(ctx, at, payload, n)
		payload, n = payload[:rowsHead], 0
		return err
	}
	err := from(func(values []any) error {
		payload = appendRow(payload, values)
		n++
		if len(payload) < fullFrame {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// put writes a frame of rows.
func (w *writer) put(ctx context.Context, at place, payload []byte, n int64) error {
	if err := w.frame(kindRows, payload); err != nil {
		return err
	}
	w.tell(n)
	if w.framed == nil {
		return ctx.Err()
	}
	return errors.Join(w.framed(at), ctx.Err())
}

// tell counts rows that are in the stream.
func (w *writer) tell(n int64) {
	if w.done += n; w.export.Progress != nil {
		w.export.Progress(w.done, w.header.rows())
	}
}

func appendRow(b []byte, values []any) []byte {
	for _, v := range values {
		b = appendValue(b, v)
	}
	return b
}
