// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/figure"
	"waylight/internal/prevention/placement"
)

// A train crosses counties: it is a place without one, counted apart, and lists can be
// narrowed to what moves. What it counts in figures is a group of its own.
func TestWhatMovesHasNoCounty(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pack.Notices[0].Spots = []string{"restroom"}
		station := w.hang(w.place(), "restroom")
		train := w.place("kind", "train", "name", "City of New Orleans", "city", "", "county", "")
		if train.County != "" || train.State != "MS" || train.Small {
			t.Fatalf("%+v", train)
		}
		sheet := w.plan(train, "restroom")
		if got := w.says(sheet.Code.ID); got != " City of New Orleans 0" {
			t.Errorf("whoever scans is told %q", got)
		}
		list, err := w.Cover(t.Context(), w.head, placement.Covering{}, nil)
		check(t, err)
		if last := list[len(list)-1]; len(list) != 2 || last != (placement.CountyCover{Name: "no county: it moves", Places: 1, Needs: 1, Coming: 1}) {
			t.Errorf("%+v", list)
		}
		for county, want := range map[string]string{"none": sheet.ID.String(), hinds: station.ID.String()} {
			rows, _, err := w.List(t.Context(), w.head, placement.Filter{County: county, Limit: 10})
			if err != nil || len(rows) != 1 || rows[0].ID.String() != want {
				t.Errorf("%s: %+v, %v", county, rows, err)
			}
			places, _, err := w.Places(t.Context(), w.head, placement.Filter{County: county, Limit: 10})
			if err != nil || len(places) != 1 {
				t.Errorf("%s: %+v, %v", county, places, err)
			}
			only, err := w.Cover(t.Context(), w.head, placement.Covering{County: county}, nil)
			if err != nil || len(only) != 1 || only[0].Needs != 1 {
				t.Errorf("%s: %+v, %v", county, only, err)
			}
		}
		w.step(sheet, placement.Up)
		round, err := w.MakeRound(t.Context(), w.ana, "", placement.Filter{County: "none"})
		check(t, err)
		w.look(round, sheet, "stickered", "no", time.Time{})
		for _, m := range w.Room().Measures {
			if m.Name != "posters_placed" {
				continue
			}
			cells, err := m.Cells(t.Context(), w.db, figure.Query{Program: here, By: []string{"county"}})
			if err != nil || len(cells) != 2 || cells[1].Key[0] != "none" {
				t.Errorf("%+v, %v", cells, err)
			}
			rows, _, err := m.Rows(t.Context(), w.db, figure.Query{Program: here, Where: map[string]string{"county": "none"}}, "", 10)
			if d, _ := m.Dimension("county"); err != nil || len(rows) != 1 || d.Label(here, "none") == "none" {
				t.Errorf("%+v, %v", rows, err)
			}
		}
		typed := placement.TypedOf(train)
		typed["county"] = hinds
		if wrong, err := w.ChangePlace(t.Context(), w.head, train.ID, train.Version, typed, true); err != nil {
			t.Fatal(wrong, err)
		}
		if got := w.now(sheet); got.Place.County != hinds || w.says(sheet.Code.ID) != hinds+" City of New Orleans 0" {
			t.Errorf("a train that stays in a county: %+v", got.Place)
		}
	})
}

// Pages and files of a train, and of a file with places that must have a county.
func TestPagesOfATrain(t *testing.T) {
	t.Parallel()
	w := served(t)
	c := w.serve(t, w.head)
	train := w.place("kind", "train", "name", "Crescent", "city", "", "county", "")
	sheet := w.hang(train, "car")
	for path, says := range map[string]string{
		"/staff/places?county=none": "Crescent", "/staff/placements?county=none": "no county", "/staff/placements/" + sheet.ID.String(): "no county", "/staff/places/" + train.ID.String(): "no county: it moves, MS",
		"/staff/placements/coverage?notice=us-station": "no county",
	} {
		if doc := c.GetDoc(path); doc.Status != http.StatusOK || !strings.Contains(doc.Main(), says) {
			t.Errorf("%s: %d %s", path, doc.Status, doc.Main())
		}
	}
	if body := c.GetDoc("/staff/places.csv").Body; !strings.Contains(body, "train,Crescent,,,,MS,") {
		t.Errorf("%s", body)
	}
	im, err := w.Upload(t.Context(), w.head, "f.csv", strings.NewReader("kind,name,county\ntrain,Sunset Limited,\nschool,No county,\n"))
	check(t, err)
	problems, err := w.Problems(t.Context(), w.head, im.ID, 0)
	if err != nil || len(problems) != 1 || problems[0].Line != 3 || problems[0].Column != "county" || !strings.Contains(problems[0].Reason, "is missing: give the county") {
		t.Errorf("%+v %v", problems, err)
	}
}
