// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/prosecution/operation"
)

// An operation goes its way in order, each step by who may, and counts once it was reviewed.
func TestTheLifeOfAnOperation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		planner, second, partner, stranger := officer(state, policy.RoleMember, policy.RoleSupervisor), officer(state, policy.RoleSupervisor), officer(shelter), officer(tribal)
		refused := func(what string, kind fault.Kind, err error) {
			t.Helper()
			if err == nil || fault.KindOf(err) != kind {
				t.Errorf("%s: %v", what, err)
			}
		}
		surge, err := w.MakeSurge(ctx, second, operation.SurgeDetails{Name: "Demo surge", First: "2026-11-20", Last: "2027-01-01"}, []string{shelter})
		check(t, err)
		_, _, err = w.Plan(ctx, partner, w.draft())
		refused("an office that is not police plans", fault.NotFound, err)
		o, _ := w.plan(planner, w.draft(func(d *operation.Draft) { d.Partners, d.Surge = []string{shelter}, surge.ID }))
		_, err = w.Get(ctx, partner, o.ID)
		check(t, err)
		for who, m := range map[string]identity.Member{"another office": stranger, "who looks after the program": officer(state+"x", policy.RoleProgramAdmin), "the program's reviewer": officer(state, policy.RoleAuditor)} {
			if _, err := w.Get(ctx, m, o.ID); err == nil {
				t.Errorf("%s reads the plan", who)
			}
		}
		refused("a partner calls it off", fault.Forbidden, w.Cancel(ctx, partner, o.ID, "why"))
		refused("the planner approves", fault.Forbidden, w.Approve(ctx, planner, o.ID, 1))
		refused("begun before it is approved", fault.Conflict, w.Begin(ctx, planner, o.ID, time.Time{}))
		refused("approved as it was not read", fault.Conflict, w.Approve(ctx, second, o.ID, 2))
		check(t, w.Approve(ctx, second, o.ID, 1))
		d := w.draft(func(d *operation.Draft) { d.Partners, d.Surge, d.Phone = []string{shelter}, surge.ID, "601-555-0199" })
		if _, err := w.Change(ctx, planner, o.ID, 2, d); err != nil || w.state(o).State != operation.Approved {
			t.Errorf("another telephone number: %v, %s", err, w.state(o).State)
		}
		d.To = d.To.Add(time.Hour)
		if _, err := w.Change(ctx, planner, o.ID, 3, d); err != nil || w.state(o).State != operation.Planned {
			t.Errorf("another time: %v, %s", err, w.state(o).State)
		}
		check(t, w.Approve(ctx, second, o.ID, 4))
		refused("begun a day too early", fault.Invalid, w.Begin(ctx, planner, o.ID, w.clock.Now().Add(-time.Hour)))
		w.clock.Advance(25 * time.Hour)
		refused("begun later than now", fault.Invalid, w.Begin(ctx, planner, o.ID, w.clock.Now().Add(time.Minute)))
		check(t, w.Begin(ctx, planner, o.ID, time.Time{}))
		refused("called off while it runs", fault.Conflict, w.Cancel(ctx, planner, o.ID, "why"))
		refused("closed without a word", fault.Invalid, w.Close(ctx, planner, o.ID, time.Time{}, " "))
		w.clock.Advance(2 * time.Hour)
		count := func() (cells []figure.Cell) {
			t.Helper()
			m := w.Room().Measures[0]
			cells, err := m.Cells(ctx, w.db, figure.Query{Program: "ms", To: w.clock.Now().Add(time.Hour), By: []string{"state", "kind", "lead", "surge", "level"}})
			check(t, err)
			return cells
		}
		if c := count(); len(c) != 0 {
			t.Errorf("what runs is counted: %+v", c)
		}
		check(t, w.Close(ctx, planner, o.ID, time.Time{}, "It ended as planned."))
		if c := count(); len(c) != 1 || c[0].Value != 0 || c[0].Unproven != 1 || c[0].Rows != 0 {
			t.Errorf("what nobody reviewed: %+v", c)
		}
		refused("who closed it reviews it", fault.Forbidden, w.Review(ctx, planner, o.ID, w.state(o).Version, ""))
		check(t, w.Review(ctx, second, o.ID, w.state(o).Version, "Seen."))
		// That a surge runs is not the public's to know.
		if c := count(); len(c) != 1 || c[0].Key[3] != figure.Other {
			t.Errorf("a surge that is not over is told: %+v", c)
		}
		key := []string{"reviewed", "recovery", state, figure.Other, figure.Other}
		if c := count(); len(c) != 1 || c[0].Value != 1 || c[0].Unproven != 0 || strings.Join(c[0].Key, " ") != strings.Join(key, " ") {
			t.Errorf("what was reviewed: %+v", c)
		}
		rows, next, err := w.Room().Measures[0].Rows(ctx, w.db, figure.Query{Program: "ms", Where: map[string]string{"surge": figure.Other, "level": "other"}}, "", 10)
		if err != nil || next != "" || len(rows) != 1 || rows[0].ID != o.ID.String() || strings.Contains(rows[0].What, o.Name) {
			t.Errorf("the rows of the cell: %+v, %q, %v", rows, next, err)
		}
		known, found, err := w.Find(ctx, w.db, "ms", o.ID)
		if err != nil || !found || !known.Over() || !known.Includes(shelter) || known.Includes(tribal) || known.Surge != surge.ID || !known.To.Equal(w.clock.Now()) {
			t.Errorf("other rooms know %+v, %v, %v", known, found, err)
		}
		if _, found, err := w.Find(ctx, w.db, "ms", store.NewID()); found || err != nil {
			t.Errorf("there is an operation that is not there (%v)", err)
		}
		for office, want := range map[string]bool{state: true, shelter: true, tribal: false} {
			who := policy.Subject{Program: "ms", Office: office, Roles: []string{policy.RoleMember}}
			may, err := w.MaySee(ctx, w.db, who, o.ID)
			list, err2 := w.Visible(ctx, w.db, who, "heron", 10)
			if err != nil || err2 != nil || may != want || len(list) == 1 != want {
				t.Errorf("%s may see it: %v, %d of the list (%v, %v)", office, may, len(list), err, err2)
			}
		}
		surges, err := w.Surges(ctx, w.db, "ms")
		if name, err2 := w.SurgeName(ctx, w.db, "ms", surge.ID); err != nil || err2 != nil || len(surges) != 0 || name != "" {
			t.Errorf("other rooms know a surge that is not over: %v, %q (%v, %v)", surges, name, err, err2)
		}
		refused("a surge closed before its last day is over", fault.Conflict, w.CloseSurge(ctx, second, surge.ID))
		w.clock.Advance(60 * 24 * time.Hour)
		check(t, w.CloseSurge(ctx, second, surge.ID))
		if c := count(); len(c) != 1 || c[0].Key[3] != surge.ID.String() {
			t.Errorf("the surge that is over: %+v", c)
		}
		surges, err = w.Surges(ctx, w.db, "ms")
		if name, err2 := w.SurgeName(ctx, w.db, "ms", surge.ID); err != nil || err2 != nil || surges[o.ID] != surge.ID || name != "Demo surge" {
			t.Errorf("other rooms know of the surge that is over %v, %q (%v, %v)", surges, name, err, err2)
		}
		days, err := w.Room().Measures[1].Cells(ctx, w.db, figure.Query{Program: "ms", To: w.clock.Now()})
		if err != nil || len(days) != 1 || days[0].Value != 43 {
			t.Errorf("the days of the surge: %+v, %v", days, err)
		}
	})
}

