// SPDX-License-Identifier: Apache-2.0

package court

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

// The counting rules, each as its definition has it.
func TestEachIsCountedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i, c := range []struct{ name, lines, measure, by, want string }{
			{"several counts, one conviction, under the one that leads", `
2026-03-02 charged 1 indictment counts:1=us-18-1594,2=us-18-1591,3=us-18-1343
2026-05-04 plea 1 guilty counts:1,2,3`, mConvictions, "statute", "us-18-1591 1"},
			{"convicted of something less than what was charged", `
2026-03-02 charged 1 indictment counts:1=us-18-1591,2=us-18-2421
2026-05-04 plea 1 guilty counts:2
2026-05-04 dismissed 1 - counts:1`, mConvictions, "statute", "us-18-2421 1"},
			{"a plea to one count and a verdict on another: once, by the first", `
2026-03-02 charged 1 indictment counts:1=us-18-1591,2=us-18-1594
2026-05-04 plea 1 guilty counts:2
2026-06-04 verdict 1 guilty counts:1`, mConvictions, "how", "plea 1"},
			{"an indictment and two superseding ones: once, on the first day, under what leads last", `
2025-12-02 charged 1 indictment counts:1=us-18-2421
2026-02-02 charged 1 superseding counts:1=us-18-1591
2026-03-02 charged 1 superseding counts:1=us-18-1591,2=us-18-1594`, mIndictments, "year,statute", "2025/us-18-1591 1"},
			{"a complaint is no indictment", `
2026-03-02 charged 1 complaint counts:1=us-18-1591`, mIndictments, "", ""},
			{"an information is counted with them", `
2026-03-02 charged 1 complaint counts:1=us-18-1591
2026-03-12 charged 1 information counts:1=us-18-1594`, mIndictments, "statute", "us-18-1594 1"},
			{"two defendants are two", `
2026-03-02 charged 1 indictment counts:1=us-18-1591
2026-03-02 charged 2 indictment counts:1=us-18-1591`, mIndictments, "", " 2"},
			{"an acquittal and a hung jury are no convictions", `
2026-03-02 charged 1 indictment counts:1=us-18-1591,2=us-18-1594
2026-05-04 verdict 1 not_guilty counts:1
2026-05-04 verdict 1 hung counts:2`, mConvictions, "", ""},
			{"a vacated conviction is none, nor is its sentence", `
2026-03-02 charged 1 indictment counts:1=us-18-1591
2026-05-04 plea 1 guilty counts:1
2026-08-03 sentence 1 prison months:180
2026-08-10 appeal_noticed 1
2026-10-01 appeal_decided 1 conviction_vacated`, mConvictions, "", ""},
			{"a vacated sentence leaves the conviction; the new one is counted", `
2026-03-02 charged 1 indictment counts:1=us-18-1591
2026-05-04 plea 1 guilty counts:1
2026-08-03 sentence 1 prison months:180
2026-08-10 appeal_noticed 1
2026-10-01 appeal_decided 1 sentence_vacated
2026-11-02 sentence 1 prison months:120`, mSentences, "band", "120_179 1"},
			{"59 months", `
2026-03-02 charged 1 indictment counts:1=us-18-1591
2026-05-04 plea 1 guilty counts:1
2026-08-03 sentence 1 prison months:59`, mSentences, "band", "under_60 1"},
			{"60 months", `
2026-03-02 charged 1 indictment counts:1=us-18-1591
2026-05-04 plea 1 guilty counts:1
2026-08-03 sentence 1 prison months:60`, mSentences, "band", "60_119 1"},
			{"life", `
2026-03-02 charged 1 indictment counts:1=us-18-1591
2026-05-04 plea 1 guilty counts:1
2026-08-03 sentence 1 life`, mSentences, "band", "life 1"},
			{"an extradition stands at its furthest stage, on the day of the request", `
2025-12-02 charged 1 indictment counts:1=us-18-1589
2025-12-03 extradition_requested 1 KH
2026-02-03 extradition_granted 1
2026-03-03 extradition_arrived 1`, mExtraditions, "year,stage", "2025/extradition_arrived 1"},
			{"property counts once, at its last stage and value", `
2026-03-03 forfeiture_seized - digital_asset cents:15,000,000,000.00 item:1 other_day:2026-03-01
2026-05-03 forfeiture_ordered - digital_asset cents:14,999,999,999.99 item:1 other_day:2026-05-01`, mForfeiture, "stage,kind", "forfeiture_ordered/digital_asset 1499999999999"},
			{"a joint order counts once, in full", `
2026-03-02 charged 1 indictment counts:1=us-18-1591
2026-03-02 charged 2 indictment counts:1=us-18-1591
2026-05-04 plea 1 guilty counts:1
2026-05-04 plea 2 guilty counts:1
2026-08-03 restitution_ordered - joint cents:1,200,000.01 item:1 shares:1=1200000.01;2=1200000.01`, mOrdered, "standing", "ordered 120000001"},
			{"an amended order counts with its new total, on its own day", `
2025-10-02 charged 1 indictment counts:1=us-18-1591
2025-11-04 plea 1 guilty counts:1
2025-12-03 restitution_ordered - joint cents:100 item:1 shares:1=100
2026-02-03 restitution_amended - joint cents:90 item:1 shares:1=90`, mOrdered, "year,standing", "2025/amended 9000"},
			{"payments add up, each in its year", `
2025-10-02 charged 1 indictment counts:1=us-18-1591
2025-11-04 plea 1 guilty counts:1
2025-12-03 restitution_ordered - joint cents:100 item:1 shares:1=100
2025-12-31 restitution_paid - - cents:0.01 item:1
2026-01-01 restitution_paid - - cents:10 item:1
2026-02-01 restitution_paid - - cents:10 item:1`, mPaid, "year", "2025 1, 2026 2000"},
			{"trafficking charged and nothing asked for: the case once", `
2026-03-02 charged 1 indictment counts:1=us-18-1591
2026-03-03 charged 2 indictment counts:1=us-18-1591`, mUnasked, "", " 1"},
			{"asked for by one of two is not enough", `
2026-03-02 charged 1 indictment counts:1=us-18-1591
2026-03-03 charged 2 indictment counts:1=us-18-1591
2026-04-01 restitution_requested 1 - cents:100`, mUnasked, "", " 1"},
			{"asked for by both", `
2026-03-02 charged 1 indictment counts:1=us-18-1591
2026-03-03 charged 2 indictment counts:1=us-18-1591
2026-04-01 restitution_requested 1 - cents:100
2026-04-01 restitution_requested 2 -`, mUnasked, "", ""},
			{"nothing to ask for where trafficking was dismissed", `
2026-03-02 charged 1 indictment counts:1=us-18-1591,2=us-18-1343
2026-04-01 dismissed 1 - counts:1`, mUnasked, "", ""},
			{"wire fraud alone asks for nothing", `
2026-03-02 charged 1 indictment counts:1=us-18-1343`, mUnasked, "", ""},
		} {
			w.clean()
			one := w.open(fmt.Sprintf("1:26-cr-%d", i+1))
			w.enter(one, steps(t, c.lines)...)
			query := figure.Query{By: strings.FieldsFunc(c.by, func(r rune) bool { return r == ',' })}
			before := w.cells(c.measure, query)
			for key, cell := range before {
				if cell.Value != 0 || cell.Rows != 0 || cell.Unproven == 0 {
					t.Errorf("%s: %s counts before it is confirmed: %+v", c.name, key, cell)
				}
			}
			w.confirmAll(one)
			var got []string
			cells := w.cells(c.measure, query)
			for _, key := range slices.Sorted(maps.Keys(cells)) {
				got = append(got, fmt.Sprintf("%s %d", key, cells[key].Value))
				if cells[key].Unproven != 0 {
					t.Errorf("%s: %+v is not confirmed", c.name, cells[key])
				}
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("%s: %q, want %q", c.name, text, c.want)
			}
			if err := w.Check(ctx, here); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	})
}

