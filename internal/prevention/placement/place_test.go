// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/platform/typeset"
	"waylight/internal/prevention/placement"
)

// What a place must have, and how its county is found. Every row that is refused says
// which field it is about.
func TestPlaceIsRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct {
			typed placement.Typed
			want  string // the county, or the field that is wrong
		}{
			"by name":                        {placement.Typed{"kind": "school", "name": "A", "county": "de soto"}, "28033"},
			"by code":                        {placement.Typed{"kind": "school", "name": "B", "county": "MS-28049"}, "28049"},
			"by its bare code":               {placement.Typed{"kind": "school", "name": "B2", "county": "28049"}, "28049"},
			"by coordinates":                 {placement.Typed{"kind": "school", "name": "C", "latitude": "32.3038", "longitude": "-90.1823"}, "28049"},
			"of another state":               {placement.Typed{"kind": "school", "name": "D", "county": "De Soto", "state": "fl"}, "12027"},
			"no county":                      {placement.Typed{"kind": "school", "name": "E", "city": "Jackson"}, "county"},
			"a train":                        {placement.Typed{"kind": "train", "name": "City of New Orleans"}, ""},
			"a train of a county":            {placement.Typed{"kind": "train", "name": "Trolley", "county": "Hinds"}, "28049"},
			"a bus of another state":         {placement.Typed{"kind": "bus", "name": "Bus 1", "state": "TX"}, ""},
			"a train of no state there is":   {placement.Typed{"kind": "train", "name": "T", "state": "ZZ"}, "state"},
			"a train of no county there is":  {placement.Typed{"kind": "train", "name": "T", "county": "Nowhere"}, "county"},
			"a station without a county":     {placement.Typed{"kind": "train_station", "name": "S"}, "county"},
			"a name of two":                  {placement.Typed{"kind": "school", "name": "F", "county": "St. Louis", "state": "MO"}, "county"},
			"a county of elsewhere":          {placement.Typed{"kind": "school", "name": "G", "county": "MS-28049", "state": "TX"}, "county"},
			"in the water":                   {placement.Typed{"kind": "school", "name": "H", "latitude": "26", "longitude": "-90"}, "county"},
			"coordinates of another county":  {placement.Typed{"kind": "school", "name": "I", "county": "Hinds", "latitude": "34.8240", "longitude": "-89.9937"}, "latitude"},
			"half of the coordinates":        {placement.Typed{"kind": "school", "name": "J", "county": "Hinds", "latitude": "34.8"}, "longitude"},
			"no number":                      {placement.Typed{"kind": "school", "name": "K", "county": "Hinds", "latitude": "NaN", "longitude": "-90"}, "latitude"},
			"no kind":                        {placement.Typed{"name": "L", "county": "Hinds"}, "kind"},
			"no name":                        {placement.Typed{"kind": "school", "county": "Hinds", "name": "  "}, "name"},
			"a name in Arabic":               {placement.Typed{"kind": "school", "county": "Hinds", "name": "مدرسة النور"}, "28049"},
			"a name in Hindi, with a joiner": {placement.Typed{"kind": "school", "county": "Hinds", "name": "क्\u200dष विद्यालय"}, "28049"},
			"a name in Chinese":              {placement.Typed{"kind": "school", "county": "Hinds", "name": "杰克逊学校"}, "28049"},
			"a name that turns letters":      {placement.Typed{"kind": "school", "county": "Hinds", "name": "A\u202eB"}, "name"},
			"a name with a link":             {placement.Typed{"kind": "school", "county": "Hinds", "name": "Depot https://example.org"}, "name"},
			"a name with a wide link":        {placement.Typed{"kind": "school", "county": "Hinds", "name": "Depot https：／／example.org"}, "name"},
			"a name with an address":         {placement.Typed{"kind": "school", "county": "Hinds", "name": "Depot WWW.example.org"}, "name"},
			"an address with a link":         {placement.Typed{"kind": "school", "county": "Hinds", "name": "P", "address": "1 Main St, www.example.org"}, "address"},
			"a name with a number":           {placement.Typed{"kind": "school", "county": "Hinds", "name": "Call (601) 555-0123"}, "name"},
			"a name with a short number":     {placement.Typed{"kind": "school", "county": "Hinds", "name": "555 . 01–23"}, "name"},
			"a name with Arabic digits":      {placement.Typed{"kind": "school", "county": "Hinds", "name": "٥٥٥٠١٢٣"}, "name"},
			"a city with a number":           {placement.Typed{"kind": "school", "county": "Hinds", "name": "Q", "city": "601 555 0123"}, "city"},
			"numbers of a name":              {placement.Typed{"kind": "school", "county": "Hinds", "name": "School 162, Route 61 and I-20 (MM 118)"}, "28049"},
			"a street number and a ZIP":      {placement.Typed{"kind": "school", "county": "Hinds", "name": "R", "address": "300 39201-1234"}, "28049"},
			"a name with a bell":             {placement.Typed{"kind": "school", "county": "Hinds", "name": "A\aB"}, "name"},
			"no UTF-8":                       {placement.Typed{"kind": "school", "county": "Hinds", "name": "\xff"}, "name"},
			"too long":                       {placement.Typed{"kind": "school", "county": "Hinds", "name": strings.Repeat("ä", 121)}, "name"},
			"too long with its city":         {placement.Typed{"kind": "school", "county": "Hinds", "name": strings.Repeat("ä", 120), "city": strings.Repeat("ö", 119)}, "name"},
			"as long as both may be":         {placement.Typed{"kind": "school", "county": "Hinds", "name": strings.Repeat("ü", 120), "city": strings.Repeat("ö", 118)}, "28049"},
			"as long as it may be":           {placement.Typed{"kind": "school", "county": "Hinds", "name": strings.Repeat("ä", 120)}, "28049"},
			"a person's address":             {placement.Typed{"kind": "school", "county": "Hinds", "name": "M", "contact": "somebody@example.org"}, "contact"},
			"neither yes nor no":             {placement.Typed{"kind": "school", "county": "Hinds", "name": "N", "small": "perhaps"}, "small"},
			"a spot that is none":            {placement.Typed{"kind": "school", "county": "Hinds", "name": "O", "lacks": "roof"}, "lacks"},
		} {
			p, wrong, err := w.AddPlace(t.Context(), w.head, c.typed)
			got := p.County
			if err != nil {
				got = ""
				if errors.Is(err, placement.ErrTyped) && len(wrong) > 0 {
					got = wrong[0].Field
				}
			}
			if got != c.want {
				t.Errorf("%s: %s, %v, %v; want %s", name, got, wrong, err, c.want)
			}
		}
	})
}

