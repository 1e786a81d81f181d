// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// node is one count that the tables speak of: published, hidden, or only implied,
// such as the difference of two periods. The same count in two tables is one node.
type node struct {
	id       string // what makes two cells the same count
	realm    string // the edition, where editions cannot be read as one
	measure  string
	from, to string
	where    []Coordinate // by name of the dimension
	lo, hi   int64        // what is known of it by itself
	shown    bool         // exact in some table
	hidden   bool         // hidden in some table
	rounded  bool         // only to a base
	value    int64        // when shown or known from the count
	known    bool         // value holds, for whoever protects the tables
	tables   []int
	clash    bool // tables say different things of it
	// was is what the editions next to its own show of it, where it is read apart.
	was []int64
	// qualified says that some table gives it with a qualifier.
	qualified bool
}

// implied says that nobody published anything of the count itself.
func (n *node) implied() bool { return !n.shown && !n.hidden && !n.rounded }

// relation says that a count is the sum of others.
type relation struct {
	whole int
	parts []int
	table int // whose dimensions say so, -1 for periods
}

// each visits the counts of a relation with their signs.
func (r *relation) each(visit func(n int, sign int64)) {
	visit(r.whole, 1)
	for _, p := range r.parts {
		visit(p, -1)
	}
}

// system is all that a set of tables says.
type system struct {
	tables    []Table
	nodes     []node
	relations []relation
	index     map[string]int // by realm and id
	// apart are the counts whose editions are read each for itself, because
	// together they contradict each other: something was restated.
	apart map[string]bool
	// loose are the counts whose qualifiers are taken at their word: "at least 100"
	// may be 120. Others are read as the numbers that were added up.
	loose map[string]bool
	// stated is what editions said exactly of a count, by its id.
	stated map[string][]statement
}

// newSystem reads checked tables.
func newSystem(tables []Table, apart, loose map[string]bool) (*system, error) {
	s := &system{tables: tables, index: map[string]int{}, apart: apart, loose: loose, stated: map[string][]statement{}}
	for t := range tables {
		if err := s.addTable(t); err != nil {
			return nil, err
		}
	}
	for i := range s.nodes {
		n := &s.nodes[i]
		n.clash = n.clash || n.hi < n.lo
	}
	if err := s.addPeriods(); err != nil {
		return nil, err
	}
	return s, s.remember()
}

// identity is what makes two cells the same count: measure, period, and the
// values of the dimensions by which it is divided.
func (n *node) identity() string {
	b := strconv.AppendQuote(nil, n.measure)
	b = strconv.AppendQuote(b, n.from)
	b = strconv.AppendQuote(b, n.to)
	for _, c := range n.where {
		b = strconv.AppendQuote(b, c.Dimension)
		b = strconv.AppendQuote(b, c.Value)
	}
	return string(b)
}

// count finds or makes the node of a count.
func (s *system) count(n node, edition int) int {
	n.id = n.identity()
	if s.apart[n.id] {
		n.realm = strconv.Itoa(edition)
	}
	key := n.realm + "|" + n.id
	i, ok := s.index[key]
	if !ok {
		i = len(s.nodes)
		n.hi = none
		s.nodes = append(s.nodes, n)
		s.index[key] = i
	}
	return i
}

// learn takes in what a published cell says of its count.
func (s *system) learn(i, table int, c Cell) {
	n, rule := &s.nodes[i], s.tables[table].Rule
	lo, hi := int64(0), int64(none)
	n.qualified = n.qualified || c.Qualifier != ""
	if !c.Hidden && c.Base < 2 {
		s.stated[n.id] = append(s.stated[n.id], statement{s.tables[table].Edition, table, i, c.Value})
	}
	switch {
	case c.Hidden:
		n.hidden = true
		if !rule.Zeros {
			lo = 1
		}
	case c.Base > 1:
		n.rounded = true
		lo, hi = behind(c.Value, c.Base)
		if hi >= rule.Min && c.Value > 0 {
			lo = max(lo, rule.Min)
		}
	case c.Qualifier != "" && s.loose[n.id]:
		n.shown, n.value = true, c.Value
		lo, hi = literally(c.Qualifier, c.Value)
	default:
		n.clash = n.clash || n.shown && n.value != c.Value
		n.shown, n.value = true, c.Value
		lo, hi = c.Value, c.Value
	}
	n.lo, n.hi = max(n.lo, lo), min(n.hi, hi)
	if !slices.Contains(n.tables, table) {
		n.tables = append(n.tables, table)
	}
}

