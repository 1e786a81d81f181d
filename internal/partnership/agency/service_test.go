// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
)

func TestRosterOfAnOffice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, now, boss := t.Context(), w.clock.Now(), w.officer(2)
		shift := func(n byte, kind Kind, from, to time.Duration) Shift {
			return Shift{Office: w.desk, Member: person(n), Kind: kind, Starts: now.Add(from), Ends: now.Add(to)}
		}
		_, err := w.AddShift(ctx, boss, shift(2, On, 0, time.Hour))
		w.refused(err, errNotJoined)
		w.ok(w.Join(ctx, w.admin, w.desk))
		for name, sh := range map[string]Shift{
			"ends before it starts": shift(2, On, time.Hour, 0), "no time": shift(2, On, 0, 0), "too long": shift(2, On, 0, 15*24*time.Hour),
			"another office's member": shift(4, On, 0, time.Hour), "no member": {Office: w.desk, Kind: On, Starts: now, Ends: now.Add(time.Hour)}, "no kind": shift(2, "", 0, time.Hour),
		} {
			if _, err := w.AddShift(ctx, boss, sh); err == nil {
				t.Errorf("%s: is on the roster", name)
			}
		}
		for _, a := range []Actor{w.admin, w.officer(4), {Program: "ms", Member: person(3), Office: w.desk, Roles: []string{"desk"}}} {
			_, err := w.AddShift(ctx, a, shift(2, On, 0, time.Hour))
			w.refused(err, errForbidden)
		}
		id, err := w.AddShift(ctx, boss, shift(2, On, 0, time.Hour))
		w.ok(err)
		_, err = w.AddShift(ctx, boss, shift(2, On, 0, time.Hour))
		w.refused(err, errTwice)
		_, err = w.AddShift(ctx, w.officer(3), shift(3, StandIn, -time.Hour, 2*time.Hour))
		w.ok(err)

		told := func(at time.Duration, want ...OnDuty) {
			t.Helper()
			got, err := w.OnNow(ctx, "ms", w.desk, now.Add(at))
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("at %v: %v (%v), want %v", at, got, err, want)
			}
		}
		told(0, OnDuty{person(2), false, false})
		told(time.Hour, OnDuty{person(3), true, false})
		told(3*time.Hour, OnDuty{person(3), true, true})
		w.refused(w.RemoveShift(ctx, w.officer(4), w.desk, id), errForbidden)
		w.ok(w.RemoveShift(ctx, boss, w.desk, id))
		w.refused(w.RemoveShift(ctx, boss, w.desk, id), errNoSuch)
		w.refused(w.RemoveShift(ctx, boss, w.desk, store.NewID()), errNoSuch)
		told(0, OnDuty{person(3), true, false})

		w.people = slices.DeleteFunc(w.people, func(p Person) bool { return p.ID == person(3) })
		told(0)
		w.logged(1, "roster.removed", "office:"+w.desk, boss.String())
	})
}

func TestAllShiftsOrNone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, now, boss := t.Context(), w.clock.Now(), w.officer(2)
		w.ok(w.Join(ctx, w.admin, w.desk))
		good := Shift{Office: w.desk, Member: person(2), Kind: On, Starts: now, Ends: now.Add(time.Hour)}
		later := good
		later.Starts, later.Ends = later.Ends, later.Ends.Add(time.Hour)
		for _, second := range []Shift{good, {Office: w.other, Member: person(4), Kind: On, Starts: now, Ends: now.Add(time.Hour)}} {
			if _, err := w.AddShifts(ctx, boss, []Shift{later, good, second}); err == nil {
				t.Error("a list with a mistake was taken")
			}
		}
		if list, err := w.Shifts(ctx, "ms", w.desk, now, now.Add(24*time.Hour)); err != nil || len(list) != 0 {
			t.Errorf("a part of a refused list is there: %v, %v", list, err)
		}
	})
}

