// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
	"waylight/internal/protection/report"
)

func TestDeliveryIsProved(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana := w.hire(childCare, "Ana")
		ben := w.hire(childCare, "Ben")
		desk := w.hire(tipDesk, "Dee", identity.RoleDesk)
		id := w.send(child())
		if r := w.inbox(ana, id); r.State != referral.Waiting || !r.Due.Equal(clock.Now().Add(time.Hour)) || !r.Child {
			t.Fatalf("the inbox shows %+v", r)
		}
		token, signature := w.proof(ana, id)
		refused(t, w.referrals.Acknowledge(ctx, ana.Member, id), referral.ErrState, "taking on what nobody opened")
		refused(t, w.referrals.Open(ctx, ana.Member, id, [32]byte{1}, signature), referral.ErrProof, "a wrong token")
		refused(t, w.referrals.Open(ctx, ben.Member, id, token, signature), referral.ErrProof, "another member's signature")
		refused(t, w.referrals.Open(ctx, ana.Member, id, token, nil), referral.ErrProof, "no signature")
		wrong := ed25519.Sign(ana.sign, []byte("waylight/opened/v1\n"))
		refused(t, w.referrals.Open(ctx, ana.Member, id, token, wrong), referral.ErrProof, "a signature over something else")
		refused(t, w.referrals.Open(ctx, desk.Member, store.NewID(), token, signature), referral.ErrNotFound, "no such report")
		if r := w.inbox(ana, id); r.State != referral.Waiting || w.events("referral.open") != 0 {
			t.Fatal("a refused proof left something behind")
		}

		clock.Advance(10 * time.Minute)
		check(t, w.referrals.Open(ctx, ana.Member, id, token, signature))
		opened := clock.Now()
		clock.Advance(time.Second)
		w.open(ben, id)
		r := w.inbox(ana, id)
		if r.State != referral.Opened || r.OpenedBy != ana.ID || !r.OpenedAt.Equal(opened) || r.Owner != ana.ID {
			t.Fatalf("after opening: %+v", r)
		}
		check(t, w.referrals.Acknowledge(ctx, ben.Member, id))
		check(t, w.referrals.Acknowledge(ctx, ben.Member, id)) // a double click changes nothing
		refused(t, w.referrals.RecordOutcome(ctx, ben.Member, id, "because"), referral.ErrOutcome, "free text as an outcome")
		check(t, w.referrals.RecordOutcome(ctx, ben.Member, id, referral.OutcomeWorking))
		check(t, w.referrals.RecordOutcome(ctx, ben.Member, id, referral.OutcomeCase))
		r = w.inbox(ben, id)
		if r.State != referral.Closed || r.Outcome != referral.OutcomeCase || r.Owner != ben.ID || !r.NextAt.IsZero() {
			t.Fatalf("at the end: %+v", r)
		}
		if got, want := w.acts(r.ID), []string{"acknowledge", "open", "outcome", "outcome", "read"}; !slices.Equal(got, want) {
			t.Errorf("the history has %v, want %v", got, want)
		}
		proofs, err := w.referrals.Evidence(ctx, ben.Member, id)
		check(t, err)
		if len(proofs) != 2 || proofs[0].Member != ana.ID || !slices.Equal(proofs[0].Signature, signature) || proofs[1].Member != ben.ID {
			t.Errorf("on record are %+v", proofs)
		}
	})
}

func TestProgressForTheReceipt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ana := w.hire(childCare, "Ana")
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		clock.Advance(25 * time.Minute)
		id := w.send(child())
		progress := func() map[string]report.Progress {
			all, err := w.referrals.Progress(t.Context(), "ms", id)
			check(t, err)
			out := map[string]report.Progress{}
			for _, p := range all {
				out[p.Kind] = p
			}
			return out
		}
		first := progress()
		if len(first) != 2 || !first["child_protection"].Received.Equal(storetest.Start.Add(25*time.Minute)) || // never before it was sent !first["child_protection"].Read.IsZero() ||
			!first["police"].Received.IsZero() {
			t.Fatalf("at first: %+v", first)
		}
		clock.Advance(2 * time.Hour)
		w.open(ana, id)
		w.tell(dee, id, local)
		if half := progress()["police"]; !half.Received.IsZero() || !half.Read.IsZero() {
			t.Fatalf("with the coordinator still to be told: %+v", half)
		}
		w.tell(dee, id, police)
		later := progress()
		hour := storetest.Start.Add(2 * time.Hour)
		if !later["child_protection"].Read.Equal(hour) || !later["police"].Received.Equal(hour) || !later["police"].Read.Equal(hour) {
			t.Fatalf("later: %+v", later)
		}
		none, err := w.referrals.Progress(t.Context(), "ms", store.NewID())
		if err != nil || len(none) != 0 {
			t.Errorf("a report that does not exist: %v, %v", none, err)
		}
	})
}

// tell does a task of the desk from taking it to the proof.
func (w *world) tell(h hand, id store.ID, recipient string) referral.Referral {
	w.t.Helper()
	r := w.task(h, id, recipient)
	check(w.t, w.referrals.Take(w.t.Context(), h.Member, r.ID))
	w.open(h, id)
	check(w.t, w.referrals.Complete(w.t.Context(), h.Member, r.ID, w.somehow(r)))
	return w.task(h, id, recipient)
}

// somehow is a proof that fits a task.
func (w *world) somehow(r referral.Referral) referral.Proof {
	proof := referral.Proof{Kind: referral.ProofReply, Code: "MS-2026-00418"}
	if slices.Contains(r.Proofs, referral.ProofCode) {
		proof.Kind = referral.ProofCode
	}
	state := w.agencies.Channels("ms")
	for _, c := range w.ms.Offices[r.Recipient].Channels {
		if state(c).Showable(true) {
			proof.Channel = c
		}
	}
	return proof
}

