// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
	"waylight/programs"
)

// withLadder is Mississippi with another ladder for ordinary duties: its rungs,
// a line each, and how often the last one repeats.
func withLadder(t *testing.T, repeat string, rungs ...string) *program.Set {
	t.Helper()
	head := func(kind string) string {
		return "  - for: " + kind + "\n    citation: policy of the program\n    checked_on: 2026-11-27\n    checked_by: Ann Example\n"
	}
	text := "ladders:\n" + head("ordinary") + "    first: [on_duty]\n    opened: {within: 2h}\n    rungs:\n      - " + strings.Join(rungs, "\n      - ") + "\n    repeat: " + repeat + "\n" +
		head("danger") + "    first: [on_duty, stand_in]\n    opened: {within: 5m}\n    rungs:\n      - {tell: [supervisor, agency_admin, member], when: 5m after start}\n" +
		"      - {tell: [named, desk], when: 8m after start}\n    repeat: 15m\nreminder: 10% before late\n"
	set, err := program.Load(programs.FS, fstest.MapFS{"ms/ladder.yaml": {Data: []byte(text)}})
	check(t, err)
	return set
}

// under serves the world's database with other packs, as a server that was
// started again after an upgrade.
func (w *world) under(set *program.Set) *world {
	w.t.Helper()
	next, site := buildOn(w.t, set, w.db, w.clock)
	next.hands, next.keys, next.signing = w.hands, w.keys, w.signing
	next.serve(site, next.byHeader)
	check(w.t, next.agencies.Refresh(w.t.Context()))
	return next
}

// until lets time go by to a moment after the start, with the jobs of every ten
// minutes, and gives who was mailed meanwhile.
func (w *world) until(at time.Duration) []string {
	w.t.Helper()
	before := len(w.mailed())
	for end := storetest.Start.Add(at); w.clock.Now().Before(end); {
		w.clock.Advance(min(end.Sub(w.clock.Now()), 10*time.Minute))
		w.run()
	}
	return w.mailed()[before:]
}

// quietDeSoto is a tip that the coordinator alone gets, within 24 hours.
func quietDeSoto() form.Answers {
	return tip(form.Answers{"happened": nil, "lives": {"MS-28033"}})
}

// TestThePacksLadderIsClimbed has a program whose board decided otherwise: its
// own rungs, roles and times, also for danger and for reminders.
func TestThePacksLadderIsClimbed(t *testing.T) {
	t.Parallel()
	set := withLadder(t, "6h", "{tell: [supervisor, agency_admin], when: 50% before late}", "{tell: [member], when: late}", "{tell: [named], when: 2h after last}")
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w, site := buildOn(t, set, db, clock)
		w.serve(site, w.byHeader)
		w.staffed(police)
		w.hire(police, "Admin", identity.RoleAgencyAdmin)
		w.hire(police, "Mel")
		w.send(quietDeSoto())
		w.run()
		for _, step := range []struct {
			at  time.Duration
			who []string
		}{
			{12*time.Hour - time.Minute, nil}, {12*time.Hour + time.Minute, []string{"admin", "boss"}},
			{24*time.Hour - time.Minute, nil}, {24*time.Hour + time.Minute, []string{"mel", "onduty", "standin"}},
			{26*time.Hour - time.Minute, nil}, {26*time.Hour + time.Minute, []string{"named"}},
			{32 * time.Hour, nil}, {32*time.Hour + 2*time.Minute, []string{"named"}}, {38*time.Hour + 3*time.Minute, []string{"named"}},
		} {
			got := w.until(step.at)
			slices.Sort(got)
			if !slices.Equal(got, step.who) {
				t.Errorf("until %v, %v were mailed, want %v", step.at, got, step.who)
			}
		}
		page := w.as(w.named("Dee")).GetDoc("/staff/desk?list=late").Main()
		if !strings.Contains(page, "told: Named person") {
			t.Errorf("the desk does not see who was told: %s", page)
		}
		before := len(w.mailed())
		w.send(tip(form.Answers{"happened": nil, "lives": {"MS-28033"}, "danger": {"yes"}}))
		w.run()
		w.pass(7 * time.Minute)
		if got := w.mailed()[before:]; !slices.Contains(got, "standin") || !slices.Contains(got, "boss") || !slices.Contains(got, "mel") || slices.Contains(got, "dee") {
			t.Errorf("in danger, after seven minutes: %v", got)
		}
		before = len(w.mailed())
		w.pass(2 * time.Minute)
		if got := w.mailed()[before:]; !slices.Contains(got, "dee") || !slices.Contains(got, "named") {
			t.Errorf("in danger, after nine minutes: %v", got)
		}
	})
}

