// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"context"
	"errors"
	"slices"
)

// block is a connected part of a system: counts that are not known, and the
// equations between them. What stands in other blocks says nothing about it.
type block struct {
	s         *system
	nodes     []int
	lo, hi    []int64
	equations []equation
	relations []int // the relation of each equation
	t         *tableau
	pristine  *tableau // as it was solved first, with small whole numbers
	walk      *lattice // nil where that has fractions
	// Worlds found so far, each in whole numbers and checked in every equation:
	// their smallest and largest value of each count.
	seen     bool
	min, max []int64
	world    []int64 // the first
	last     []int64
	buf      []int64
	searched int // nodes of the search that were looked at
}

// blocks takes the system apart. Counts that are known go into the equations'
// right sides.
func (s *system) blocks() []*block {
	parent := make([]int, len(s.nodes))
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	free := func(i int) bool { return s.nodes[i].lo != s.nodes[i].hi }
	useless := s.useless()
	for k := range s.relations {
		if useless[k] {
			continue
		}
		first := -1
		s.relations[k].each(func(n int, _ int64) {
			if !free(n) {
				return
			}
			if first >= 0 {
				parent[root(n)] = root(first)
			}
			first = n
		})
	}
	var list []*block
	of := map[int]*block{}
	place := make([]int, len(s.nodes))
	for i := range s.nodes {
		if !free(i) || s.nodes[i].clash {
			continue
		}
		b := of[root(i)]
		if b == nil {
			b = &block{s: s}
			of[root(i)] = b
			list = append(list, b)
		}
		place[i] = len(b.nodes)
		b.nodes, b.lo, b.hi = append(b.nodes, i), append(b.lo, s.nodes[i].lo), append(b.hi, s.nodes[i].hi)
	}
	for k := range s.relations {
		if useless[k] {
			continue
		}
		var b *block
		var e equation
		s.relations[k].each(func(n int, sign int64) {
			if !free(n) {
				e.right -= sign * s.nodes[n].lo
				return
			}
			b = of[root(n)]
			e.terms = append(e.terms, term{place[n], sign})
		})
		if b != nil {
			b.equations, b.relations = append(b.equations, e), append(b.relations, k)
		}
	}
	return list
}

// useless finds relations that bind nothing, because a count that nobody
// published stands in them alone as the whole.
func (s *system) useless() []bool {
	uses := make([]int, len(s.nodes))
	for k := range s.relations {
		s.relations[k].each(func(n int, _ int64) { uses[n]++ })
	}
	useless := make([]bool, len(s.relations))
	for again := true; again; {
		again = false
		for k, r := range s.relations {
			if n := &s.nodes[r.whole]; !useless[k] && n.implied() && uses[r.whole] == 1 {
				useless[k], again = true, true
				r.each(func(n int, _ int64) { uses[n]-- })
			}
		}
	}
	return useless
}

// begin finds a first world, from what is known to be true when it is handed in.
// On errInfeasible proof names the relations that contradict each other.
func (b *block) begin(ctx context.Context, truth bool) (proof []int, err error) {
	n := len(b.nodes)
	b.min, b.max, b.world, b.buf, b.last = make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	start := clone(b.lo)
	if truth {
		for j, i := range b.nodes {
			start[j] = b.s.nodes[i].value
		}
		if !b.found(start) {
			start = clone(b.lo)
		}
	}
	t, from, err := newTableau(b.lo, b.hi, start, b.equations)
	if err != nil {
		return b.named(from), err
	}
	b.t, t.visit = t, b.visit
	if b.walk = newLattice(t); b.walk != nil {
		b.pristine = t.clone()
		if !b.seen {
			b.walk.guess(near(b.lo, b.hi, b.equations))
			if b.walk.repair(b.buf) && b.found(b.buf) {
				b.stand(b.pristine)
				b.t = b.pristine.clone()
				return nil, nil
			}
		}
	}
	row, err := t.settle()
	if err != nil {
		if errors.Is(err, errInfeasible) {
			return b.named(t.proof(row)), err
		}
		return nil, err
	}
	if b.visit(t); b.seen {
		return nil, nil
	}
	if exact := b.search(ctx, t, -1, 1); !b.seen && exact {
		return b.relations, errInfeasible
	}
	return nil, ctx.Err()
}

// stand puts a pristine tableau to the world that is known.
func (b *block) stand(t *tableau) {
	copy(t.val, b.world)
	for i, v := range t.basic {
		t.beta[i] = b.world[v] * t.den[i]
	}
}

