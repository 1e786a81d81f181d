// SPDX-License-Identifier: Apache-2.0

// Makeshapes writes data/counties.shapes, the outlines of the counties that
// package place embeds, from a TopoJSON file of the Census Bureau's cartographic
// boundaries. It is run by hand when the counties change, never by a build:
//
//	go run ./internal/platform/place/makeshapes counties-10m.json internal/platform/place/data/counties.shapes
//
// data/README.md says where the file comes from. The points stay as the file has
// them: on a grid of its own, some 300 meters wide and 100 high.
package main

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"waylight/internal/platform/place"
)

// topology is what is read of the file.
type topology struct {
	Transform struct{ Scale, Translate [2]float64 }
	Arcs      [][][2]int64
	Objects   struct {
		Counties struct {
			Geometries []struct {
				Type string
				ID   string
				Arcs json.RawMessage
			}
		}
	}
}

// county is a county and its rings, each a list of arcs: of arc a the number a, of
// the same arc backward ^a.
type county struct {
	fips  string
	rings [][]int
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: makeshapes counties-10m.json counties.shapes")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "makeshapes:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var t topology
	if err := json.Unmarshal(data, &t); err != nil {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	states, err := byState(t)
	if err != nil {
		return err
	}
	out := []byte(place.ShapesMagic)
	for _, v := range []float64{t.Transform.Scale[0], t.Transform.Scale[1], t.Transform.Translate[0], t.Transform.Translate[1]} {
		out = binary.AppendVarint(out, int64(v*1e9+0.5*sign(v)))
	}
	for _, s := range place.States() {
		list := states[s.FIPS]
		if len(list) == 0 {
			continue
		}
		out = append(out, s.FIPS...)
		for _, v := range t.bounds(list) {
			out = binary.AppendVarint(out, int64(v*1e6+0.5*sign(v)))
		}
		packed, err := pack(t.Arcs, list)
		if err != nil {
			return err
		}
		out = binary.AppendUvarint(out, uint64(len(packed)))
		out = append(out, packed...)
	}
	return os.WriteFile(to, out, 0o644)
}

func sign(v float64) float64 {
	if v < 0 {
		return -1
	}
	return 1
}

// bounds are the south, west, north and east of a state; what lies beyond the
// 180th meridian counts on from it.
func (t topology) bounds(list []county) [4]float64 {
	out := [4]float64{90, 180, -90, -360}
	for _, c := range list {
		for _, ring := range c.rings {
			for _, ref := range ring {
				var x, y int64
				for _, step := range t.Arcs[max(ref, ^ref)] {
					x, y = x+step[0], y+step[1]
					lon, lat := t.Transform.Translate[0]+float64(x)*t.Transform.Scale[0], t.Transform.Translate[1]+float64(y)*t.Transform.Scale[1]
					if lon > 0 {
						lon -= 360
					}
					out = [4]float64{min(out[0], lat), min(out[1], lon), max(out[2], lat), max(out[3], lon)}
				}
			}
		}
	}
	return out
}

// byState sorts the counties that package place knows.
func byState(t topology) (map[string][]county, error) {
	states := map[string][]county{}
	for _, g := range t.Objects.Counties.Geometries {
		known, ok := place.CountyByFIPS(g.ID)
		if !ok {
			continue // of a territory whose counties nobody reports by
		}
		c := county{fips: g.ID}
		switch g.Type {
		case "Polygon":
			if err := json.Unmarshal(g.Arcs, &c.rings); err != nil {
				return nil, fmt.Errorf("reading %s: %w", g.ID, err)
			}
		case "MultiPolygon":
			var parts [][][]int
			if err := json.Unmarshal(g.Arcs, &parts); err != nil {
				return nil, fmt.Errorf("reading %s: %w", g.ID, err)
			}
			for _, p := range parts {
				c.rings = append(c.rings, p...)
			}
		default:
			return nil, fmt.Errorf("%s is a %s", g.ID, g.Type)
		}
		states[known.StateFIPS] = append(states[known.StateFIPS], c)
	}
	return states, nil
}

// wide leaves out rings that the file's grid made into lines or points, unless a
// county has no other: Falls Church, Virginia, is a line.
func wide(arcs [][][2]int64, rings [][]int) [][]int {
	out := slices.DeleteFunc(slices.Clone(rings), func(ring []int) bool {
		n := 0
		for _, ref := range ring {
			n += len(arcs[max(ref, ^ref)]) - 1
		}
		return n < 3
	})
	if len(out) == 0 {
		return rings
	}
	return out
}

// pack writes a state: its arcs, then its counties by them.
func pack(arcs [][][2]int64, list []county) ([]byte, error) {
	slices.SortFunc(list, func(a, b county) int { return cmp.Compare(a.fips, b.fips) })
	for i := range list {
		list[i].rings = wide(arcs, list[i].rings)
	}
	number := map[int]int{} // of an arc, within the state
	var points, shapes []byte
	for _, c := range list {
		shapes = append(shapes, c.fips[2:]...)
		shapes = binary.AppendUvarint(shapes, uint64(len(c.rings)))
		for _, ring := range c.rings {
			shapes = binary.AppendUvarint(shapes, uint64(len(ring)))
			for _, ref := range ring {
				arc := max(ref, ^ref)
				n, ok := number[arc]
				if !ok {
					n = len(number)
					number[arc] = n
					points = binary.AppendUvarint(points, uint64(len(arcs[arc])))
					for _, step := range arcs[arc] { // the first is a place, the others steps from the one before
						points = binary.AppendVarint(binary.AppendVarint(points, step[0]), step[1])
					}
				}
				if ref < 0 {
					n = ^n
				}
				shapes = binary.AppendVarint(shapes, int64(n))
			}
		}
	}
	plain := binary.AppendUvarint(nil, uint64(len(number)))
	plain = append(plain, points...)
	plain = binary.AppendUvarint(plain, uint64(len(list)))
	plain = append(plain, shapes...)
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
