// SPDX-License-Identifier: Apache-2.0

package court

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"waylight/internal/platform/store"
)

// An office sees what it leads and what it partners; to all others there is nothing.
func TestWhoseCaseItIs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("3:26-cr-12")
		charge := steps(t, "2026-03-02 charged 1 indictment counts:1=us-18-1591")[0]
		if err := w.Enter(ctx, pat, c.ID, charge); !errors.Is(err, ErrNone) {
			t.Errorf("another office enters: %v", err)
		}
		if err := w.Share(ctx, pat, c.ID, partner); !errors.Is(err, ErrNone) {
			t.Errorf("another office lets itself in: %v", err)
		}
		if err := w.Share(ctx, ann, c.ID, "nobody"); said(err) == "" {
			t.Error("an office that takes no part")
		}
		if err := w.Share(ctx, ann, c.ID, partner); err != nil {
			t.Fatal(err)
		}
		if err := w.Share(ctx, ann, c.ID, partner); !strings.Contains(said(err), "already") {
			t.Errorf("twice: %v", err)
		}
		if err := w.Enter(ctx, pat, c.ID, charge); err != nil {
			t.Errorf("a partner enters: %v", said(err))
		}
		if err := w.Share(ctx, pat, c.ID, other); !errors.Is(err, ErrLead) {
			t.Errorf("a partner adds partners: %v", err)
		}
		for office, want := range map[string]int{lead: 1, partner: 1, other: 0} {
			found, _, err := list(ctx, w.db, here, office, filter{search: "cr-00012", statute: "us-18-1591", state: "MS"}, cursor{}, 10)
			if err != nil || len(found) != want {
				t.Errorf("%s sees %d: %v", office, len(found), err)
			}
		}
		for _, f := range []filter{{search: "%"}, {statute: "us-18-1594"}, {state: "TX"}} {
			if found, _, err := list(ctx, w.db, here, lead, f, cursor{}, 10); err != nil || len(found) != 0 {
				t.Errorf("%+v finds %d: %v", f, len(found), err)
			}
		}
	})
}

func TestACaseIsOpenedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.open("3:26-cr-12")
		for _, c := range []struct {
			o    Opening
			says string
		}{
			{Opening{"3:26-CR-00012", Federal, "MISSISSIPPI_NORTHERN"}, "there already"},
			{Opening{"3:26-cr-00012", Federal, "MISSISSIPPI_SOUTHERN"}, ""},
			{Opening{"CR-2026-1", Circuit, "28033"}, ""},
			{Opening{"CR-2026-1", Circuit, "48201"}, "own state"},
			{Opening{"CR-2026-1", Federal, "28033"}, "federal district"},
			{Opening{"CR-2026-1", "rumor", "28033"}, "kind of court"},
		} {
			_, err := w.Open(ctx, pat, c.o)
			if got := said(err); (got == "") != (c.says == "") || !strings.Contains(got, c.says) {
				t.Errorf("%+v: %q", c.o, got)
			}
		}
	})
}

// A payment that may be one that stands is refused until docket entries tell the two apart.
func TestAPaymentIsEnteredOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("3:26-cr-12")
		w.enter(c, steps(t, "2026-03-02 charged 1 indictment counts:1=us-18-1591\n2026-05-04 plea 1 guilty counts:1\n2026-08-03 restitution_ordered - joint cents:100 item:1 shares:1=100")...)
		pay := func(docket int, cents int64) (store.ID, string) {
			e := Entry{ID: store.NewID(), Step: RestitutionPaid, Day: 20260901, Cents: cents, Item: 1, DocketEntry: docket}
			return e.ID, said(w.Enter(ctx, ann, c.ID, e))
		}
		refused := func(docket int, want string) {
			t.Helper()
			if _, got := pay(docket, 1000); !strings.Contains(got, want) {
				t.Errorf("under %d: %q, want %q", docket, got, want)
			}
		}
		first, why := pay(0, 1000)
		if _, other := pay(0, 1001); why != "" || other != "" {
			t.Fatalf("%q %q", why, other)
		}
		refused(0, "without its docket entry")
		refused(7, "without its docket entry")
		if err := w.Say(ctx, ann, c.ID, first, Word{Standing: Confirmed, DocketEntry: 6}); err != nil {
			t.Fatal(said(err))
		}
		refused(0, "under docket entry 6")
		refused(6, "under docket entry 6")
		if _, why := pay(7, 1000); why != "" {
			t.Errorf("another one: %q", why)
		}
		if err := w.Say(ctx, ann, c.ID, first, Word{Standing: Withdrawn, Why: "entered_twice"}); err != nil {
			t.Fatal(said(err))
		}
		if _, why := pay(6, 1000); why != "" {
			t.Errorf("in place of one that was withdrawn: %q", why)
		}
	})
}

