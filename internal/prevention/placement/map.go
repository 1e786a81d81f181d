// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"math"
	"strings"

	"waylight/internal/platform/place"
)

// countyMap is a state drawn from the outlines of its counties.
type countyMap struct {
	Width, Height int
	Counties      []mapCounty
}

// mapCounty is a county of the map: its path, how it is filled, what is drawn over that
// where something is due to be looked at, and what it says.
type mapCounty struct{ FIPS, D, Fill, Over, Title string }

// A map is drawn as large as fits into this.
const (
	mapWidth  = 640
	mapHeight = 620
	mapEdge   = 4
)

// drawMap draws a state with what its counties have, nil for one without outlines. The
// classes differ by pattern and not by color alone, and each county says what it has.
func drawMap(stateCode string, list []CountyCover) *countyMap {
	outlines := place.Shapes(stateCode)
	if len(outlines) == 0 {
		return nil
	}
	has := map[string]CountyCover{}
	for _, c := range list {
		has[c.County] = c
	}
	to, width, height := projection(outlines)
	m := &countyMap{Width: width, Height: height}
	for _, o := range outlines {
		c := has[o.County.FIPS]
		at := mapCounty{FIPS: o.County.FIPS, D: drawn(o, to), Fill: "url(#fill-" + c.share() + ")", Title: o.County.Name + ": " + c.say()}
		if due := c.overdue(); due != "" {
			at.Over = "url(#due-" + due + ")"
		}
		m.Counties = append(m.Counties, at)
	}
	return m
}

// say is what the map says of a county.
func (c CountyCover) say() string {
	text := "no place that needs a sheet"
	if c.Needs > 0 {
		text = fmt.Sprintf("%d of %d spots have their sheet", c.Full, c.Needs)
	}
	if c.Due > 0 {
		text += fmt.Sprintf("; %d of %d sheets that hang are due to be looked at", c.Due, c.Up)
	}
	return text
}

// projection puts degrees on the map: as wide as they are in the middle of the state.
func projection(outlines []place.Outline) (to func(place.Point) (x, y float64), width, height int) {
	south, west, north, east := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, o := range outlines {
		for _, ring := range o.Rings {
			for _, p := range ring {
				south, west, north, east = min(south, p.Lat), min(west, p.Lon), max(north, p.Lat), max(east, p.Lon)
			}
		}
	}
	narrow := math.Cos((south + north) / 2 * math.Pi / 180)
	scale := min((mapWidth-2*mapEdge)/((east-west)*narrow), (mapHeight-2*mapEdge)/(north-south))
	to = func(p place.Point) (float64, float64) {
		return mapEdge + (p.Lon-west)*narrow*scale, mapEdge + (north-p.Lat)*scale
	}
	size := func(degrees float64) int { return int(math.Ceil(degrees*scale)) + 2*mapEdge }
	return to, size((east - west) * narrow), size(north - south)
}

// drawn is an outline in the words of SVG, to a tenth of a unit, without points that
// would be drawn over the one before.
func drawn(o place.Outline, to func(place.Point) (x, y float64)) string {
	var b strings.Builder
	for _, ring := range o.Rings {
		last := [2]int{math.MinInt, 0}
		for i, p := range ring {
			x, y := to(p)
			at := [2]int{int(math.Round(x * 10)), int(math.Round(y * 10))}
			if at == last {
				continue
			}
			last = at
			letter := byte('L')
			if i == 0 {
				letter = 'M'
			}
			b.WriteByte(letter)
			tenth(&b, at[0])
			b.WriteByte(' ')
			tenth(&b, at[1])
		}
		b.WriteByte('Z')
	}
	return b.String()
}

func tenth(b *strings.Builder, n int) {
	fmt.Fprintf(b, "%d", n/10)
	if n%10 != 0 {
		fmt.Fprintf(b, ".%d", n%10)
	}
}
