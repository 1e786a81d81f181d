// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/place"
	"waylight/internal/prevention/placement"
)

// Each need of each place is in exactly one class, counties add up, and the list of
// gaps is what is not whole.
func TestCoverage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ask := func(c placement.Covering) (placement.CountyCover, []placement.Gap) {
			t.Helper()
			var gaps []placement.Gap
			list, err := w.Cover(t.Context(), w.head, c, func(g placement.Gap) error {
				gaps = append(gaps, g)
				return nil
			})
			check(t, err)
			if len(list) == 0 {
				return placement.CountyCover{}, nil
			}
			for _, x := range list {
				if x.Needs != x.Full+x.Part+x.Broken+x.Coming+x.None {
					t.Errorf("%+v does not add up", x)
				}
			}
			return list[slices.IndexFunc(list, func(x placement.CountyCover) bool { return x.County == hinds })], gaps
		}
		whole := w.place("name", "Whole")
		w.place("name", "Nothing")
		w.place("name", "No restroom", "lacks", "restroom")
		w.place("name", "School", "kind", "school")
		w.place("name", "Elsewhere", "county", "DeSoto")
		gone := w.place("name", "Not in use")
		if _, err := w.ChangePlace(t.Context(), w.head, gone.ID, 1, placement.Typed{"kind": "train_station", "name": "Not in use", "city": "Jackson", "county": hinds}, false); err != nil {
			t.Fatal(err)
		}
		sheet := w.hang(whole, "restroom")
		english, _, err := w.Add(t.Context(), w.head, placement.Draft{Place: whole.ID, Notice: "us-station", Spot: "platform", Languages: []string{"en"}})
		check(t, err)
		got, _ := ask(placement.Covering{})
		want := placement.CountyCover{County: hinds, Name: "Hinds County", Places: 3, Needs: 5, Full: 1, Coming: 1, None: 3, Up: 1}
		if got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		w.step(english, placement.Up)
		got, gaps := ask(placement.Covering{County: hinds})
		want.Coming, want.Part, want.Up = 0, 1, 2
		if got != want || len(gaps) != 4 {
			t.Errorf("got  %+v\nwant %+v, %d gaps", got, want, len(gaps))
		}
		for _, g := range gaps {
			if g.What == "part" && !slices.Equal(g.Languages, []string{"es"}) {
				t.Errorf("languages missing: %v", g.Languages)
			}
		}
		w.pack.Notices[0].Version = "2"
		w.step(sheet, placement.Missing)
		w.clock.Advance(100 * 24 * time.Hour)
		got, _ = ask(placement.Covering{})
		want.Full, want.Broken, want.Up, want.Due, want.Old = 0, 1, 1, 1, 2
		if got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if got, gaps = ask(placement.Covering{Notice: "ms-voluntary"}); got.Needs != 1 || len(gaps) != 1 {
			t.Errorf("the voluntary notice: %+v, %d gaps", got, len(gaps))
		}
		w.pack.Notices[0].To = w.clock.Now().AddDate(0, 0, -2)
		w.pack.Notices[1].To = w.clock.Now().AddDate(0, 0, -2)
		if list, err := w.Cover(t.Context(), w.head, placement.Covering{Notice: "us-station"}, nil); err != nil || len(list) != 0 {
			t.Errorf("a notice that is not in force: %+v, %v", list, err)
		}
	})
}

// A need is only where a place of the kind can have the spot: a station has no car, a
// train no waiting room, and nobody is bound to own a screen.
func TestSpotsOfKinds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pack.Notices[0].Spots = program.NoticeSpots()
		w.place()
		w.place("kind", "train", "name", "The train")
		var got []string
		_, err := w.Cover(t.Context(), w.head, placement.Covering{}, func(g placement.Gap) error {
			got = append(got, g.Place.Kind+" "+g.Spot)
			return nil
		})
		check(t, err)
		slices.Sort(got)
		want := []string{"train car", "train restroom", "train_station counter", "train_station employees", "train_station entrance", "train_station platform", "train_station restroom", "train_station waiting_room"}
		if !slices.Equal(got, want) {
			t.Errorf("needs: %v", got)
		}
		if _, wrong, err := w.Add(t.Context(), w.head, placement.Draft{Place: w.place("name", "Other").ID, Notice: "us-station", Spot: "car"}); err == nil || len(wrong) == 0 {
			t.Errorf("the car of a station: %v", err)
		}
	})
}

// A map has every county once, as a path of its own that says in words what it has, and
// the classes differ by pattern.
func TestMap(t *testing.T) {
	t.Parallel()
	path := regexp.MustCompile(`^(M-?[0-9.]+ -?[0-9.]+(L-?[0-9.]+ -?[0-9.]+)+Z)+$`)
	for _, s := range place.States() {
		m := placement.DrawMap(s.Code, []placement.CountyCover{{County: hinds, Needs: 4, Full: 3, Up: 3, Due: 1}, {County: "28033", Up: 2, Due: 1}})
		if counties := place.Counties(s.Code); len(counties) == 0 {
			if m != nil {
				t.Errorf("%s has a map and no counties", s.Code)
			}
			continue
		} else if len(m.Counties) != len(counties) {
			t.Errorf("%s: %d paths of %d counties", s.Code, len(m.Counties), len(counties))
		}
		if m.Height < 100 || m.Height > 621 || m.Width < 100 || m.Width > 641 || m.Height < 619 && m.Width < 639 {
			t.Errorf("%s is %d wide and %d high", s.Code, m.Width, m.Height)
		}
		size := 0
		for _, c := range m.Counties {
			size += len(c.D)
			if !path.MatchString(c.D) && !strings.HasPrefix(c.Title, "Falls Church") {
				t.Errorf("%s: %.80s", c.Title, c.D)
			}
			want, fill, over := ": no place that needs a sheet", "url(#fill-nothing)", ""
			switch c.FIPS {
			case hinds:
				want, fill, over = ": 3 of 4 spots have their sheet; 1 of 3 sheets that hang are due to be looked at", "url(#fill-most)", "url(#due-some)"
			case "28033":
				want, over = want+"; 1 of 2 sheets that hang are due to be looked at", "url(#due-half)"
			}
			if !strings.HasSuffix(c.Title, want) || c.Fill != fill || c.Over != over {
				t.Errorf("%s is filled with %s, and over it %s", c.Title, c.Fill, c.Over)
			}
		}
		if size > 200_000 {
			t.Errorf("%s takes %d bytes", s.Code, size)
		}
	}
}
