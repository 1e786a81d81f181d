// SPDX-License-Identifier: Apache-2.0

package place_test

import (
	"math"
	"testing"

	"waylight/internal/platform/place"
)

// fallsChurch, two square miles, is a line on the grid of the outlines: what stands
// there is found to lie in Fairfax County or in Arlington, unless its county is named.
const fallsChurch = "51610"

// Every county has an outline, and a point in the middle of a wide part of it is
// found to lie in that county and in no other.
func TestEveryCountyHasAnOutline(t *testing.T) {
	t.Parallel()
	found, counties := 0, 0
	for _, s := range place.States() {
		all := place.Counties(s.Code)
		if list := place.Shapes(s.Code); len(list) != len(all) {
			t.Errorf("%s has %d outlines of %d counties", s.Code, len(list), len(all))
		}
		for _, c := range all {
			o, ok := place.Shape(c.FIPS)
			if !ok || o.County != c || len(o.Rings) == 0 {
				t.Fatalf("%s, %s: %v, %v", c.Name, s.Code, o.County, ok)
			}
			for _, ring := range o.Rings {
				if len(ring) < 3 && c.FIPS != fallsChurch {
					t.Errorf("%s, %s: a ring of %d points", c.Name, s.Code, len(ring))
				}
			}
			if c.FIPS == fallsChurch {
				continue
			}
			counties++
			p := inside(o)
			got, ok := place.CountyAt(p.Lat, wrap(p.Lon))
			if ok && got == c && o.Away(p.Lat, wrap(p.Lon)) == 0 {
				found++
			}
		}
	}
	if found != counties || counties != 3221 {
		t.Errorf("a point of each of %d counties was found in %d", counties, found)
	}
}

func wrap(lon float64) float64 {
	if lon < -180 {
		return lon + 360
	}
	return lon
}

// inside is a point in the middle of the widest part of the outline at the height
// of the middle of its largest ring.
func inside(o place.Outline) place.Point {
	var largest []place.Point
	for _, r := range o.Rings {
		if len(r) > len(largest) {
			largest = r
		}
	}
	south, north := math.Inf(1), math.Inf(-1)
	for _, p := range largest {
		south, north = min(south, p.Lat), max(north, p.Lat)
	}
	lat := south + (north-south)*0.5001
	var cuts []float64
	for _, ring := range o.Rings {
		for i, a := range ring {
			b := ring[(i+1)%len(ring)]
			if (a.Lat > lat) != (b.Lat > lat) {
				cuts = append(cuts, a.Lon+(b.Lon-a.Lon)*(lat-a.Lat)/(b.Lat-a.Lat))
			}
		}
	}
	best, at := 0.0, place.Point{Lat: lat}
	for _, a := range cuts { // few enough to try every pair of neighbors
		next, crossed := math.Inf(1), 0
		for _, b := range cuts {
			if b > a {
				next = min(next, b)
			} else if b <= a {
				crossed++
			}
		}
		if crossed%2 == 1 && next-a > best && !math.IsInf(next, 1) {
			best, at.Lon = next-a, (a+next)/2
		}
	}
	return at
}

func TestCountyAt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what     string
		lat, lon float64
		want     string
	}{
		{"the capitol in Jackson, Mississippi", 32.3038, -90.1823, "28049"},
		{"Hernando, Mississippi", 34.8240, -89.9937, "28033"},
		{"Hartford, in Connecticut's Capitol planning region", 41.7658, -72.6734, "09110"},
		{"Valdez, in an Alaskan census area of 2019", 61.1308, -146.3483, "02063"},
		{"Attu, beyond the 180th meridian", 52.9, 172.9, "02016"},
		{"the District of Columbia", 38.8977, -77.0365, "11001"},
		{"San Juan, Puerto Rico", 18.4655, -66.1057, "72127"},
		{"Honolulu", 21.3069, -157.8583, "15003"},
		{"Carson City", 39.1638, -119.7674, "32510"},
		{"Fairfax City, within Fairfax County", 38.8462, -77.3064, "51600"},
		{"a pier at Gulfport", 30.355, -89.085, "28047"},
		{"the middle of the Gulf", 26, -90, ""},
		{"Toronto", 43.7, -79.4, ""},
		{"Greenwich", 51.5, 0, ""},
		{"nowhere", 91, 0, ""},
		{"nowhere", math.NaN(), math.NaN(), ""},
		{"nowhere", 32, math.Inf(-1), ""},
	} {
		got, ok := place.CountyAt(c.lat, c.lon)
		if got.FIPS != c.want || ok != (c.want != "") {
			t.Errorf("%s: %v, %v; want %q", c.what, got, ok, c.want)
		}
	}
	if got, ok := place.CountyIn("LA", 32.3038, -90.1823); ok {
		t.Errorf("Jackson, Mississippi lies in %v of Louisiana", got)
	}
	if got, ok := place.CountyIn("MS", 32.3038, -90.1823); !ok || got.FIPS != "28049" {
		t.Errorf("Jackson, Mississippi: %v", got)
	}
	hinds, _ := place.Shape("28049")
	if away := hinds.Away(34.8240, -89.9937); away < 200 || away > 300 {
		t.Errorf("Hernando is %.0f km from Hinds County", away)
	}
	if _, ok := place.Shape("28999"); ok {
		t.Error("a county that is not there has an outline")
	}
}

// The county that the list of stations names is the one that the outlines give; the
// stations for which it names none lie in one by the outlines.
func TestStationsLieInTheirCounties(t *testing.T) {
	t.Parallel()
	for _, s := range place.Stations() {
		got, ok := place.CountyIn(s.State, s.Lat, s.Lon)
		if !ok || s.County != "" && got.FIPS != s.County {
			t.Errorf("%s, %s: %v, %v; the list says %s", s.Code, s.State, got, ok, s.County)
		}
	}
}
