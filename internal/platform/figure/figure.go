// SPDX-License-Identifier: Apache-2.0

// Package figure turns what rooms count into figures that the public can
// trust: each with its definition, the rows behind it for those who may see
// them, and the place in the custody log at which it was computed.
//
// A room registers measures. A release freezes tables of them. What is about
// people is published only as far as nobody can be found in it.
package figure

import (
	"context"
	"time"

	"waylight/internal/platform/store"
)

// Unit says what a figure counts.
type Unit string

// The units. Amounts are exact whole numbers of the smallest part.
const (
	Persons      Unit = "persons"
	Things       Unit = "things" // operations, weapons, cases, orders ...
	Cents        Unit = "cents"
	Milligrams   Unit = "milligrams"
	Microseconds Unit = "microseconds"
)

// Other is the group of whatever has none. It is shown like every other group
// and never spread over them, so that the groups add up to the whole.
const Other = "other"

// Qualifier says how exactly a figure is known.
type Qualifier string

// The qualifiers, as the announcements have them.
const (
	Exact    Qualifier = ""
	AtLeast  Qualifier = "at_least"
	MoreThan Qualifier = "more_than"
	About    Qualifier = "about"
	CloseTo  Qualifier = "close_to"
)

// And is the qualifier of a sum of two figures: what is only about right makes
// the sum about right, and a lower bound makes it a lower bound. Zero value and
// identity: [Exact].
func (q Qualifier) And(other Qualifier) Qualifier {
	switch {
	case q == other || other == Exact:
		return q
	case q == Exact:
		return other
	case q.lower() && other.lower():
		return AtLeast
	default:
		return About
	}
}

func (q Qualifier) lower() bool { return q == AtLeast || q == MoreThan }

// Measure is something that a room can count. Its words stand in the room's
// catalogs, for the public in every language, under "figure.NAME.": title;
// definition (what is counted, numerator and denominator); dedup (how something
// reported twice is counted once); period (which date puts it into a period).
// The values of a dimension stand under "figure.NAME.DIMENSION.VALUE", the
// dimension itself under "figure.NAME.DIMENSION".
type Measure struct {
	Name string // unique among all rooms; lower case with underscores
	Unit Unit
	// People says that the disclosure rules hold its tables. True for every
	// measure of persons but those who act for an office.
	People     bool
	Dimensions []Dimension
	// Cells counts. It gives a cell for every combination of values of q.By that
	// has something in it; with none, the one cell of the whole, if any.
	Cells func(ctx context.Context, db store.Reader, q Query) ([]Cell, error)
	// Rows lists what a cell counts, page by page, for those who may see it.
	// q.Where names the cell, q.By is empty. The last page gives no next. Nil: nobody
	// drills into it, because what it counts stands behind walls of its own.
	Rows func(ctx context.Context, db store.Reader, q Query, after string, limit int) (rows []Row, next string, err error)
}

// Dimension is something by which a measure can be divided.
type Dimension struct {
	Name string
	// Values is the closed list, in the order of a table; its last is [Other]
	// where a part can have no group. Nil: the values come from the data (an
	// office, a county, a year) and have no words in the catalogs, but Label.
	Values []string
	// Label names a value that comes from the data; nil: the value names itself.
	Label func(program, value string) string
	// Within names the dimension that this one divides further, as a state has its
	// districts. A release shows it for one value of that alone: otherwise what is
	// hidden here could be worked out from a table of the other.
	Within string
	// Apart says that its values are steps of the same thing, such as investigated and
	// charged, which nobody adds: a table for the public shows one of them.
	Apart bool
	// Inside says that staff alone may divide by it, such as by office: no release does.
	Inside bool
}

// Query says what is to be counted.
type Query struct {
	Program  string
	From, To time.Time // half open: days of the jurisdiction, as instants
	By       []string  // dimensions
	Where    map[string]string
}

// Cell is one figure of a table.
type Cell struct {
	Key       []string // the values, in the order of Query.By
	Value     int64    // what is confirmed, each with its evidence
	Rows      int64    // how many rows make it up
	Unproven  int64    // rows reported and not confirmed, or without evidence: not in Value
	Qualifier Qualifier
}

// Row is something that a cell counts, for drilling down. It never names a person.
type Row struct {
	ID    string
	Date  time.Time
	What  string // one line, in plain words
	Link  string // its staff page
	Value int64
}