func TestSmallPlaces(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		busy := []string{"train_station", "bus_station", "airport", "port_of_entry", "hospital", "rest_area", "truck_stop", "court", "federal_building", "train", "bus", "aircraft"}
		for _, kind := range program.NoticePlaces() {
			if small := w.place("kind", kind).Small; small == slices.Contains(busy, kind) {
				t.Errorf("%s: small %v", kind, small)
			}
		}
		if w.place("kind", "business", "small", "no", "name", "Large").Small || !w.place("kind", "airport", "small", "yes", "name", "Airfield").Small {
			t.Error("what somebody says of a place does not count")
		}
		if !w.place("lacks", "restroom waiting_room", "name", "Stop").Small {
			t.Error("a station without a room to wait in is not small")
		}
	})
}

// No sign that a sheet is refused for stands in a name, since nobody sees it to take it out.
func TestHiddenSigns(t *testing.T) {
	t.Parallel()
	set := typeset.NewSetter()
	for c := range rune(0x3000) {
		if !unicode.Is(unicode.Bidi_Control, c) {
			continue
		}
		if _, err := set.Shape(typeset.Text{Lang: "en", Spans: []typeset.Span{{Text: "A" + string(c) + "B"}}}); err == nil {
			t.Errorf("U+%04X can be printed", c)
		}
		_, wrong := placement.ReadPlace(placement.Typed{"kind": "school", "county": "Hinds", "name": "A" + string(c) + "B"}, "MS")
		if len(wrong) != 1 || wrong[0].Field != "name" {
			t.Errorf("U+%04X in a name: %v", c, wrong)
		}
	}
}

// The same place is refused by name however it is written, and a place that becomes
// the same as another too.
func TestTwinPlaces(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.place("name", "Café Río", "kind", "business")
		before := w.leaves()
		_, wrong, err := w.AddPlace(t.Context(), w.head, placement.Typed{"kind": "business", "name": "CAFÉ  RÍO!", "city": "jackson", "county": "28049"})
		if !errors.Is(err, placement.ErrTyped) || len(wrong) != 1 || !strings.Contains(wrong[0].Reason, "Café Río") || !strings.Contains(wrong[0].Reason, first.ID.String()[18:]) {
			t.Errorf("the same place again: %v, %v", wrong, err)
		}
		if w.leaves() != before {
			t.Error("a place that was refused left an entry")
		}
		other := w.place("name", "Other", "kind", "business")
		wrong, err = w.ChangePlace(t.Context(), w.head, other.ID, 1, placement.Typed{"kind": "business", "name": "Café Río", "city": "Jackson", "county": "28049"}, true)
		if !errors.Is(err, placement.ErrTyped) || len(wrong) != 1 {
			t.Errorf("a place that becomes another: %v, %v", wrong, err)
		}
	})
}