// clean takes the cases before out of the figures, so that each stands alone.
func (w *world) clean() {
	w.t.Helper()
	for _, table := range []string{"court_fact", "court_tally", "court_charge", "court_clock", "court_standing", "court_entry", "court_seat", "court_case"} {
		if err := w.db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec("delete from " + table); return err }); err != nil {
			w.t.Fatal(err)
		}
	}
}

// Any period is the sum of its days, wherever it begins and ends, and the groups add up to the whole.
func TestPeriodsAreSumsOfTheirDays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.open("1:20-cr-1")
		zone := w.zoneOf(here)
		day := Day(20190115)
		perDay := map[Day]int64{}
		w.enter(c, Entry{Step: Charged, Day: 20190101, Defendant: 1, What: Indictment, Counts: []Count{{1, "us-18-1591"}}, DocketEntry: 1},
			Entry{Step: Plea, Day: 20190102, Defendant: 1, What: Guilty, Counts: []Count{{1, ""}}, DocketEntry: 1},
			Entry{Step: RestitutionOrdered, Day: 20190103, What: Joint, Cents: 1_000_000, Item: 1, Shares: []Share{{1, 1_000_000}}, DocketEntry: 1})
		for i := range 25 {
			w.enter(c, Entry{Step: RestitutionPaid, Day: day, Cents: int64(i + 1), Item: 1, DocketEntry: i + 5})
			perDay[day] += int64(i + 1)
			day = day.add([]int{1, 40, 13, 300, 28}[i%5])
		}
		w.confirmAll(c)
		rapid.Check(t, func(r *rapid.T) {
			from, to := Day(20181215).add(rapid.IntRange(0, 2000).Draw(r, "from")), Day(20181215).add(rapid.IntRange(0, 2400).Draw(r, "to"))
			var want int64
			for d, v := range perDay {
				if d >= from && d < to {
					want += v
				}
			}
			q := figure.Query{From: from.In(zone), To: to.In(zone), By: []string{dimYear}}
			var got int64
			for key, cell := range w.cells(mPaid, q) {
				got += cell.Value
				if one := w.cells(mPaid, figure.Query{From: q.From, To: q.To, Where: map[string]string{dimYear: key, dimState: "MS"}}); one[""].Value != cell.Value {
					r.Fatalf("the cell of %s is %d alone and %d among others", key, one[""].Value, cell.Value)
				}
			}
			if got != want || w.cells(mPaid, figure.Query{From: q.From, To: q.To})[""].Value != want {
				r.Fatalf("%s to %s: %d, want %d", from, to, got, want)
			}
		})
	})
}

