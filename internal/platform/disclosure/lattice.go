// SPDX-License-Identifier: Apache-2.0

package disclosure

import "math"

// A lattice walks between worlds in whole numbers. Where every row of a solved
// tableau has the denominator 1, any whole values of the variables outside the
// basis give whole values of all others; only their bounds must still be met.
// It finds worlds quickly, or not; what it does not find, it does not deny.
type lattice struct {
	t          *tableau
	rows, cols [][]entry
	val, beta  []int64
	// The variable that is to be within bounds of its own.
	target         int
	least, largest int64
	rested         []int // until which step a variable is left alone
	worst          []int // rows outside their bounds
	turn           int   // from where in a row moves are looked at first
}

// entry is a coefficient: of a variable in a row's list, of a row in a column's.
type entry struct {
	of int
	by int64
}

// latticeSteps is after how many steps a walk is given up.
const latticeSteps = 600

// newLattice reads a tableau that has just been solved; nil where it has fractions.
func newLattice(t *tableau) *lattice {
	l := &lattice{t: t, rows: make([][]entry, len(t.num)), cols: make([][]entry, t.vars), rested: make([]int, t.vars), target: -1}
	for i, row := range t.num {
		if t.den[i] != 1 {
			return nil
		}
		for j, x := range row[:t.vars] {
			if x != 0 && t.at[j] < 0 {
				l.rows[i] = append(l.rows[i], entry{j, x})
				l.cols[j] = append(l.cols[j], entry{i, x})
			}
		}
	}
	l.val, l.beta = clone(t.val), clone(t.beta)
	return l
}

// from stands at a world, or at any other solution in whole numbers.
func (l *lattice) from(world []int64) {
	copy(l.val, world)
	for i, v := range l.t.basic {
		l.beta[i] = world[v]
	}
}

// reach looks for a world in which variable j is from least to largest.
func (l *lattice) reach(j int, least, largest int64, into []int64) bool {
	l.target, l.least, l.largest = j, least, largest
	defer func() { l.target = -1 }()
	if l.t.at[j] < 0 {
		if to := min(max(l.val[j], least), largest); to != l.val[j] {
			l.move(j, to-l.val[j])
		}
	}
	return l.repair(into)
}

// at is the value of variable j.
func (l *lattice) at(j int) int64 {
	if i := l.t.at[j]; i >= 0 {
		return l.beta[i]
	}
	return l.val[j]
}

// guess stands near a solution that numbers with a point have found.
func (l *lattice) guess(near []float64) {
	for j := range l.val {
		if l.t.at[j] >= 0 {
			continue
		}
		to := min(max(int64(math.Round(near[j])), l.t.lo[j]), l.t.hi[j])
		l.move(j, to-l.val[j])
	}
}

func (l *lattice) move(k int, by int64) {
	if by == 0 {
		return
	}
	for _, e := range l.cols[k] {
		l.beta[e.of] -= e.by * by
	}
	l.val[k] += by
}

// outside is how far a row's variable is from its bounds, with a sign.
func (l *lattice) outside(i int, beta int64) int64 {
	v := l.t.basic[i]
	lo, hi := l.t.lo[v], l.t.hi[v]
	if v == l.target {
		lo, hi = max(lo, l.least), min(hi, l.largest)
	}
	switch {
	case beta < lo:
		return beta - lo
	case beta > hi:
		return beta - hi
	}
	return 0
}

// repair brings every variable within its bounds, one move after the other.
func (l *lattice) repair(into []int64) bool {
	clear(l.rested)
	l.worst = l.worst[:0]
	for i := range l.beta {
		if l.outside(i, l.beta[i]) != 0 {
			l.worst = append(l.worst, i)
		}
	}
	for step := 1; step <= latticeSteps; step++ {
		row, far := -1, int64(0)
		kept := l.worst[:0]
		for _, i := range l.worst {
			out := abs(l.outside(i, l.beta[i]))
			if out == 0 {
				continue
			}
			kept = append(kept, i)
			if out > far {
				row, far = i, out
			}
		}
		l.worst = kept
		if row < 0 {
			copy(into, l.val)
			for i, v := range l.t.basic {
				into[v] = l.beta[i]
			}
			return true
		}
		if !l.mend(row, step) {
			return false
		}
	}
	return false
}

// mend makes the move that helps row i and hurts the others least.
func (l *lattice) mend(i, step int) bool {
	out := l.outside(i, l.beta[i])
	best, by, cost := -1, int64(0), int64(none)
	for n := range l.rows[i] {
		// Not always from the same end, or walks go in circles.
		e := l.rows[i][(n+step*(1+l.turn))%len(l.rows[i])]
		if e.of == l.target || l.rested[e.of] > step {
			continue
		}
		way := int64(1)
		if (out > 0) != (e.by > 0) {
			way = -1
		}
		room := l.t.hi[e.of]
		if way < 0 {
			room = l.t.lo[e.of]
		}
		full := (abs(out) + abs(e.by) - 1) / abs(e.by)
		if room != none {
			full = min(full, abs(room-l.val[e.of]))
		}
		for _, s := range [2]int64{full, 1} {
			if s == 0 {
				break
			}
			if c := l.price(e.of, s*way); c < cost {
				best, by, cost = e.of, s*way, c
			}
			if full == 1 {
				break
			}
		}
	}
	if best < 0 {
		return false
	}
	l.move(best, by)
	l.rested[best] = step + 4
	for _, e := range l.cols[best] {
		if now := l.outside(e.of, l.beta[e.of]); now != 0 && l.outside(e.of, l.beta[e.of]+e.by*by) == 0 {
			l.worst = append(l.worst, e.of)
		}
	}
	return true
}

// price is by how much a move takes all variables further outside their bounds.
func (l *lattice) price(k int, by int64) int64 {
	sum := int64(0)
	for _, e := range l.cols[k] {
		b := l.beta[e.of]
		sum += abs(l.outside(e.of, b-e.by*by)) - abs(l.outside(e.of, b))
	}
	return sum
}

// near finds a place that nearly solves the equations and stays off the bounds, by
// going from one equation to the next. It is a guess and needs no exactness.
func near(lo, hi []int64, equations []equation) []float64 {
	x := make([]float64, len(lo))
	for j := range x {
		x[j] = float64(lo[j]) + 3
	}
	const sweeps = 400
	for sweep := range sweeps {
		off := 3 * (1 - float64(sweep)/sweeps)
		worst := 0.0
		for _, e := range equations {
			rest := float64(e.right)
			for _, t := range e.terms {
				rest -= float64(t.sign) * x[t.of]
			}
			worst = max(worst, math.Abs(rest))
			rest /= float64(len(e.terms))
			for _, t := range e.terms {
				x[t.of] += rest * float64(t.sign)
			}
		}
		for j := range x {
			x[j] = max(x[j], float64(lo[j])+off)
			if hi[j] != none {
				x[j] = min(x[j], float64(hi[j]))
			}
		}
		if worst < 0.01 {
			break
		}
	}
	return x
}
