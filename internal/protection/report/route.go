// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"net/url"
	"slices"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/form"
)

// The answers that are lists of offices. They are not questions of the form:
// what they offer depends on the other answers.
const (
	consentsField = "consents" // help: offices the sender agrees to
	leftOutField  = "left_out" // tip: offices the sender does not want told
	modeField     = "mode"
)

// routed is a submission taken apart.
type routed struct {
	envelope program.Envelope
	parts    program.Parts
	plan     program.Plan
}

// route says who must be told of these answers.
func (s *Service) route(p *program.Program, a form.Answers, language, via string) (routed, error) {
	envelope, parts, err := p.EnvelopeFrom(a, language)
	if err != nil {
		return routed{}, err
	}
	keyed := s.Keyed(p.ID)
	if envelope.Mode == program.Help && len(p.HelpOffices(keyed)) == 0 {
		return routed{}, ErrNoHelp.At(modeField)
	}
	r := routed{envelope: envelope, parts: parts, plan: p.Route(envelope, keyed)}
	if inside(via) {
		r.plan, err = testPlan(p, r.plan.Version, keyed)
	}
	return r, err
}

// testPlan sends a test to the program's own desk and to nobody else: no agency
// is ever told of something that did not happen.
func testPlan(p *program.Program, version string, keyed func(string) bool) (program.Plan, error) {
	for _, desk := range p.Desks {
		if keyed(desk) {
			return program.Plan{
				Deliveries: []program.Delivery{{Holder: desk, Duty: program.Duty{
					Rule: program.RuleFallback, Recipient: desk, Obligor: program.ByProgram,
					Starts: program.Event{Kind: program.Accepted}, Limit: p.Limits.Fallback, LimitBy: "policy",
					Means: []string{program.ByInbox}, Proof: []string{"opened"},
				}}},
				Readers:  []string{desk},
				Audience: []string{desk},
				Version:  version,
			}, nil
		}
	}
	return program.Plan{}, ErrNoReader
}

// decodeValues reads a posted page: the form's questions and the lists of
// offices.
func decodeValues(p *program.Program, v url.Values) (form.Answers, []form.Problem) {
	questions := make(url.Values, len(v))
	offices := map[string][]string{}
	for name, values := range v {
		if isOfficeField(name) {
			offices[name] = values
			continue
		}
		questions[name] = values
	}
	a, problems := p.Form.DecodeValues(questions)
	return a, append(problems, addOffices(p, a, offices)...)
}

// decodeJSON is decodeValues for an API request.
func decodeJSON(p *program.Program, raw map[string]json.RawMessage) (form.Answers, []form.Problem) {
	questions := make(map[string]json.RawMessage, len(raw))
	offices := map[string][]string{}
	var problems []form.Problem
	for name, value := range raw {
		if !isOfficeField(name) {
			questions[name] = value
			continue
		}
		var list []string
		if err := json.Unmarshal(value, &list); err != nil {
			problems = append(problems, form.Problem{Question: name, Code: form.WrongType})
		}
		offices[name] = list
	}
	a, found := p.Form.DecodeJSON(questions)
	return a, append(append(found, problems...), addOffices(p, a, offices)...)
}

func isOfficeField(name string) bool { return name == consentsField || name == leftOutField }

// addOffices takes the lists of offices into the answers. The offices that
// cannot be picked or left out are told by Envelope.Validate.
func addOffices(p *program.Program, a form.Answers, offices map[string][]string) []form.Problem {
	var problems []form.Problem
	for _, name := range []string{consentsField, leftOutField} {
		var list []string
		for _, id := range offices[name] {
			id, _ = form.Repair(id)
			if id == "" || slices.Contains(list, id) {
				continue
			}
			list = append(list, id)
			if _, ok := p.Offices[id]; !ok {
				problems = append(problems, form.Problem{Question: name, Code: form.UnknownOption})
			}
		}
		if len(list) > 0 {
			slices.Sort(list)
			a[name] = list
		}
	}
	return problems
}