// Whoever planned later must have called before the plan is approved; whoever was there first is held up by nobody.
func TestACallComesBeforeAnApproval(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock, many)
	first, _ := w.plan(officer(state), w.draft())
	later, _ := w.plan(officer(tribal), w.draft())
	check(t, w.Approve(t.Context(), officer(state, policy.RoleSupervisor), first.ID, 1))
	if err := w.Approve(t.Context(), officer(tribal, policy.RoleSupervisor), later.ID, 1); fault.KindOf(err) != fault.Conflict {
		t.Errorf("approved without a call: %v", err)
	}
	c := w.conflicts(later)[0]
	if err := w.Answer(t.Context(), officer(tribal), later.ID, c.ID, "forgot"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a word that is none: %v", err)
	}
	if err := w.Answer(t.Context(), officer(desk), later.ID, c.ID, operation.Agreed); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a third office answers: %v", err)
	}
	check(t, w.Answer(t.Context(), officer(tribal), later.ID, c.ID, operation.NotReached))
	check(t, w.Approve(t.Context(), officer(tribal, policy.RoleSupervisor), later.ID, 1))
	if told := w.conflicts(first)[0]; told.Said != "" || !told.Theirs {
		t.Errorf("the first side is told %+v", told)
	}
}

// A mail says what every other mail says.
func TestAMailTellsNothing(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock, many)
	o, _ := w.plan(officer(state), w.draft())
	w.plan(officer(tribal), w.draft())
	n := 0
	check(t, db.QueryRow(t.Context(), `select count(*) from job where kind = $1`, operation.KindNotice).Scan(&n))
	if n != 2 {
		t.Errorf("%d mails wait, not one for each side", n)
	}
	check(t, w.Room().Jobs[operation.KindNotice](t.Context(), jobs.Job{Program: "ms", Kind: operation.KindNotice, Payload: []byte(`{"Operation":"` + o.ID.String() + `"}`)}))
	for _, m := range w.sent.all {
		for _, word := range []string{"peration", "conflict", "Hinds", "Heron", o.ID.String()} {
			if strings.Contains(m.Subject+m.Text, word) {
				t.Errorf("a mail says %q", word)
			}
		}
	}
}

