// SPDX-License-Identifier: Apache-2.0

package result_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/prosecution/result"
)

// one world on SQLite, for what the engine does not matter to.
func single(t *testing.T, operations result.Operations) *world {
	t.Helper()
	db, clock := storetest.SQLite(t, schemas())
	return build(t, db, clock, operations, nil)
}

// What is typed wrong is refused, with the field and a reason that helps.
func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	w := single(t, surge{})
	for _, c := range []struct{ typed, field, says string }{
		{"kind=arrest date=2026-11-01 role=buyer age=minor offense=40A", "age", "child protection now"},
		{"kind=arrest date=2026-11-01 role=buyer age=minor offense=40A", "age", "97-29-49"},
		{"kind=arrest date=2026-11-01 role=other age=unknown offense=40A", "age", "may be a minor"},
		{"kind=arrest date=2026-11-01 role=person_sold age=minor", "age", "never entered as arrested for prostitution"},
		{"kind=arrest date=2026-11-01 role=person_sold age=adult booking=B-1", "booking", "not kept of a person who was sold"},
		{"kind=arrest date=2026-11-01 role=buyer age=adult organization=nobody", "organization", "not on your program's list"},
		{"kind=arrest date=2026-11-24 role=buyer age=adult", "date", "future"},
		{"kind=arrest date=1999-12-31 role=buyer age=adult", "date", "2000"},
		{"kind=arrest date=11/01/2026 role=buyer age=adult", "date", "like 2026-09-30"},
		{"kind=arrest date=2026-11-01 role=buyer", "age", "missing"},
		{"kind=arrest date=2026-11-01 role=buyer age=adult amount=5", "amount", "does not belong"},
		{"kind=arrest date=2025-08-26 operation=op-0 role=buyer age=adult", "date", "outside the period of Operation 0, which is 2025-08-25 to 2025-08-25"},
		{"kind=arrest date=2025-08-26 operation=other role=buyer age=adult", "operation", "not an operation of your office"},
		{"kind=narcotic date=2026-11-01 item=heroin amount=-1 unit=kg", "amount", "below zero"},
		{"kind=narcotic date=2026-11-01 item=heroin amount=0 unit=kg", "amount", "is zero"},
		{"kind=narcotic date=2026-11-01 item=heroin amount=101 unit=t", "amount", "100 metric tons"},
		{"kind=narcotic date=2026-11-01 item=heroin amount=0.0000001 unit=kg", "amount", "finer than a milligram"},
		{"kind=narcotic date=2026-11-01 item=heroin amount=1.041,50 unit=kg", "amount", "not a number"},
		{"kind=narcotic date=2026-11-01 item=heroin amount=1 unit=stone", "unit", "none of g, kg, t, oz, lb, mg"},
		{"kind=narcotic date=2026-11-01 item=heroin amount=1", "unit", "missing"},
		{"kind=currency date=2026-11-01 amount=1 unit=kg", "unit", "does not belong"},
		{"kind=currency date=2026-11-01 amount=1.005", "amount", "parts of a cent"},
		{"kind=currency date=2026-11-01 amount=1,00", "amount", "not a number"},
		{"kind=weapon date=2026-11-01 item=handgun count=1.5", "count", "whole number"},
		{"kind=weapon date=2026-11-01 item=handgun evidence=report number=Jane", "number", "Never a name"},
		{"kind=weapon date=2026-11-01 item=handgun number=R-1", "evidence", "missing"},
		{"kind=vehicle date=2026-11-01 item=car amount=1", "valued_on", "of which day"},
		{"kind=recovery date=2026-11-01 certainty=potential age=minor exploitation=sex", "handed_to", "handed to child protection at once"},
		{"kind=recovery date=2026-11-01 certainty=potential age=minor exploitation=sex handed_to=child_protection handed_on=2026-11-01", "checked_on", "reported missing"},
		{"kind=recovery date=2026-11-01 certainty=potential age=minor exploitation=sex handed_to=helper handed_on=2026-11-01 consent=yes", "handed_to", "child_protection"},
		{"kind=recovery date=2026-11-01 certainty=confirmed age=adult exploitation=labor handed_to=helper handed_on=2026-11-01", "consent", "did not agree"},
		{"kind=total date=2026-11-01 covers=arrest amount=5", "amount", "does not belong to a total"},
		{"kind=total date=2026-11-01 covers=narcotic amount=5", "unit", "missing"},
		{"kind=check date=2026-11-01 covers=arrest count=5", "kind", "for files only"},
		{"kind=arrests date=2026-11-01", "kind", "not a kind"},
		{"kind=weapon date=2026-11-01 item=handgun county=Hinds", "county", "MS-28049"},
		{"kind=weapon date=2026-11-01 item=handgun operation=\xff", "operation", "readable text"},
	} {
		var l result.Line
		v := map[string]string{}
		for part := range strings.FieldsSeq(c.typed) {
			name, value, _ := strings.Cut(part, "=")
			v[name] = value
		}
		l = result.Typed(v)
		_, wrong, err := w.Enter(t.Context(), w.ana, []result.Line{l})
		said := ""
		if len(wrong) == 1 {
			for _, p := range wrong[0].Problems {
				if p.Field == c.field {
					said += p.Reason
				}
			}
		}
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(said, c.says) {
			t.Errorf("%s: %v, of %s: %q", c.typed, err, c.field, said)
		}
	}
	if rows, _, err := w.List(t.Context(), w.ana, result.Filter{Limit: 10}); err != nil || len(rows) > 0 {
		t.Errorf("%d rows were saved (%v)", len(rows), err)
	}
}

