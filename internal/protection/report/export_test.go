// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"database/sql"
	"encoding/binary"
	"sync/atomic"

	"waylight/internal/platform/store"
)

// CountReads counts how often receipts are looked for in the database.
func (s *Service) CountReads(n *atomic.Int64) { s.reader = counting{s.reader, n} }

type counting struct {
	store.Reader
	n *atomic.Int64
}

func (c counting) QueryRow(ctx context.Context, q string, args ...any) *sql.Row {
	c.n.Add(1)
	return c.Reader.QueryRow(ctx, q, args...)
}

// ReadSealed reads a sealed report and writes it again.
func ReadSealed(data []byte) ([]byte, error) {
	in, err := parseSealed(data)
	if err != nil {
		return nil, err
	}
	head := data[len(sealedMagic)+4:][:binary.BigEndian.Uint32(data[len(sealedMagic):])]
	out := appendLong([]byte(sealedMagic), head)
	out = append(append(out, in.lookup[:]...), in.replyKey...)
	parts := []Part{in.body}
	if in.reporter != nil {
		parts = append(parts, *in.reporter)
	}
	for _, p := range parts {
		out = append(appendLong(out, p.Sealed.Ciphertext), byte(len(p.Wraps)))
		for _, w := range p.Wraps {
			out = append(append(out, byte(len(w.holder))), w.holder...)
			out = append(append(out, w.keyID[:]...), w.wrap...)
		}
	}
	return out, nil
}