// TestOpenedByThePacksTime is late as long after the opening as the pack says.
func TestOpenedByThePacksTime(t *testing.T) {
	t.Parallel()
	set := withLadder(t, "6h", "{tell: [supervisor, agency_admin, member], when: late}", "{tell: [named], when: 2h after last}")
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w, site := buildOn(t, set, db, clock)
		w.serve(site, w.byHeader)
		cal := w.staffed(police)
		id := w.send(quietDeSoto())
		w.until(25 * time.Hour)
		w.open(cal, id)
		dee := w.named("Dee")
		if got := w.until(27*time.Hour - time.Minute); len(got) != 0 || len(w.list(dee, referral.Filter{List: referral.ListLate})) != 0 {
			t.Errorf("opened for less than two hours: %v were mailed", got)
		}
		if got := w.until(27*time.Hour + time.Minute); !slices.Contains(got, "boss") || len(w.list(dee, referral.Filter{List: referral.ListLate})) != 1 {
			t.Errorf("opened for two hours: %v were mailed", got)
		}
	})
}

// TestNewLadderReachesOldReports starts the program again with a pack whose
// ladder is another one, while a report stands on a rung of the old one: whom
// only the new ladder names is told, nobody later than the old one said, and the
// last rung repeats as the new one says. With the same pack nothing happens.
func TestNewLadderReachesOldReports(t *testing.T) {
	t.Parallel()
	fresh := withLadder(t, "6h", "{tell: [on_duty], when: 1h before late}", "{tell: [agency_admin], when: late}", "{tell: [supervisor], when: 20h after late}", "{tell: [member, stand_in], when: 21h after late}",
		"{tell: [named], when: 30h after late}")
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		old := setup(t, db, clock)
		old.staffed(police)
		old.hire(police, "Admin", identity.RoleAgencyAdmin)
		id := old.send(quietDeSoto())
		old.run()
		old.until(31 * time.Hour) // on duty, stand-in and supervisor were told; the desk would be at 36 hours
		if got := old.row(id); got.Level != 3 || got.Told != "on_duty,stand_in,supervisor" {
			t.Fatalf("the report stands at %d, %q", got.Level, got.Told)
		}
		same := old.under(old.set(t))
		if got := same.until(31*time.Hour + time.Minute); len(got) != 0 || same.events("referral.ladder_changed") != 0 {
			t.Errorf("with the same pack, %v were mailed", got)
		}
		w := same.under(fresh)
		if got := w.until(31*time.Hour + 2*time.Minute); !slices.Equal(got, []string{"admin"}) {
			t.Errorf("at once after the upgrade, %v were mailed, want whom only the new ladder names", got)
		}
		if w.events("referral.ladder_changed") != 1 {
			t.Error("the log does not say that the ladder changed")
		}
		if got := w.under(fresh).until(31*time.Hour + 3*time.Minute); len(got) != 0 || w.events("referral.ladder_changed") != 1 {
			t.Errorf("started once more, %v were mailed", got)
		}
		got := w.until(54 * time.Hour)
		if slices.Index(got, "boss") < 0 || slices.Contains(got[:slices.Index(got, "boss")], "standin") || !slices.Contains(got, "standin") || slices.Index(got, "named") != len(got)-1 {
			t.Errorf("up the new ladder, %v were mailed", got)
		}
		for range 2 {
			if got := w.until(clock.Now().Sub(storetest.Start) + 6*time.Hour); !slices.Equal(got, []string{"named"}) {
				t.Errorf("within six hours, %v were mailed again", got)
			}
		}
	})
}

