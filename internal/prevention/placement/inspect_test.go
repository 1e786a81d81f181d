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

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web/webtest"
	"waylight/internal/prevention/placement"
)

// round makes a round past everything that hangs.
func (w *world) round() placement.Round {
	w.t.Helper()
	r, err := w.MakeRound(context.Background(), w.ana, "Jackson", placement.Filter{})
	check(w.t, err)
	return r
}

// look takes an entry.
func (w *world) look(r placement.Round, p placement.Placement, found, opens string, at time.Time) placement.Outcome {
	w.t.Helper()
	o, err := w.Inspect(context.Background(), w.ana, r.ID, placement.Entry{Key: store.NewID().String(), Placement: p.ID, Found: found, Opens: opens, At: at})
	check(w.t, err)
	return o
}

// What is found brings a sheet into its state, opens a task where it has to be
// replaced, and switches a code off that leads elsewhere.
func TestFindings(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			found, opens string
			state        placement.State
			reasons      string
			on           bool
		}{
			{"seen", "yes", placement.Up, "", true},
			{"seen", "untried", placement.Up, "", true},
			{"seen", "no", placement.Up, "code", false},
			{"missing", "untried", placement.Missing, "missing", true},
			{"defaced", "yes", placement.Defaced, "defaced", true},
			{"defaced", "no", placement.Defaced, "code defaced", false},
			{"stickered", "untried", placement.Stickered, "stickered", false},
			{"stickered", "no", placement.Stickered, "code stickered", false},
		} {
			p := w.hang(w.place("name", "Station "+c.found+" "+c.opens), "restroom")
			w.clock.Advance(time.Minute)
			r := w.round()
			o := w.look(r, p, c.found, c.opens, time.Time{})
			p = w.now(p)
			var reasons []string
			for _, k := range w.open() {
				if k.Placement.ID == p.ID {
					reasons = append(reasons, k.Reason)
				}
			}
			if len(reasons) == 2 && reasons[0] > reasons[1] {
				reasons[0], reasons[1] = reasons[1], reasons[0]
			}
			if p.State != c.state || strings.Join(reasons, " ") != c.reasons || w.on(p.Code.ID) != c.on || o.CodeOff == c.on {
				t.Errorf("%s, %s: %s, tasks %v, code on %v, told that it is off %v", c.found, c.opens, p.State, reasons, w.on(p.Code.ID), o.CodeOff)
			}
			if (c.found == "seen") != p.SeenAt.Equal(w.clock.Now()) || !p.LookedAt.Equal(w.clock.Now()) {
				t.Errorf("%s: seen at %v, looked at %v", c.found, p.SeenAt, p.LookedAt)
			}
		}
	})
}

// What this room remembers of a code is no reason to leave it on: one that was switched
// on where codes are kept goes off too, and pages say what the codes say.
func TestCodeGoesOffWhateverWasRemembered(t *testing.T) {
	t.Parallel()
	w := served(t)
	turn := func(p placement.Placement, on bool) {
		check(t, w.db.Write(t.Context(), func(tx *store.Tx) error { return codes{}.Switch(t.Context(), tx, here, p.Code.ID, on, "") }))
	}
	c := w.serve(t, w.head)
	hang := func(name string) (placement.Place, placement.Placement) {
		at := w.place("name", name)
		p := w.hang(at, "restroom")
		check(t, w.SwitchCode(t.Context(), w.head, p.ID, false))
		turn(p, true)
		for _, path := range []string{"/staff/placements/" + p.ID.String(), "/staff/placements", "/staff/places/" + at.ID.String()} {
			if doc := c.GetDoc(path); strings.Contains(doc.Main(), p.Code.Text+" off") || strings.Contains(doc.Main(), "switched off") {
				t.Errorf("%s says of a code that is on that it is off: %s", path, doc.Main())
			}
		}
		w.clock.Advance(time.Minute)
		return at, p
	}
	_, looked := hang("Looked at")
	o := w.look(w.round(), looked, "stickered", "untried", time.Time{})
	if w.on(looked.Code.ID) || !o.CodeOff {
		t.Errorf("the code under a sticker is on; told that it went off: %v", o.CodeOff)
	}
	if again := w.look(w.round(), looked, "stickered", "no", time.Time{}); again.CodeOff {
		t.Error("a code that was off is said to have gone off")
	}
	turn(looked, true)
	w.step(looked, placement.Removed)
	_, stuck := hang("Stuck")
	w.step(stuck, placement.Stickered)
	_, old := hang("Old")
	next, err := w.Prepare(t.Context(), w.head, old.ID)
	check(t, err)
	w.step(next, placement.Up)
	if w.on(looked.Code.ID) || w.on(stuck.Code.ID) || w.on(old.Code.ID) {
		t.Errorf("on: removed %v, stickered %v, replaced %v", w.on(looked.Code.ID), w.on(stuck.Code.ID), w.on(old.Code.ID))
	}
	turn(next, false)
	page := c.GetDoc("/staff/placements/" + next.ID.String())
	if !strings.Contains(page.Main(), "switched off") || !strings.Contains(page.Main(), "switch the code on") {
		t.Errorf("the page of a code that is off: %s", page.Main())
	}
	if csv := c.GetDoc("/staff/placements.csv"); !strings.Contains(csv.Body, next.Code.Text+",no,") {
		t.Errorf("the file: %s", csv.Body)
	}
}

