// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/prevention/placement"
)

// A second sheet of the same notice in the same languages at the same spot is refused,
// and the answer names the first. In other languages, at another spot, or once the
// first is gone, it is not.
func TestTwinSheets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		at := w.place()
		first := w.plan(at, "restroom")
		draft := placement.Draft{Place: at.ID, Notice: "us-station", Spot: "restroom", Languages: []string{"es", "en", "es"}}
		_, wrong, err := w.Add(t.Context(), w.head, draft)
		if !errors.Is(err, placement.ErrTyped) || len(wrong) != 1 || !strings.Contains(wrong[0].Reason, first.ID.String()[18:]) {
			t.Errorf("the same again: %v, %v", wrong, err)
		}
		draft.Languages = []string{"ar"}
		if _, wrong, err := w.Add(t.Context(), w.head, draft); err != nil {
			t.Errorf("in Arabic: %v, %v", wrong, err)
		}
		w.plan(at, "platform")
		w.step(first, placement.Removed)
		if again := w.plan(at, "restroom"); again.Code.ID == first.Code.ID {
			t.Error("the new sheet has the old one's code")
		}
		if w.on(first.Code.ID) {
			t.Error("the code of a sheet that is gone is on")
		}
		for field, d := range map[string]placement.Draft{
			"notice": {Place: at.ID, Notice: "none", Spot: "restroom"}, "spot": {Place: at.ID, Notice: "us-station", Spot: "roof"},
			"paper":     {Place: at.ID, Notice: "us-station", Spot: "other", Paper: "b0"},
			"languages": {Place: at.ID, Notice: "us-station", Spot: "other", Languages: []string{"fr"}},
		} {
			if _, wrong, err := w.Add(t.Context(), w.head, d); !errors.Is(err, placement.ErrTyped) || len(wrong) == 0 || wrong[0].Field != field {
				t.Errorf("%s: %v, %v", field, wrong, err)
			}
		}
		if _, _, err := w.Add(t.Context(), w.head, placement.Draft{Place: store.NewID(), Notice: "us-station", Spot: "restroom"}); !errors.Is(err, placement.ErrPlace) {
			t.Errorf("nowhere: %v", err)
		}
	})
}

// A sheet is planned on letter paper unless the notice asks for more, then on the smallest
// that is enough; less than that is refused, for one sheet and for many.
func TestPaperIsLargeEnough(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inches := func(width, height float64) program.Paper {
			return program.Paper{Width: width * 72, Height: height * 72}
		}
		var old placement.Placement
		for i, c := range []struct {
			least     program.Paper
			want, bad string
		}{
			{program.Paper{}, "letter", ""}, {inches(8.5, 11), "letter", "card"}, {inches(11, 8.5), "letter", "a4"}, {inches(8.5, 14), "11x15", "letter"},
			{inches(11, 15), "11x15", "letter"}, {inches(11, 17), "tabloid", "11x15"},
		} {
			w.pack.Notices[0].Paper = c.least
			at := w.place("name", fmt.Sprintf("Station %d", i))
			p := w.plan(at, "restroom")
			if p.Paper != c.want || w.now(p).Paper != c.want {
				t.Errorf("for at least %v the sheet is on %s, want %s", c.least, p.Paper, c.want)
			}
			if !slices.Equal(p.Languages, []string{"en", "es"}) {
				t.Errorf("its languages are %v", p.Languages)
			}
			if c.bad == "" {
				old = w.step(p, placement.Up)
				continue
			}
			_, wrong, err := w.Add(t.Context(), w.head, placement.Draft{Place: at.ID, Notice: "us-station", Spot: "platform", Paper: c.bad})
			if !errors.Is(err, placement.ErrTyped) || len(wrong) != 1 || wrong[0].Field != "paper" || !strings.Contains(wrong[0].Reason, "inches") {
				t.Errorf("for at least %v on %s: %v, %v", c.least, c.bad, wrong, err)
			}
			_, wrong, err = w.Begin(t.Context(), w.head, placement.BatchPlan, placement.Spec{Notice: "us-station", Spots: []string{"platform"}, Paper: c.bad})
			if !errors.Is(err, placement.ErrTyped) || len(wrong) != 1 || wrong[0].Field != "paper" {
				t.Errorf("many, for at least %v on %s: %v, %v", c.least, c.bad, wrong, err)
			}
		}
		next, err := w.Prepare(t.Context(), w.head, old.ID)
		if err != nil || next.Paper != "tabloid" {
			t.Errorf("what follows a sheet on %s is on %s: %v", old.Paper, next.Paper, err)
		}
	})
}

func TestDayPutUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.plan(w.place(), "restroom")
		today := w.clock.Now()
		for _, day := range []string{today.AddDate(0, 0, 2).Format(time.DateOnly), today.AddDate(-3, 0, 0).Format(time.DateOnly), "yesterday", "2026-02-30"} {
			if err := w.Step(t.Context(), w.head, p.ID, p.Row, placement.Up, day); !errors.Is(err, placement.ErrDay) {
				t.Errorf("%s: %v", day, err)
			}
		}
		day := today.AddDate(0, 0, -3).Format(time.DateOnly)
		check(t, w.Step(t.Context(), w.head, p.ID, p.Row, placement.Up, day))
		if p = w.now(p); p.PutUpOn.In(w.pack.Zone).Format(time.DateOnly) != day || p.PutUpBy != w.head.Actor() {
			t.Errorf("put up on %v by %s", p.PutUpOn, p.PutUpBy)
		}
		if err := w.Step(t.Context(), w.head, p.ID, p.Row-1, placement.Missing, ""); !errors.Is(err, placement.ErrMoved) {
			t.Errorf("over a newer version: %v", err)
		}
		if err := w.Step(t.Context(), w.head, p.ID, p.Row, placement.Replaced, ""); !errors.Is(err, placement.ErrState) {
			t.Errorf("replaced by hand: %v", err)
		}
	})
}

// A new version opens one task for each sheet that carries an older one, once, and the
// sheet that takes its place closes it. What was not printed is planned anew.
func TestNewVersion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		at := w.place()
		up, planned := w.hang(at, "restroom"), w.plan(at, "platform")
		printed := w.step(w.plan(w.place("name", "Other"), "platform"), placement.Printed)
		renew := func(want int) {
			t.Helper()
			if n, err := w.Renew(t.Context(), here); err != nil || n != want {
				t.Errorf("%d tasks opened, %v; want %d", n, err, want)
			}
		}
		renew(0)
		w.pack.Notices[0].Version = "2"
		before := w.leaves()
		renew(2)
		renew(0)
		if w.leaves() != before+1 {
			t.Errorf("%d entries for two looks of which one found something", w.leaves()-before)
		}
		if now := w.now(planned); now.Version != "2" {
			t.Errorf("a planned sheet stays at version %s", now.Version)
		}
		if list := w.open(); len(list) != 2 || list[0].Reason != "version" {
			t.Fatalf("open: %+v", list)
		}
		next, err := w.Prepare(t.Context(), w.head, up.ID)
		check(t, err)
		if next.Version != "2" || next.Replaces != up.ID || next.Code == up.Code || next.State != placement.Planned {
			t.Errorf("what is to take its place: %+v", next)
		}
		if _, err := w.Prepare(t.Context(), w.head, up.ID); !errors.Is(err, placement.ErrTwin) {
			t.Errorf("a second one: %v", err)
		}
		if len(w.open()) != 2 || !w.on(up.Code.ID) {
			t.Error("planning the new sheet changed the old one")
		}
		w.step(next, placement.Printed)
		w.step(next, placement.Up)
		if old := w.now(up); old.State != placement.Replaced || w.on(up.Code.ID) || !w.on(next.Code.ID) {
			t.Errorf("the old sheet is %s", old.State)
		}
		if list := w.open(); len(list) != 1 || list[0].Placement.ID != printed.ID {
			t.Errorf("open: %+v", list)
		}
		w.step(printed, placement.Removed)
		if list := w.open(); len(list) != 0 {
			t.Errorf("open: %+v", list)
		}
		renew(0)
		w.pack.Notices[0].Version = "3"
		renew(1)
	})
}

