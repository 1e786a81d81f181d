// SPDX-License-Identifier: Apache-2.0

package figure

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"waylight/internal/platform/fault"
)

// Day is how days are written in specifications and documents.
const Day = "2006-01-02"

// maxEntries is the most figures of one table: fifty-two places by twelve months
// with their totals, and some room.
const maxEntries = 1000

// Faults of a table that somebody asks for. Their messages are safe to show.
var (
	ErrMeasure   = fault.New(fault.Invalid, "figure.measure", "Nobody here counts that. Choose one of the listed measures.")
	ErrDimension = fault.New(fault.Invalid, "figure.dimension", "This measure cannot be divided in that way. Choose one of its own divisions, each at most once.")
	ErrWithin    = fault.New(fault.Invalid, "figure.within", "That division is a part of another one. Choose one value of that, such as one state, and divide it.")
	ErrApart     = fault.New(fault.Invalid, "figure.apart", "What this measure counts stands at several steps, and these are not to be added up. Choose one step, and make a table for each that you need.")
	ErrInside    = fault.New(fault.Invalid, "figure.inside", "That division is for staff only. It cannot stand in a table for the public.")
	ErrPeriod    = fault.New(fault.Invalid, "figure.period", "Give the first and the last day of the period, the last not before the first and not more than 20 years after it.")
	ErrTooFine   = fault.New(fault.TooLarge, "figure.too_fine", "That table would have too many figures to be read, or to be safe. Leave out one of the two divisions, choose a longer unit of time, or filter to fewer values.")
)

// Spec says which table is asked for: what is counted, in which period, divided
// how. From and Through are days of the jurisdiction, both within the period.
type Spec struct {
	Measure string            `json:"measure"`
	From    string            `json:"from"`
	Through string            `json:"through"`
	Rows    string            `json:"rows"`    // dimension, or "" for the whole alone
	Columns string            `json:"columns"` // dimension, or ""
	Where   map[string]string `json:"where,omitempty"`
}

// Same says whether two specifications ask for the same table.
func (s Spec) Same(o Spec) bool {
	if s.Measure != o.Measure || s.From != o.From || s.Through != o.Through || s.Rows != o.Rows || s.Columns != o.Columns || len(s.Where) != len(o.Where) {
		return false
	}
	for k, v := range s.Where {
		if o.Where[k] != v {
			return false
		}
	}
	return true
}

// Period gives the instants between which the days of a period lie.
func Period(from, through string, zone *time.Location) (start, end time.Time, err error) {
	first, err1 := time.ParseInLocation(Day, from, zone)
	last, err2 := time.ParseInLocation(Day, through, zone)
	if errors.Join(err1, err2) != nil || last.Before(first) || last.After(first.AddDate(20, 0, 0)) {
		return start, end, ErrPeriod.At("period")
	}
	return first, last.AddDate(0, 0, 1), nil
}

// Check says whether the table can be asked for, by staff or for the public.
func (r *Registry) Check(s Spec, public bool) (Measure, error) {
	m, ok := r.byName[s.Measure]
	if !ok {
		return m, ErrMeasure.At("measure")
	}
	if _, _, err := Period(s.From, s.Through, time.UTC); err != nil {
		return m, err
	}
	if s.Columns != "" && (s.Rows == "" || s.Rows == s.Columns) {
		return m, ErrDimension.At("columns")
	}
	for _, d := range m.Dimensions {
		if public && d.Apart && s.Where[d.Name] == "" {
			return m, ErrApart.At("where")
		}
	}
	for _, name := range []string{s.Rows, s.Columns} {
		if name == "" {
			continue
		}
		if _, twice := s.Where[name]; twice {
			return m, ErrDimension.At("where")
		}
		if err := m.divides(name, public); err != nil {
			return m, err
		}
		if err := m.within(name, s.Where, public); err != nil {
			return m, err
		}
	}
	for name, value := range s.Where {
		d, _ := m.Dimension(name)
		if err := m.divides(name, public); err != nil {
			return m, err
		}
		if err := m.within(name, s.Where, public); err != nil {
			return m, err
		}
		if value == "" || d.Values != nil && !slices.Contains(d.Values, value) {
			return m, ErrDimension.At("where")
		}
	}
	return m, nil
}

// within holds a part of something to be shown for one value of that alone.
func (m Measure) within(name string, where map[string]string, public bool) error {
	d, _ := m.Dimension(name)
	if public && d.Within != "" && where[d.Within] == "" {
		return ErrWithin.At(name)
	}
	return nil
}

func (m Measure) divides(name string, public bool) error {
	d, ok := m.Dimension(name)
	switch {
	case !ok:
		return ErrDimension.At(name)
	case public && d.Inside:
		return ErrInside.At(name)
	}
	return nil
}

// query is what the measure is asked for.
func (s Spec) query(program string, zone *time.Location, by ...string) (Query, error) {
	start, end, err := Period(s.From, s.Through, zone)
	if err != nil {
		return Query{}, err
	}
	q := Query{Program: program, From: start, To: end, Where: s.Where}
	for _, name := range by {
		if name != "" {
			q.By = append(q.By, name)
		}
	}
	return q, nil
}

// Cell asks for the rows behind one entry of the table: row and column are values
// of its dimensions, or "" for a total.
func (s Spec) Cell(program string, zone *time.Location, row, column string) (Query, error) {
	q, err := s.query(program, zone)
	if err != nil {
		return q, err
	}
	q.Where = map[string]string{}
	for k, v := range s.Where {
		q.Where[k] = v
	}
	for name, value := range map[string]string{s.Rows: row, s.Columns: column} {
		if value == "" {
			continue
		}
		if name == "" {
			return q, fault.Wrap(ErrDimension.At("cell"), fmt.Sprintf("the table of %s is not divided", s.Measure))
		}
		q.Where[name] = value
	}
	return q, nil
}
