// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"cmp"
	_ "embed"
	"encoding/csv"
	"slices"
	"strings"
	"sync"
)

// The federal judicial districts, from the code list "ucr" of NIEM 6.0, (c) NIEMOpen, licensed under CC BY 4.0.
//
//go:embed data/districts.csv
var districtsCSV string

// District is a federal judicial district.
type District struct{ Code, Name string }

// districts finds a district by its code. The file is part of the program and read whole by a test.
var districts = sync.OnceValue(func() map[string]District {
	out := map[string]District{}
	rows, err := csv.NewReader(strings.NewReader(districtsCSV)).ReadAll()
	if err != nil || len(rows) == 0 {
		return out
	}
	for _, row := range rows[1:] {
		out[row[0]] = District{row[0], title(row[1])}
	}
	return out
})

// title writes "NORTHERN MISSISSIPPI" as a name is written.
func title(name string) string {
	words := strings.Fields(strings.ToLower(name))
	for i, w := range words {
		if i > 0 && (w == "of" || w == "the") {
			continue
		}
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

// Districts lists them by name.
func Districts() []District {
	var out []District
	for _, d := range districts() {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b District) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
