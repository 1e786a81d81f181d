// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/form"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
)

// TestNobodyTakesATaskTwice lets fifty operators grab one task at once.
func TestNobodyTakesATaskTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		hands := make([]hand, 50)
		for i := range hands {
			hands[i] = w.hire(tipDesk, fmt.Sprintf("Op%d", i), identity.RoleDesk)
		}
		id := w.send(tip(nil))
		task := w.task(hands[0], id, local)
		grab := func() []store.ID {
			var mu sync.Mutex
			var got []store.ID
			var wg sync.WaitGroup
			for _, h := range hands {
				wg.Go(func() {
					err := w.referrals.Take(t.Context(), h.Member, task.ID)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						got = append(got, h.ID)
					case !errors.Is(err, referral.ErrTaken):
						t.Errorf("%s: %v", h.Name, err)
					}
				})
			}
			wg.Wait()
			return got
		}
		first := grab()
		now := w.task(hands[0], id, local)
		if len(first) != 1 || now.TakenBy != first[0] || now.State != referral.Taken || !now.TakenUntil.Equal(clock.Now().Add(referral.Lease)) {
			t.Fatalf("%d operators got the task; it says %s until %v", len(first), now.TakenBy, now.TakenUntil)
		}
		if again := grab(); len(again) != 0 {
			t.Fatalf("%d more got it while the lease lasts", len(again))
		}
		clock.Advance(referral.Lease + time.Second)
		if again := grab(); len(again) != 1 {
			t.Fatalf("%d operators got it after the lease ran out", len(again))
		}
	})
}

func TestTaskFromScriptToProof(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		dee, dan := w.hire(tipDesk, "Dee", identity.RoleDesk), w.hire(tipDesk, "Dan", identity.RoleDesk)
		mem := w.hire(tipDesk, "Mem")
		id := w.send(child())
		task := w.task(dee, id, childCare)
		good := w.somehow(task)
		if good.Channel == "" {
			t.Fatal("child protection has no number that may be shown")
		}
		refused(t, w.referrals.Take(ctx, mem.Member, task.ID), referral.ErrNotFound, "a member of the desk's office without the desk's role")
		refused(t, w.referrals.Complete(ctx, dee.Member, task.ID, good), referral.ErrNotYours, "a task nobody took")
		check(t, w.referrals.Take(ctx, dee.Member, task.ID))
		refused(t, w.referrals.Take(ctx, dan.Member, task.ID), referral.ErrTaken, "somebody else's task")
		for _, act := range []error{w.referrals.Release(ctx, dan.Member, task.ID), w.referrals.Extend(ctx, dan.Member, task.ID),
			w.referrals.Complete(ctx, dan.Member, task.ID, good), w.referrals.TryLater(ctx, dan.Member, task.ID, referral.Attempt{Channel: good.Channel, Result: "busy"})} {
			refused(t, act, referral.ErrTaken, "an act on somebody else's task")
		}
		refused(t, w.referrals.Complete(ctx, dee.Member, task.ID, good), referral.ErrUnopened, "passing on what was not opened")
		w.open(dee, id)
		for name, bad := range map[string]referral.Proof{
			"a sentence": {Channel: good.Channel, Kind: good.Kind, Code: "they said they would call back"},
			"a name":     {Channel: good.Channel, Kind: good.Kind, Code: "Smith"},
			"no code":    {Channel: good.Channel, Kind: good.Kind},
			"the number": {Channel: good.Channel, Kind: good.Kind, Code: w.ms.Channels[good.Channel].Phone},
			"no kind":    {Channel: good.Channel, Code: good.Code},
		} {
			refused(t, w.referrals.Complete(ctx, dee.Member, task.ID, bad), referral.ErrCode, name)
		}
		elsewhere := good
		elsewhere.Channel = "us-911"
		refused(t, w.referrals.Complete(ctx, dee.Member, task.ID, elsewhere), referral.ErrChannel, "another office's number")
		good.Answered = random(1400)
		check(t, w.referrals.Complete(ctx, dee.Member, task.ID, good))
		done := w.task(dee, id, childCare)
		proofs, err := w.referrals.Evidence(ctx, dee.Member, id)
		check(t, err)
		proof := proofs[slices.IndexFunc(proofs, func(e referral.Evidence) bool { return e.Code != "" })]
		if done.State != referral.Done || !done.NextAt.IsZero() || proof.Referral != task.ID || proof.Code != good.Code || proof.Kind != good.Kind ||
			proof.Channel != good.Channel || !slices.Equal(proof.Answered, good.Answered) {
			t.Fatalf("the done task is %+v, its proof %+v", done, proof)
		}
		refused(t, w.referrals.Complete(ctx, dee.Member, task.ID, good), referral.ErrNotYours, "passing it on twice")
		refused(t, w.referrals.Take(ctx, dan.Member, task.ID), referral.ErrState, "taking what is done")
	})
}