// A cell leads to its rows, page by page, none twice; none names anybody.
func TestRowsBehindACell(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i := range 7 {
			c := w.open(fmt.Sprintf("1:26-cr-%d", i+1))
			w.enter(c, steps(t, "2026-03-02 charged 1 indictment counts:1=us-18-1591\n2026-03-02 charged 2 indictment counts:1=us-18-1594")...)
			w.confirmAll(c)
		}
		at := slices.IndexFunc(w.Room().Measures, func(m figure.Measure) bool { return m.Name == mIndictments })
		m := w.Room().Measures[at]
		seen, after := map[string]bool{}, ""
		for pages := 1; ; pages++ {
			rows, next, err := m.Rows(ctx, w.db, figure.Query{Program: here, Where: map[string]string{dimStatute: "us-18-1591"}}, after, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if seen[r.ID] || !strings.Contains(r.What, "defendant 1: charged, 18 USC 1591") || !strings.HasPrefix(r.Link, "/staff/court/") || r.Date.IsZero() {
					t.Errorf("%+v", r)
				}
				seen[r.ID] = true
			}
			if after = next; next == "" {
				if pages != 3 || len(seen) != 7 {
					t.Errorf("%d rows on %d pages", len(seen), pages)
				}
				return
			}
		}
	})
}

func TestAFigureIsNotDividedByWhatItDoesNotKnow(t *testing.T) {
	w := one(t)
	for _, m := range w.Room().Measures {
		for _, q := range []figure.Query{{Program: here, By: []string{"name"}}, {Program: here, Where: map[string]string{"1=1; --": ""}}, {Program: "nowhere"}} {
			if _, err := m.Cells(ctx, w.db, q); !errors.Is(err, errDimension) {
				t.Errorf("%s %+v: %v", m.Name, q, err)
			}
			if _, _, err := m.Rows(ctx, w.db, q, "", 1); !errors.Is(err, errDimension) {
				t.Errorf("%s %+v: %v", m.Name, q, err)
			}
		}
		for _, d := range m.Dimensions {
			cells, err := m.Cells(ctx, w.db, figure.Query{Program: here, By: []string{d.Name}, Where: map[string]string{dimYear: "never"}, From: time.Now()})
			if err != nil || len(cells) > 0 {
				t.Errorf("%s by %s: %v %v", m.Name, d.Name, cells, err)
			}
		}
	}
}