// A version that comes back opens no second task for a sheet that carries it.
func TestVersionBackAndForth(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.hang(w.place(), "restroom")
		for i, version := range []string{"2", "1", "2", "3"} {
			w.pack.Notices[0].Version = version
			n, err := w.Renew(t.Context(), here)
			check(t, err)
			if want := map[int]int{0: 1}[i]; n != want {
				t.Errorf("at version %s: %d tasks opened, want %d", version, n, want)
			}
		}
		if len(w.open()) != 1 {
			t.Errorf("%d tasks are open", len(w.open()))
		}
	})
}

// A new version reaches everything that hangs, however much that is.
func TestNewVersionOfMany(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock, nil)
	if _, err := w.AddStations(t.Context(), w.head, "all"); err != nil {
		t.Fatal(err)
	}
	w.batch(placement.BatchPlan, placement.Spec{Notice: "us-station", Spots: []string{"restroom"}, Kind: "train_station"}, 531, 0)
	w.batch(placement.BatchPrinted, placement.Spec{}, 531, 0)
	w.batch(placement.BatchUp, placement.Spec{}, 531, 0)
	w.pack.Notices[0].Version = "2"
	if n, err := w.Renew(t.Context(), here); err != nil || n != 531 {
		t.Fatalf("%d tasks opened, %v", n, err)
	}
	w.batch(placement.BatchRenew, placement.Spec{}, 531, 0)
	w.batch(placement.BatchRenew, placement.Spec{}, 0, 531)
	w.batch(placement.BatchPrinted, placement.Spec{}, 531, 0)
	w.batch(placement.BatchUp, placement.Spec{}, 531, 0)
	if list := w.open(); len(list) != 0 {
		t.Errorf("%d tasks are open after everything was replaced", len(list))
	}
	_, _, err := w.Begin(t.Context(), w.head, placement.BatchRenew, placement.Spec{})
	if !errors.Is(err, placement.ErrEmpty) {
		t.Errorf("nothing to replace: %v", err)
	}
}

// A place for which no sheet can be made is left out, and does not hold up the others.
func TestOneRefusedPlaceStopsNoBatch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.place("name", "Good")
		refused := w.place("name", "Refused by the codes")
		w.place("name", "Good too")
		w.batch(placement.BatchPlan, placement.Spec{Notice: "us-station", Spots: []string{"restroom", "platform"}}, 4, 2)
		if list, _, err := w.List(t.Context(), w.head, placement.Filter{Place: refused.ID, Limit: 10}); err != nil || len(list) != 0 {
			t.Errorf("at the place that was left out: %v, %v", list, err)
		}
	})
}

// What was planned by mistake is removed at once, as far as it does not hang yet and fits
// what was chosen; without a choice nothing is.
func TestManyAreRemoved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		stays := w.hang(w.place("name", "Up"), "restroom")
		planned, printed := w.plan(w.place("name", "Planned"), "restroom"), w.step(w.plan(w.place("name", "Printed"), "restroom"), placement.Printed)
		elsewhere := w.plan(w.place("name", "Elsewhere", "county", "Madison"), "restroom")
		w.plan(stays.Place, "platform")
		_, wrong, err := w.Begin(t.Context(), w.head, placement.BatchRemove, placement.Spec{})
		if !errors.Is(err, placement.ErrTyped) || len(wrong) != 1 {
			t.Errorf("everything: %v, %v", wrong, err)
		}
		w.batch(placement.BatchRemove, placement.Spec{Notice: "us-station", County: hinds}, 3, 0)
		for _, p := range []placement.Placement{planned, printed} {
			if w.now(p).State != placement.Removed || w.on(p.Code.ID) {
				t.Errorf("%s is %s, its code on: %v", p.Place.Name, w.now(p).State, w.on(p.Code.ID))
			}
		}
		if w.now(stays).State != placement.Up || w.now(elsewhere).State != placement.Planned || !w.on(stays.Code.ID) || !w.on(elsewhere.Code.ID) {
			t.Errorf("what hangs is %s, what is elsewhere %s", w.now(stays).State, w.now(elsewhere).State)
		}
		if again := w.plan(planned.Place, "restroom"); again.State != placement.Planned {
			t.Errorf("planned again: %s", again.State)
		}
	})
}

