// SPDX-License-Identifier: Apache-2.0

package court

import (
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// The list is whole and its names are those of the library that it was made with.
func TestCountriesAreThoseOfUnicode(t *testing.T) {
	t.Parallel()
	n := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			r, err := language.ParseRegion(code)
			name := "" // those that are no more have none
			if err == nil && r.IsCountry() && r.String() == code && code != "US" {
				name = display.English.Regions().Name(r)
			}
			if isCountry(code) != (name != "") || name != "" && countryName(code) != name {
				t.Errorf("%s: %q, want %q", code, countryName(code), name)
			}
			if name != "" {
				n++
			}
		}
	}
	if len(countries()) != n || n < 240 {
		t.Errorf("%d countries, and %d in the list", n, len(countries()))
	}
}