// Weights are exact, or say how they were rounded and keep what was typed.
func TestWeights(t *testing.T) {
	t.Parallel()
	w := single(t, nil)
	sum := int64(0)
	for _, c := range []struct {
		amount, unit string
		mg           int64
		rounded      string
	}{
		{"1", "mg", 1, ""}, {"2.5", "g", 2500, ""}, {"1.000001", "kg", 1_000_001, ""}, {"0.000000001", "t", 1, ""}, {"1,041.5", "kg", 1_041_500_000, ""},
		{"100", "lb", 45_359_237, ""}, {"1", "lb", 453_592, "1 lb is 453592.37 mg, rounded to 453592 mg"},
		{"1", "oz", 28_350, "1 oz is 28349.523125 mg, rounded to 28350 mg"}, {"100", "t", 100_000_000_000, ""},
	} {
		row := w.enter(w.ana, append(proof(1), "kind", "narcotic", "date", "2026-11-01", "item", "heroin", "amount", c.amount, "unit", c.unit)...)
		if row.Amount != c.mg || row.Detail.Rounded != c.rounded || row.Detail.Typed != c.amount || row.Detail.Unit != c.unit {
			t.Errorf("%s %s: %d mg, %q", c.amount, c.unit, row.Amount, row.Detail.Rounded)
		}
		check(t, w.Confirm(t.Context(), w.ben, row.ID))
		sum += c.mg
	}
	if got := w.one("narcotics"); got.Value != sum {
		t.Errorf("together %d, want %d", got.Value, sum)
	}
}

