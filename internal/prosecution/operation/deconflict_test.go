// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/prosecution/operation"
)

// Both sides are told at once, and of nothing but whom to call.
func TestBothSidesAreToldWhomToCallAndNothingElse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		first, near := w.plan(officer(state), w.draft(func(d *operation.Draft) {
			d.Name, d.Contact, d.Phone = "Demo Heron", "Sergeant of the watch", "601-555-0101"
		}))
		if near != 0 {
			t.Fatalf("the first plan meets %d others", near)
		}
		second, near := w.plan(officer(tribal), w.draft(func(d *operation.Draft) { d.Name, d.Contact, d.Phone = "Demo Otter", "Night desk", "601-555-0102" }))
		if near != 1 {
			t.Fatalf("the second plan meets %d others", near)
		}
		for _, c := range []struct {
			of             operation.Operation
			contact, phone string
		}{{first, "Night desk", "601-555-0102"}, {second, "Sergeant of the watch", "601-555-0101"}} {
			told := w.conflicts(c.of)
			if len(told) != 1 || told[0].Contact != c.contact || told[0].Phone != c.phone || told[0].Found.IsZero() {
				t.Errorf("%s is told %+v", c.of.Name, told)
			}
			if n, err := w.Waiting(t.Context(), officer(c.of.Lead)); err != nil || n != 1 {
				t.Errorf("%d conflicts wait for %s (%v)", n, c.of.Lead, err)
			}
		}
		same, near := w.plan(officer(state), w.draft(func(d *operation.Draft) { d.Name = "Demo Heron again" }))
		if near != 1 || w.open(same) != 1 || w.open(second) != 2 || w.open(first) != 1 {
			t.Errorf("an office is in conflict with itself, or hides the other: %d, %d, %d, %d", near, w.open(same), w.open(second), w.open(first))
		}
	})
}

// Changing time or place asks again, in both directions; calling off and closing end what there was.
func TestAConflictFollowsTheTwoOperations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		a, _ := w.plan(officer(state), w.draft())
		later := w.draft(func(d *operation.Draft) { d.From, d.To = d.From.Add(48*time.Hour), d.To.Add(48*time.Hour) })
		b, near := w.plan(officer(tribal), later)
		if near != 0 || w.open(a) != 0 {
			t.Fatalf("two days apart they meet: %d, %d", near, w.open(a))
		}
		near, err := w.Change(ctx, officer(tribal), b.ID, w.state(b).Version, w.draft())
		if err != nil || near != 1 || w.open(a) != 1 || w.open(b) != 1 {
			t.Fatalf("moved into the same hours: %d near, %d, %d open (%v)", near, w.open(a), w.open(b), err)
		}
		check(t, w.Answer(ctx, officer(tribal), b.ID, w.conflicts(b)[0].ID, operation.Agreed))
		// Ten minutes more is the same conflict: what was said of it stays.
		near, err = w.Change(ctx, officer(tribal), b.ID, w.state(b).Version, w.draft(func(d *operation.Draft) { d.To = d.To.Add(10 * time.Minute) }))
		if all := w.conflicts(b); err != nil || near != 1 || len(all) != 1 || all[0].Said != operation.Agreed {
			t.Fatalf("after a small change: %d near, %+v (%v)", near, all, err)
		}
		if _, err := w.Change(ctx, officer(tribal), b.ID, w.state(b).Version, later); err != nil || w.open(a) != 0 || len(w.conflicts(a)) != 1 {
			t.Fatalf("moved away: %d open, %d on record (%v)", w.open(a), len(w.conflicts(a)), err)
		}
		if _, err = w.Change(ctx, officer(tribal), b.ID, w.state(b).Version, w.draft()); err != nil || w.open(a) != 1 {
			t.Fatalf("moved back: %d open (%v)", w.open(a), err)
		}
		check(t, w.Cancel(ctx, officer(tribal), b.ID, "called off"))
		if w.open(a) != 0 || len(w.conflicts(a)) != 2 {
			t.Errorf("called off: %d open, %d on record", w.open(a), len(w.conflicts(a)))
		}
		if _, near := w.plan(officer(desk), w.draft()); near != 1 {
			t.Errorf("after one of two was called off, a third meets %d", near)
		}
		w.approve(a)
		w.clock.Advance(25 * time.Hour)
		check(t, w.Begin(ctx, officer(state), a.ID, time.Time{}))
		w.clock.Advance(time.Hour)
		check(t, w.Close(ctx, officer(state), a.ID, time.Time{}, "Over."))
		if w.open(a) != 0 {
			t.Error("a closed operation still conflicts")
		}
	})
}

