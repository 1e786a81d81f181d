// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"waylight/internal/platform/store/storetest"
	"waylight/internal/prevention/placement"
)

// bring reads a file.
func (w *world) bring(name, file string) placement.Import {
	w.t.Helper()
	im, err := w.Upload(context.Background(), w.head, name, strings.NewReader(file))
	check(w.t, err)
	im, err = w.Import(context.Background(), w.head, im.ID)
	check(w.t, err)
	return im
}

// said is what is wrong with a file, a line each.
func (w *world) said(im placement.Import) (out []string) {
	w.t.Helper()
	for part := int64(0); ; part++ {
		list, err := w.Problems(context.Background(), w.head, im.ID, part)
		check(w.t, err)
		if len(list) == 0 {
			return out
		}
		for _, p := range list {
			out = append(out, fmt.Sprintf("%d %s: %s", p.Line, p.Column, p.Reason))
		}
	}
}

func (w *world) places() int {
	w.t.Helper()
	list, _, err := w.Places(context.Background(), w.head, placement.Filter{Limit: 100_000, Unused: true})
	check(w.t, err)
	return len(list)
}

const goodCSV = "\ufeffkind,name,city,county,state,latitude,longitude,small\n" +
	"school,École Été,Jackson,Hinds,,,,\n" +
	"train_station,\"A name, with\na line\",Hernando,,,34.8240,-89.9937,no\n" +
	"business,مطعم النيل,Jackson,MS-28049,,,,yes\n"

// A file counts as a whole, once somebody looked and said so.
func TestImport(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		im := w.bring("places.csv", goodCSV)
		if im.State != placement.Ready || im.Places != 3 || im.Lines != 3 || w.places() != 0 {
			t.Fatalf("%+v, %v, %d places", im, w.said(im), w.places())
		}
		first, err := w.Preview(t.Context(), w.head, im.ID, 2)
		check(t, err)
		if len(first) != 2 || first[1].County != "28033" || first[1].Name != "A name, with a line" {
			t.Errorf("preview: %+v", first)
		}
		check(t, w.Commit(t.Context(), w.head, im.ID))
		if w.places() != 0 {
			t.Error("a part of a file is there before all of it is")
		}
		w.due()
		im, err = w.Import(t.Context(), w.head, im.ID)
		check(t, err)
		if im.State != placement.Done || w.places() != 3 || im.Skipped != 0 {
			t.Errorf("%+v, %d places", im, w.places())
		}
		for _, act := range []func() error{func() error { return w.Commit(t.Context(), w.head, im.ID) }, func() error { return w.Discard(t.Context(), w.head, im.ID) }} {
			if err := act(); !errors.Is(err, placement.ErrUndecided) {
				t.Errorf("again: %v", err)
			}
		}
		again := w.bring("again.csv", goodCSV)
		if said := w.said(again); again.State != placement.Broken || len(said) != 3 || !strings.Contains(said[2], "is there already: مطعم النيل") {
			t.Errorf("the same file again: %+v, %v", again, said)
		}
		check(t, w.Discard(t.Context(), w.head, again.ID))
		w.place("name", "Between", "kind", "school")
		other := w.bring("between.csv", "kind,name,county,city\nschool,New,Hinds,Jackson\n")
		w.place("name", "New", "kind", "school")
		check(t, w.Commit(t.Context(), w.head, other.ID))
		w.due()
		if other, err = w.Import(t.Context(), w.head, other.ID); err != nil || other.Skipped != 1 || other.State != placement.Done {
			t.Errorf("a place that came between: %+v, %v", other, err)
		}
	})
}

