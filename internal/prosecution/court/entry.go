// SPDX-License-Identifier: Apache-2.0

package court

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Limits of what one row may say. What lies beyond is a slip of the finger, and
// is said to be one.
const (
	maxDefendants  = 500
	maxCounts      = 99
	maxMonths      = 12_000 // a thousand years
	maxProbation   = 1_200
	maxItems       = 9_999
	maxDocketEntry = 99_999
	firstDay       = Day(19000101)
)

// Count is one charge: its number in the instrument, and its statute where the row makes it.
type Count struct {
	Number  int
	Statute string
}

// Share is what one defendant owes of an order.
type Share struct {
	Defendant int
	Cents     int64
}

// Entry is one step of a case.
type Entry struct {
	ID          store.ID
	Place       int // its turn among the rows of the case
	Step        Step
	Day         Day
	Defendant   int // 0: the case as a whole
	DocketEntry int // the evidence: its number in the docket; 0 while nobody has it
	What        string
	Counts      []Count
	Months      int
	Probation   int // months of probation or supervised release
	Cents       int64
	Item        int // the number of a piece of property, or of an order
	OtherDay    Day
	Shares      []Share
	Office, By  string
	At          time.Time

	Standing Standing // the last word
	Why      string   // it was withdrawn
}

// proven says whether a figure may count it: confirmed, with its evidence.
func (e Entry) proven() bool { return e.Standing == Confirmed && e.DocketEntry > 0 }

// again says whether a row tells what a standing one tells already, or may: two payments of
// one day and one amount are told apart by their docket entries, and not while one has none.
func (e Entry) again(o Entry) bool {
	numbers := func(list []Count) (out []int) {
		for _, c := range list {
			out = append(out, c.Number)
		}
		return out
	}
	return o.Standing != Withdrawn && e.Step == o.Step && e.Day == o.Day && e.Defendant == o.Defendant && e.What == o.What && e.Months == o.Months && e.Probation == o.Probation &&
		e.Cents == o.Cents && e.Item == o.Item && e.OtherDay == o.OtherDay && (e.DocketEntry == 0 || o.DocketEntry == 0 || e.DocketEntry == o.DocketEntry) &&
		slices.Equal(numbers(e.Counts), numbers(o.Counts)) && slices.Equal(e.Shares, o.Shares)
}

// mixed says that of two rows one alone has its docket entry.
func (e Entry) mixed(o Entry) bool { return (e.DocketEntry == 0) != (o.DocketEntry == 0) }

// paidAlready refuses a payment that may be one that stands. It is asked when a payment is
// entered, and not in fold: two that stand already must not keep their case from being read.
func (e Entry) paidAlready(entries []Entry) error {
	i := slices.IndexFunc(entries, func(o Entry) bool { return e.Step == RestitutionPaid && e.again(o) })
	switch {
	case i < 0:
		return nil
	case entries[i].DocketEntry > 0:
		return wrong("docket_entry", "Order %d: a payment of %s on %s is there already, under docket entry %d. If this is another one, give its docket entry.", e.Item, Dollars(e.Cents), e.Day, entries[i].DocketEntry)
	}
	return wrong("docket_entry", "Order %d: a payment of %s on %s is there already, without its docket entry. If this is another one, confirm that one by its docket entry first, and give this one its own.", e.Item, Dollars(e.Cents), e.Day)
}

func wrong(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "court_entry", fmt.Sprintf(format, args...)).At(field)
}

