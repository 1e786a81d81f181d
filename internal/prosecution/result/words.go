// SPDX-License-Identifier: Apache-2.0

package result

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// kindWords say in words what a kind is.
var kindWords = map[string]string{Arrest: "Arrest", Offense: "Offense", Currency: "Currency", Weapon: "Weapons", Narcotic: "Narcotics", Vehicle: "Vehicles",
	Property: "Real property", Digital: "Digital assets", Recovery: "Person recovered", Total: "Announced total"}

// fieldWords are the labels of the fields.
var fieldWords = map[string]string{"date": "Date", "operation": "Operation", "county": "County", "organization": "Group", "role": "Role", "age": "Age", "offense": "Offense",
	"stage": "Stage", "item": "What", "certainty": "Potential or confirmed", "exploitation": "Kind of trafficking", "count": "How many", "amount": "Amount", "unit": "Unit",
	"valued_on": "Value as of", "qualifier": "How exact", "covers": "Total of", "evidence": "Document", "number": "Document number", "dated": "Document date",
	"sha256": "SHA-256 of its file", "booking": "Booking number", "state_id": "State ID number", "handed_to": "Handed to", "handed_on": "Handed on", "receipt": "Receiver's number",
	"checked_on": "Missing-child check", "consent": "Agreed to the helper", "matched": "Matched to a helper"}

// inWords turns a value of a list into words.
func inWords(value string) string { return strings.ReplaceAll(value, "_", " ") }

// describe says in one line what a row is. It holds nothing that a list must not show.
func (s *Service) describe(r Result) string {
	parts := []string{kindWords[r.Kind]}
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if r.Organization != "" {
		add(s.label("organization")(r.Program, r.Organization))
	}
	for _, v := range []string{r.Role, r.Offense, r.Stage, r.Item, r.Certainty, r.Age, r.Exploitation, r.Covers} {
		add(inWords(v))
	}
	if r.Quantity != 1 || r.Kind == Total && r.Amount == 0 {
		add("× " + strconv.FormatInt(r.Quantity, 10))
	}
	add(amountText(r))
	add(inWords(r.Qualifier))
	return strings.Join(parts, ", ")
}

// amountText is a row's amount in words, "" for none.
func amountText(r Result) string {
	switch {
	case r.Amount == 0:
		return ""
	case r.Kind == Narcotic || r.Covers == Narcotic:
		return weightText(r.Amount)
	}
	return fmt.Sprintf("$%s.%02d", grouped(r.Amount/100), r.Amount%100)
}

// weightText shows milligrams in the unit that suits them, exactly.
func weightText(mg int64) string {
	unit, of := "mg", int64(1)
	switch {
	case mg >= 1_000_000_000:
		unit, of = "t", 1_000_000_000
	case mg >= 1_000_000:
		unit, of = "kg", 1_000_000
	case mg >= 1_000:
		unit, of = "g", 1_000
	}
	text := big.NewRat(mg, of).FloatString(9)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + " " + unit
}

// grouped writes a number with a comma before every three digits.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