// What is wrong is said, and nothing of it is saved.
func TestBadPlansAreRefusedWhole(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock, many)
	for name, change := range map[string]func(d *operation.Draft){
		"no name":                     func(d *operation.Draft) { d.Name = "" },
		"an unknown kind":             func(d *operation.Draft) { d.Kind = "raid" },
		"no county":                   func(d *operation.Draft) { d.Areas = nil },
		"a state for a county":        func(d *operation.Draft) { d.Areas = []place.Place{{State: "MS"}} },
		"a county of another state":   func(d *operation.Draft) { d.Areas = []place.Place{{State: "TX", County: "28049"}} },
		"a pole":                      func(d *operation.Draft) { d.Point = &operation.Point{Lat: 90, Lon: 0} },
		"beyond the map":              func(d *operation.Draft) { d.Point = &operation.Point{Lat: 32, Lon: 181} },
		"a radius without a point":    func(d *operation.Draft) { d.Point = nil },
		"too wide":                    func(d *operation.Draft) { d.Radius = 25001 },
		"an end before its beginning": func(d *operation.Draft) { d.To = d.From.Add(-time.Minute) },
		"an end at its beginning":     func(d *operation.Draft) { d.To = d.From },
		"longer than a month":         func(d *operation.Draft) { d.To = d.From.AddDate(0, 0, 32) },
		"in three years":              func(d *operation.Draft) { d.From, d.To = d.From.AddDate(3, 0, 0), d.To.AddDate(3, 0, 0) },
		"nobody to call":              func(d *operation.Draft) { d.Contact = "" },
		"no number":                   func(d *operation.Draft) { d.Phone = "ask for Bob" },
		"its own partner":             func(d *operation.Draft) { d.Partners = []string{state} },
		"a partner twice":             func(d *operation.Draft) { d.Partners = []string{shelter, shelter} },
		"a partner that is none":      func(d *operation.Draft) { d.Partners = []string{"nobody"} },
		"a surge that is none":        func(d *operation.Draft) { d.Surge = store.NewID() },
		"a location that is none":     func(d *operation.Draft) { d.Location = store.NewID() },
		"an unknown district":         func(d *operation.Draft) { d.District = "MOON" },
	} {
		_, _, err := w.Plan(t.Context(), officer(state), w.draft(change))
		f, ok := fault.As(err)
		if !ok || f.Kind != fault.Invalid || f.Field == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, table := range []string{"operation", "operation_office", "operation_index", "operation_check", "job"} {
		n := 0
		check(t, db.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n))
		if n != 0 {
			t.Errorf("%d rows of %s are left of refused plans", n, table)
		}
	}
}

// The two nights on which a clock is not enough, and the midnight between two days.
func TestClocks(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/Chicago")
	check(t, err)
	for _, c := range []struct{ day, clock, which, want string }{
		{"2027-03-14", "01:59", "", "2027-03-14T07:59:00Z"},
		{"2027-03-14", "02:30", "", "operation.gap"},
		{"2027-03-14", "03:00", "", "2027-03-14T08:00:00Z"},
		{"2027-11-07", "00:59", "", "2027-11-07T05:59:00Z"},
		{"2027-11-07", "01:30", "", "operation.twice"},
		{"2027-11-07", "01:30", operation.First, "2027-11-07T06:30:00Z"},
		{"2027-11-07", "01:30", operation.Second, "2027-11-07T07:30:00Z"},
		{"2027-11-07", "02:00", operation.First, "2027-11-07T08:00:00Z"},
		{"2026-12-31", "00:00", "", "2026-12-31T06:00:00Z"},
		{"2026-12-31", "24:00", "", "operation.clock"},
		{"2026-02-30", "10:00", "", "operation.date"},
	} {
		got, err := operation.At(c.day, c.clock, c.which, zone)
		said := got.UTC().Format(time.RFC3339)
		if f, ok := fault.As(err); ok {
			said = f.Code
		}
		if said != c.want {
			t.Errorf("%s %s %s: %s, not %s", c.day, c.clock, c.which, said, c.want)
		}
	}
}

// Two sides of the 180th meridian are one place; two sides of midnight are one night.
func TestEdgesOfTheMapAndOfTheDay(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock, many)
	west := place.Place{State: "AK", County: "02016"}
	at := func(lon float64, from time.Time) func(d *operation.Draft) {
		return func(d *operation.Draft) {
			d.Areas, d.Point, d.Radius = []place.Place{west}, &operation.Point{Lat: 51.9, Lon: lon}, 100
			d.From, d.To = from, from.Add(30*time.Minute)
		}
	}
	night := time.Date(2026, 12, 5, 23, 45, 0, 0, time.UTC)
	w.plan(officer(state), w.draft(at(179.99, night)))
	for _, c := range []struct {
		lon  float64
		from time.Time
		want int
	}{{-179.99, night, 1}, {180, night, 1}, {-180, night, 1}, {-179.99, night.Add(time.Hour), 1}, {-179.0, night, 0}, {-179.99, night.Add(12 * time.Hour), 0}} {
		o, near := w.plan(officer(tribal), w.draft(at(c.lon, c.from)))
		if near != c.want {
			t.Errorf("at %v, %v: %d near, not %d", c.lon, c.from, near, c.want)
		}
		check(t, w.Cancel(t.Context(), officer(tribal), o.ID, "the next case"))
	}
	if n := len(operation.Districts()); n != 94 {
		t.Errorf("%d judicial districts", n)
	}
}