// check looks at one row alone: the order of the case is for fold.
func (e Entry) check(today Day) error {
	f, ok := formOf(e.Step)
	switch {
	case !ok:
		return wrong("step", "Choose what happened.")
	case e.Day == 0:
		return wrong("day", "Say on which day it happened, like 2026-11-27.")
	case e.Day < firstDay:
		return wrong("day", "%s is too long ago to be a case here.", e.Day)
	case e.Day > today:
		return wrong("day", "%s has not come yet. Enter what has happened.", e.Day)
	case f.defendant && (e.Defendant < 1 || e.Defendant > maxDefendants):
		return wrong("defendant", "Say which defendant it is about: a number from 1 to %d, as in the docket.", maxDefendants)
	case !f.defendant && e.Defendant != 0:
		return wrong("defendant", "%s is about the whole case, not about one defendant.", f.name)
	case e.DocketEntry < 0 || e.DocketEntry > maxDocketEntry:
		return wrong("docket_entry", "The number of a docket entry is from 1 to %d.", maxDocketEntry)
	}
	if e.Step == ExtraditionRequested {
		if !isCountry(e.What) {
			return wrong("what", "Choose the country that was asked.")
		}
	} else if f.what == nil && e.What != "" || f.what != nil && !slices.Contains(f.what, e.What) {
		return wrong("what", "Choose one of: %s.", strings.Join(f.what, ", "))
	}
	for _, look := range []func(form) error{e.checkCounts, e.checkMonths, e.checkCents, e.checkItem, e.checkShares} {
		if err := look(f); err != nil {
			return err
		}
	}
	return nil
}

func (e Entry) checkCounts(f form) error {
	if f.counts == "" {
		if len(e.Counts) > 0 {
			return wrong("counts", "%s is not about single counts.", f.name)
		}
		return nil
	}
	if len(e.Counts) == 0 {
		return wrong("counts", "Say which counts it is about.")
	}
	seen := map[int]bool{}
	for _, c := range e.Counts {
		switch {
		case c.Number < 1 || c.Number > maxCounts:
			return wrong("counts", "A count has a number from 1 to %d.", maxCounts)
		case seen[c.Number]:
			return wrong("counts", "Count %d is there twice.", c.Number)
		case f.counts == "new" && c.Statute == "":
			return wrong("counts", "Count %d has no statute.", c.Number)
		}
		seen[c.Number] = true
	}
	return nil
}

func (e Entry) checkMonths(f form) error {
	switch {
	case !f.months && (e.Months != 0 || e.Probation != 0):
		return wrong("months", "%s has no months.", f.name)
	case e.Months < 0 || e.Months > maxMonths:
		return wrong("months", "%d months is not a prison term that we can take: say 1 to %d, or choose life.", e.Months, maxMonths)
	case e.Probation < 0 || e.Probation > maxProbation:
		return wrong("probation", "%d months is not a time of supervision that we can take: say up to %d.", e.Probation, maxProbation)
	case e.Step != Sentenced:
	case e.What == Prison && e.Months == 0:
		return wrong("months", "A prison term has months.")
	case e.What != Prison && e.Months != 0:
		return wrong("months", "Months of prison go with a prison term only, not with %s.", whatWords(e.What))
	case e.What == Probation && e.Probation == 0:
		return wrong("probation", "Probation has months.")
	case e.What == FineOnly && (e.Cents == 0 || e.Probation != 0):
		return wrong("cents", "A sentence of a fine only has a fine and nothing else.")
	}
	return nil
}

func (e Entry) checkCents(f form) error {
	switch {
	case f.cents == "" && e.Cents != 0:
		return wrong("cents", "%s has no amount.", f.name)
	case e.Cents < 0:
		return wrong("cents", "An amount is not below zero.")
	case e.Cents > maxCents:
		return wrong("cents", "%s is more than we can take for one row (%s). Is a zero too many?", Dollars(e.Cents), Dollars(maxCents))
	case f.cents != "" && e.Cents == 0 && e.Step != Sentenced && e.Step != RestitutionRequested:
		return wrong("cents", "%s: say the amount.", f.name)
	}
	return nil
}

