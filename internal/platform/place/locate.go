// SPDX-License-Identifier: Apache-2.0

package place

import "math"

// offshore is how far from every outline a point may lie and still be counted to
// the nearest county: the outlines are drawn to some hundred meters, and a pier
// or a bridge stands in the water.
const offshore = 3.0 // kilometers

// CountyAt finds the county of a point by the outlines: the one it lies in, or the
// nearest where it lies in none and one is near. Outlines are drawn to some
// hundred meters, so that what stands that near a border may be in the next
// county: [Outline.Away] says how near.
func CountyAt(lat, lon float64) (County, bool) {
	return countyAt(lat, lon, "")
}

// CountyIn is CountyAt among the counties of one state, for what is known to lie
// in it.
func CountyIn(stateCode string, lat, lon float64) (County, bool) {
	s, ok := StateByCode(stateCode)
	if !ok {
		return County{}, false
	}
	return countyAt(lat, lon, s.FIPS)
}

func countyAt(lat, lon float64, only string) (County, bool) {
	if !onEarth(lat, lon) {
		return County{}, false
	}
	p := west(Point{lat, lon})
	var nearest County
	least := offshore
	for _, s := range atlas().states {
		if only != "" && s.FIPS != only {
			continue
		}
		if b, ok := boundsOf(s.FIPS); !ok || !b.holds(p, 0.05) {
			continue
		}
		for _, o := range outlines().state(s.FIPS) {
			if !o.box.holds(p, 0.05) {
				continue
			}
			if o.holds(p) {
				return o.County, true
			}
			if d := o.edge(p); d < least {
				nearest, least = o.County, d
			}
		}
	}
	return nearest, nearest.FIPS != ""
}

// Away is how far a point lies outside of the county, in kilometers; 0 within it.
func (o Outline) Away(lat, lon float64) float64 {
	p := west(Point{lat, lon})
	if o.holds(p) {
		return 0
	}
	return o.edge(p)
}

func onEarth(lat, lon float64) bool { return lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180 }

// west counts the few places beyond the 180th meridian on from it.
func west(p Point) Point {
	if p.Lon > 0 {
		p.Lon -= 360
	}
	return p
}

func (b box) holds(p Point, margin float64) bool {
	return p.Lat >= b.south-margin && p.Lat <= b.north+margin && p.Lon >= b.west-2*margin && p.Lon <= b.east+2*margin
}

// holds says whether a point lies within an odd number of rings.
func (o Outline) holds(p Point) bool {
	if !o.box.holds(p, 0) {
		return false
	}
	in := false
	for _, ring := range o.Rings {
		for i, a := range ring {
			b := ring[(i+1)%len(ring)]
			if (a.Lat > p.Lat) != (b.Lat > p.Lat) && p.Lon < a.Lon+(b.Lon-a.Lon)*(p.Lat-a.Lat)/(b.Lat-a.Lat) {
				in = !in
			}
		}
	}
	return in
}

// kilometers of a degree of latitude.
const degree = 111.2

// edge is how far a point is from the outline, in kilometers, on a plane: right
// for the few kilometers that anybody asks about.
func (o Outline) edge(p Point) float64 {
	wide := degree * math.Cos(p.Lat*math.Pi/180)
	least := math.Inf(1)
	for _, ring := range o.Rings {
		for i, a := range ring {
			b := ring[(i+1)%len(ring)]
			ax, ay := (a.Lon-p.Lon)*wide, (a.Lat-p.Lat)*degree
			dx, dy := (b.Lon-a.Lon)*wide, (b.Lat-a.Lat)*degree
			t := 0.0
			if long := dx*dx + dy*dy; long > 0 {
				t = min(1, max(0, -(ax*dx+ay*dy)/long))
			}
			least = min(least, math.Hypot(ax+t*dx, ay+t*dy))
		}
	}
	return least
}
