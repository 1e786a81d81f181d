// SPDX-License-Identifier: Apache-2.0

// Package form turns questions that are data into pages, and what people
// answered into values.
//
// It promises three things. Every word that somebody typed comes back with
// the answers, however wrong the rest was, so that a refused form can be shown
// again complete. Everything that is wrong is told at once. And nothing here
// needs a script: without one, every question is shown and the server decides.
//
// A form is written in YAML (see [Parse]):
//
//	id: contact
//	questions:
//	  - id: topic                 # a-z, 0-9 and _ ; also the name of the field
//	    type: choice              # choice choices text longtext place yesno
//	    required: true
//	    envelope: true            # opaque to this package: the caller's mark
//	    part: reporter            # the same: a word by which the caller keeps some answers apart
//	    label: {en: "What is it about?", es: "¿De qué se trata?"}   # quote words with ? or :
//	    help: {en: Pick one., es: Elija una.}
//	    notice: {en: Shown above the question., es: Aparece antes.}
//	    options:
//	      - id: roads
//	        label: {en: Roads, es: Carreteras}
//	        help: {en: Holes and signs, es: Baches y señales}
//	  - id: story
//	    type: longtext
//	    max: 20000                # characters; 200 for text, 20,000 for longtext
//	    label: {en: Tell us more, es: Cuéntenos más}
//	    show_when: {topic: [roads]}   # with a script, only shown then
//
// Field names that begin with "_" and the name "lang" belong to the page and
// are never answers.
package form

// The kinds of question.
const (
	Choice    = "choice"
	Choices   = "choices"
	ShortText = "text"
	LongText  = "longtext"
	Place     = "place"
	YesNo     = "yesno"
)

// The codes of a Problem. Each has the catalogue key "form.problem.<code>".
const (
	Required        = "required"
	UnknownOption   = "unknown_option"
	UnknownQuestion = "unknown_question"
	UnknownCounty   = "unknown_county"
	MissingState    = "missing_state"
	TooLong         = "too_long"
	TooMany         = "too_many"
	Encoding        = "encoding"
	WrongType       = "wrong_type"
)

// Text is the same words in several languages, by language code.
type Text map[string]string

// In gives the words in a language, and the English ones where it lacks them.
func (t Text) In(lang string) string {
	if words, ok := t[lang]; ok && words != "" {
		return words
	}
	return t["en"]
}

// Form is a list of questions in the order in which they are asked.
type Form struct {
	ID        string
	Questions []Question
	// Places is what the place questions offer and understand. It is not part
	// of the YAML: who loads the form sets it. Without it a place is accepted
	// by its shape alone.
	Places *Places
}

// Places tells the place questions what there is. This package knows none.
type Places struct {
	Regions []Region // the states offered, in this order
	// Find gives the county that the words name in a state, by its ID or by
	// its name as people type it, or none where it could be two.
	Find func(state, words string) (County, bool)
}

// Question is one thing that a form asks.
type Question struct {
	ID, Type           string
	Required, Envelope bool
	Label, Help        Text
	Options            []Option
	Max                int // characters that a text may have
	// ShowWhen names other questions and the answers, any of which makes this
	// question apply. All named questions must agree. Empty: always.
	ShowWhen map[string][]string
	Notice   Text // shown above the question
	// Part is the caller's name for the answers that it keeps apart from the
	// others; "" is all the others. No question has both Part and Envelope.
	Part string
}

// Option is one answer that a choice offers.
type Option struct {
	ID          string
	Label, Help Text
}

// Region is a state that a place question offers. Its Counties, if any, stand in
// the page as suggestions; a county that is not listed is still understood.
type Region struct {
	Code, Name string
	Counties   []County
}

// County is a part of a Region. Its ID is what "MS-28033" ends in.
type County struct{ ID, Name string }

// Answers holds the values of each question: one for a single answer. A place
// is "MS-28033" or "MS"; when its county was not understood it is the state's
// code followed by the words typed as a second value.
type Answers map[string][]string

// First gives the first value of an answer, or "".
func (a Answers) First(question string) string {
	if len(a[question]) == 0 {
		return ""
	}
	return a[question][0]
}

// Has reports whether the question was answered with the value.
func (a Answers) Has(question, value string) bool {
	for _, v := range a[question] {
		if v == value {
			return true
		}
	}
	return false
}

// Problem is one thing that is wrong with the answer to a question.
type Problem struct {
	Question, Code string
	Limit, Have    int
	// Suggest holds what may have been meant.
	Suggest []string
}

// Question gives the question with this id.
func (f Form) Question(id string) (Question, bool) {
	for _, q := range f.Questions {
		if q.ID == id {
			return q, true
		}
	}
	return Question{}, false
}

// Option gives the option with this id.
func (q Question) Option(id string) (Option, bool) {
	for _, o := range q.Options {
		if o.ID == id {
			return o, true
		}
	}
	return Option{}, false
}

// Applies reports whether the question is to be asked, given these answers.
func (q Question) Applies(a Answers) bool {
	for id, values := range q.ShowWhen {
		matched := false
		for _, v := range values {
			matched = matched || a.Has(id, v)
		}
		if !matched {
			return false
		}
	}
	return true
}
