// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
)

func TestReferOn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana, law := w.hire(childCare, "Ana"), w.hire(lawyers, "Lia")
		w.shift(law, agency.On)
		id := w.send(child())
		onward := w.wrapFor(ana, id, lawyers)
		_, err := w.referrals.ReferOn(ctx, ana.Member, id, onward)
		refused(t, err, referral.ErrUnopened, "sending on what was not opened")
		w.open(ana, id)
		for name, bad := range map[string]struct {
			change func(o *referral.Onward)
			want   error
		}{
			"another key": {func(o *referral.Onward) { o.KeyID[0]++ }, referral.ErrKey},
			"half a wrap": {func(o *referral.Onward) { o.Wrap = o.Wrap[:100] }, referral.ErrProof},
			"no key":      {func(o *referral.Onward) { o.Office = shelter }, referral.ErrKey},
			"nobody":      {func(o *referral.Onward) { o.Office = "nobody" }, referral.ErrOffice},
			"by name":     {func(o *referral.Onward) { o.Office = "hsi" }, referral.ErrOffice},
		} {
			o := onward
			bad.change(&o)
			if _, err := w.referrals.ReferOn(ctx, ana.Member, id, o); err == nil || err.Error() != bad.want.Error() {
				t.Errorf("%s: %v, want %v", name, err, bad.want)
			}
		}
		clock.Advance(time.Hour)
		w.run()
		fresh, err := w.referrals.ReferOn(ctx, ana.Member, id, onward)
		check(t, err)
		got := w.inbox(law, id)
		if got.ID != fresh || got.Origin != referral.OriginOnward || got.ReferredBy != childCare || got.Obligor != childCare || !got.Due.Equal(clock.Now().Add(w.ms.Limits.Consent)) {
			t.Fatalf("the new referral is %+v", got)
		}
		_, err = w.referrals.ReferOn(ctx, ana.Member, id, onward)
		refused(t, err, referral.ErrHasIt, "sending it on twice")
		w.open(law, id)
		check(t, w.referrals.Acknowledge(ctx, law.Member, id))
		w.run()
		if got := w.mailed(); slices.Contains(got, "lia") {
			t.Errorf("somebody who took it on already is mailed: %v", got)
		}
		if got := w.acts(fresh); !slices.Equal(got, []string{"acknowledge", "open", "referred_in"}) {
			t.Errorf("the history is %v", got)
		}
	})
}

func TestCannotOpenAndRewrap(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana := w.hire(childCare, "Ana")
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		w.shift(dee, agency.On)
		id := w.send(child()) // the coordinator has no key: the desk relays
		w.run()
		n := len(w.mailed())
		check(t, w.referrals.CannotOpen(ctx, ana.Member, id))
		refused(t, w.referrals.CannotOpen(ctx, ana.Member, id), referral.ErrState, "saying so twice")
		w.pass(time.Minute)
		if got := w.mailed()[n:]; !slices.Contains(got, "dee") {
			t.Errorf("the desk was not told: %v", got)
		}
		if stuck := w.only(dee, referral.Filter{List: referral.ListStuck}); stuck.Holder != childCare {
			t.Errorf("the stuck list has %+v", stuck)
		}
		onward := referral.Onward{Office: childCare}
		if got := w.referrals.Rewrap(ctx, dee.Member, id, referral.Onward{Office: lawyers}); !errors.Is(got, referral.ErrState) {
			t.Errorf("wrapping for an office that does not ask: %v", got)
		}
		refused(t, w.referrals.Rewrap(ctx, dee.Member, id, onward), referral.ErrUnopened, "wrapping again without having opened")
		w.open(dee, id)
		if asks := w.list(dee, referral.Filter{Asks: true, State: "all"}); len(asks) != 0 {
			t.Errorf("the desk's inbox asks for %d", len(asks)) // the desk holds tasks only, and sees it among the stuck
		}
		// Child protection lost its key and made another: the endorsement is the old key's last act.
		w.rotate(ana)
		fresh := w.wrapFor(dee, id, childCare)
		check(t, w.referrals.Rewrap(ctx, dee.Member, id, fresh))
		refused(t, w.referrals.Rewrap(ctx, dee.Member, id, fresh), referral.ErrState, "wrapping again twice")
		if r := w.inbox(ana, id); r.State != referral.Waiting {
			t.Fatalf("after wrapping again it is %s", r.State)
		}
		w.open(ana, id)
		check(t, w.referrals.Acknowledge(ctx, ana.Member, id))
	})
}

func TestOfficeStepsBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana, boss := w.hire(childCare, "Ana"), w.hire(childCare, "Boss", identity.RoleSupervisor)
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		w.shift(dee, agency.On)
		id := w.send(child())
		w.open(ana, id)
		check(t, w.referrals.Acknowledge(ctx, ana.Member, id))
		refused(t, w.referrals.RecuseOffice(ctx, ana.Member, id), referral.ErrForbidden, "a member speaking for the office")
		n := len(w.mailed())
		check(t, w.referrals.RecuseOffice(ctx, boss.Member, id))
		if len(w.list(ana, referral.Filter{State: "all"}))+len(w.list(boss, referral.Filter{State: "all"})) != 0 {
			t.Error("the office still sees it")
		}
		refused(t, w.referrals.Open(ctx, ana.Member, id, [32]byte{}, nil), referral.ErrNotFound, "opening after stepping back")
		w.pass(time.Minute)
		if got := w.mailed()[n:]; !slices.Contains(got, "dee") {
			t.Errorf("the desk was not told: %v", got)
		}
		if stuck := w.only(dee, referral.Filter{List: referral.ListStuck}); stuck.State != referral.Recused {
			t.Errorf("the stuck list has %+v", stuck)
		}
		lia := w.hire(lawyers, "Lia")
		w.open(dee, id)
		_, err := w.referrals.ReferOn(ctx, dee.Member, id, w.wrapFor(dee, id, lawyers))
		check(t, err)
		if w.inbox(lia, id).ReferredBy != tipDesk || len(w.list(dee, referral.Filter{List: referral.ListStuck})) != 0 {
			t.Error("with another office found, the desk is still asked for one")
		}
	})
}

func TestLastMemberStepsBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		w.shift(ana, agency.On)
		w.shift(dee, agency.On)
		id := w.send(tip(form.Answers{"age": {"under18"}, "happened": nil, "lives": {"MS-28049"}}))
		w.run()
		n := len(w.mailed())
		check(t, w.referrals.Recuse(t.Context(), ana.Member, id))
		w.pass(time.Minute)
		if got := w.mailed()[n:]; !slices.Contains(got, "dee") || slices.Contains(got, "ana") {
			t.Errorf("when nobody at the office is left, %v are mailed", got)
		}
	})
}
