// SPDX-License-Identifier: Apache-2.0

package place_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"waylight/internal/platform/place"
)

func TestStatesAreAllThere(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	for _, s := range place.States() {
		kinds[s.Kind]++
		if _, err := place.Zone(s.Zone); err != nil {
			t.Errorf("%s: zone: %v", s.Code, err)
		}
		if found, ok := place.StateByCode(s.Code); !ok || found != s {
			t.Errorf("StateByCode(%q) = %v, %v", s.Code, found, ok)
		}
	}
	if kinds["state"] != 50 || kinds["district"] != 1 || kinds["territory"] != 5 || len(kinds) != 3 {
		t.Errorf("kinds = %v, want 50 states, 1 district, 5 territories", kinds)
	}
}

func TestBordersAreSharedByBothSides(t *testing.T) {
	t.Parallel()
	borders := 0
	for _, s := range place.States() {
		near := place.Neighbors(s.Code)
		if !slices.IsSorted(near) || slices.Contains(near, s.Code) {
			t.Errorf("Neighbors(%q) = %v: want others, sorted", s.Code, near)
		}
		for _, code := range near {
			borders++
			if !slices.Contains(place.Neighbors(code), s.Code) {
				t.Errorf("%s borders %s, but not the other way", s.Code, code)
			}
		}
	}
	// 105 borders between states, 2 of the District of Columbia.
	if borders != 2*107 {
		t.Errorf("%d borders told from both sides, want %d", borders, 2*107)
	}
	if got := place.Neighbors("MS"); !slices.Equal(got, []string{"AL", "AR", "LA", "TN"}) {
		t.Errorf("Neighbors(MS) = %v", got)
	}
}

func TestCounties(t *testing.T) {
	t.Parallel()
	// Counts by the Census Bureau's list of 2022.
	for code, want := range map[string]int{
		"MS": 82, "TX": 254, "CT": 9, "DC": 1, "AK": 30, "VA": 133, "LA": 64, "DE": 3, "PR": 78,
		"AS": 0, "GU": 0, "MP": 0, "VI": 0, "XX": 0,
	} {
		if got := len(place.Counties(code)); got != want {
			t.Errorf("%s has %d counties, want %d", code, got, want)
		}
	}
	total := 0
	for _, s := range place.States() {
		for _, c := range place.Counties(s.Code) {
			total++
			if found, ok := place.CountyByFIPS(c.FIPS); !ok || found != c || found.State() != s {
				t.Errorf("CountyByFIPS(%q) = %v, %v in %v", c.FIPS, found, ok, found.State())
			}
			if found, ok := place.CountyByName(s.Code, c.Name); !ok || found != c {
				t.Errorf("CountyByName(%q, %q) = %v, %v", s.Code, c.Name, found, ok)
			}
		}
	}
	if total != 3222 {
		t.Errorf("%d counties, want 3222", total)
	}
}

func TestCallersCannotChangeTheList(t *testing.T) {
	t.Parallel()
	place.States()[0].Name = "changed"
	place.Counties("MS")[0].Name = "changed"
	place.Neighbors("MS")[0] = "changed"
	if place.States()[0].Name != "Alabama" || place.Counties("MS")[0].Name != "Adams County" || place.Neighbors("MS")[0] != "AL" {
		t.Error("a caller's change reached the next caller")
	}
}

func TestCountyByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ state, typed, want string }{
		{"MS", "DeSoto", "28033"},
		{"MS", "  de soto  county ", "28033"},
		{"MS", "DESOTO COUNTY", "28033"},
		{"FL", "De Soto", "12027"},
		{"LA", "De Soto Parish", "22031"},
		{"LA", "Saint Landry", "22097"},
		{"AL", "St Clair", "01115"},
		{"MO", "St. Louis County", "29189"},
		{"MO", "Saint Louis City", "29510"},
		{"MO", "St. Louis", ""}, // the city or the county around it
		{"MD", "Baltimore", ""},
		{"MD", "Prince Georges", "24033"},
		{"VA", "James City", "51095"},
		{"NV", "Carson City", "32510"},
		{"NV", "Carson", ""}, // no county has that name
		{"NM", "Dona Ana", "35013"},
		{"PR", "mayaguez", "72097"},
		{"PR", "Añasco", "72011"},
		{"AK", "Juneau", "02110"},
		{"CT", "capitol planning region", "09110"},
		{"DC", "district of columbia", "11001"},
		{"GU", "Guam", ""},
		{"MS", "", ""},
		{"MS", "County", ""},
		{"XX", "DeSoto", ""},
	} {
		got, ok := place.CountyByName(c.state, c.typed)
		if got.FIPS != c.want || ok != (c.want != "") {
			t.Errorf("CountyByName(%q, %q) = %v, %v; want %q", c.state, c.typed, got, ok, c.want)
		}
	}
}

func TestParsePlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, name string
		err        error
	}{
		{"", "", nil},
		{"MS", "Mississippi", nil},
		{"MS-28033", "DeSoto County, Mississippi", nil},
		{"DC-11001", "District of Columbia", nil},
		{"VI", "U.S. Virgin Islands", nil},
		{"FL-28033", "", place.ErrUnknown}, // Mississippi's DeSoto County is not in Florida
		{"MS-28999", "", place.ErrUnknown},
		{"ZZ", "", place.ErrUnknown},
		{"ms", "", place.ErrForm},
		{"MS-", "", place.ErrForm},
		{"MS-DeSoto", "", place.ErrForm},
		{"28033", "", place.ErrForm},
		{" MS", "", place.ErrForm},
		{"MS-28033-1", "", place.ErrForm},
	} {
		got, err := place.ParsePlace(c.text)
		if err != c.err || got.Name() != c.name {
			t.Errorf("ParsePlace(%q) = %v (%q), %v; want %q, %v", c.text, got, got.Name(), err, c.name, c.err)
		}
		if err == nil && (got.String() != c.text || got.IsZero() != (c.text == "")) {
			t.Errorf("ParsePlace(%q) prints %q", c.text, got)
		}
	}
}

func TestPlaceInJSON(t *testing.T) {
	t.Parallel()
	type report struct{ Happened, Lives place.Place }
	in := report{Happened: place.Place{State: "MS", County: "28033"}}
	data, err := json.Marshal(in)
	if err != nil || string(data) != `{"Happened":"MS-28033","Lives":""}` {
		t.Fatalf("Marshal = %s, %v", data, err)
	}
	var out report
	if err := json.Unmarshal(data, &out); err != nil || out != in {
		t.Errorf("Unmarshal = %v, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"Lives":"Memphis"}`), &out); err == nil {
		t.Error("a place that does not exist was read")
	}
}

func FuzzParsePlace(f *testing.F) {
	for _, seed := range []string{"", "MS", "MS-28033", "ms-28033", "MS-", "-28033", "AK-28033", "MS-２８０３３", "M\x00-28033"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := place.ParsePlace(text)
		if err != nil {
			if !p.IsZero() {
				t.Fatalf("ParsePlace(%q) failed and still says %v", text, p)
			}
			return
		}
		if p.String() != text {
			t.Fatalf("ParsePlace(%q) prints %q", text, p)
		}
		if p.County != "" {
			c, ok := place.CountyByFIPS(p.County)
			if !ok || c.State().Code != p.State {
				t.Fatalf("ParsePlace(%q): the county is not in the state", text)
			}
		}
	})
}

func FuzzCountyByName(f *testing.F) {
	for _, seed := range []string{"DeSoto", "St. Louis", "Doña Ana", "County", "\xff", "saint"} {
		f.Add("MS", seed)
	}
	f.Fuzz(func(t *testing.T, code, name string) {
		if c, ok := place.CountyByName(code, name); ok && c.State().Code != code {
			t.Fatalf("CountyByName(%q, %q) lies in %s", code, name, c.State().Code)
		}
	})
}

// Every zone that a state has is in the program itself, and tells the hour as the
// machine's own does.
func TestZonesAreInTheProgram(t *testing.T) {
	t.Parallel()
	for _, s := range place.States() {
		zone, err := place.Zone(s.Zone)
		if err != nil {
			t.Errorf("%s: %v", s.Code, err)
			continue
		}
		known, err := time.LoadLocation(s.Zone)
		if err != nil {
			t.Fatal(err)
		}
		for day := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC); day.Year() < 2030; day = day.AddDate(0, 0, 1) {
			if a, b := day.In(zone).Format(time.RFC3339), day.In(known).Format(time.RFC3339); a != b {
				t.Errorf("%s: %s and %s", s.Zone, a, b)
				break
			}
		}
	}
	if _, err := place.Zone("America/Atlantis"); err == nil {
		t.Error("there is a zone that does not exist")
	}
}
