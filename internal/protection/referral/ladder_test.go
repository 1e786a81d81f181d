// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

// minutes is a time of whole minutes, as packs write them.
func minutes(low, high int) *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.IntRange(low, high), func(n int) time.Duration { return time.Duration(n) * time.Minute })
}

var anySpan = rapid.Custom(func(t *rapid.T) program.Span {
	if rapid.Bool().Draw(t, "fixed") {
		return program.Span{Fixed: minutes(1, 10080).Draw(t, "span")}
	}
	least := minutes(1, 1000).Draw(t, "least")
	return program.Span{Percent: rapid.IntRange(1, 400).Draw(t, "percent"), Least: least, Most: least + minutes(0, 9000).Draw(t, "more")}
})

var anyLadder = rapid.Custom(func(t *rapid.T) program.Ladder {
	rung := rapid.Custom(func(t *rapid.T) program.Rung {
		m := program.Moment{From: rapid.SampledFrom([]string{program.FromStart, program.FromLate, program.FromLast}).Draw(t, "from"), Span: anySpan.Draw(t, "span")}
		m.Before = m.From == program.FromLate && rapid.Bool().Draw(t, "before")
		return program.Rung{Tell: rapid.SliceOfNDistinct(rapid.SampledFrom(program.Tellable()), 1, 2, rapid.ID).Draw(t, "tell"), When: m}
	})
	l := program.Ladder{First: []string{program.OnDuty}, Opened: anySpan.Draw(t, "opened"), Repeat: minutes(15, 10080).Draw(t, "repeat")}
	l.Rungs = append(rapid.SliceOfN(rung, 0, 5).Draw(t, "rungs"), program.Rung{Tell: []string{program.TheNamed}, When: program.Moment{From: program.FromLast, Span: anySpan.Draw(t, "last")}})
	return l
})

var anyLadders = rapid.Custom(func(t *rapid.T) program.Ladders {
	return program.Ladders{Ordinary: anyLadder.Draw(t, "ordinary"), Danger: anyLadder.Draw(t, "danger")}
})

// anyReferral is a referral in any state, at times around now.
func anyReferral(now time.Time) *rapid.Generator[Referral] {
	around := rapid.Map(rapid.Int64Range(-1000*60*1e6, 60*60*1e6), func(us int64) time.Time { return now.Add(time.Duration(us) * time.Microsecond) })
	return rapid.Custom(func(t *rapid.T) Referral {
		r := Referral{Program: "ms", ID: store.NewID(), State: rapid.SampledFrom(allStates).Draw(t, "state"), Danger: rapid.Bool().Draw(t, "danger"),
			Origin: rapid.SampledFrom([]Origin{OriginDuty, OriginDuty, OriginOnward, OriginReminder, OriginCanary}).Draw(t, "origin"), Limit: minutes(1, 366*24*60).Draw(t, "limit")}
		if rapid.Bool().Draw(t, "short") {
			r.Limit = minutes(1, 600).Draw(t, "limit")
		}
		if rapid.IntRange(0, 9).Draw(t, "runs") > 0 {
			r.Started = around.Draw(t, "started")
			r.Due = r.Started.Add(r.Limit)
		}
		if r.State == Opened || rapid.Bool().Draw(t, "opened") {
			r.OpenedAt = around.Draw(t, "opened at")
		}
		if rapid.IntRange(0, 4).Draw(t, "now") == 0 && !r.Due.IsZero() { // exactly at the edge
			r.Started, r.Due = r.Started.Add(now.Sub(r.Due)), now
		}
		return r
	})
}

// TestLatenessIsOverdue holds the list of what is late, which the database makes,
// against what each page says of a single one, over any pack, state and time.
func TestLatenessIsOverdue(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{jobs.Schema(), Schema()}, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		now := clock.Now()
		late := 0
		rapid.Check(t, func(rt *rapid.T) {
			report, l := store.NewID(), anyLadders.Draw(rt, "ladders")
			rows := rapid.SliceOfN(anyReferral(now), 20, 20).Draw(rt, "referrals")
			for i := range rows {
				rows[i].Report = report
				switch w := rows[i].wait(l.For(rows[i].Danger)); rapid.IntRange(0, 9).Draw(rt, "edge") {
				case 0: // the grace ends exactly now
					rows[i].OpenedAt = rows[i].OpenedAt.Add(now.Sub(w.Late))
				case 1:
					rows[i].OpenedAt = rows[i].OpenedAt.Add(now.Sub(w.Late) - time.Microsecond)
				}
			}
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				for _, r := range rows {
					if err := insert(tx, r, "", now); err != nil {
						return err
					}
					if err := must(tx, r, "opened_at = $3", micros(r.OpenedAt)); err != nil {
						return err
					}
				}
				tx.Log(custody.Entry{Program: "ms", Event: "test.filled"})
				return nil
			})
			if err != nil {
				rt.Fatal(err)
			}
			listed, err := referrals(t.Context(), db, "ms", lateness(l)+" and report = $3", store.Micros(now), report)
			if err != nil {
				rt.Fatal(err)
			}
			for _, r := range rows {
				inSQL := slices.ContainsFunc(listed, func(x Referral) bool { return x.ID == r.ID })
				if inSQL != r.Overdue(l, now) || inSQL != r.Overdue(l, now.Add(999*time.Nanosecond)) {
					rt.Fatalf("late in SQL: %v, in Go: %v: %+v\nby %+v", inSQL, r.Overdue(l, now), r, l.For(r.Danger))
				}
				if inSQL {
					late++
				}
			}
		})
		if late == 0 {
			t.Error("nothing was ever late")
		}
	})
}