// batch does a batch and holds what came of it.
func (w *world) batch(what string, sp placement.Spec, made, left int64) {
	w.t.Helper()
	b, wrong, err := w.Begin(context.Background(), w.head, what, sp)
	if err != nil {
		w.t.Fatal(err, wrong)
	}
	w.due()
	done, err := w.Batch(context.Background(), w.head, b.ID)
	check(w.t, err)
	if done.State != "done" || done.Made != made || done.LeftOut != left {
		w.t.Errorf("%s: %s, %d made, %d left out; want %d, %d", what, done.State, done.Made, done.LeftOut, made, left)
	}
}

// Planning at many places leaves out what is there and what a place does not have.
func TestBatch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.place("name", "A")
		w.place("name", "B", "lacks", "restroom")
		w.place("name", "School", "kind", "school")
		w.plan(a, "platform")
		spec := placement.Spec{Notice: "us-station", Spots: []string{"restroom", "platform"}, Kind: "train_station"}
		w.batch(placement.BatchPlan, spec, 2, 2)
		w.batch(placement.BatchPlan, spec, 0, 4)
		for what, sp := range map[string]placement.Spec{"no notice": {Spots: []string{"restroom"}}, "no spot": {Notice: "us-station"}, "no such spot": {Notice: "us-station", Spots: []string{"roof"}}} {
			if _, wrong, err := w.Begin(t.Context(), w.head, placement.BatchPlan, sp); !errors.Is(err, placement.ErrTyped) || len(wrong) == 0 {
				t.Errorf("%s: %v, %v", what, wrong, err)
			}
		}
		spec.County = "28033"
		if _, _, err := w.Begin(t.Context(), w.head, placement.BatchPlan, spec); !errors.Is(err, placement.ErrEmpty) {
			t.Errorf("where there is no place: %v", err)
		}
	})
}

// What printing needs comes in order, can go on behind the last, and says of a code
// whether it is switched off.
func TestToPrint(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var all []store.ID
		for _, name := range []string{"A", "B", "C"} {
			all = append(all, w.plan(w.place("name", name), "restroom").ID)
		}
		check(t, w.SwitchCode(t.Context(), w.head, all[1], false))
		slices.SortFunc(all, func(a, b store.ID) int { return strings.Compare(string(a[:]), string(b[:])) })
		var got []placement.Sheet
		for sh, err := range w.ToPrint(t.Context(), placement.Printing{Program: here, Notice: "us-station"}, store.ID{}) {
			check(t, err)
			got = append(got, sh)
		}
		off := 0
		for i, sh := range got {
			if sh.Placement != all[i] || sh.Version != "1" || sh.Spot != "restroom" || !strings.HasSuffix(sh.Place, ", Jackson") || !slices.Equal(sh.Languages, []string{"en", "es"}) || sh.Paper != "letter" {
				t.Errorf("%+v", sh)
			}
			if sh.Code == "" || sh.CodeOff == w.on(sh.CodeID) {
				t.Errorf("a code that is off: %+v", sh)
			}
			if sh.CodeOff {
				off++
			}
		}
		if len(got) != 3 || off != 1 {
			t.Errorf("%d sheets, %d without their code", len(got), off)
		}
		n := 0
		for range w.ToPrint(t.Context(), placement.Printing{Program: here}, all[0]) {
			n++
		}
		if n != 2 {
			t.Errorf("%d sheets behind the first", n)
		}
	})
}