// TestShorterLadderPutsNothingOff takes rungs away: a report beyond the last one
// that is left repeats it as often as the new ladder says, and what the old one
// would have told sooner is told then.
func TestShorterLadderPutsNothingOff(t *testing.T) {
	t.Parallel()
	short := withLadder(t, "1h", "{tell: [named], when: 10% before late}")
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		old := setup(t, db, clock)
		old.staffed(police)
		early, late := old.send(quietDeSoto()), store.ID{}
		old.run()
		old.until(4 * time.Hour)
		late = old.send(quietDeSoto())
		old.run()
		old.set5(early) // as a program left it that had five rungs by number
		w := old.under(short)
		if r := w.row(late); r.Level != 0 || !r.NextAt.Equal(storetest.Start.Add(22*time.Hour)) {
			t.Fatalf("before the change the next rung is due at %v", r.NextAt)
		}
		w.run()
		w.until(4*time.Hour + 2*time.Minute)
		if r := w.row(early); r.Level != 1 || r.Told != "named" || r.NextAt.After(clock.Now().Add(time.Hour)) {
			t.Errorf("whoever was told last is told again at %v, it stands at %d, %q", r.NextAt, r.Level, r.Told)
		}
		if r := w.row(late); r.Level != 0 || !r.NextAt.Equal(storetest.Start.Add(22*time.Hour)) {
			t.Errorf("what was due sooner by the old ladder is due at %v", r.NextAt)
		}
	})
}

// row is the one referral of a report.
func (w *world) row(id store.ID) referral.Referral {
	w.t.Helper()
	var r referral.Referral
	var next int64
	check(w.t, w.db.QueryRow(w.t.Context(), "select id, level, coalesce(told, ''), coalesce(next_at, 0) from referral where program = 'ms' and report = $1", id).Scan(&r.ID, &r.Level, &r.Told, &next))
	r.NextAt = store.Time(next)
	return r
}

// set5 puts a report on the last of five rungs as a version did that did not
// write down who was told.
func (w *world) set5(id store.ID) {
	w.t.Helper()
	r := w.row(id)
	check(w.t, w.db.Write(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec("update referral set level = 5, told = null, next_at = $3 where program = $1 and id = $2", "ms", r.ID, store.Micros(tx.Now().Add(24*time.Hour)))
		if err != nil {
			return err
		}
		err = tx.Touch("referral", "ms", r.ID)
		tx.Log(custody.Entry{Program: "ms", Event: "test.set"})
		return err
	}))
}

// set is the packs that are shipped.
func (w *world) set(t *testing.T) *program.Set {
	t.Helper()
	set, err := packs()
	check(t, err)
	return set
}

// TestLadderKeepsToTheRoster tells stand-ins and the desk by the roster on a rung
// for several, and passes over whoever is on leave and whoever left.
func TestLadderKeepsToTheRoster(t *testing.T) {
	t.Parallel()
	set := withLadder(t, "6h", "{tell: [supervisor, agency_admin], when: 10% before late}", "{tell: [desk, stand_in], when: late}", "{tell: [named], when: 2h after last}")
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w, site := buildOn(t, set, db, clock)
		w.serve(site, w.byHeader)
		onduty := w.hire(police, "Onduty")
		w.shift(onduty, agency.On)
		boss := w.hire(police, "Boss", identity.RoleSupervisor)
		w.hire(police, "Third")
		sid := w.hire(police, "Sid")
		w.shift(sid, agency.StandIn)
		w.shift(w.hire(police, "Sam"), agency.StandIn)
		w.shift(sid, agency.Leave)
		w.shift(w.hire(tipDesk, "Dee", identity.RoleDesk), agency.On)
		w.hire(tipDesk, "Dan", identity.RoleDesk)
		w.hire(tipDesk, "Named", identity.RoleProgramAdmin)
		w.send(quietDeSoto())
		w.run()
		check(t, w.people.Suspend(t.Context(), "ms", boss.ID))
		w.run()
		before := len(w.mailed())
		w.until(22 * time.Hour) // the only supervisor is away: the next rung at once
		got := w.mailed()[before:]
		slices.Sort(got)
		if !slices.Equal(got, []string{"dee", "sam"}) {
			t.Errorf("%v were mailed, want who is on and stands in", got)
		}
	})
}
