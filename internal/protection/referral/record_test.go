// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
)

// record stores a plan as the way in does, without a report behind it.
func (w *world) record(e program.Envelope, keyless ...string) store.ID {
	w.t.Helper()
	return w.recordPlan(e, w.ms.Route(e, w.agencies.Keyed("ms")), keyless...)
}

// recordStuck stores what one holder, without a key, has of a plan.
func (w *world) recordStuck(e program.Envelope, holder string) store.ID {
	w.t.Helper()
	plan := w.ms.Route(e, func(office string) bool { return office == holder })
	plan.Deliveries = slices.DeleteFunc(plan.Deliveries, func(d program.Delivery) bool { return d.Recipient != holder })
	if len(plan.Deliveries) != 1 {
		w.t.Fatalf("%s holds %d duties", holder, len(plan.Deliveries))
	}
	return w.recordPlan(e, plan, holder)
}

func (w *world) recordPlan(e program.Envelope, plan program.Plan, keyless ...string) store.ID {
	w.t.Helper()
	id := store.NewID()
	check(w.t, w.db.Accept(w.t.Context(), func(tx *store.Tx) error {
		ref := report.Ref{Program: "ms", Report: id, Accepted: tx.Now(), Envelope: e, Via: report.ViaWeb, Keyless: keyless}
		if err := w.referrals.Record(tx, ref, plan); err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: "ms", Event: "report.accepted", Record: "report:" + id.String(), Actor: "sender"})
		return nil
	}))
	return id
}

// TestHolderWithoutKey: a planned reader that had no key when the report was
// sealed is no reason to refuse, but one to tell the desk.
func TestHolderWithoutKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		ana := w.hire(childCare, "Ana")
		w.shift(dee, "on")
		w.shift(ana, "on")
		e, _, err := w.ms.EnvelopeFrom(child(), "en")
		check(t, err)
		id := w.record(e, childCare)
		w.run()
		if r := w.inbox(ana, id); r.State != referral.CannotOpen {
			t.Errorf("it stands at %s", r.State)
		}
		if r := w.only(dee, referral.Filter{List: referral.ListStuck}); r.Report != id || r.Holder != childCare {
			t.Errorf("the desk sees %+v", r)
		}
		if got := w.mailed(); !slices.Contains(got, "dee") || !slices.Contains(got, "ana") {
			t.Errorf("%v were mailed", got)
		}
		progress, err := w.referrals.Progress(t.Context(), "ms", id)
		check(t, err)
		for _, p := range progress {
			if p.Kind == "child_protection" && !p.Received.IsZero() {
				t.Error("the receipt says that child protection has what it cannot open")
			}
		}
	})
}

// TestStandsFor: the page of an office that takes an accused one's place says so.
func TestStandsFor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		w.hire(tipDesk, "Dee", identity.RoleDesk)
		clerk := w.hire("youth-court", "Clerk")
		id := w.send(tip(form.Answers{"age": {"under18"}, "happened": {"MS-28049"}, "conflict": {"child_protection"}}))
		if r := w.inbox(clerk, id); r.StandsFor != childCare {
			t.Fatalf("it stands for %q", r.StandsFor)
		}
		page := w.as(clerk).GetDoc("/staff/report/" + id.String()).Main()
		if name := w.ms.Offices[childCare].Name.In("en"); !strings.Contains(page, "in place of "+name) {
			t.Error("the page does not say in whose place")
		}
	})
}

// TestProgressOfAKind: what one office of a kind read does not stand for
// another of the kind that nobody has called yet.
func TestProgressOfAKind(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		cora := w.hire(police, "Cora")
		gil := w.hire(lawyers, "Gil")
		id := w.send(tip(nil))
		stands := func(when, kind string, received, read time.Time) {
			t.Helper()
			all, err := w.referrals.Progress(t.Context(), "ms", id)
			check(t, err)
			i := slices.IndexFunc(all, func(p report.Progress) bool { return p.Kind == kind })
			switch {
			case i < 0:
				t.Fatalf("%s: nothing about %s", when, kind)
			case !all[i].Received.Equal(received), !all[i].Read.Equal(read):
				t.Errorf("%s: %+v, want %s and %s", when, all[i], received, read)
			}
		}
		hour := func(n time.Duration) time.Time { return storetest.Start.Add(n * time.Hour) }
		stands("at first", "police", time.Time{}, time.Time{})
		clock.Advance(time.Hour)
		w.open(cora, id)
		stands("one of two", "police", time.Time{}, time.Time{})
		clock.Advance(2 * time.Hour)
		w.tell(dee, id, local)
		stands("both", "police", hour(3), hour(3))

		clock.Advance(time.Hour)
		_, err := w.referrals.ReferOn(t.Context(), cora.Member, id, w.wrapFor(cora, id, lawyers))
		check(t, err)
		kind := w.ms.Offices[lawyers].Kind
		all, err := w.referrals.Progress(t.Context(), "ms", id)
		check(t, err)
		if slices.ContainsFunc(all, func(p report.Progress) bool { return p.Kind == kind }) {
			t.Error("it tells of an office that has not taken the report on")
		}
		clock.Advance(time.Hour)
		w.open(gil, id)
		check(t, w.referrals.Acknowledge(t.Context(), gil.Member, id))
		stands("referred on", kind, hour(4), hour(5))
		stands("referred on", "police", hour(3), hour(3))
	})
}

// TestProgressWithoutWhoSteppedBack: an office that stepped back unread holds
// nothing up, and alone it never counts as having read.
func TestProgressWithoutWhoSteppedBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		cora := w.hire(police, "Cora", identity.RoleMember, identity.RoleSupervisor)
		id := w.send(tip(nil))
		check(t, w.referrals.RecuseOffice(t.Context(), cora.Member, id))
		first, err := w.referrals.Progress(t.Context(), "ms", id)
		check(t, err)
		if len(first) != 1 || first[0] != (report.Progress{Kind: "police"}) {
			t.Fatalf("nobody has it, and the receipt says %+v", first)
		}
		clock.Advance(time.Hour)
		w.tell(dee, id, local)
		then, err := w.referrals.Progress(t.Context(), "ms", id)
		check(t, err)
		if hour := storetest.Start.Add(time.Hour); len(then) != 1 || !then[0].Read.Equal(hour) || !then[0].Received.Equal(hour) {
			t.Errorf("the desk told the police, and the receipt says %+v", then)
		}
	})
}
