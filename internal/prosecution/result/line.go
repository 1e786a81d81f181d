// SPDX-License-Identifier: Apache-2.0

package result

import (
	"slices"

	"waylight/internal/platform/store"
)

// field is a column of a file and of the page.
type field int

// The fields, as a file names them.
const (
	fKind field = iota
	fDate
	fOperation
	fCounty
	fOrganization
	fRole
	fAge
	fOffense
	fStage
	fItem
	fCertainty
	fExploitation
	fCount
	fAmount
	fUnit
	fValuedOn
	fQualifier
	fCovers
	fEvidence
	fNumber
	fDated
	fSHA256
	fBooking
	fStateID
	fHandedTo
	fHandedOn
	fReceipt
	fCheckedOn
	fConsent
	fMatched
	fieldCount
)

var fieldNames = [fieldCount]string{
	"kind", "date", "operation", "county", "organization", "role", "age", "offense", "stage", "item", "certainty", "exploitation", "count", "amount", "unit",
	"valued_on", "qualifier", "covers", "evidence", "number", "dated", "sha256", "booking", "state_id", "handed_to", "handed_on", "receipt", "checked_on", "consent", "matched",
}

func (f field) String() string { return fieldNames[f] }

// Line is a result as somebody typed it, by field.
type Line [fieldCount]string

// Typed makes a line of values by the names of fields; names that are none are lost.
func Typed(values map[string]string) Line {
	var l Line
	for i, name := range fieldNames {
		l[i] = values[name]
	}
	return l
}

// empty says that nothing but the kind is filled in.
func (l Line) empty() bool {
	l[fKind] = ""
	return l == Line{}
}

// Problem says what is wrong with a field, for the person who typed it.
type Problem struct {
	Field  string
	Reason string
}

// Always are the fields that every kind has.
var always = []field{fKind, fDate, fOperation, fCounty, fEvidence, fNumber, fDated, fSHA256}

// fieldsOf are the fields of a kind besides those that every kind has.
var fieldsOf = map[string][]field{
	Arrest:   {fOrganization, fRole, fAge, fOffense, fBooking, fStateID},
	Offense:  {fOffense, fStage, fCount},
	Currency: {fAmount, fQualifier},
	Weapon:   {fItem, fCount, fQualifier},
	Narcotic: {fItem, fAmount, fUnit, fQualifier},
	Vehicle:  {fItem, fCount, fAmount, fValuedOn, fQualifier},
	Property: {fCount, fAmount, fValuedOn, fQualifier},
	Digital:  {fItem, fAmount, fValuedOn, fQualifier},
	Recovery: {fCertainty, fAge, fExploitation, fHandedTo, fHandedOn, fReceipt, fCheckedOn, fConsent, fMatched},
	Total:    {fCovers, fCount, fAmount, fUnit, fQualifier},
	check:    {fCovers, fCount, fAmount, fUnit, fOrganization, fRole, fItem},
}

// needed must be filled in; a date always.
var needed = map[string][]field{
	Arrest: {fRole, fAge}, Offense: {fOffense, fStage}, Currency: {fAmount}, Weapon: {fItem}, Narcotic: {fItem, fAmount, fUnit},
	Vehicle: {fItem}, Property: {}, Digital: {fItem, fAmount, fValuedOn}, Recovery: {fCertainty, fAge, fExploitation}, Total: {fCovers}, check: {fCovers},
}

// FieldsOf lists the fields of a kind, in order.
func FieldsOf(kind string) []string {
	var out []string
	for f := field(0); f < fieldCount; f++ {
		if f != fKind && (slices.Contains(always, f) || slices.Contains(fieldsOf[kind], f)) {
			out = append(out, f.String())
		}
	}
	return out
}

// Result is one row.
type Result struct {
	Program, Kind, State, Office, Operation, County          string
	Organization, Role, Offense, Stage, Item                 string
	Certainty, Age, Exploitation, Matched, Covers, Qualifier string
	Evidence                                                 string // kind of document; "" for none
	ID                                                       store.ID
	Day                                                      int64 // since 1970, of the jurisdiction
	Quantity, Amount                                         int64
	Valued                                                   int64 // day of the valuation; 0 for none
	Booking, StateID                                         []byte
	SameAs, Origin, EnteredBy, DecidedBy                     store.ID
	EnteredAt                                                int64
	Version                                                  int64
	Detail                                                   Detail
}

// Detail is what no figure needs.
type Detail struct {
	Number  string `json:"n,omitempty"`  // of the document
	Dated   string `json:"d,omitempty"`  // its date
	SHA256  string `json:"h,omitempty"`  // of its file
	Typed   string `json:"t,omitempty"`  // the amount as it was typed
	Unit    string `json:"u,omitempty"`  // and its unit
	Rounded string `json:"r,omitempty"`  // how it was rounded, "" when exact
	To      string `json:"to,omitempty"` // whom a recovered person was handed to
	On      string `json:"on,omitempty"`
	Receipt string `json:"rc,omitempty"` // the receiver's own number
	Checked string `json:"ck,omitempty"` // day of the check for a missing child
	Consent bool   `json:"c,omitempty"`
}

// counts says whether the row is in any figure at all: neither withdrawn nor
// counted by another row of the same person.
func (r Result) counts() bool { return r.State != Withdrawn && r.SameAs.IsZero() }

// sold says that the row is of a person who was sold, of whom no number and no
// group is kept.
func (r Result) sold() bool { return r.Role == PersonSold }

// nameless is the row without what is not kept of a person who was sold.
func (r Result) nameless() Result {
	r.Booking, r.StateID, r.Organization = nil, nil, ""
	return r
}

// proven says whether it is in a figure's value.
func (r Result) proven() bool { return r.State == Confirmed && r.Evidence != "" }
