// SPDX-License-Identifier: Apache-2.0

package court

import "slices"

// Step is what happened in a case, by its name in the record and in the pack.
type Step string

// The steps.
const (
	Charged       Step = "charged"
	Plea          Step = "plea"
	Verdict       Step = "verdict"
	Dismissed     Step = "dismissed"
	SentencingSet Step = "sentencing_set"
	Sentenced     Step = "sentence"

	ExtraditionRequested Step = "extradition_requested"
	ExtraditionGranted   Step = "extradition_granted"
	ExtraditionRefused   Step = "extradition_refused"
	ExtraditionArrived   Step = "extradition_arrived"

	ForfeitureSeized  Step = "forfeiture_seized"
	ForfeitureOrdered Step = "forfeiture_ordered"
	ForfeitureFinal   Step = "forfeiture_final"

	RestitutionRequested Step = "restitution_requested"
	RestitutionReserved  Step = "restitution_reserved"
	RestitutionOrdered   Step = "restitution_ordered"
	RestitutionAmended   Step = "restitution_amended"
	RestitutionPaid      Step = "restitution_paid"
	RestitutionSatisfied Step = "restitution_satisfied"

	AppealNoticed   Step = "appeal_noticed"
	AppealDecided   Step = "appeal_decided"
	VictimsNotified Step = "victims_notified"
)

// What a step can say further.
const (
	Complaint, Information, Indictment, Superseding    = "complaint", "information", "indictment", "superseding"
	Guilty, NoContest, NotGuilty, Hung                 = "guilty", "no_contest", "not_guilty", "hung"
	Prison, Life, Probation, FineOnly                  = "prison", "life", "probation", "fine_only"
	Joint, Apportioned                                 = "joint", "apportioned"
	Affirmed, AppealEnded, SentenceVoid, ConvictionOut = "affirmed", "dismissed", "sentence_vacated", "conviction_vacated"
)

// form is what belongs to a step: who it is about, and which of the fields of a row it fills.
type form struct {
	step      Step
	name      string   // in words, for pages: "Charge"
	after     []Step   // one of these must have come before; empty: nothing must
	what      []string // the closed list of what it says, nil when it says nothing
	label     string   // what the list is, in words
	defendant bool     // about one defendant
	counts    string   // "new": it makes counts; "open": it is about open ones
	months    bool
	cents     string // what the amount is; "" for none
	item      string // what the number of a thing is; "" for none
	other     string // what the second date is; "" for none
	shares    bool
}

// forms are all steps, in the order in which pages offer them.
var forms = []form{
	{step: Charged, name: "Charge", label: "Instrument", what: []string{Complaint, Information, Indictment, Superseding}, defendant: true, counts: "new"},
	{step: Plea, name: "Plea", after: []Step{Charged}, label: "Plea", what: []string{NotGuilty, Guilty, NoContest}, defendant: true, counts: "open"},
	{step: Verdict, name: "Verdict", after: []Step{Charged}, label: "Verdict", what: []string{Guilty, NotGuilty, Hung}, defendant: true, counts: "open"},
	{step: Dismissed, name: "Dismissal of counts", after: []Step{Charged}, defendant: true, counts: "open"},
	{step: SentencingSet, name: "Date set for sentencing", after: []Step{Plea, Verdict}, defendant: true, other: "Day set for sentencing"},
	{step: Sentenced, name: "Sentence", after: []Step{Plea, Verdict}, label: "Sentence", what: []string{Prison, Life, Probation, FineOnly}, defendant: true, months: true, cents: "Fine"},
	{step: ExtraditionRequested, name: "Extradition requested", after: []Step{Charged}, label: "Country", defendant: true},
	{step: ExtraditionGranted, name: "Extradition granted", after: []Step{ExtraditionRequested}, defendant: true},
	{step: ExtraditionRefused, name: "Extradition refused", after: []Step{ExtraditionRequested}, defendant: true},
	{step: ExtraditionArrived, name: "Arrival after extradition", after: []Step{ExtraditionGranted}, defendant: true},
	{step: ForfeitureSeized, name: "Property seized", label: "Kind of property", what: propertyKinds, cents: "Value", item: "Number of the property", other: "Valued on"},
	{step: ForfeitureOrdered, name: "Forfeiture ordered", label: "Kind of property", what: propertyKinds, cents: "Value", item: "Number of the property", other: "Valued on"},
	{step: ForfeitureFinal, name: "Forfeiture final", after: []Step{ForfeitureOrdered}, label: "Kind of property", what: propertyKinds, cents: "Value", item: "Number of the property", other: "Valued on"},
	{step: RestitutionRequested, name: "Restitution requested", after: []Step{Charged}, defendant: true, cents: "Amount asked for"},
	{step: RestitutionReserved, name: "Restitution reserved", after: []Step{Plea, Verdict}, defendant: true},
	{step: RestitutionOrdered, name: "Restitution ordered", after: []Step{Plea, Verdict}, label: "Who owes what", what: []string{Joint, Apportioned}, cents: "Total ordered", item: "Number of the order", shares: true},
	{step: RestitutionAmended, name: "Restitution order amended", after: []Step{RestitutionOrdered}, label: "Who owes what", what: []string{Joint, Apportioned}, cents: "New total", item: "Number of the order", shares: true},
	{step: RestitutionPaid, name: "Restitution paid", after: []Step{RestitutionOrdered}, cents: "Amount paid", item: "Number of the order"},
	{step: RestitutionSatisfied, name: "Restitution satisfied", after: []Step{RestitutionOrdered}, item: "Number of the order"},
	{step: AppealNoticed, name: "Notice of appeal", after: []Step{Sentenced}, defendant: true},
	{step: AppealDecided, name: "Appeal decided", after: []Step{AppealNoticed}, label: "Decision", what: []string{Affirmed, AppealEnded, SentenceVoid, ConvictionOut}, defendant: true},
	{step: VictimsNotified, name: "Victims told"},
}

var propertyKinds = []string{"currency", "bank_account", "real_property", "vehicle", "digital_asset", "money_judgment", "other"}

func formOf(s Step) (form, bool) {
	i := slices.IndexFunc(forms, func(f form) bool { return f.step == s })
	if i < 0 {
		return form{}, false
	}
	return forms[i], true
}

// String is the step in words.
func (s Step) String() string {
	f, _ := formOf(s)
	return f.name
}

// whatWords says in words what a step says further.
func whatWords(what string) string {
	words := map[string]string{
		NoContest: "no contest", NotGuilty: "not guilty", Hung: "no agreement (hung jury)", FineOnly: "fine only", Superseding: "superseding indictment",
		Joint: "joint and several", Apportioned: "each an own part", SentenceVoid: "sentence vacated", ConvictionOut: "conviction vacated",
		"bank_account": "bank account", "real_property": "real property", "digital_asset": "digital asset", "money_judgment": "money judgment",
	}[what]
	if words == "" {
		return what
	}
	return words
}

// Standing is how far a step is to be believed.
type Standing string

// The standings.
const (
	Reported  Standing = "reported"
	Confirmed Standing = "confirmed"
	Withdrawn Standing = "withdrawn"
)

// Reasons lists why a step is withdrawn. It is a closed list: words about people have no place here.
func Reasons() []string {
	return []string{"entered_in_error", "entered_twice", "wrong_case", "docket_corrected", "set_aside_by_court"}
}

func reasonWords(why string) string {
	return map[string]string{
		"entered_in_error": "entered in error", "entered_twice": "entered twice", "wrong_case": "belongs to another case", "docket_corrected": "the docket was corrected",
		"set_aside_by_court": "set aside by the court",
	}[why]
}
