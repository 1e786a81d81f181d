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

// FirstHolders are the holders of the wraps that a report came with.
func (s *Service) FirstHolders(ctx context.Context, programID string, id store.ID) ([]string, error) {
	first, err := firstWraps(ctx, s.DB, programID, id)
	var holders []string
	for _, w := range first {
		holders = append(holders, w.holder)
	}
	return holders, err
}

// AsBefore makes a report stand as builds before wraps were in its row left it.
func AsBefore(tx *store.Tx, programID string, id store.ID) error {
	ctx := context.Background()
	first, err := firstWraps(ctx, tx, programID, id)
	if err != nil {
		return err
	}
	for _, w := range first {
		if err := insertWrap(tx, programID, id, w.holder, w.keyID, w.wrap); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`update report set wraps = null where program = $1 and id = $2`, programID, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into receipt (program, lookup, report, commitment) select report.program, report.lookup, report.id, receipt_leaf.commitment
		from report join receipt_leaf on receipt_leaf.program = report.program and receipt_leaf.report = report.id where report.program = $1 and report.id = $2`, programID, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from receipt_leaf where program = $1 and report = $2`, programID, id); err != nil {
		return err
	}
	return tx.Touch("report", programID, id)
}

// PackWraps reads packed wraps and packs them again.
func PackWraps(b []byte) ([]byte, error) {
	list, err := unpackWraps(b)
	return packWraps(list), err
}

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