// The same row twice, from two tabs or by the Back button, is one row; two people at once leave a case that holds.
func TestRowsSentTwiceAndAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("3:26-cr-12")
		charge := steps(t, "2026-03-02 charged 1 indictment counts:1=us-18-1591")[0]
		charge.ID = store.NewID()
		w.enter(c, charge, charge)
		var wg sync.WaitGroup
		outcomes := make(chan error, 8)
		for range 8 {
			wg.Go(func() {
				e := Entry{Step: Plea, Day: 20260504, Defendant: 1, What: Guilty, Counts: []Count{{1, ""}}}
				outcomes <- w.Enter(ctx, ann, c.ID, e)
			})
		}
		wg.Wait()
		close(outcomes)
		took := 0
		for err := range outcomes {
			if err == nil {
				took++
			} else if !strings.Contains(said(err), "not open any more") {
				t.Error(err)
			}
		}
		entries, err := entriesOf(ctx, w.db, here, c.ID)
		if err != nil || took != 1 || len(entries) != 2 {
			t.Errorf("%d pleas were taken, %d rows: %v", took, len(entries), err)
		}
	})
}

func TestConfirmingAndWithdrawing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("3:26-cr-12")
		w.enter(c, steps(t, "2026-03-02 charged 1 indictment counts:1=us-18-1591\n2026-05-04 plea 1 guilty counts:1\n2026-08-03 sentence 1 prison months:180 docket_entry:88")...)
		entries, _ := entriesOf(ctx, w.db, here, c.ID)
		plea, sentence := entries[1], entries[2]
		try := func(e Entry, word Word) string { return said(w.Say(ctx, abe, c.ID, e.ID, word)) }
		if got := try(plea, Word{Standing: Confirmed}); !strings.Contains(got, "number in the docket") {
			t.Errorf("confirmed without evidence: %q", got)
		}
		if got := try(plea, Word{Standing: Withdrawn, Why: "she asked"}); !strings.Contains(got, "why") {
			t.Errorf("withdrawn in words: %q", got)
		}
		if got := try(plea, Word{Standing: Withdrawn, Why: "wrong_case"}); !strings.Contains(got, "Sentence of Aug 3, 2026 rests on this step") {
			t.Errorf("the plea under a sentence: %q", got)
		}
		if got := try(sentence, Word{Standing: Confirmed}); got != "" {
			t.Errorf("confirmed by the number that it came with: %q", got)
		}
		if got := try(sentence, Word{Standing: Confirmed}); got != ErrStood.Message {
			t.Errorf("confirmed twice: %q", got)
		}
		for _, e := range []Entry{sentence, plea} {
			if got := try(e, Word{Standing: Withdrawn, Why: "wrong_case"}); got != "" {
				t.Errorf("from the end on: %q", got)
			}
		}
		if got := try(plea, Word{Standing: Confirmed, DocketEntry: 3}); got != ErrStood.Message {
			t.Errorf("what was withdrawn comes back: %q", got)
		}
		if said, _ := standingsOf(ctx, w.db, here, c.ID); len(said) != 6 {
			t.Errorf("the history has %d words, not 6", len(said))
		}
		if err := w.Say(ctx, pat, c.ID, plea.ID, Word{Standing: Confirmed, DocketEntry: 1}); !errors.Is(err, ErrNone) {
			t.Errorf("another office: %v", err)
		}
		w.enter(c, steps(t, "2026-05-05 plea 1 guilty counts:1")...)
	})
}

