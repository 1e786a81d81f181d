// SPDX-License-Identifier: Apache-2.0

package court

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// The measures. What each counts, and how once, stands in the catalogs.
const (
	mIndictments  = "court_indictments"
	mConvictions  = "court_convictions"
	mSentences    = "court_sentences"
	mExtraditions = "court_extraditions"
	mForfeiture   = "court_forfeiture"
	mOrdered      = "court_restitution_ordered"
	mPaid         = "court_restitution_paid"
	mUnasked      = "court_no_restitution_request"
)

// The dimensions. Class is the one that means something else in each measure.
const (
	dimState    = "state"
	dimDistrict = "district"
	dimStatute  = "statute"
	dimYear     = "year"
	dimKind     = "kind"
	dimClass    = "class"
	dimHow      = "how"
	dimBand     = "band"
	dimStage    = "stage"
	dimStanding = "standing"
)

var errDimension = fault.New(fault.Invalid, "court_dimension", "This figure cannot be divided in that way.")

// measures are what the room counts.
func (s *Service) measures() []figure.Measure {
	state := figure.Dimension{Name: dimState, Label: func(_, v string) string {
		st, _ := place.StateByCode(v)
		return st.Name
	}}
	district := figure.Dimension{Name: dimDistrict, Within: dimState, Label: func(_, v string) string {
		if d, ok := districtOf(v); ok {
			return d.Name
		}
		return "State courts"
	}}
	statute := figure.Dimension{Name: dimStatute, Label: s.statuteName}
	year := figure.Dimension{Name: dimYear}
	list := []figure.Measure{
		{Name: mIndictments, Unit: figure.Persons, People: true, Dimensions: []figure.Dimension{state, district, statute, year}},
		{Name: mConvictions, Unit: figure.Persons, People: true, Dimensions: []figure.Dimension{state, district, statute, {Name: dimHow, Values: []string{string(Plea), string(Verdict)}}, year}},
		{Name: mSentences, Unit: figure.Persons, People: true, Dimensions: []figure.Dimension{state, district, statute, {Name: dimBand, Values: bandNames()}, year}},
		{Name: mExtraditions, Unit: figure.Persons, People: true, Dimensions: []figure.Dimension{state, {Name: dimStage, Values: []string{
			string(ExtraditionRequested), string(ExtraditionGranted), string(ExtraditionRefused), string(ExtraditionArrived)}}, year}},
		{Name: mForfeiture, Unit: figure.Cents, Dimensions: []figure.Dimension{state, district, {Name: dimStage, Values: []string{
			string(ForfeitureSeized), string(ForfeitureOrdered), string(ForfeitureFinal)}}, {Name: dimKind, Values: propertyKinds}, year}},
		{Name: mOrdered, Unit: figure.Cents, Dimensions: []figure.Dimension{state, district, {Name: dimStanding, Values: []string{Ordered, Amended, Satisfied}}, year}},
		{Name: mPaid, Unit: figure.Cents, Dimensions: []figure.Dimension{state, district, year}},
		{Name: mUnasked, Unit: figure.Things, People: true, Dimensions: []figure.Dimension{state, district, statute, year}},
	}
	for i := range list {
		m := &list[i]
		m.Cells = func(ctx context.Context, q store.Reader, query figure.Query) ([]figure.Cell, error) {
			return s.cells(ctx, q, *m, query)
		}
		m.Rows = func(ctx context.Context, q store.Reader, query figure.Query, after string, limit int) ([]figure.Row, string, error) {
			return s.rows(ctx, q, *m, query, after, limit)
		}
	}
	return list
}

func bandNames() []string {
	var names []string
	for _, b := range bands {
		names = append(names, b.name)
	}
	return append(names, Life, Probation, FineOnly)
}

func (s *Service) statuteName(programID, id string) string {
	if p, ok := s.Programs.Program(programID); ok {
		if st, ok := p.Statute(id); ok {
			return st.Citation
		}
	}
	return "Other"
}

// divides says whether a measure knows every dimension of a question.
func divides(m figure.Measure, q figure.Query) bool {
	known := func(name string) bool {
		return slices.ContainsFunc(m.Dimensions, func(d figure.Dimension) bool { return d.Name == name })
	}
	for name := range q.Where {
		if !known(name) {
			return false
		}
	}
	return !slices.ContainsFunc(q.By, func(name string) bool { return !known(name) })
}

