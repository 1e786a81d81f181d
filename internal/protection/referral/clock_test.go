// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
)

// clocks lists all referrals and reminders of a report as text:
// "obligor to recipient, limit by law, due after ...".
func (w *world) clocks(id store.ID, origin referral.Origin) []string {
	w.t.Helper()
	rows, err := w.db.Query(context.Background(), `select obligor, recipient, span, limit_by, coalesce(due, 0), basis from referral
		where program = 'ms' and report = $1 and origin = $2`, id, string(origin))
	check(w.t, err)
	defer rows.Close()
	var out []string
	for rows.Next() {
		var obligor, recipient, limitBy, basis string
		var span, due int64
		check(w.t, rows.Scan(&obligor, &recipient, &span, &limitBy, &due, &basis))
		after := "never"
		if due != 0 {
			after = short(store.Time(due).Sub(storetest.Start))
		}
		if basis == "" {
			w.t.Errorf("%s to %s rests on no law", obligor, recipient)
		}
		out = append(out, fmt.Sprintf("%s to %s, %s by %s, due after %s", obligor, recipient, short(time.Duration(span)*time.Microsecond), limitBy, after))
	}
	check(w.t, rows.Err())
	slices.Sort(out)
	return out
}

func short(d time.Duration) string {
	hours, minutes := d/time.Hour, d%time.Hour/time.Minute
	if minutes == 0 {
		return fmt.Sprintf("%dh", hours)
	}
	return fmt.Sprintf("%dh%dm", hours, minutes)
}

// TestMississippiClocks walks through the clocks that follow a report about a
// child in Mississippi: ours run from acceptance, everybody else's from their
// own receipt, and nobody's before.
func TestMississippiClocks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana := w.hire(childCare, "Ana")
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		id := w.send(child())
		want := func(when string, origin referral.Origin, lines ...string) {
			t.Helper()
			slices.Sort(lines)
			if got := w.clocks(id, origin); !slices.Equal(got, lines) {
				t.Fatalf("%s, the clocks are\n%s\nwant\n%s", when, strings.Join(got, "\n"), strings.Join(lines, "\n"))
			}
		}
		ours := []string{
			"program to mdcps, 1h by law, due after 1h",
			"program to local-police, 1h by policy, due after 1h",
			"program to mbi-coordinator, 24h by policy, due after 24h",
		}
		want("when the report comes in", referral.OriginDuty, ours...)
		want("when the report comes in", referral.OriginReminder)

		clock.Advance(30 * time.Minute)
		w.open(ana, id)
		theirs := []string{
			"mdcps to local-police, 1h by law, due after 1h30m",        // at once, and a child at risk
			"mdcps to youth-court, 1h by law, due after 1h30m",         // intake unit
			"mdcps to district-attorney, 24h by law, due after 24h30m", // preliminary report
			"mdcps to local-police, 24h by law, due after 24h30m",      // in person, else tell
			"mdcps to district-attorney, 48h by law, due after 48h30m", // in writing
			"mdcps to mbi-coordinator, 48h by law, due after 48h30m",   // statewide coordinator
			"mdcps to youth-court, 72h by law, due after 72h30m",       // clerk and prosecutor
		}
		want("when child protection opens it", referral.OriginReminder, theirs...)
		want("when child protection opens it", referral.OriginDuty, ours...)
		w.open(ana, id)
		want("when it is opened again", referral.OriginReminder, theirs...)

		clock.Advance(90 * time.Minute)
		check(t, w.referrals.Acknowledge(ctx, ana.Member, id))
		want("when child protection takes it on", referral.OriginReminder, theirs...)

		clock.Advance(time.Hour)
		w.tell(dee, id, local)
		theirs = append(theirs, "local-police to district-attorney, 24h by law, due after 27h")
		want("when the desk reached the police", referral.OriginReminder, theirs...)

		clock.Advance(time.Hour)
		check(t, w.referrals.RecordOutcome(ctx, ana.Member, id, referral.OutcomeIdentified))
		theirs = append(theirs, "mdcps to local-police, 24h by law, due after 28h")
		want("when the child is identified as trafficked", referral.OriginReminder, theirs...)
		check(t, w.referrals.RecordOutcome(ctx, ana.Member, id, referral.OutcomeIdentified))
		want("when that is recorded twice", referral.OriginReminder, theirs...)

		for _, f := range []referral.Filter{{State: "all"}, {List: referral.ListTasks, State: "all"}, {List: referral.ListLate}, {List: referral.ListStuck}} {
			for _, r := range w.list(dee, f) {
				if r.Origin == referral.OriginReminder {
					t.Errorf("a reminder stands in the desk's list %q", f.List)
				}
			}
		}
	})
}

