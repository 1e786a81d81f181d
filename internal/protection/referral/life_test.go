// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
)

// TestRandomLives lets people do anything at any time, sensible or not. What
// is refused must be refused politely; what is done must leave a history that
// is one unbroken path, ending where the row stands, all of it under the log.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		staff := []hand{
			w.hire(childCare, "Ana", identity.RoleMember, identity.RoleSupervisor), w.hire(childCare, "Ben"), w.hire(police, "Cal"),
			w.hire(tipDesk, "Dee", identity.RoleDesk), w.hire(tipDesk, "Dan", identity.RoleDesk), w.hire(helpDesk, "Hana", identity.RoleDesk),
			w.hire(shelter, "Sue", identity.RoleSupervisor), w.hire(lawyers, "Lia"),
		}
		ids := []store.ID{w.send(child()), w.send(tip(nil)), w.send(help(shelter)), w.send(child())}
		const seed = 7
		dice := rand.New(rand.NewPCG(seed, 1))
		done := 0
		for i := range 250 {
			clock.Advance(time.Duration(1+dice.IntN(1200)) * time.Second)
			if i%5 == 0 {
				w.run()
			}
			err := w.anything(dice, staff[dice.IntN(len(staff))], ids[dice.IntN(len(ids))], ids)
			if err == nil {
				done++
			} else if fault.KindOf(err) == fault.Internal {
				t.Fatalf("seed %d, act %d: %v", seed, i, err)
			}
		}
		if done < 30 {
			t.Fatalf("only %d acts went through: the test proves little", done)
		}
		w.unbroken()
		w.verify()
	})
}

// anything does one act by a member on a report.
func (w *world) anything(dice *rand.Rand, h hand, id store.ID, ids []store.ID) error {
	ctx, m, s := w.t.Context(), h.Member, w.referrals
	task := store.NewID()
	if page, err := s.List(ctx, m, referral.Filter{List: referral.ListTasks, Text: id.String(), State: "all"}); err == nil && len(page.Rows) > 0 {
		task = page.Rows[dice.IntN(len(page.Rows))].ID
	}
	outcomes := referral.Outcomes()
	switch dice.IntN(16) {
	case 0, 1, 2:
		sealed, err := w.reports.Body(ctx, "ms", id, h.Office)
		if err != nil || sealed.Wrap == nil {
			return referral.ErrNoWrap
		}
		token, signature := w.proof(h, id)
		return s.Open(ctx, m, id, token, signature)
	case 3, 4:
		return s.Acknowledge(ctx, m, id)
	case 5:
		return s.RecordOutcome(ctx, m, id, outcomes[dice.IntN(len(outcomes))])
	case 6:
		return s.CannotOpen(ctx, m, id)
	case 7:
		return s.SameMatter(ctx, m, id, ids[dice.IntN(len(ids))])
	case 8:
		return s.Separate(ctx, m, id)
	case 9, 10:
		return s.Take(ctx, m, task)
	case 11:
		return s.Release(ctx, m, task)
	case 12:
		return s.TryLater(ctx, m, task, referral.Attempt{Result: "busy", RetryAt: w.clock.Now().Add(10 * time.Minute)})
	case 13:
		r := referral.Referral{Recipient: local, Proofs: []string{referral.ProofCode}}
		return s.Complete(ctx, m, task, w.somehow(r))
	case 14:
		if dice.IntN(6) == 0 {
			return s.RecuseOffice(ctx, m, id)
		}
		return s.Assign(ctx, m, id, m.ID)
	default:
		if dice.IntN(6) == 0 {
			return s.Recuse(ctx, m, id)
		}
		return s.Extend(ctx, m, task)
	}
}

// unbroken reads every history as a path.
func (w *world) unbroken() {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), `select s.referral, s.act, s.before, s.after, r.state from referral_step s
		join referral r on r.program = s.program and r.id = s.referral where s.program = 'ms' order by s.referral, s.at, s.id`)
	check(w.t, err)
	defer rows.Close()
	at, last := map[store.ID]string{}, map[store.ID]string{}
	for rows.Next() {
		var id store.ID
		var act, before, after, now string
		check(w.t, rows.Scan(&id, &act, &before, &after, &now))
		if was, ok := at[id]; ok && was != before {
			w.t.Errorf("%s: %s begins at %s, but it stood at %s", id, act, before, was)
		}
		at[id], last[id] = after, now
	}
	check(w.t, rows.Err())
	for id, state := range last {
		if at[id] != state {
			w.t.Errorf("%s stands at %s, its history ends at %s", id, state, at[id])
		}
	}
}
