// SPDX-License-Identifier: Apache-2.0

package referral_test

import (
	"slices"
	"strings"
	"testing"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/platform/web"
	"waylight/internal/protection/referral"
)

// rename gives the referrals of a report ids of their own, as builds before ids began like
// their report's did. It is done before anybody acted on them.
func (w *world) rename(report store.ID) {
	w.t.Helper()
	ctx := w.t.Context()
	check(w.t, w.db.Write(ctx, func(tx *store.Tx) error {
		defer tx.Log(custody.Entry{Program: "ms", Event: "test.before"})
		rows, err := tx.Query(ctx, `select id from referral where program = 'ms' and report = $1`, report)
		check(w.t, err)
		var ids []store.ID
		for rows.Next() {
			var id store.ID
			check(w.t, rows.Scan(&id))
			ids = append(ids, id)
		}
		check(w.t, rows.Err())
		rows.Close()
		for _, id := range ids {
			own := store.NewID()
			_, err := tx.Exec(`update referral set id = $1 where program = 'ms' and id = $2`, own, id)
			check(w.t, err)
			check(w.t, tx.Touch("referral", "ms", id))
			check(w.t, tx.Touch("referral", "ms", own))
		}
		return nil
	}))
}

// TestReferralsFromBefore are found by their report, by its number and in lists, worked on, sent on and put into a matter, as are those that stand
// beside one another.
func TestReferralsFromBefore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := setup(t, db, clock)
		ctx := t.Context()
		ana, law := w.hire(childCare, "Ana"), w.hire(lawyers, "Lia")
		old, other, fresh := w.send(child()), w.send(child()), w.send(child())
		w.rename(old)
		w.rename(other)
		for _, id := range []store.ID{old, fresh} {
			short := w.list(ana, referral.Filter{Text: referral.Short(id)})
			if len(short) != 1 || short[0].Report != id || w.inbox(ana, id).ID != short[0].ID {
				t.Errorf("%s is not found by its number: %+v", id, short)
			}
			beside := short[0].ID.String()[:12] == id.String()[:12]
			if beside != (id == fresh) {
				t.Errorf("the referral of %s is %s", id, short[0].ID)
			}
			w.open(ana, id)
			check(t, w.referrals.Acknowledge(ctx, ana.Member, id))
			_, err := w.referrals.ReferOn(ctx, ana.Member, id, w.wrapFor(ana, id, lawyers))
			check(t, err)
			_, err = w.referrals.ReferOn(ctx, ana.Member, id, w.wrapFor(ana, id, lawyers))
			refused(t, err, referral.ErrHasIt, "sending it on twice")
			w.open(law, id)
			if got, err := w.referrals.Progress(ctx, "ms", id); err != nil || len(got) < 2 {
				t.Errorf("%s got to %+v, %v", id, got, err)
			}
		}
		check(t, w.referrals.SameMatter(ctx, ana.Member, old, fresh))
		check(t, w.referrals.SameMatter(ctx, ana.Member, other, old))
		matter := w.inbox(ana, fresh).Matter
		for _, id := range []store.ID{old, other} {
			if got := w.inbox(ana, id).Matter; got != matter || matter.IsZero() {
				t.Errorf("%s is in matter %s, and not in %s", id, got, matter)
			}
		}
		w.verify()
	})
}

// TestReportsAreFoundByIndex: a look-up by report never goes through the table.
func TestReportsAreFoundByIndex(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	setup(t, db, clock)
	plan := planOf(t, db, question{referral.OfReport, []any{"ms", store.ID{}, store.ID{}, store.ID{}}})
	steps := slices.DeleteFunc(strings.Split(plan, "\n"), func(step string) bool { return !strings.Contains(step, "referral") })
	if len(steps) != 2 || slices.ContainsFunc(steps, func(s string) bool { return !strings.HasPrefix(s, "SEARCH referral USING ") }) {
		t.Errorf("it goes by %q", steps)
	}
}

// TestCursorsTellNoNumber: where a page ends is told by a referral's id, which begins like its report's number.
func TestCursorsTellNoNumber(t *testing.T) {
	t.Parallel()
	db, clock := storetest.SQLite(t, schemas())
	w := setup(t, db, clock)
	ana := w.hire(childCare, "Ana")
	sent := map[string]bool{}
	for range 3 {
		sent[w.send(child()).String()[:12]] = true
	}
	seen := map[store.ID]bool{}
	f := referral.Filter{Limit: 1}
	for {
		page, err := w.referrals.List(t.Context(), ana.Member, f)
		check(t, err)
		for _, r := range page.Rows {
			seen[r.Report] = true
		}
		if f.After = page.Next; f.After == "" {
			break
		}
		var urgency, order int64
		var id store.ID
		var total int
		var over bool
		check(t, web.DecodeCursor(f.After, &urgency, &order, &id, &total, &over))
		if sent[id.String()[:12]] || total != len(sent) {
			t.Errorf("the cursor tells %s, and %d", id, total)
		}
	}
	if len(seen) != len(sent) {
		t.Errorf("the pages show %d reports of %d", len(seen), len(sent))
	}
}