// A place that moves to another county takes along what hangs there; a change over
// another's is refused.
func TestChangePlace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.place()
		sheet := w.hang(p, "platform")
		typed := placement.Typed{"kind": "train_station", "name": "Union Station", "city": "Jackson", "county": "28089"}
		if _, err := w.ChangePlace(t.Context(), w.head, p.ID, 1, typed, true); err != nil {
			t.Fatal(err)
		}
		if _, err := w.ChangePlace(t.Context(), w.head, p.ID, 1, typed, true); !errors.Is(err, placement.ErrMoved) {
			t.Errorf("over a newer version: %v", err)
		}
		list, _, err := w.List(t.Context(), w.head, placement.Filter{County: "28089", Limit: 10})
		check(t, err)
		if len(list) != 1 || list[0].ID != sheet.ID || list[0].Place.County != "28089" {
			t.Errorf("what hangs in Madison County: %+v", list)
		}
		if _, err := w.ChangePlace(t.Context(), w.head, p.ID, 2, typed, false); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Add(t.Context(), w.head, placement.Draft{Place: p.ID, Notice: "us-station", Spot: "restroom"}); !errors.Is(err, placement.ErrTyped) {
			t.Errorf("a sheet at a place that is not in use: %v", err)
		}
	})
}

// What a place becomes, the codes of the sheets there say from then on: a name that was
// wrong, another county, and that few people come there. What hung there once says what it did.
func TestChangedPlaceDescribesItsCodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.place()
		gone, up, planned := w.step(w.hang(p, "restroom"), placement.Removed), w.hang(p, "platform"), w.plan(p, "restroom")
		next, err := w.Prepare(t.Context(), w.head, up.ID)
		check(t, err)
		typed := placement.Typed{"kind": "train_station", "name": "Union Station", "city": "Jackson", "county": hinds}
		for i, c := range []struct{ field, value, want string }{
			{"address", "1 Capitol St", hinds + " Union Station, Jackson 0"},
			{"small", "yes", hinds + " Union Station, Jackson 1"},
			{"name", "Old Depot", hinds + " Old Depot, Jackson 1"},
			{"city", "Canton", hinds + " Old Depot, Canton 1"},
			{"county", "28089", "28089 Old Depot, Canton 1"},
		} {
			typed[c.field] = c.value
			if wrong, err := w.ChangePlace(t.Context(), w.head, p.ID, int64(i+1), typed, true); err != nil {
				t.Fatal(err, wrong)
			}
			for _, sheet := range []placement.Placement{up, planned, next} {
				if got := w.says(sheet.Code.ID); got != c.want {
					t.Errorf("after another %s a code says %q, want %q", c.field, got, c.want)
				}
			}
		}
		if got := w.says(gone.Code.ID); got != hinds+" Union Station, Jackson 0" {
			t.Errorf("the code of a sheet that is gone says %q", got)
		}
	})
}

// Who may not, may not; and another program's things are not there.
func TestWhoMay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.place()
		if _, _, err := w.AddPlace(t.Context(), w.ana, placement.Typed{"kind": "school", "name": "A", "county": "Hinds"}); err == nil {
			t.Error("a member added a place")
		}
		if _, err := w.Place(t.Context(), w.ana, p.ID); err != nil {
			t.Errorf("a member reads a place: %v", err)
		}
		stranger := identity.Member{Program: "us", ID: store.NewID(), Roles: w.head.Roles}
		if _, err := w.Place(t.Context(), stranger, p.ID); !errors.Is(err, placement.ErrPlace) {
			t.Errorf("another program's place: %v", err)
		}
	})
}

func TestStations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		n, err := w.AddStations(t.Context(), w.head, "MS")
		if err != nil || n != 11 {
			t.Fatalf("%d stations of Mississippi, %v", n, err)
		}
		n, err = w.AddStations(t.Context(), w.head, "all")
		if err != nil || n != 520 {
			t.Fatalf("%d stations of the other states, %v", n, err)
		}
		if _, err := w.AddStations(t.Context(), w.head, "MS"); !errors.Is(err, placement.ErrEmpty) {
			t.Errorf("the same again: %v", err)
		}
		all, _, err := w.Places(t.Context(), w.head, placement.Filter{Limit: 1000})
		check(t, err)
		for _, p := range all {
			if p.Small != slices.Contains(p.Lacks, "waiting_room") {
				t.Errorf("%s lacks %v and is small: %v", p.Name, p.Lacks, p.Small)
			}
		}
		list, _, err := w.Places(t.Context(), w.head, placement.Filter{Text: "(mei)", Limit: 10})
		check(t, err)
		if len(list) != 1 || list[0].County != "28075" || list[0].Name != "Meridian, Union Station (MEI)" || list[0].At == nil {
			t.Errorf("Meridian: %+v", list)
		}
	})
}

// Pages of a list show everything once.
func TestPagesOfPlaces(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if _, err := w.AddStations(t.Context(), w.head, "all"); err != nil {
			t.Fatal(err)
		}
		seen, after := map[store.ID]bool{}, ""
		for {
			list, next, err := w.Places(t.Context(), w.head, placement.Filter{Limit: 50, After: after})
			check(t, err)
			for _, p := range list {
				if seen[p.ID] {
					t.Fatalf("%s stands twice", p.Name)
				}
				seen[p.ID] = true
			}
			if after = next; next == "" {
				break
			}
		}
		if len(seen) != 531 {
			t.Errorf("%d places", len(seen))
		}
	})
}
