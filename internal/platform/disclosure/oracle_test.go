// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

var (
	cubes = flag.Int("cubes", 200, "how many random cubes the attacker's test takes")
	first = flag.Uint64("seed", 1, "the seed of the first cube")
)

// oracle knows nothing of equations or programs: it tries every number for every
// hidden count, and keeps what agrees with the published table.
type oracle struct {
	t     *Table
	lo    []int64 // of each leaf
	hi    []int64
	cells []sum
	of    [][]int // the cells that hold a leaf
	leaf  []int64
	// min and max of each published cell over all worlds.
	min, max []int64
	worlds   int
}

// sum is a published cell as the sum of leaves.
type sum struct {
	lo, hi int64
	leaves []int
}

const beyond = 14 // larger hidden counts are not tried

func newOracle(t *Table, places [][]string) *oracle {
	o := &oracle{t: t, of: make([][]int, len(places))}
	for range places {
		o.lo, o.hi = append(o.lo, 0), append(o.hi, beyond)
	}
	for c, cell := range t.Cells {
		s := sum{hi: 1 << 40}
		switch {
		case cell.Hidden && !t.Rule.Zeros:
			s.lo = 1
		case cell.Hidden:
		case cell.Base > 1:
			s.lo, s.hi = cell.Value-cell.Base/2, cell.Value+(cell.Base-1)/2
			if s.hi >= t.Rule.Min && cell.Value > 0 {
				s.lo = max(s.lo, t.Rule.Min)
			}
		default:
			s.lo, s.hi = cell.Value, cell.Value
		}
		for i, p := range places {
			if within := func() bool {
				for d, v := range cell.Key {
					if v != Whole && v != p[d] && !slices.Contains(partsOf(t.Dimensions[d], v), p[d]) {
						return false
					}
				}
				return true
			}; within() {
				s.leaves = append(s.leaves, i)
				o.of[i] = append(o.of[i], c)
			}
		}
		if len(s.leaves) == 1 {
			i := s.leaves[0]
			o.lo[i], o.hi[i] = max(o.lo[i], s.lo), min(o.hi[i], s.hi)
			if s.lo == s.hi {
				o.hi[i] = s.lo
			}
		}
		o.cells = append(o.cells, s)
		o.min, o.max = append(o.min, 1<<40), append(o.max, -1)
	}
	o.leaf = make([]int64, len(places))
	o.try(0)
	return o
}

func partsOf(d Dimension, value string) []string {
	for _, v := range d.Values {
		if v.Name == value {
			return v.Of
		}
	}
	return nil
}

func (o *oracle) try(i int) {
	if i == len(o.leaf) {
		o.worlds++
		for c, s := range o.cells {
			n := int64(0)
			for _, l := range s.leaves {
				n += o.leaf[l]
			}
			o.min[c], o.max[c] = min(o.min[c], n), max(o.max[c], n)
		}
		return
	}
	for x := o.lo[i]; x <= o.hi[i]; x++ {
		o.leaf[i] = x
		if o.possible(i) {
			o.try(i + 1)
		}
	}
}

// possible says whether the leaves up to i can still be completed.
func (o *oracle) possible(i int) bool {
	for _, c := range o.of[i] {
		s := o.cells[c]
		low, high := int64(0), int64(0)
		for _, l := range s.leaves {
			if l <= i {
				low, high = low+o.leaf[l], high+o.leaf[l]
			} else {
				low, high = low+o.lo[l], high+o.hi[l]
			}
		}
		if low > s.hi || high < s.lo {
			return false
		}
	}
	return true
}

// little is a random table with few and small counts, with its places.
func little(r *rand.Rand) (Counts, [][]string) {
	sizes := [][]int{{2, 2}, {3, 2}, {3, 3}, {2, 2, 2}, {4, 2}}[r.IntN(5)]
	c := cube(r, sizes...)
	var places [][]string
	for i := range c.Cells {
		c.Cells[i].Value = int64(r.IntN(8))
		places = append(places, c.Cells[i].Key)
	}
	if n := len(c.Dimensions[0].Values); n > 2 && r.IntN(2) == 0 {
		group := Value{Name: "group", Of: []string{"v0", "v1"}}
		c.Dimensions[0].Values = append(c.Dimensions[0].Values, group)
	}
	return c, places
}

var littleRule = Rule{Min: 4, Width: 2}