func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana, ben := w.hire(childCare, "Ana"), w.hire(childCare, "Ben")
		admin := w.hire(childCare, "Ada", identity.RoleAgencyAdmin)
		cop := w.hire(police, "Cal")
		about := w.send(tip(form.Answers{"age": {"under18"}, "happened": {"MS-28049"}, "conflict": {"police"}}))
		if n := len(w.list(cop, referral.Filter{State: "all"})); n != 0 {
			t.Fatalf("police see %d reports about police", n)
		}
		refused(t, w.referrals.Acknowledge(ctx, cop.Member, about), referral.ErrNotFound, "an accused office")
		refused(t, w.referrals.Acknowledge(ctx, admin.Member, about), referral.ErrForbidden, "an administrator without the work")
		if _, err := w.referrals.List(ctx, admin.Member, referral.Filter{}); err == nil {
			t.Error("an administrator sees the inbox")
		}

		w.open(ben, about)
		check(t, w.referrals.Recuse(ctx, ben.Member, about))
		refused(t, w.referrals.Acknowledge(ctx, ben.Member, about), referral.ErrNotFound, "somebody who stepped back")
		if len(w.list(ben, referral.Filter{State: "all"})) != 0 {
			t.Error("a report is still in the list of somebody who stepped back")
		}
		if _, err := w.referrals.Notes(ctx, ben.Member, about); err == nil {
			t.Error("somebody who stepped back reads notes")
		}
		refused(t, w.referrals.Assign(ctx, ana.Member, about, ben.ID), referral.ErrForbidden, "giving it to somebody else without being a supervisor")
		if r := w.inbox(ana, about); !r.Owner.IsZero() {
			t.Error("somebody who stepped back still owns it")
		}
		check(t, w.referrals.Assign(ctx, ana.Member, about, ana.ID))
		if r := w.inbox(ana, about); r.Owner != ana.ID || r.State != referral.Opened {
			t.Errorf("after taking it over: %+v", r)
		}
	})
}

func TestNotesAreTheOfficesOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana, cal := w.hire(childCare, "Ana"), w.hire(police, "Cal")
		id := w.send(child())
		key := w.agencies.Keys("ms")[childCare].ID
		sealed := random(1500)
		check(t, w.referrals.AddNote(ctx, ana.Member, id, key, sealed))
		refused(t, w.referrals.AddNote(ctx, ana.Member, id, [16]byte{1}, sealed), referral.ErrKey, "a note under another key")
		refused(t, w.referrals.AddNote(ctx, ana.Member, id, key, []byte("plain words")), referral.ErrNote, "a note that is not sealed")
		refused(t, w.referrals.AddNote(ctx, ana.Member, id, key, random(200<<10)), referral.ErrNote, "a note that is too long")
		got, err := w.referrals.Notes(ctx, ana.Member, id)
		check(t, err)
		if len(got) != 1 || !slices.Equal(got[0].Body, sealed) || got[0].Member != ana.ID {
			t.Fatalf("the notes are %+v", got)
		}
		if theirs, err := w.referrals.Notes(ctx, cal.Member, id); err != nil || len(theirs) != 0 {
			t.Errorf("another office gets %d notes (%v)", len(theirs), err)
		}
	})
}

func TestSameMatter(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana, cal := w.hire(childCare, "Ana"), w.hire(police, "Cal")
		a, b, c, d := w.send(child()), w.send(child()), w.send(child()), w.send(child())
		adult := w.send(tip(nil)) // child protection does not hold it
		check(t, w.referrals.SameMatter(ctx, ana.Member, a, b))
		check(t, w.referrals.SameMatter(ctx, ana.Member, c, d))
		check(t, w.referrals.SameMatter(ctx, ana.Member, b, c)) // joins both
		first := w.inbox(ana, a).Matter
		for _, id := range []store.ID{a, b, c, d} {
			if got := w.inbox(ana, id).Matter; got != first || got.IsZero() {
				t.Errorf("%s is in matter %s, want %s", id, got, first)
			}
		}
		refused(t, w.referrals.SameMatter(ctx, ana.Member, a, adult), referral.ErrMatter, "a report of another office")
		refused(t, w.referrals.SameMatter(ctx, ana.Member, a, store.NewID()), referral.ErrMatter, "a report that does not exist")
		refused(t, w.referrals.SameMatter(ctx, ana.Member, a, a), referral.ErrMatter, "itself")
		if !w.inbox(cal, a).Matter.IsZero() {
			t.Error("another office learns of the mark")
		}
		check(t, w.referrals.Separate(ctx, ana.Member, b))
		if !w.inbox(ana, b).Matter.IsZero() || w.inbox(ana, a).Matter != first {
			t.Error("separating one report changed others, or not itself")
		}
	})
}

func TestTestReportSettlesTheChecklist(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		unknown := tip(form.Answers{"happened": nil})
		id := w.sendVia(unknown, report.ViaTest)
		w.open(dee, id)
		check(t, w.referrals.Acknowledge(t.Context(), dee.Member, id))
		if w.events("drill.acknowledged") != 1 {
			t.Error("the checklist was not told that the test report came through")
		}
		real := w.send(unknown)
		w.open(dee, real)
		check(t, w.referrals.Acknowledge(t.Context(), dee.Member, real))
		if w.events("drill.acknowledged") != 1 {
			t.Error("a real report counts as a test")
		}
	})
}
