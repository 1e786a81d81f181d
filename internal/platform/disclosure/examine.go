// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"context"
	"errors"
	"slices"
)

// breach is a count that is known too well, and the relations that tell it.
type breach struct {
	node      int
	kind      Kind
	low, high int64
	proof     []int
	unproved  bool // the proof is only what was looked at
}

// rules are the rules of each measure: the strictest of its tables.
type rules map[string]Rule

func rulesOf(tables []Table) rules {
	all := rules{}
	for _, t := range tables {
		r := all[t.Measure]
		r.Min, r.Width, r.Zeros = max(r.Min, t.Rule.Min), max(r.Width, t.Rule.Width), r.Zeros || t.Rule.Zeros
		all[t.Measure] = r
	}
	return all
}

// examiner looks at one block.
type examiner struct {
	*block
	rules rules
	// inside says that the true counts are known: those that are small must then
	// not be recovered by somebody either who knows besides that they are small.
	inside bool
}

// examine finds the counts of a block that are known too well. The block has
// begun and has a world.
func (e *examiner) examine(ctx context.Context) ([]breach, error) {
	var found []breach
	for j := range e.nodes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if e.safe(j) || e.walkApart(j) {
			continue
		}
		br, bad, err := e.corner(ctx, j)
		if err != nil && !errors.Is(err, errOverflow) {
			return nil, err
		}
		if err != nil {
			br, bad = e.breach(j, Undecided, e.lo[j], e.hi[j], e.relations), true
			br.unproved = true
		}
		if bad {
			found = append(found, br)
		}
	}
	only, bad := e.onlySmall()
	if bad && !slices.ContainsFunc(found, func(b breach) bool { return b.node == only.node }) {
		found = append(found, only)
	}
	return found, nil
}

// rule is the rule for variable j, and how wide it must be.
func (e *examiner) rule(j int) (r Rule, width int64) {
	n := &e.s.nodes[e.nodes[j]]
	r = e.rules[n.measure]
	if n.rounded && !n.hidden {
		return r, 1
	}
	return r, r.Width
}

// secret says that j is known to be a small count.
func (e *examiner) secret(j int) bool {
	n := &e.s.nodes[e.nodes[j]]
	return e.inside && n.known && n.hidden && e.rules[n.measure].small(n.value, false)
}

// safe says whether the worlds found leave j wide enough.
func (e *examiner) safe(j int) bool { return e.seen && e.wide(j, e.min[j], e.max[j]) }

func (e *examiner) wide(j int, low, high int64) bool {
	rule, width := e.rule(j)
	if high != none && high-low < width {
		return false
	}
	if n := &e.s.nodes[e.nodes[j]]; e.inside && n.moved(rule) && !n.openMove(low, high, rule.Min) {
		return false
	}
	return !e.secret(j) || min(high, rule.Min-1) > max(low, rule.least())
}

// harmless says whether bounds hold no small count.
func (e *examiner) harmless(j int, low, high int64) bool {
	n := &e.s.nodes[e.nodes[j]]
	rule, _ := e.rule(j)
	return (n.hidden || !n.rounded) && (low >= rule.Min || high < rule.least()) && !n.mayHaveMoved(low, high, rule.Min)
}

// corner drives j to both ends and says whether it is known too well.
func (e *examiner) corner(ctx context.Context, j int) (breach, bool, error) {
	e.refresh()
	if err := e.drive(j); err != nil || e.safe(j) {
		return breach{}, false, err
	}
	high, _, above, err := e.bound(j, 1)
	if err != nil || e.safe(j) {
		return breach{}, false, err
	}
	low, _, below, err := e.bound(j, -1)
	if err != nil || e.safe(j) || e.harmless(j, low, high) {
		return breach{}, false, err
	}
	if !e.wide(j, low, high) {
		return e.breach(j, e.kind(j), low, high, union(above, below)), true, nil
	}
	everywhere := e.search(ctx, e.t, j, 1)
	if e.safe(j) {
		return breach{}, false, nil
	}
	everywhere = e.search(ctx, e.t, j, -1) && everywhere
	if e.safe(j) || ctx.Err() != nil {
		return breach{}, false, ctx.Err()
	}
	if !everywhere {
		br := e.breach(j, Undecided, low, high, e.relations)
		br.unproved = true
		return br, true, nil
	}
	if e.harmless(j, e.min[j], e.max[j]) {
		return breach{}, false, nil
	}
	return e.breach(j, e.kind(j), e.min[j], e.max[j], e.relations), true, nil
}

