// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/platform/figure"
)

// What words may say of numbers. A small count of people that no table shows must not
// stand in a sentence above it either: every number is one that the tables show, in
// its own unit, or belongs to the days of the period, written out as days.

var (
	digits = regexp.MustCompile(`\p{Nd}[\p{Nd}.,]*`)
	// numerals are numbers that are no digits: Roman, in a circle, raised, fractions.
	numerals = regexp.MustCompile(`[\p{Nl}\p{No}]+`)
)

// numbers are what a text may say.
type numbers struct {
	counts  map[string]bool  // shown counts, as they are written
	phrases []*regexp.Regexp // amounts with their unit, and lengths of time
	days    []*regexp.Regexp // days of the period, in each language
}

// numbersOf gathers what the tables show.
func numbersOf(r Release, tables []figure.Table) numbers {
	n := numbers{counts: map[string]bool{}}
	for _, t := range tables {
		t.Each(func(_, _ string, e *figure.Entry) {
			if e.State == figure.Shown || e.State == figure.Rounded {
				n.add(t.Unit, e.Value)
			}
		})
	}
	for lang := range monthNames {
		if days := daysOf(lang, r.From, r.Through); days != nil {
			n.days = append(n.days, days)
		}
	}
	return n
}

// add lets a text say an amount. One of money, weight or time is said with its unit.
func (n *numbers) add(u figure.Unit, value int64) {
	said := figure.Number(u, value)
	phrase := func(before, number, after string) {
		n.phrases = append(n.phrases, regexp.MustCompile(`(?i)(^|[^\p{L}\p{N}.,])`+before+regexp.QuoteMeta(number)+after+`($|[^\p{L}\p{N}])`))
	}
	switch u {
	case figure.Cents:
		number := strings.Replace(said, "$", "", 1)
		phrase(`\$ ?`, number, ``)
		phrase(``, number, ` (?:dollars|dólares)`)
	case figure.Milligrams:
		phrase(``, strings.TrimSuffix(said, " kg"), ` ?(?:kg|kilos?|kilograms?|kilogramos?)`)
	case figure.Microseconds:
		phrase(``, said, ``)
	default:
		n.counts[said] = true
	}
}

