// SPDX-License-Identifier: Apache-2.0

package portable

import (
	"bytes"
	"encoding/binary"
)

// SampleStream is a small stream with so many rows of a table.
func SampleStream(rows map[string]int64) []byte {
	var out bytes.Buffer
	out.WriteString(magic)
	w := &writer{out: &out, chain: chained([32]byte{}, [5]byte{}, []byte(magic))}
	h := Header{Tables: []Table{{Name: "t", Columns: []Column{{"program", "text"}, {"n", "bigint"}, {"b", "bytes"}}}}}
	for _, p := range []string{"a", "b"} {
		h.Programs = append(h.Programs, Program{ID: p, Rows: rows[p]})
	}
	w.json(kindHeader, h)
	total := int64(0)
	for i, p := range h.Programs {
		payload := make([]byte, rowsHead)
		binary.BigEndian.PutUint16(payload, uint16(i))
		binary.BigEndian.PutUint32(payload[4:], uint32(p.Rows))
		for n := range p.Rows {
			payload = appendValue(appendValue(appendValue(payload, p.ID), n), nil)
		}
		w.frame(kindRows, payload)
		total += p.Rows
	}
	w.json(kindEnd, end{Rows: total, Signatures: map[string]string{}})
	return out.Bytes()
}

// Rechained gives every frame the checksum that it would have, so that what
// stands behind the checksums is reached.
func Rechained(stream []byte) []byte {
	rest, ok := bytes.CutPrefix(stream, []byte(magic))
	if !ok {
		return stream
	}
	chain := chained([32]byte{}, [5]byte{}, []byte(magic))
	out := []byte(magic)
	for len(rest) >= 5 {
		n := int(binary.BigEndian.Uint32(rest[1:]))
		if n > len(rest)-5 {
			break
		}
		chain = chained(chain, [5]byte(rest[:5]), rest[5:5+n])
		out = append(append(out, rest[:5+n]...), chain[:]...)
		rest = rest[min(5+n+32, len(rest)):]
	}
	return append(out, rest...)
}
