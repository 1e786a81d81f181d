// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// What is counted. What is planned, approved or running is in no figure: a number that grows before a night of operations would tell of it.
const (
	measureOperations = "operations"
	measureSurgeDays  = "surge_days"
)

func (s *Service) measures() []figure.Measure {
	return []figure.Measure{
		{
			Name: measureOperations, Unit: figure.Things,
			Dimensions: []figure.Dimension{
				{Name: "state", Values: []string{string(Closed), string(Reviewed)}},
				{Name: "kind", Values: Kinds()},
				{Name: "level", Values: []string{Federal, OfState, figure.Other}},
				{Name: "lead", Label: s.officeName},
				{Name: "surge", Label: s.surgeName},
			},
			Cells: operationSums.count,
			Rows:  s.operationRows,
		},
		{
			Name: measureSurgeDays, Unit: figure.Things,
			Dimensions: []figure.Dimension{{Name: "lead", Label: s.officeName}, {Name: "surge", Label: s.surgeName}},
			Cells:      surgeSums.count,
			Rows:       s.surgeRows,
		},
	}
}

// officeName names an office of the directory.
func (s *Service) officeName(programID, office string) string {
	if p, ok := s.Programs.Program(programID); ok && p.Offices[office].Name.In("en") != "" {
		return p.Offices[office].Name.In("en")
	}
	return office
}

// surgeName names a surge that is closed. One that is not has no name to anybody who reads figures.
func (s *Service) surgeName(programID, value string) string {
	id, err := store.ParseID(value)
	if err != nil {
		return value
	}
	name, err := closedSurge(context.Background(), s.DB, programID, id)
	if err != nil || name == "" {
		return "A surge that is not closed"
	}
	return name
}

// errDimension means that a figure was asked for by something that this room does not count by.
var errDimension = errors.New("operation: no such dimension")

// operationRows lists the operations of a cell.
func (s *Service) operationRows(ctx context.Context, db store.Reader, q figure.Query, after string, limit int) ([]figure.Row, string, error) {
	from, err := readPosition(after)
	if err != nil {
		return nil, "", err
	}
	list, err := counted(ctx, db, q, from, limit+1)
	if err != nil {
		return nil, "", err
	}
	var out []figure.Row
	for _, c := range list[:min(len(list), limit)] {
		out = append(out, figure.Row{ID: c.id.String(), Date: store.Time(c.at), What: fmt.Sprintf("Operation of %s, %s", s.officeName(q.Program, c.lead), c.state),
			Link: "/staff/operations/" + c.id.String(), Value: 1})
	}
	return out, nextPosition(list, limit), nil
}

// surgeRows lists the surges of a cell.
func (s *Service) surgeRows(ctx context.Context, db store.Reader, q figure.Query, after string, limit int) ([]figure.Row, string, error) {
	from, err := readPosition(after)
	if err != nil {
		return nil, "", err
	}
	list, err := countedSurges(ctx, db, q, from, limit+1)
	if err != nil {
		return nil, "", err
	}
	var out []figure.Row
	for _, c := range list[:min(len(list), limit)] {
		out = append(out, figure.Row{ID: c.id.String(), Date: store.Time(c.at), What: c.name, Link: "/staff/surges/" + c.id.String(), Value: c.value})
	}
	return out, nextPosition(list, limit), nil
}

func readPosition(after string) (position, error) {
	var from position
	err := web.DecodeCursor(after, &from.at, &from.id)
	return from, err
}

func nextPosition(list []countedRow, limit int) string {
	if len(list) <= limit {
		return ""
	}
	last := list[limit-1]
	return web.EncodeCursor(last.at, last.id)
}

// bounds are a query's period in the database's time; no end is far away.
func bounds(q figure.Query) (from, to int64) {
	from, to = store.Micros(q.From), store.Micros(q.To)
	if q.To.IsZero() {
		to = store.Micros(time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC))
	}
	return from, to
}
