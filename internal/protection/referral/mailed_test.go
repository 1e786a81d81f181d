// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/form"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
)

// TestThePickedAreTold mails whoever the survivor picked, at once, and the help
// desk only when time runs out; it then sees who holds it.
func TestThePickedAreTold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		sue, cal, lee, hana := w.hire(shelter, "Sue"), w.hire(police, "Cal"), w.hire(local, "Lee"), w.hire(helpDesk, "Hana", identity.RoleDesk)
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk, identity.RoleProgramAdmin)
		for _, h := range []hand{sue, cal, lee, hana, dee} {
			w.shift(h, agency.On)
		}
		id := w.send(help(shelter, police))
		w.run()
		got := w.mailed()
		slices.Sort(got)
		if !slices.Equal(got, []string{"cal", "sue"}) {
			t.Fatalf("%v were mailed, want the two that were picked", got)
		}
		for _, m := range w.caught.Messages() {
			if m.Subject != "Something new is waiting for you" || strings.Contains(m.Text, id.String()[:8]) || strings.Contains(strings.ToLower(m.Text), "help") {
				t.Errorf("the mail says more than that something waits: %q %q", m.Subject, m.Text)
			}
		}
		w.open(cal, id)
		check(t, w.referrals.Acknowledge(t.Context(), cal.Member, id))
		for range 80 {
			clock.Advance(time.Hour)
			w.run()
		}
		for _, to := range w.mailed()[2:] {
			if to != "sue" && to != "hana" {
				t.Errorf("%s was mailed while the shelter was late", to)
			}
		}
		if !slices.Contains(w.mailed(), "hana") {
			t.Error("nobody took it further when the shelter was late")
		}
		page := w.as(hana).GetDoc("/staff/desk?list=late").Main()
		if !strings.Contains(page, "Held by "+w.ms.Offices[shelter].Name.In("en")) || !strings.Contains(page, "Not opened") {
			t.Errorf("the help desk does not see who holds it: %s", page)
		}
	})
}

// TestPoliceCannotAskWhoElseWasPicked tries wraps for offices that have a help
// report, cannot open it, or never had it: police get one answer for all.
func TestPoliceCannotAskWhoElseWasPicked(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		sue, cal := w.hire(shelter, "Sue"), w.hire(police, "Cal")
		w.hire(lawyers, "Lia")
		w.hire(helpDesk, "Hana", identity.RoleDesk)
		id := w.send(help(shelter, police))
		w.open(cal, id)
		try := func(when string) {
			t.Helper()
			for _, office := range []string{shelter, lawyers, helpDesk, "nobody", police} {
				o := referral.Onward{Office: office, Wrap: random(1200)}
				if k, ok := w.agencies.Keys("ms")[office]; ok {
					o = w.wrapFor(cal, id, office)
					o.KeyID = k.ID
				}
				refused(t, w.referrals.Rewrap(t.Context(), cal.Member, id, o), referral.ErrState, when+", a wrap for "+office)
			}
		}
		try("while the shelter has it")
		check(t, w.referrals.CannotOpen(t.Context(), sue.Member, id))
		try("while the shelter cannot open it")
		if asks := w.list(cal, referral.Filter{Asks: true, State: "all"}); len(asks) != 0 {
			t.Error("the inbox of police says that another office cannot open a help report")
		}
	})
}

