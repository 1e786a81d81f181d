// SPDX-License-Identifier: Apache-2.0

package place

import (
	"errors"
	"strings"
)

// Why a text is not a place. They carry nothing of what was typed: it may come
// from a reporter.
var (
	ErrForm    = errors.New(`not a place: want "", a state code such as "MS", or a state and county such as "MS-28033"`)
	ErrUnknown = errors.New("no such state, or no such county in that state")
)

// Place is a state, a county in a state, or (the zero value) nowhere known.
type Place struct {
	State  string // "MS", or "" when not known
	County string // "28033", or "" when not known
}

// ParsePlace reads "MS-28033", "MS" or "". Only places that exist parse, and only
// in their one spelling, so ParsePlace(s).String() == s.
func ParsePlace(s string) (Place, error) {
	if s == "" {
		return Place{}, nil
	}
	code, fips, withCounty := strings.Cut(s, "-")
	if !isCode(code) || withCounty && !isFIPS(fips) {
		return Place{}, ErrForm
	}
	state, ok := StateByCode(code)
	if !ok {
		return Place{}, ErrUnknown
	}
	if !withCounty {
		return Place{State: code}, nil
	}
	county, ok := CountyByFIPS(fips)
	if !ok || county.StateFIPS != state.FIPS {
		return Place{}, ErrUnknown
	}
	return Place{State: code, County: fips}, nil
}

// String is the one spelling of the place: "MS-28033", "MS" or "".
func (p Place) String() string {
	if p.County == "" {
		return p.State
	}
	return p.State + "-" + p.County
}

// IsZero says whether nothing is known of the place.
func (p Place) IsZero() bool { return p == Place{} }

// Name is the place for people to read: "DeSoto County, Mississippi",
// "Mississippi", or "" when nothing is known. The District of Columbia, which is
// its own only county, is named once.
func (p Place) Name() string {
	state, _ := StateByCode(p.State)
	county, ok := CountyByFIPS(p.County)
	if !ok || county.Name == state.Name {
		return state.Name
	}
	return county.Name + ", " + state.Name
}

// MarshalText writes the place's one spelling, so that JSON holds "MS-28033".
func (p Place) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePlace.
func (p *Place) UnmarshalText(text []byte) error {
	parsed, err := ParsePlace(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}

func isCode(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}

func isFIPS(s string) bool {
	return len(s) == 5 && strings.Trim(s, "0123456789") == ""
}
