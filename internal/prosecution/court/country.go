// SPDX-License-Identifier: Apache-2.0

package court

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country is a country that can be asked to extradite.
type Country struct{ Code, Name string }

func isCountry(code string) bool {
	r, err := language.ParseRegion(code)
	return err == nil && len(code) == 2 && r.IsCountry() && r.String() == code && code != "US"
}

func countryName(code string) string {
	r, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	return display.English.Regions().Name(r)
}

// countries lists all of them by name.
func countries() []Country {
	var list []Country
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if code := string(a) + string(b); isCountry(code) {
				list = append(list, Country{code, countryName(code)})
			}
		}
	}
	slices.SortFunc(list, func(x, y Country) int { return strings.Compare(x.Name, y.Name) })
	return list
}
