// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"slices"
	"testing"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
)

// TestAwayGoesToTheStandIn suspends whoever was told of a report, and whoever took one on: their stand-in is mailed at once, and nobody owns it.
func TestAwayGoesToTheStandIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		cal, sid, sam := w.hire(police, "Cal"), w.hire(police, "Sid"), w.hire(police, "Sam", identity.RoleMember, identity.RoleSupervisor)
		w.shift(cal, agency.On)
		w.shift(sid, agency.StandIn)
		told, owned, done := w.send(tip(nil)), w.send(tip(nil)), w.send(tip(nil))
		w.run()
		for _, id := range []store.ID{owned, done} {
			w.open(cal, id)
			check(t, w.referrals.Acknowledge(t.Context(), cal.Member, id))
		}
		check(t, w.referrals.Assign(t.Context(), cal.Member, owned, cal.ID))
		check(t, w.referrals.RecordOutcome(t.Context(), cal.Member, done, referral.OutcomeSafe))
		before := len(w.mailed())
		if slices.Contains(w.mailed(), "sid") {
			t.Fatal("the stand-in was mailed while somebody is on")
		}
		check(t, w.people.Suspend(t.Context(), "ms", cal.ID))
		w.run()
		if got := w.mailed()[before:]; !slices.Equal(got, []string{"sid", "sid"}) && !slices.Equal(got, []string{"sid"}) {
			t.Errorf("mailed: %v", got)
		}
		r := w.inbox(sam, owned)
		if !r.Owner.IsZero() || r.State != referral.Acknowledged {
			t.Errorf("what they owned: %s, owner %s", r.State, r.Owner)
		}
		for id, want := range map[store.ID]int{told: 1, owned: 1, done: 0} {
			if got := w.standInMails(sid, id); got != want {
				t.Errorf("the stand-in has %d notices of a report, want %d", got, want)
			}
		}
	})
}

// standInMails counts a member's notices of a report.
func (w *world) standInMails(h hand, report store.ID) int {
	w.t.Helper()
	var n int
	check(w.t, w.db.QueryRow(w.t.Context(), `select count(*) from referral_notice where program = 'ms' and report = $1 and member = $2`, report, h.ID).Scan(&n))
	return n
}

// TestLockedAccountGoesToTheStandIn guesses at an account until it is locked: what waits goes to the stand-in at once, and so does what comes afterwards.
func TestLockedAccountGoesToTheStandIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		cal, sid := w.hire(police, "Cal"), w.hire(police, "Sid")
		w.shift(cal, agency.On)
		w.shift(sid, agency.StandIn)
		first := w.send(tip(nil))
		w.run()
		for range 5 {
			_, _, _ = w.people.SignIn(t.Context(), "ms", cal.Email, [32]byte{1})
		}
		w.run()
		if got := w.standInMails(sid, first); got != 1 {
			t.Errorf("the stand-in has %d notices of what waited", got)
		}
		second := w.send(tip(nil))
		w.run()
		if w.standInMails(sid, second) != 1 || w.standInMails(cal, second) != 1 {
			t.Error("what comes while the account is locked does not reach the stand-in too")
		}
	})
}

// TestTakenTaskIsGivenBack closes the account of an operator who holds a task: somebody else can take it at once, and no rung above hears of a help report that it may not know of.
func TestTakenTaskIsGivenBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		dee, dan := w.hire(tipDesk, "Dee", identity.RoleDesk), w.hire(tipDesk, "Dan", identity.RoleDesk)
		w.shift(dee, agency.On)
		w.shift(dan, agency.StandIn)
		id := w.send(tip(form.Answers{"age": {"under18"}, "happened": {"MS-28049"}}))
		w.run()
		r := w.task(dee, id, childCare)
		check(t, w.referrals.Take(t.Context(), dee.Member, r.ID))
		check(t, w.people.Suspend(t.Context(), "ms", dee.ID))
		if got := w.task(dan, id, childCare); got.State != referral.Waiting || !got.TakenBy.IsZero() {
			t.Errorf("the task: %s, taken by %s", got.State, got.TakenBy)
		}
		check(t, w.referrals.Take(t.Context(), dan.Member, r.ID))
		if !slices.Contains(w.acts(r.ID), "release") {
			t.Errorf("its history: %v", w.acts(r.ID))
		}
	})
}