// Every bad row is named by line, column and reason, and nothing of the file can be
// saved.
func TestBrokenFiles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.place("name", "Known", "kind", "business")
		for name, c := range map[string]struct {
			file string
			want []string
		}{
			"rows": {"kind,name,city,county,latitude,longitude\n" +
				"school,Good,Jackson,Hinds,,\n" +
				"school,No county,Jackson,,,\n" +
				"school,Wrong county,Jackson,Cook,,\n" +
				"castle,Wrong kind,Jackson,Hinds,,\n" +
				"school,Few cells,Jackson\n" +
				"school,  GOOD ,jackson,MS-28049,,\n" +
				"business,Known,Jackson,Hinds,,\n" +
				"school,\"Bad \"quote,Jackson,Hinds,,\n" +
				"school,Far away,Jackson,Hinds,34.8240,-89.9937\n" +
				"school,No number,Jackson,Hinds,north,-89.9937\n",
				[]string{"3 county: is missing: give the county, or latitude and longitude", "4 county: is not a county of MS, or the name of two; give its code like MS-28049",
					"5 kind: is none of", "6 : has 3 cells, and the first line has 6", "7 name: is the same place as in line 2", "9 : a quotation mark stands where none can be",
					"10 latitude: latitude and longitude lie outside of Hinds County, Mississippi", "11 latitude: is not a number of degrees", "8 name: is there already: Known, Jackson"}},
			"a column that is none": {"kind,name,owner\nschool,A,Somebody\n", []string{"1 owner: is not a column that places have"}},
			"a column twice":        {"kind,name,NAME\nschool,A,B\n", []string{"1 name: stands there twice"}},
			"no kind":               {"name,county\nA,Hinds\n", []string{"1 kind: is missing"}},
			"nothing":               {"", []string{"0 : No file arrived"}},
			"a head":                {"kind,name\n", []string{"0 : the file has no places"}},
			"a quotation mark that never ends": {"kind,name,county\nschool,A,Hinds\nschool,\"B" + strings.Repeat(",C\n", 500_000),
				[]string{"3 : from here on more than 1048576 bytes are one row"}},
			"features": {`{"type": "FeatureCollection", "features": [
 {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-90.1823, 32.3038]}, "properties": {"kind": "school", "name": "Good", "small": false, "lacks": ["screen"]}},
 {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[-90, 32], [-91, 32]]}, "properties": {"kind": "school", "name": "A line"}},
 {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-90]}, "properties": {"kind": "school", "name": "Half"}},
 {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-90, 26]}, "properties": {"kind": "school", "name": "In the water"}},
 {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-90.1823, 32.3038]}, "properties": {"kind": ["school"], "name": {"en": "An object"}}},
 {"type": "Feature", "geometry": null, "properties": null},
 {"type": "Bird"}, 7
], "crs": {"type": "name"}}`,
				[]string{"3 geometry: feature 2: is not a Point", "4 coordinates: feature 3: are not longitude and latitude", "5 county: feature 4: is missing, and latitude and longitude lie in no county",
					"6 name: feature 5: is neither a text", "7 geometry: feature 6: is not a Point", "8 type: feature 7: is not a Feature", "8 type: feature 8: is not a Feature"}},
			"no map":                 {`{"type": "Topology"}`, []string{"1 type: is neither Feature nor FeatureCollection"}},
			"features that are none": {"{\n\"features\": {}}", []string{"2 features: is not one list"}},
			"broken off": {"{\"features\": [\n{\"type\": \"Feature\", \"geometry\": {\"type\": \"Point\", \"coordinates\": [-90.1823, 32.3038]}, \"properties\": {\"kind\": \"school\", \"name\": \"A\"}},\n{\"type",
				[]string{"2 : is not JSON that can be read on from here"}},
			"a bracket that never ends": {`{"features": [{"type": "` + strings.Repeat("a", 2<<20), []string{"1 : from here on more than 1048576 bytes are one row"}},
		} {
			before := w.places()
			im := w.bring(name, c.file)
			said := w.said(im)
			if im.State != placement.Broken || int(im.Problems) != len(said) || w.places() != before {
				t.Errorf("%s: %+v, %d places", name, im, w.places())
			}
			if len(said) != len(c.want) {
				t.Errorf("%s: %s", name, strings.Join(said, "\n"))
				continue
			}
			for i, want := range c.want {
				if !strings.HasPrefix(said[i], want) {
					t.Errorf("%s: %q, want %q", name, said[i], want)
				}
			}
			if err := w.Commit(t.Context(), w.head, im.ID); !errors.Is(err, placement.ErrUndecided) {
				t.Errorf("%s: committed: %v", name, err)
			}
		}
	})
}

