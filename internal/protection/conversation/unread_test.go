// SPDX-License-Identifier: Apache-2.0

package conversation_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/conversation"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
)

// TestWhatCameWhileTyping: a sender writes while a member is typing. The
// member's message answers something else, so the sender's goes on waiting: who
// is on duty is mailed, the inbox counts it and the ladder climbs.
func TestWhatCameWhileTyping(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana, ben := w.hire(childCare, "Ana"), w.hire(childCare, "Ben")
		w.shift(ana, agency.On)
		w.shift(ben, agency.StandIn)
		sent := w.send(child())
		w.write(ana, sent.Report, conversation.Question, "Which door?")
		w.run()
		before := len(w.caught.Messages())
		typing := w.office(ana, sent.Report, conversation.Note, "By the way.")
		w.answer(sent.Receipt, childCare, conversation.Words{Kind: conversation.Note, Text: "He is at the door."})
		check(t, w.talks.Write(t.Context(), ana.Member, sent.Report, typing)) // before the notice went out
		refused(t, w.talks.Settle(t.Context(), ana.Member, sent.Report), conversation.ErrUnread, "settling what nobody opened")
		if page := w.as(ana).PostForm("/staff/report/"+sent.Report.String()+"/messages/settle", url.Values{}); page.Status != 409 || !contains(page.Main(), "Open it first") {
			t.Errorf("the page answers %d: %s", page.Status, page.Main())
		}
		w.run()
		if n := len(w.caught.Messages()) - before; n != 1 {
			t.Errorf("%d people were mailed at once, want who is on duty", n)
		}
		if inbox := w.as(ana).GetDoc("/staff/inbox?letters=1&state=all").Main(); !contains(inbox, "1 new message") {
			t.Errorf("the inbox does not count it: %s", inbox)
		}
		w.pass(6*time.Hour, 5*time.Minute)
		thread, _ := w.thread(ana, sent.Report)
		if thread.Since.IsZero() || thread.Level == 0 || len(w.caught.Messages())-before < 2 {
			t.Errorf("nobody else heard of it: %+v", thread)
		}
		w.read(ben, sent.Report)
		w.write(ben, sent.Report, conversation.Note, "We are coming.")
		if thread, _ = w.thread(ana, sent.Report); !thread.Since.IsZero() {
			t.Error("after it was opened and answered the clock runs")
		}
	})
}

// TestWhatDoesNotOpen: a message that no key opens can be passed over, by who
// tried, and on record; one that came meanwhile is not passed over with it, and
// the next one wakes the people on duty again.
func TestWhatDoesNotOpen(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		w.shift(ana, agency.On)
		sent := w.send(child())
		w.write(ana, sent.Report, conversation.Question, "Which door?")
		shut := w.answer(sent.Receipt, childCare, conversation.Words{Kind: conversation.Note, Text: "Green."})
		meanwhile := w.answer(sent.Receipt, childCare, conversation.Words{Kind: conversation.Note, Text: "Blue."})
		refused(t, w.talks.Settle(t.Context(), ana.Member, sent.Report, shut.ID, shut.ID), conversation.ErrUnread, "passing over what came meanwhile")
		refused(t, w.talks.Settle(t.Context(), ana.Member, sent.Report, store.NewID()), conversation.ErrNotFound, "passing over nothing")
		page := w.as(ana).PostForm("/staff/report/"+sent.Report.String()+"/messages/settle", url.Values{"shut": {shut.ID.String(), meanwhile.ID.String()}})
		if thread, _ := w.thread(ana, sent.Report); page.Status >= 400 || !thread.Since.IsZero() || w.events("message.settled_shut") != 1 || w.events("message.settled") != 0 {
			t.Fatalf("%d: %s", page.Status, page.Main())
		}
		w.run()
		before := len(w.caught.Messages())
		w.answer(sent.Receipt, childCare, conversation.Words{Kind: conversation.Note, Text: "Are you there?"})
		w.run()
		if thread, _ := w.thread(ana, sent.Report); thread.Since.IsZero() || len(w.caught.Messages()) != before+1 {
			t.Errorf("the next message began a clock at %v and sent %d mails", thread.Since, len(w.caught.Messages())-before)
		}
	})
}

