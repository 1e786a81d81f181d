// SPDX-License-Identifier: Apache-2.0

package conversation_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/conversation"
)

// secret stands in messages and must stand nowhere else.
const secret = "Zebra crossing behind the mill"

// TestUnansweredReachesTheRoster: who is on duty hears at once, then the ladder
// climbs until somebody answers; no mail says what it is about.
func TestUnansweredReachesTheRoster(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana, ben := w.hire(childCare, "Ana"), w.hire(childCare, "Ben")
		lead := w.hire(childCare, "Lea", identity.RoleMember, identity.RoleSupervisor)
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		w.shift(ana, agency.On)
		w.shift(ben, agency.StandIn)
		w.shift(dee, agency.On)
		sent := w.send(child())
		w.write(lead, sent.Report, conversation.Question, "Which door?")
		w.run()
		before := len(w.caught.Messages())

		w.answer(sent.Receipt, childCare, conversation.Words{Kind: conversation.Note, Text: secret})
		w.answer(sent.Receipt, childCare, conversation.Words{Kind: conversation.Note, Text: secret + " again"})
		w.run()
		fresh := func() []string {
			var out []string
			for _, m := range w.caught.Messages()[before:] {
				out = append(out, strings.TrimSuffix(m.To, "@example.org"))
			}
			return out
		}
		if got := fresh(); !slices.Equal(got, []string{"ana"}) {
			t.Fatalf("at once %v were mailed, want who is on duty, once", got)
		}
		for _, m := range w.caught.Messages()[before:] {
			all := strings.ToLower(m.Subject + " " + m.Text)
			for _, word := range []string{"zebra", "door", "message", "report", "traffick", "child", "receipt", sent.Report.String()[:8], "mdcps"} {
				if strings.Contains(strings.ReplaceAll(all, "this message holds no details on purpose", ""), word) {
					t.Errorf("the mail says %q: %s", word, all)
				}
			}
		}
		w.pass(6*time.Hour, 5*time.Minute)
		for _, who := range []string{"ben", "lea", "dee"} {
			if !slices.Contains(fresh(), who) {
				t.Errorf("after six hours without an answer %s was not told: %v", who, fresh())
			}
		}
		if page := w.as(dee).GetDoc("/staff/desk?list=letters").Main(); !contains(page, "Held by "+w.ms.Offices[childCare].Name.In("en")) || contains(page, "Hinds") {
			t.Errorf("the desk does not see where it waits, or sees more: %s", page)
		}
		inbox := w.as(ana).GetDoc("/staff/inbox?letters=1&state=all").Main()
		if !contains(inbox, "2 new messages") {
			t.Errorf("the inbox does not count what is new: %s", inbox)
		}
		w.read(ana, sent.Report)
		if inbox = w.as(ana).GetDoc("/staff/inbox").Main(); contains(inbox, "new message") || !contains(inbox, "A message to answer") {
			t.Errorf("after reading, the inbox says: %s", inbox)
		}
		w.write(ana, sent.Report, conversation.Note, "Thank you.")
		w.pass(48*time.Hour, time.Hour)
		thread, _ := w.thread(ana, sent.Report)
		if !thread.Since.IsZero() || !thread.NextAt.IsZero() {
			t.Errorf("after the answer the clock runs: %+v", thread)
		}
		var notices int
		check(t, db.QueryRow(t.Context(), "select count(*) from message_notice where program = 'ms' and last_at > $1", store.Micros(clock.Now().Add(-47*time.Hour))).Scan(&notices))
		if notices != 0 {
			t.Errorf("%d people were told about a message that was answered", notices)
		}
		if strings.Contains(w.logged.String(), "Zebra") {
			t.Error("the log holds a sender's words")
		}
	})
}

// TestDangerWakesMore: where somebody is in danger the stand-ins hear at once
// too, and the ladder climbs by minutes.
func TestDangerWakesMore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana, ben := w.hire(childCare, "Ana"), w.hire(childCare, "Ben")
		w.shift(ana, agency.On)
		w.shift(ben, agency.StandIn)
		answers := child()
		answers["danger"] = []string{"yes"}
		sent := w.send(answers)
		w.write(ana, sent.Report, conversation.Question, "Which door?")
		w.run()
		before := len(w.caught.Messages())
		w.answer(sent.Receipt, childCare, conversation.Words{Kind: conversation.Note, Text: secret})
		w.run()
		if got := w.mailed(); len(w.caught.Messages())-before != 2 {
			t.Errorf("%d mails went out at once, want those on duty and their stand-ins (%v)", len(w.caught.Messages())-before, got)
		}
		thread, _ := w.thread(ana, sent.Report)
		if d := thread.NextAt.Sub(thread.Since); d > 10*time.Minute {
			t.Errorf("the next rung comes after %v", d)
		}
	})
}

// TestHelpStaysHelp: nobody of the police hears of a message under a help
// report, however long it waits, and no failed work is listed.
func TestHelpStaysHelp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		sue, hana := w.hire(shelter, "Sue"), w.hire(helpDesk, "Hana", identity.RoleDesk)
		cal := w.hire(police, "Cal", identity.RoleMember, identity.RoleSupervisor)
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk, identity.RoleProgramAdmin)
		for _, h := range []hand{sue, hana, cal, dee} {
			w.shift(h, agency.On)
		}
		sent := w.send(help(shelter))
		w.write(sue, sent.Report, conversation.Question, "Are you safe?")
		w.answer(sent.Receipt, shelter, conversation.Words{Kind: conversation.Note, Text: secret})
		w.pass(72*time.Hour, time.Hour)
		for _, who := range w.mailed() {
			if who != "sue" && who != "hana" {
				t.Errorf("%s was mailed about a help report", who)
			}
		}
		if !slices.Contains(w.mailed(), "hana") {
			t.Error("the help desk never heard of what the helper left lying")
		}
		before := w.as(dee).GetDoc("/staff/desk").Main()
		w.caught.Away(true)
		w.write(sue, sent.Report, conversation.Note, "Yes.")
		w.answer(sent.Receipt, shelter, conversation.Words{Kind: conversation.Note, Text: secret})
		w.pass(60*time.Hour, time.Hour)
		dead, err := jobs.DeadLetters(t.Context(), db, "ms")
		check(t, err)
		for _, d := range dead {
			if strings.HasPrefix(d.Kind, "conversation") {
				t.Errorf("given up: %+v", d)
			}
		}
		if after := w.as(dee).GetDoc("/staff/desk").Main(); after != before {
			t.Errorf("the police desk's page changed from %s to %s", before, after)
		}
		w.caught.Away(false)
		w.pass(70*time.Minute, 10*time.Minute)
		if !slices.Contains(w.mailed(), "hana") && !slices.Contains(w.mailed(), "sue") {
			t.Error("when the mail server came back nobody was told")
		}
	})
}
