// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

// channels are the ways in that a figure tells apart.
var channels = []string{ViaWeb, ViaAPI, figure.Other}

// Measures are what the room counts for figures: tips that accuse nobody. A report
// of somebody who asks for help, and one that accuses an office, are in no figure
// at all, so that none tells police, or the accused, that there is one. Neither
// are tests and canaries.
func (s *Service) Measures() []figure.Measure {
	return []figure.Measure{{
		Name: "tips", Unit: figure.Things, People: true,
		Dimensions: []figure.Dimension{{Name: "channel", Values: channels}, {Name: "month"}},
		Cells:      s.countTips,
	}}
}

// countTips counts month by month, as the program's own zone has them. Nobody lists
// the rows: each report stands behind its own walls.
func (s *Service) countTips(ctx context.Context, db store.Reader, q figure.Query) ([]figure.Cell, error) {
	p, ok := s.Programs.Program(q.Program)
	if !ok {
		return nil, fault.New(fault.NotFound, "program_unknown", "There is no such program.")
	}
	counts := map[[2]string]int64{}
	for _, m := range figure.Months(q.From, q.To, p.Zone) {
		if want := q.Where["month"]; want != "" && want != m.Name {
			continue
		}
		found, err := tipsBy(ctx, db, q.Program, m.From, m.To)
		if err != nil {
			return nil, err
		}
		for via, n := range found {
			if want := q.Where["channel"]; want == "" || want == via {
				counts[[2]string{via, m.Name}] += n
			}
		}
	}
	return figure.Group(q.By, []string{"channel", "month"}, counts), nil
}

// channelOf is the way in as figures tell it apart.
func channelOf(via string) string {
	if via == ViaWeb || via == ViaAPI {
		return via
	}
	return figure.Other
}

// Tips calls fn with the time of every tip of a program that was accepted from one
// moment to before another. Left out is what countTips leaves out.
func (s *Service) Tips(ctx context.Context, program string, from, to time.Time, fn func(time.Time)) error {
	return tipTimes(ctx, s.DB, program, from, to, fn)
}
