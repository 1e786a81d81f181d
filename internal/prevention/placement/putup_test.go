// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/prevention/placement"
)

// printed plans a sheet and has it printed.
func (w *world) printed(at placement.Place) placement.Placement {
	w.t.Helper()
	return w.step(w.plan(at, "restroom"), placement.Printed)
}

// putting makes a round past what is printed and what hangs.
func (w *world) putting() placement.Round {
	w.t.Helper()
	r, err := w.MakeRound(w.t.Context(), w.ana, "", placement.Filter{Pass: placement.PassBoth})
	check(w.t, err)
	return r
}

// Who walks a round says that they put a sheet up: by whom and when is what they said, however
// late it arrives and however often. It is no look, and takes the old sheet's place.
func TestPutUpOnARound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sheet, old := w.printed(w.place()), w.hang(w.place("name", "Old"), "restroom")
		next, err := w.Prepare(t.Context(), w.head, old.ID)
		check(t, err)
		w.step(next, placement.Printed)
		if _, err := w.MakeRound(t.Context(), w.ana, "", placement.Filter{Pass: placement.PassPrinted, County: "28033"}); err == nil {
			t.Error("a round past nothing")
		}
		r := w.putting()
		if _, stops, err := w.Stops(t.Context(), w.ana, r.ID); err != nil || len(stops) != 3 {
			t.Fatalf("%d stops, %v", len(stops), err)
		}
		at := w.clock.Now().Add(time.Hour)
		w.clock.Advance(30 * time.Hour) // the telephone was offline
		e := placement.Entry{Key: store.NewID().String(), Placement: sheet.ID, Found: placement.PutUp, Opens: "yes", At: at}
		for i := range 2 {
			o, err := w.Inspect(t.Context(), w.ana, r.ID, e)
			if err != nil || o.State != placement.Up || o.Again != (i == 1) || o.Same || o.Late {
				t.Fatalf("%+v %v", o, err)
			}
		}
		got := w.now(sheet)
		if got.PutUpBy != w.ana.Actor() || got.PutUpOn.In(w.pack.Zone).Format(time.DateOnly) != at.In(w.pack.Zone).Format(time.DateOnly) || !got.SeenAt.Equal(at.UTC().Truncate(time.Microsecond)) {
			t.Errorf("put up %v by %s, seen %v", got.PutUpOn, got.PutUpBy, got.SeenAt)
		}
		if o := w.look(r, sheet, "missing", "untried", at.Add(5*time.Minute)); o.Late || o.State != placement.Missing {
			t.Errorf("what was found after it: %+v", o)
		}
		if o := w.look(r, sheet, placement.PutUp, "untried", at.Add(10*time.Minute)); o.State != placement.Up || len(w.open()) != 0 {
			t.Errorf("put up again: %+v, %d tasks", o, len(w.open()))
		}
		if o := w.look(r, sheet, placement.PutUp, "untried", at.Add(20*time.Minute)); !o.Same {
			t.Errorf("put up twice: %+v", o)
		}
		if o := w.look(r, next, placement.PutUp, "untried", at); o.State != placement.Up || w.now(old).State != placement.Replaced || w.on(old.Code.ID) {
			t.Errorf("%+v; the old one is %s", o, w.now(old).State)
		}
		if o := w.look(r, old, placement.PutUp, "untried", time.Time{}); !o.Same || o.State != placement.Replaced {
			t.Errorf("what is not in use any more: %+v", o)
		}
		if n := w.count("poster_inspections"); n != 1 {
			t.Errorf("%d looks are counted", n)
		}
		if n := w.count("posters_placed"); n != 3 {
			t.Errorf("%d sheets are counted", n)
		}
		hung, err := w.HungBetween(t.Context(), w.db, here, []string{"us-station"}, "2020-01-01", "2040-01-01")
		if err != nil || hung.Inspected != 1 {
			t.Errorf("%+v %v", hung, err)
		}
	})
}

// A sheet that somebody hung and whose code leads elsewhere is up, and its code is off. One
// whose spot another sheet has meanwhile does not count as put up.
func TestPutUpWithTrouble(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sheet, at := w.printed(w.place()), w.place("name", "Taken")
		old := w.hang(at, "restroom")
		next, err := w.Prepare(t.Context(), w.head, old.ID)
		check(t, err)
		w.step(next, placement.Printed)
		r := w.putting()
		w.clock.Advance(time.Minute)
		if o := w.look(r, sheet, placement.PutUp, "no", time.Time{}); o.State != placement.Up || !o.CodeOff || w.on(sheet.Code.ID) || len(w.open()) != 1 {
			t.Errorf("%+v, %d tasks", o, len(w.open()))
		}
		w.step(old, placement.Removed)
		other := w.plan(at, "restroom")
		if o := w.look(r, next, placement.PutUp, "untried", time.Time{}); !o.Taken || o.State != placement.Printed || w.now(other).State != placement.Planned {
			t.Errorf("%+v", o)
		}
	})
}

