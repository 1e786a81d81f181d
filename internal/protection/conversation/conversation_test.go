// SPDX-License-Identifier: Apache-2.0

package conversation_test

import (
	"slices"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/form"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/conversation"
	"waylight/internal/protection/referral"
)

func TestAskAndAnswer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana, ben, cal := w.hire(childCare, "Ana"), w.hire(childCare, "Ben"), w.hire(police, "Cal")
		sent := w.send(child())
		id := sent.Report
		if n := len(w.look(sent.Receipt)); n != 0 {
			t.Fatalf("before anybody wrote the receipt shows %d threads", n)
		}
		ask := w.write(ana, id, conversation.Question, "Which door was it?")
		w.write(ana, id, conversation.Need, "The number on the van.")

		shown := w.look(sent.Receipt)
		if len(shown) != 1 || shown[0].Office != childCare || shown[0].Ended || len(shown[0].Messages) != 2 {
			t.Fatalf("the receipt shows %+v", shown)
		}
		seed := sent.Receipt.Seed()
		own, err := seal.PrivateFromSeed(seed[:])
		check(t, err)
		first := shown[0].Messages[0]
		content, err := seal.OpenWrap(own, first.WrapReceipt, first.Record(), first.Hash, conversation.Receipt)
		check(t, err)
		plain, err := content.Open(first.Body, first.Record())
		check(t, err)
		words, err := conversation.ParseWords(plain)
		if err != nil || words.Text != "Which door was it?" || !words.Fits(first) {
			t.Fatalf("the receipt opens %+v (%v)", words, err)
		}

		reply := w.answer(sent.Receipt, childCare, conversation.Words{Kind: conversation.Answer, Answers: ask.ID.String(), Text: "The green one."})
		thread, all := w.thread(ben, id)
		if len(all) != 3 || all[2].ID != reply.ID || all[2].Answers != ask.ID || thread.Since.IsZero() || !all[2].ReadAt.IsZero() || all[0].Member != ana.ID {
			t.Fatalf("the office has %+v", all)
		}
		got, token := w.open(childCare, all[2])
		if got.Text != "The green one." {
			t.Errorf("the office opens %q", got.Text)
		}
		for _, m := range w.look(sent.Receipt)[0].Messages {
			if m.Side == conversation.Sender && (m.Body != nil || m.WrapOffice != nil || m.WrapReceipt != nil) {
				t.Error("the receipt is given what the sender wrote")
			}
		}
		if _, theirs := w.thread(cal, id); len(theirs) != 0 {
			t.Errorf("another office that holds the report has %d messages", len(theirs))
		}

		refused(t, w.talks.Read(t.Context(), ben.Member, id, []conversation.Opening{{ID: reply.ID, Token: [32]byte{1}}}), conversation.ErrProof, "a wrong token")
		refused(t, w.talks.Read(t.Context(), ben.Member, id, []conversation.Opening{{ID: store.NewID(), Token: token}}), conversation.ErrProof, "no such message")
		clock.Advance(time.Minute)
		check(t, w.talks.Read(t.Context(), ben.Member, id, []conversation.Opening{{ID: reply.ID, Token: token}}))
		read := clock.Now()
		clock.Advance(time.Minute)
		check(t, w.talks.Read(t.Context(), ana.Member, id, []conversation.Opening{{ID: reply.ID, Token: token}})) // the first reader's mark stays
		if _, all = w.thread(ana, id); !all[2].ReadAt.Equal(read) || all[2].ReadBy != ben.ID || w.events("message.read") != 1 {
			t.Errorf("the mark is %+v", all[2])
		}
		if thread, _ = w.thread(ana, id); thread.Since.IsZero() {
			t.Error("reading alone counts as an answer")
		}
		w.write(ben, id, conversation.Note, "Thank you.")
		if thread, _ = w.thread(ana, id); !thread.Since.IsZero() || !thread.NextAt.IsZero() {
			t.Error("after an answer the clock still runs")
		}
		w.answer(sent.Receipt, childCare, conversation.Words{Kind: conversation.Note, Text: "Bye."})
		w.read(ben, id)
		check(t, w.talks.Settle(t.Context(), ana.Member, id))
		check(t, w.talks.Settle(t.Context(), ana.Member, id)) // a second click
		if thread, _ = w.thread(ana, id); !thread.Since.IsZero() || w.events("message.settled") != 1 {
			t.Error("what needs no answer still waits, or was settled twice")
		}
	})
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana := w.hire(childCare, "Ana")
		w.hire(police, "Cal")
		sent := w.send(child())
		id, found := sent.Report, w.find(sent.Receipt)
		draft := func(change func(d *conversation.Draft)) conversation.Draft {
			d := w.office(ana, id, conversation.Question, "Which door?")
			change(&d)
			return d
		}
		same := func(*conversation.Draft) {}
		write := func(d conversation.Draft) error { return w.talks.Write(ctx, ana.Member, id, d) }

		refused(t, write(draft(func(d *conversation.Draft) { d.Sure = false })), conversation.ErrFirst, "a first message without the box")
		kept := draft(same)
		check(t, write(kept))
		check(t, write(kept)) // the same once more
		other := draft(func(d *conversation.Draft) { d.ID = kept.ID })
		refused(t, write(other), conversation.ErrTaken, "other words under the same number")
		refused(t, write(draft(func(d *conversation.Draft) { d.Kind = conversation.Release; d.Sure = false })), conversation.ErrOutcome, "an outcome without the box")
		refused(t, write(draft(func(d *conversation.Draft) { d.Kind = conversation.Contact })), conversation.ErrMessage, "a sender's kind")
		refused(t, write(draft(func(d *conversation.Draft) { d.Kind = "outcome" })), conversation.ErrMessage, "an unknown kind")
		refused(t, write(draft(func(d *conversation.Draft) { d.Body = []byte("plain words") })), conversation.ErrMessage, "words that are not sealed")
		refused(t, write(draft(func(d *conversation.Draft) { d.Body = random(300 << 10) })), conversation.ErrLong, "far too much")
		refused(t, write(draft(func(d *conversation.Draft) { d.WrapReceipt = nil })), conversation.ErrMessage, "nothing for the receipt")
		refused(t, write(draft(func(d *conversation.Draft) { d.WrapOffice = random(12) })), conversation.ErrMessage, "no wrap for the office")
		refused(t, write(draft(func(d *conversation.Draft) { d.OfficeKey = [16]byte{1} })), conversation.ErrKeys, "a key that is not the office's")
		refused(t, write(draft(func(d *conversation.Draft) { d.ID = store.ID{} })), conversation.ErrMessage, "no number")
		refused(t, write(draft(func(d *conversation.Draft) { d.Answers = kept.ID })), conversation.ErrMessage, "an answer to oneself")
		refused(t, write(draft(func(d *conversation.Draft) { d.Answers = store.NewID() })), conversation.ErrMessage, "an answer to nothing")
		if _, all := w.thread(ana, id); len(all) != 1 {
			t.Fatalf("%d messages are kept, want the one", len(all))
		}

		theirs := func(words conversation.Words, change func(d *conversation.Draft)) conversation.Draft {
			words.Report, words.Office, words.Language = id.String(), childCare, "en"
			d, _, _ := w.seal(store.NewID(), words, childCare)
			change(&d)
			return d
		}
		text := conversation.Words{Kind: conversation.Note, Text: "It was green."}
		answer := func(office string, d conversation.Draft) error { return w.talks.Answer(ctx, found, office, d) }
		refused(t, answer(police, theirs(text, same)), conversation.ErrNotFound, "an office that has not written")
		refused(t, answer("nowhere", theirs(text, same)), conversation.ErrNotFound, "no office")
		refused(t, answer(childCare, theirs(text, func(d *conversation.Draft) { d.OfficeKey = w.agencies.Keys("ms")[police].ID })), conversation.ErrKeys, "another office's key")
		refused(t, answer(childCare, theirs(text, func(d *conversation.Draft) { d.Kind = conversation.Question })), conversation.ErrMessage, "an office's kind")
		refused(t, answer(childCare, theirs(text, func(d *conversation.Draft) { d.Kind = conversation.Answer })), conversation.ErrMessage, "an answer to nothing")
		refused(t, answer(childCare, theirs(text, func(d *conversation.Draft) { d.WrapReceipt = random(seal.WrapSize) })), conversation.ErrMessage, "a wrap for the receipt")
		refused(t, answer(childCare, theirs(text, func(d *conversation.Draft) { d.ID = kept.ID })), conversation.ErrTaken, "the number of an office's message")
		mine := theirs(text, same)
		check(t, answer(childCare, mine))
		check(t, answer(childCare, mine))
		if _, all := w.thread(ana, id); len(all) != 2 || w.events("message.received") != 1 {
			t.Errorf("a repeat was kept again: %d messages", len(all))
		}
	})
}