// TestClocksOfOtherCases are the law's other starting points.
func TestClocksOfOtherCases(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		has := func(id store.ID, line string) {
			t.Helper()
			if got := w.clocks(id, referral.OriginReminder); !slices.Contains(got, line) {
				t.Errorf("%q is not among\n%s", line, strings.Join(got, "\n"))
			}
		}
		missing := w.send(tip(form.Answers{"age": {"under18"}, "kind": {"missing"}, "happened": {"MS-28049"}}))
		tribal := w.send(tip(form.Answers{"age": {"under18"}, "who": {"job"}, "happened": {"MS-28099"}, "land": {"tribal"}}))
		clock.Advance(time.Hour)
		w.open(ana, missing)
		has(missing, "mdcps to ncmec, 24h by law, due after 25h")
		has(missing, "mdcps to local-police, 24h by law, due after 25h")
		w.tell(dee, tribal, "choctaw-police")
		has(tribal, "choctaw-police to fbi, 36h by law, due after 37h")
	})
}

// TestReminderIsRemindedOnce mails the office whose duty it is once, and never
// climbs.
func TestReminderIsRemindedOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana, cal := w.hire(childCare, "Ana"), w.hire(police, "Cal")
		w.shift(ana, agency.On)
		id := w.send(child())
		w.run()
		w.open(ana, id)
		check(t, w.referrals.Acknowledge(ctx, ana.Member, id))
		before := len(w.mailed())
		w.pass(2 * time.Hour)
		got := w.mailed()[before:]
		if n := len(slices.DeleteFunc(slices.Clone(got), func(to string) bool { return to != "ana" })); n != 2 { // two duties are due within the hour
			t.Errorf("child protection was reminded %d times: %v", n, got)
		}
		for _, r := range w.rows(id, referral.OriginReminder) {
			if r.Level > 1 {
				t.Errorf("a reminder climbed to rung %d", r.Level)
			}
		}
		first := w.rows(id, referral.OriginReminder)[0]
		refused(t, w.referrals.Meet(ctx, cal.Member, first.ID), referral.ErrNotFound, "another office's duty")
		check(t, w.referrals.Meet(ctx, ana.Member, first.ID))
		refused(t, w.referrals.Meet(ctx, ana.Member, first.ID), referral.ErrState, "met twice")
	})
}

// rows reads the referrals of one origin by way of the table.
func (w *world) rows(id store.ID, origin referral.Origin) []referral.Referral {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), "select id, level, state from referral where program = 'ms' and report = $1 and origin = $2", id, string(origin))
	check(w.t, err)
	defer rows.Close()
	var out []referral.Referral
	for rows.Next() {
		var r referral.Referral
		check(w.t, rows.Scan(&r.ID, &r.Level, &r.State))
		out = append(out, r)
	}
	check(w.t, rows.Err())
	return out
}

// staffed hires a whole ladder for an office and its desk.
func (w *world) staffed(office string) (first hand) {
	w.t.Helper()
	first = w.hire(office, "Onduty")
	w.shift(first, agency.On)
	w.shift(w.hire(office, "Standin"), agency.StandIn)
	w.hire(office, "Boss", identity.RoleSupervisor)
	dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
	w.shift(dee, agency.On)
	w.hire(tipDesk, "Named", identity.RoleProgramAdmin)
	return first
}

// TestLadder lets a clock run out with nobody acting, and holds who is told
// when.
func TestLadder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		w.staffed(police)
		id := w.send(tip(form.Answers{"happened": nil, "lives": {"MS-28033"}})) // the coordinator alone, within 24 hours
		w.run()
		told := func(to string) int { return len(slices.DeleteFunc(w.mailed(), func(x string) bool { return x != to })) }
		steps := []struct {
			at  time.Duration
			who string
		}{{0, "onduty"}, {18 * time.Hour, "onduty"}, {24 * time.Hour, "standin"}, {30 * time.Hour, "boss"}, {36 * time.Hour, "dee"}, {42 * time.Hour, "named"}, {66 * time.Hour, "named"}}
		counts := map[string]int{}
		for _, st := range steps {
			if st.at > 0 {
				clock.Advance(storetest.Start.Add(st.at).Sub(clock.Now()) - time.Minute)
				w.run()
				if got := told(st.who); got != counts[st.who] {
					t.Errorf("a minute before %v, %s was mailed %d times, want %d", st.at, st.who, got, counts[st.who])
				}
				clock.Advance(2 * time.Minute)
				w.run()
			}
			counts[st.who]++
			if got := told(st.who); got != counts[st.who] {
				t.Fatalf("at %v, %s was mailed %d times, want %d (all: %v)", st.at, st.who, got, counts[st.who], w.mailed())
			}
		}
		for _, m := range w.caught.Messages() {
			all := m.Subject + m.Text
			for _, word := range []string{"report", "traffick", "child", "police", "danger", "MS-", id.String()[:8], "DeSoto", "victim"} {
				if strings.Contains(strings.ToLower(all), strings.ToLower(word)) {
					t.Errorf("a mail holds %q: %s", word, all)
				}
			}
		}
		if w.events("referral.escalate") != 6 || w.events("referral.notice_sent") != len(w.mailed()) {
			t.Errorf("the log has %d escalations and %d notices; %d mails went out", w.events("referral.escalate"), w.events("referral.notice_sent"), len(w.mailed()))
		}
	})
}

