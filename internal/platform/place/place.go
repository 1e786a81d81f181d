// SPDX-License-Identifier: Apache-2.0

// Package place knows where things are in the United States: the fifty states,
// the District of Columbia, the territories, and their counties with FIPS codes.
//
// It promises three things. A county is named only together with its state, and
// by its FIPS code, because county names repeat (there is a DeSoto County in
// Florida and another in Mississippi, and a report sent to the wrong one reaches
// nobody). Every Place has exactly one spelling, so it can be compared, stored
// and counted as text. And what is not known for certain is not guessed: a name
// that could be two places is no place until a person chooses.
//
// Counties are those of the NIEM 6.0 code list: Connecticut has its nine planning
// regions, Virginia its independent cities, Puerto Rico its municipios. American
// Samoa, Guam, the Northern Marianas and the Virgin Islands are in the list as
// states are, but without counties. Nothing here knows what a report is.
package place

import "slices"

// State is a state, the District of Columbia or a territory.
type State struct {
	FIPS string // "28"
	Code string // "MS", the postal code
	Name string // "Mississippi"
	Kind string // "state", "district" or "territory"
	Zone string // IANA time zone of the capital, "America/Chicago"
}

// County is a county or what takes its place: parish, borough, census area,
// independent city, planning region, municipio.
type County struct {
	FIPS      string // "28033"
	Name      string // "DeSoto County", as the code list has it
	StateFIPS string // "28"
}

// States lists the states, the District of Columbia and the territories by name.
func States() []State { return slices.Clone(atlas().states) }

// StateByCode finds a state by its postal code in capitals.
func StateByCode(code string) (State, bool) {
	s, ok := atlas().byCode[code]
	return s, ok
}

// Counties lists a state's counties by name; empty for a territory that has none.
func Counties(stateCode string) []County { return slices.Clone(atlas().counties[stateCode]) }

// CountyByFIPS finds a county by its five digits.
func CountyByFIPS(fips string) (County, bool) {
	c, ok := atlas().byFIPS[fips]
	return c, ok
}

// Neighbors lists the codes of the states that share a land or river border with
// this one. States that touch in a point only, or across open water, do not count.
func Neighbors(stateCode string) []string { return slices.Clone(atlas().neighbors[stateCode]) }

// State is the state or territory the county lies in.
func (c County) State() State { return atlas().byStateFIPS[c.StateFIPS] }