// Planners at once, on two servers that share the database, each with connections of its own: of any two, both are told.
func TestTwoWhoPlanAtOnceSeeEachOther(t *testing.T) {
	t.Parallel()
	race := func(t *testing.T, servers ...*world) {
		const planners = 12
		offices := []string{state, tribal, federal, desk}
		var mu sync.Mutex
		var made []operation.Operation
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for i := range planners {
			w := servers[i%len(servers)]
			wg.Go(func() {
				<-begin
				o, _, err := w.Plan(t.Context(), officer(offices[i%len(offices)]), w.draft())
				if err != nil {
					t.Errorf("planner %d: %v", i, err)
				}
				mu.Lock()
				defer mu.Unlock()
				made = append(made, o)
			})
		}
		close(begin)
		wg.Wait()
		if t.Failed() {
			return
		}
		for _, o := range made {
			want := 0
			for _, other := range made {
				if other.Lead != o.Lead {
					want++
				}
			}
			if got := servers[0].open(o); got != want {
				t.Errorf("one of %s is told of %d others, not %d", o.Lead, got, want)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		db, clock := storetest.SQLite(t, schemas())
		race(t, build(t, db, clock, many))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := storetest.PostgresURL(t)
		clock := storetest.NewClock(storetest.Start)
		var servers []*world
		for range 2 {
			db, err := store.Open(t.Context(), url, store.Options{Schemas: schemas(), Now: clock.Now})
			check(t, err)
			t.Cleanup(func() { db.Close() })
			if len(servers) == 0 {
				servers = append(servers, build(t, db, clock, many))
				continue
			}
			servers = append(servers, buildWith(t, db, clock, servers[0].ring, many))
		}
		race(t, servers...)
	})
}

// exact is what near means, without squares, hours or an index.
func exact(a, b operation.Plan) bool {
	if a.From.Add(-2*time.Hour).After(b.To.Add(2*time.Hour)) || b.From.Add(-2*time.Hour).After(a.To.Add(2*time.Hour)) {
		return false
	}
	if a.Point != nil && b.Point != nil {
		return meters(*a.Point, *b.Point) <= float64(a.Radius+b.Radius)+2000
	}
	for _, x := range a.Areas {
		for _, y := range b.Areas {
			if x == y {
				return true
			}
		}
	}
	return false
}

// meters is by unit vectors, and not by the formula that is tested.
func meters(a, b operation.Point) float64 {
	vector := func(p operation.Point) (x, y, z float64) {
		lat, lon := p.Lat*math.Pi/180, p.Lon*math.Pi/180
		return math.Cos(lat) * math.Cos(lon), math.Cos(lat) * math.Sin(lon), math.Sin(lat)
	}
	x1, y1, z1 := vector(a)
	x2, y2, z2 := vector(b)
	chord := math.Sqrt((x1-x2)*(x1-x2) + (y1-y2)*(y1-y2) + (z1-z2)*(z1-z2))
	return 2 * 6371000 * math.Asin(min(chord/2, 1))
}

// Whatever comes near is found, wherever on the map and in the calendar; what is far is not. The hard places are drawn often: the 180th meridian, the far north, the equator,
// corners of squares, midnight, the nights on which clocks change.
func TestNothingNearIsMissedAndNothingFarIsFound(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock, many)
	rapid.Check(t, func(r *rapid.T) {
		base := operation.Point{
			Lat: rapid.SampledFrom([]float64{32.3, 71.2, 79.99, 0, -14.3, 52.0, 32.25}).Draw(r, "lat"),
			Lon: rapid.SampledFrom([]float64{-90.18, 180, -180, 179.98, -179.97, 0, -90.25, 144.8}).Draw(r, "lon"),
		}
		moment := rapid.SampledFrom([]time.Time{
			time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC), time.Date(2027, 3, 14, 8, 0, 0, 0, time.UTC), time.Date(2027, 11, 7, 7, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		}).Draw(r, "moment")
		draw := func(name string) operation.Draft {
			return w.draft(func(d *operation.Draft) {
				lat := base.Lat + rapid.Float64Range(-0.6, 0.6).Draw(r, name+" north")
				lon := base.Lon + rapid.Float64Range(-0.9, 0.9).Draw(r, name+" east")
				d.Point = &operation.Point{Lat: min(lat, 80), Lon: math.Mod(lon+540, 360) - 180}
				d.Radius = rapid.IntRange(0, 25000).Draw(r, name+" radius")
				if rapid.Bool().Draw(r, name+" has no point") {
					d.Point, d.Radius = nil, 0
				}
				d.Areas = rapid.SampledFrom([][]place.Place{{hinds}, {rankin}, {hinds, rankin}}).Draw(r, name+" counties")
				d.From = moment.Add(time.Duration(rapid.IntRange(-3000, 3000).Draw(r, name+" begins")) * time.Minute)
				d.To = d.From.Add(time.Duration(rapid.IntRange(1, 4000).Draw(r, name+" lasts")) * time.Minute)
			})
		}
		a, b := draw("a"), draw("b")
		ctx := context.Background()
		first, _, err := w.Plan(ctx, officer(state), a)
		if err != nil {
			r.Fatal(err)
		}
		second, near, err := w.Plan(ctx, officer(tribal), b)
		if err != nil {
			r.Fatal(err)
		}
		defer func() {
			for _, o := range []operation.Operation{first, second} {
				if err := w.Cancel(ctx, officer(o.Lead), o.ID, "the next case"); err != nil {
					r.Fatal(err)
				}
			}
		}()
		if exact(a.Plan, b.Plan) && near != 1 {
			r.Fatalf("missed")
		}
		// What rounding can add: five kilometers for each, and an hour at each end.
		wide, other := a.Plan, b.Plan
		wide.Radius, other.Radius = wide.Radius+9000, other.Radius+9000
		wide.From, wide.To = wide.From.Add(-time.Hour), wide.To.Add(time.Hour)
		other.From, other.To = other.From.Add(-time.Hour), other.To.Add(time.Hour)
		if near != 0 && !exact(wide, other) {
			r.Fatalf("found, and is far away")
		}
	})
}

