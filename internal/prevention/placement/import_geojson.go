// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// lineReader knows on which line the bytes stand that it gave.
type lineReader struct {
	rows   *rowReader
	given  int64
	breaks []int64 // where lines end that were not asked about yet
	line   int
}

func (r *lineReader) Read(p []byte) (int, error) {
	n, err := r.rows.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			r.breaks = append(r.breaks, r.given+int64(i))
		}
	}
	r.given += int64(n)
	return n, err
}

// at is the line of a byte; bytes are asked about in their order.
func (r *lineReader) at(offset int64) int {
	n := 0
	for n < len(r.breaks) && r.breaks[n] < offset {
		n++
	}
	r.breaks = slices.Delete(r.breaks, 0, n)
	r.line += n
	return r.line
}

// geoReader reads features one by one: a file of two hundred thousand is never in
// memory as a whole.
type geoReader struct {
	lines  *lineReader
	dec    *json.Decoder
	take   func(rawRow) error
	number int
	alone  map[string]json.RawMessage // of a file that is one feature
	many   bool
}

// readGeoJSON reads a Feature, or a FeatureCollection, of points.
func readGeoJSON(file io.Reader, first int, take func(rawRow) error) error {
	g := &geoReader{lines: &lineReader{rows: &rowReader{from: file, left: longestRow}, line: first}, take: take, alone: map[string]json.RawMessage{}}
	g.dec = json.NewDecoder(g.lines)
	g.dec.UseNumber()
	if _, err := g.dec.Token(); err != nil { // the brace
		return g.broken(err)
	}
	for g.dec.More() {
		if err := g.member(); err != nil {
			return err
		}
	}
	if _, err := g.dec.Token(); err != nil {
		return g.broken(err)
	}
	if g.many {
		return nil
	}
	if kind, _ := text(g.alone["type"], " "); kind != "Feature" {
		return &unreadable{first, "type", "is neither Feature nor FeatureCollection"}
	}
	raw, err := json.Marshal(g.alone)
	if err != nil {
		return g.broken(err)
	}
	return take(feature(raw, first, ""))
}

// broken says where the file cannot be read on; an error of reading it stays one.
func (g *geoReader) broken(err error) error {
	var syntax *json.SyntaxError
	at := g.lines.at(g.dec.InputOffset())
	switch {
	case errors.Is(err, errRow):
		return tooLong(at)
	case errors.As(err, &syntax), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &unreadable{at, "", "is not JSON that can be read on from here"}
	}
	return err
}

// member reads one member of the outermost object.
func (g *geoReader) member() error {
	g.lines.rows.fresh()
	g.lines.at(g.dec.InputOffset()) // else the ends of lines between members would pile up
	token, err := g.dec.Token()
	if err != nil {
		return g.broken(err)
	}
	name, _ := token.(string)
	if name == "features" {
		return g.features()
	}
	var raw json.RawMessage
	if err := g.dec.Decode(&raw); err != nil {
		return g.broken(err)
	}
	if name == "type" || name == "geometry" || name == "properties" {
		g.alone[name] = raw
	}
	return nil
}

func (g *geoReader) features() error {
	token, err := g.dec.Token()
	if err != nil {
		return g.broken(err)
	}
	if token != json.Delim('[') || g.many {
		return &unreadable{g.lines.at(g.dec.InputOffset()), "features", "is not one list"}
	}
	g.many = true
	for g.dec.More() {
		g.lines.rows.fresh()
		var raw json.RawMessage
		if err := g.dec.Decode(&raw); err != nil {
			return g.broken(err)
		}
		g.number++
		line := g.lines.at(g.dec.InputOffset() - int64(len(raw)))
		if err := g.take(feature(raw, line, fmt.Sprintf("feature %d: ", g.number))); err != nil {
			return err
		}
	}
	if _, err := g.dec.Token(); err != nil {
		return g.broken(err)
	}
	return nil
}

// feature reads one feature. Members that places do not have are left out: maps
// carry many.
func feature(raw []byte, line int, what string) rawRow {
	row := rawRow{line: line, what: what, t: Typed{}}
	wrong := func(column, reason string) { row.bad = append(row.bad, Problem{column, reason}) }
	var f struct {
		Type     string
		Geometry *struct {
			Type        string
			Coordinates json.RawMessage
		}
		Properties map[string]json.RawMessage
	}
	if err := json.Unmarshal(raw, &f); err != nil || f.Type != "Feature" {
		wrong("type", "is not a Feature with a geometry and properties")
		return row
	}
	var point []json.Number
	switch {
	case f.Geometry == nil || f.Geometry.Type != "Point":
		wrong("geometry", "is not a Point")
	case json.Unmarshal(f.Geometry.Coordinates, &point) != nil || len(point) < 2 || len(point) > 3:
		wrong("coordinates", "are not longitude and latitude")
	}
	for name, value := range f.Properties {
		if name = strings.ToLower(strings.TrimSpace(name)); !slices.Contains(fields, name) {
			continue
		}
		between := " "
		if name == "several" {
			between = "; "
		}
		said, ok := text(value, between)
		if !ok {
			wrong(name, "is neither a text, a number, yes or no, nor a list of texts")
		}
		row.t[name] = said
	}
	if len(row.bad) == 0 {
		row.t["longitude"], row.t["latitude"] = point[0].String(), point[1].String()
	}
	slices.SortFunc(row.bad, func(a, b Problem) int { return strings.Compare(a.Field, b.Field) })
	return row
}

// text is a simple value as a table would have it, a list with something between its texts.
func text(raw json.RawMessage, between string) (string, bool) {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return "", len(raw) == 0
	}
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		return yesNo(v), true
	case float64:
		return strings.TrimSpace(string(raw)), true
	case []any:
		var parts []string
		for _, x := range v {
			s, ok := x.(string)
			if !ok {
				return "", false
			}
			parts = append(parts, s)
		}
		return strings.Join(parts, between), true
	}
	return "", false
}