// TestLadderStops ends with taking on, and begins again after opening.
func TestLadderStops(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		cal := w.staffed(police)
		id := w.send(tip(form.Answers{"happened": nil, "lives": {"MS-28033"}}))
		w.run()
		clock.Advance(26 * time.Hour)
		w.run() // on duty
		w.run() // nobody is told twice at one moment
		w.open(cal, id)
		if r := w.inbox(cal, id); r.Level != 0 {
			t.Errorf("opening leaves the ladder at rung %d", r.Level)
		}
		dee := w.named("Dee")
		if late := w.list(dee, referral.Filter{List: referral.ListLate}); len(late) != 0 {
			t.Errorf("just opened, and %d are late", len(late))
		}
		clock.Advance(7 * time.Hour) // a quarter of 24 h after the opening
		w.run()
		if late := w.only(dee, referral.Filter{List: referral.ListLate}); late.Report != id || late.Recipient != police {
			t.Errorf("opened and not taken on: the late list has %+v", late)
		}
		check(t, w.referrals.Acknowledge(t.Context(), cal.Member, id))
		n := len(w.mailed())
		clock.Advance(100 * time.Hour)
		w.run()
		if got := w.mailed()[n:]; len(got) != 0 {
			t.Errorf("after taking it on, %v were mailed", got)
		}
	})
}

func (w *world) named(name string) hand {
	w.t.Helper()
	for _, h := range w.hands {
		if h.Name == name {
			return h
		}
	}
	w.t.Fatalf("nobody is called %s", name)
	return hand{}
}

// TestDangerIsImmediate tells those on duty and their stand-ins at once, and
// climbs every five minutes.
func TestDangerIsImmediate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		w.staffed(police)
		w.send(tip(form.Answers{"happened": nil, "lives": {"MS-28033"}, "danger": {"yes"}}))
		w.run()
		if got := w.mailed(); !slices.Contains(got, "onduty") || !slices.Contains(got, "standin") || slices.Contains(got, "boss") {
			t.Fatalf("at once, %v were mailed", got)
		}
		for i, who := range []string{"boss", "dee", "named"} {
			before := len(slices.DeleteFunc(w.mailed(), func(x string) bool { return x != who }))
			w.pass(5 * time.Minute)
			if after := len(slices.DeleteFunc(w.mailed(), func(x string) bool { return x != who })); after <= before {
				t.Errorf("after %d minutes %s was not mailed: %v", 5*(i+1), who, w.mailed())
			}
		}
	})
}

// TestNobodyOnDuty skips empty rungs at once instead of waiting on them.
func TestNobodyOnDuty(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		w.hire(police, "Cal") // on no roster, and the office has no supervisor
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		w.shift(dee, agency.On)
		w.send(tip(form.Answers{"happened": nil, "lives": {"MS-28033"}}))
		w.run()
		if got := w.mailed(); !slices.Contains(got, "dee") || slices.Contains(got, "cal") {
			t.Errorf("with nobody on duty, %v were mailed", got)
		}
	})
}

// TestMailThatFailsIsTriedAgain records each attempt and mails nobody twice.
func TestMailThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		cal := w.hire(police, "Cal")
		w.shift(cal, agency.On)
		w.caught.Away(true)
		w.send(tip(form.Answers{"happened": nil, "lives": {"MS-28033"}}))
		w.run()
		if w.events("referral.notice_failed") != 1 {
			t.Fatal("the attempt that failed is not recorded")
		}
		w.caught.Away(false)
		w.pass(5 * time.Minute)
		if got := w.mailed(); !slices.Equal(got, []string{"cal"}) || w.events("referral.notice_sent") != 1 {
			t.Errorf("after the mail server came back, %v were mailed", got)
		}
	})
}

// However many clocks began under a time that was never true, all begin again when the
// machine's clock was set back before the program began.
func TestManyClocksBeginAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		w.hire(police, "Cal")
		early := w.send(tip(nil))
		before := w.clocks(early, referral.OriginDuty)
		clock.Advance(400 * 24 * time.Hour)
		for range 60 {
			w.send(tip(nil))
		}
		clock.Advance(-400 * 24 * time.Hour)
		ahead := func() (n int) {
			check(t, db.QueryRow(t.Context(), "select count(*) from referral where program = 'ms' and next_at is not null and (started > $1 or next_at > $2)",
				store.Micros(clock.Now().Add(5*time.Minute)), store.Micros(clock.Now().Add(30*24*time.Hour))).Scan(&n))
			return n
		}
		if n := ahead(); n < 60 {
			t.Fatalf("%d clocks run ahead, want at least 60", n)
		}
		w.run()
		if n := ahead(); n != 0 {
			t.Errorf("%d clocks still run ahead", n)
		}
		if after := w.clocks(early, referral.OriginDuty); !slices.Equal(after, before) {
			t.Errorf("a clock that was right changed from %v to %v", before, after)
		}
	})
}