// Whoever found twenty codes to be switched off within a day switches none off any more: a
// task is opened all the same, and a supervisor decides. Others still do, and so do they on the
// next day.
func TestBrake(t *testing.T) {
	t.Parallel()
	w := served(t)
	var sheets []placement.Placement
	for i := range 25 {
		sheets = append(sheets, w.hang(w.place("name", fmt.Sprintf("Stop %02d", i)), "restroom"))
	}
	w.clock.Advance(time.Minute)
	r := w.round()
	for _, p := range sheets[:20] {
		if o := w.look(r, p, "seen", "no", time.Time{}); !o.CodeOff || o.Held || w.on(p.Code.ID) {
			t.Fatalf("one of twenty: %+v", o)
		}
	}
	reasons := func(p placement.Placement) (out []string) {
		for _, k := range w.open() {
			if k.Placement.ID == p.ID {
				out = append(out, k.Reason)
			}
		}
		slices.Sort(out)
		return out
	}
	for _, p := range sheets[20:24] {
		if o := w.look(r, p, "defaced", "no", time.Time{}); o.CodeOff || !o.Held || !w.on(p.Code.ID) || !slices.Equal(reasons(p), []string{"code", "defaced", "held"}) {
			t.Errorf("one too many: %+v, tasks %v", o, reasons(p))
		}
	}
	c := w.serve(t, w.head)
	page := func(p placement.Placement) string { return "/staff/placements/" + p.ID.String() }
	for _, path := range []string{page(sheets[20]), "/staff/placements", "/staff/placements/tasks?reason=held"} {
		if doc := c.GetDoc(path); !strings.Contains(strings.ToLower(doc.Main()), "a supervisor must look") || len(webtest.Problems(doc)) > 0 {
			t.Errorf("%s: %v %s", path, webtest.Problems(doc), doc.Main())
		}
	}
	check(t, w.SwitchCode(t.Context(), w.head, sheets[20].ID, true))
	check(t, w.SwitchCode(t.Context(), w.head, sheets[21].ID, false))
	if !w.on(sheets[20].Code.ID) || w.on(sheets[21].Code.ID) || slices.Contains(reasons(sheets[20]), "held") || slices.Contains(reasons(sheets[21]), "held") {
		t.Errorf("decided: %v, %v", reasons(sheets[20]), reasons(sheets[21]))
	}
	if doc := c.GetDoc(page(sheets[20])); strings.Contains(doc.Main(), "must look: somebody") {
		t.Error("it is decided, and a supervisor must look")
	}
	other := w.ana
	other.ID = store.NewID()
	o, err := w.Inspect(t.Context(), other, r.ID, placement.Entry{Key: store.NewID().String(), Placement: sheets[22].ID, Found: "stickered", Opens: "no"})
	if err != nil || !o.CodeOff || w.on(sheets[22].Code.ID) || slices.Contains(reasons(sheets[22]), "held") {
		t.Errorf("somebody else: %+v, %v, %v", o, err, reasons(sheets[22]))
	}
	w.clock.Advance(25 * time.Hour)
	if o := w.look(r, sheets[24], "seen", "no", time.Time{}); !o.CodeOff || w.on(sheets[24].Code.ID) {
		t.Errorf("the next day: %+v", o)
	}
}

