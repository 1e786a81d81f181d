// SPDX-License-Identifier: Apache-2.0

package code

import (
	"context"
	"slices"
	"time"

	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

// measures are what the room counts for figures. Both are held to the rules for
// figures about people, whose least cell is larger than [Least]: a scan is somebody
// who stood there. Nobody lists the rows, for there are none.
func (s *Service) measures() []figure.Measure {
	languages := append(s.Site.Catalog.Langs(), figure.Other)
	return []figure.Measure{
		{Name: "sign_scans", Unit: figure.Things, People: true, Dimensions: []figure.Dimension{{Name: "language", Values: languages}, {Name: "week"}}, Cells: s.cells(tallied)},
		{Name: "sign_reports", Unit: figure.Things, People: true, Dimensions: []figure.Dimension{{Name: "week"}}, Cells: s.cells(talliedTold)},
	}
}

// cells groups sums by language and week. A week belongs to a period as far as its
// days do; where weeks alone are kept, as its Monday does.
func (s *Service) cells(sums func(ctx context.Context, r store.Reader, program, from, before string) (map[[2]string]int64, error)) func(context.Context, store.Reader, figure.Query) ([]figure.Cell, error) {
	return func(ctx context.Context, r store.Reader, q figure.Query) ([]figure.Cell, error) {
		zone := s.zone(q.Program)
		found, err := sums(ctx, r, q.Program, q.From.In(zone).Format(time.DateOnly), q.To.In(zone).Format(time.DateOnly))
		if err != nil {
			return nil, err
		}
		counts := map[[2]string]int64{}
		for k, n := range found {
			day, err := time.Parse(time.DateOnly, k[1])
			if err != nil {
				return nil, err
			}
			k[1] = weekOf(day)
			if !slices.Contains(s.Site.Catalog.Langs(), k[0]) {
				k[0] = figure.Other
			}
			if is(q.Where["language"], k[0]) && is(q.Where["week"], k[1]) {
				counts[k] += n
			}
		}
		return figure.Group(q.By, []string{"language", "week"}, counts), nil
	}
}

func is(want, have string) bool { return want == "" || want == have }
