// SPDX-License-Identifier: Apache-2.0

package court

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// Country is a country that can be asked to extradite.
type Country struct{ Code, Name string }

// The list has the codes of ISO 3166-1 but the United States, with the names that
// Unicode's CLDR gives them in English. A test holds it against the library that it is
// from: that one brings the names in every language of the world, 2.3 MB of them. Codes
// of countries that are no more have no name there and are left out.
//
//go:embed data/countries.csv
var countriesCSV string

// named are the countries by code, read on first use.
var named = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for i, line := range strings.Split(strings.TrimSpace(countriesCSV), "\n") {
		if code, name, ok := strings.Cut(line, ","); ok && i > 0 {
			out[code] = strings.Trim(name, `"`)
		}
	}
	return out
})

func isCountry(code string) bool { return named()[code] != "" }

func countryName(code string) string {
	if name := named()[code]; name != "" {
		return name
	}
	return code
}

// countries lists all of them by name.
func countries() []Country {
	var list []Country
	for code, name := range named() {
		list = append(list, Country{code, name})
	}
	slices.SortFunc(list, func(x, y Country) int { return strings.Compare(x.Name, y.Name) })
	return list
}
