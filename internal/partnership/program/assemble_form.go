// SPDX-License-Identifier: Apache-2.0

package program

import (
	"fmt"
	"slices"
	"strings"

	"waylight/internal/platform/form"
	"waylight/internal/platform/place"
)

// A report form longer than this is not finished by people who are afraid. The
// questions about the reporter are counted apart: most are shown only to who
// wants to be reached.
const (
	maxQuestions = 14
	maxRequired  = 3
	maxReporter  = 8
)

// form reads the form and holds it to the envelope.
func (b *builder) form() {
	if b.own.formFile == "" {
		b.wrong.add(b.own.head.At, "form.yaml is missing")
		return
	}
	f, err := form.Parse(b.own.form, b.own.formFile)
	if err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			b.wrong.list = append(b.wrong.list, located(line, b.own.formFile))
		}
		return
	}
	f.Places = places(b.p.State)
	for i := range f.Questions {
		if f.Questions[i].ID == "age" && f.Questions[i].Notice == nil {
			f.Questions[i].Notice = b.p.Told["before-age"]
		}
	}
	b.p.Form = f
	at := mark{file: b.own.formFile}
	required, reporter := 0, 0
	for _, q := range f.Questions {
		if q.Required {
			required++
		}
		if q.Part == ReporterPart {
			reporter++
		}
		b.question(at, q)
	}
	if asked := len(f.Questions) - reporter; asked > maxQuestions || required > maxRequired {
		b.wrong.add(at, "%d questions, %d of them required: at most %d and %d", asked, required, maxQuestions, maxRequired)
	}
	if reporter > maxReporter {
		b.wrong.add(at, "%d questions about the reporter: at most %d", reporter, maxReporter)
	}
	for _, id := range sortedKeys(envelopeQuestions) {
		q, ok := f.Question(id)
		if !ok || !q.Envelope {
			b.wrong.add(at, "question %q is missing, or lacks `envelope: true`", id)
		}
		if (id == "mode" || id == "age") && !q.Required {
			b.wrong.add(at, "question %q must be required: who is told depends on it", id)
		}
	}
}

func (b *builder) question(at mark, q form.Question) {
	what := fmt.Sprintf("question %q", q.ID)
	b.words(at, what+", label", q.Label)
	for name, t := range map[string]form.Text{"help": q.Help, "notice": q.Notice} {
		if t != nil {
			b.words(at, what+", "+name, t)
		}
	}
	if q.ID == consentsAnswer || q.ID == leftOutAnswer {
		b.wrong.add(at, "%s: the page asks that itself", what)
	}
	switch {
	case q.Part != "" && q.Part != ReporterPart:
		b.wrong.add(at, "%s: part: %q is not %q", what, q.Part, ReporterPart)
	case q.Part != "" && (q.Required || q.Type == form.Place):
		b.wrong.add(at, "%s: nobody has to say who they are, and where somebody is belongs to the envelope", what)
	}
	values, known := envelopeQuestions[q.ID]
	if q.Envelope && !known {
		b.wrong.add(at, "%s is not part of the envelope", what)
	}
	for _, o := range q.Options {
		b.words(at, what+", option "+o.ID, o.Label)
		if known && !slices.Contains(values, o.ID) {
			b.wrong.add(at, "%s: the envelope has no %q; it has %v", what, o.ID, values)
		}
	}
	for _, v := range []string{"unsure", "adult", "under18"} {
		if _, ok := q.Option(v); q.ID == "age" && !ok {
			b.wrong.add(at, "%s: the option %q is missing", what, v)
		}
	}
}

// located takes "file:line: text" apart again.
func located(line, file string) Problem {
	at := 0
	rest, ok := strings.CutPrefix(line, file+":")
	if ok {
		if n, _ := fmt.Sscanf(rest, "%d:", &at); n == 1 {
			_, rest, _ = strings.Cut(rest, ":")
		}
	}
	return Problem{File: file, Line: at, Text: strings.TrimSpace(rest)}
}

// places is what the form offers and understands: the program's own state with
// its counties, then its neighbors, then the others by name.
func places(home string) *form.Places {
	out := &form.Places{Find: findCounty}
	near := append([]string{home}, place.Neighbors(home)...)
	for _, code := range near {
		if s, ok := place.StateByCode(code); ok {
			out.Regions = append(out.Regions, form.Region{Code: s.Code, Name: s.Name})
		}
	}
	for _, c := range place.Counties(home) {
		out.Regions[0].Counties = append(out.Regions[0].Counties, form.County{ID: c.FIPS, Name: c.Name})
	}
	for _, s := range place.States() {
		if !slices.Contains(near, s.Code) {
			out.Regions = append(out.Regions, form.Region{Code: s.Code, Name: s.Name})
		}
	}
	return out
}

// findCounty takes "28033" or "DeSoto", as people type it.
func findCounty(state, words string) (form.County, bool) {
	c, ok := place.CountyByFIPS(words)
	if !ok || c.State().Code != state {
		c, ok = place.CountyByName(state, words)
	}
	return form.County{ID: c.FIPS, Name: c.Name}, ok
}
