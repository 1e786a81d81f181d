// SPDX-License-Identifier: Apache-2.0

package place

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// CountyByName finds a county by the name a person types, for forms without
// script: case, accents, spaces and punctuation do not matter, the word "County"
// (or Parish, Borough, Municipio ...) may be left out, and "Saint" is "St.".
// A name that fits two counties of the state ("Baltimore" is a city and a county)
// finds none: the person must say which.
func CountyByName(stateCode, name string) (County, bool) {
	found := atlas().byName[named{stateCode, fold(name)}]
	if len(found) != 1 {
		return County{}, false
	}
	return found[0], true
}

// kinds are the words that say what sort of county it is, longest first.
var kinds = []string{
	"Planning Region", "Census Area", "City and Borough", "Municipality",
	"Municipio", "Borough", "County", "Parish", "city",
}

// spellings are the folded names a county answers to: the whole one, and the one
// without its kind.
func spellings(name string) []string {
	all := []string{fold(name)}
	for _, kind := range kinds {
		short, cut := strings.CutSuffix(name, " "+kind)
		if !cut {
			continue
		}
		if folded := fold(short); !slices.Contains(all, folded) {
			all = append(all, folded)
		}
		break
	}
	return all
}

// fold keeps letters and digits, in lower case and without accents.
func fold(name string) string {
	var out strings.Builder
	for _, word := range strings.Fields(norm.NFD.String(name)) {
		bare := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, word)
		switch bare {
		case "saint":
			bare = "st"
		case "sainte":
			bare = "ste"
		}
		out.WriteString(bare)
	}
	return out.String()
}
