// SPDX-License-Identifier: Apache-2.0

package form

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// countySuffix names the second field of a place question.
const countySuffix = ".county"

// DecodeValues reads the answers out of a posted page. Fields that belong to
// the page ("lang" and names that begin with "_") are passed over.
func (f Form) DecodeValues(v url.Values) (Answers, []Problem) {
	d := f.decoder()
	for _, name := range slices.Sorted(maps.Keys(v)) {
		values := v[name]
		if name == "lang" || strings.HasPrefix(name, "_") {
			continue
		}
		id, isCounty := strings.CutSuffix(name, countySuffix)
		q, known := f.Question(id)
		switch {
		case known && q.Type == Place && !isCounty:
			d.place(q, values, v[name+countySuffix])
		case known && q.Type == Place:
			if _, hasState := v[id]; !hasState {
				d.place(q, nil, values)
			}
		case known && !isCounty:
			d.values(q, values)
		default:
			d.stranger(name, values)
		}
	}
	return d.finish()
}

// maxStrangers is how many unknown questions are told one by one. A page that
// changed has a few; only a machine sends more.
const maxStrangers = 20

// decoder gathers answers and problems.
type decoder struct {
	form     Form
	answers  Answers
	problems []Problem
	order    map[string]int

	strangers int
}

func (f Form) decoder() *decoder {
	d := &decoder{form: f, answers: Answers{}, order: map[string]int{}}
	for i, q := range f.Questions {
		d.order[q.ID] = i + 1
	}
	return d
}

func (d *decoder) add(p Problem) { d.problems = append(d.problems, p) }

// clean gives words that are safe to keep, store and show.
func (d *decoder) clean(question string, values []string) []string {
	var out []string
	broken := false
	for _, v := range values {
		words, whole := Repair(v)
		broken = broken || !whole
		if strings.TrimSpace(words) != "" {
			out = append(out, words)
		}
	}
	if broken {
		d.add(Problem{Question: question, Code: Encoding})
	}
	return out
}

// stranger keeps what was sent for a question that is not on the form.
func (d *decoder) stranger(name string, values []string) {
	name, _ = Repair(name)
	got := d.clean(name, values)
	if len(got) == 0 {
		return
	}
	d.answers[name] = append(d.answers[name], got...)
	d.strangers++
	if d.strangers <= maxStrangers {
		d.add(Problem{Question: name, Code: UnknownQuestion})
	}
}

// values takes the answers to any question that is not a place.
func (d *decoder) values(q Question, sent []string) {
	got := d.clean(q.ID, sent)
	if len(got) == 0 {
		return
	}
	switch q.Type {
	case ShortText, LongText:
		d.answers[q.ID] = got
		d.length(q, got)
	default:
		got = trimmed(got)
		d.answers[q.ID] = got
		for _, v := range got {
			if !q.canBe(v) {
				d.add(Problem{Question: q.ID, Code: UnknownOption})
				break
			}
		}
	}
	if len(got) > 1 && q.Type != Choices {
		d.add(Problem{Question: q.ID, Code: TooMany, Limit: 1, Have: len(got)})
	}
}

func (d *decoder) length(q Question, values []string) {
	for _, v := range values {
		have := utf8.RuneCountInString(v)
		if q.Max > 0 && have > q.Max {
			d.add(Problem{Question: q.ID, Code: TooLong, Limit: q.Max, Have: have})
			return
		}
	}
}

func trimmed(values []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, v := range values {
		v = strings.TrimSpace(v)
		if !seen[v] {
			out = append(out, v)
		}
		seen[v] = true
	}
	return out
}

// finish tells what is missing and puts the problems in the form's order.
func (d *decoder) finish() (Answers, []Problem) {
	for _, q := range d.form.Questions {
		if q.Required && len(d.answers[q.ID]) == 0 && q.Applies(d.answers) {
			d.add(Problem{Question: q.ID, Code: Required})
		}
	}
	slices.SortStableFunc(d.problems, func(a, b Problem) int {
		ra, rb := d.rank(a.Question), d.rank(b.Question)
		switch {
		case ra != rb:
			return ra - rb
		case a.Question != b.Question:
			return strings.Compare(a.Question, b.Question)
		}
		return strings.Compare(a.Code, b.Code)
	})
	return d.answers, d.problems
}

func (d *decoder) rank(question string) int {
	if at, ok := d.order[question]; ok {
		return at
	}
	return len(d.order) + 1
}

// fromWindows is what the bytes 0x80 to 0x9F mean in Windows-1252, the usual
// source of text that is not UTF-8. Zero means nothing.
var fromWindows = [32]rune{
	'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0,
	0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ',
}

// Repair gives the text with Unix line ends and without control characters.
// Bytes that are not UTF-8 are read as Windows-1252; whole is false then, and
// the person should look at the words again. Nothing readable is dropped.
func Repair(s string) (text string, whole bool) {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	whole = true
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			whole = false
			r = rune(s[i])
			if r < 0xA0 {
				r = fromWindows[r-0x80]
			}
			if r == 0 {
				r = utf8.RuneError
			}
		}
		i += size
		switch {
		case r == '\r':
			b.WriteByte('\n')
		case r < 0x20 && r != '\n' && r != '\t', r >= 0x7F && r < 0xA0:
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), whole
}
