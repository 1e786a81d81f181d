// SPDX-License-Identifier: Apache-2.0

package court

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func sheetOf(t testing.TB, fields map[string]string) (Worksheet, error) {
	t.Helper()
	set, err := packs()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := set.Program(here)
	row := map[string]string{"label": "Victim 1", "defendant": "1"}
	for k, v := range fields {
		row[k] = v
	}
	var w Worksheet
	err = w.read(p, func(key string) string { return row[key] })
	return w, err
}

// The formula of 18 USC 1593(b)(3), worked out by hand.
func TestTheFullAmount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		fields        map[string]string
		labor, amount string
	}{
		{"forty hours at $7.25", map[string]string{"from-1": "2024-01-01", "weeks-1": "1", "hours-1": "40"}, "$290.00", "$290.00"},
		{"one hour more is $10.875, rounded up once", map[string]string{"from-1": "2024-01-01", "weeks-1": "1", "hours-1": "41"}, "$300.88", "$300.88"},
		{"two such weeks are $601.75 and no cent more", map[string]string{"from-1": "2024-01-01", "weeks-1": "2", "hours-1": "41"}, "$601.75", "$601.75"},
		{"84 hours for ten weeks", map[string]string{"from-1": "2024-01-01", "weeks-1": "10", "hours-1": "84"}, "$7,685.00", "$7,685.00"},
		{"before and after the wage changed", map[string]string{"from-1": "2009-07-10", "weeks-1": "2", "hours-1": "40", "from-2": "2009-07-24", "weeks-2": "1", "hours-2": "40"}, "$814.00", "$814.00"},
		{"the gross income is greater", map[string]string{"from-1": "2024-01-01", "weeks-1": "10", "hours-1": "84", "gross": "$240,000"}, "$7,685.00", "$240,000.00"},
		{"losses come on top of the greater one", map[string]string{"from-1": "2024-01-01", "weeks-1": "10", "hours-1": "84", "gross": "7,684.99", "loss-medical": "1,000.01", "loss-lawyer": "0.99"}, "$7,685.00", "$8,686.00"},
		{"losses alone", map[string]string{"loss-therapy": "500"}, "$0.00", "$500.00"},
		{"a quarter of an hour", map[string]string{"from-1": "2024-01-01", "weeks-1": "1", "hours-1": "0.25"}, "$1.82", "$1.82"},
		{"the same in minutes", map[string]string{"from-1": "2024-01-01", "weeks-1": "1", "hours-1": "0:15"}, "$1.82", "$1.82"},
	} {
		w, err := sheetOf(t, c.fields)
		if err != nil || w.Text("labor") != c.labor || w.Text("total") != c.amount {
			t.Errorf("%s: %s of labor, %s in all: %v", c.name, w.Text("labor"), w.Text("total"), said(err))
		}
	}
}

func TestSheetsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field, value, says string
	}{
		{"label", "Jane Doe", "No names"}, {"label", "", "No names"}, {"label", "Victim Maria", "No names"}, {"defendant", "0", "which defendant"},
		{"gross", "1.5", "not an amount"}, {"loss-medical", "-5", "not an amount"}, {"gross", "100,000,000,000.01", "zero too many"},
		{"hours-1", "169", "A week has 168"}, {"hours-1", "40.33", "hours a week"}, {"hours-1", "12:60", "hours a week"}, {"hours-1", "0", "hours a week"},
		{"weeks-1", "0", "whole weeks"}, {"weeks-1", "2.5", "whole weeks"}, {"from-1", "1997-08-31", "no minimum wage"}, {"from-1", "soon", "which day"},
		{"from-1", "2009-07-20", "wage changed between Jul 20, 2009 and Aug 2, 2009, last on Jul 24, 2009"},
		{"from-2", "2024-01-14", "overlaps"},
	} {
		fields := map[string]string{"from-1": "2024-01-01", "weeks-1": "2", "hours-1": "40", "from-2": "2024-01-15", "weeks-2": "1", "hours-2": "40"}
		fields[c.field] = c.value
		if _, err := sheetOf(t, fields); !strings.Contains(said(err), c.says) {
			t.Errorf("%s %q: %q", c.field, c.value, said(err))
		}
	}
}

// Against exact fractions: never less than the law's amount, and less than a cent more.
func TestTheSheetIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var w Worksheet
		exact := new(big.Rat)
		for range rapid.IntRange(0, maxStretches).Draw(r, "stretches") {
			s := Stretch{Weekly: rapid.IntRange(1, weekMinutes).Draw(r, "minutes"), Weeks: rapid.IntRange(1, 2600).Draw(r, "weeks"), Wage: int64(rapid.IntRange(1, 10000).Draw(r, "wage"))}
			w.Labor = append(w.Labor, s)
			hours := big.NewRat(int64(min(s.Weekly, 2400)), 60)
			if over := s.Weekly - 2400; over > 0 {
				hours.Add(hours, new(big.Rat).Mul(big.NewRat(3, 2), big.NewRat(int64(over), 60)))
			}
			exact.Add(exact, hours.Mul(hours, big.NewRat(s.Wage*int64(s.Weeks), 1)))
		}
		off := new(big.Rat).Sub(big.NewRat(w.LaborValue(), 1), exact)
		if off.Sign() < 0 || off.Cmp(big.NewRat(1, 1)) >= 0 {
			r.Fatalf("off by %s cents", off)
		}
	})
}
