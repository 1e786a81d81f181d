// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"errors"
	"math"
	"math/bits"
)

// none is the upper bound of what has none.
const none = math.MaxInt64

// entryLimit keeps products of two entries of a tableau within 64 bits.
const entryLimit = 1 << 31

var (
	// errOverflow: the numbers grew beyond 64 bits. What it interrupts is undecided.
	errOverflow = errors.New("the numbers of the linear program grew too large")
	// errInfeasible: nothing agrees with the equations and bounds.
	errInfeasible = errors.New("the equations contradict each other")
)

// tableau is a linear program in exact arithmetic: equations between variables
// with bounds, solved for the basic ones. Each row is whole numbers over one
// denominator, which in tables of counts is nearly always 1.
//
// A variable that is not basic stands at a whole value within its bounds, not
// only at a bound: a known solution is a start as it is. Behind the variables a
// row has a column for each equation: how it was combined from them, and
// therefore the proof of any bound that it gives.
type tableau struct {
	vars   int
	lo, hi []int64
	val    []int64 // values of the variables that are not basic
	at     []int   // row of a variable, -1 when not basic
	basic  []int   // variable of a row
	num    [][]int64
	den    []int64
	beta   []int64 // value of a row's basic variable, times den
	nz     []int
	// visit is told of every vertex on the way.
	visit func(*tableau)
}

// newTableau solves the equations for some of the variables, which start at val.
// On errInfeasible proof tells the equations that contradict each other.
func newTableau(lo, hi, val []int64, equations []equation) (t *tableau, proof []int, err error) {
	n, m := len(lo), len(equations)
	t = &tableau{vars: n, lo: lo, hi: hi, val: val, at: make([]int, n)}
	uses := make([]int, n)
	for j := range t.at {
		t.at[j] = -1
	}
	cells := make([]int64, m*(n+m))
	for i, e := range equations {
		row := cells[i*(n+m) : (i+1)*(n+m)]
		rest := e.right
		for _, x := range e.terms {
			row[x.of] = x.sign
			rest -= x.sign * val[x.of]
			uses[x.of]++
		}
		row[n+i] = 1
		t.num, t.den, t.beta, t.basic = append(t.num, row), append(t.den, 1), append(t.beta, rest), append(t.basic, -1)
	}
	for i := 0; i < len(t.num); {
		if j := t.sparsest(i, uses); j >= 0 {
			if err := t.pivot(i, j, 0); err != nil {
				return nil, nil, err
			}
			i++
			continue
		}
		if t.beta[i] != 0 {
			return nil, t.proof(i), errInfeasible
		}
		t.drop(i)
	}
	return t, nil, nil
}

// equation is a sum of variables that has a known value.
type equation struct {
	terms []term
	right int64
}

// term is a variable of an equation, added or subtracted.
type term struct {
	of   int
	sign int64
}

// sparsest chooses a variable for row i: one that stands in few equations, and
// where it can with a coefficient of 1, which keeps the numbers small.
func (t *tableau) sparsest(i int, uses []int) int {
	best := -1
	for j, x := range t.num[i][:t.vars] {
		if x == 0 {
			continue
		}
		if best < 0 {
			best = j
			continue
		}
		one, had := abs(x) == t.den[i], abs(t.num[i][best]) == t.den[i]
		if one && !had || one == had && uses[j] < uses[best] {
			best = j
		}
	}
	return best
}

// drop removes a row that says nothing.
func (t *tableau) drop(i int) {
	last := len(t.num) - 1
	t.num[i], t.den[i], t.beta[i], t.basic[i] = t.num[last], t.den[last], t.beta[last], t.basic[last]
	t.num, t.den, t.beta, t.basic = t.num[:last], t.den[:last], t.beta[:last], t.basic[:last]
}

// clone copies the tableau with bounds of its own.
func (t *tableau) clone() *tableau {
	c := *t
	c.lo, c.hi, c.val, c.at = clone(t.lo), clone(t.hi), clone(t.val), clone(t.at)
	c.basic, c.den, c.beta, c.nz = clone(t.basic), clone(t.den), clone(t.beta), nil
	c.num = make([][]int64, len(t.num))
	for i := range t.num {
		c.num[i] = clone(t.num[i])
	}
	return &c
}

