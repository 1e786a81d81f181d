// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"net/url"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
)

// Trouble is why something was not done, for the page that shows the form again with
// what was typed.
type Trouble struct {
	Message, Form, Field string
	Typed                url.Values
}

// Troubled says whether a person can put right what went wrong with a form, and with
// which status its page is shown again; nil when they cannot.
func Troubled(err error, form string, typed url.Values) (*Trouble, int) {
	f, ok := fault.As(err)
	if !ok {
		return nil, 0
	}
	status := map[fault.Kind]int{fault.Invalid: http.StatusBadRequest, fault.Conflict: http.StatusConflict}[f.Kind]
	if status == 0 {
		return nil, 0
	}
	return &Trouble{f.Message, form, f.Field, typed}, status
}

// Target is the id of the field it is about, "" for none.
func (t *Trouble) Target() string {
	if t.Field == "" || t.Form == "" {
		return t.Field
	}
	return t.Form + "-" + t.Field
}

// Problems is the trouble as a page's view counts it; none for nil.
func (t *Trouble) Problems() []form.Problem {
	if t == nil {
		return nil
	}
	return []form.Problem{{Question: t.Field, Code: "refused"}}
}

// Frame is what stands around a page of forms: what was just done, or what was not.
type Frame struct {
	Done    string
	Trouble *Trouble
}

// Framed is the frame of a page: said has the sentences for the "done" word of its
// address.
func Framed(r *http.Request, t *Trouble, said map[string]string) Frame {
	if t != nil {
		return Frame{Trouble: t}
	}
	return Frame{Done: said[r.URL.Query().Get("done")]}
}

// Was gives back what was typed into a field of a form that was refused, or else what
// stands there now.
func (f Frame) Was(form, field string, now ...string) string {
	if f.Trouble == nil || f.Trouble.Form != form {
		if len(now) > 0 {
			return now[0]
		}
		return ""
	}
	return f.Trouble.Typed.Get(field)
}

// Choice is one entry of a list to choose from.
type Choice struct {
	Value, Label string
	On           bool
}

// Choices are values with their labels, of which one may be chosen.
func Choices(chosen string, values []string, label func(string) string) []Choice {
	out := make([]Choice, len(values))
	for i, v := range values {
		out[i] = Choice{v, label(v), v == chosen}
	}
	return out
}

// Chosen marks in a list what is chosen.
func Chosen(list []Choice, on ...string) []Choice {
	for i := range list {
		list[i].On = false
		for _, v := range on {
			list[i].On = list[i].On || list[i].Value == v
		}
	}
	return list
}