// TestWalls: who may not see a report may not see, write or count its messages,
// and gets the answer of a report that does not exist.
func TestWalls(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana, ben, sue := w.hire(childCare, "Ana"), w.hire(childCare, "Ben"), w.hire(shelter, "Sue")
		cal, dee := w.hire(police, "Cal"), w.hire(tipDesk, "Dee", identity.RoleDesk)
		w.hire(helpDesk, "Hana", identity.RoleDesk)
		auditor := w.hire(helpDesk, "Aud", identity.RoleAuditor, identity.RoleProgramAdmin)

		accused := w.send(tip(form.Answers{"age": {"under18"}, "happened": {"MS-28049"}, "conflict": {"police"}}))
		w.write(ana, accused.Report, conversation.Question, "Which door?")
		w.answer(accused.Receipt, childCare, conversation.Words{Kind: conversation.Note, Text: "Green."})
		asked := w.send(help(shelter))
		w.write(sue, asked.Report, conversation.Question, "Are you safe?")
		w.answer(asked.Receipt, shelter, conversation.Words{Kind: conversation.Note, Text: "Yes."})
		check(t, w.referrals.Recuse(t.Context(), ben.Member, accused.Report))

		for _, c := range []struct {
			name string
			who  hand
			id   store.ID
		}{
			{"accused police", cal, accused.Report}, {"a police desk", dee, accused.Report}, {"who stepped back", ben, accused.Report},
			{"police and a help report", cal, asked.Report}, {"a police desk and a help report", dee, asked.Report},
			{"another helper", ana, asked.Report}, {"nobody's report", ana, store.NewID()},
		} {
			ctx, m := t.Context(), c.who.Member
			d := conversation.Draft{ID: store.NewID(), Kind: conversation.Question, Sure: true}
			_, _, err := w.talks.Thread(ctx, m, c.id, time.Time{})
			refused(t, err, referral.ErrNotFound, c.name+" reads")
			refused(t, w.talks.Write(ctx, m, c.id, d), referral.ErrNotFound, c.name+" writes")
			refused(t, w.talks.Read(ctx, m, c.id, nil), referral.ErrNotFound, c.name+" marks")
			refused(t, w.talks.Settle(ctx, m, c.id), referral.ErrNotFound, c.name+" settles")
			missing := w.as(c.who).GetDoc("/staff/report/" + store.NewID().String() + "/messages")
			if got := w.as(c.who).GetDoc("/staff/report/" + c.id.String() + "/messages"); got.Status != 404 || got.Main() != missing.Main() {
				t.Errorf("%s gets %d, not what a report gets that does not exist", c.name, got.Status)
			}
		}
		if _, _, err := w.talks.Thread(t.Context(), auditor.Member, asked.Report, time.Time{}); err == nil {
			t.Error("an auditor reads messages")
		}
		for _, who := range []hand{cal, dee, ben} {
			rows, err := w.referrals.List(t.Context(), who.Member, referral.Filter{Letters: true, State: "all"})
			if err != nil || rows.Total != 0 {
				t.Errorf("%s counts %d reports with messages (%v)", who.Name, rows.Total, err)
			}
		}
		if rows, err := w.referrals.List(t.Context(), ana.Member, referral.Filter{Letters: true, State: "all"}); err != nil || rows.Total != 1 {
			t.Errorf("child protection counts %d reports with messages (%v)", rows.Total, err)
		}

		clock.Advance(48 * time.Hour) // all of it is late now
		late := func(h hand) []string {
			page, err := w.referrals.List(t.Context(), h.Member, referral.Filter{List: referral.ListLetters})
			check(t, err)
			var out []string
			for _, r := range page.Rows {
				out = append(out, r.Holder)
			}
			slices.Sort(out)
			return out
		}
		if got := late(dee); len(got) != 0 {
			t.Errorf("the police desk is shown messages of %v", got)
		}
		hana := w.hire(helpDesk, "Hanna", identity.RoleDesk)
		if got := late(hana); !slices.Equal(got, []string{shelter, childCare}) && !slices.Equal(got, []string{childCare, shelter}) {
			t.Errorf("the help desk is shown late messages of %v", got)
		}
	})
}

