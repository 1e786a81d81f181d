// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Amounts reach to ten billion dollars, which no campaign costs.
var moneyShape = regexp.MustCompile(`^\$?(\d{1,10}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d{2}))?$`)

// ParseMoney reads an amount as people write it, to the cent. Nothing is nothing;
// what could be meant in two ways is no amount.
func ParseMoney(text string) (cents int64, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, true
	}
	m := moneyShape.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	cents, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", "")+(m[2] + "00")[:2], 10, 64)
	return cents, err == nil
}

// Money writes cents as dollars.
func Money(cents int64) string {
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("$%s.%02d", whole, cents%100)
}