// carelessly hides the small counts of a table and some others.
func carelessly(t *testing.T, r *rand.Rand, c Counts, rule Rule) Table {
	t.Helper()
	p, err := newProtection(rule, []Counts{c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	added := map[string]bool{}
	for id, k := range p.counts {
		if k.open && hash(id, r.Uint64()%3) == 0 {
			added[id] = true
		}
	}
	return p.publish(added)[0]
}

// hash does not depend on the order of a map.
func hash(s string, of uint64) uint64 {
	n := uint64(7)
	for _, b := range []byte(s) {
		n = n*31 + uint64(b)
	}
	return n % (of + 2)
}

func TestTheAuditFindsWhatTryingEverythingFinds(t *testing.T) {
	t.Parallel()
	found, clean := 0, 0
	for i := range uint64(*cubes) {
		r := rand.New(rand.NewPCG(*first+i, 7))
		rule := littleRule
		rule.Zeros = r.IntN(3) == 0
		counts, places := little(r)
		table := carelessly(t, r, counts, rule)
		o := newOracle(&table, places)
		if o.worlds == 0 {
			t.Fatalf("seed %d: no world agrees with what was counted", *first+i)
		}
		findings, err := Audit(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		found += len(findings)
		if len(findings) == 0 {
			clean++
		}
		o.compare(t, fmt.Sprint("seed ", *first+i), findings)
	}
	if found < *cubes/4 || clean == 0 {
		t.Fatalf("%d findings, %d tables without: the cubes test nothing", found, clean)
	}
}

// compare holds the audit's findings against all worlds.
func (o *oracle) compare(t *testing.T, name string, findings []Finding) {
	t.Helper()
	rule := o.t.Rule
	for c, cell := range o.t.Cells {
		if !cell.Hidden {
			continue
		}
		var f *Finding
		for i := range findings {
			if findings[i].Kind == Undecided {
				t.Fatalf("%s: undecided: %v", name, findings[i])
			}
			if findings[i].Kind == Pinned && sameKey(o.t, cell.Key, findings[i].Where) {
				f = &findings[i]
			}
		}
		low, high := o.min[c], o.max[c]
		width := high - low
		tight := width < rule.Width && low < rule.Min && high >= rule.least()
		inside := min(high, rule.Min-1) - max(low, rule.least())
		switch {
		case tight && f == nil:
			t.Errorf("%s: %v can only be from %d to %d, and the audit does not say so", name, cell.Key, low, high)
		case f != nil && !tight && inside >= rule.Width:
			t.Errorf("%s: %v can be from %d to %d, and the audit says %v", name, cell.Key, low, high, f)
		case f != nil && tight && (f.Low > low || f.High < high && f.High >= 0):
			t.Errorf("%s: %v can be from %d to %d, and the audit says %v", name, cell.Key, low, high, f)
		}
	}
}

func sameKey(t *Table, key []string, where []Coordinate) bool {
	n := 0
	for d, v := range key {
		if v == Whole {
			continue
		}
		n++
		if !slices.Contains(where, Coordinate{t.Dimensions[d].Name, v}) {
			return false
		}
	}
	return n == len(where)
}

func TestWhatIsPublishedLeavesRoomForEveryHiddenCount(t *testing.T) {
	t.Parallel()
	published := 0
	for i := range uint64(*cubes) {
		r := rand.New(rand.NewPCG(*first+i, 8))
		rule := littleRule
		rule.Zeros = r.IntN(3) == 0
		if r.IntN(4) == 0 {
			rule.Base = 2 + r.Int64N(3)
		}
		counts, places := little(r)
		p, err := Protect(t.Context(), rule, []Counts{counts}, nil)
		if err != nil {
			continue // too fine: nothing is published
		}
		published++
		table := p.Tables[0]
		o := newOracle(&table, places)
		for c, cell := range table.Cells {
			name := fmt.Sprintf("seed %d: %v", *first+i, cell.Key)
			switch {
			case cell.Hidden && cell.Value != 0:
				t.Errorf("%s tells what is hidden", name)
			case cell.Hidden:
				touches := o.min[c] < rule.Min && o.max[c] >= rule.least()
				if touches && o.max[c]-o.min[c] < rule.Width {
					t.Errorf("%s is hidden, and can only be from %d to %d", name, o.min[c], o.max[c])
				}
			case rule.small(cell.Value, false):
				t.Errorf("%s shows %d", name, cell.Value)
			case cell.Base > 1 && o.min[c] == o.max[c]:
				t.Errorf("%s is rounded to %d, and can only be %d", name, cell.Value, o.min[c])
			}
		}
	}
	if published < *cubes/2 {
		t.Fatalf("only %d of %d tables were published", published, *cubes)
	}
}

func TestTheChoiceIsTheCheapest(t *testing.T) {
	t.Parallel()
	compared := 0
	for i := range uint64(*cubes) / 8 {
		r := rand.New(rand.NewPCG(*first+i, 9))
		counts, _ := little(r)
		p, err := newProtection(littleRule, []Counts{counts}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for id, c := range p.counts {
			if c.open && !c.primary {
				ids = append(ids, id)
			}
		}
		if len(ids) > 12 {
			continue
		}
		cells, total := 99, int64(0)
		for set := range 1 << len(ids) {
			added, sum := map[string]bool{}, int64(0)
			for k, id := range ids {
				if set&(1<<k) != 0 {
					added[id], sum = true, sum+p.counts[id].value
				}
			}
			if len(added) > cells || len(added) == cells && sum >= total {
				continue
			}
			if _, breaches, err := p.attack(t.Context(), added); err != nil {
				t.Fatal(err)
			} else if len(breaches) == 0 {
				cells, total = len(added), sum
			}
		}
		got, err := Protect(t.Context(), littleRule, []Counts{counts}, nil)
		switch {
		case err != nil && cells < 99:
			t.Errorf("seed %d: hiding %d cells of %d in sum is enough, and it says: %v", *first+i, cells, total, err)
		case err == nil && (got.Method != Optimal || got.Added != cells || got.AddedTotal != total):
			t.Errorf("seed %d: hides %d cells of %d in sum (%s); %d of %d are enough", *first+i, got.Added, got.AddedTotal, got.Method, cells, total)
		case err == nil:
			compared++
		}
	}
	if compared < *cubes/40 {
		t.Fatalf("only %d tables were compared", compared)
	}
}
