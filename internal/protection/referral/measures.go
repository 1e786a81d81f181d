// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"slices"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

// Measures are what the room counts for figures: how fast and how far offices
// answer tips that accuse nobody. Which office stands behind a number is for staff.
// Nobody lists the rows: each report stands behind its own walls.
func (s *Service) Measures() []figure.Measure {
	office := figure.Dimension{Name: "office", Label: s.officeName, Inside: true}
	month := figure.Dimension{Name: "month"}
	outcomes := []string{"none"}
	for _, o := range Outcomes() {
		outcomes = append(outcomes, string(o))
	}
	measures := []figure.Measure{{
		Name: "referrals", Unit: figure.Things, People: true, Cells: s.countReferrals,
		Dimensions: []figure.Dimension{{Name: "clock", Values: []string{"kept", "missed", "running", "none"}}, {Name: "outcome", Values: outcomes}, month, office},
	}}
	for _, m := range []struct {
		name  string
		taken bool
		share int64
	}{{"delivery_median", false, 50}, {"delivery_p90", false, 90}, {"acknowledgement_median", true, 50}, {"acknowledgement_p90", true, 90}} {
		measures = append(measures, figure.Measure{Name: m.name, Unit: figure.Microseconds, People: true, Dimensions: []figure.Dimension{month, office},
			Cells: func(ctx context.Context, db store.Reader, q figure.Query) ([]figure.Cell, error) {
				return s.measureWaits(ctx, db, q, m.taken, m.share)
			}})
	}
	return measures
}

func (s *Service) officeName(programID, office string) string {
	if p, ok := s.programs.Program(programID); ok && p.Offices[office].ID != "" {
		return p.Offices[office].Name.In("en")
	}
	return office
}

func (s *Service) programOf(id string) (*program.Program, error) {
	p, ok := s.programs.Program(id)
	if !ok {
		return nil, fault.New(fault.NotFound, "program_unknown", "There is no such program.")
	}
	return p, nil
}

// countReferrals counts month by month.
func (s *Service) countReferrals(ctx context.Context, db store.Reader, q figure.Query) ([]figure.Cell, error) {
	p, err := s.programOf(q.Program)
	if err != nil {
		return nil, err
	}
	sums := map[string]*figure.Cell{}
	for _, m := range figure.Months(q.From, q.To, p.Zone) {
		found, err := tallies(ctx, db, q.Program, m.From, m.To, s.now())
		if err != nil {
			return nil, err
		}
		for _, t := range found {
			outcome := t.outcome
			if outcome == "" {
				outcome = "none"
			}
			add(sums, q, map[string]string{"office": t.office, "outcome": outcome, "clock": t.clock, "month": m.Name}, t.n)
		}
	}
	return cellsOf(sums), nil
}

// placed is where the query puts something of these values, if it wants it.
func placed(q figure.Query, values map[string]string) (key []string, id string, wanted bool) {
	for name, want := range q.Where {
		if values[name] != want {
			return nil, "", false
		}
	}
	key = []string{}
	for _, name := range q.By {
		key = append(key, values[name])
		id += values[name] + "\x00"
	}
	return key, id, true
}

// add counts n where the query puts it, if it wants it.
func add(sums map[string]*figure.Cell, q figure.Query, values map[string]string, n int64) {
	key, id, wanted := placed(q, values)
	if !wanted {
		return
	}
	if sums[id] == nil {
		sums[id] = &figure.Cell{Key: key}
	}
	sums[id].Value += n
	sums[id].Rows += n
}

func cellsOf(sums map[string]*figure.Cell) []figure.Cell {
	var out []figure.Cell
	for _, c := range sums {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b figure.Cell) int { return slices.Compare(a.Key, b.Key) })
	return out
}

// spread is how many waited how long, under one key.
type spread struct {
	key     []string
	minutes map[int64]int64
}

// measureWaits gives the length of time within which a share of all, in hundredths,
// was done.
func (s *Service) measureWaits(ctx context.Context, db store.Reader, q figure.Query, taken bool, share int64) ([]figure.Cell, error) {
	p, err := s.programOf(q.Program)
	if err != nil {
		return nil, err
	}
	spreads := map[string]*spread{}
	for _, m := range figure.Months(q.From, q.To, p.Zone) {
		found, err := waits(ctx, db, q.Program, m.From, m.To, taken)
		if err != nil {
			return nil, err
		}
		for _, w := range found {
			into(spreads, q, map[string]string{"office": w.office, "month": m.Name}, w)
		}
	}
	var out []figure.Cell
	for _, sp := range spreads {
		minutes, n := sp.within(share)
		out = append(out, figure.Cell{Key: sp.key, Value: (time.Duration(minutes) * time.Minute).Microseconds(), Rows: n})
	}
	slices.SortFunc(out, func(a, b figure.Cell) int { return slices.Compare(a.Key, b.Key) })
	return out, nil
}

func into(spreads map[string]*spread, q figure.Query, values map[string]string, w wait) {
	key, id, wanted := placed(q, values)
	if !wanted {
		return
	}
	if spreads[id] == nil {
		spreads[id] = &spread{key: key, minutes: map[int64]int64{}}
	}
	spreads[id].minutes[w.minutes] += w.n
}

// within is the nearest rank: the smallest time within which so many hundredths of
// all lie. Full minutes, cut off.
func (sp *spread) within(share int64) (minutes, n int64) {
	var order []int64
	for m, count := range sp.minutes {
		order = append(order, m)
		n += count
	}
	slices.Sort(order)
	rank, seen := (n*share+99)/100, int64(0)
	for _, m := range order {
		if seen += sp.minutes[m]; seen >= rank {
			return m, n
		}
	}
	return 0, n
}
