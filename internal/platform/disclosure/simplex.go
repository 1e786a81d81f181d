// SPDX-License-Identifier: Apache-2.0

package disclosure

import "math/bits"

// patience is how many steps without progress are taken by the largest
// coefficient; after them the smallest index decides, which cannot go in circles.
const patience = 40

// outcome is where optimizing a variable ended.
type outcome int

const (
	optimal   outcome = iota // no solution goes further
	unbounded                // there is no end
	reached                  // the goal was reached
)

// fraction is a step's length; over is positive.
type fraction struct{ num, over int64 }

func (a fraction) less(b fraction) bool {
	h1, l1 := bits.Mul64(uint64(a.num), uint64(b.over))
	h2, l2 := bits.Mul64(uint64(b.num), uint64(a.over))
	return h1 < h2 || h1 == h2 && l1 < l2
}

// settle brings every variable within its bounds. On errInfeasible proof is the
// row that shows it.
func (t *tableau) settle() (row int, err error) {
	for i := range t.basic {
		v := t.basic[i]
		toward, goal := t.strays(i)
		if toward == 0 {
			continue
		}
		end, err := t.optimize(v, toward, goal)
		if err != nil {
			return 0, err
		}
		if at := t.at[v]; end == optimal && at >= 0 && t.compare(at, goal) != 0 {
			return at, errInfeasible
		}
	}
	for i := range t.basic {
		if toward, _ := t.strays(i); toward != 0 {
			return t.settle()
		}
	}
	return 0, nil
}

// strays says in which direction row i's variable must go, and how far, to be
// within its bounds.
func (t *tableau) strays(i int) (toward, goal int64) {
	v := t.basic[i]
	if t.compare(i, t.lo[v]) < 0 {
		return 1, t.lo[v]
	}
	if t.hi[v] != none && t.compare(i, t.hi[v]) > 0 {
		return -1, t.hi[v]
	}
	return 0, 0
}

// compare says how the value of row i's variable stands to x.
func (t *tableau) compare(i int, x int64) int {
	d, ok := lessTimes(t.beta[i], x, t.den[i])
	switch {
	case !ok && x > 0 || ok && d < 0:
		return -1
	case !ok || d > 0:
		return 1
	}
	return 0
}

// optimize moves variable v as far as it goes in a direction, 1 or -1, but no
// further than goal. Variables that are within their bounds stay there.
func (t *tableau) optimize(v int, toward, goal int64) (outcome, error) {
	still := 0
	for {
		k, way, ok := t.entering(v, toward, still > patience)
		if !ok {
			return optimal, nil
		}
		step, r, bound, ok := t.ratio(k, way, v, toward, goal, still > patience)
		if !ok {
			return 0, errOverflow
		}
		if r == noLimit {
			t.ray(k, way)
			return unbounded, nil
		}
		if step.num > 0 {
			still = 0
		} else {
			still++
		}
		var err error
		if r == ownLimit {
			err = t.slide(k, way*step.num)
		} else {
			err = t.pivot(r, k, bound)
		}
		if err != nil {
			return 0, err
		}
		if t.visit != nil && step.num > 0 {
			t.visit(t)
		}
		if goal != none && t.at[v] < 0 && t.val[v] == goal {
			return reached, nil
		}
	}
}

// entering chooses a variable outside the basis whose move carries v further,
// and the way it moves.
func (t *tableau) entering(v int, toward int64, first bool) (k int, way int64, ok bool) {
	r := t.at[v]
	if r < 0 {
		return v, toward, t.free(v, toward)
	}
	best := int64(0)
	row := t.num[r][:t.vars]
	for j, a := range row {
		if a == 0 || t.at[j] >= 0 {
			continue
		}
		w := toward
		if a > 0 {
			w = -toward
		}
		if abs(a) > best && t.free(j, w) {
			k, way, ok, best = j, w, true, abs(a)
			if first {
				return k, way, ok
			}
		}
	}
	return k, way, ok
}

func (t *tableau) free(j int, way int64) bool {
	if way > 0 {
		return t.val[j] < t.hi[j]
	}
	return t.val[j] > t.lo[j]
}

const (
	noLimit  = -1
	ownLimit = -2
)

// ratio finds what stops the move of k: its own bound, or a row whose variable
// meets its bound first.
func (t *tableau) ratio(k int, way int64, v int, toward, goal int64, first bool) (step fraction, r int, bound int64, fits bool) {
	r, fits = noLimit, true
	consider := func(f fraction, row int, at int64) {
		if r == noLimit || f.less(step) || first && row >= 0 && r >= 0 && !step.less(f) && t.basic[row] < t.basic[r] {
			step, r, bound = f, row, at
		}
	}
	own := t.hi[k]
	if way < 0 {
		own = t.lo[k]
	}
	if k == v && goal != none && (own == none || (goal-own)*way < 0) {
		own = goal
	}
	if own != none {
		consider(fraction{abs(own - t.val[k]), 1}, ownLimit, own)
	}
	for i := range t.num {
		a := t.num[i][k] * way
		if a == 0 {
			continue
		}
		b := t.basic[i]
		limit := t.lo[b] // it decreases
		if a < 0 {
			limit = t.hi[b]
		}
		if b == v {
			limit = t.within(limit, goal, toward)
		} else if out, _ := t.strays(i); out != 0 {
			continue
		}
		if limit == none {
			continue
		}
		gap, ok := lessTimes(t.beta[i], limit, t.den[i])
		fits = fits && ok
		consider(fraction{abs(gap), abs(a)}, i, limit)
	}
	return step, r, bound, fits
}

// within is the nearer of a bound and the goal, seen in a direction.
func (t *tableau) within(limit, goal, toward int64) int64 {
	if goal == none {
		return limit
	}
	if limit == none || toward > 0 && goal < limit || toward < 0 && goal > limit {
		return goal
	}
	return limit
}

// slide moves a variable that stays outside the basis.
func (t *tableau) slide(k int, by int64) error {
	for i := range t.num {
		if a := t.num[i][k]; a != 0 {
			beta, ok := lessTimes(t.beta[i], a, by)
			if !ok {
				return errOverflow
			}
			t.beta[i] = beta
		}
	}
	t.val[k] += by
	return nil
}

// ray visits a place far out on the way that k may go without end.
func (t *tableau) ray(k int, way int64) {
	if t.visit == nil {
		return
	}
	step := int64(rayLength)
	for i := range t.num {
		if a := t.num[i][k]; a != 0 {
			d := t.den[i] / gcd(abs(a), t.den[i])
			if step = step / gcd(step, d) * d; step > entryLimit {
				return
			}
		}
	}
	far := *t
	far.val, far.beta = clone(t.val), clone(t.beta)
	if far.slide(k, way*step) == nil {
		t.visit(&far)
	}
}

// rayLength is wider than any width that a rule may ask for.
const rayLength = 1 << 20