// A person whom two offices report counts twice until both say that it is one
// person, once then, and twice again when one takes that back.
func TestOnePersonTwoOffices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		arrest := func(by, second identity.Member, booking string) result.Result {
			t.Helper()
			row := w.enter(by, append(proof(1), "kind", "arrest", "date", "2026-11-01", "role", "trafficker", "age", "adult", "booking", booking)...)
			check(t, w.Confirm(ctx, second, row.ID))
			w.clock.Advance(time.Minute)
			return row
		}
		counts := func(want int64, when string) {
			t.Helper()
			if got := w.one("arrests").Value; got != want {
				t.Errorf("%s: %d arrests, want %d", when, got, want)
			}
			w.recounted()
		}
		first := arrest(w.ana, w.ben, "hc-2026.0042")
		second := arrest(w.cora, w.dan, "HC/2026-0042")
		arrest(w.ana, w.ben, "HC-2026-0043")
		pairs, err := w.Matches(ctx, w.ana, first.ID)
		if err != nil || len(pairs) != 1 || pairs[0].State != result.Proposed {
			t.Fatalf("proposed: %+v (%v)", pairs, err)
		}
		pair := pairs[0].ID
		counts(3, "proposed")
		check(t, w.Say(ctx, w.ana, pair, result.Same))
		counts(3, "one side said so")
		check(t, w.Say(ctx, w.cora, pair, result.Same))
		counts(2, "both said so")
		if err := w.Withdraw(ctx, w.ana, first.ID, "wrong"); !errors.Is(err, result.ErrCounts) {
			t.Errorf("withdrawing the arrest that counts for both: %v", err)
		}
		// Nor does either become a person who was sold, who counts nowhere, while they are joined.
		sold := line(append(proof(1), "kind", "arrest", "date", "2026-11-01", "role", "person_sold", "age", "adult")...)
		for _, c := range []struct {
			by   identity.Member
			id   store.ID
			want error
		}{{w.ana, first.ID, result.ErrCounts}, {w.cora, second.ID, result.ErrState}} {
			now, _, err := w.Get(ctx, c.by, c.id)
			check(t, err)
			if _, err := w.Change(ctx, c.by, c.id, now.Version, sold); !errors.Is(err, c.want) {
				t.Errorf("an arrest that stands with another becomes a person sold: %v, not %v", err, c.want)
			}
		}
		counts(2, "neither was changed")
		check(t, w.Unsay(ctx, w.dan, pair))
		counts(3, "taken back")
		check(t, w.Withdraw(ctx, w.ana, first.ID, "wrong"))
		counts(2, "withdrawn")
		if _, _, err := w.Get(ctx, w.cora, first.ID); !errors.Is(err, result.ErrNone) {
			t.Errorf("another office reads the row: %v", err)
		}
	})
}

// Somebody who was sold is in no figure of arrests, whoever asks however.
func TestPersonsSoldAreNoHeadline(t *testing.T) {
	t.Parallel()
	w := single(t, nil)
	row := w.enter(w.ana, append(proof(1), "kind", "arrest", "date", "2026-11-01", "role", "person_sold", "age", "adult", "offense", "40A")...)
	check(t, w.Confirm(t.Context(), w.ben, row.ID))
	for _, where := range []map[string]string{nil, {"offense": "40A"}, {"role": "person_sold"}, {"organization": figure.Other}} {
		if cells := w.figures("arrests", where, "offense"); len(cells) != 0 {
			t.Errorf("%v: %+v", where, cells)
		}
	}
	if got := w.one("arrests_persons_sold"); got.Value != 1 {
		t.Errorf("on its own: %+v", got)
	}
}

// Whoever turns out to have been sold leaves the figure of arrests, and no number and no
// group of theirs is kept, not in the history either, nor does taking it back bring them back.
func TestOfAPersonSoldNoNumberIsKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		check(t, w.SetOrganization(ctx, w.admin, result.Organization{ID: "ms-13", Name: "MS-13"}))
		arrest := func(role string, more ...string) result.Line {
			return line(append(append(proof(1), "kind", "arrest", "date", "2026-11-01", "role", role, "age", "adult"), more...)...)
		}
		row := w.enter(w.ana, append(proof(1), "kind", "arrest", "date", "2026-11-01", "role", "trafficker", "age", "adult", "booking", "B-20260042", "state_id", "A1234567", "organization", "ms-13")...)
		for i, l := range []result.Line{arrest("buyer", "booking", "B-20260043", "organization", "ms-13"), arrest("person_sold")} {
			if wrong, err := w.Change(ctx, w.ana, row.ID, int64(i+1), l); err != nil {
				t.Fatal(err, wrong)
			}
		}
		look := func() {
			t.Helper()
			now, changes, err := w.Get(ctx, w.ana, row.ID)
			check(t, err)
			for _, r := range []result.Result{now, changes[0].Before, changes[0].After, changes[len(changes)-2].Before, changes[len(changes)-1].Before, changes[len(changes)-1].After} {
				if r.Booking != nil || r.StateID != nil || r.Organization != "" {
					t.Errorf("kept of a person who was sold: %+v", r)
				}
			}
			w.recounted()
		}
		look()
		check(t, w.Undo(ctx, w.ana, row.ID))
		look()
	})
}