func TestCopyAWeekOverTheClockChange(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, boss, loc := t.Context(), w.officer(2), w.p.Zone
		w.ok(w.Join(ctx, w.admin, w.desk))
		monday := time.Date(2027, 3, 1, 12, 0, 0, 0, loc)
		_, err := w.AddPattern(ctx, boss, w.desk, Pattern{Member: person(2), Kind: On, First: monday, Days: []time.Weekday{time.Saturday, time.Sunday}, From: 22 * 60, To: 6 * 60, Weeks: 1})
		w.ok(err)
		_, err = w.AddShift(ctx, boss, Shift{Office: w.desk, Member: person(3), Kind: Leave, Starts: monday, Ends: monday.Add(time.Hour)})
		w.ok(err)
		n, err := w.CopyWeek(ctx, boss, w.desk, monday.AddDate(0, 0, 3), 2)
		if err != nil || n != 4 {
			t.Errorf("%d copied, want 4: leave stays (%v)", n, err)
		}
		_, err = w.CopyWeek(ctx, boss, w.desk, monday, 2)
		w.refused(err, errTwice)
		_, err = w.CopyWeek(ctx, boss, w.desk, monday, 27)
		w.refused(err, errWeeks)
		list, err := w.Shifts(ctx, "ms", w.desk, monday, monday.AddDate(0, 0, 28))
		w.ok(err)
		var got []string
		for _, sh := range list {
			if sh.Kind == On {
				got = append(got, stretch(sh.span(), loc, true)+" = "+sh.Ends.Sub(sh.Starts).String())
			}
		}
		want := []string{
			"Sat Mar 6, 10:00 PM to Sun Mar 7, 6:00 AM = 8h0m0s", "Sun Mar 7, 10:00 PM to Mon Mar 8, 6:00 AM = 8h0m0s",
			"Sat Mar 13, 10:00 PM to Sun Mar 14, 6:00 AM = 7h0m0s", // the clocks go forward
			"Sun Mar 14, 10:00 PM to Mon Mar 15, 6:00 AM = 8h0m0s",
			"Sat Mar 20, 10:00 PM to Sun Mar 21, 6:00 AM = 8h0m0s", "Sun Mar 21, 10:00 PM to Mon Mar 22, 6:00 AM = 8h0m0s",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

func TestGapAlarms(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, boss := t.Context(), w.officer(2)
		w.live(w.desk, 2)
		w.work()
		if got := w.alarms(); len(got) != 0 {
			t.Fatalf("a covered week alarms: %v", got)
		}
		tuesday := weekStart(w.clock.Now(), w.p.Zone).AddDate(0, 0, 1)
		_, err := w.AddShift(ctx, boss, Shift{Office: w.desk, Member: person(2), Kind: Leave, Starts: tuesday, Ends: tuesday.Add(12 * time.Hour)})
		w.ok(err)
		w.work()
		if got := w.alarms(); !slices.Equal(got, []string{AlarmGap + " " + w.desk}) {
			t.Errorf("leave that nobody covers: %v", got)
		}
		if to := w.mailed(3, 3); !slices.Equal(to, []string{"ana@example.gov", "ben@example.gov", "cora@example.gov"}) {
			t.Errorf("mailed: %v", to)
		}
		for _, m := range w.mail.Messages() {
			if words := strings.ToLower(m.Subject + m.Text); regexp.MustCompile(`traffick|report|victim|abuse|roster|desk|ms|mbi|mississippi`).MatchString(strings.ReplaceAll(words, "tips.example.gov", "")) {
				t.Errorf("the mail says too much: %s", words)
			}
		}
		found, err := w.Gaps(ctx, "ms", w.desk, w.clock.Now(), w.clock.Now().Add(lookAhead))
		if err != nil || len(found) != 1 || stretch(span{found[0].Starts, found[0].Ends}, w.p.Zone, true) != "Tue Nov 24, 8:00 AM to 12:00 PM" {
			t.Errorf("gaps: %v, %v", found, err)
		}
		w.clock.Advance(time.Hour)
		w.work()
		w.mailed(3, 3)
		_, err = w.AddShift(ctx, boss, Shift{Office: w.desk, Member: person(3), Kind: StandIn, Starts: tuesday, Ends: tuesday.Add(24 * time.Hour)})
		w.ok(err)
		w.work()
		if got := w.alarms(); len(got) != 0 {
			t.Errorf("a stand-in covers it: %v", got)
		}
		w.clock.Advance(25 * 24 * time.Hour) // the four weeks of shifts run out
		w.work()
		if got := w.alarms(); !slices.Equal(got, []string{AlarmGap + " " + w.desk}) {
			t.Errorf("when the roster runs out: %v", got)
		}
	})
}

func TestAlarmWithoutMailStands(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := newWorld(t, db, clock, func(c *Config) { c.Mail, c.People = nil, nil })
		ctx := t.Context()
		w.ok(w.Join(ctx, w.admin, w.desk))
		w.ok(w.SetHours(ctx, System("ms"), w.desk, "always"))
		w.work()
		if got := w.alarms(); !slices.Equal(got, []string{AlarmKey + " " + w.desk, AlarmAlone + " " + w.desk, AlarmGap + " " + w.desk}) {
			t.Errorf("alarms: %v", got)
		}
		if got, err := w.OnNow(ctx, "ms", w.desk, clock.Now()); err != nil || len(got) != 0 {
			t.Errorf("told: %v, %v", got, err)
		}
	})
}

