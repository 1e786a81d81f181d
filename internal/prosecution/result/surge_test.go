// SPDX-License-Identifier: Apache-2.0

package result_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/store/storetest"
	"waylight/internal/prosecution/result"
)

// A surge as it was announced: 400 operations in 43 days, 3,266 arrests, of whom
// 2,994 are said to belong to four organizations, 1,067 weapons, more than
// $3,250,000 in currency and approximately 91 metric tons of narcotics. The four
// numbers do not add up to the whole, and nobody may make them.
var (
	surgeFrom = time.Date(2025, 8, 25, 0, 0, 0, 0, time.UTC)
	surgeDays = 43
	members   = []struct {
		id, name string
		arrests  int64
	}{{"sinaloa", "Sinaloa", 1041}, {"cjng", "Cártel Jalisco Nueva Generación (CJNG)", 856}, {"ms-13", "MS-13", 641}, {"tda", "Tren de Aragua", 456}}
)

const (
	surgeOperations = 400
	surgeArrests    = 3266
	surgeWeapons    = 1067
)

// surge knows the operations of the surge, each on one day.
type surge struct{}

func (surge) Operation(_ context.Context, _ store.Reader, _ policy.Subject, id string) (result.Operation, bool, error) {
	var n int
	if _, err := fmt.Sscanf(id, "op-%d", &n); err != nil || n < 0 || n >= surgeOperations {
		return result.Operation{}, false, nil
	}
	on := surgeFrom.AddDate(0, 0, n%surgeDays).Add(18 * time.Hour)
	return result.Operation{ID: id, Name: fmt.Sprintf("Operation %d", n), From: on, To: on, Offices: []string{bureau}}, true, nil
}

func (surge) Mine(context.Context, store.Reader, policy.Subject) ([]result.Operation, error) {
	return nil, nil
}

func (surge) Name(_ context.Context, _ store.Reader, _, id string) (string, error) { return id, nil }

// Surges says that the first three operations are those of one that is over.
func (surge) Surges(context.Context, store.Reader, string) (map[string]string, error) {
	return map[string]string{"op-0": "first", "op-1": "first", "op-2": "first"}, nil
}

func (surge) SurgeName(_ context.Context, _ store.Reader, _, id string) (string, error) {
	return id, nil
}

// What came of the operations of a surge is counted under it, and leads to its rows; all
// else is of no surge.
func TestByWhichSurge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Operations = surge{}
		for i, operation := range []string{"op-0", "op-1", "op-1", "op-7", ""} {
			on, more := surgeFrom.AddDate(0, 0, i), []string{}
			if operation != "" {
				at, _, _ := surge{}.Operation(t.Context(), w.db, policy.Subject{}, operation)
				on, more = at.From, []string{"operation", operation}
			}
			row := w.enter(w.ana, append(append(proof(i), "kind", "weapon", "date", day(on), "item", "rifle", "count", "2"), more...)...)
			check(t, w.Confirm(t.Context(), w.ben, row.ID))
		}
		got := map[string]int64{}
		for _, c := range w.figures("weapons", nil, "surge") {
			got[c.Key[0]] = c.Value
		}
		if len(got) != 2 || got["first"] != 6 || got[figure.Other] != 4 {
			t.Errorf("by surge: %v", got)
		}
		for value, want := range map[string]int{"first": 3, figure.Other: 2, "second": 0} {
			ask := figure.Query{Program: here, Where: map[string]string{"surge": value}}
			rows, _, err := w.measure("weapons").Rows(t.Context(), w.db, ask, "", 10)
			cells, err2 := w.measure("weapons").Cells(t.Context(), w.db, ask)
			if err != nil || err2 != nil || len(rows) != want || want > 0 && cells[0].Value != int64(2*want) {
				t.Errorf("of %s: %d rows, %+v (%v, %v)", value, len(rows), cells, err, err2)
			}
		}
	})
}

// surgeFile is the surge as a file of results. What nobody was said to belong to
// has an empty group.
func surgeFile() string {
	var b strings.Builder
	b.WriteString("kind,date,operation,organization,role,age,booking,item,count,amount,unit,qualifier,covers,evidence,number\n")
	n := 0
	row := func(kind, rest string) {
		op := n % surgeOperations
		n++
		fmt.Fprintf(&b, "%s,%s,op-%d,%s,,report,HSTF-%05d\n", kind, day(surgeFrom.AddDate(0, 0, op%surgeDays)), op, rest, n)
	}
	left := surgeArrests
	for _, g := range members {
		for range g.arrests {
			row("arrest", fmt.Sprintf("%s,trafficker,adult,B-%06d,,,,,", g.id, n))
			left--
		}
	}
	for range left {
		row("arrest", fmt.Sprintf(",trafficker,adult,B-%06d,,,,,", n))
	}
	for range surgeWeapons {
		row("weapon", ",,,,handgun,1,,,")
	}
	row("currency", ",,,,,,\"3,250,000\",,more_than")
	for range 90 {
		row("narcotic", ",,,,cocaine,,1,t,about")
	}
	row("narcotic", ",,,,fentanyl,,1000,kg,about")
	for covers, says := range map[string]string{"arrest": fmt.Sprint(",,,,,", surgeArrests, ",,,"), "weapon": ",,,,,1067,,,", "currency": ",,,,,,3250000,,", "narcotic": ",,,,,,91,t,"} {
		fmt.Fprintf(&b, "check,,,%s,%s,,\n", says, covers)
	}
	fmt.Fprintf(&b, "check,,,sinaloa,,,,,1041,,,,arrest,,\n")
	return b.String()
}

