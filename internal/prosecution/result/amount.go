// SPDX-License-Identifier: Apache-2.0

package result

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// What one row can hold at most: more is a slip of the keyboard.
const (
	maxQuantity   = 1_000_000
	maxCents      = 100_000_000_000_00  // a hundred billion dollars
	maxMilligrams = 100 * 1_000_000_000 // a hundred metric tons
)

// units give the milligrams of a unit of weight, exactly: a pound is 453.59237 grams by law.
var units = map[string]*big.Rat{
	"mg": big.NewRat(1, 1), "g": big.NewRat(1_000, 1), "kg": big.NewRat(1_000_000, 1), "t": big.NewRat(1_000_000_000, 1),
	"lb": big.NewRat(45_359_237, 100), "oz": big.NewRat(45_359_237, 1_600),
}

// unitOrder is the order in which a page offers them.
var unitOrder = []string{"g", "kg", "t", "oz", "lb", "mg"}

// number is digits, perhaps with a comma before every three of them, perhaps
// with a decimal point. Nothing else is one: "1.041,50" could be read two ways.
var number = regexp.MustCompile(`^(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})(?:\.[0-9]{1,12})?$`)

// exact reads a typed number without losing anything of it.
func exact(typed string) (*big.Rat, string) {
	if strings.HasPrefix(typed, "-") {
		return nil, "is below zero"
	}
	if !number.MatchString(typed) {
		return nil, `is not a number like 1250, 1,250 or 12.5`
	}
	r, ok := new(big.Rat).SetString(strings.ReplaceAll(typed, ",", ""))
	if !ok {
		return nil, `is not a number like 1250, 1,250 or 12.5`
	}
	return r, ""
}

// cents reads dollars. Parts of a cent are refused.
func cents(typed string) (int64, string) {
	r, wrong := exact(typed)
	if wrong != "" {
		return 0, wrong
	}
	r.Mul(r, big.NewRat(100, 1))
	switch {
	case !r.IsInt():
		return 0, "has parts of a cent"
	case r.Sign() == 0:
		return 0, "is zero"
	case !r.Num().IsInt64() || r.Num().Int64() > maxCents:
		return 0, "is more than one row can hold (100 billion dollars)"
	}
	return r.Num().Int64(), ""
}

// milligrams converts a weight. Metric weights must be exact to the milligram; a
// pound or an ounce is not, so those are rounded, half to even, and rounded says
// from what.
func milligrams(typed, unit string) (mg int64, rounded, wrong string) {
	r, wrong := exact(typed)
	if wrong != "" {
		return 0, "", wrong
	}
	if units[unit] == nil {
		return 0, "", ""
	}
	r.Mul(r, units[unit])
	whole := roundHalfEven(r)
	switch {
	case r.Sign() == 0:
		return 0, "", "is zero"
	case !whole.IsInt64() || whole.Int64() > maxMilligrams:
		return 0, "", "is more than one row can hold (100 metric tons)"
	case r.IsInt():
		return whole.Int64(), "", ""
	case unit != "lb" && unit != "oz":
		return 0, "", "is finer than a milligram"
	case whole.Sign() == 0:
		return 0, "", "is less than a milligram"
	}
	return whole.Int64(), fmt.Sprintf("%s %s is %s mg, rounded to %d mg", typed, unit, decimal(r), whole.Int64()), ""
}

// decimal writes a converted weight out; all that can come are finite decimals.
func decimal(r *big.Rat) string { return strings.TrimRight(r.FloatString(20), "0") }

func roundHalfEven(r *big.Rat) *big.Int {
	quotient, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	switch c := rest.Lsh(rest, 1).Cmp(r.Denom()); {
	case c > 0, c == 0 && quotient.Bit(0) == 1:
		quotient.Add(quotient, big.NewInt(1))
	}
	return quotient
}

// count reads how many there are of something.
func count(typed string) (int64, string) {
	r, wrong := exact(typed)
	switch {
	case wrong != "":
		return 0, wrong
	case !r.IsInt():
		return 0, "is not a whole number"
	case r.Sign() == 0:
		return 0, "is zero"
	case !r.Num().IsInt64() || r.Num().Int64() > maxQuantity:
		return 0, "is more than one row can hold (a million)"
	}
	return r.Num().Int64(), ""
}
