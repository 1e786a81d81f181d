// SPDX-License-Identifier: Apache-2.0

package form

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var placeShape = regexp.MustCompile(`^[A-Z]{2}(-[0-9]{5})?$`)

// place takes the answer to a place question: a state, or "MS-28033", and the
// county as it was typed.
func (d *decoder) place(q Question, states, counties []string) {
	state, county := trimmed(d.clean(q.ID, states)), trimmed(d.clean(q.ID, counties))
	if len(state) == 0 && len(county) == 0 {
		return
	}
	if len(state) > 1 || len(county) > 1 {
		d.answers[q.ID] = append(state, county...)
		d.add(Problem{Question: q.ID, Code: TooMany, Limit: 1, Have: max(len(state), len(county))})
		return
	}
	code, words := strings.Join(state, ""), strings.Join(county, "")
	if placeShape.MatchString(strings.ToUpper(code)) {
		code = strings.ToUpper(code)
	}
	value, problem := d.form.locate(code, words)
	if have := utf8.RuneCountInString(words); have > defaultText {
		problem = Problem{Code: TooLong, Limit: defaultText, Have: have}
	}
	d.answers[q.ID] = []string{value}
	if problem.Code == "" {
		return
	}
	d.answers[q.ID] = []string{code}
	if words != "" {
		d.answers[q.ID] = []string{code, words}
	}
	problem.Question = q.ID
	d.add(problem)
}

// locate finds the one spelling of a place, or says why there is none.
func (f Form) locate(state, words string) (string, Problem) {
	code, id, _ := strings.Cut(state, "-")
	switch {
	case state == "":
		return f.locateAnywhere(words)
	case !placeShape.MatchString(state), f.Places != nil && !f.Places.offers(code):
		return "", Problem{Code: UnknownOption}
	case id != "" && words != "":
		return "", Problem{Code: TooMany, Limit: 1, Have: 2}
	case id == "":
		id = words
	}
	if id == "" {
		return code, Problem{}
	}
	county, ok := f.Places.find(code, id)
	if !ok {
		return "", Problem{Code: UnknownCounty, Suggest: f.Places.similar(code, id)}
	}
	return code + "-" + county.ID, Problem{}
}

// locateAnywhere takes a county without a state where exactly one of the
// states whose counties are listed has it.
func (f Form) locateAnywhere(words string) (string, Problem) {
	found := ""
	if f.Places != nil {
		for _, r := range f.Places.Regions {
			if len(r.Counties) == 0 {
				continue
			}
			county, ok := f.Places.find(r.Code, words)
			switch {
			case ok && found != "":
				return "", Problem{Code: MissingState}
			case ok:
				found = r.Code + "-" + county.ID
			}
		}
	}
	if found == "" {
		return "", Problem{Code: MissingState}
	}
	return found, Problem{}
}

func (p *Places) offers(code string) bool {
	return slices.ContainsFunc(p.Regions, func(r Region) bool { return r.Code == code })
}

func (p *Places) find(state, words string) (County, bool) {
	if p == nil || p.Find == nil {
		return County{ID: words}, placeShape.MatchString(state + "-" + words)
	}
	return p.Find(state, words)
}

// similar lists the counties of a listed state that are spelled nearly like the
// words, at most three.
func (p *Places) similar(state, words string) []string {
	if p == nil {
		return nil
	}
	type near struct {
		name string
		off  int
	}
	var all []near
	words = strings.ToLower(words)
	for _, r := range p.Regions {
		for _, c := range r.Counties {
			first, _, _ := strings.Cut(strings.ToLower(c.Name), " county")
			off := distance(words, first)
			if r.Code == state && off <= 2 && off < len(first)/2 {
				all = append(all, near{c.Name, off})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b near) int { return a.off - b.off })
	var names []string
	for _, n := range all[:min(3, len(all))] {
		names = append(names, n.name)
	}
	return names
}

// distance counts the letters to change, add or drop to get from a to b. Words
// that differ much in length are simply far.
func distance(a, b string) int {
	if len(a) > len(b)+2 || len(b) > len(a)+2 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
