// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"slices"
	"testing"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
)

// Whoever is accused, an open form must find a reader who has a key and is not of
// the accused kinds. A police desk alone cannot promise that.
func TestOpenOnlyWhenEveryReportHasAReader(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.live(w.desk, 2)
		w.lines()
		w.ok(w.RecordDrill(ctx, w.admin, DrillMail))
		w.ok(w.RecordDrill(ctx, w.officer(2), DrillReport))
		w.refused(w.Open(ctx, w.admin), errNotReady)
		_, missing := w.Ready(ctx, "ms")
		for _, id := range []string{"desk.for-all", "desk.key:" + w.other, "desk.hours:" + w.other, "desk.roster:" + w.other} {
			if !slices.Contains(missingIDs(missing), id) {
				t.Errorf("%s is not asked for with a police desk alone: %v", id, missingIDs(missing))
			}
		}
		if r := w.unread(); len(r) == 0 {
			t.Error("with a police desk alone every report has a reader: this test shows nothing")
		}

		// A program that an earlier release opened with the police desk alone.
		w.ok(w.write(ctx, w.admin, "form.opened", "program:ms", func(tx *store.Tx) error { return insertOpening(tx, w.admin, stateOpen) }))
		if w.IsOpen("ms") {
			t.Error("open with a police desk alone")
		}
		w.work()
		if !slices.Contains(w.alarms(), AlarmKey+" "+w.other) {
			t.Errorf("nobody learns why the form is closed: %v", w.alarms())
		}

		w.live(w.other, 4)
		if !w.IsOpen("ms") {
			t.Error("not open with a desk that may read every report")
		}
		for _, e := range w.unread() {
			t.Errorf("accusing %v in mode %s, this has no reader: %+v", e.Conflict, e.Mode, e)
		}
		w.refused(w.AskClose(ctx, w.admin, w.other, []string{saidHandedOver}), errLastResort)
		w.ok(w.Shut(ctx, w.admin))
		w.closed(w.other)
	})
}

// unread lists the reports, of every set of accused kinds, mode and age, of which
// some delivery is sealed to nobody who has a key.
func (w *world) unread() []program.Envelope {
	var out []program.Envelope
	kinds := accusable()
	for set := range 1 << len(kinds) {
		var accused []string
		for i, k := range kinds {
			if set&(1<<i) != 0 {
				accused = append(accused, k)
			}
		}
		for _, mode := range []string{program.Tip, program.Help} {
			for _, age := range []string{"under18", "adult", "unsure"} {
				e := program.Envelope{Version: 1, Land: "ordinary", Age: age, Kind: "sex", Who: "saw", Conflict: accused, Mode: mode, Language: "en"}
				plan := w.p.Route(e, w.Keyed("ms"))
				if len(plan.Readers) == 0 || slices.ContainsFunc(plan.Readers, func(o string) bool { return !w.Keyed("ms")(o) }) {
					out = append(out, e)
				}
			}
		}
	}
	return out
}

// The kinds that can be accused are the program's to say; this room must know the
// same.
func TestAccusableKindsAreTheProgramsOwn(t *testing.T) {
	t.Parallel()
	set, err := packs()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := set.Program("ms")
	for _, kind := range []string{program.Police, program.ChildProtection, program.FosterCare, program.Court, program.HelperKind,
		program.Coordinator, program.Prosecutor, program.National, program.Other} {
		e := program.Envelope{Version: 1, Land: "ordinary", Age: "adult", Kind: "sex", Who: "saw", Mode: program.Tip, Language: "en"}
		if err := e.Validate(p); err != nil {
			t.Fatal(err)
		}
		e.Conflict = []string{kind}
		if err := e.Validate(p); (err == nil) != slices.Contains(accusable(), kind) {
			t.Errorf("%s can be accused here: %v; there: %v", kind, slices.Contains(accusable(), kind), err)
		}
	}
}
