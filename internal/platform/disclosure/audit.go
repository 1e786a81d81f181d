// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Audit attacks published tables, of one release or of many, as somebody would
// who knows them all, knows that counts are whole numbers and not negative, and
// knows the rule. It names every count that can be told too closely; none means
// that the tables keep what the package promises. Tables that contradict
// themselves are a finding, tables that cannot be read an error.
func Audit(ctx context.Context, tables ...Table) ([]Finding, error) {
	tables = clone(tables)
	for i := range tables {
		if err := tables[i].check(); err != nil {
			return nil, err
		}
	}
	s, found, err := attack(ctx, tables, nil, nil)
	if err != nil {
		return nil, err
	}
	found = append(found, s.shown()...)
	found = append(found, s.changes()...)
	return s.findings(found), nil
}

// String says a finding in one line.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", f.Kind, f.Measure)
	if f.From != "" {
		fmt.Fprintf(&b, ", %s to %s", f.From, f.To)
	}
	for _, c := range f.Where {
		fmt.Fprintf(&b, ", %s %s", c.Dimension, c.Value)
	}
	switch {
	case f.Kind == Contradiction:
		b.WriteString(", cannot be what the tables say")
	case f.High < 0:
		fmt.Fprintf(&b, ", is %d or more", f.Low)
	case f.Low == f.High:
		fmt.Fprintf(&b, ", is %d", f.Low)
	default:
		fmt.Fprintf(&b, ", is from %d to %d", f.Low, f.High)
	}
	return b.String() + " (" + strings.Join(f.Tables, "; ") + ")"
}

// attack finds what tables tell. truth, when known, gives counts by their id; it
// is where the search begins, and what the attack must then not recover. restated
// are the counts that are known to be others than an earlier edition said.
func attack(ctx context.Context, tables []Table, truth map[string]int64, restated map[string]bool) (*system, []breach, error) {
	apart, loose := copySet(restated), map[string]bool{}
	all := rulesOf(tables)
	for {
		s, err := newSystem(tables, apart, loose)
		if err != nil {
			return nil, nil, err
		}
		s.tell(truth)
		found, again, err := s.attackOnce(ctx, all, truth != nil)
		if err != nil || !again {
			return s, append(found, s.glance(all)...), err
		}
	}
}

// attackOnce reads the tables in one way. It asks to be called again when they
// contradict each other so and there is another way to read them.
func (s *system) attackOnce(ctx context.Context, all rules, inside bool) (found []breach, again bool, err error) {
	for i := range s.nodes {
		n := &s.nodes[i]
		if !n.clash {
			continue
		}
		if s.reread([]int{i}) {
			again = true
			continue
		}
		found = append(found, breach{node: i, kind: Contradiction})
	}
	for k := range s.relations {
		if !s.holds(k) {
			nodes := s.speakOf([]int{k})
			if s.reread(nodes) {
				again = true
				continue
			}
			found = append(found, breach{node: s.relations[k].whole, kind: Contradiction, proof: []int{k}})
		}
	}
	if again {
		return nil, true, nil
	}
	var ready []*block
	for _, b := range s.blocks() {
		proof, err := b.begin(ctx, inside)
		switch {
		case errors.Is(err, errInfeasible) && s.reread(s.speakOf(proof)):
			again = true
		case errors.Is(err, errInfeasible):
			found = append(found, breach{node: b.nodes[0], kind: Contradiction, proof: proof})
		case errors.Is(err, errOverflow):
			found = append(found, breach{node: b.nodes[0], kind: Undecided, low: b.lo[0], high: b.hi[0], proof: b.relations, unproved: true})
		case err != nil:
			return nil, false, err
		default:
			ready = append(ready, b)
		}
	}
	if again {
		return nil, true, nil
	}
	for _, b := range ready {
		e := examiner{b, all, inside}
		more, err := e.examine(ctx)
		if err != nil {
			return nil, false, err
		}
		found = append(found, more...)
	}
	return found, false, nil
}

// holds says whether a relation between known counts is right, or open.
func (s *system) holds(k int) bool {
	rest, free := int64(0), false
	s.relations[k].each(func(i int, sign int64) {
		n := &s.nodes[i]
		free = free || n.lo != n.hi
		rest += sign * n.lo
	})
	return free || rest == 0
}

// speakOf lists the counts of relations.
func (s *system) speakOf(relations []int) []int {
	used := map[int]bool{}
	for _, k := range relations {
		s.relations[k].each(func(i int, _ int64) { used[i] = true })
	}
	return slices.Sorted(maps.Keys(used))
}