func TestNobodyReached(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		dee, dan := w.hire(tipDesk, "Dee", identity.RoleDesk), w.hire(tipDesk, "Dan", identity.RoleDesk)
		w.shift(dan, "on")
		id := w.send(tip(nil))
		w.run()
		task := w.task(dee, id, police)
		channel := w.somehow(task).Channel
		check(t, w.referrals.Take(ctx, dee.Member, task.ID))
		for _, bad := range []referral.Attempt{
			{Channel: channel, Result: "she was rude"},
			{Channel: channel, Result: "busy", RetryAt: clock.Now().Add(-time.Minute)},
			{Channel: channel, Result: "busy", RetryAt: clock.Now().Add(25 * time.Hour)},
			{Channel: "us-911", Result: "busy"},
		} {
			if err := w.referrals.TryLater(ctx, dee.Member, task.ID, bad); err == nil {
				t.Errorf("%+v is taken", bad)
			}
		}
		sofar := len(w.mailed())
		check(t, w.referrals.TryLater(ctx, dee.Member, task.ID, referral.Attempt{Channel: channel, Result: "no_answer", RetryAt: clock.Now().Add(30 * time.Minute)}))
		now := w.task(dee, id, police)
		if now.State != referral.Waiting || now.Attempts != 1 || !now.RetryAt.Equal(clock.Now().Add(30*time.Minute)) || !now.TakenBy.IsZero() {
			t.Fatalf("after an attempt: %+v", now)
		}
		w.pass(29 * time.Minute)
		if got := w.mailed()[sofar:]; len(got) != 0 {
			t.Errorf("%v were mailed before the time to try again", got)
		}
		w.pass(2 * time.Minute)
		if got := w.mailed()[sofar:]; !slices.Equal(got, []string{"dan"}) {
			t.Errorf("when it is time to try again, %v are mailed", got)
		}
		check(t, w.referrals.Take(ctx, dan.Member, task.ID))
		w.pass(referral.Lease + 2*time.Minute)
		if now = w.task(dee, id, police); now.State != referral.Waiting || !slices.Contains(w.acts(task.ID), "lease_expired") {
			t.Errorf("a lease that ran out left the task %s", now.State)
		}
		check(t, w.referrals.Take(ctx, dee.Member, task.ID))
		check(t, w.referrals.Release(ctx, dee.Member, task.ID))
		check(t, w.referrals.Take(ctx, dan.Member, task.ID))
	})
}

func TestDeskPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		dee := w.hire(tipDesk, "Dee", identity.RoleDesk)
		cal := w.hire(childCare, "Cal")
		id := w.send(tip(form.Answers{"age": {"under18"}, "happened": {"MS-28049"}, "danger": {"yes"}}))
		clock.Advance(3 * time.Hour)
		page := w.as(dee).GetDoc("/staff/desk")
		if page.Status != 200 || !strings.Contains(page.Main(), "Danger now") || !strings.Contains(page.Main(), "late by") {
			t.Fatalf("the desk shows %d: %s", page.Status, page.Main())
		}
		theirs := ""
		for _, row := range w.client.GetDoc("/staff/desk?list=late").All("tr") {
			if strings.Contains(row.Text(), w.ms.Offices[childCare].Name.In("en")) {
				theirs = row.Text()
			}
		}
		if !strings.Contains(theirs, "Late") || strings.Contains(theirs, "Hinds") || strings.Contains(theirs, "Sex") {
			t.Errorf("of what is late at another office the desk sees %q", theirs)
		}
		task := w.task(dee, id, local)
		address := "/staff/desk/" + task.ID.String()
		body := w.client.GetDoc(address).Main()
		for _, want := range []string{"This is Tip desk of the state police", "may be in danger now", "under 18", "Hinds County", "Take this task", "voicemail"} {
			if !strings.Contains(body, want) {
				t.Errorf("the task's page lacks %q", want)
			}
		}
		if strings.Contains(body, "truck stop") {
			t.Error("the task's page holds the words of the report")
		}
		for _, step := range []string{"take", "extend"} {
			if got := w.client.PostForm(address+"/"+step, nil); got.Status != 303 {
				t.Fatalf("%s: %d %s", step, got.Status, got.Main())
			}
		}
		mine := w.client.GetDoc(address)
		if !strings.Contains(mine.Main(), "The task is yours") || mine.One("input", "id", "who").Attr["name"] != "" {
			t.Error("who answered would leave the browser unsealed")
		}
		values := mine.Values(address + "/complete")
		w.open(dee, id)
		values.Set("code", "not a code")
		if got := w.client.PostForm(address+"/complete", values); got.Status != 400 {
			t.Errorf("a sentence as a code: %d", got.Status)
		}
		values.Set("code", "JX-4471")
		values.Set("kind", referral.ProofCode)
		if got := w.client.PostForm(address+"/complete", values); got.Status != 303 {
			t.Fatalf("complete: %d %s", got.Status, got.Main())
		}
		if done := w.client.GetDoc(address).Main(); !strings.Contains(done, "JX-4471") {
			t.Error("the proof is not shown")
		}
		if w.as(cal).GetDoc("/staff/desk").Status != 403 || w.client.GetDoc(address).Status != 403 {
			t.Error("the desk opens to somebody without the desk's role")
		}
		if w.events("tasks.viewed") != 1 || w.events("late.viewed") != 1 || w.events("task.viewed") != 3 {
			t.Errorf("views recorded: %d lists, %d late, %d tasks", w.events("tasks.viewed"), w.events("late.viewed"), w.events("task.viewed"))
		}
	})
}