// Who hung a sheet whose spot is taken and whose code leads elsewhere is told both: what became of
// the code, switched off or left to a supervisor, and that the sheet does not count as put up. So is
// who sends it again, and who looks at the sheet's page. Codes that went off so count for the brake.
func TestPutUpRefusedAndItsCodeDoubted(t *testing.T) {
	t.Parallel()
	w := served(t)
	var taken []placement.Placement
	for i := range 21 {
		at := w.place("name", fmt.Sprintf("Stop %02d", i))
		old := w.hang(at, "restroom")
		next, err := w.Prepare(t.Context(), w.head, old.ID)
		check(t, err)
		taken = append(taken, w.step(next, placement.Printed))
		w.step(old, placement.Removed)
		w.plan(at, "restroom")
	}
	late := w.hang(w.place("name", "Late"), "restroom")
	r := w.putting()
	w.clock.Advance(time.Minute)
	c := w.serve(t, w.ana)
	send := func(p placement.Placement, at time.Time, want ...string) {
		t.Helper()
		e := placement.Entry{Key: store.NewID().String(), Placement: p.ID, Found: placement.PutUp, Opens: "no", At: at}
		for range 2 {
			res := c.PostJSON("/staff/rounds/"+r.ID.String()+"/entries", map[string]any{"entries": []placement.Entry{e}})
			for _, says := range want {
				if !strings.Contains(res.Body, says) {
					t.Errorf("%d %s does not say %q", res.Status, res.Body, says)
				}
			}
		}
	}
	for _, p := range taken[:20] {
		send(p, time.Time{}, "is switched off now", "does not count as put up")
	}
	send(taken[20], time.Time{}, "a supervisor must look", "does not count as put up")
	w.clock.Advance(25 * time.Hour)
	w.look(r, late, "seen", "yes", time.Time{})
	send(late, w.clock.Now().Add(-time.Hour), "is switched off now", "Somebody looked later than you")
	for p, says := range map[int]string{0: "its code was switched off; another sheet is at its spot", 20: "its code stayed on: a supervisor must look; another sheet is at its spot"} {
		if doc := w.serve(t, w.head).GetDoc("/staff/placements/" + taken[p].ID.String()); !strings.Contains(doc.Main(), says) {
			t.Errorf("the page does not say %q: %s", says, doc.Main())
		}
	}
}

// The page offers what can be said of each sheet, as a form and to its script.
func TestPagesOfPuttingUp(t *testing.T) {
	t.Parallel()
	w := served(t)
	printed, missing := w.printed(w.place()), w.step(w.hang(w.place("name", "Gone"), "restroom"), placement.Missing)
	w.hang(w.place("name", "There"), "restroom")
	c := w.serve(t, w.ana)
	at := c.PostForm("/staff/rounds", url.Values{"pass": {placement.PassBoth}}).Header.Get("Location")
	doc := c.GetDoc(at)
	if got := strings.Count(doc.Body, `value="put_up"`); got != 2 || strings.Count(doc.Body, `value="seen"`) != 2 {
		t.Errorf("%d can be put up: %s", got, doc.Body)
	}
	key := func(p placement.Placement) string {
		_, rest, _ := strings.Cut(doc.Body, `name="key-`+p.ID.String()+`" value="`)
		key, _, _ := strings.Cut(rest, `"`)
		return key
	}
	id := printed.ID.String()
	if doc := c.PostForm(at, url.Values{"key-" + id: {key(printed)}, "found-" + id: {"put_up"}}); doc.Status != http.StatusSeeOther || w.now(printed).State != placement.Up {
		t.Errorf("%d, %s", doc.Status, w.now(printed).State)
	}
	w.clock.Advance(time.Minute)
	entry := func(p placement.Placement) placement.Entry {
		return placement.Entry{Key: store.NewID().String(), Placement: p.ID, Found: placement.PutUp, Opens: "untried", At: w.clock.Now()}
	}
	res := c.PostJSON(at+"/entries", map[string]any{"entries": []placement.Entry{entry(missing), entry(printed)}})
	if w.now(missing).State != placement.Up || !strings.Contains(res.Body, "was up already") {
		t.Errorf("%s, %s", w.now(missing).State, res.Body)
	}
	if doc := w.serve(t, w.head).GetDoc("/staff/placements/" + id); !strings.Contains(doc.Main(), "it was up already") {
		t.Error(doc.Main())
	}
}
