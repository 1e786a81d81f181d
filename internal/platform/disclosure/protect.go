// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// ExactCells is how many cells tables may have together for the hidden ones to be
// chosen exactly. Beyond it, or when the choice takes more than exactSteps steps,
// they are chosen step by step.
const (
	ExactCells = 400
	exactSteps = 200_000
	maxRounds  = 400
)

// Protect gives the tables for the public: of what was counted together, for one
// release, knowing what earlier ones told. It fails with [ErrTooFine] or
// [ErrEarlier] where hiding cannot help, and with the reason where what was
// counted cannot be right. What it gives has passed [Audit] together with the
// earlier tables.
func Protect(ctx context.Context, rule Rule, counts []Counts, earlier []Table) (Protected, error) {
	p, err := newProtection(rule, counts, earlier)
	if err != nil {
		return Protected{}, err
	}
	out := Protected{Method: Optimal}
	added, found, err := p.choose(ctx, p.cells <= ExactCells)
	if err == nil && found == nil && !p.exact {
		out.Method = Heuristic
	}
	if err != nil {
		return Protected{}, err
	}
	if found != nil {
		return Protected{}, p.refused(found)
	}
	out.Tables = p.publish(added)
	for id, c := range p.counts {
		switch {
		case c.primary:
			out.Primary += len(c.places)
		case c.moved:
			out.Moved += len(c.places)
		case added[id]:
			out.Added += len(c.places)
			out.AddedTotal += c.value
		}
	}
	findings, err := Audit(ctx, append(clone(earlier), out.Tables...)...)
	if err != nil {
		return Protected{}, err
	}
	if len(findings) > 0 {
		return Protected{}, because(ErrEarlier, "%s", findings[0])
	}
	return out, nil
}

// protection is the work on one release.
type protection struct {
	tables  []Table // with every count
	earlier []Table
	counts  map[string]*count // by id
	truth   map[string]int64
	// restated are the counts of which an earlier edition says another number.
	restated map[string]bool
	counted  []*counted
	cells    int
	exact    bool
}

// count is what may be hidden: one count, wherever it stands.
type count struct {
	places  []place
	value   int64
	primary bool
	moved   bool // an edition next to this one shows a few people more or fewer
	open    bool // may be hidden to protect others
}

// hidden says that the count is hidden whatever else is.
func (c *count) hidden() bool { return c.primary || c.moved }

type place struct{ table, cell int }

func newProtection(rule Rule, counts []Counts, earlier []Table) (*protection, error) {
	rule, err := rule.filled()
	if err != nil {
		return nil, err
	}
	p := &protection{counts: map[string]*count{}, truth: map[string]int64{}, restated: map[string]bool{}, earlier: clone(earlier)}
	for i := range p.earlier {
		if err := p.earlier[i].check(); err != nil {
			return nil, err
		}
	}
	for i, c := range counts {
		if c.Edition != counts[0].Edition {
			return nil, because(errTable, "tables that are protected together must be of one edition")
		}
		t, err := add(c, rule)
		if err != nil {
			return nil, err
		}
		table, err := t.table()
		if err != nil {
			return nil, err
		}
		p.tables, p.counted = append(p.tables, table), append(p.counted, t)
		p.cells += len(table.Cells)
		if err := p.enter(i, t); err != nil {
			return nil, err
		}
	}
	if len(counts) > 0 {
		p.move(rule, counts[0].Edition)
	}
	return p, nil
}

// move finds what earlier editions said otherwise, and marks what an edition next to this one shows with a few people more or
// fewer: shown in both, it would tell of these few.
func (p *protection) move(rule Rule, edition int) {
	for id, list := range exactly(p.earlier) {
		c := p.counts[id]
		if c == nil {
			continue
		}
		for _, s := range list {
			if s.value != c.value {
				p.restated[id] = true
			}
		}
		for _, value := range neighbors(list, edition) {
			c.moved = c.moved || rule.few(value, c.value)
		}
	}
}

// enter takes in the counts of table i.
func (p *protection) enter(i int, t *counted) error {
	at := make([]int, len(t.grid.sizes))
	for k, cell := range p.tables[i].Cells {
		g := t.grid.at(cell.Key)
		t.grid.coordinates(g, at)
		n := t.grid.node(at)
		id := n.identity()
		value := t.value[g]
		c := p.counts[id]
		if c == nil {
			c = &count{value: value}
			p.counts[id], p.truth[id] = c, value
		}
		if c.value != value {
			return because(errTotals, "%s has %d at %s, where another table has %d", t.frame.Name, value, keyText(cell.Key), c.value)
		}
		rule := t.frame.Rule
		c.primary = c.primary || rule.small(value, t.fixed[g])
		c.open = value > 0
		c.places = append(c.places, place{i, k})
	}
	return nil
}