// TestHowMuchASenderMaySend: a thread has room for so much in a day and in all.
// Beyond it the sender is told, keeps what was typed, and what was kept before
// stays a repeat.
func TestHowMuchASenderMaySend(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana")
	sent := w.send(child())
	w.write(ana, sent.Report, conversation.Question, "Which door?")
	found := w.find(sent.Receipt)
	one := func() (conversation.Draft, error) {
		d, _, _ := w.seal(store.NewID(), conversation.Words{Report: sent.Report.String(), Office: childCare, Kind: conversation.Note, Language: "en", Text: "More."}, childCare)
		return d, w.talks.Answer(t.Context(), found, childCare, d)
	}
	var last conversation.Draft
	for range conversation.MaxDaily {
		d, err := one()
		check(t, err)
		last = d
	}
	_, err := one()
	refused(t, err, conversation.ErrDaily, "one more on the same day")
	check(t, w.talks.Answer(t.Context(), found, childCare, last))
	page := w.client.PostForm("/receipt/messages", url.Values{"receipt": {sent.Receipt.Words("en")}})
	fields := formFields(page, 0)
	fields.Set("_what", "text")
	fields.Set("text", "The periwinkle door.")
	page = w.client.PostForm("/receipt/messages/send", fields)
	if page.Status != 409 || !contains(page.Main(), "as much as fits in one day") || !contains(page.Main(), "The periwinkle door.") {
		t.Errorf("%d: %s", page.Status, page.Main())
	}
	for n := conversation.MaxDaily; n < conversation.MaxSent; n++ {
		if n%conversation.MaxDaily == 0 {
			clock.Advance(25 * time.Hour)
		}
		if _, err := one(); err != nil {
			t.Fatalf("message %d is refused: %v", n, err)
		}
	}
	clock.Advance(25 * time.Hour)
	_, err = one()
	refused(t, err, conversation.ErrFull, "one more in all")
	if shown := w.look(sent.Receipt); len(shown[0].Messages) != conversation.MaxSent+1 {
		t.Errorf("%d messages are shown", len(shown[0].Messages))
	}
}

// TestFetchingIsOnRecord: who was given ciphertext and wraps can open them later.
func TestFetchingIsOnRecord(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		sealed := "/staff/report/" + sent.Report.String() + "/messages/sealed"
		w.as(ana).GetDoc(sealed)
		w.write(ana, sent.Report, conversation.Question, "Which door?")
		if n := w.events("message.fetched"); n != 0 {
			t.Fatalf("%d entries of fetching nothing", n)
		}
		if doc := w.as(ana).GetDoc(sealed); doc.Status != 200 || !strings.Contains(doc.Body, `"wrap":"`) || w.events("message.fetched") != 1 {
			t.Errorf("%d, with %d entries", doc.Status, w.events("message.fetched"))
		}
	})
}

// meanwhile are the reports, with something that happens after a member's message
// was looked at, and before it is kept.
type meanwhile struct {
	*report.Service
	then func()
}

func (m *meanwhile) ReplyIn(ctx context.Context, q store.Reader, programID string, id store.ID) (report.Reply, error) {
	got, err := m.Service.ReplyIn(ctx, q, programID, id)
	if then := m.then; then != nil {
		m.then = nil
		then()
	}
	return got, err
}

// TestWhatChangedMeanwhile: what a message rests on must still be so when it is
// kept: the receipt is open, and who writes may see the report.
func TestWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		between := &meanwhile{Service: w.reports}
		w.talks.Reports = between
		write := func(id store.ID, then func()) error {
			d := w.office(ana, id, conversation.Note, "By the way.")
			between.then = then
			return w.talks.Write(t.Context(), ana.Member, id, d)
		}
		closed, left := w.send(child()), w.send(child())
		w.write(ana, closed.Report, conversation.Question, "Which door?")
		found := w.find(closed.Receipt)
		theirs, _, _ := w.seal(store.NewID(), conversation.Words{Report: closed.Report.String(), Office: childCare, Kind: conversation.Note, Language: "en", Text: "Green."}, childCare)
		refused(t, write(closed.Report, func() { check(t, w.reports.Close(t.Context(), closed.Receipt.Words("en"))) }), conversation.ErrClosed, "writing to a receipt that was just closed")
		refused(t, w.talks.Answer(t.Context(), found, childCare, theirs), report.ErrReceipt, "answering with a receipt that was just closed")
		if _, all := w.thread(ana, closed.Report); len(all) != 1 {
			t.Errorf("%d messages are kept, want the question", len(all))
		}
		refused(t, write(left.Report, func() { check(t, w.referrals.Recuse(t.Context(), ana.Member, left.Report)) }), referral.ErrNotFound, "writing after stepping back")
		if n := w.events("message.sent"); n != 1 {
			t.Errorf("%d messages of the office are on record, want the question", n)
		}
	})
}
