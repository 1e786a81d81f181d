// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"waylight/internal/prevention/placement"
)

// What may be said of the spots that a place has more than once.
func TestSeveralOfASpotAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "restroom: men's; restroom:women's ;": "restroom: men's; restroom: women's", " restroom :  2 ": "restroom: 2", "restroom: مغسلة": "restroom: مغسلة",
		"restroom": "!", "attic: 1": "!", "restroom: A; restroom: a": "!", "restroom: !!": "!", "restroom: call 601-555-0123": "!", "restroom: see www.example.org": "!",
		"restroom: A\u202eB": "!", "restroom: " + strings.Repeat("a", 41): "!", "platform: 1": "!", strings.Repeat("restroom: a;", 300): "!",
	} {
		p, wrong := placement.ReadPlace(placement.Typed{"kind": "train_station", "name": "A", "county": "Hinds", "lacks": "platform", "several": text}, "MS")
		got := placement.TypedOf(p)["several"]
		if len(wrong) > 0 {
			got = "!"
			for _, w := range wrong {
				if w.Field != "several" || w.Reason == "" {
					t.Errorf("%q: %+v", text, w)
				}
			}
		}
		if got != want {
			t.Errorf("%q was read as %q, want %q %v", text, got, want, wrong)
		}
	}
}

// A station with two restrooms has a sheet in each: each is there once, whichever way its
// name is written, and a sheet that follows another is at the same one.
func TestSheetsAtSeveralOfASpot(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		at := w.place("several", "restroom: Men's")
		add := func(label string) (placement.Placement, []placement.Problem, error) {
			return w.Add(t.Context(), w.head, placement.Draft{Place: at.ID, Notice: "us-station", Spot: "restroom", Label: label})
		}
		plain := w.hang(at, "restroom")
		men, _, err := add("men's")
		check(t, err)
		if men.Label != "Men's" {
			t.Errorf("written %q, not as the place writes it", men.Label)
		}
		women, _, err := add("women's")
		check(t, err)
		now, err := w.Place(t.Context(), w.head, at.ID)
		check(t, err)
		if want := (placement.Named{Spot: "restroom", Label: "women's"}); len(now.Several) != 2 || now.Several[1] != want || now.Version != 2 {
			t.Errorf("the place is not told of a new one: %+v", now)
		}
		for label, why := range map[string]string{"": "is there already", "MEN'S": "is there already", "see www.example.org": "address of the web", "a;b": "semicolon", "...": "no letter"} {
			if _, wrong, err := add(label); !errors.Is(err, placement.ErrTyped) || len(wrong) != 1 || !strings.Contains(wrong[0].Reason, why) {
				t.Errorf("%q: %v %v", label, wrong, err)
			}
		}
		w.step(men, placement.Up)
		succ, err := w.Prepare(t.Context(), w.head, men.ID)
		check(t, err)
		if succ.Label != "Men's" {
			t.Errorf("what follows is at %q", succ.Label)
		}
		rename := func(id placement.Placement, label string) ([]placement.Problem, error) {
			return w.Relabel(t.Context(), w.head, id.ID, w.now(id).Row, label)
		}
		if wrong, err := rename(plain, "Women's"); !errors.Is(err, placement.ErrTyped) || len(wrong) != 1 {
			t.Errorf("two at one: %v %v", wrong, err)
		}
		if _, err := rename(succ, "hall"); !errors.Is(err, placement.ErrState) {
			t.Errorf("what follows goes elsewhere: %v", err)
		}
		if _, err := w.Relabel(t.Context(), w.head, men.ID, 1, "hall"); !errors.Is(err, placement.ErrMoved) {
			t.Errorf("an old page: %v", err)
		}
		if wrong, err := rename(men, "hall"); err != nil {
			t.Fatal(wrong, err)
		}
		if w.now(men).Label != "hall" || w.now(succ).Label != "hall" {
			t.Errorf("named anew: %q, and what follows %q", w.now(men).Label, w.now(succ).Label)
		}
		w.step(succ, placement.Up)
		if w.now(men).State != placement.Replaced || w.now(plain).State != placement.Up || w.now(women).State != placement.Planned {
			t.Errorf("%s %s %s", w.now(men).State, w.now(plain).State, w.now(women).State)
		}
	})
}

// What was prepared for a sheet that is removed stays where it was to hang: it goes nowhere with
// a sheet that was planned there since, and what another sheet brings along finds its spot taken.
func TestWhatIsPreparedForARemovedSheet(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		at := w.place("several", "restroom: Men's; restroom: Women's")
		add := func(label string) placement.Placement {
			p, wrong, err := w.Add(t.Context(), w.head, placement.Draft{Place: at.ID, Notice: "us-station", Spot: "restroom", Label: label})
			if err != nil {
				t.Fatal(wrong, err)
			}
			return p
		}
		prepared := func(label string) (sheet, succ placement.Placement) {
			sheet = w.step(add(label), placement.Up)
			succ, err := w.Prepare(t.Context(), w.head, sheet.ID)
			check(t, err)
			return sheet, succ
		}
		gone, left := prepared("Men's")
		w.step(gone, placement.Removed)
		women, after := prepared("Women's")
		before := w.leaves()
		wrong, err := w.Relabel(t.Context(), w.head, women.ID, w.now(women).Row, "Men's")
		if !errors.Is(err, placement.ErrTyped) || len(wrong) != 1 || wrong[0].Field != "label" || !strings.Contains(wrong[0].Reason, "was prepared there") {
			t.Errorf("onto a spot where another one waits: %v %v", wrong, err)
		}
		if w.now(women).Label != "Women's" || w.now(after).Label != "Women's" || w.leaves() != before {
			t.Errorf("refused, and named %q and %q, %d entries", w.now(women).Label, w.now(after).Label, w.leaves()-before)
		}
		planned := add("Men's")
		_, err = w.Relabel(t.Context(), w.head, planned.ID, planned.Row, "hall")
		check(t, err)
		if w.now(planned).Label != "hall" || w.now(left).Label != "Men's" {
			t.Errorf("named anew: %q, and what was prepared for another one %q", w.now(planned).Label, w.now(left).Label)
		}
		w.step(left, placement.Removed)
		_, err = w.Relabel(t.Context(), w.head, women.ID, w.now(women).Row, "Men's")
		check(t, err)
		if w.now(women).Label != "Men's" || w.now(after).Label != "Men's" {
			t.Errorf("named anew: %q, and what follows %q", w.now(women).Label, w.now(after).Label)
		}
	})
}

