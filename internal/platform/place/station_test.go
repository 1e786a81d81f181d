// SPDX-License-Identifier: Apache-2.0

package place_test

import (
	"slices"
	"testing"

	"waylight/internal/platform/place"
)

// The list is whole: the counts are those of the federal list, and each station
// stands in its state, and in a county of it or in none that is known.
func TestStations(t *testing.T) {
	t.Parallel()
	list := place.Stations()
	states, kinds, codes, nowhere := map[string]int{}, map[string]int{}, map[string]bool{}, 0
	for _, s := range list {
		states[s.State]++
		kinds[s.Kind]++
		if codes[s.Code] || len(s.Code) != 3 || s.Name == "" || s.City == "" {
			t.Errorf("%+v: want a code of its own, a name and a city", s)
		}
		codes[s.Code] = true
		if _, ok := place.StateByCode(s.State); !ok {
			t.Errorf("%s: there is no state %q", s.Code, s.State)
		}
		county, ok := place.CountyByFIPS(s.County)
		switch {
		case s.County == "":
			nowhere++
		case !ok || county.State().Code != s.State:
			t.Errorf("%s: the county %q is not one of %s", s.Code, s.County, s.State)
		}
		if s.Lat < 24 || s.Lat > 65 || s.Lon < -151 || s.Lon > -66 {
			t.Errorf("%s: lies at %v, %v", s.Code, s.Lat, s.Lon)
		}
	}
	if len(list) != 531 || len(states) != 47 || states["MS"] != 11 || nowhere != 27 {
		t.Errorf("%d stations, %d states, %d in Mississippi, %d without a county; want 531, 47, 11, 27", len(list), len(states), states["MS"], nowhere)
	}
	if kinds["building"] != 382 || kinds["shelter"] != 108 || kinds["platform"] != 39 || kinds["curbside"] != 2 {
		t.Errorf("kinds = %v", kinds)
	}
	i := slices.IndexFunc(list, func(s place.Station) bool { return s.Code == "MEI" })
	if i < 0 || list[i].Label() != "Meridian, Union Station" || list[i].County != "28075" {
		t.Errorf("Meridian = %+v", list[max(i, 0)])
	}
	list[0].Name = "changed"
	if place.Stations()[0].Name == "changed" {
		t.Error("a caller can change the list")
	}
}
