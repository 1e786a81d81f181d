// SPDX-License-Identifier: Apache-2.0

package place

import (
	"cmp"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed data/states.csv
var statesCSV string

//go:embed data/counties.csv
var countiesCSV string

// index is both files, read and indexed; never changed once built.
type index struct {
	states      []State
	byCode      map[string]State
	byStateFIPS map[string]State
	neighbors   map[string][]string
	counties    map[string][]County
	byFIPS      map[string]County
	byName      map[named][]County
}

// named is a state's code and a county's folded name, see name.go.
type named struct{ state, name string }

// atlas reads the embedded files on first use (some milliseconds). They are part
// of the program and read whole by the tests, so a fault in them is a broken
// build, not input.
var atlas = sync.OnceValue(func() *index {
	a, err := read(statesCSV, countiesCSV)
	if err != nil {
		panic("place: embedded data: " + err.Error())
	}
	return a
})

func read(states, counties string) (*index, error) {
	a := &index{
		byCode:      map[string]State{},
		byStateFIPS: map[string]State{},
		neighbors:   map[string][]string{},
		counties:    map[string][]County{},
		byFIPS:      map[string]County{},
		byName:      map[named][]County{},
	}
	rows, err := rowsOf(states, "fips,code,name,kind,zone,neighbors")
	if err != nil {
		return nil, fmt.Errorf("reading states: %w", err)
	}
	for _, row := range rows {
		s := State{FIPS: row[0], Code: row[1], Name: row[2], Kind: row[3], Zone: row[4]}
		a.states = append(a.states, s)
		a.byCode[s.Code], a.byStateFIPS[s.FIPS] = s, s
		a.neighbors[s.Code] = strings.Fields(row[5])
	}
	slices.SortFunc(a.states, func(x, y State) int { return cmp.Compare(x.Name, y.Name) })
	rows, err = rowsOf(counties, "state_fips,state,county_fips,county")
	if err != nil {
		return nil, fmt.Errorf("reading counties: %w", err)
	}
	for _, row := range rows {
		c := County{StateFIPS: row[0], FIPS: row[2], Name: row[3]}
		state, ok := a.byStateFIPS[c.StateFIPS]
		if !ok || !strings.HasPrefix(c.FIPS, c.StateFIPS) {
			return nil, fmt.Errorf("reading counties: %s lies in no state", c.FIPS)
		}
		a.add(state, c)
	}
	for _, list := range a.counties {
		slices.SortFunc(list, func(x, y County) int { return cmp.Compare(x.Name, y.Name) })
	}
	return a, nil
}

func (a *index) add(state State, c County) {
	a.counties[state.Code] = append(a.counties[state.Code], c)
	a.byFIPS[c.FIPS] = c
	for _, name := range spellings(c.Name) {
		key := named{state.Code, name}
		a.byName[key] = append(a.byName[key], c)
	}
}

func rowsOf(text, header string) ([][]string, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || strings.Join(rows[0], ",") != header {
		return nil, fmt.Errorf("want the header %s", header)
	}
	return rows[1:], nil
}