// publish gives the tables with the small counts and the added ones hidden.
func (p *protection) publish(added map[string]bool) []Table {
	out := clone(p.tables)
	for i := range out {
		out[i].Cells = clone(out[i].Cells)
	}
	for id, c := range p.counts {
		if !c.hidden() && !added[id] {
			continue
		}
		for _, at := range c.places {
			cell := &out[at.table].Cells[at.cell]
			*cell = Cell{Key: cell.Key, Hidden: true}
		}
	}
	return out
}

// attack says what the tables would tell with added hidden.
func (p *protection) attack(ctx context.Context, added map[string]bool) (*system, []breach, error) {
	return attack(ctx, append(clone(p.earlier), p.publish(added)...), p.truth, p.restated)
}

// choose finds what must be hidden besides the small counts. Where hiding cannot
// help, found is what remains.
func (p *protection) choose(ctx context.Context, exactly bool) (added map[string]bool, found *remains, err error) {
	ch := newChooser(p)
	added = map[string]bool{}
	if p.exact = exactly; !exactly {
		p.box(added)
	}
	for round := 0; ; round++ {
		s, breaches, err := p.attack(ctx, added)
		if err != nil {
			return nil, nil, err
		}
		if len(breaches) == 0 {
			break
		}
		for _, b := range breaches {
			c := p.clause(s, b, added)
			if len(c.any) == 0 || b.kind == Contradiction {
				return nil, &remains{s, b}, nil
			}
			p.exact = p.exact && !b.unproved
			ch.clauses = append(ch.clauses, c)
		}
		if p.exact && round < maxRounds {
			best, ok := ch.cheapest(exactSteps)
			if ok {
				added = best
				continue
			}
		}
		if p.exact {
			p.exact = false
			p.box(added)
		}
		ch.greedy(added)
	}
	if !p.exact {
		err = p.spare(ctx, added)
	}
	return added, nil, err
}

// box protects every small count by a box of its own, as a start.
func (p *protection) box(added map[string]bool) {
	for i, t := range p.counted {
		b := newBoxer(t, p.counts, added)
		for place, id := range b.id {
			if id != "" && p.counts[id].primary {
				b.protect(place, p.tables[i].Rule)
			}
		}
	}
}

// remains is a breach that hiding cannot mend.
type remains struct {
	s *system
	b breach
}

// clause says that while a count is hidden, one of others must be too.
type clause struct {
	of  string // "" holds always
	any []string
}

// clause reads a breach: what proves it holds as long as nothing more of the
// relations in the proof is hidden.
func (p *protection) clause(s *system, b breach, added map[string]bool) clause {
	c := clause{}
	if id := s.nodes[b.node].id; added[id] {
		c.of = id
	}
	for _, i := range append(s.speakOf(b.proof), b.node) {
		id := s.nodes[i].id
		if k := p.counts[id]; k != nil && k.open && !k.hidden() && !added[id] && !slices.Contains(c.any, id) {
			c.any = append(c.any, id)
		}
	}
	slices.SortFunc(c.any, p.cheaper)
	return c
}

// cheaper orders counts by what it costs to hide them.
func (p *protection) cheaper(a, b string) int {
	x, y := p.counts[a], p.counts[b]
	return cmp.Or(cmp.Compare(len(x.places), len(y.places)), cmp.Compare(x.value, y.value), cmp.Compare(a, b))
}

// spare shows again what turns out not to be needed, the largest first.
func (p *protection) spare(ctx context.Context, added map[string]bool) error {
	if p.cells > spareCells {
		return nil
	}
	list := slices.SortedFunc(maps.Keys(added), func(a, b string) int { return p.cheaper(b, a) })
	for _, id := range list {
		delete(added, id)
		_, breaches, err := p.attack(ctx, added)
		if err != nil {
			return err
		}
		if len(breaches) > 0 {
			added[id] = true
		}
	}
	return nil
}

// spareCells is up to how many cells each hidden one is tried again.
const spareCells = 1200

// refused says what hiding cannot mend.
func (p *protection) refused(r *remains) error {
	why := ErrTooFine
	for _, i := range append(r.s.speakOf(r.b.proof), r.b.node) {
		for _, t := range r.s.nodes[i].tables {
			if t < len(p.earlier) {
				why = ErrEarlier
			}
		}
	}
	return because(why, "%s", r.s.findings([]breach{r.b})[0])
}
