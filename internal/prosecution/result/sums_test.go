// SPDX-License-Identifier: Apache-2.0

package result_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/prosecution/result"
)

// life does whatever people can do with results, in any order.
type life struct {
	*world
	rows    []result.Result
	booking int
	file    int
}

// After any sequence of entries, changes, confirmations, withdrawals, joins and
// what takes them back, the sums are what the rows add up to, and the figures are
// what a person with the whole list would count.
func TestSumsAreWhatTheRowsAddUpTo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		check(t, w.SetOrganization(t.Context(), w.admin, result.Organization{ID: "blue", Name: "Blue"}))
		l := &life{world: w}
		steps := 0
		rapid.Check(t, func(rt *rapid.T) {
			if steps > 400 { // what rapid asks beyond this holds the same
				return
			}
			for range rapid.IntRange(5, 25).Draw(rt, "steps") {
				steps++
				l.step(rt)
			}
			w.recounted()
			l.compare(rt)
		})
		if steps < 100 {
			t.Errorf("only %d steps", steps)
		}
	})
}

// bearable are the answers that a step may get: it could not be done as things are.
func bearable(err error) bool {
	k := fault.KindOf(err)
	return err == nil || k == fault.Conflict || k == fault.Forbidden || k == fault.NotFound
}

func (l *life) step(rt *rapid.T) {
	ctx := l.t.Context()
	who := rapid.SampledFrom([]identity.Member{l.ana, l.ben, l.cora, l.dan}).Draw(rt, "who")
	var err error
	act := rapid.SampledFrom([]string{"enter", "enter", "change", "confirm", "confirm", "withdraw", "undo", "undo", "say", "say", "unsay", "import"}).Draw(rt, "act")
	if len(l.rows) == 0 {
		act = "enter"
	}
	var some store.ID
	if len(l.rows) > 0 {
		some = rapid.SampledFrom(l.rows[max(0, len(l.rows)-12):]).Draw(rt, "row").ID
	}
	switch act {
	case "enter":
		rows, wrong, e := l.Enter(ctx, who, []result.Line{l.any(rt), l.any(rt)})
		if len(wrong) > 0 {
			rt.Fatal(wrong)
		}
		l.rows, err = append(l.rows, rows...), e
	case "change":
		now, _, e := l.Get(ctx, who, some)
		if err = e; e == nil {
			next := l.any(rt)
			if _, err = l.Change(ctx, who, some, now.Version, next); errors.Is(err, fault.New(fault.Invalid, "result.rows", "")) {
				err = nil // another kind
			}
		}
	case "confirm":
		err = l.Confirm(ctx, who, some)
	case "withdraw":
		err = l.Withdraw(ctx, who, some, "entered twice")
	case "undo":
		err = l.Undo(ctx, who, some)
	case "say", "unsay":
		list, e := l.Matches(ctx, who, some)
		if err = e; e != nil || len(list) == 0 {
			break
		}
		pair := rapid.SampledFrom(list).Draw(rt, "pair").ID
		if act == "say" {
			err = l.Say(ctx, who, pair, rapid.SampledFrom([]string{result.Same, result.Same, result.Different}).Draw(rt, "word"))
		} else {
			err = l.Unsay(ctx, who, pair)
		}
	case "import":
		l.bring(rt, who)
	}
	if !bearable(err) {
		rt.Fatalf("%s: %v", act, err)
	}
}

// any is a line that is right.
func (l *life) any(rt *rapid.T) result.Line {
	v := []string{"date", fmt.Sprintf("2026-0%d-1%d", rapid.IntRange(8, 9).Draw(rt, "month"), rapid.IntRange(0, 2).Draw(rt, "day"))}
	if rapid.Bool().Draw(rt, "proof") {
		v = append(v, proof(rapid.IntRange(1, 9).Draw(rt, "document"))...)
	}
	switch rapid.IntRange(0, 3).Draw(rt, "kind") {
	case 0:
		v = append(v, "kind", "weapon", "item", "rifle", "count", fmt.Sprint(rapid.IntRange(1, 5).Draw(rt, "count")))
	case 1:
		v = append(v, "kind", "narcotic", "item", "heroin", "amount", fmt.Sprint(rapid.IntRange(1, 5).Draw(rt, "amount")), "unit", "lb", "qualifier",
			rapid.SampledFrom([]string{"", "about", "at_least"}).Draw(rt, "qualifier"))
	default:
		role := rapid.SampledFrom([]string{"trafficker", "trafficker", "buyer", "person_sold"}).Draw(rt, "role")
		v = append(v, "kind", "arrest", "age", "adult", "role", role)
		if role != "person_sold" {
			v = append(v, "booking", fmt.Sprintf("B-%d", rapid.IntRange(1, 3).Draw(rt, "booking")+10*(len(l.rows)/12)),
				"organization", rapid.SampledFrom([]string{"", "blue"}).Draw(rt, "group"))
		}
	}
	return line(v...)
}

// bring imports a file, or reads one and thinks better of it.
func (l *life) bring(rt *rapid.T, who identity.Member) {
	ctx := l.t.Context()
	l.file++
	text := fmt.Sprintf("kind,date,role,age,booking,item,count,evidence,number\narrest,2026-09-11,buyer,adult,B-%d,,,report,F-%d\nweapon,2026-09-12,,,,knife,3,,\n", 10*(len(l.rows)/12)+1, l.file)
	im, err := l.Upload(ctx, who, "some.csv", strings.NewReader(text))
	if err != nil || im.State != result.Ready {
		rt.Fatal(im.State, err)
	}
	if rapid.Bool().Draw(rt, "discard") {
		if err := l.Discard(ctx, who, im.ID); err != nil {
			rt.Fatal(err)
		}
		return
	}
	if err := l.Commit(ctx, who, im.ID); err != nil {
		rt.Fatal(err)
	}
	l.due()
	if err := l.ConfirmImport(ctx, who, im.ID); !bearable(err) {
		rt.Fatal(err)
	}
	l.due()
}

// compare counts arrests and weapons from the rows themselves.
func (l *life) compare(rt *rapid.T) {
	var want [2]figure.Cell
	rows, err := l.db.Query(l.t.Context(), `select kind, role, state, evidence, quantity from result where program = 'ms' and state <> 'withdrawn' and same_as is null`)
	check(l.t, err)
	defer rows.Close()
	for rows.Next() {
		var kind, role, state, evidence string
		var n int64
		check(l.t, rows.Scan(&kind, &role, &state, &evidence, &n))
		at := map[string]int{"arrest": 0, "weapon": 1}
		i, counted := at[kind]
		switch {
		case !counted || role == "person_sold":
		case state == "confirmed" && evidence != "":
			want[i].Value += n
			want[i].Rows++
		default:
			want[i].Unproven++
		}
	}
	check(l.t, rows.Err())
	for i, name := range []string{"arrests", "weapons"} {
		if got := l.one(name); got.Value != want[i].Value || got.Rows != want[i].Rows || got.Unproven != want[i].Unproven {
			rt.Errorf("%s: the figure is %+v, the rows say %+v", name, got, want[i])
		}
	}
}
