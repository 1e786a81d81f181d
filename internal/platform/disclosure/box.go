// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"math"
	"slices"
)

// A box is the simplest way to change a table and leave every sum as it is: in
// each dimension people move from one value to another, or come and go with the
// sums they stand in. If all its corners are hidden, nobody can tell how often
// that happened, and the corners protect each other.

// shift is what such a move does to one coordinate.
type shift struct {
	at   int
	sign int64
}

// boxer looks for the cheapest box around a count of one table.
type boxer struct {
	t      *counted
	id     []string // of each place, "" where nothing is published
	above  [][][]int
	leaves [][]int
	added  map[string]bool
	counts map[string]*count
}

// boxTries is how many boxes are looked at for one count.
const boxTries = 20_000

func newBoxer(t *counted, counts map[string]*count, added map[string]bool) *boxer {
	b := &boxer{t: t, counts: counts, added: added, id: make([]string, t.grid.total)}
	at := make([]int, len(t.grid.sizes))
	for place := range t.grid.total {
		if t.grid.coordinates(place, at); slices.Contains(t.levels, t.grid.divides(at)) {
			n := t.grid.node(at)
			b.id[place] = n.identity()
		}
	}
	for d := range t.frame.Dimensions {
		above, leaves := b.dimension(d)
		b.above, b.leaves = append(b.above, above), append(b.leaves, leaves)
	}
	return b
}

// dimension lists for each value the sums that it stands in, and the values that
// are no sums.
func (b *boxer) dimension(d int) (above [][]int, leaves []int) {
	above = make([][]int, b.t.grid.sizes[d])
	sums := map[int]bool{}
	order := b.t.inOrder(d)
	for _, s := range slices.Backward(order) {
		sums[s.whole] = true
		for _, p := range s.parts {
			for _, a := range append(above[s.whole], s.whole) {
				if !slices.Contains(above[p], a) {
					above[p] = append(above[p], a)
				}
			}
		}
	}
	for i := range above {
		if i > 0 && !sums[i] {
			leaves = append(leaves, i)
		}
	}
	return above, leaves
}

// moves are the ways of one dimension that change coordinate c.
func (b *boxer) moves(d, c, most int) [][]shift {
	var list [][]shift
	var from []int
	for _, i := range b.leaves[d] {
		if i == c || slices.Contains(b.above[d][i], c) {
			from = append(from, i)
		}
	}
	if len(b.leaves[d]) == 0 && c == 0 {
		return [][]shift{{{0, 1}}}
	}
	for _, i := range from {
		come := []shift{{i, 1}}
		for _, a := range b.above[d][i] {
			come = append(come, shift{a, 1})
		}
		list = append(list, come)
		for _, k := range b.leaves[d] {
			if k == i || k == c || slices.Contains(b.above[d][k], c) {
				continue
			}
			move := []shift{{i, 1}, {k, -1}}
			for _, a := range b.above[d][i] {
				if !slices.Contains(b.above[d][k], a) {
					move = append(move, shift{a, 1})
				}
			}
			for _, a := range b.above[d][k] {
				if !slices.Contains(b.above[d][i], a) {
					move = append(move, shift{a, -1})
				}
			}
			list = append(list, move)
		}
	}
	if len(list) > most {
		thin := make([][]shift, 0, most)
		for i := range most {
			thin = append(thin, list[i*len(list)/most])
		}
		list = thin
	}
	return list
}

// protect hides the cheapest box around a place, if there is one.
func (b *boxer) protect(place int, rule Rule) {
	dims := len(b.t.grid.sizes)
	at := make([]int, dims)
	b.t.grid.coordinates(place, at)
	most := max(2, int(math.Pow(boxTries, 1/float64(max(1, dims)))))
	options := make([][][]shift, dims)
	tries := 1
	for d := range dims {
		options[d] = b.moves(d, at[d], max(most, boxTries/tries/max(1, intPow(most, dims-d-1))))
		tries *= max(1, len(options[d]))
	}
	best := boxCost{cells: math.MaxInt}
	var corners []string
	cells := []shift{{0, 1}}
	var look func(d int, cells []shift)
	look = func(d int, cells []shift) {
		if d == dims {
			if cost, ok := b.cost(cells, place, rule, best); ok {
				best, corners = cost, corners[:0]
				for _, c := range cells {
					if id := b.id[c.at]; id != "" && !b.counts[id].primary {
						corners = append(corners, id)
					}
				}
			}
			return
		}
		for _, move := range options[d] {
			next := make([]shift, 0, len(cells)*len(move))
			for _, c := range cells {
				for _, m := range move {
					next = append(next, shift{c.at + m.at*b.t.grid.stride[d], c.sign * m.sign})
				}
			}
			look(d+1, next)
		}
	}
	look(0, cells)
	for _, id := range corners {
		b.added[id] = true
	}
}

func intPow(x, n int) int {
	p := 1
	for range n {
		p *= x
	}
	return p
}

// boxCost is what a box would hide besides what is hidden.
type boxCost struct {
	cells int
	sum   int64
}

func (a boxCost) less(b boxCost) bool {
	return a.cells < b.cells || a.cells == b.cells && a.sum < b.sum
}

// cost says what a box costs, if it protects the place and costs less than best.
func (b *boxer) cost(cells []shift, place int, rule Rule, best boxCost) (cost boxCost, ok bool) {
	down, up := int64(none), int64(none)
	for _, c := range cells {
		room := b.t.value[c.at]
		if id := b.id[c.at]; id != "" {
			k := b.counts[id]
			if !k.primary && !k.open {
				return cost, false
			}
			if !k.primary && !b.added[id] {
				cost.cells += len(k.places)
				cost.sum += k.value
				if !cost.less(best) {
					return cost, false
				}
			}
			room -= rule.least()
		}
		if c.sign > 0 {
			down = min(down, room)
		} else {
			up = min(up, room)
		}
	}
	return cost, cost.less(best) && (up == none || up+down >= rule.Width)
}