// monthNames are how a language writes them, also in short.
var monthNames = map[string][12]string{
	"en": {"Jan(?:uary|\\.)?", "Feb(?:ruary|\\.)?", "Mar(?:ch|\\.)?", "Apr(?:il|\\.)?", "May", "June?", "July?", "Aug(?:ust|\\.)?", "Sep(?:tember|t?\\.)?", "Oct(?:ober|\\.)?", "Nov(?:ember|\\.)?", "Dec(?:ember|\\.)?"},
	"es": {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"},
}

// daysOf is how a text says the first and the last day of a period, its months, its
// years and its length: never a bare number of one or two digits.
func daysOf(lang, from, through string) *regexp.Regexp {
	first, err1 := time.Parse(figure.Day, from)
	last, err2 := time.Parse(figure.Day, through)
	if err1 != nil || err2 != nil {
		return nil
	}
	var ways []string
	if first.Year() == last.Year() && first.Month() == last.Month() {
		name := monthNames[lang][first.Month()-1]
		if lang == "en" {
			ways = append(ways, fmt.Sprintf(`%s %d ?(?:-|–|to|through|and) ?%d(?:,? %d)?`, name, first.Day(), last.Day(), first.Year()))
		} else {
			ways = append(ways, fmt.Sprintf(`%d ?(?:-|–|al?|y) ?%d de %s(?: del? %d)?`, first.Day(), last.Day(), name, first.Year()))
		}
	}
	if lang == "en" {
		ways = append(ways, fmt.Sprintf(`%s %d(?:,? %d)? ?(?:-|–|to|through|and) ?%s %d(?:,? %d)?`, monthNames[lang][first.Month()-1], first.Day(), first.Year(), monthNames[lang][last.Month()-1], last.Day(), last.Year()))
	}
	for _, at := range []time.Time{first, last} {
		name := monthNames[lang][at.Month()-1]
		ways = append(ways, regexp.QuoteMeta(at.Format(figure.Day)))
		if lang == "en" {
			// A day needs its year or the other day beside it: after the bare name of a month a small count looks the same.
			ways = append(ways, fmt.Sprintf(`%s %d,? %d`, name, at.Day(), at.Year()), fmt.Sprintf(`%s,? %d`, name, at.Year()), fmt.Sprintf(`(?:in|of|for|during|since|by|until|through|year) %d`, at.Year()))
		} else {
			ways = append(ways, fmt.Sprintf(`%d\.?[º°o]? de %s(?: del? %d)?`, at.Day(), name, at.Year()), fmt.Sprintf(`%s(?: del?)? %d`, name, at.Year()), fmt.Sprintf(`(?:en|del?|durante|desde|hasta|año) %d`, at.Year()))
		}
	}
	length := int(last.Sub(first)/(24*time.Hour)) + 1
	ways = append(ways, strconv.Itoa(length)+map[string]string{"en": `[ -]days?`, "es": ` días?`}[lang])
	return regexp.MustCompile(`(?i)(^|[^\p{L}\p{N}.,])(?:` + strings.Join(ways, "|") + `)($|[^\p{L}\p{N}])`)
}

// cut takes every match out of a text and says whether there was one.
func cut(text string, what *regexp.Regexp) (string, bool) {
	found := false
	for what.MatchString(text) { // again: what ends one may begin the next
		text, found = what.ReplaceAllString(text, "$1 $2"), true
	}
	return text, found
}

// strange are the numbers of a text that it may not say; shown says whether it says
// one that the tables show.
func (n numbers) strange(text string) (strange []string, shown bool) {
	for _, p := range n.phrases {
		rest, found := cut(text, p)
		text, shown = rest, shown || found
	}
	for _, days := range n.days {
		text, _ = cut(text, days)
	}
	for _, said := range digits.FindAllString(text, -1) {
		said = strings.TrimRight(said, ".,")
		if n.counts[said] {
			shown = true
			continue
		}
		strange = append(strange, said)
	}
	return append(strange, numerals.FindAllString(text, -1)...), shown
}

// headline holds the numbers of the headline to stand in the tables.
func (s *Service) headline(r Release, tables []figure.Table) []Finding {
	known := numbersOf(r, tables)
	var out []Finding
	for _, lang := range s.Site.Catalog.Langs() {
		strange, shown := known.strange(r.Headline[lang])
		for _, n := range strange {
			out = append(out, Finding{Stops: true, Words: fmt.Sprintf("The headline in %s says %s. No table shows that number as it stands.", name(lang), n)})
		}
		if !shown {
			out = append(out, Finding{Words: fmt.Sprintf("The headline in %s names no figure of the tables. A headline says what was found, not what it is about.", name(lang))})
		}
	}
	return out
}

// reason holds the numbers in why figures are restated to those that both releases
// show, and to how far a shown one moved.
func (s *Service) reason(r Release, tables []figure.Table, restates *figure.Restated) []Finding {
	if restates == nil {
		return nil
	}
	known := numbersOf(r, tables)
	for _, c := range restates.Changes {
		unit := tables[c.Table-1].Unit
		var both []int64
		for _, e := range []figure.PublishedEntry{c.Old, c.New} {
			if e.Value != nil {
				both = append(both, *e.Value)
				known.add(unit, *e.Value)
			}
		}
		if len(both) == 2 {
			known.add(unit, slices.Max(both)-slices.Min(both))
		}
	}
	var out []Finding
	for _, lang := range s.Site.Catalog.Langs() {
		strange, _ := known.strange(r.Why[lang])
		for _, n := range strange {
			out = append(out, Finding{Stops: true, Words: fmt.Sprintf("Why, in %s, says %s. Neither these figures nor the ones before show that number.", name(lang), n)})
		}
	}
	return out
}

func name(lang string) string {
	return map[string]string{"en": "English", "es": "Spanish"}[lang]
}