func TestClosedReceipt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		sent := w.send(child())
		w.write(ana, sent.Report, conversation.Question, "Which door?")
		words := sent.Receipt.Words("en")
		never := seal.Receipt(random(10)).Words("en")
		unknown := w.client.PostForm("/receipt/messages", map[string][]string{"receipt": {never}})
		check(t, w.reports.Close(t.Context(), words))
		if _, err := w.reports.Find(t.Context(), "", sent.Receipt.Lookup()); err == nil {
			t.Fatal("a closed receipt still finds its report")
		}
		closed := w.client.PostForm("/receipt/messages", map[string][]string{"receipt": {words}})
		if closed.Status != unknown.Status || len(closed.All("section")) != 0 || closed.Status != 404 {
			t.Errorf("a closed receipt is answered %d, an unknown one %d", closed.Status, unknown.Status)
		}
		lookup, other := sent.Receipt.Lookup(), seal.Receipt(random(10)).Lookup()
		a := w.client.PostJSON("/receipt/messages/find", map[string]any{"lookup": lookup[:], "lang": "en"})
		b := w.client.PostJSON("/receipt/messages/find", map[string]any{"lookup": other[:], "lang": "en"})
		if a.Status != 404 || a.Body != b.Body || a.Status != b.Status {
			t.Errorf("by script a closed receipt gets %d %s, an unknown one %d %s", a.Status, a.Body, b.Status, b.Body)
		}
		refused(t, w.talks.Write(t.Context(), ana.Member, sent.Report, w.office(ana, sent.Report, conversation.Note, "Hello?")), conversation.ErrClosed, "writing to nobody")
		if page := w.as(ana).GetDoc("/staff/report/" + sent.Report.String() + "/messages").Main(); !contains(page, "switched the seven words off") {
			t.Errorf("the office is not told: %s", page)
		}
	})
}