// A file that was announced as a whole comes out as it was announced: through the
// import, confirmed by a second person, and with no group made to fit.
func TestTheAnnouncedSurge(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := build(t, db, clock, surge{}, nil)
		ctx := t.Context()
		for _, g := range members {
			check(t, w.SetOrganization(ctx, w.admin, result.Organization{ID: g.id, Name: g.name}))
		}
		im, err := w.Upload(ctx, w.ana, "surge.csv", strings.NewReader(surgeFile()))
		check(t, err)
		if im.State != result.Ready {
			wrong, _ := w.Problems(ctx, w.ana, im.ID, 0)
			t.Fatalf("the file is %s: %v", im.State, wrong)
		}
		check(t, w.Commit(ctx, w.ana, im.ID))
		if got := w.one("arrests"); got.Value+got.Unproven != 0 {
			t.Errorf("before the rows are written, %+v counts", got)
		}
		w.due()
		if got := w.one("arrests"); got.Value != 0 || got.Unproven != surgeArrests {
			t.Errorf("before anybody confirmed: %+v", got)
		}
		if err := w.ConfirmImport(ctx, w.ana, im.ID); err == nil {
			t.Error("whoever brought the file confirms it")
		}
		check(t, w.ConfirmImport(ctx, w.ben, im.ID))
		w.due()
		w.recounted()

		if got := w.one("arrests"); got.Value != surgeArrests || got.Unproven != 0 || got.Rows != surgeArrests {
			t.Errorf("arrests: %+v", got)
		}
		want := map[string]int64{figure.Other: 272}
		named := int64(0)
		for _, g := range members {
			want[g.id] = g.arrests
			named += g.arrests
		}
		by := w.figures("arrests", nil, "organization")
		if len(by) != len(want) || named != 2994 {
			t.Errorf("%d groups, %d in the four", len(by), named)
		}
		for _, c := range by {
			if c.Value != want[c.Key[0]] {
				t.Errorf("%s: %d, want %d", c.Key[0], c.Value, want[c.Key[0]])
			}
		}
		for name, want := range map[string]figure.Cell{
			"weapons":   {Value: 1067, Rows: 1067},
			"currency":  {Value: 3_250_000_00, Rows: 1, Qualifier: figure.MoreThan},
			"narcotics": {Value: 91 * 1_000_000_000, Rows: 91, Qualifier: figure.About},
		} {
			got := w.one(name)
			if got.Value != want.Value || got.Rows != want.Rows || got.Qualifier != want.Qualifier || got.Unproven != 0 {
				t.Errorf("%s: %+v, want %+v", name, got, want)
			}
		}
		if ops := w.figures("arrests", nil, "operation"); len(ops) != surgeOperations {
			t.Errorf("arrests in %d operations", len(ops))
		}
		months := w.figures("arrests", map[string]string{"organization": "tda"}, "month")
		if len(months) != 3 || months[0].Key[0] != "2025-08" || months[0].Value+months[1].Value+months[2].Value != 456 {
			t.Errorf("by month: %+v", months)
		}
		period, err := w.measure("arrests").Cells(ctx, db, figure.Query{Program: here, From: chicago(t, 2025, 8, 25), To: chicago(t, 2025, 10, 7)})
		check(t, err)
		short, err := w.measure("arrests").Cells(ctx, db, figure.Query{Program: here, From: chicago(t, 2025, 8, 25), To: chicago(t, 2025, 10, 6)})
		check(t, err)
		if period[0].Value != surgeArrests || short[0].Value >= surgeArrests {
			t.Errorf("43 days: %d, 42 days: %d", period[0].Value, short[0].Value)
		}
		drilled, after := 0, ""
		for {
			rows, next, err := w.measure("arrests").Rows(ctx, db, figure.Query{Program: here, Where: map[string]string{"organization": figure.Other}}, after, 100)
			check(t, err)
			drilled += len(rows)
			if after = next; next == "" {
				break
			}
		}
		if drilled != 272 {
			t.Errorf("%d rows behind the 272", drilled)
		}
	})
}

func chicago(t *testing.T, y int, m time.Month, d int) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("America/Chicago")
	check(t, err)
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}
