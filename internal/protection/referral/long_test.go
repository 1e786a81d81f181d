// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
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

// What a list's first page counted its later ones say again, and no link makes them
// say more. A search shows whole rows, those of finished and open ones in one order.
func TestLaterPagesAndSearchesAgree(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		cal := w.hire(police, "Cal")
		var mine referral.Referral
		for range 3 {
			mine = w.inbox(cal, w.send(tip(nil)))
			clock.Advance(time.Minute)
		}
		check(t, db.Write(t.Context(), func(tx *store.Tx) error {
			for i := range 130 {
				row := finishedRow(mine, clock.Now().Add(time.Duration(i-65)*time.Minute), "desoto "+[]string{"even", "odd"}[i%2])
				if i%10 == 0 {
					row["state"], row["urgency"], row["outcome"], row["done_at"] = "acknowledged", int64(0), "", nil
				}
				if err := tx.Insert("referral", row); err != nil {
					return err
				}
			}
			tx.Log(custody.Entry{Program: "ms", Event: "test.filled"})
			return nil
		}))
		whole, err := w.referrals.List(t.Context(), cal.Member, referral.Filter{State: "all", Limit: 200})
		check(t, err)
		if whole.Total != 133 || len(whole.Rows) != 133 || whole.Over || whole.Next != "" {
			t.Fatalf("%d rows, told as %d", len(whole.Rows), whole.Total)
		}
		for text, want := range map[string]int{"": 133, "desoto": 133, "odd": 65, "even": 65} {
			f := referral.Filter{State: "all", Text: text, Limit: 20}
			var found []referral.Referral
			for {
				page, err := w.referrals.List(t.Context(), cal.Member, f)
				check(t, err)
				if page.Total != want || page.Over {
					t.Errorf("%q behind %d rows: told as %d, want %d", text, len(found), page.Total, want)
				}
				found = append(found, page.Rows...)
				if f.After = page.Next; f.After == "" {
					break
				}
			}
			at := 0
			for _, r := range whole.Rows {
				if at < len(found) && reflect.DeepEqual(r, found[at]) {
					at++
				}
			}
			if at != want || len(found) != want {
				t.Errorf("%q: %d rows, of which %d stand in the list in that order, want %d", text, len(found), at, want)
			}
		}
		for said, want := range map[int]int{1 << 40: 1000, -5: 0, 7: 7} {
			page, err := w.referrals.List(t.Context(), cal.Member, referral.Filter{State: "all", After: web.EncodeCursor(0, 0, store.ID{}, said, false)})
			check(t, err)
			if page.Total != want {
				t.Errorf("a link that says %d makes a page say %d, want %d", said, page.Total, want)
			}
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
