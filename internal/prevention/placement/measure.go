// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"fmt"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// What is counted: sheets, and looks at them. No figure says what a sheet did.
const (
	measurePlaced    = "posters_placed"
	measureInspected = "poster_inspections"
	measureSeen      = "posters_seen"
)

func (s *Service) measures() []figure.Measure {
	where := []figure.Dimension{
		{Name: "kind", Values: program.NoticePlaces()},
		{Name: "county", Label: func(_, fips string) string {
			c, ok := place.CountyByFIPS(fips)
			switch {
			case fips == noCounty:
				return "No county: what moves"
			case !ok:
				return fips
			}
			return c.Name + ", " + c.State().Code
		}},
		{Name: "notice", Label: s.noticeName},
	}
	found := append([]figure.Dimension{{Name: "found", Values: Findings()}, {Name: "opens", Values: Opens()}}, where...)
	return []figure.Measure{
		{Name: measurePlaced, Unit: figure.Things, Dimensions: where, Cells: placedSums.count, Rows: s.placedRows},
		{Name: measureInspected, Unit: figure.Things, Dimensions: found, Cells: inspectedSums.count, Rows: s.inspectedRows(inspectedSums)},
		{Name: measureSeen, Unit: figure.Things, Dimensions: where, Cells: seenSums.count, Rows: s.inspectedRows(seenSums)},
	}
}

// noticeName names a notice of the pack.
func (s *Service) noticeName(programID, id string) string {
	if p, ok := s.Programs.Program(programID); ok {
		if n, ok := p.Notice(id); ok {
			return n.Title.In("en")
		}
	}
	return id
}

func (s *Service) placedRows(ctx context.Context, db store.Reader, q figure.Query, after string, limit int) ([]figure.Row, string, error) {
	return listRows(ctx, db, placedSums, q, after, limit, func(c countedRow) figure.Row {
		return figure.Row{ID: c.id.String(), What: fmt.Sprintf("Sheet of %s, %s, put up", s.noticeName(q.Program, c.notice), kindWords[c.kind]),
			Link: "/staff/placements/" + c.subject.String()}
	})
}

func (s *Service) inspectedRows(m sums) func(ctx context.Context, db store.Reader, q figure.Query, after string, limit int) ([]figure.Row, string, error) {
	return func(ctx context.Context, db store.Reader, q figure.Query, after string, limit int) ([]figure.Row, string, error) {
		return listRows(ctx, db, m, q, after, limit, func(c countedRow) figure.Row {
			return figure.Row{ID: c.id.String(), What: fmt.Sprintf("Look at a sheet of %s, %s", s.noticeName(q.Program, c.notice), kindWords[c.kind]),
				Link: "/staff/placements/" + c.subject.String()}
		})
	}
}

func listRows(ctx context.Context, db store.Reader, m sums, q figure.Query, after string, limit int, say func(countedRow) figure.Row) ([]figure.Row, string, error) {
	at, id := int64(0), store.ID{}
	if err := web.DecodeCursor(after, &at, &id); err != nil {
		return nil, "", err
	}
	list, err := m.list(ctx, db, q, at, id, limit+1)
	if err != nil {
		return nil, "", err
	}
	var out []figure.Row
	for _, c := range list[:min(len(list), limit)] {
		r := say(c)
		r.Date, r.Value = store.Time(c.at), 1
		out = append(out, r)
	}
	if len(list) <= limit {
		return out, "", nil
	}
	end := list[limit-1]
	return out, web.EncodeCursor(end.at, end.id), nil
}