// Nothing of a case is ever changed or gone: each change is a leaf of the log, and rows only come.
func TestHistoryOnlyGrows(t *testing.T) {
	w := one(t)
	leaves := func() (n int) {
		if err := w.db.QueryRow(ctx, `select count(*) from custody_leaf where program = $1`, here).Scan(&n); err != nil && !errors.Is(err, sql.ErrNoRows) {
			t.Fatal(err)
		}
		return n
	}
	before := leaves()
	c := w.open("3:26-cr-12")
	w.enter(c, steps(t, "2026-03-02 charged 1 indictment counts:1=us-18-1591\n2026-05-04 plea 1 guilty counts:1")...)
	first, _ := entriesOf(ctx, w.db, here, c.ID)
	w.confirmAll(c)
	if err := w.Say(ctx, ann, c.ID, first[1].ID, Word{Standing: Withdrawn, Why: "entered_in_error"}); err != nil {
		t.Fatal(err)
	}
	if got := leaves() - before; got != 6 {
		t.Errorf("%d leaves for six changes", got)
	}
	now, _ := entriesOf(ctx, w.db, here, c.ID)
	for i := range first {
		a, b := first[i], now[i]
		a.Standing, a.DocketEntry, a.Why, b.Standing, b.DocketEntry, b.Why = "", 0, "", "", 0, ""
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%v became %v", a, b)
		}
	}
}

// Whatever people do, in whatever order, what stands follows its rules, the figures are what the steps say, and what is refused leaves nothing.
func TestWhateverPeopleDo(t *testing.T) {
	w := one(t)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		c := w.open(fmt.Sprintf("1:26-cr-%d", n))
		day := Day(20260101)
		for range rapid.IntRange(1, 18).Draw(r, "acts") {
			day = day.add(rapid.IntRange(-5, 20).Draw(r, "days"))
			entries, err := entriesOf(ctx, w.db, here, c.ID)
			if err != nil {
				r.Fatal(err)
			}
			if len(entries) > 0 && rapid.IntRange(0, 3).Draw(r, "say") == 0 {
				e := rapid.SampledFrom(entries).Draw(r, "entry")
				word := rapid.SampledFrom([]Word{{Standing: Confirmed, DocketEntry: 5}, {Standing: Withdrawn, Why: "entered_twice"}}).Draw(r, "word")
				err = w.Say(ctx, abe, c.ID, e.ID, word)
			} else {
				err = w.Enter(ctx, ann, c.ID, anything(r, day))
			}
			if err != nil && strings.HasPrefix(said(err), "not a fault") {
				r.Fatal(err)
			}
			after, err2 := entriesOf(ctx, w.db, here, c.ID)
			if err2 != nil || err != nil && !slices.EqualFunc(entries, after, func(a, b Entry) bool { return a.ID == b.ID && a.Standing == b.Standing }) {
				r.Fatalf("what was refused left something: %v", err2)
			}
		}
		p, _ := w.program(here)
		if err := checkCase(ctx, w.db, c, p); err != nil {
			r.Fatal(err)
		}
	})
	if err := w.Check(ctx, here); err != nil {
		t.Error(err)
	}
}

func anything(r *rapid.T, day Day) Entry {
	f := rapid.SampledFrom(forms).Draw(r, "step")
	e := Entry{Step: f.step, Day: day, DocketEntry: rapid.IntRange(0, 2).Draw(r, "docket")}
	if f.what != nil {
		e.What = rapid.SampledFrom(f.what).Draw(r, "what")
	}
	if f.step == ExtraditionRequested {
		e.What = "KH"
	}
	if f.defendant {
		e.Defendant = rapid.IntRange(1, 2).Draw(r, "defendant")
	}
	if f.counts != "" {
		e.Counts = []Count{{1, ""}}
		if f.counts == "new" {
			e.Counts[0].Statute = rapid.SampledFrom([]string{"us-18-1591", "us-18-1343"}).Draw(r, "statute")
		}
	}
	if e.What == Prison {
		e.Months = rapid.IntRange(1, 400).Draw(r, "months")
	}
	if e.What == Probation {
		e.Probation = 36
	}
	if f.cents != "" {
		e.Cents = int64(rapid.IntRange(1, 3).Draw(r, "cents"))
	}
	if f.item != "" {
		e.Item = rapid.IntRange(1, 2).Draw(r, "item")
	}
	if f.other != "" {
		e.OtherDay = day
	}
	if f.shares {
		e.What, e.Shares = Joint, []Share{{1, e.Cents}}
	}
	return e
}
