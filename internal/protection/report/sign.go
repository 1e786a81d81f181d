// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"waylight/internal/platform/form"
)

// Signs is what this room needs of the room that knows the codes on signs. Both
// answer from memory.
type Signs interface {
	// Sign finds a code that is in use in a program.
	Sign(ctx context.Context, program, code string) (Sign, bool)
	// Told hears that an accepted report carries a code. It is not told which report,
	// and must keep nothing by which that could be found.
	Told(ctx context.Context, program, code string)
}

// Sign is the place that a code stands for.
type Sign struct {
	Code  string
	Where string // the place and its county
	Small bool   // so few come by that the place may tell who it was: the box starts empty
}

const (
	codeParam = "c"            // of the page's address: the code that somebody scanned
	codeField = "_code"        // the same, in the form
	signField = "scanned_sign" // the sender's box; its answer is sealed with the words under this name
	toldField = "_sign"        // of a report that a browser sealed: the code, if the box is ticked
	signLimit = 300            // letters
)

// SignAnswer is the name under which a sealed body holds the place of the sign.
const SignAnswer = signField

// FormAddress is the address of a program's form for who scanned a code.
func FormAddress(program, lang, code string) string {
	return "/" + program + "/" + lang + "?" + url.Values{codeParam: {code}}.Encode()
}

// scanned is the page's question whether the place of the sign goes along.
type scanned struct {
	Code, Where string
	Value       string // what is sealed: the same for as long as the page is open
	Small, On   bool
}

// scannedBy is the question for who came by a code; nil for everybody else.
func (s *Service) scannedBy(ctx context.Context, program, code string) *scanned {
	if s.Signs == nil || code == "" {
		return nil
	}
	sign, ok := s.Signs.Sign(ctx, program, code)
	if !ok {
		return nil
	}
	return &scanned{sign.Code, sign.Where, sign.Where + " (" + sign.Code + ")", sign.Small, !sign.Small}
}

// takeSign takes the question and its answer out of a posted page. What was ticked
// stays word for word as it stood on the page, whatever has become of the code since:
// the same page sent again must be the same report.
func (s *Service) takeSign(r *http.Request, program string) *scanned {
	code, answer := r.PostForm.Get(codeField), signText(r.PostForm.Get(signField))
	r.PostForm.Del(codeField)
	r.PostForm.Del(signField)
	if s.Signs == nil {
		return nil
	}
	sign := s.scannedBy(r.Context(), program, code)
	switch {
	case answer == "" && sign != nil:
		sign.On = false
	case answer != "" && sign != nil:
		sign.On, sign.Value = true, answer
	case answer != "":
		sign = &scanned{Code: signText(code), Where: answer, Value: answer, On: true}
	}
	return sign
}

// answer is what is sealed of it; "" for nothing.
func (q *scanned) answer() string {
	if q == nil || !q.On {
		return ""
	}
	return q.Value
}

func signText(text string) string {
	text, _ = form.Repair(text)
	text = strings.Join(strings.Fields(text), " ")
	if letters := []rune(text); len(letters) > signLimit {
		text = string(letters[:signLimit])
	}
	return text
}

// withSign are the answers to be sealed, with the place of the sign.
func withSign(a map[string][]string, sign string) map[string][]string {
	if sign == "" {
		return a
	}
	a = maps.Clone(a)
	if a == nil {
		a = map[string][]string{}
	}
	a[signField] = []string{sign}
	return a
}

// told counts a report that carries a code, once: not one that was sent again, and
// none that the program sends itself.
func (s *Service) told(ctx context.Context, a Accepted, via, code string) {
	if s.Signs != nil && code != "" && via == ViaWeb && !a.Repeated {
		s.Signs.Told(ctx, a.Program, code)
	}
}