// Somebody who moves a plan about to find another's place learns its square and no more, is stopped, and is seen by whom they look for.
func TestProbingIsCoarseVisibleAndStopped(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := build(t, db, clock, operation.Limits{Member: 30, Finds: 5, Office: 200})
		ctx := t.Context()
		probe := func(m identity.Member, lat float64) (int, error) {
			_, near, err := w.Plan(ctx, m, w.draft(func(d *operation.Draft) { d.Point, d.Radius = &operation.Point{Lat: lat, Lon: -90.18}, 0 }))
			return near, err
		}
		// Two targets at two ends of a square give every probe the same answer.
		target, _ := w.plan(officer(state), w.draft(func(d *operation.Draft) { d.Point, d.Radius = &operation.Point{Lat: 32.301, Lon: -90.18}, 0 }))
		twin, _ := w.plan(officer(state), w.draft(func(d *operation.Draft) { d.Point, d.Radius = &operation.Point{Lat: 32.349, Lon: -90.18}, 0 }))
		spy := officer(tribal)
		hits := 0
		for i := range 40 {
			near, err := probe(spy, 31.9+float64(i)*0.02)
			if err != nil {
				if fault.KindOf(err) != fault.Conflict || hits != 5 {
					t.Fatalf("after %d questions and %d answers: %v", i, hits, err)
				}
				break
			}
			if near == 1 {
				t.Fatal("the answer tells the two ends of a square apart")
			}
			if near > 0 {
				hits++
			}
		}
		if hits != 5 || w.open(target) != 5 || w.open(twin) != 5 {
			t.Errorf("%d answers; the targets see %d and %d", hits, w.open(target), w.open(twin))
		}
		if _, err := probe(spy, 33.9); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a stopped member asks on: %v", err)
		}
		if _, err := probe(officer(tribal), 33.9); err != nil {
			t.Errorf("a colleague cannot go on: %v", err)
		}
		clock.Advance(25 * time.Hour)
		if _, err := probe(spy, 33.9); err != nil {
			t.Errorf("the next day the member is still stopped: %v", err)
		}
	})
}

// What is entered after the fact asks nothing and meets nobody.
func TestWhatIsOverMeetsNobody(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock, operation.Limits{Member: 1})
	for _, office := range []string{state, tribal} {
		m := officer(office)
		for range 3 {
			if _, near := w.plan(m, w.draft(func(d *operation.Draft) {
				d.From, d.To = clock.Now().Add(-30*time.Hour), clock.Now().Add(-28*time.Hour)
			})); near != 0 {
				t.Error("what is over meets others")
			}
		}
	}
}

// A copy of the database without the keyring tells neither where nor when.
func TestTheIndexTellsAThiefNothing(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := build(t, db, clock, many)
	w.plan(officer(state), w.draft(func(d *operation.Draft) { d.Name = "Demo Heron"; d.Contact = "Sergeant Invented" }))
	for _, q := range []string{`select token, reach from operation_index`, `select body, body from operation`} {
		rows, err := db.Query(t.Context(), q)
		check(t, err)
		defer rows.Close()
		n := 0
		for rows.Next() {
			var a, b []byte
			check(t, rows.Scan(&a, &b))
			for _, word := range []string{"Heron", "Invented", "28049", "601-555", state} {
				if strings.Contains(string(a)+string(b), word) {
					t.Errorf("%q stands in clear", word)
				}
			}
			n++
		}
		check(t, rows.Err())
		if n == 0 {
			t.Errorf("%s: nothing", q)
		}
	}
	other := build(t, db, clock, many)
	if _, _, err := other.Plan(t.Context(), officer(tribal), w.draft()); err != nil {
		t.Fatal(err) // with another keyring nothing is found: its tokens are others
	}
	if _, err := other.Get(t.Context(), officer(state), store.NewID()); !errors.Is(err, operation.ErrNotFound) {
		t.Error(err)
	}
}