func TestHoursOnThePublicPage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if r := w.Hours(ctx, "ms"); r.Now || !r.Next.IsZero() {
			t.Errorf("before anything is set: %+v", r)
		}
		w.live(w.desk, 2)
		if r := w.Hours(ctx, "ms"); !r.Now || r.Until.Format("Mon 15:04 MST") != "Mon 17:00 CST" {
			t.Errorf("on Monday morning: %+v", r)
		}
		w.clock.Advance(8 * time.Hour)
		if r := w.Hours(ctx, "ms"); r.Now || r.Next.Format("Mon 15:04 MST") != "Tue 08:00 CST" {
			t.Errorf("at five on Monday: %+v", r)
		}
		w.refused(w.SetHours(ctx, w.admin, w.desk, "always"), errForbidden)
		w.refused(w.SetHours(ctx, w.officer(2), w.desk, "all day"), ErrWeek)
		w.ok(w.SetHours(ctx, w.officer(2), w.desk, ""))
		if r := w.Hours(ctx, "ms"); r.Now || !r.Next.IsZero() {
			t.Errorf("after the hours were taken away: %+v", r)
		}
		if r := w.Hours(ctx, "zz"); r.Now || !r.Next.IsZero() || r.Zone == nil {
			t.Errorf("an unknown program: %+v", r)
		}
	})
}

func missingIDs(items []Item) []string {
	var out []string
	for _, it := range items {
		out = append(out, it.ID)
	}
	return out
}

func TestGoingLive(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		open, missing := w.Ready(ctx, "ms")
		ids := missingIDs(missing)
		for _, id := range []string{"channel:" + emergency, "channel:" + hotline, "channel:" + mdcps, "desk.joined", "desk.for-all", "desk.key:" + w.other, "desk.hours:" + w.other, "desk.roster:" + w.other, "desk.key:" + w.desk, "desk.hours:" + w.desk, "desk.roster:" + w.desk, "mail", "drill"} {
			if !slices.Contains(ids, id) {
				t.Errorf("%s is not asked for: %v", id, ids)
			}
		}
		if open || slices.ContainsFunc(missing, func(i Item) bool { return i.Link == "" || i.Text == "" }) {
			t.Errorf("open %v, %+v", open, missing)
		}
		steps := []func(){
			func() { w.live(w.desk, 2) },
			func() { w.live(w.other, 4) },
			w.lines,
			func() { w.ok(w.RecordDrill(ctx, w.admin, DrillMail)) },
			func() { w.ok(w.RecordDrill(ctx, w.officer(2), DrillReport)) },
		}
		for i, do := range steps {
			w.refused(w.Open(ctx, w.admin), errNotReady)
			if open, missing := w.Ready(ctx, "ms"); open || len(missing) == 0 || missing[0].ID == "open" {
				t.Fatalf("before step %d: open %v, %v", i, open, missingIDs(missing))
			}
			do()
		}
		open, missing = w.Ready(ctx, "ms")
		if open || !slices.Equal(missingIDs(missing), []string{"open"}) {
			t.Fatalf("all is done, but open %v, %v", open, missingIDs(missing))
		}
		w.refused(w.Open(ctx, w.officer(2)), errForbidden)
		w.ok(w.Open(ctx, w.admin))
		if open, missing := w.Ready(ctx, "ms"); !open || len(missing) != 0 || !w.IsOpen("ms") {
			t.Fatalf("opened, but %v, %v", open, missingIDs(missing))
		}

		w.clock.Advance(30 * 24 * time.Hour) // the roster ran out
		if open, missing := w.Ready(ctx, "ms"); !open || !slices.Equal(missingIDs(missing), []string{"desk.roster:" + w.desk, "desk.roster:" + w.other}) {
			t.Errorf("a gap must alarm and not close: %v, %v", open, missingIDs(missing))
		}
		w.refused(w.AskClose(ctx, w.admin, w.desk, []string{saidHandedOver}), errLastDesk)
		w.refused(w.AskClose(ctx, w.admin, w.other, []string{saidHandedOver}), errLastResort)
		w.refused(w.Shut(ctx, w.officer(2)), errForbidden)
		w.ok(w.Shut(ctx, w.admin))
		if w.IsOpen("ms") {
			t.Error("shut, but open")
		}
		w.closed(w.desk)
		w.logged(1, "form.opened", "program:ms", w.admin.String())
		w.logged(1, "form.shut", "program:ms", w.admin.String())
	})
}

// The form opened, and then the keys of the desks went away.
func TestNoKeyNoForm(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.live(w.desk, 2)
		w.live(w.other, 4)
		w.lines()
		w.ok(w.RecordDrill(ctx, w.admin, DrillMail))
		w.ok(w.RecordDrill(ctx, w.officer(2), DrillReport))
		w.refused(w.RecordDrill(ctx, w.officer(2), "fire"), errDrill)
		w.ok(w.Open(ctx, w.admin))
		if w.Desk("ms") != w.desk {
			t.Fatalf("the desk is %s", w.Desk("ms"))
		}
		w.keyGone(w.desk, holder(2))
		if !w.IsOpen("ms") || w.Desk("ms") != w.other {
			t.Error("the form closed although the other desk may read every report")
		}
		w.keyGone(w.other, holder(4))
		if open, missing := w.Ready(ctx, "ms"); open || !slices.Contains(missingIDs(missing), "desk.key:"+w.other) {
			t.Errorf("nobody can open a report, but open %v, %v", open, missingIDs(missing))
		}
	})
}

