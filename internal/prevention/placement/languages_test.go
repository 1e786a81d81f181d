// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"waylight/internal/partnership/program"
	"waylight/internal/prevention/placement"
)

// Where a law asks for another language, a sheet is planned in it, coverage misses it, and a
// sheet without it is not printed.
func TestLanguagesOfAPlace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		n := &w.pack.Notices[0]
		n.LanguagesAt = []program.LanguagesAt{{Places: []string{"train_station"}, Counties: []string{hinds}, Languages: []string{"ar"}}}
		n.Spots = []string{"restroom"}
		at := w.place()
		if got := w.plan(at, "restroom").Languages; !slices.Equal(got, []string{"ar", "en", "es"}) {
			t.Errorf("planned in %v", got)
		}
		if got := w.plan(w.place("name", "Elsewhere", "county", "DeSoto"), "restroom").Languages; !slices.Equal(got, []string{"en", "es"}) {
			t.Errorf("elsewhere planned in %v", got)
		}
		two, wrong, err := w.Add(t.Context(), w.head, placement.Draft{Place: w.place("name", "Two").ID, Notice: "us-station", Spot: "restroom", Languages: []string{"en", "es"}})
		if err != nil {
			t.Fatal(err, wrong)
		}
		w.step(two, placement.Up)
		var missing []string
		_, err = w.Cover(t.Context(), w.head, placement.Covering{Notice: "us-station", County: hinds}, func(g placement.Gap) error {
			missing = append(missing, g.Place.Name+" "+g.What+" "+strings.Join(g.Languages, " "))
			return nil
		})
		check(t, err)
		if slices.Sort(missing); !slices.Equal(missing, []string{"Two part ar", "Union Station coming en es ar"}) {
			t.Errorf("%q", missing)
		}
		b, _, err := w.Begin(t.Context(), w.head, placement.BatchPlan, placement.Spec{Notice: "us-station", Spots: []string{"platform"}, County: hinds})
		check(t, err)
		w.due()
		list, _, err := w.List(t.Context(), w.head, placement.Filter{Spot: "platform", Limit: 10})
		if err != nil || len(list) != 2 || !slices.Equal(list[0].Languages, []string{"ar", "en", "es"}) {
			t.Errorf("%s: %+v, %v", b.ID, list, err)
		}
		if _, wrong, err := w.Add(t.Context(), w.head, placement.Draft{Place: at.ID, Notice: "nothing", Spot: "restroom"}); !errors.Is(err, placement.ErrTyped) || len(wrong) != 1 {
			t.Errorf("%v %v", wrong, err)
		}
	})
}

// The sign of Texas in a salon is not printed without Vietnamese, and is with it, on the same
// sheet or on one beside it at the very same of several spots.
func TestSignOfTexasInASalon(t *testing.T) {
	t.Parallel()
	w := pressed(t, func(string) bool { return true })
	add := func(at placement.Place, label string, langs ...string) placement.Placement {
		p, wrong, err := w.Add(t.Context(), w.head, placement.Draft{Place: at.ID, Notice: "tx-sign", Spot: "restroom", Label: label, Languages: langs, Paper: "tabloid"})
		if err != nil {
			t.Fatal(err, wrong)
		}
		return p
	}
	salon := w.place("kind", "salon", "name", "Salon", "county", "TX-48201", "city", "Houston")
	bar := w.place("kind", "bar", "name", "Bar", "county", "TX-48201", "city", "Houston")
	c := w.serve(t, w.head)
	printed := func(p placement.Placement) int { return c.GetDoc("/staff/placements/sheet/" + p.ID.String()).Status }
	two := add(salon, "one", "en", "es")
	if got := printed(two); got != http.StatusConflict {
		t.Errorf("without Vietnamese: %d", got)
	}
	if doc := c.GetDoc("/staff/placements/print?notice=tx-sign"); !strings.Contains(doc.Main(), `must be in "vi" too`) {
		t.Errorf("the page does not say why: %s", doc.Main())
	}
	if got := printed(add(bar, "", "en", "es")); got != http.StatusOK {
		t.Errorf("in a bar: %d", got)
	}
	add(salon, "two", "vi")
	if got := printed(two); got != http.StatusConflict {
		t.Errorf("with Vietnamese in another restroom: %d", got)
	}
	add(salon, "one", "vi")
	if got := printed(two); got != http.StatusOK {
		t.Errorf("with Vietnamese beside it: %d", got)
	}
	if doc := c.Look("/staff/placements/notices?show=all&q=tx-sign", "Also in vi at: Salon (Tex. HB 2629 (2025)) unverified"); doc.Status != http.StatusOK {
		t.Error(doc.Status)
	}
	if body := c.GetDoc("/staff/placements/notices.csv?show=all&q=tx-sign").Body; !strings.Contains(body, "en es,") || !strings.Contains(body, "vi: Salon (Tex. HB 2629 (2025), unverified)") {
		t.Error(body)
	}
}