// An entry that is sent again counts once, says the same, and changes nothing.
func TestEntryCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p, other := w.hang(w.place(), "restroom"), w.hang(w.place("name", "Other"), "restroom")
		r := w.round()
		w.clock.Advance(time.Hour)
		e := placement.Entry{Key: "0123456789abcdef", Placement: p.ID, Found: "stickered", Opens: "no"}
		first, err := w.Inspect(t.Context(), w.ana, r.ID, e)
		check(t, err)
		before := w.leaves()
		w.clock.Advance(time.Hour)
		for range 3 {
			again, err := w.Inspect(t.Context(), w.ana, r.ID, e)
			check(t, err)
			if !again.Again || again.CodeOff != first.CodeOff || again.State != first.State {
				t.Errorf("again: %+v, first %+v", again, first)
			}
		}
		if w.leaves() != before || w.count("poster_inspections") != 1 {
			t.Errorf("%d entries and %d looks more", w.leaves()-before, w.count("poster_inspections")-1)
		}
		e.Placement = other.ID
		if _, err := w.Inspect(t.Context(), w.ana, r.ID, e); !errors.Is(err, placement.ErrEntry) {
			t.Errorf("the key for another sheet: %v", err)
		}
	})
}

// An entry that comes late does not undo what somebody saw later; only a code under
// suspicion goes off all the same.
func TestLateEntry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.hang(w.place(), "restroom")
		r := w.round()
		w.clock.Advance(time.Hour)
		early := w.clock.Now()
		w.clock.Advance(time.Hour)
		w.look(r, p, "missing", "untried", time.Time{})
		if o := w.look(r, p, "seen", "yes", early); !o.Late || w.now(p).State != placement.Missing {
			t.Errorf("a look of before: %+v, %s", o, w.now(p).State)
		}
		if o := w.look(r, p, "seen", "no", early.Add(time.Minute)); !o.CodeOff || w.on(p.Code.ID) || w.now(p).State != placement.Missing {
			t.Errorf("a code that led elsewhere before: %+v", o)
		}
		if len(w.open()) != 2 {
			t.Errorf("open: %+v", w.open())
		}
	})
}

// What cannot be is refused: a time to come, one of long ago, a sheet that the round
// does not pass, words that are none.
func TestRefusedEntries(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.hang(w.place(), "restroom")
		r := w.round()
		elsewhere := w.hang(w.place("name", "Later"), "restroom")
		now := w.clock.Now()
		good := placement.Entry{Key: "0123456789abcdef", Placement: p.ID, Found: "seen", Opens: "yes", At: now}
		before := w.leaves()
		for name, bad := range map[string]func(*placement.Entry){
			"to come": func(e *placement.Entry) { e.At = now.Add(time.Hour) }, "long ago": func(e *placement.Entry) { e.At = now.AddDate(0, -2, 0) },
			"elsewhere": func(e *placement.Entry) { e.Placement = elsewhere.ID }, "no finding": func(e *placement.Entry) { e.Found = "gone" },
			"no answer": func(e *placement.Entry) { e.Opens = "" }, "no key": func(e *placement.Entry) { e.Key = "short" }, "a long key": func(e *placement.Entry) { e.Key = strings.Repeat("a", 65) },
		} {
			e := good
			bad(&e)
			if _, err := w.Inspect(t.Context(), w.ana, r.ID, e); kind(err) == 0 || err == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if w.leaves() != before {
			t.Error("an entry that was refused left a trace")
		}
		e := good
		e.At = now.Add(5 * time.Minute) // the telephone's clock is a little ahead
		if _, err := w.Inspect(t.Context(), w.ana, r.ID, e); err != nil {
			t.Errorf("a clock that is a little ahead: %v", err)
		}
		if p = w.now(p); p.LookedAt.After(w.clock.Now()) {
			t.Errorf("looked at %v, which is to come", p.LookedAt)
		}
	})
}

