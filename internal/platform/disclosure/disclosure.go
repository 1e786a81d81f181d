// SPDX-License-Identifier: Apache-2.0

// Package disclosure decides what of a table about people may be published, and
// attacks what was published as somebody would who wants to find a person in it.
//
// [Protect] takes tables as they were counted and gives tables for the public.
// It promises:
//
//   - No count from 1 to Min-1 is shown, and no zero where the rule says that
//     zeros tell something too. What is hidden is marked as hidden; nothing is
//     left out, changed or guessed. Small counts and those that are hidden to
//     protect them carry the same mark.
//   - For every hidden cell that could be a small count there are two worlds, in
//     whole numbers, that agree with everything published, in all tables and
//     earlier releases that were handed in, and differ in that cell by Width or
//     more. Such a pair is found and added up again for every cell; where none
//     is found the table is not published.
//   - Whatever is left of a total after all that is shown is zero or at least Min.
//   - A count that an earlier edition showed, and that moved since by 1 to Min-1
//     people, is hidden, and cannot be told closely either.
//   - As few cells as possible are hidden, and of these the smallest, when the
//     answer says [Optimal]. Otherwise it says [Heuristic]: as safe, not as sparing.
//
// [Audit] needs only what was published. It names every cell whose count can be
// told too closely, the bounds, and the tables they follow from; so anybody can
// run it on published files ([Read]).
//
// It is pure: no clock, no chance, no files. The same tables give the same answer.
// docs/disclosure.md says what it does not protect against.
package disclosure

// Rule says what is too small to be shown.
type Rule struct {
	// Min is the smallest count of people that is shown; 0 is 11.
	Min int64 `json:"min"`
	// Width is how far apart the smallest and the largest possible value of a
	// protected cell must be, at least, for somebody who knows all that is
	// published. 0 is (Min-1)/2: with 11, six values remain possible.
	Width int64 `json:"width"`
	// Zeros says that a zero tells something about people too (that nobody of a
	// group came). It is then hidden as small counts are, unless it is structural.
	Zeros bool `json:"zeros,omitempty"`
	// Base rounds what is shown to its multiples; 0 and 1 are none. At most Min.
	Base int64 `json:"base,omitempty"`
}

// Whole stands in a key where a cell is not divided by that dimension: its total.
const Whole = ""

// Dimension is something by which a table is divided. A dimension of time has
// values with From and To. Its name and those of its values mean the same in all
// tables that are audited together.
type Dimension struct {
	Name   string  `json:"name"`
	Values []Value `json:"values"`
	// Open says that there are people under none of the values, so that the whole
	// may be more than their sum. Otherwise the values add up to the whole.
	Open bool `json:"open,omitempty"`
}

// Value is one value of a dimension.
type Value struct {
	Name string `json:"name"`
	// Of names the values whose sum it is: a region its counties.
	Of []string `json:"of,omitempty"`
	// From and To are the days of a period, as 2006-01-02, To not included.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Counts is a table as it was counted. It is exact and not for the public.
type Counts struct {
	Name       string // what findings call it: a release and a table's title
	Edition    int    // number of the release; counts of one edition were taken at one time
	Measure    string
	From, To   string // the period, as days, To not included; both empty: none
	Dimensions []Dimension
	// Margins are the sets of dimensions, by name, by which the table is divided
	// when published. An empty set is the total of all. nil is every set.
	Margins [][]string
	// Cells need only be those of the finest division, by values that are no sums;
	// one that is missing is zero. Sums may be given too, and must be right.
	Cells []Count
}

// Count is one counted cell.
type Count struct {
	Key   []string // a value or Whole for each dimension
	Value int64
	// Structural says of a zero that it cannot be anything else, as everybody
	// knows: no station, no such arrest. It is shown.
	Structural bool
	Qualifier  string // as package figure has it, "" for exact
	// Unsaid says that the count is not published, and not because it is small: nothing
	// is told of it, and it stands in no table.
	Unsaid bool
}

// Table is a table as the public gets it.
type Table struct {
	Name       string      `json:"name"`
	Edition    int         `json:"edition,omitempty"`
	Measure    string      `json:"measure"`
	From       string      `json:"from,omitempty"`
	To         string      `json:"to,omitempty"`
	Rule       Rule        `json:"rule"`
	Dimensions []Dimension `json:"dimensions"`
	Cells      []Cell      `json:"cells"`
}

// Cell is one published cell: a count, or the mark that it is hidden.
type Cell struct {
	Key    []string `json:"key"`
	Hidden bool     `json:"hidden,omitempty"`
	Value  int64    `json:"value,omitempty"` // 0 when hidden
	// Base says that Value is the nearest multiple of it, and not the count.
	Base int64 `json:"base,omitempty"`
	// Structural marks a zero that cannot be anything else.
	Structural bool   `json:"structural,omitempty"`
	Qualifier  string `json:"qualifier,omitempty"`
}

// Method says how the hidden cells were chosen.
type Method string

// The methods.
const (
	// Optimal: no valid choice hides fewer cells, and none that hides as few
	// hides less in sum.
	Optimal Method = "optimal"
	// Heuristic: audited in the same way, perhaps not the smallest choice.
	Heuristic Method = "heuristic"
)

// Protected is what [Protect] gives.
type Protected struct {
	Tables  []Table // in the order of the counts
	Method  Method
	Primary int // cells hidden because they are small
	Moved   int // cells hidden because an earlier edition showed a few people more or fewer
	Added   int // cells hidden to protect those
	// AddedTotal is the sum of the added cells. For staff only.
	AddedTotal int64
}

// Kind says what a finding is about.
type Kind string

// The kinds of findings.
const (
	// Pinned: a hidden cell lies within bounds that are too narrow.
	Pinned Kind = "pinned"
	// Derived: a count that nobody published follows from those that were, such
	// as the difference of two periods, and is small.
	Derived Kind = "derived"
	// Remainder: what is left of a total after the cells shown is a small count.
	Remainder Kind = "remainder"
	// Change: a later edition moved a count by a small number of people.
	Change Kind = "change"
	// Unrounded: the exact count behind a rounded one follows from others.
	Unrounded Kind = "unrounded"
	// Shown: a small count stands in the table.
	Shown Kind = "shown"
	// Contradiction: the tables cannot all be right, so that nothing can be said.
	Contradiction Kind = "contradiction"
	// Undecided: no two worlds were found within the limits of the search. It
	// fails as the others do.
	Undecided Kind = "undecided"
)

// Finding is one thing that the published tables tell and must not.
type Finding struct {
	Kind    Kind   `json:"kind"`
	Measure string `json:"measure"`
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	// Where are the cell's coordinates, by name of the dimension.
	Where []Coordinate `json:"where,omitempty"`
	// Low and High are the bounds that follow for the count. High is -1 when
	// there is none.
	Low  int64 `json:"low"`
	High int64 `json:"high"`
	// Tables are the names of the tables from which it follows.
	Tables []string `json:"tables"`
}

// Coordinate is a value of one dimension.
type Coordinate struct {
	Dimension string `json:"dimension"`
	Value     string `json:"value"`
}