// TestNoHelpMailIsListedAsFailed breaks the mail server for days: what police
// administrators can see of given-up work and of mail is the same with help
// reports and without, and the mail goes out when the server is back.
func TestNoHelpMailIsListedAsFailed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		hana, dee := w.hire(helpDesk, "Hana", identity.RoleDesk), w.hire(tipDesk, "Dee", identity.RoleDesk, identity.RoleProgramAdmin, identity.RoleAuditor)
		w.hire(shelter, "Sue") // so that help is offered; nobody is on shift there
		w.shift(hana, agency.On)
		w.caught.Away(true)
		before := w.as(dee).GetDoc("/staff/desk").Main()
		w.send(help(shelter))
		lines := w.logged.Len()
		for range 60 {
			clock.Advance(time.Hour)
			w.run()
		}
		dead, err := jobs.DeadLetters(t.Context(), db, "ms")
		check(t, err)
		dead = slices.DeleteFunc(dead, func(d jobs.Dead) bool { return d.Kind == "agency.tell" }) // its alarms know no reports
		if len(dead) != 0 || strings.Contains(w.logged.String()[lines:], "referral") {
			t.Errorf("given up: %v; logged: %s", dead, w.logged.String()[lines:])
		}
		if after := w.as(dee).GetDoc("/staff/desk").Main(); after != before {
			t.Errorf("the police desk's page changed from\n%s\nto\n%s", before, after)
		}
		if page := w.as(hana).GetDoc("/staff/desk").Main(); !strings.Contains(page, "Mail to 1 person") {
			t.Errorf("the help desk is not told that its mail does not go out: %s", page)
		}
		var tries int
		var result string
		check(t, db.QueryRow(t.Context(), "select attempts, result from referral_notice where program = 'ms' and member = $1 and level = 4 order by attempts desc limit 1", hana.ID).Scan(&tries, &result))
		if tries < 40 || result != "away" {
			t.Errorf("%d tries ended with %q", tries, result)
		}
		w.caught.Away(false)
		w.pass(61 * time.Minute)
		if !slices.Contains(w.mailed(), "hana") {
			t.Error("when the mail server came back nobody was told")
		}
		if page := w.as(hana).GetDoc("/staff/desk").Main(); strings.Contains(page, "did not go out") {
			t.Error("the help desk is still told that mail does not go out")
		}
	})
}

// TestStuckWhereNobodyIs: a report whose holder has neither key nor people is
// at once another desk's, or the administrators', never the accused's and never
// the police's where somebody asks for help.
func TestStuckWhereNobodyIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		answers form.Answers
		holder  string
		staff   map[string][]string // office: roles of its one member, on shift
		want    []string
		lists   string
	}{
		{"another desk and the named person", child(), childCare,
			map[string][]string{tipDesk: {identity.RoleDesk}, lawyers: {identity.RoleProgramAdmin}}, []string{lawyers, tipDesk}, tipDesk},
		{"a desk that is not accused", tip(form.Answers{"conflict": {"police"}, "age": {"under18"}, "happened": {"MS-28049"}}), childCare,
			map[string][]string{tipDesk: {identity.RoleDesk, identity.RoleProgramAdmin}, helpDesk: {identity.RoleDesk}}, []string{helpDesk}, helpDesk},
		{"help, and the help desk is there", help(shelter), shelter,
			map[string][]string{tipDesk: {identity.RoleDesk, identity.RoleProgramAdmin}, helpDesk: {identity.RoleDesk}}, []string{helpDesk}, helpDesk},
		{"help, and no desk is there", help(), helpDesk,
			map[string][]string{tipDesk: {identity.RoleDesk, identity.RoleProgramAdmin}, lawyers: {identity.RoleProgramAdmin}}, []string{lawyers}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
				w := setup(t, db, clock)
				people := map[string]hand{}
				for office, roles := range c.staff {
					people[office] = w.hire(office, office, roles...)
					w.shift(people[office], agency.On)
				}
				e, _, err := w.ms.EnvelopeFrom(c.answers, "en")
				check(t, err)
				id := w.recordStuck(e, c.holder)
				w.run()
				got := slices.Compact(slices.Sorted(slices.Values(w.mailed())))
				if !slices.Equal(got, c.want) {
					t.Errorf("%v were mailed at once, want %v", got, c.want)
				}
				if c.lists == "" {
					return
				}
				if stuck := w.only(people[c.lists], referral.Filter{List: referral.ListStuck}); stuck.Report != id || stuck.Holder != c.holder {
					t.Errorf("the stuck list has %+v", stuck)
				}
			})
		})
	}
}
