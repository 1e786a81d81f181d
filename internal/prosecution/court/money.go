// SPDX-License-Identifier: Apache-2.0

package court

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxCents is the most that one step may say: a hundred billion dollars. A sum of
// a figure stays far below what a number of the database holds.
const maxCents = 100_000_000_000_00

var dollarShape = regexp.MustCompile(`^\$?\s*(\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.(\d{2}))?$`)

// ParseDollars reads an amount as people write it, "$1,250.50", to the cent.
// Anything that could be meant in two ways is not an amount.
func ParseDollars(text string) (int64, bool) {
	m := dollarShape.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0, false
	}
	dollars, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
	if err != nil {
		return 0, false
	}
	cents := int64(0)
	if m[2] != "" {
		cents, _ = strconv.ParseInt(m[2], 10, 64) // two digits, by the shape
	}
	return dollars*100 + cents, true
}

// Dollars writes an amount of cents: $1,250.50.
func Dollars(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s$%s.%02d", sign, whole, cents%100)
}