// A round passes what hangs, and only what is due where that is asked.
func TestRounds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old := w.hang(w.place(), "restroom")
		w.clock.Advance(91 * 24 * time.Hour)
		w.hang(w.place("name", "New"), "restroom")
		w.plan(w.place("name", "Planned"), "restroom")
		if r := w.round(); r.Stops != 2 {
			t.Errorf("%d stops", r.Stops)
		}
		r, err := w.MakeRound(t.Context(), w.ana, "", placement.Filter{Due: true})
		check(t, err)
		_, list, err := w.Stops(t.Context(), w.ana, r.ID)
		check(t, err)
		if len(list) != 1 || list[0].ID != old.ID {
			t.Errorf("due: %+v", list)
		}
		w.look(r, old, "seen", "yes", time.Time{})
		if _, err := w.MakeRound(t.Context(), w.ana, "", placement.Filter{Due: true}); !errors.Is(err, placement.ErrEmpty) {
			t.Errorf("nothing is due: %v", err)
		}
		check(t, w.CloseRound(t.Context(), w.ana, r.ID))
		again, list, err := w.Stops(t.Context(), w.ana, r.ID)
		check(t, err)
		if again.ClosedAt.IsZero() || again.Looked != 1 || list[0].Found != "seen" {
			t.Errorf("closed: %+v, %+v", again, list)
		}
		w.look(r, old, "defaced", "untried", time.Time{}) // a telephone that was offline when it was closed
		reader := w.ana
		reader.Roles = []string{policy.RoleAuditor}
		if _, _, err := w.Stops(t.Context(), reader, r.ID); err == nil {
			t.Error("an auditor walks a round")
		}
	})
}

// count is a measure of everything.
func (w *world) count(name string) int64 {
	w.t.Helper()
	for _, m := range w.Room().Measures {
		if m.Name == name {
			cells, err := m.Cells(context.Background(), w.db, figure.Query{Program: here})
			check(w.t, err)
			if len(cells) == 0 {
				return 0
			}
			return cells[0].Value
		}
	}
	w.t.Fatalf("there is no measure %s", name)
	return 0
}

// Every measure counts the same whole however it is divided, and lists as many rows.
func TestMeasures(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.hang(w.place(), "restroom"), w.hang(w.place("name", "Hernando", "county", "DeSoto"), "restroom")
		w.plan(w.place("name", "Planned"), "restroom")
		r := w.round()
		w.look(r, a, "seen", "yes", time.Time{})
		w.look(r, b, "stickered", "no", time.Time{})
		for name, want := range map[string]int64{"posters_placed": 2, "poster_inspections": 2, "posters_seen": 1} {
			if got := w.count(name); got != want {
				t.Errorf("%s: %d, want %d", name, got, want)
			}
		}
		for _, m := range w.Room().Measures {
			for _, d := range m.Dimensions {
				cells, err := m.Cells(t.Context(), w.db, figure.Query{Program: here, By: []string{d.Name}})
				check(t, err)
				var sum int64
				for _, c := range cells {
					rows, next, err := m.Rows(t.Context(), w.db, figure.Query{Program: here, Where: map[string]string{d.Name: c.Key[0]}}, "", 10)
					check(t, err)
					if int64(len(rows)) != c.Value || next != "" || rows[0].What == "" || !strings.HasPrefix(rows[0].Link, "/staff/placements/") {
						t.Errorf("%s by %s: %v lists %+v", m.Name, d.Name, c, rows)
					}
					sum += c.Value
				}
				if sum != w.count(m.Name) {
					t.Errorf("%s by %s adds up to %d", m.Name, d.Name, sum)
				}
			}
			if _, err := m.Cells(t.Context(), w.db, figure.Query{Program: here, By: []string{"name"}}); err == nil {
				t.Errorf("%s is divided by what it has not", m.Name)
			}
		}
	})
}
