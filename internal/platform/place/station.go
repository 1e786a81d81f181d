// SPDX-License-Identifier: Apache-2.0

package place

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
)

//go:embed data/stations.csv
var stationsCSV string

// Station is a stop of passenger trains in the United States.
type Station struct {
	Code     string // "JAN", three letters that no other station has
	Name     string // "Jackson"
	Building string // what the building is called, "Union Station"; mostly ""
	City     string
	State    string  // "MS"
	County   string  // FIPS code, "28049"; "" where the list and the county shapes do not tell for certain
	Kind     string  // "building" (has a waiting room), "shelter", "platform" or "curbside"
	Lat, Lon float64 // degrees
}

// Label is the station's name as people say it.
func (s Station) Label() string {
	if s.Building == "" {
		return s.Name
	}
	return s.Name + ", " + s.Building
}

// stations are read on first use, apart from states and counties, which every
// page needs and this list only few.
var stations = sync.OnceValue(func() []Station {
	list, err := readStations(stationsCSV)
	if err != nil {
		panic("place: embedded data: " + err.Error()) // a broken build, as in atlas
	}
	return list
})

func readStations(text string) ([]Station, error) {
	rows, err := rowsOf(text, "code,name,station,city,state,county,building,latitude,longitude")
	if err != nil {
		return nil, fmt.Errorf("reading stations: %w", err)
	}
	out := make([]Station, 0, len(rows))
	for _, row := range rows {
		s := Station{Code: row[0], Name: row[1], Building: row[2], City: row[3], State: row[4], County: row[5], Kind: row[6]}
		var wrong [2]error
		s.Lat, wrong[0] = strconv.ParseFloat(row[7], 64)
		s.Lon, wrong[1] = strconv.ParseFloat(row[8], 64)
		if err := errors.Join(wrong[:]...); err != nil {
			return nil, fmt.Errorf("reading stations: %s: %w", s.Code, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// Stations lists the stations of passenger trains by state and code: 531 in 46
// states and the District of Columbia, as the federal list had them in 2022.
func Stations() []Station { return slices.Clone(stations()) }
