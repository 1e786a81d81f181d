// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"cmp"
	"fmt"
	"strconv"
)

// statement is one exact publication of a count.
type statement struct {
	edition, table, node int
	value                int64
}

// exactly reads what tables say exactly, by the id of the count.
func exactly(tables []Table) map[string][]statement {
	said := map[string][]statement{}
	for i := range tables {
		t := &tables[i]
		g := newGrid(t)
		at := make([]int, len(t.Dimensions))
		for _, c := range t.Cells {
			if c.Hidden || c.Base > 1 {
				continue
			}
			g.coordinates(g.at(c.Key), at)
			n := g.node(at)
			id := n.identity()
			said[id] = append(said[id], statement{edition: t.Edition, table: i, value: c.Value})
		}
	}
	return said
}

// neighbors are the values in the editions next before and next after one.
func neighbors(list []statement, edition int) []int64 {
	var before, after *statement
	for i := range list {
		s := &list[i]
		switch c := cmp.Compare(s.edition, edition); {
		case c < 0 && (before == nil || s.edition > before.edition):
			before = s
		case c > 0 && (after == nil || s.edition < after.edition):
			after = s
		}
	}
	var values []int64
	for _, s := range []*statement{before, after} {
		if s != nil {
			values = append(values, s.value)
		}
	}
	return values
}

// few says whether a count that moved from one to the other tells of a few people.
func (r Rule) few(before, after int64) bool {
	moved := abs(after - before)
	return moved > 0 && moved < r.Min
}

// editionOf is the edition of a realm, 0 for what is the same in all.
func editionOf(realm string) (int, error) {
	if realm == "" {
		return 0, nil
	}
	edition, err := strconv.Atoi(realm)
	if err != nil {
		return 0, fmt.Errorf("reading an edition: %w", err)
	}
	return edition, nil
}

// remember finds for each count that is read for one edition alone what the
// editions next to it show.
func (s *system) remember() error {
	for i := range s.nodes {
		n := &s.nodes[i]
		if n.realm == "" {
			continue
		}
		edition, err := editionOf(n.realm)
		if err != nil {
			return err
		}
		n.was = neighbors(s.stated[n.id], edition)
	}
	return nil
}

// mayHaveMoved says whether bounds hold a value that is a few people away from
// what an edition next to this one shows.
func (n *node) mayHaveMoved(low, high, least int64) bool {
	for _, was := range n.was {
		from, to := max(low, was-least+1), min(high, was+least-1)
		if from < to || from == to && from != was {
			return true
		}
	}
	return false
}

// moved says that the count is known to have moved by a few people.
func (n *node) moved(rule Rule) bool {
	for _, was := range n.was {
		if n.known && rule.few(was, n.value) {
			return true
		}
	}
	return false
}

// openMove says whether more than one value remains for somebody who knows besides
// that the count moved by a few people.
func (n *node) openMove(low, high, least int64) bool {
	for _, was := range n.was {
		from, to := max(low, was-least+1), min(high, was+least-1)
		values := to - from + 1
		if from <= was && was <= to {
			values--
		}
		if values == 1 {
			return false
		}
	}
	return true
}