// walkApart looks for two worlds that leave j wide enough, without linear programming.
func (e *examiner) walkApart(j int) bool {
	rule, width := e.rule(j)
	goals := [][2]int64{{1, e.min[j] + width}, {-1, e.max[j] - width}, {-1, e.lo[j]}, {1, e.max[j] + 1}, {-1, rule.Min - 2}}
	for _, g := range goals {
		if e.stroll(j, g[0], g[1]); e.safe(j) {
			return true
		}
	}
	return false
}

// drive moves j as far apart as it must be able to go, and no further: numbers
// stay small on short ways.
func (e *examiner) drive(j int) error {
	_, width := e.rule(j)
	for _, toward := range [2]int64{1, -1} {
		goal := e.min[j] + width
		if toward < 0 {
			goal = e.max[j] - width
		}
		if goal < e.lo[j] || goal > e.hi[j] {
			continue
		}
		if _, err := e.t.optimize(j, toward, goal); err != nil || e.safe(j) {
			return err
		}
		e.visit(e.t)
	}
	return nil
}

func (e *examiner) kind(j int) Kind {
	switch n := &e.s.nodes[e.nodes[j]]; {
	case n.hidden:
		return Pinned
	case n.rounded:
		return Unrounded
	}
	return Derived
}

func (e *examiner) breach(j int, kind Kind, low, high int64, proof []int) breach {
	return breach{node: e.nodes[j], kind: kind, low: low, high: high, proof: proof}
}

// onlySmall finds the hidden count that must be the small one, because all
// others that are hidden with it are not, and is known too well for it.
func (e *examiner) onlySmall() (breach, bool) {
	only := -1
	for j, i := range e.nodes {
		n := &e.s.nodes[i]
		if !n.hidden || n.lo == n.hi {
			continue
		}
		rule, _ := e.rule(j)
		if e.min[j] >= rule.Min {
			if low, _, _, err := e.bound(j, -1); err == nil && low >= rule.Min {
				continue
			}
		}
		if only >= 0 {
			return breach{}, false
		}
		only = j
	}
	if only < 0 {
		return breach{}, false
	}
	rule, width := e.rule(only)
	low, _, _, err := e.bound(only, -1)
	high, _, _, above := e.bound(only, 1)
	if err != nil || above != nil {
		return breach{}, false // corner has said so
	}
	low, high = max(low, rule.least()), min(high, rule.Min-1)
	if high-low >= width || high-low >= rule.Min-1-rule.least() {
		return breach{}, false
	}
	return e.breach(only, Pinned, low, high, e.relations), true
}

// union of two sorted lists.
func union(a, b []int) []int {
	all := append(clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// glance finds what single relations tell, without solving anything: a hidden
// count that stands alone, and a remainder that is small.
func (s *system) glance(rules rules) []breach {
	var found []breach
	for k := range s.relations {
		free, last, rest := 0, -1, int64(0)
		s.relations[k].each(func(i int, sign int64) {
			if n := &s.nodes[i]; n.lo != n.hi {
				free, last = free+1, i
			} else {
				rest += sign * n.lo
			}
		})
		whole := &s.nodes[s.relations[k].whole]
		if free == 0 || whole.lo != whole.hi || whole.clash {
			continue
		}
		rule := rules[whole.measure]
		if rest < rule.least() || rest >= rule.Min {
			continue
		}
		kind := Remainder
		if free == 1 {
			kind = Pinned
			if s.nodes[last].implied() {
				kind = Derived
			}
		}
		found = append(found, breach{node: last, kind: kind, low: rest, high: rest, proof: []int{k}})
	}
	return found
}