// Whoever changed a row of another's file confirms the file, and not what they wrote.
func TestConfirmingAFileLeavesOnesOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		im, err := w.Upload(ctx, w.ana, "two.csv", strings.NewReader("kind,date,item,count,evidence,number\nweapon,2026-11-01,rifle,1,report,A-1\nweapon,2026-11-01,rifle,2,report,A-2\n"))
		check(t, err)
		check(t, w.Commit(ctx, w.ana, im.ID))
		w.due()
		rows, _, err := w.List(ctx, w.ben, result.Filter{Limit: 10})
		check(t, err)
		_, err = w.Change(ctx, w.ben, rows[0].ID, rows[0].Version, line("kind", "weapon", "date", "2026-11-01", "item", "rifle", "count", "500", "evidence", "report", "number", "A-9"))
		check(t, err)
		check(t, w.ConfirmImport(ctx, w.ben, im.ID))
		w.due()
		w.recounted()
		if got := w.one("weapons"); got.Value > 2 || got.Rows != 1 || got.Unproven != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// Nobody confirms their own, nobody another office's; a change must be confirmed
// again; what is taken back is in the history and comes back.
func TestARowsLife(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		row := w.enter(w.ana, append(proof(1), "kind", "weapon", "date", "2026-11-01", "item", "rifle", "count", "3")...)
		if err := w.Confirm(ctx, w.ana, row.ID); !errors.Is(err, result.ErrOwn) {
			t.Errorf("one's own: %v", err)
		}
		if err := w.Confirm(ctx, w.cora, row.ID); !errors.Is(err, result.ErrNone) {
			t.Errorf("another office's: %v", err)
		}
		// What somebody wrote over another's is theirs: that other confirms it, and they do not.
		over := w.enter(w.ana, append(proof(2), "kind", "weapon", "date", "2026-11-02", "item", "rifle", "count", "1")...)
		_, err := w.Change(ctx, w.ben, over.ID, over.Version, line(append(proof(2), "kind", "weapon", "date", "2026-11-02", "item", "rifle", "count", "500")...))
		check(t, err)
		if err := w.Confirm(ctx, w.ben, over.ID); !errors.Is(err, result.ErrOwn) {
			t.Errorf("what one wrote over another's: %v", err)
		}
		check(t, w.Withdraw(ctx, w.ben, over.ID, "Entered by mistake."))
		check(t, w.Confirm(ctx, w.ben, row.ID))
		edit := line(append(proof(1), "kind", "weapon", "date", "2026-11-01", "item", "rifle", "count", "30")...)
		if _, err := w.Change(ctx, w.ana, row.ID, row.Version, edit); !errors.Is(err, result.ErrMoved) {
			t.Errorf("over what somebody did meanwhile: %v", err)
		}
		_, err = w.Change(ctx, w.ana, row.ID, row.Version+1, edit)
		check(t, err)
		if got := w.one("weapons"); got.Value != 0 || got.Unproven != 1 {
			t.Errorf("changed and not confirmed again: %+v", got)
		}
		if err := w.Undo(ctx, w.ana, row.ID); !errors.Is(err, result.ErrOwn) {
			t.Errorf("an undo that confirms one's own: %v", err)
		}
		check(t, w.Undo(ctx, w.ben, row.ID))
		if got := w.one("weapons"); got.Value != 3 {
			t.Errorf("taken back: %+v", got)
		}
		now, changes, err := w.Get(ctx, w.ben, row.ID)
		check(t, err)
		if now.Quantity != 3 || len(changes) != 3 || changes[0].What != "undone" || changes[1].After.Quantity != 30 || changes[1].By != w.ana.ID {
			t.Errorf("the history: %+v", changes)
		}
		bare := w.enter(w.ana, "kind", "weapon", "date", "2026-11-01", "item", "rifle")
		if err := w.Confirm(ctx, w.ben, bare.ID); !errors.Is(err, result.ErrEvidence) {
			t.Errorf("without a document: %v", err)
		}
		w.recounted()
	})
}

