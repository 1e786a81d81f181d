// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"

	"waylight/internal/platform/disclosure"
)

var (
	cubes = flag.Int("cubes", 300, "how many random cubes")
	first = flag.Uint64("seed", 1, "the seed of the first")
)

// rule is small, so that small cubes have many counts on both sides of it.
var rule = disclosure.Rule{Min: 6, Width: 3}

// random is a published cube with hidden cells that nobody chose with care: all
// small counts, and others by chance. truth are its counts.
func random(r *rand.Rand) (t disclosure.Table, truth []int64) {
	sizes := [][]int{{3, 3}, {4, 3}, {2, 2, 2}, {3, 2, 2}, {3, 3, 2}, {3, 3, 3}, {2, 2, 2, 2}}[r.IntN(7)]
	t = disclosure.Table{Name: "cube", Measure: "recovered", Rule: rule}
	for d, n := range sizes {
		dim := disclosure.Dimension{Name: fmt.Sprint("d", d)}
		for v := range n {
			dim.Values = append(dim.Values, disclosure.Value{Name: fmt.Sprint("v", v)})
		}
		t.Dimensions = append(t.Dimensions, dim)
	}
	leaves := map[string]int64{}
	walk(sizes, 1, func(at []int) { leaves[fmt.Sprint(at)] = int64(r.IntN(12)) })
	share := r.Float64() / 2
	walk(sizes, 0, func(at []int) {
		sum := int64(0)
		walk(sizes, 1, func(leaf []int) {
			for d := range at {
				if at[d] != 0 && at[d] != leaf[d] {
					return
				}
			}
			sum += leaves[fmt.Sprint(leaf)]
		})
		key := make([]string, len(at))
		for d, v := range at {
			if v > 0 {
				key[d] = fmt.Sprint("v", v-1)
			}
		}
		cell := disclosure.Cell{Key: key, Value: sum}
		if sum > 0 && (sum < rule.Min || r.Float64() < share) {
			cell = disclosure.Cell{Key: key, Hidden: true}
		}
		t.Cells = append(t.Cells, cell)
		truth = append(truth, sum)
	})
	return t, truth
}

// walk visits every combination of values; from 0 with the totals.
func walk(sizes []int, from int, visit func(at []int)) {
	at := make([]int, len(sizes))
	var step func(d int)
	step = func(d int) {
		if d == len(at) {
			visit(slices.Clone(at))
			return
		}
		for at[d] = from; at[d] <= sizes[d]; at[d]++ {
			step(d + 1)
		}
	}
	step(0)
}

// program is what is known of the hidden cells: each is the sum of leaves, and
// leaves are not negative. Unlike the audit it knows nothing of single sums.
type program struct {
	t      *disclosure.Table
	of     map[string]int // hidden cells
	a      [][]float64
	b      []float64
	lowest float64
}

func newProgram(t *disclosure.Table) *program {
	p := &program{t: t, of: map[string]int{}, lowest: 1}
	for _, c := range t.Cells {
		if c.Hidden {
			p.of[fmt.Sprint(c.Key)] = len(p.of)
		}
	}
	byKey := map[string]disclosure.Cell{}
	for _, c := range t.Cells {
		byKey[fmt.Sprint(c.Key)] = c
	}
	for _, c := range t.Cells {
		row, right := make([]float64, len(p.of)), 0.0
		add := func(c disclosure.Cell, sign float64) {
			if j, ok := p.of[fmt.Sprint(c.Key)]; ok {
				row[j] += sign
				right -= sign * p.lowest
			} else {
				right -= sign * float64(c.Value)
			}
		}
		if !slices.Contains(c.Key, "") {
			continue
		}
		add(c, 1)
		for _, leaf := range t.Cells {
			inside := !slices.Contains(leaf.Key, "")
			for d, v := range c.Key {
				inside = inside && (v == "" || v == leaf.Key[d])
			}
			if inside {
				add(leaf, -1)
			}
		}
		p.a, p.b = append(p.a, row), append(p.b, right)
	}
	p.independent()
	return p
}