// stroll looks for a world in which j is at least, or toward -1 at most, goal.
func (b *block) stroll(j int, toward, goal int64) {
	if b.walk == nil || goal < b.lo[j] || b.hi[j] != none && goal > b.hi[j] {
		return
	}
	for b.walk.turn = 0; b.walk.turn < turns; b.walk.turn++ {
		from := b.world
		if b.walk.turn%2 == 1 {
			from = clone(b.last)
		}
		if b.walk.from(from); b.step(j, toward, goal) {
			return
		}
		for b.walk.from(from); b.step(j, toward, b.walk.at(j)+toward); {
			if b.walk.at(j) == goal {
				return
			}
		}
	}
}

// turns is how many ways of walking are tried for one goal.
const turns = 6

// step walks on until j is at the goal or beyond.
func (b *block) step(j int, toward, goal int64) bool {
	least, largest := goal, b.hi[j]
	if toward < 0 {
		least, largest = b.lo[j], goal
	}
	return least <= largest && b.walk.reach(j, least, largest, b.buf) && b.found(b.buf)
}

// refresh goes back to the tableau with small numbers where the steps since have
// made fractions, and the table is so large that they would grow.
func (b *block) refresh() {
	if b.pristine == nil || len(b.t.num) < 60 {
		return
	}
	for _, d := range b.t.den {
		if d != 1 {
			b.t = b.pristine.clone()
			b.stand(b.t)
			return
		}
	}
}

func (b *block) visit(t *tableau) {
	if t.whole(b.buf) {
		b.found(b.buf)
	}
}

// found takes in a world, if it is one.
func (b *block) found(world []int64) bool {
	for j, x := range world {
		if x < b.lo[j] || x > b.hi[j] {
			return false
		}
	}
	for _, e := range b.equations {
		rest := e.right
		for _, x := range e.terms {
			rest -= x.sign * world[x.of]
		}
		if rest != 0 {
			return false
		}
	}
	if !b.seen {
		b.seen = true
		copy(b.min, world)
		copy(b.max, world)
		copy(b.world, world)
	}
	copy(b.last, world)
	for j, x := range world {
		b.min[j], b.max[j] = min(b.min[j], x), max(b.max[j], x)
	}
	return true
}

// bound is the largest (toward 1) or smallest (-1) whole value that linear
// programming allows variable j; ok is false when there is no end. The relations
// prove it.
func (b *block) bound(j int, toward int64) (value int64, ok bool, proof []int, err error) {
	end, err := b.t.optimize(j, toward, none)
	if err != nil || end == unbounded {
		return none, false, nil, err
	}
	b.visit(b.t)
	r := b.t.at[j]
	if r < 0 {
		return b.t.val[j], true, nil, nil
	}
	return floor(b.t.beta[r]*toward, b.t.den[r]) * toward, true, b.named(b.t.proof(r)), nil
}

func floor(a, d int64) int64 {
	if q := a / d; a%d >= 0 {
		return q
	}
	return a/d - 1
}

func (b *block) named(equations []int) []int {
	list := make([]int, 0, len(equations))
	for _, e := range equations {
		list = append(list, b.relations[e])
	}
	slices.Sort(list)
	return list
}

// search looks for worlds in whole numbers that carry variable j further, -1 for
// any world at all, and says whether it looked everywhere.
func (b *block) search(ctx context.Context, t *tableau, j int, toward int64) (everywhere bool) {
	limit := 20_000_000/(1+len(t.num)*(t.vars+len(b.equations))) + 20
	b.searched = 0
	return b.branch(ctx, t.clone(), j, toward, min(limit, 3000))
}

func (b *block) branch(ctx context.Context, t *tableau, j int, toward int64, limit int) bool {
	if b.searched++; b.searched > limit || ctx.Err() != nil {
		return false
	}
	if _, err := t.settle(); err != nil {
		return errors.Is(err, errInfeasible)
	}
	b.visit(t)
	if j < 0 {
		if b.seen {
			return true
		}
	} else {
		end, err := t.optimize(j, toward, none)
		if err != nil {
			return false
		}
		if r := t.at[j]; end == optimal && b.seen {
			reach := t.val[j]
			if r >= 0 {
				reach = floor(t.beta[r]*toward, t.den[r]) * toward
			}
			if toward > 0 && reach <= b.max[j] || toward < 0 && reach >= b.min[j] {
				return true
			}
		}
		b.visit(t)
	}
	for i, v := range t.basic {
		if t.beta[i]%t.den[i] == 0 {
			continue
		}
		below := floor(t.beta[i], t.den[i])
		down, up := t.clone(), t
		down.hi[v], up.lo[v] = below, below+1
		if toward > 0 {
			down, up = up, down
		}
		one := b.branch(ctx, down, j, toward, limit)
		return b.branch(ctx, up, j, toward, limit) && one
	}
	return true
}