// TestOfficeThatStoppedHolding: an office that stepped back gets no more
// messages, and the sender is told instead of writing into the void.
func TestOfficeThatStoppedHolding(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana", identity.RoleMember, identity.RoleSupervisor)
		w.hire(tipDesk, "Dee", identity.RoleDesk)
		sent := w.send(child())
		w.write(ana, sent.Report, conversation.Question, "Which door?")
		w.answer(sent.Receipt, childCare, conversation.Words{Kind: conversation.Note, Text: "Green."})
		check(t, w.referrals.RecuseOffice(t.Context(), ana.Member, sent.Report))
		shown := w.look(sent.Receipt)
		if len(shown) != 1 || !shown[0].Ended || len(shown[0].Messages) != 2 {
			t.Fatalf("the receipt shows %+v", shown)
		}
		d, _, _ := w.seal(store.NewID(), conversation.Words{Report: sent.Report.String(), Office: childCare, Kind: conversation.Note, Language: "en", Text: "More."}, childCare)
		refused(t, w.talks.Answer(t.Context(), w.find(sent.Receipt), childCare, d), conversation.ErrEnded, "writing to an office that stepped back")
		w.pass(30*time.Hour, time.Hour)
		if n := w.events("message.unheld"); n != 1 {
			t.Errorf("its clock ended %d times", n)
		}
		page := w.client.PostForm("/receipt/messages", map[string][]string{"receipt": {sent.Receipt.Words("en")}})
		if !contains(page.Main(), "no longer has your report") || len(page.All("textarea")) != 0 {
			t.Errorf("the sender is not told: %s", page.Main())
		}
	})
}