// independent leaves out what follows from the rest, which gonum does not take.
func (p *program) independent() {
	var a, basis [][]float64
	var b []float64
	for i, row := range p.a {
		rest := slices.Clone(row)
		for _, e := range basis {
			k := slices.IndexFunc(e, func(x float64) bool { return math.Abs(x) > 1e-9 })
			f := rest[k] / e[k]
			for j := range rest {
				rest[j] -= f * e[j]
			}
		}
		if slices.ContainsFunc(rest, func(x float64) bool { return math.Abs(x) > 1e-7 }) {
			for j := range rest {
				if math.Abs(rest[j]) < 1e-9 {
					rest[j] = 0
				}
			}
			a, b, basis = append(a, row), append(b, p.b[i]), append(basis, rest)
		}
	}
	p.a, p.b = a, b
}

// bound is the smallest value of sign times a hidden count.
func (p *program) bound(t *testing.T, j int, sign float64) float64 {
	n := len(p.of)
	c := make([]float64, n)
	c[j] = sign
	if len(p.a) == 0 {
		if sign < 0 {
			return math.Inf(-1)
		}
		return p.lowest
	}
	if len(p.a) == n {
		// As many equations as counts: there is one solution.
		return p.solve(t, j, sign)
	}
	a := mat.NewDense(len(p.a), n, slices.Concat(p.a...))
	z, _, err := lp.Simplex(c, a, p.b, 1e-10, nil)
	switch {
	case errors.Is(err, lp.ErrUnbounded):
		return math.Inf(-1)
	case err != nil:
		return math.NaN()
	}
	return z + sign*p.lowest
}

func (p *program) solve(t *testing.T, j int, sign float64) float64 {
	var x mat.VecDense
	n := len(p.of)
	err := x.SolveVec(mat.NewDense(n, n, slices.Concat(p.a...)), mat.NewVecDense(n, p.b))
	if err != nil {
		t.Fatal(err)
	}
	return sign * (x.AtVec(j) + p.lowest)
}

func TestTheAuditFindsEveryCountThatLinearProgrammingBoundsTooTightly(t *testing.T) {
	t.Parallel()
	tight, wide, odd := 0, 0, 0
	for i := range uint64(*cubes) {
		seed := *first + i
		table, truth := random(rand.New(rand.NewPCG(seed, 11)))
		findings, err := disclosure.Audit(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		p := newProgram(&table)
		for c, cell := range table.Cells {
			if !cell.Hidden {
				continue
			}
			j := p.of[fmt.Sprint(cell.Key)]
			low, high := p.bound(t, j, 1), -p.bound(t, j, -1)
			if math.IsNaN(low) || math.IsNaN(high) || low > float64(truth[c])+1e-6 || high < float64(truth[c])-1e-6 {
				odd++ // floating point gave up, or is plainly wrong: the truth is outside
				continue
			}
			low, high = math.Ceil(low-1e-6), math.Floor(high+1e-6)
			if high-low >= float64(rule.Width) || low >= float64(rule.Min) {
				wide++
				continue
			}
			tight++
			k := slices.IndexFunc(findings, func(f disclosure.Finding) bool { return f.Kind == disclosure.Pinned && at(&table, f, cell.Key) })
			if k < 0 {
				t.Errorf("seed %d: linear programming puts %v between %g and %g, and the audit does not find it", seed, cell.Key, low, high)
				continue
			}
			if f := findings[k]; f.High >= 0 && (float64(f.Low) < low || float64(f.High) > high) {
				t.Errorf("seed %d: linear programming puts %v between %g and %g, and the audit only says %v", seed, cell.Key, low, high, f)
			}
		}
		for _, f := range findings {
			if f.Kind == disclosure.Undecided || f.Kind == disclosure.Contradiction {
				t.Errorf("seed %d: %v", seed, f)
			}
		}
	}
	t.Logf("%d cubes: %d hidden counts bounded too tightly, all found; %d with room; %d that floating point did not bound", *cubes, tight, wide, odd)
	if tight < *cubes || wide < *cubes/2 || odd > (tight+wide)/50 {
		t.Errorf("%d tight, %d wide, %d odd: the cubes test nothing", tight, wide, odd)
	}
}

// at says whether a finding is about the cell of a key.
func at(t *disclosure.Table, f disclosure.Finding, key []string) bool {
	n := 0
	for d, v := range key {
		if v == "" {
			continue
		}
		n++
		if !slices.Contains(f.Where, disclosure.Coordinate{Dimension: t.Dimensions[d].Name, Value: v}) {
			return false
		}
	}
	return n == len(f.Where)
}
