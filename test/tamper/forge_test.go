// SPDX-License-Identifier: Apache-2.0

package tamper

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"waylight/internal/app/demo"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

func rowHash(t *store.Table, values []any) [32]byte {
	list := make([]custody.Column, len(values))
	for i, v := range values {
		list[i] = custody.Column{Name: t.Columns[i].Name, Value: v}
	}
	return custody.RowHash(t.Name, list)
}

// forged changes a covered row and the leaf that names it last, so that the two
// agree, and returns the whole log with that leaf.
func (s *site) forged() (leaves []custody.Leaf, at int64, ok bool) {
	at = s.leaf()
	rows := s.rowsOf(at)
	if len(rows) == 0 {
		return nil, 0, false
	}
	r := rows[s.r.IntN(len(rows))]
	i := s.r.IntN(len(r.values))
	if slices.Contains(r.table.Key, r.table.Columns[i].Name) {
		return nil, 0, false
	}
	values := slices.Clone(r.values)
	values[i] = s.changed(values[i], r.table.Columns[i])
	list, _ := custody.DecodeRows(s.log[at].Rows)
	for n := range list {
		if list[n].Table == r.table.Name && string(list[n].Key) == r.key {
			list[n].Hash = rowHash(r.table, values)
		}
	}
	leaves = slices.Clone(s.log)
	l := &leaves[at]
	was := sha256.Sum256(l.Rows)
	l.Rows = custody.EncodeRows(list)
	is := sha256.Sum256(l.Rows)
	l.Opening = bytes.Replace(l.Opening, []byte(hex.EncodeToString(was[:])), []byte(hex.EncodeToString(is[:])), 1)
	l.Commitment = custody.Commitment(l.Salt, l.Opening)
	return leaves, at, s.set(r, r.table.Columns[i].Name, values[i])
}

// replace writes a whole log, its tree and its head anew.
func (s *site) replace(leaves []custody.Leaf) bool {
	return s.exec("delete from custody_leaf") && s.exec("delete from custody_node") && s.exec("delete from custody_half") && s.exec("delete from custody_tree") && s.appendLeaves(leaves)
}

// hide deletes the published checkpoints that a rewritten log contradicts.
func (s *site) hide(at int64) bool {
	return s.exec("delete from custody_checkpoint where size > $1", at)
}

// rewrite is what somebody can do who may write anything but has no key: history
// from one leaf on, tree and head included, with or without the checkpoints.
func rewrite(s *site) (wanted, bool) {
	leaves, at, ok := s.forged()
	if !ok || !s.replace(leaves) {
		return wanted{}, false
	}
	if s.r.IntN(2) == 0 {
		return wanted{s.age("history rewritten without the log's key", at), true, signedUpTo(s.sizes, at)}, true
	}
	w := wanted{s.age("history rewritten without the log's key, checkpoints removed", at), at < s.upTo, -1}
	if w.found {
		w.leaf = signedUpTo(s.keptSizes(), at)
	}
	return w, s.hide(at)
}

// rewriteSigned is the same by somebody who also has the log's key.
func rewriteSigned(s *site) (wanted, bool) {
	leaves, at, ok := s.forged()
	if !ok || !s.replace(leaves) || !s.resign(leaves) {
		return wanted{}, false
	}
	w := wanted{s.age("history rewritten and signed with the log's key", at), at < s.upTo, -1}
	if w.found {
		w.leaf = signedUpTo(s.keptSizes(), at)
	}
	return w, true
}

// backdate lets a leaf say an earlier time, tree and head included.
func backdate(s *site) (wanted, bool) {
	at := s.leaf()
	l := s.log[at]
	o, err := custody.ParseOpening(l.Opening)
	if err != nil || o.Cover {
		return wanted{}, false
	}
	by := []time.Duration{time.Second, 24 * time.Hour, 30 * 24 * time.Hour}[s.r.IntN(3)]
	const layout = "2006-01-02T15:04:05.000000Z"
	l.Opening = bytes.Replace(l.Opening, []byte("\nat "+o.At.Format(layout)), []byte("\nat "+o.At.Add(-by).Format(layout)), 1)
	l.Commitment = custody.Commitment(l.Salt, l.Opening)
	leaves := slices.Clone(s.log)
	leaves[at] = l
	if !s.replace(leaves) {
		return wanted{}, false
	}
	if s.r.IntN(2) == 0 {
		return wanted{s.age("a leaf dated back", at), true, signedUpTo(s.sizes, at)}, true
	}
	switch {
	case at < s.upTo:
		return wanted{s.age("a leaf dated back, checkpoints removed", at), true, signedUpTo(s.keptSizes(), at)}, s.hide(at)
	case by > time.Hour: // before the checkpoint that it follows
		return wanted{s.age("a leaf dated back by a day or more, checkpoints removed", at), true, at}, s.hide(at)
	}
	return wanted{s.age("a leaf dated back by a second, checkpoints removed", at), false, -1}, s.hide(at)
}

// resign signs every checkpoint anew for other leaves.
func (s *site) resign(leaves []custody.Leaf) bool {
	roots := rootsOf(leaves, s.sizes)
	for _, values := range s.now["custody_checkpoint"] {
		size, text := values[1].(int64), values[3].(string)
		lines := strings.SplitAfter(text, "\n")
		signed, err := note.Sign(&note.Note{Text: lines[0] + lines[1] + roots[size].String() + "\n" + lines[3]}, s.signer)
		if err != nil || !s.exec("update custody_checkpoint set note = $1 where program = $2 and size = $3", string(signed), demo.Program, size) {
			return false
		}
	}
	return true
}

// rootsOf computes the roots of a log at several sizes with the library alone.
func rootsOf(leaves []custody.Leaf, sizes []int64) map[int64]tlog.Hash {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			out[i] = stored[at]
		}
		return out, nil
	})
	roots := map[int64]tlog.Hash{}
	for n, l := range leaves {
		hashes, _ := tlog.StoredHashes(int64(n), l.Commitment[:], reader)
		stored = append(stored, hashes...)
		if slices.Contains(sizes, int64(n)+1) {
			roots[int64(n)+1], _ = tlog.TreeHash(int64(n)+1, reader)
		}
	}
	return roots
}
