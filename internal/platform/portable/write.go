// SPDX-License-Identifier: Apache-2.0

package portable

import (
	"context"
	"encoding/binary"
	"encoding/json"
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
	Logs     map[string]*custody.Log // each program's log, which signs the stream
	Move     bool                    // the programs leave: their logs have ended
	Now      time.Time               // when
	Progress func(done, total int64) // rows; may be nil
}

// writer writes frames.
type writer struct {
	out   io.Writer
	chain [32]byte
}

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

// Write writes the programs of a snapshot and says what it wrote. It holds one
// frame in memory.
func Write(ctx context.Context, out io.Writer, from *store.Moment, e Export) (Header, error) {
	tables := carried(from.Tables(), e.Leave)
	header, err := e.header(ctx, from, tables)
	if err != nil {
		return header, err
	}
	if _, err := io.WriteString(out, magic); err != nil {
		return header, fmt.Errorf("writing the export: %w", err)
	}
	w := &writer{out: out, chain: chained([32]byte{}, [5]byte{}, []byte(magic))}
	if err := w.json(kindHeader, header); err != nil {
		return header, err
	}
	done, total := int64(0), header.rows()
	tell := func(n int64) {
		if done += n; e.Progress != nil {
			e.Progress(done, total)
		}
	}
	for p, program := range e.Programs {
		for t, table := range tables {
			if err := w.table(ctx, from, p, program, t, table, tell); err != nil {
				return header, err
			}
		}
	}
	if done != total {
		return header, fmt.Errorf("the database gave %d rows where it had counted %d", done, total)
	}
	last := end{Rows: done, Signatures: map[string]string{}}
	for _, program := range e.Programs {
		if last.Signatures[program], err = e.Logs[program].Sign(signedText(program, w.chain)); err != nil {
			return header, err
		}
	}
	return header, w.json(kindEnd, last)
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

func (w *writer) table(ctx context.Context, from *store.Moment, p int, program string, t int, table *store.Table, tell func(int64)) error {
	payload := make([]byte, rowsHead, fullFrame+64<<10)
	n := int64(0)
	flush := func() error {
		if n == 0 {
			return nil
		}
		binary.BigEndian.PutUint16(payload[0:], uint16(p))
		binary.BigEndian.PutUint16(payload[2:], uint16(t))
		binary.BigEndian.PutUint32(payload[4:], uint32(n))
		err := w.frame(kindRows, payload)
		tell(n)
		payload, n = payload[:rowsHead], 0
		return err
	}
	err := from.Each(ctx, table, program, func(values []any) error {
		for _, v := range values {
			payload = appendValue(payload, v)
		}
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
