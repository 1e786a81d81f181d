// SPDX-License-Identifier: Apache-2.0

package court

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"sync"

	"waylight/internal/platform/place"
)

// The federal judicial districts: codes of NIEM 6.0, code list ucr (NIEMOpen, CC BY 4.0); the state of each was added.
//
//go:embed districts.csv
var districtsCSV string

// District is a federal judicial district.
type District struct{ Code, State, Name string }

var districts = sync.OnceValues(func() ([]District, error) {
	rows, err := csv.NewReader(strings.NewReader(districtsCSV)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading the judicial districts: %w", err)
	}
	list := make([]District, 0, len(rows))
	for _, r := range rows[1:] {
		list = append(list, District{r[0], r[1], r[2]})
	}
	return list, nil
})

func districtOf(code string) (District, bool) {
	list, _ := districts() // New read it once and failed if it could not
	i := slices.IndexFunc(list, func(d District) bool { return d.Code == code })
	if i < 0 {
		return District{}, false
	}
	return list[i], true
}

// The courts. All but the federal one are of the program's own state, and of a county.
const (
	Federal  = "federal"
	Circuit  = "circuit"
	County   = "county"
	Youth    = "youth"
	stateOwn = "state" // the district of a state court, in figures
)

// Forums lists the kinds of court.
func Forums() []string { return []string{Federal, Circuit, County, Youth} }

// courtName says in words which court it is.
func courtName(forum, district string) string {
	if forum == Federal {
		d, _ := districtOf(district)
		return d.Name
	}
	c, _ := place.CountyByFIPS(district)
	kind := map[string]string{Circuit: "Circuit Court", County: "County Court", Youth: "Youth Court"}[forum]
	return kind + ", " + c.Name + ", " + c.State().Code
}
