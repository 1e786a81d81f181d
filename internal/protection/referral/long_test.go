// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"fmt"
	"testing"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/protection/referral"
)

// A list that is longer than a page looks through is gone through page by page:
// nothing is left out, and what cannot be counted at once is not claimed to be.
func TestListLongerThanAPageLooksThrough(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		const finished = 2600
		w := setup(t, db, clock)
		cal := w.hire(police, "Cal")
		first := w.send(tip(nil))
		mine := w.inbox(cal, first)
		check(t, db.Write(t.Context(), func(tx *store.Tx) error {
			for i := range finished {
				if err := tx.Insert("referral", finishedRow(mine, clock.Now().Add(time.Duration(i)*time.Second), fmt.Sprintf("word%d", i%finished))); err != nil {
					return err
				}
			}
			tx.Log(custody.Entry{Program: "ms", Event: "test.filled"})
			return nil
		}))
		clock.Advance(3 * time.Hour)
		last := w.send(tip(nil))

		if open := w.list(cal, referral.Filter{}); len(open) != 2 || open[0].Report != first || open[1].Report != last {
			t.Errorf("%d are open, want the first and the last report", len(open))
		}
		page, err := w.referrals.List(t.Context(), cal.Member, referral.Filter{State: "all"})
		check(t, err)
		if !page.Over || page.Total != 1000 || len(page.Rows) != 50 {
			t.Errorf("a list of %d is told as %d, over: %v", finished+2, page.Total, page.Over)
		}
		for state, want := range map[string]int{"all": finished + 2, "closed": finished} {
			if n := w.throughout(cal, referral.Filter{State: state, Limit: 200}); n != want {
				t.Errorf("%s: %d rows page by page, want %d", state, n, want)
			}
		}
		far := referral.Filter{State: "all", Text: fmt.Sprintf("word%d", finished-1)}
		page, err = w.referrals.List(t.Context(), cal.Member, far)
		check(t, err)
		if len(page.Rows) != 0 || page.Next == "" || !page.Over {
			t.Errorf("what stands beyond the first page's reach: %d rows, next %q, over %v", len(page.Rows), page.Next, page.Over)
		}
		if n := w.throughout(cal, far); n != 1 {
			t.Errorf("going on finds %d, want 1", n)
		}
		if got := w.list(cal, referral.Filter{State: "all", Text: last.String()}); len(got) != 1 {
			t.Errorf("a number finds %d at once, want 1", len(got))
		}
		if got := w.list(cal, referral.Filter{State: "all", Text: referral.Short(last)}); len(got) != 1 {
			t.Errorf("the beginning of a number finds %d at once, want 1", len(got))
		}
	})
}

// throughout counts a list page by page, each row once.
func (w *world) throughout(h hand, f referral.Filter) int {
	w.t.Helper()
	seen := map[store.ID]bool{}
	for {
		page, err := w.referrals.List(w.t.Context(), h.Member, f)
		check(w.t, err)
		for _, r := range page.Rows {
			if seen[r.ID] {
				w.t.Fatalf("%s comes twice", r.ID)
			}
			seen[r.ID] = true
		}
		if f.After = page.Next; f.After == "" {
			return len(seen)
		}
	}
}

// finishedRow is a referral like another one, of another report, that was closed.
func finishedRow(like referral.Referral, at time.Time, words string) store.Row {
	return store.Row{
		"program": like.Program, "id": store.NewID(), "report": store.NewID(), "origin": string(like.Origin), "rule": like.Rule,
		"recipient": like.Recipient, "holder": like.Holder, "relay": false, "obligor": like.Obligor, "stands_for": "", "means": "inbox", "proofs": "opened",
		"basis": "", "limit_by": like.LimitBy, "span": int64(like.Limit / time.Microsecond), "at_once": false, "starts": "accepted", "accepted": at, "started": at,
		"due": at.Add(like.Limit), "courtesy": false, "mode": like.Mode, "urgency": int64(1), "child": like.Child, "test": false, "place": like.Place,
		"age": like.Age, "exploitation": like.Kind, "conflict": "", "words": words, "order_at": at.Add(like.Limit), "state": "closed", "owner": nil, "taken_by": nil,
		"taken_until": nil, "retry_at": nil, "attempts": 0, "opened_at": at, "opened_by": store.NewID(), "acknowledged_at": at, "outcome": "no_concern",
		"done_at": at, "level": 0, "next_at": nil, "matter": nil, "referred_by": "", "told": nil,
	}
}
