// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
)

// errNotForm is for a post that is no form: its words cannot be given back, and
// nothing may be said about where they still are.
var errNotForm = fault.New(fault.Invalid, "not_a_form", "What was sent could not be read as a form. Nothing was kept.")

// parseForm reads a posted page. What is not even a list of fields cannot be
// given back, so it is refused before anything is read from it.
func parseForm(r *http.Request) error {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return errNotForm
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		return unreadForm(r.ParseForm(), errGarbled)
	case "multipart/form-data":
		if err := r.ParseForm(); err != nil { // the address's own values
			return unreadForm(err, errGarbled)
		}
		return parseParts(r, params["boundary"])
	}
	return errNotForm
}

// parseParts reads a form in parts, in memory alone: the ready-made reader would
// put a sender's words on the disk.
func parseParts(r *http.Request, boundary string) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return unreadForm(err, errNotForm)
	}
	// The reader takes a body that breaks off within a part's head for one that
	// has ended: half of what was written would be taken for all of it.
	if boundary == "" || !bytes.HasSuffix(bytes.TrimRight(body, "\r\n"), []byte("--"+boundary+"--")) {
		return errNotForm
	}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	r.PostForm = url.Values{}
	for {
		part, err := parts.NextPart()
		if err == io.EOF { // bare: a wrapped one is a body that broke off
			return nil
		}
		if err != nil {
			return errNotForm
		}
		// No page here asks for a file: one would be lost without a word.
		if part.FormName() == "" || part.FileName() != "" {
			return errNotForm
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return errNotForm
		}
		r.PostForm.Add(part.FormName(), string(value))
		r.Form.Add(part.FormName(), string(value))
	}
}

// unreadForm keeps the cause out of the log, since it could quote the sender;
// only that a post is too large is passed on.
func unreadForm(err error, as *fault.Error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLarge):
		return tooLarge
	}
	return as
}

// postClosed answers whoever was writing when the form closed. What had been
// accepted before is still answered like the first time.
func (s *Service) postClosed(w http.ResponseWriter, r *http.Request, v speaker, page formPage, sub Submission, send bool) error {
	if send {
		if accepted, ok := s.before(r.Context(), v.p, sub); ok {
			return s.showSent(w, r, v, accepted, "")
		}
	}
	return s.showClosed(w, r, v, page)
}

// showClosed shows the lines to call, and gives every word back to be copied.
func (s *Service) showClosed(w http.ResponseWriter, r *http.Request, v speaker, page formPage) error {
	page.Closed, page.Typed = true, v.typed(r.PostForm)
	return s.showForm(w, r, http.StatusServiceUnavailable, v, page, nil, nil)
}

// typed are the words of a posted form, in its order: what was typed, not what
// was ticked. A field that the form no longer asks for comes last.
func (v speaker) typed(posted url.Values) string {
	var out []string
	add := func(label string, values ...string) {
		if words := strings.TrimSpace(strings.Join(values, "\n")); words != "" {
			out = append(out, label+"\n"+strings.ToValidUTF8(words, "\uFFFD"))
		}
	}
	asked := map[string]bool{"lang": true, consentsField: true, leftOutField: true}
	for _, q := range v.p.Form.Questions {
		asked[q.ID], asked[q.ID+countyPart] = true, true
		switch q.Type {
		case form.ShortText, form.LongText:
			add(q.Label.In(v.lang), posted[q.ID]...)
		case form.Place:
			add(q.Label.In(v.lang), posted[q.ID+countyPart]...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(posted)) {
		if !asked[name] && !strings.HasPrefix(name, "_") {
			add("", posted[name]...)
		}
	}
	return strings.Join(out, "\n\n")
}

const countyPart = ".county"
