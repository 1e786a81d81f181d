// SPDX-License-Identifier: Apache-2.0

package disclosure

import "slices"

// chooser finds the cheapest counts to hide so that every clause holds: fewest
// cells, then least in sum.
type chooser struct {
	p       *protection
	clauses []clause
	left    int // steps
	in, out map[string]bool
	cells   int
	sum     int64
	best    map[string]bool
	// What best costs.
	bestCells int
	bestSum   int64
}

func newChooser(p *protection) *chooser { return &chooser{p: p} }

// cheapest is exact: every choice that is not looked at costs more, or breaks a
// clause. False when it would take more than steps.
func (c *chooser) cheapest(steps int) (map[string]bool, bool) {
	c.left, c.best = steps, nil
	c.in, c.out = map[string]bool{}, map[string]bool{}
	c.cells, c.sum = 0, 0
	ok := c.try()
	return c.best, ok && c.best != nil
}

// try completes the choice made so far in every way that can be cheapest.
func (c *chooser) try() bool {
	if c.left--; c.left < 0 {
		return false
	}
	open := c.broken()
	if open == nil {
		c.best, c.bestCells, c.bestSum = copySet(c.in), c.cells, c.sum
		return true
	}
	var tried []string
	ok := true
	for _, id := range open.any {
		if c.out[id] || c.in[id] {
			continue
		}
		k := c.p.counts[id]
		c.in[id] = true
		c.cells, c.sum = c.cells+len(k.places), c.sum+k.value
		if c.promising() {
			ok = c.try() && ok
		}
		delete(c.in, id)
		c.cells, c.sum = c.cells-len(k.places), c.sum-k.value
		c.out[id] = true
		tried = append(tried, id)
		if !ok {
			break
		}
	}
	for _, id := range tried {
		delete(c.out, id)
	}
	return ok
}

// broken is the broken clause with the fewest ways to mend it; nil for none.
func (c *chooser) broken() *clause {
	var worst *clause
	ways := 0
	for i := range c.clauses {
		k := &c.clauses[i]
		if !c.breaks(k) {
			continue
		}
		n := 0
		for _, id := range k.any {
			if !c.out[id] {
				n++
			}
		}
		if worst == nil || n < ways {
			worst, ways = k, n
		}
	}
	return worst
}

func (c *chooser) breaks(k *clause) bool {
	if k.of != "" && !c.in[k.of] {
		return false
	}
	return !slices.ContainsFunc(k.any, func(id string) bool { return c.in[id] })
}

// promising says whether the choice can still be the cheapest: broken clauses
// that have nothing in common need a count each.
func (c *chooser) promising() bool {
	if c.best == nil {
		return true
	}
	cells, sum := c.cells, c.sum
	used := map[string]bool{}
	for i := range c.clauses {
		k := &c.clauses[i]
		if !c.breaks(k) || slices.ContainsFunc(k.any, func(id string) bool { return used[id] }) {
			continue
		}
		least := -1
		value := int64(0)
		for _, id := range k.any {
			used[id] = true
			if n := c.p.counts[id]; !c.out[id] {
				if least < 0 || len(n.places) < least {
					least = len(n.places)
				}
				if value == 0 || n.value < value {
					value = n.value
				}
			}
		}
		if least < 0 {
			return false
		}
		cells, sum = cells+least, sum+value
	}
	return cells < c.bestCells || cells == c.bestCells && sum < c.bestSum
}

// greedy adds, until no clause is broken, what mends the most clauses, and of
// these the cheapest.
func (c *chooser) greedy(added map[string]bool) {
	for {
		c.in = added
		mends := map[string]int{}
		best := ""
		for i := range c.clauses {
			if k := &c.clauses[i]; c.breaks(k) {
				for _, id := range k.any {
					mends[id]++
				}
			}
		}
		for id, n := range mends {
			if best == "" || n > mends[best] || n == mends[best] && c.p.cheaper(id, best) < 0 {
				best = id
			}
		}
		if best == "" {
			return
		}
		added[best] = true
	}
}

func copySet(s map[string]bool) map[string]bool {
	c := make(map[string]bool, len(s))
	for k, v := range s {
		c[k] = v
	}
	return c
}
