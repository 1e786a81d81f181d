// SPDX-License-Identifier: Apache-2.0

package court

import (
	"strconv"
	"strings"
)

// entryFrom reads a step from named texts, as a page's form and a line of an
// import have them. It says what cannot be read; what cannot be true is for check.
func entryFrom(get func(key string) string) (Entry, error) {
	e := Entry{Step: Step(get("step")), What: get("what")}
	var ok bool
	for _, d := range []struct {
		key  string
		into *Day
	}{{"day", &e.Day}, {"other_day", &e.OtherDay}} {
		text := strings.TrimSpace(get(d.key))
		if *d.into, ok = ParseDay(text); !ok && text != "" {
			return e, wrong(d.key, "%q is not a date such as 2026-11-27.", clip(text))
		}
	}
	for _, n := range []struct {
		key, name string
		into      *int
	}{{"defendant", "The number of the defendant", &e.Defendant}, {"docket_entry", "The number in the docket", &e.DocketEntry}, {"months", "Months of prison", &e.Months},
		{"probation", "Months of supervision", &e.Probation}, {"item", "The number", &e.Item}} {
		text := strings.TrimSpace(get(n.key))
		if text == "" {
			continue
		}
		v, err := strconv.Atoi(text)
		if err != nil {
			return e, wrong(n.key, "%s: %q is not a whole number.", n.name, clip(text))
		}
		*n.into = v
	}
	if text := strings.TrimSpace(get("cents")); text != "" {
		if e.Cents, ok = ParseDollars(text); !ok {
			return e, wrong("cents", "%q is not an amount such as 1,250.50.", clip(text))
		}
	}
	if e.Counts, ok = parseCounts(strings.ReplaceAll(get("counts"), ";", ",")); !ok {
		return e, wrong("counts", "The counts are numbers, each with its statute where they are new: 1=us-18-1591;2=us-18-1594.")
	}
	var err error
	e.Shares, err = readShares(get("shares"))
	return e, err
}

// readShares reads "1=1,000.00; 2=500.00".
func readShares(text string) ([]Share, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var out []Share
	for part := range strings.SplitSeq(text, ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		number, amount, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(strings.TrimSpace(number))
		cents, ok := ParseDollars(amount)
		if err != nil || !ok {
			return nil, wrong("shares", "%q is not a share such as 1=1250.50.", clip(strings.TrimSpace(part)))
		}
		out = append(out, Share{n, cents})
	}
	return out, nil
}

// clip cuts what somebody typed for a sentence about it.
func clip(text string) string {
	if r := []rune(text); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return text
}