// behind are the bounds of the counts that are rounded to value.
func behind(value, base int64) (lo, hi int64) {
	return max(0, value-base/2), value + (base-1)/2
}

// round gives the nearest multiple of base, the larger one from the middle.
func round(value, base int64) int64 { return (value + base/2) / base * base }

// literally is what a qualified figure says when it is taken at its word.
func literally(qualifier string, value int64) (lo, hi int64) {
	switch qualifier {
	case "at_least":
		return value, none
	case "more_than":
		return value + 1, none
	}
	return 0, none
}

// addPeriods relates the periods of one count: each is the sum of the shortest
// periods that all the published ones divide it into. What is read for one edition
// alone stands together with what is the same in all.
func (s *system) addPeriods() error {
	groups := map[string]map[string][]int{} // by realm
	for i := range s.nodes {
		n := s.nodes[i]
		if n.from == "" {
			continue
		}
		n.from, n.to = "", ""
		var b strings.Builder
		b.WriteString(strconv.Quote(n.measure))
		for _, c := range n.where {
			b.WriteString(strconv.Quote(c.Dimension) + strconv.Quote(c.Value))
		}
		if groups[b.String()] == nil {
			groups[b.String()] = map[string][]int{}
		}
		groups[b.String()][n.realm] = append(groups[b.String()][n.realm], i)
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		realms := groups[key]
		for _, realm := range slices.Sorted(maps.Keys(realms)) {
			group := realms[realm]
			if realm != "" {
				group = append(clone(realms[""]), group...)
			} else if len(realms) > 1 {
				continue
			}
			if err := s.divide(group, realm); err != nil {
				return err
			}
		}
	}
	return nil
}

// divide adds the relations of one count's periods, as one edition has them.
func (s *system) divide(group []int, realm string) error {
	edition, err := editionOf(realm)
	if err != nil || len(group) < 2 {
		return err
	}
	var days []string
	for _, i := range group {
		days = append(days, s.nodes[i].from, s.nodes[i].to)
	}
	slices.Sort(days)
	days = slices.Compact(days)
	for _, i := range group {
		from, _ := slices.BinarySearch(days, s.nodes[i].from)
		to, _ := slices.BinarySearch(days, s.nodes[i].to)
		if to-from < 2 {
			continue
		}
		r := relation{whole: i, table: -1}
		for k := from; k < to; k++ {
			n := s.nodes[i]
			part := node{measure: n.measure, from: days[k], to: days[k+1], where: n.where}
			r.parts = append(r.parts, s.count(part, edition))
		}
		s.relations = append(s.relations, r)
		if len(s.nodes) > maxNodes {
			return tooLarge("the periods divide each other into too many parts")
		}
	}
	return nil
}

// sortWhere puts coordinates in the order of their dimensions' names.
func sortWhere(where []Coordinate) {
	slices.SortFunc(where, func(a, b Coordinate) int { return cmp.Compare(a.Dimension, b.Dimension) })
}

// names lists the tables that relations rest on, in the order they were given.
func (s *system) names(relations []int, cell int) []string {
	used := map[int]bool{}
	note := func(i int) {
		for _, t := range s.nodes[i].tables {
			used[t] = true
		}
	}
	note(cell)
	for _, r := range relations {
		s.relations[r].each(func(n int, _ int64) { note(n) })
	}
	var list []string
	for _, t := range slices.Sorted(maps.Keys(used)) {
		if name := s.tables[t].Name; !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}
