// SPDX-License-Identifier: Apache-2.0

package form

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// FS holds the templates that draw questions ("templates/*.html") and their
// words ("strings/<lang>.yaml"). Package web loads both.
//
//go:embed templates strings
var FS embed.FS

// Translate gives the words of a catalogue key; args are names and values.
type Translate func(key string, args ...any) (string, error)

// Sheet is a form on its way to a page: its questions in one language, with
// what was answered and what was wrong. In templates:
//
//	{{template "form.errors" .Data.Sheet}}
//	{{range .Data.Sheet.Fields}}{{template "question" .}}{{end}}
//	{{template "question" (.Data.Sheet.Field "topic")}}
type Sheet struct {
	Lang   string
	Fields []Field
	Errors []Mistake
	t      Translate
}

// Mistake is one line of the summary above a form.
type Mistake struct {
	Target  string // id of the control to go to, or ""
	Label   string // the question's words
	Message string
	Kept    []string // words that no control shows
}

// Field is one question on a Sheet.
type Field struct {
	ID, Type, Name      string // ID is of the HTML element, Name of the field
	Label, Help, Notice string
	Required            bool
	Max, Rows           int
	Options             []Choosable
	Value, County       string // what was answered; County is a place's second half
	CountyList          string // id of the list of suggestions
	Lists               []Region
	ShowWhen            string // "topic=roads,bridges;other=yes"
	Part                string // of the form that the answer is kept apart in, or ""
	Errors              []string
	t                   Translate
}

// Choosable is one option of a Field.
type Choosable struct {
	ID, Value, Label, Help string
	Chosen                 bool
}

// Sheet prepares the form for a page. The problems are those that decoding
// gave, or none for an empty form.
func (f Form) Sheet(lang string, t Translate, a Answers, problems []Problem) (Sheet, error) {
	s := Sheet{Lang: lang, t: t}
	listed := false
	for _, q := range f.Questions {
		field, err := f.field(q, lang, t, a)
		if err != nil {
			return Sheet{}, err
		}
		if q.Type == Place && f.Places != nil && !listed {
			listed = true
			field.Lists = slices.DeleteFunc(slices.Clone(f.Places.Regions), func(r Region) bool { return len(r.Counties) == 0 })
		}
		s.Fields = append(s.Fields, field)
	}
	for _, p := range problems {
		err := s.mark(p, a)
		if err != nil {
			return Sheet{}, err
		}
	}
	return s, nil
}

// Field gives one field of the sheet by its question's id.
func (s Sheet) Field(question string) (Field, error) {
	for _, f := range s.Fields {
		if f.Name == question {
			return f, nil
		}
	}
	return Field{}, fmt.Errorf("the form has no question %q", question)
}

// T gives words in the sheet's language.
func (s Sheet) T(key string, args ...any) (string, error) { return s.t(key, args...) }

// T gives words in the field's language.
func (f Field) T(key string, args ...any) (string, error) { return f.t(key, args...) }

// mark puts a problem beside its field and into the summary.
func (s *Sheet) mark(p Problem, a Answers) error {
	message, err := s.t("form.problem."+p.Code, "limit", thousands(p.Limit), "have", thousands(p.Have))
	if err != nil {
		return err
	}
	if len(p.Suggest) > 0 {
		maybe, err := s.t("form.suggest", "names", strings.Join(p.Suggest, " · "))
		if err != nil {
			return err
		}
		message += " " + maybe
	}
	for i, f := range s.Fields {
		if f.Name == p.Question {
			s.Fields[i].Errors = append(f.Errors, message)
			s.Errors = append(s.Errors, Mistake{Target: f.Target(), Label: f.Label, Message: message})
			return nil
		}
	}
	s.Errors = append(s.Errors, Mistake{Message: message, Kept: a[p.Question]})
	return nil
}

func (f Form) field(q Question, lang string, t Translate, a Answers) (Field, error) {
	out := Field{
		ID: "q-" + q.ID, Type: q.Type, Name: q.ID, Required: q.Required, Max: q.Max, t: t,
		Label: q.Label.In(lang), Help: q.Help.In(lang), Notice: q.Notice.In(lang), ShowWhen: conditions(q.ShowWhen), Part: q.Part,
	}
	switch q.Type {
	case Choice, Choices:
		for _, o := range q.Options {
			out.choose(o.ID, o.Label.In(lang), o.Help.In(lang), a.Has(q.ID, o.ID))
		}
	case YesNo:
		for _, v := range []string{"yes", "no"} {
			words, err := t("form." + v)
			if err != nil {
				return Field{}, err
			}
			out.choose(v, words, "", a.Has(q.ID, v))
		}
	case Place:
		f.placeField(&out, a[q.ID])
	case ShortText:
		out.Value = strings.Join(a[q.ID], "; ")
	case LongText:
		out.Value = strings.Join(a[q.ID], "\n\n")
		out.Rows = min(12, max(5, q.Max/250, strings.Count(out.Value, "\n")+2))
	}
	return out, nil
}

func (f *Field) choose(value, label, help string, chosen bool) {
	f.Options = append(f.Options, Choosable{ID: f.ID + "-" + value, Value: value, Label: label, Help: help, Chosen: chosen})
}

// placeField shows the state that was chosen and the county by its name, or by
// the words that were typed where they were not understood.
func (f Form) placeField(out *Field, answer []string) {
	code, id, words := "", "", ""
	if len(answer) > 0 {
		code, id, _ = strings.Cut(answer[0], "-")
	}
	if len(answer) > 1 {
		words = strings.Join(answer[1:], "; ")
	}
	if words == "" && id != "" {
		words = id
		county, ok := f.Places.find(code, id)
		if ok && county.Name != "" {
			words = county.Name
		}
	}
	out.Value, out.County = code, words
	if f.Places == nil {
		return
	}
	for _, r := range f.Places.Regions {
		out.Options = append(out.Options, Choosable{ID: out.ID, Value: r.Code, Label: r.Name, Chosen: r.Code == code})
		if len(r.Counties) > 0 && (out.CountyList == "" || r.Code == code) {
			out.CountyList = "counties-" + r.Code
		}
	}
}

func conditions(when map[string][]string) string {
	var parts []string
	for id, values := range when {
		parts = append(parts, id+"="+strings.Join(values, ","))
	}
	slices.Sort(parts)
	return strings.Join(parts, ";")
}

// Target is the id of the control that an error leads to.
func (f Field) Target() string {
	if f.Type != Place && len(f.Options) > 0 {
		return f.Options[0].ID
	}
	return f.ID
}

// Describers are the ids of what explains the field, for aria-describedby.
func (f Field) Describers() string {
	var ids []string
	for _, d := range []struct {
		there bool
		id    string
	}{{f.Notice != "", "-notice"}, {f.Help != "", "-hint"}, {len(f.Errors) > 0, "-error"}, {f.Type == LongText, "-count"}} {
		if d.there {
			ids = append(ids, f.ID+d.id)
		}
	}
	return strings.Join(ids, " ")
}

// Paragraphs splits words at their empty lines.
func (f Field) Paragraphs(words string) []string { return strings.Split(words, "\n\n") }

// Limit is the field's limit for people to read: "20,000".
func (f Field) Limit() string { return thousands(f.Max) }

func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
