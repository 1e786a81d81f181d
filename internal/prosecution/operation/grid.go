// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"math"
	"strconv"
	"time"
)

// What is near. They are part of what two agencies rely on: changing one needs docs/operations-and-surges.md changed with it.
const (
	// apart is how far from each other two places are never a conflict, measured between their edges.
	apart = 2_000 // meters
	// between is how long after the end of one operation another may begin without a conflict.
	between = 4 * time.Hour
	// maxRadius is how wide an operation around a point can be. A wider one names its counties.
	maxRadius = 25_000 // meters
	// longest is how long one operation can take. What takes longer is several, or a surge.
	longest = 31 * 24 * time.Hour
	// maxCells bounds what one plan writes into the index.
	maxCells = 4_000
)

// How coarse the comparison is. Points are moved to the middle of a square of this size and times to full hours, outward, before anything is compared: whoever moves a
// plan about to find another one learns the square and the hour, never the address and the minute.
const (
	square = 0.05 // degrees, some five kilometers
	// moved is how far a point in such a square can be from its middle, at the equator, where it is farthest.
	moved = 4_000 // meters
	hour  = int64(time.Hour / time.Microsecond)
	day   = 24 * hour
	// cell is the size of the cells of the index; it has nothing to do with what is near.
	cell  = 0.25 // degrees
	cells = int(360 / cell)
)

// earth is the mean radius in meters.
const earth = 6_371_000

// Point is a place on the map, in degrees.
type Point struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// reach is where and when an operation acts, as it is compared: rounded outward.
type reach struct {
	lead     string
	from, to int64 // microseconds, full hours
	areas    []string
	point    bool
	lat, lon float64
	meters   float64 // around the middle of the square
}

// reachOf rounds a plan.
func reachOf(lead string, p Plan) reach {
	half := int64(between/time.Microsecond) / 2
	r := reach{lead: lead, from: floor(p.From.UnixMicro()-half, hour) * hour, to: -floor(-(p.To.UnixMicro()+half), hour) * hour}
	for _, a := range p.Areas {
		r.areas = append(r.areas, a.String())
	}
	if p.Point != nil {
		r.point = true
		r.lat, r.lon = middle(p.Point.Lat), middle(p.Point.Lon)
		r.meters = math.Ceil(float64(p.Radius)/1000)*1000 + apart/2 + moved
	}
	return r
}

// middle is the middle of the square that a coordinate is in.
func middle(degrees float64) float64 { return (math.Floor(degrees/square) + 0.5) * square }

// floor divides and rounds down, below zero too.
func floor(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

// near says whether two operations come near each other. Those that both name a point are compared by it; otherwise a county that both are in decides, which the caller
// knows: who shares a cell with one that has no point shares a county. It is the same from both sides.
func (r reach) near(other reach, area bool) bool {
	if r.from >= other.to || other.from >= r.to {
		return false
	}
	if r.point && other.point {
		return distance(r.lat, r.lon, other.lat, other.lon) <= r.meters+other.meters
	}
	return area
}

// distance is along the surface, in meters.
func distance(lat1, lon1, lat2, lon2 float64) float64 {
	const rad = math.Pi / 180
	dLat, dLon := (lat2-lat1)*rad/2, (lon2-lon1)*rad/2
	a := math.Sin(dLat)*math.Sin(dLat) + math.Cos(lat1*rad)*math.Cos(lat2*rad)*math.Sin(dLon)*math.Sin(dLon)
	return 2 * earth * math.Asin(math.Sqrt(min(a, 1)))
}

// cells names every cell of the index that the operation reaches into, for each day: its counties, and the part of the map around its point. Two operations that are near
// share one of them.
func (r reach) cells() []string {
	var places []string
	for _, a := range r.areas {
		places = append(places, "a"+a)
	}
	if r.point {
		places = append(places, r.squares()...)
	}
	first, last := floor(r.from, day), floor(r.to-1, day)
	out := make([]string, 0, len(places)*int(last-first+1))
	for d := first; d <= last; d++ {
		suffix := "/" + strconv.FormatInt(d, 10)
		for _, p := range places {
			out = append(out, p+suffix)
		}
	}
	return out
}

// squares are the cells of the map that the circle can touch. They go around the earth: what lies on both sides of the 180th meridian meets.
func (r reach) squares() []string {
	const deg = 180 / math.Pi
	angle := r.meters / earth
	high := angle * deg
	wide := 180.0
	if c := math.Cos(r.lat / deg); c > math.Sin(angle) {
		wide = math.Asin(math.Sin(angle)/c) * deg
	}
	var out []string
	for y := int(math.Floor((r.lat - high) / cell)); y <= int(math.Floor((r.lat+high)/cell)); y++ {
		from, to := int(math.Floor((r.lon-wide)/cell)), int(math.Floor((r.lon+wide)/cell))
		for x := from; x <= min(to, from+cells-1); x++ {
			out = append(out, "g"+strconv.Itoa(y)+","+strconv.Itoa((x%cells+cells)%cells))
		}
	}
	return out
}