// reread finds another way to read counts that contradict each other: their
// qualifiers at their word, or each edition for itself. False when there is none.
func (s *system) reread(nodes []int) bool {
	changed := false
	for _, i := range nodes {
		if n := &s.nodes[i]; n.qualified && !s.loose[n.id] {
			s.loose[n.id], changed = true, true
		}
	}
	if changed {
		return true
	}
	editions := map[int]bool{}
	for _, i := range nodes {
		for _, t := range s.nodes[i].tables {
			editions[s.tables[t].Edition] = true
		}
	}
	if len(editions) < 2 {
		return false
	}
	for _, i := range nodes {
		if id := s.nodes[i].id; !s.apart[id] {
			s.apart[id], changed = true, true
		}
	}
	return changed
}

// tell hands in the counts that are known, and what follows for those that are
// only implied.
func (s *system) tell(truth map[string]int64) {
	if truth == nil {
		return
	}
	for i := range s.nodes {
		n := &s.nodes[i]
		if v, ok := truth[n.id]; ok {
			n.value, n.known = v, true
		} else if n.shown {
			n.known = true
		}
	}
	for again := true; again; {
		again = false
		for k := range s.relations {
			open, missing, rest, at := 0, -1, int64(0), int64(0)
			s.relations[k].each(func(i int, sign int64) {
				if n := &s.nodes[i]; n.known {
					rest += sign * n.value
				} else {
					open, missing, at = open+1, i, sign
				}
			})
			if open == 1 {
				s.nodes[missing].value, s.nodes[missing].known = -rest*at, true
				again = true
			}
		}
	}
}

// shown finds small counts that stand in the tables, and rounded ones that give
// their exact count away by themselves.
func (s *system) shown() []breach {
	var found []breach
	for t := range s.tables {
		table := &s.tables[t]
		g := newGrid(table)
		at := make([]int, len(table.Dimensions))
		for _, c := range table.Cells {
			low, high := c.Value, c.Value
			if c.Base > 1 {
				low, high = behind(c.Value, c.Base)
			}
			if c.Hidden || !table.Rule.small(high, c.Structural) {
				continue
			}
			g.coordinates(g.at(c.Key), at)
			i := s.count(g.node(at), table.Edition)
			found = append(found, breach{node: i, kind: Shown, low: low, high: high})
		}
	}
	for i := range s.nodes {
		if n := &s.nodes[i]; n.rounded && !n.shown && !n.clash && n.lo == n.hi {
			found = append(found, breach{node: i, kind: Unrounded, low: n.lo, high: n.hi})
		}
	}
	return found
}

// changes finds counts that a later edition moved by a few people.
func (s *system) changes() []breach {
	all := rulesOf(s.tables)
	var found []breach
	for _, id := range slices.Sorted(maps.Keys(s.stated)) {
		list := s.stated[id]
		slices.SortStableFunc(list, func(a, b statement) int { return cmp.Compare(a.edition, b.edition) })
		for k := 1; k < len(list); k++ {
			before, after := list[k-1], list[k]
			if before.edition == after.edition || !all[s.nodes[after.node].measure].few(before.value, after.value) {
				continue
			}
			moved := abs(after.value - before.value)
			b := breach{node: after.node, kind: Change, low: moved, high: moved}
			found = append(found, b)
		}
	}
	return found
}

// findings puts breaches into words, in a fixed order, each once.
func (s *system) findings(found []breach) []Finding {
	var list []Finding
	seen := map[string]bool{}
	for _, b := range found {
		n := &s.nodes[b.node]
		f := Finding{Kind: b.kind, Measure: n.measure, From: n.from, To: n.to, Where: named(n.where), Low: b.low, High: b.high, Tables: s.names(b.proof, b.node)}
		if b.high == none {
			f.High = -1
		}
		if b.kind == Change {
			f.Tables = s.stating(n.id)
		}
		key := fmt.Sprint(b.kind, b.node)
		if !seen[key] {
			seen[key] = true
			list = append(list, f)
		}
	}
	slices.SortStableFunc(list, func(a, b Finding) int { return cmp.Compare(a.Kind, b.Kind) })
	return list
}

// stating names the tables that say something exact of a count.
func (s *system) stating(id string) []string {
	var list []string
	for _, st := range s.stated[id] {
		if name := s.tables[st.table].Name; !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// named gives the rest of an open dimension a name for people.
func named(where []Coordinate) []Coordinate {
	where = clone(where)
	for i := range where {
		if where[i].Value == restName {
			where[i].Value = "(none of these)"
		}
	}
	return where
}