// Every line of a file that is not right is listed, with its column and why, and
// nothing of the file is saved.
func TestABrokenFile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		var b strings.Builder
		b.WriteString("\ufeffkind,date,item,count,amount,unit,covers\n")
		for range 700 {
			b.WriteString("weapon,2026-11-01,knife,2,,,\n")
		}
		b.WriteString("weapon,2026-11-01,knife,-2,,,\n")           // 702
		b.WriteString("narcotic,2026-11-01,heroin,,5,stone,\n")    // 703
		b.WriteString("weapon,2026-11-01,knife\n")                 // 704
		b.WriteString("weapon,2026-11-01,kni\"fe,2,,,\n")          // 705
		b.WriteString("weapon,2027-11-01,knife,2,,,\n")            // 706
		b.WriteString("check,,,1401,,,weapon\n")                   // 707
		b.WriteString("narcotic,2026-11-01,heroin,,9999999,kg,\n") // 708
		im, err := w.Upload(ctx, w.ana, "broken.csv", strings.NewReader(b.String()))
		check(t, err)
		list, err := w.Problems(ctx, w.ana, im.ID, 0)
		check(t, err)
		more, err := w.Problems(ctx, w.ana, im.ID, 1) // what the file's own totals say is known at its end
		check(t, err)
		list = append(list, more...)
		if im.State != result.Broken || im.Problems != 7 || len(list) != 7 {
			t.Fatalf("%s, %d: %+v", im.State, im.Problems, list)
		}
		for i, want := range []string{"702 count is below zero", "703 unit is none of", "704  has 3 cells", "705  a quotation mark", "706 date is in the future",
			"708 amount is more than one row can hold", "707 count says 1,401, and the rows of this file add up to 1,400"} {
			if got := fmt.Sprint(list[i].Line, " ", list[i].Column, " ", list[i].Reason); !strings.HasPrefix(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		}
		if err := w.Commit(ctx, w.ana, im.ID); !errors.Is(err, result.ErrUndecided) {
			t.Errorf("committed all the same: %v", err)
		}
		w.due()
		if got := w.one("weapons"); got.Rows+got.Unproven != 0 {
			t.Errorf("counted: %+v", got)
		}
		for name, text := range map[string]string{
			"no rows": "kind,date\n", "empty": "", "a column nobody knows": "kind,date,name\narrest,2026-11-01,x\n", "no kind": "date\n2026-11-01\n", "twice": "kind,date,date\n",
		} {
			if im, err := w.Upload(ctx, w.ana, name, strings.NewReader(text)); err != nil || im.State != result.Broken {
				t.Errorf("%s: %s (%v)", name, im.State, err)
			}
		}
		im, err = w.Upload(ctx, w.ana, "cut.csv", io.MultiReader(strings.NewReader("kind,date,item\nweapon,2026-11-01,knife\n"), iotest.ErrReader(errors.New("gone"))))
		if err == nil || im.State != result.Broken {
			t.Errorf("a file that broke off is %s (%v)", im.State, err)
		}
	})
}