func clone[T any](s []T) []T { return append(make([]T, 0, len(s)), s...) }

// proof lists the equations that row i was combined from.
func (t *tableau) proof(i int) []int {
	var from []int
	for k, x := range t.num[i][t.vars:] {
		if x != 0 {
			from = append(from, k)
		}
	}
	return from
}

// pivot makes variable j basic in row r; what was basic there goes to bound.
func (t *tableau) pivot(r, j int, bound int64) error {
	row := t.num[r]
	rest, ok := lessTimes(t.beta[r], bound, t.den[r])
	if !ok {
		return errOverflow
	}
	p := row[j]
	if p < 0 {
		p, rest = -p, -rest
		for k := range row {
			row[k] = -row[k]
		}
	}
	if old := t.basic[r]; old >= 0 {
		t.at[old], t.val[old] = -1, bound
	}
	t.den[r], t.beta[r] = p, rest
	t.reduce(r)
	t.nz = t.nz[:0]
	for k, x := range row {
		if x != 0 {
			t.nz = append(t.nz, k)
		}
	}
	for i := range t.num {
		if q := t.num[i][j]; i != r && q != 0 {
			if err := t.combine(i, r, q); err != nil {
				return err
			}
		}
	}
	t.basic[r], t.at[j] = j, r
	t.beta[r], ok = lessTimes(t.beta[r], -t.val[j], t.den[r])
	if !ok {
		return errOverflow
	}
	return nil
}

// combine takes q times row r from row i.
func (t *tableau) combine(i, r int, q int64) error {
	row, from, d := t.num[i], t.num[r], t.den[r]
	ok := true
	if d != 1 {
		g := gcd(abs(q), d)
		q, d = q/g, d/g
		for k := range row {
			row[k] *= d
			ok = ok && abs(row[k]) < entryLimit
		}
		if t.beta[i], ok = times(t.beta[i], d, ok); !ok || t.den[i] >= entryLimit/d {
			return errOverflow
		}
		t.den[i] *= d
	}
	for _, k := range t.nz {
		row[k] -= q * from[k]
		ok = ok && abs(row[k]) < entryLimit
	}
	beta, fits := lessTimes(t.beta[i], q, t.beta[r])
	if !ok || !fits {
		return errOverflow
	}
	t.beta[i] = beta
	t.reduce(i)
	return nil
}

// reduce takes out what a row's numbers have in common.
func (t *tableau) reduce(i int) {
	g := t.den[i]
	if g == 1 {
		return
	}
	if g = gcd(abs(t.beta[i]), g); g == 1 {
		return
	}
	for _, x := range t.num[i] {
		if x == 0 {
			continue
		}
		if g = gcd(abs(x), g); g == 1 {
			return
		}
	}
	for k := range t.num[i] {
		t.num[i][k] /= g
	}
	t.den[i] /= g
	t.beta[i] /= g
}

// whole gives the values of all variables, if they are whole numbers.
func (t *tableau) whole(into []int64) bool {
	copy(into, t.val)
	for i, v := range t.basic {
		if t.beta[i]%t.den[i] != 0 {
			return false
		}
		into[v] = t.beta[i] / t.den[i]
	}
	return true
}

// gcd of two numbers that are not negative, one of them positive.
func gcd(a, b int64) int64 {
	for a != 0 {
		a, b = b%a, a
	}
	return b
}

func abs(x int64) int64 {
	if x < 0 {
		return -x
	}
	return x
}

// times is a*b, and whether that fits besides ok.
func times(a, b int64, ok bool) (int64, bool) {
	hi, lo := bits.Mul64(uint64(abs(a)), uint64(abs(b)))
	if hi != 0 || lo > 1<<62 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), ok
	}
	return int64(lo), ok
}

// lessTimes is a-b*c, and whether that fits.
func lessTimes(a, b, c int64) (int64, bool) {
	p, ok := times(b, c, true)
	x := a - p
	return x, ok && abs(a) <= 1<<62 && abs(x) <= 1<<62
}
