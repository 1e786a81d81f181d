// SPDX-License-Identifier: Apache-2.0

package form

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v3"
)

const (
	defaultText     = 200
	defaultLongText = 20000
	maxQuestions    = 200
	maxOptions      = 500
)

var (
	idShape     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	optionShape = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,59}$`)
	langShape   = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

// Parse reads a form from YAML, strictly: unknown keys, unknown types, doubled
// ids and conditions that can never hold are errors. All of them are told, each
// as "file:line: ...".
func Parse(data []byte, file string) (Form, error) {
	p := parser{file: file}
	f := p.form(data)
	if len(p.errs) > 0 {
		return Form{}, errors.Join(p.errs...)
	}
	return f, nil
}

type parser struct {
	file string
	errs []error
}

func (p *parser) fail(n *yaml.Node, format string, args ...any) {
	line := 1
	if n != nil && n.Line > 0 {
		line = n.Line
	}
	p.errs = append(p.errs, fmt.Errorf("%s:%d: %s", p.file, line, fmt.Sprintf(format, args...)))
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?`)

// syntax tells what is not YAML, at the line that the YAML reader names.
func (p *parser) syntax(err error) {
	at := &yaml.Node{Line: 1}
	message := err.Error()
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		message = message[len(m[0]):]
		line, convErr := strconv.Atoi(m[1])
		if convErr == nil {
			at.Line = line
		}
	}
	p.fail(at, "%s", message)
}

func (p *parser) form(data []byte) Form {
	var f Form
	if !utf8.Valid(data) {
		p.fail(nil, "is not UTF-8")
		return f
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	err := dec.Decode(&doc)
	if err != nil {
		p.syntax(err)
		return f
	}
	err = dec.Decode(new(yaml.Node))
	if !errors.Is(err, io.EOF) {
		p.fail(nil, "holds more than one document")
		return f
	}
	lines := map[string]*yaml.Node{}
	p.fields(doc.Content[0], map[string]func(*yaml.Node){
		"id": func(n *yaml.Node) { f.ID = p.id(n, idShape) },
		"questions": func(n *yaml.Node) {
			for _, item := range p.list(n, maxQuestions) {
				q := p.question(item)
				if lines[q.ID] != nil {
					p.fail(item, "question %q stands twice", q.ID)
				}
				lines[q.ID] = item
				f.Questions = append(f.Questions, q)
			}
		},
	}, "id", "questions")
	for _, q := range f.Questions {
		p.conditions(f, q, lines[q.ID])
	}
	return f
}

func (p *parser) question(n *yaml.Node) Question {
	var q Question
	p.fields(n, map[string]func(*yaml.Node){
		"id":        func(n *yaml.Node) { q.ID = p.id(n, idShape) },
		"type":      func(n *yaml.Node) { q.Type = p.scalar(n) },
		"required":  func(n *yaml.Node) { q.Required = p.flag(n) },
		"envelope":  func(n *yaml.Node) { q.Envelope = p.flag(n) },
		"part":      func(n *yaml.Node) { q.Part = p.id(n, idShape) },
		"label":     func(n *yaml.Node) { q.Label = p.text(n) },
		"help":      func(n *yaml.Node) { q.Help = p.text(n) },
		"notice":    func(n *yaml.Node) { q.Notice = p.text(n) },
		"max":       func(n *yaml.Node) { q.Max = p.number(n) },
		"options":   func(n *yaml.Node) { q.Options = p.options(n) },
		"show_when": func(n *yaml.Node) { q.ShowWhen = p.showWhen(n) },
	}, "id", "type", "label")
	if q.Part != "" && q.Envelope {
		p.fail(n, "question %q cannot be of a part and of the envelope", q.ID)
	}
	if q.ID == "lang" {
		p.fail(n, "a question may not be called lang: that field belongs to the page")
	}
	takesText := q.Type == ShortText || q.Type == LongText
	takesOptions := q.Type == Choice || q.Type == Choices
	switch {
	case !takesText && !takesOptions && q.Type != Place && q.Type != YesNo:
		p.fail(n, "question %q has an unknown type %q", q.ID, q.Type)
	case takesOptions && len(q.Options) == 0:
		p.fail(n, "question %q has no options", q.ID)
	case !takesOptions && len(q.Options) > 0:
		p.fail(n, "question %q of type %s cannot have options", q.ID, q.Type)
	case !takesText && q.Max != 0:
		p.fail(n, "question %q of type %s cannot have max", q.ID, q.Type)
	}
	switch {
	case q.Max == 0 && q.Type == ShortText:
		q.Max = defaultText
	case q.Max == 0 && q.Type == LongText:
		q.Max = defaultLongText
	}
	return q
}

func (p *parser) options(n *yaml.Node) []Option {
	var out []Option
	seen := map[string]bool{}
	for _, item := range p.list(n, maxOptions) {
		var o Option
		p.fields(item, map[string]func(*yaml.Node){
			"id":    func(n *yaml.Node) { o.ID = p.id(n, optionShape) },
			"label": func(n *yaml.Node) { o.Label = p.text(n) },
			"help":  func(n *yaml.Node) { o.Help = p.text(n) },
		}, "id", "label")
		if seen[o.ID] {
			p.fail(item, "option %q stands twice", o.ID)
		}
		seen[o.ID] = true
		out = append(out, o)
	}
	return out
}

func (p *parser) showWhen(n *yaml.Node) map[string][]string {
	out := map[string][]string{}
	p.pairs(n, func(key, value *yaml.Node) {
		out[key.Value] = nil
		for _, item := range p.list(value, maxOptions) {
			out[key.Value] = append(out[key.Value], p.scalar(item))
		}
	})
	return out
}

// conditions checks that what a question waits for can happen: it must name
// questions that stand before it and answers that these can have.
func (p *parser) conditions(f Form, q Question, at *yaml.Node) {
	for id, values := range q.ShowWhen {
		other, ok := f.before(q.ID, id)
		if !ok {
			p.fail(at, "question %q waits for %q, which does not stand before it", q.ID, id)
			continue
		}
		if len(values) == 0 {
			p.fail(at, "question %q waits for no answer of %q", q.ID, id)
		}
		for _, v := range values {
			if !other.canBe(v) {
				p.fail(at, "question %q waits for the answer %q, which %q cannot have", q.ID, v, id)
			}
		}
	}
}

func (f Form) before(question, id string) (Question, bool) {
	for _, q := range f.Questions {
		if q.ID == question {
			return Question{}, false
		}
		if q.ID == id {
			return q, true
		}
	}
	return Question{}, false
}

func (q Question) canBe(value string) bool {
	switch q.Type {
	case YesNo:
		return value == "yes" || value == "no"
	case Choice, Choices:
		_, ok := q.Option(value)
		return ok
	}
	return false
}