func (e Entry) checkItem(f form) error {
	switch {
	case f.item == "" && e.Item != 0, f.item != "" && (e.Item < 1 || e.Item > maxItems):
		return wrong("item", "%s: a number from 1 to %d.", f.item, maxItems)
	case f.other == "" && e.OtherDay != 0:
		return wrong("other_day", "%s has no second date.", f.name)
	case f.other != "" && (e.OtherDay < firstDay || e.OtherDay > 22000101):
		return wrong("other_day", "%s: say the day, like 2026-11-27.", f.other)
	case f.cents != "" && f.other != "" && e.OtherDay > e.Day:
		return wrong("other_day", "The value is of %s, after %s: it must have been known then.", e.OtherDay, e.Day)
	case e.Step == SentencingSet && e.OtherDay < e.Day:
		return wrong("other_day", "Sentencing was set for %s, before the day on which it was set (%s).", e.OtherDay, e.Day)
	}
	return nil
}

// checkShares holds the parts of an order to its total, to the cent.
func (e Entry) checkShares(f form) error {
	if !f.shares {
		if len(e.Shares) > 0 {
			return wrong("shares", "%s has no shares.", f.name)
		}
		return nil
	}
	if len(e.Shares) == 0 {
		return wrong("shares", "Say which defendants owe it.")
	}
	var sum, most int64
	seen := map[int]bool{}
	for _, s := range e.Shares {
		switch {
		case s.Defendant < 1 || s.Defendant > maxDefendants:
			return wrong("shares", "Defendant %d: a number from 1 to %d, as in the docket.", s.Defendant, maxDefendants)
		case seen[s.Defendant]:
			return wrong("shares", "Defendant %d is there twice.", s.Defendant)
		case s.Cents <= 0:
			return wrong("shares", "Defendant %d owes nothing: leave that line empty.", s.Defendant)
		case s.Cents > e.Cents:
			return wrong("shares", "Defendant %d owes %s, more than the total of %s.", s.Defendant, Dollars(s.Cents), Dollars(e.Cents))
		}
		seen[s.Defendant] = true
		sum, most = sum+s.Cents, max(most, s.Cents)
	}
	switch {
	case e.What == Apportioned && sum != e.Cents:
		return wrong("shares", "The parts come to %s and the total is %s: %s.", Dollars(sum), Dollars(e.Cents), difference(sum, e.Cents))
	case e.What == Joint && sum < e.Cents:
		return wrong("shares", "All together owe %s of a total of %s: %s is owed by nobody.", Dollars(sum), Dollars(e.Cents), Dollars(e.Cents-sum))
	}
	return nil
}

func difference(parts, total int64) string {
	if parts > total {
		return Dollars(parts-total) + " too much"
	}
	return Dollars(total-parts) + " is missing"
}

// countsText is how the counts of a row are kept: "1=us-18-1591,2=us-18-1594", or "1,2".
func countsText(counts []Count) string {
	parts := make([]string, len(counts))
	for i, c := range counts {
		parts[i] = strconv.Itoa(c.Number)
		if c.Statute != "" {
			parts[i] += "=" + c.Statute
		}
	}
	return strings.Join(parts, ",")
}

func parseCounts(text string) ([]Count, bool) {
	if text == "" {
		return nil, true
	}
	var out []Count
	for part := range strings.SplitSeq(text, ",") {
		number, statute, _ := strings.Cut(strings.TrimSpace(part), "=")
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil {
			return nil, false
		}
		out = append(out, Count{n, strings.TrimSpace(statute)})
	}
	return out, true
}

// sharesText is how shares are kept: "1=150000,2=50000".
func sharesText(shares []Share) string {
	parts := make([]string, len(shares))
	for i, s := range shares {
		parts[i] = strconv.Itoa(s.Defendant) + "=" + strconv.FormatInt(s.Cents, 10)
	}
	return strings.Join(parts, ",")
}

func parseShares(text string) ([]Share, bool) {
	if text == "" {
		return nil, true
	}
	var out []Share
	for part := range strings.SplitSeq(text, ",") {
		defendant, cents, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(defendant)
		c, err2 := strconv.ParseInt(cents, 10, 64)
		if err != nil || err2 != nil {
			return nil, false
		}
		out = append(out, Share{n, c})
	}
	return out, true
}