// TestAnotherLadderLeavesNobodyWaiting puts what stands on a rung of one ladder
// onto another one: its next step is never put off, whoever the new ladder tells
// was told or still will be, and doing it again changes nothing.
func TestAnotherLadderLeavesNobodyWaiting(t *testing.T) {
	t.Parallel()
	now := storetest.Start
	rapid.Check(t, func(t *rapid.T) {
		old, fresh := anyLadder.Draw(t, "old"), anyLadder.Draw(t, "fresh")
		r := anyReferral(now).Draw(t, "referral")
		r.Origin, r.Started = OriginDuty, now.Add(-minutes(0, 20000).Draw(t, "age"))
		r.Due = r.Started.Add(r.Limit)
		if r.State = Waiting; !r.OpenedAt.IsZero() {
			r.State = Opened
		}
		r.onRung(old, rapid.IntRange(0, old.Last()).Draw(t, "rung"))
		r.NextAt = r.nextTime(old, r.Level, now)
		if r.onto(old, now).Level != r.Level || r.onto(old, now).Told != r.Told || !r.onto(old, now).NextAt.Equal(r.NextAt) {
			t.Fatalf("on its own ladder %+v becomes %+v", r, r.onto(old, now))
		}
		moved := r.onto(fresh, now)
		if moved.NextAt.After(r.NextAt) {
			t.Fatalf("what was due at %v is due at %v", r.NextAt, moved.NextAt)
		}
		if moved.Level < fresh.Last() && moved.NextAt.After(moved.rungTime(fresh, moved.Level+1)) {
			t.Fatalf("rung %d is due at %v and is told at %v", moved.Level+1, moved.rungTime(fresh, moved.Level+1), moved.NextAt)
		}
		if again := moved.onto(fresh, now); again.Level != moved.Level || again.Told != moved.Told || !again.NextAt.Equal(moved.NextAt) {
			t.Fatalf("twice: %+v, once: %+v", again, moved)
		}
		for rung := 1; rung <= moved.Level; rung++ {
			for _, who := range fresh.Tells(rung) {
				if !slices.Contains(strings.FieldsFunc(r.Told, func(c rune) bool { return c == ',' || c == '+' }), who) {
					t.Fatalf("told %q; it stands on rung %d of %q, and %s never hears of it", r.Told, moved.Level, fresh.Upto(fresh.Last()), who)
				}
			}
		}
	})
}

// TestRowsFromBeforeTheLadders reads what a row meant whose rung had only a
// number: the five rungs of the first programs, danger beginning at the second.
func TestRowsFromBeforeTheLadders(t *testing.T) {
	t.Parallel()
	ms := mississippi(t).Ladders
	for _, c := range []struct {
		danger      bool
		level, want int
	}{{false, 0, 0}, {false, 1, 1}, {false, 3, 3}, {false, 5, 5}, {true, 2, 0}, {true, 3, 1}, {true, 4, 2}, {true, 5, 3}, {true, 9, 3}} {
		r := Referral{Program: "ms", Level: c.level, Danger: c.danger}
		if got := r.stands(ms.For(c.danger)); got != c.want {
			t.Errorf("rung %d (danger: %v) stands at %d of the pack's ladder, want %d", c.level, c.danger, got, c.want)
		}
	}
	if got := (Step{Act: ActEscalate, Level: 4}).told(); got != "Desk" {
		t.Errorf("an escalation to rung 4 is told as %q", got)
	}
	l := ms.Ordinary
	for n, want := range map[*notice][]string{{Level: 3}: {"supervisor"}, {Level: 2, Away: true}: {"stand_in"}, {Level: 0}: l.First, {Level: 1, Tell: []string{"desk", "named"}}: {"desk", "named"}, {Level: 12}: {"named"}} {
		if got := n.tells(l); !slices.Equal(got, want) {
			t.Errorf("%+v is for %v, want %v", n, got, want)
		}
	}
}

// TestLaddersTellWhoPolicyKnows holds the words of a pack's ladder against the
// table of who may do what: a role that policy does not know reaches nobody, and
// one that may not hear of a report is never told.
func TestLaddersTellWhoPolicyKnows(t *testing.T) {
	t.Parallel()
	own := []string{program.OnDuty, program.StandIn, program.TheDesk, program.TheNamed}
	for _, who := range program.Tellable() {
		if tellWords[who] == "" {
			t.Errorf("%s has no words", who)
		}
		if slices.Contains(own, who) {
			continue
		}
		m := identity.Member{Program: "ms", Office: "mdcps", Roles: []string{who}}
		if !slices.Contains(policy.Roles(), who) || !mayHear(m, program.Office{ID: "mdcps"}, Referral{Program: "ms", Holder: "mdcps", State: Waiting}) {
			t.Errorf("%s is no role that may hear of a report", who)
		}
	}
}
