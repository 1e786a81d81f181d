// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"waylight/internal/platform/place"
	"waylight/internal/prevention/placement"
)

// read holds what is true of every file: each row stands on a line of it, in their
// order, and either says something or says why not.
func read(t *testing.T, file string, reader func(io.Reader) ([]placement.ToldRow, string, error)) {
	rows, why, err := reader(strings.NewReader(file))
	if err != nil {
		t.Fatalf("%v", err)
	}
	last, lines := 0, strings.Count(file, "\n")+1
	for _, r := range rows {
		if r.Line < 1 || r.Line > lines || r.Line < last {
			t.Fatalf("a row on line %d of %d, behind %d", r.Line, lines, last)
		}
		last = r.Line
		for _, p := range r.Bad {
			if p.Reason == "" {
				t.Fatal("a row is wrong and nobody says why")
			}
		}
		if len(r.Bad) == 0 {
			place1(t, r.T)
		}
	}
	if strings.HasPrefix(why, "0 ") {
		t.Fatalf("where the file breaks is not said: %s", why)
	}
}

// place1 holds what is true of every place that is taken: it has a county that is
// there, but for what moves, and a name that can be written, and reads as the same from its own form.
func place1(t interface{ Fatalf(string, ...any) }, typed placement.Typed) {
	p, wrong := placement.ReadPlace(typed, "MS")
	if len(wrong) > 0 {
		for _, w := range wrong {
			if w.Field == "" || w.Reason == "" {
				t.Fatalf("%+v is refused and nobody says why", typed)
			}
		}
		return
	}
	moves := p.Kind == "train" || p.Kind == "bus" || p.Kind == "aircraft"
	if c, ok := place.CountyByFIPS(p.County); !(ok && c.State().Code == p.State || moves && p.County == "") || p.Name == "" || !utf8.ValidString(p.Name) {
		t.Fatalf("%+v became %+v", typed, p)
	}
	again, wrong := placement.ReadPlace(placement.TypedOf(p), "TX")
	if len(wrong) > 0 || !reflect.DeepEqual(again, p) {
		t.Fatalf("%+v became %+v and then %+v, %v", typed, p, again, wrong)
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{goodCSV, "kind,name\n", "", "\"", "kind,name\nschool,\"a\nb\"\n\"", "kind,name\r\nschool,A\r\n", "kind;name\n", "\x00", "kind,name,county\nschool,A\u202e,28049"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) { read(t, file, placement.ReadCSV) })
}

func FuzzGeoJSON(f *testing.F) {
	for _, seed := range []string{
		`{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[-90.1823,32.3038]},"properties":{"kind":"school","name":"A"}}]}`,
		`{"type":"Feature","geometry":{"type":"Point","coordinates":[1e999,0]},"properties":{"name":null}}`, "{", "{}", "[]", "", `{"features":[]}`, `{"features":[[[[`,
		"{\n\"features\":[\n{}\n,\n{\"type\":\"Feature\"}]}", `{"features":[{"type":"Feature","geometry":{"coordinates":"x","type":"Point"},"properties":[]}],"features":[]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) { read(t, file, placement.ReadGeoJSON) })
}

// Whatever somebody types, in whatever script, is a place or says why it is none.
func TestPlacesTyped(t *testing.T) {
	t.Parallel()
	word := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "Hinds", "MS-28049", "28049", "MS", "32.3", "-90.2", "yes", "no", "school", "free", "restroom screen", "مدرسة", "क्ष"}))
	rapid.Check(t, func(r *rapid.T) {
		typed := placement.Typed{}
		for _, name := range []string{"kind", "name", "address", "city", "county", "state", "latitude", "longitude", "contact", "small", "lacks"} {
			if rapid.Bool().Draw(r, "has "+name) {
				typed[name] = word.Draw(r, name)
			}
		}
		if rapid.Bool().Draw(r, "fine") {
			typed["kind"], typed["county"], typed["state"], typed["latitude"], typed["longitude"] = "school", "Hinds", "", "", ""
		}
		place1(r, typed)
	})
}