// cells adds a measure up: whole years and months from their sums, the days at
// either end from the facts.
func (s *Service) cells(ctx context.Context, q store.Reader, m figure.Measure, query figure.Query) ([]figure.Cell, error) {
	p, ok := s.Programs.Program(query.Program)
	if !ok || !divides(m, query) {
		return nil, errDimension
	}
	cells, place := []figure.Cell{}, map[string]int{}
	for _, part := range stretches(period(p, query)) {
		err := sums(ctx, q, query.Program, m.Name, part, query.By, query.Where, func(key []string, t tallySum) {
			at := strings.Join(key, "\x00")
			i, ok := place[at]
			if !ok {
				i = len(cells)
				place[at] = i
				cells = append(cells, figure.Cell{Key: key})
			}
			cells[i].Value, cells[i].Rows, cells[i].Unproven = cells[i].Value+t.amount, cells[i].Rows+t.facts, cells[i].Unproven+t.unproven
		})
		if err != nil {
			return nil, err
		}
	}
	cells = slices.DeleteFunc(cells, func(c figure.Cell) bool { return c.Rows == 0 && c.Unproven == 0 })
	slices.SortFunc(cells, func(a, b figure.Cell) int { return slices.Compare(a.Key, b.Key) })
	return cells, nil
}

// The earliest and the last day that a period can name.
const (
	beginning = Day(18000101)
	end       = Day(30000101)
)

// period is the days of a question, in the program's zone.
func period(p *program.Program, q figure.Query) (low, high Day) {
	low, high = beginning, end
	if !q.From.IsZero() {
		low = max(low, dayOf(q.From.In(p.Zone)))
	}
	if !q.To.IsZero() {
		high = min(high, dayOf(q.To.In(p.Zone)))
	}
	return low, high
}

// stretches cuts a period into whole years, whole months and days.
func stretches(low, high Day) []part {
	if low >= high {
		return nil
	}
	firstYear, lastYear := int64(low)/10000, int64(high)/10000
	if low%10000 != 101 {
		firstYear++
	}
	if firstYear >= lastYear {
		return months(low, high)
	}
	parts := months(low, Day(firstYear*10000+101))
	parts = append(parts, part{low: firstYear, high: lastYear, yearOnly: true})
	return append(parts, months(Day(lastYear*10000+101), high)...)
}

func months(low, high Day) []part {
	if low >= high {
		return nil
	}
	first, last := int64(low)/100, int64(high)/100
	if low%100 != 1 {
		if first++; first%100 == 13 {
			first += 88
		}
	}
	if first >= last {
		return days(low, high)
	}
	parts := days(low, Day(first*100+1))
	parts = append(parts, part{low: first, high: last})
	return append(parts, days(Day(last*100+1), high)...)
}

func days(low, high Day) []part {
	if low >= high {
		return nil
	}
	return []part{{days: true, low: int64(low), high: int64(high)}}
}

// rows lists what a cell counts, each with the page of its case.
func (s *Service) rows(ctx context.Context, q store.Reader, m figure.Measure, query figure.Query, after string, limit int) ([]figure.Row, string, error) {
	p, ok := s.Programs.Program(query.Program)
	if !ok || !divides(m, query) || limit < 1 {
		return nil, "", errDimension
	}
	var at fact
	var day int64
	if err := web.DecodeCursor(after, &day, &at.matter, &at.part); err != nil {
		return nil, "", err
	}
	at.day = Day(day)
	if after == "" {
		at.part = -1
	}
	low, high := period(p, query)
	facts, dockets, err := factsIn(ctx, q, query.Program, m.Name, low, high, query.Where, at, limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(facts) > limit {
		facts = facts[:limit]
		last := facts[limit-1]
		next = web.EncodeCursor(int64(last.day), last.matter, last.part)
	}
	out := make([]figure.Row, len(facts))
	for i, f := range facts {
		out[i] = figure.Row{ID: fmt.Sprintf("%s-%d", f.matter, f.part), Date: f.day.In(p.Zone), What: s.what(p, f, dockets[i]), Link: casePath(f.matter), Value: f.amount}
	}
	return out, next, nil
}

// what says a row in words. A defendant is a number.
func (s *Service) what(p *program.Program, f fact, docket string) string {
	about := map[string]string{
		mIndictments: "charged", mConvictions: "convicted", mSentences: "sentenced", mExtraditions: "extradition", mForfeiture: "property", mOrdered: "order",
		mPaid: "payment", mUnasked: "trafficking charged and no restitution asked for",
	}[f.measure]
	text := "Case " + docket
	switch f.measure {
	case mIndictments, mConvictions, mSentences, mExtraditions:
		text += fmt.Sprintf(", defendant %d: %s", f.part, about)
	case mUnasked:
		text += ": " + about
	default:
		text += fmt.Sprintf(", %s %d", about, f.part)
	}
	if st, ok := p.Statute(f.statute); ok {
		text += ", " + st.Citation
	}
	if f.class != "" {
		text += ", " + strings.ReplaceAll(f.class, "_", " ")
	}
	if !f.proven {
		text += " (not confirmed)"
	}
	return text
}

// zoneOf is where a program's dates are dates.
func (s *Service) zoneOf(programID string) *time.Location {
	if p, ok := s.Programs.Program(programID); ok {
		return p.Zone
	}
	return time.UTC
}