// One feature alone is a file, and so is a collection in which the type comes last.
func TestFeatures(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i, file := range []string{
			"\n\n " + `{"properties": {"KIND": "school", "name": "One", "other": {"a": 1}}, "geometry": {"coordinates": [-90.1823, 32.3038, 88], "type": "Point"}, "type": "Feature"}`,
			`{"features": [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [-90.1823, 32.3038]}, "properties": {"kind": "free", "name": "二"}}], "type": "FeatureCollection"}`,
		} {
			im := w.bring("map.geojson", file)
			if im.State != placement.Ready || im.Places != 1 {
				t.Errorf("file %d: %+v, %v", i, im, w.said(im))
			}
		}
	})
}

// manyRows is a table of so many schools that is never in memory as a whole; every
// so-manyth row is broken.
type manyRows struct {
	rows, broken, at int
	left             []byte
}

func (m *manyRows) Read(p []byte) (int, error) {
	for len(m.left) == 0 {
		switch {
		case m.at == 0:
			m.left = []byte("kind,name,city,county\n")
		case m.at > m.rows:
			return 0, io.EOF
		case m.broken > 0 && m.at%m.broken == 0:
			m.left = fmt.Appendf(nil, "school,School %d,Jackson,Nowhere\n", m.at)
		default:
			m.left = fmt.Appendf(nil, "school,School %d,Jackson,Hinds\n", m.at)
		}
		m.at++
	}
	n := copy(p, m.left)
	m.left = m.left[n:]
	return n, nil
}

// airy is a file with so many members, each behind half a million empty lines. At its
// end it looks at what is in memory.
type airy struct {
	members, at int
	left        []byte
	heap        uint64
}

func (a *airy) Read(p []byte) (int, error) {
	if len(a.left) == 0 {
		switch {
		case a.at == 0:
			a.left = []byte("{")
		case a.at <= a.members:
			a.left = fmt.Appendf(bytes.Repeat([]byte("\n"), 500_000), `"member%d": 0,`, a.at)
		case a.at == a.members+1:
			a.heap = heap()
			a.left = []byte(`"type": "FeatureCollection", "features": []}`)
		default:
			return 0, io.EOF
		}
		a.at++
	}
	n := copy(p, a.left)
	a.left = a.left[n:]
	return n, nil
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Empty lines between the members of a file do not pile up in memory. This test runs
// alone, so that nothing else is in it.
func TestEmptyLinesTakeNoMemory(t *testing.T) {
	before, file := heap(), &airy{members: 40}
	if _, why, err := placement.ReadGeoJSON(file); err != nil || why != "" {
		t.Fatalf("%s, %v", why, err)
	}
	if more := int64(file.heap) - int64(before); more > 32<<20 {
		t.Errorf("20 MB of empty lines are kept in %d MB", more>>20)
	}
}

// A file of more rows than one import takes, with broken ones in it, names each of
// those up to there and says that it is too long.
func TestImportOfManyBrokenRows(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock, nil)
	im, err := w.Upload(t.Context(), w.head, "many.csv", &manyRows{rows: 260_000, broken: 1000})
	check(t, err)
	said := w.said(im)
	if im.State != placement.Broken || len(said) != 251 || !strings.HasPrefix(said[249], "250001 county:") || !strings.HasPrefix(said[250], "0 : This file has more places") || w.places() != 0 {
		t.Errorf("%+v, %d problems", im, len(said))
	}
}

// A job that its time runs out for goes on where it came to, and the file counts once
// it is whole.
func TestImportOfManyParts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		im, err := w.Upload(t.Context(), w.head, "many.csv", &manyRows{rows: 2_600})
		check(t, err)
		check(t, w.Commit(t.Context(), w.head, im.ID))
		for range 20 {
			n := w.places()
			if now, err := w.Import(t.Context(), w.head, im.ID); err != nil || now.State == placement.Done && n != 2_600 || now.State != placement.Done && n != 0 {
				t.Fatalf("%+v, %d places, %v", now, n, err)
			}
			w.due()
		}
		if w.places() != 2_600 {
			t.Errorf("%d places", w.places())
		}
	})
}