func TestDemoOpensWithPrintedNumbers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := newWorld(t, db, clock, func(c *Config) { c.Demo = true })
		if open, _ := w.Ready(t.Context(), "ms"); open {
			t.Error("open without a desk that can read")
		}
		w.live(w.desk, 2)
		if open, _ := w.Ready(t.Context(), "ms"); open {
			t.Error("open with a police desk alone")
		}
		w.live(w.other, 4)
		open, missing := w.Ready(t.Context(), "ms")
		if ids := missingIDs(missing); !open || slices.Contains(ids, "channel:"+mdcps) || slices.Contains(ids, "channel:"+emergency) {
			t.Errorf("open %v, %v", open, ids)
		}
	})
}

func TestMailCountsWhenItsCodeComesBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		tested := func() bool {
			_, missing := w.Ready(ctx, "ms")
			return !slices.Contains(missingIDs(missing), "mail")
		}
		w.refused(w.SendTestMail(ctx, w.officer(2)), errForbidden)
		w.refused(w.ConfirmTestMail(ctx, w.admin, "12345678"), errCode)
		w.ok(w.SendTestMail(ctx, w.admin))
		if to := w.mailed(1, 1); !slices.Equal(to, []string{"ana@example.gov"}) || tested() {
			t.Errorf("to %v, tested %v", to, tested())
		}
		code := regexp.MustCompile(`\b\d{8}\b`).FindString(w.mail.Messages()[0].Text)
		w.refused(w.ConfirmTestMail(ctx, w.admin, code+"1"), errCode)
		w.refused(w.ConfirmTestMail(ctx, w.admin, ""), errCode)
		w.clock.Advance(25 * time.Hour)
		w.refused(w.ConfirmTestMail(ctx, w.admin, code), errCode)
		w.clock.Advance(-2 * time.Hour)
		w.ok(w.ConfirmTestMail(ctx, w.admin, " "+code+" "))
		w.refused(w.ConfirmTestMail(ctx, w.admin, code), errCode)
		if !tested() {
			t.Error("the code came back, but the mail does not count as tested")
		}
		w.ok(w.mail.Close())
		w.mailGone = true
		w.refused(w.SendTestMail(ctx, w.admin), errMailFailed)
		w.people[0].Email = ""
		w.refused(w.SendTestMail(ctx, w.admin), errNoMail)
	})
}

func TestOfficesJoinSignAndClose(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.refused(w.Join(ctx, w.admin, "no-such-office"), errNoOffice)
		w.refused(w.Join(ctx, w.officer(2), w.desk), errForbidden)
		w.refused(w.SignAgreement(ctx, w.admin, w.desk, "Fay Example"), errNotJoined)
		w.ok(w.Join(ctx, w.admin, w.desk))
		w.refused(w.Join(ctx, w.admin, w.desk), errJoined)
		w.refused(w.SignAgreement(ctx, w.admin, w.desk, " "), errSigner)
		w.ok(w.SignAgreement(ctx, w.admin, w.desk, "Fay Example"))
		list, err := w.Offices(ctx, "ms")
		if err != nil || len(list) != 1 || list[0].AgreementBy != "Fay Example" || !list[0].AgreementSigned.Equal(w.clock.Now()) || list[0].State != stateActive {
			t.Errorf("%+v, %v", list, err)
		}
		w.closed(w.desk)
		w.refused(w.AskClose(ctx, w.admin, w.desk, []string{saidHandedOver}), errNotJoined)
		if list, err := w.Offices(ctx, "ms"); err != nil || list[0].State != stateClosed || !list[0].Closed.Equal(w.clock.Now()) {
			t.Errorf("%+v, %v", list, err)
		}
		w.ok(w.Join(ctx, w.admin, w.desk))
		if list, err := w.Offices(ctx, "ms"); err != nil || list[0].State != stateActive || !list[0].AgreementSigned.IsZero() || !list[0].Closed.IsZero() {
			t.Errorf("an office that comes back signs again: %+v, %v", list, err)
		}
		w.logged(1, "agency.joined_again", "office:"+w.desk, w.admin.String())
		for _, event := range []string{"agency.joined", "agency.agreement_signed", "agency.closing_asked"} {
			w.logged(1, event, "office:"+w.desk, w.admin.String())
		}
		w.logged(1, "agency.closed", "office:"+w.desk, w.second.String())
	})
}
