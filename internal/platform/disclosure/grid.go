// SPDX-License-Identifier: Apache-2.0

package disclosure

// grid is the full product of a table's dimensions: for each a value or the
// whole. Places are numbered; the whole is number 0 of each dimension.
type grid struct {
	table  *Table
	sizes  []int // values and the whole
	rest   []int // size with the rest of an open dimension behind the values
	place  []map[string]int
	time   int   // the dimension of time, -1 without
	level  []int // bit of each dimension
	total  int
	stride []int
}

func newGrid(t *Table) *grid {
	g := &grid{table: t, time: -1, total: 1}
	for d, dim := range t.Dimensions {
		place := map[string]int{Whole: 0}
		for i, v := range dim.Values {
			place[v.Name] = i + 1
		}
		if dim.timed() {
			g.time = d
		}
		g.place = append(g.place, place)
		g.sizes = append(g.sizes, len(dim.Values)+1)
		g.stride = append(g.stride, g.total)
		g.total *= len(dim.Values) + 1
	}
	return g
}

// timed says that the dimension's values are periods.
func (d *Dimension) timed() bool { return len(d.Values) > 0 && d.Values[0].From != "" }

// at is the number of a key's place.
func (g *grid) at(key []string) int {
	n := 0
	for d, v := range key {
		n += g.stride[d] * g.place[d][v]
	}
	return n
}

// coordinates takes a place's number apart.
func (g *grid) coordinates(place int, into []int) {
	for d := range into {
		into[d] = place / g.stride[d] % g.sizes[d]
	}
}

// divides is the set of dimensions by which a place is divided.
func (g *grid) divides(at []int) int {
	set := 0
	for d, i := range at {
		if i > 0 {
			set |= 1 << d
		}
	}
	return set
}

// key names a place.
func (g *grid) key(at []int) []string {
	key := make([]string, len(at))
	for d, i := range at {
		if i > 0 {
			key[d] = g.table.Dimensions[d].Values[i-1].Name
		}
	}
	return key
}

// split is a value or the whole of a dimension and what it is the sum of.
type split struct {
	whole int
	parts []int
	rest  bool // and of people under none of the values
}

// splits are the sums within dimension d. Where a value is a part of two others,
// the whole is the sum of the values that are no sums.
func (g *grid) splits(d int) []split {
	dim := &g.table.Dimensions[d]
	var list []split
	partOf := make([]int, len(dim.Values)+1)
	for i, v := range dim.Values {
		s := split{whole: i + 1}
		for _, name := range v.Of {
			p := g.place[d][name]
			partOf[p]++
			s.parts = append(s.parts, p)
		}
		if len(s.parts) > 0 {
			list = append(list, s)
		}
	}
	tree := true
	for _, n := range partOf {
		tree = tree && n < 2
	}
	all := split{rest: dim.Open}
	for i, v := range dim.Values {
		if tree && partOf[i+1] == 0 || !tree && len(v.Of) == 0 {
			all.parts = append(all.parts, i+1)
		}
	}
	return append(list, all)
}

// restName stands for the people under none of an open dimension's values. No
// value may be called so.
const restName = "\x00rest"

// addTable takes in a table's cells and the sums of its dimensions.
func (s *system) addTable(number int) error {
	t := &s.tables[number]
	g := newGrid(t)
	at := make([]int, len(t.Dimensions))
	known := make([]int, g.total)
	for i := range known {
		known[i] = -1
	}
	levels := map[int]bool{}
	for _, c := range t.Cells {
		place := g.at(c.Key)
		g.coordinates(place, at)
		levels[g.divides(at)] = true
		known[place] = s.count(g.node(at), t.Edition)
		s.learn(known[place], number, c)
	}
	for d := range t.Dimensions {
		if d == g.time {
			continue
		}
		for _, sum := range g.splits(d) {
			if err := s.addSums(g, d, sum, number, known, levels); err != nil {
				return err
			}
		}
	}
	return nil
}

// addSums adds one sum of dimension d at every combination of the others.
func (s *system) addSums(g *grid, d int, sum split, number int, known []int, levels map[int]bool) error {
	at := make([]int, len(g.sizes))
	node := func(i int) int {
		place := g.stride[d] * i
		for k, x := range at {
			if k != d {
				place += g.stride[k] * x
			}
		}
		if known[place] < 0 {
			old := at[d]
			at[d] = i
			known[place] = s.count(g.node(at), g.table.Edition)
			at[d] = old
		}
		return known[place]
	}
	for place := range g.total {
		if g.coordinates(place, at); at[d] != 0 {
			continue
		}
		if !levels[g.divides(at)|1<<d] || !s.published(g, d, sum, place, known) {
			continue
		}
		r := relation{whole: node(sum.whole), table: number}
		for _, p := range sum.parts {
			r.parts = append(r.parts, node(p))
		}
		if sum.rest {
			rest := g.node(at)
			rest.where = append(clone(rest.where), Coordinate{g.table.Dimensions[d].Name, restName})
			sortWhere(rest.where)
			r.parts = append(r.parts, s.count(rest, g.table.Edition))
		}
		s.relations = append(s.relations, r)
		if len(s.nodes) > maxNodes {
			return tooLarge("the tables have too many cells together")
		}
	}
	return nil
}

// published says whether any part of a sum stands in the table.
func (s *system) published(g *grid, d int, sum split, place int, known []int) bool {
	for _, p := range sum.parts {
		if i := known[place+g.stride[d]*p]; i >= 0 && !s.nodes[i].implied() {
			return true
		}
	}
	return false
}

// node describes the count at a place.
func (g *grid) node(at []int) node {
	n := node{measure: g.table.Measure, from: g.table.From, to: g.table.To}
	for d, i := range at {
		if i == 0 {
			continue
		}
		v := g.table.Dimensions[d].Values[i-1]
		if d == g.time {
			n.from, n.to = v.From, v.To
			continue
		}
		n.where = append(n.where, Coordinate{g.table.Dimensions[d].Name, v.Name})
	}
	sortWhere(n.where)
	return n
}
