// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/binary"
	"errors"
)

// errWraps says that a report's wraps are damaged.
var errWraps = errors.New("the wraps of a report are damaged")

// packWraps is how wraps stand in their report's row: for each its holder and its wrap, both
// with their length before them, and the key's id of 16 bytes between the two.
func packWraps(list []wrapped) []byte {
	n := 0
	for _, w := range list {
		n += len(w.holder) + len(w.keyID) + len(w.wrap) + 2*binary.MaxVarintLen16
	}
	b := make([]byte, 0, n)
	for _, w := range list {
		b = append(binary.AppendUvarint(b, uint64(len(w.holder))), w.holder...)
		b = append(b, w.keyID[:]...)
		b = append(binary.AppendUvarint(b, uint64(len(w.wrap))), w.wrap...)
	}
	return b
}

// unpackWraps reads what packWraps wrote. Its wraps are parts of b.
func unpackWraps(b []byte) ([]wrapped, error) {
	var list []wrapped
	for len(b) > 0 {
		var w wrapped
		holder, rest, ok := cutSized(b)
		if !ok || len(rest) < len(w.keyID) {
			return nil, errWraps
		}
		w.holder = string(holder)
		rest = rest[copy(w.keyID[:], rest):]
		if w.wrap, b, ok = cutSized(rest); !ok {
			return nil, errWraps
		}
		list = append(list, w)
	}
	return list, nil
}

// cutSized cuts a value with its length before it off.
func cutSized(b []byte) (value, rest []byte, ok bool) {
	size, head := binary.Uvarint(b)
	if head <= 0 || size > uint64(len(b)-head) {
		return nil, nil, false
	}
	n := head + int(size)
	return b[head:n:n], b[n:], true
}