// Coverage needs a sheet at each of several, a batch plans one at each, and a round
// passes all of them.
func TestEachOfSeveralIsANeed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pack.Notices[0].Spots = []string{"restroom"}
		needs := func() string {
			t.Helper()
			var out []string
			_, err := w.Cover(t.Context(), w.head, placement.Covering{Notice: "us-station"}, func(g placement.Gap) error {
				out = append(out, g.Label+" "+g.What)
				return nil
			})
			check(t, err)
			slices.Sort(out)
			return strings.Join(out, ", ")
		}
		at := w.place("several", "restroom: men's; restroom: women's; platform: 1")
		if got := needs(); got != "men's none, women's none" {
			t.Error(got)
		}
		plain := w.plan(at, "restroom")
		if got := needs(); got != " coming, men's none, women's none" {
			t.Error(got)
		}
		w.step(plain, placement.Removed)
		w.place("name", "Once")
		b, _, err := w.Begin(t.Context(), w.head, placement.BatchPlan, placement.Spec{Notice: "us-station", Spots: []string{"restroom"}})
		check(t, err)
		w.due()
		if b, err = w.Batch(t.Context(), w.head, b.ID); err != nil || b.Made != 3 || b.LeftOut != 0 || b.Total != 2 {
			t.Errorf("%+v %v", b, err)
		}
		if got := needs(); got != " coming, men's coming, women's coming" {
			t.Error(got)
		}
		list, _, err := w.List(t.Context(), w.head, placement.Filter{Limit: 10})
		check(t, err)
		for _, p := range list {
			w.step(p, placement.Up)
		}
		rd, err := w.MakeRound(t.Context(), w.ana, "", placement.Filter{Text: "union"})
		check(t, err)
		_, stops, err := w.Stops(t.Context(), w.ana, rd.ID)
		if err != nil || len(stops) != 2 || stops[0].Label != "men's" || stops[1].Label != "women's" {
			t.Errorf("%+v %v", stops, err)
		}
		var sheets []string
		for sh, err := range w.ToPrint(t.Context(), placement.Printing{Program: here, State: placement.Up}, [16]byte{}) {
			check(t, err)
			sheets = append(sheets, sh.Spot)
		}
		slices.Sort(sheets)
		if want := []string{"restroom", "restroom, men's", "restroom, women's"}; !slices.Equal(sheets, want) {
			t.Errorf("printed as %q", sheets)
		}
		w.pack.Notices[0].Version = "2"
		if n, err := w.Renew(t.Context(), here); err != nil || n != 3 {
			t.Errorf("%d tasks, %v", n, err)
		}
		tasks := w.open()
		if !slices.ContainsFunc(tasks, func(k placement.Task) bool { return k.Placement.Label == "women's" }) {
			t.Errorf("%+v", tasks)
		}
	})
}

// Files may name them, as CSV and as GeoJSON; files without stay as they were.
func TestSeveralOfASpotFromFiles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		files := map[string]string{
			"csv": "kind,name,county,several\nschool,One,Hinds,restroom: a; restroom: b\nschool,Two,Hinds,\n",
			"geo": `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[-90.1823,32.3038]},"properties":{"kind":"school","name":"Three","several":["restroom: a","restroom: b"]}}]}`,
			"old": "kind,name,county\nschool,Four,Hinds\n",
		}
		for name, file := range files {
			im, err := w.Upload(t.Context(), w.head, name, strings.NewReader(file))
			check(t, err)
			check(t, w.Commit(t.Context(), w.head, im.ID))
			w.due()
		}
		list, _, err := w.Places(t.Context(), w.head, placement.Filter{Limit: 10})
		check(t, err)
		got := map[string]string{}
		for _, p := range list {
			got[p.Name] = placement.TypedOf(p)["several"]
		}
		if want := "restroom: a; restroom: b"; len(got) != 4 || got["One"] != want || got["Three"] != want || got["Two"] != "" || got["Four"] != "" {
			t.Errorf("%q", got)
		}
		im, err := w.Upload(t.Context(), w.head, "bad", strings.NewReader("kind,name,county,several\nschool,Five,Hinds,attic: 1\n"))
		if err != nil || im.State != placement.Broken || im.Problems != 1 {
			t.Errorf("%+v %v", im, err)
		}
	})
}