// Whatever is done to the sheets of a spot, in any order: at most one holds the spot
// and at most one is to follow it; who is gone stays gone, has its code off and no open
// task; a sheet under a sticker has its code off; and every change is in the log.
func TestSheetsOfASpot(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock, nil)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		at := w.place("name", fmt.Sprint("Station ", n))
		ids := []store.ID{w.plan(at, "restroom").ID}
		round := store.ID{}
		gone := map[store.ID]placement.State{}
		for range rapid.IntRange(1, 25).Draw(r, "acts") {
			id := rapid.SampledFrom(ids).Draw(r, "sheet")
			p, err := w.Get(context.Background(), w.head, id)
			if err != nil {
				r.Fatal(err)
			}
			before := w.leaves()
			switch rapid.IntRange(0, 4).Draw(r, "act") {
			case 0, 1:
				err = w.Step(context.Background(), w.head, id, p.Row, rapid.SampledFrom(placement.States()).Draw(r, "to"), "")
			case 2:
				var next placement.Placement
				if next, err = w.Prepare(context.Background(), w.head, id); err == nil {
					ids = append(ids, next.ID)
				}
			case 3:
				err = w.SwitchCode(context.Background(), w.head, id, rapid.Bool().Draw(r, "on"))
			case 4:
				if made, failed := w.MakeRound(context.Background(), w.ana, "", placement.Filter{Place: at.ID}); failed == nil {
					round = made.ID
				}
				before = w.leaves()
				_, err = w.Inspect(context.Background(), w.ana, round, placement.Entry{Key: store.NewID().String(), Placement: id,
					Found: rapid.SampledFrom(placement.Findings()).Draw(r, "found"), Opens: rapid.SampledFrom(placement.Opens()).Draw(r, "opens")})
			}
			if k := kind(err); err != nil && k == 0 {
				r.Fatalf("an act failed: %v", err)
			}
			if after := w.leaves(); (err == nil) != (after == before+1) {
				r.Fatalf("%v, and %d entries", err, after-before)
			}
			w.hold(r, at, gone)
			clock.Advance(time.Minute)
		}
	})
}

// hold checks what must always be true of the sheets of a place.
func (w *world) hold(r *rapid.T, at placement.Place, gone map[store.ID]placement.State) {
	list, _, err := w.List(context.Background(), w.head, placement.Filter{Place: at.ID, State: "all", Limit: 100})
	if err != nil {
		r.Fatal(err)
	}
	slots := map[string]store.ID{}
	for _, p := range list {
		if before, was := gone[p.ID]; was && p.State != before {
			r.Fatalf("a sheet that was %s is %s", before, p.State)
		}
		if p.State.Gone() {
			gone[p.ID] = p.State
		}
		if (p.Slot == "") != p.State.Gone() {
			r.Fatalf("%s and at %q", p.State, p.Slot)
		}
		if p.Slot != "" && !slots[p.Slot].IsZero() {
			r.Fatalf("two sheets at %s", p.Slot)
		}
		slots[p.Slot] = p.ID
		if (p.State.Gone() || p.State == placement.Stickered) && (p.CodeOn || w.on(p.Code.ID)) {
			r.Fatalf("the code of a sheet that is %s is on", p.State)
		}
		if p.CodeOn != w.on(p.Code.ID) {
			r.Fatalf("the sheet says that its code is on: %v", p.CodeOn)
		}
	}
	for _, t := range w.open() {
		if t.Placement.State.Gone() {
			r.Fatalf("a task of a sheet that is %s is open", t.Placement.State)
		}
	}
}