// The same file is not taken twice, and what a crash cut off goes on where it was.
func TestAnImportGoesOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		var b strings.Builder
		b.WriteString("kind,date,item,count\n")
		for i := range 1200 {
			fmt.Fprintf(&b, "weapon,2026-11-%02d,knife,2\n", 1+i%20)
		}
		im, err := w.Upload(ctx, w.ana, "knives.csv", strings.NewReader(b.String()))
		check(t, err)
		check(t, w.Commit(ctx, w.ana, im.ID))
		if twin, err := w.Upload(ctx, w.ben, "again.csv", strings.NewReader(b.String())); err != nil || twin.State != result.Broken {
			t.Errorf("the same file again is %s (%v)", twin.State, err)
		}
		// A crash after the first part: the database refuses the second.
		check(t, w.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`update result_import_part set part = 99 where import = $1 and what = 'rows' and part = 1`, im.ID)
			return err
		}))
		w.due()
		half, err := w.Import(ctx, w.ana, im.ID)
		check(t, err)
		if got := w.one("weapons"); got.Unproven != 0 {
			t.Errorf("half an import counts: %+v", got)
		}
		if half.Done != 500 || half.State != result.Committing {
			t.Errorf("after the crash: %+v", half)
		}
		check(t, w.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`update result_import_part set part = 1 where import = $1 and part = 99`, im.ID)
			return err
		}))
		w.clock.Advance(time.Hour)
		w.due()
		if got := w.one("weapons"); got.Unproven != 1200 {
			t.Errorf("in the end: %+v", got)
		}
		w.recounted()
		// A crash while what was put aside is deleted: some of it is gone, and all rows are there.
		check(t, w.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`update result_import set state = 'committing' where id = $1`, im.ID)
			if err == nil {
				_, err = tx.Exec(`insert into result_import_part (program, import, what, part, body) values ($1, $2, 'rows', 2, $3)`, here, im.ID, []byte("what is deleted is not read"))
			}
			if err != nil {
				return err
			}
			return jobs.Enqueue(tx, jobs.Job{Program: here, Kind: result.KindCommit, Payload: im.ID[:]})
		}))
		w.due()
		var left int
		check(t, w.db.QueryRow(ctx, `select count(*) from result_import_part where import = $1`, im.ID).Scan(&left))
		if got, err := w.Import(ctx, w.ana, im.ID); err != nil || got.State != result.Done || left != 0 {
			t.Errorf("after a crash at the end: %+v, %d parts, %v", got, left, err)
		}
		w.recounted()
	})
}

// An import that an earlier build began to write is finished, wherever it broke off: every row is there once and counted once, and pairs are proposed.
func TestAnImportOfAnEarlierBuildIsFinished(t *testing.T) {
	for name, left := range map[string]struct {
		parts   int64
		counted int
	}{"nothing written": {0, 0}, "one part written": {1, 0}, "all written": {3, 0}, "some counted": {3, 700}, "all counted": {3, 1200}} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				ctx := t.Context()
				var b strings.Builder
				b.WriteString("kind,date,item,count,role,age,booking\n")
				for i := range 1200 {
					if i%2 == 0 {
						fmt.Fprintf(&b, "weapon,2026-11-%02d,knife,2,,,\n", 1+i%20)
					} else {
						fmt.Fprintf(&b, "arrest,2026-11-%02d,,,buyer,adult,B-%d\n", 1+i%20, i/4)
					}
				}
				im, err := w.Upload(ctx, w.ana, "both.csv", strings.NewReader(b.String()))
				check(t, err)
				check(t, w.Commit(ctx, w.ana, im.ID))
				check(t, w.LeaveAsBefore(ctx, im, left.parts, left.counted))
				w.due()
				got, err := w.Import(ctx, w.ana, im.ID)
				if err != nil || got.State != result.Done {
					t.Fatalf("%+v %v", got, err)
				}
				var rows, pairs, aside int
				for into, query := range map[*int]string{&rows: `select count(*) from result where origin = $1`, &aside: `select count(*) from result_import_part where import = $1`} {
					check(t, w.db.QueryRow(ctx, query, im.ID).Scan(into))
				}
				check(t, w.db.QueryRow(ctx, `select count(*) from result_match`).Scan(&pairs))
				if weapons := w.one("weapons"); weapons.Unproven != 600 || rows != 1200 || pairs != 300 || aside != 0 {
					t.Errorf("%+v, %d rows, %d pairs, %d parts are left", weapons, rows, pairs, aside)
				}
				w.recounted()
			})
		})
	}
}
