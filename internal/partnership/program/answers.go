// SPDX-License-Identifier: Apache-2.0

package program

import (
	"slices"

	"waylight/internal/platform/form"
	"waylight/internal/platform/place"
)

// The answers that are lists of offices. They are no questions of the form:
// what they offer depends on the other answers.
const (
	consentsAnswer = "consents"
	leftOutAnswer  = "left_out"
)

// envelopeQuestions are the questions whose answers make the envelope, with the
// options each may have; nil: places, or yes and no.
var envelopeQuestions = map[string][]string{
	"mode": modes, "age": ages, "who": speakers, "land": lands, "conflict": conflicts,
	"kind":   {"sex", "labor", "both", "unsure", "missing"},
	"danger": nil, "happened": nil, "now": nil, "lives": nil,
}

// ReporterPart is the part of the form that is about the reporter: name, contact
// and how it is safe to reach them.
const ReporterPart = "reporter"

// Parts are the answers that are to be sealed, by whom they are for.
type Parts struct {
	Body     map[string][]string // for everybody who is told
	Reporter map[string][]string // for Plan.Audience; empty when nothing was answered
}

// EnvelopeFrom takes answers apart: what routing needs, and all the rest, which
// is to be sealed: what is about the reporter apart from the words. Every answer
// is in one of the three, and none of the reporter's in another. The fault names
// the question and never repeats an answer.
//
// What was not answered is read carefully: age as not sure, and so as a child;
// who speaks as the sender in help mode and as somebody who saw something in a
// tip. What a tip says about consents, and a help report about leaving out, is
// dropped: it has no meaning there.
func (p *Program) EnvelopeFrom(a form.Answers, language string) (Envelope, Parts, error) {
	e := Envelope{Version: EnvelopeVersion, Mode: a.First("mode"), Age: or(a.First("age"), "unsure"), Land: or(a.First("land"), "unknown"),
		Who: a.First("who"), Danger: a.First("danger") == "yes", Missing: a.Has("kind", "missing"), Kind: kindOf(a["kind"]),
		Conflict: sortedSet(a["conflict"]), Language: language}
	switch e.Mode {
	case Help:
		e.Who, e.Consents = or(e.Who, "me"), sortedSet(a[consentsAnswer])
	case Tip:
		e.Who, e.LeftOut = or(e.Who, "saw"), sortedSet(a[leftOutAnswer])
	default:
		return Envelope{}, Parts{}, refuse("mode", "unknown_option", "Choose whether this is a tip or you ask for help.")
	}
	parts := Parts{Body: map[string][]string{}, Reporter: map[string][]string{}}
	for _, at := range e.places() {
		found, err := place.ParsePlace(a.First(at.field))
		if err != nil {
			return Envelope{}, Parts{}, refuse(at.field, "unknown_place", "There is no such state or county.")
		}
		*at.place = found
		if len(a[at.field]) > 1 {
			parts.Body[at.field] = slices.Clone(a[at.field][1:]) // words that were not understood
		}
	}
	for question, values := range a {
		if _, ok := envelopeQuestions[question]; ok || question == consentsAnswer || question == leftOutAnswer || len(values) == 0 {
			continue
		}
		if q, ok := p.Form.Question(question); ok && q.Part == ReporterPart {
			parts.Reporter[question] = slices.Clone(values)
			continue
		}
		parts.Body[question] = slices.Clone(values)
	}
	if !slices.Contains(p.Languages, e.Language) {
		e.Language = p.Languages[0]
	}
	return e, parts, e.Validate(p)
}

// kindOf reduces what was ticked to one kind. Anything unknown is kept, for
// Validate to refuse.
func kindOf(ticked []string) string {
	kind := "unsure"
	for _, k := range ticked {
		switch {
		case k == "missing" || k == "unsure":
		case kind == "unsure":
			kind = k
		case kind != k:
			kind = "both"
		}
	}
	return kind
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
