// SPDX-License-Identifier: Apache-2.0

package place

import (
	"compress/flate"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
)

//go:embed data/counties.shapes
var shapesData string

// ShapesMagic begins the file of outlines; makeshapes writes it.
const ShapesMagic = "WAYLIGHT-SHAPES-1\n"

// Point is a point on the map, in degrees. In an outline that reaches over the
// 180th meridian, as the Aleutians do, longitudes go on below -180.
type Point struct{ Lat, Lon float64 }

// Outline is a county's outline: rings of points, the last of which is joined to
// the first. What lies within an odd number of them is in the county.
type Outline struct {
	County County
	Rings  [][]Point
	box    box
}

type box struct{ south, west, north, east float64 }

// stateShapes are the outlines of a state, read on first use.
type stateShapes struct {
	bounds box // around all of it, so that a search passes most states by
	packed string
	once   sync.Once
	list   []Outline
	err    error
}

// shapes is the file, divided by state; never changed once built.
type shapes struct {
	scale, origin Point
	states        map[string]*stateShapes // by FIPS
}

// outlines divides the embedded file. It is part of the program and read whole by
// the tests, so a fault in it is a broken build, not input.
var outlines = sync.OnceValue(func() *shapes {
	s, err := divide(shapesData)
	if err != nil {
		panic("place: embedded outlines: " + err.Error())
	}
	return s
})

var errShapes = errors.New("not a file of outlines")

func divide(data string) (*shapes, error) {
	rest, ok := strings.CutPrefix(data, ShapesMagic)
	if !ok {
		return nil, errShapes
	}
	r := &unpacker{data: []byte(rest)}
	s := &shapes{states: map[string]*stateShapes{}}
	for _, into := range []*float64{&s.scale.Lon, &s.scale.Lat, &s.origin.Lon, &s.origin.Lat} {
		*into = float64(r.signed()) / 1e9
	}
	for r.err == nil && len(r.data) > 0 {
		fips, st := string(r.take(2)), &stateShapes{}
		for _, into := range []*float64{&st.bounds.south, &st.bounds.west, &st.bounds.north, &st.bounds.east} {
			*into = float64(r.signed()) / 1e6
		}
		st.packed = string(r.take(r.count()))
		s.states[fips] = st
	}
	return s, r.err
}

// unpacker reads numbers off a text. After an error it gives zeros.
type unpacker struct {
	data []byte
	err  error
}

func (r *unpacker) signed() int64 {
	v, n := binary.Varint(r.data)
	return int64(r.skip(uint64(v), n))
}

// count is a number of things of which each takes at least a byte.
func (r *unpacker) count() int {
	v, n := binary.Uvarint(r.data)
	v = r.skip(v, n)
	if v > uint64(len(r.data)) {
		r.err = errShapes
		return 0
	}
	return int(v)
}

func (r *unpacker) skip(v uint64, n int) uint64 {
	if n <= 0 || r.err != nil {
		r.err = errShapes
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *unpacker) take(n int) []byte {
	if r.err != nil || n > len(r.data) {
		r.err = errShapes
		return nil
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (s *shapes) state(fips string) []Outline {
	st := s.states[fips]
	if st == nil {
		return nil
	}
	st.once.Do(func() { st.list, st.err = s.unpack(fips, st.packed) })
	if st.err != nil {
		panic("place: embedded outlines: " + st.err.Error())
	}
	return st.list
}

// unpack reads a state: its arcs, then its counties by them.
func (s *shapes) unpack(fips, packed string) ([]Outline, error) {
	plain, err := io.ReadAll(flate.NewReader(strings.NewReader(packed)))
	if err != nil {
		return nil, fmt.Errorf("state %s: %w", fips, err)
	}
	r := &unpacker{data: plain}
	arcs := make([][]Point, r.count())
	for i := range arcs {
		arcs[i] = make([]Point, r.count())
		var x, y int64
		for k := range arcs[i] {
			x, y = x+r.signed(), y+r.signed()
			p := Point{Lat: s.origin.Lat + float64(y)*s.scale.Lat, Lon: s.origin.Lon + float64(x)*s.scale.Lon}
			if p.Lon > 0 {
				p.Lon -= 360
			}
			arcs[i][k] = p
		}
	}
	list := make([]Outline, r.count())
	for i := range list {
		code := string(r.take(3))
		county, ok := CountyByFIPS(fips + code)
		if !ok && r.err == nil {
			return nil, fmt.Errorf("state %s: no county %s", fips, code)
		}
		list[i] = Outline{County: county, Rings: make([][]Point, r.count())}
		for k := range list[i].Rings {
			if list[i].Rings[k], err = ring(r, arcs); err != nil {
				return nil, fmt.Errorf("state %s, county %s: %w", fips, code, err)
			}
		}
		list[i].box = boxOf(list[i].Rings)
	}
	if r.err != nil || len(r.data) > 0 {
		return nil, fmt.Errorf("state %s: %w", fips, errShapes)
	}
	return list, nil
}

// ring joins the arcs of a ring. Where two meet they share a point.
func ring(r *unpacker, arcs [][]Point) ([]Point, error) {
	var out []Point
	for range r.count() {
		ref := r.signed()
		backward := ref < 0
		if backward {
			ref = ^ref
		}
		if ref >= int64(len(arcs)) {
			return nil, errShapes
		}
		arc := arcs[ref]
		if backward {
			arc = slices.Clone(arc)
			slices.Reverse(arc)
		}
		out = append(out, arc[:max(0, len(arc)-1)]...)
	}
	return out, r.err
}

func boxOf(rings [][]Point) box {
	b := box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, ring := range rings {
		for _, p := range ring {
			b = box{min(b.south, p.Lat), min(b.west, p.Lon), max(b.north, p.Lat), max(b.east, p.Lon)}
		}
	}
	return b
}

// Shape gives a county's outline, false for what is no county. What it gives is
// shared: leave it as it is.
func Shape(fips string) (Outline, bool) {
	c, ok := CountyByFIPS(fips)
	if !ok {
		return Outline{}, false
	}
	list := outlines().state(c.StateFIPS)
	i := slices.IndexFunc(list, func(o Outline) bool { return o.County.FIPS == fips })
	if i < 0 {
		return Outline{}, false
	}
	return list[i], true
}

// Shapes lists the outlines of a state's counties, by FIPS code.
func Shapes(stateCode string) []Outline {
	s, ok := StateByCode(stateCode)
	if !ok {
		return nil
	}
	return slices.Clone(outlines().state(s.FIPS))
}

// boundsOf is the box around a state, without reading its outlines twice.
func boundsOf(fips string) (box, bool) {
	st := outlines().states[fips]
	if st == nil {
		return box{}, false
	}
	return st.bounds, true
}
