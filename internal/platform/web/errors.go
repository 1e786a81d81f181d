// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"sync"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

var (
	errNoPage    = fault.New(fault.NotFound, "no_page", "There is no page at this address.")
	errMethod    = fault.New(fault.Invalid, "method", "This address does not work in that way.")
	errSignIn    = fault.New(fault.SignIn, "sign_in", "Please sign in first.")
	errTooLarge  = fault.New(fault.TooLarge, "body", "What was sent is too large.")
	errBody      = fault.New(fault.Invalid, "body_unreadable", "What was sent could not be read. Nothing was saved. Please reload the page and try again.")
	errDatabase  = fault.New(fault.Unavailable, "database_away", "The database does not answer right now.")
	errCrossSite = fault.New(fault.Forbidden, "cross_site", "This was sent from another site.")
)

// statuses says which status each kind of fault answers with, and under which
// word the catalog explains it ("fault.<word>.title", ".kept" and ".next").
var statuses = map[fault.Kind]struct {
	status int
	word   string
}{
	fault.Internal:    {http.StatusInternalServerError, "internal"},
	fault.Invalid:     {http.StatusBadRequest, "invalid"},
	fault.NotFound:    {http.StatusNotFound, "not_found"},
	fault.Conflict:    {http.StatusConflict, "conflict"},
	fault.Forbidden:   {http.StatusForbidden, "forbidden"},
	fault.SignIn:      {http.StatusUnauthorized, "sign_in"},
	fault.TooLarge:    {http.StatusRequestEntityTooLarge, "too_large"},
	fault.Overloaded:  {http.StatusServiceUnavailable, "overloaded"},
	fault.Unavailable: {http.StatusServiceUnavailable, "unavailable"},
}

// classify gives the fault that an error is.
func classify(err error) *fault.Error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge.With(err)
	}
	f, ok := fault.As(err)
	if !ok && store.Away(err) {
		return errDatabase.With(err)
	}
	if !ok {
		return fault.New(fault.Internal, "internal", "Something went wrong here.").With(err)
	}
	if _, known := statuses[f.Kind]; !known {
		return fault.New(fault.Internal, "internal", "Something went wrong here.").With(err)
	}
	return f
}

// StatusOf is the status that a kind of fault answers with.
func StatusOf(kind fault.Kind) int { return statuses[kind].status }

func statusOf(f *fault.Error) int {
	if f.Code == errMethod.Code && f.Kind == errMethod.Kind {
		return http.StatusMethodNotAllowed
	}
	return statuses[f.Kind].status
}

// trouble is what an error page says. SignIn leads there, where that helps.
type trouble struct{ Title, What, Kept, Next, SignIn string }

// explain finds the words for a fault: those of its code ("error.<code>",
// "error.<code>.kept", "error.<code>.next") where the catalog has them, else
// those of its kind. The fault's own sentence is English, so other languages
// show the kind's words instead of it.
func (s *Site) explain(lang string, f *fault.Error) trouble {
	word := "fault." + statuses[f.Kind].word
	t := trouble{
		Title: s.Catalog.T(lang, word+".title"), What: s.Catalog.T(lang, word+".what"),
		Kept: s.Catalog.T(lang, word+".kept"), Next: s.Catalog.T(lang, word+".next"),
	}
	code := "error." + f.Code
	if s.Catalog.Has(lang, code) {
		t.What = s.Catalog.T(lang, code)
	} else if lang == "en" && f.Message != "" && f.Kind != fault.Internal {
		t.What = f.Message
	}
	if s.Catalog.Has(lang, code+".kept") {
		t.Kept = s.Catalog.T(lang, code+".kept")
	}
	if s.Catalog.Has(lang, code+".next") {
		t.Next = s.Catalog.T(lang, code+".next")
	}
	return t
}

type jsonFault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field"`
	Kept    string `json:"kept"`
}

func (s *Site) failJSON(w http.ResponseWriter, r *http.Request, f *fault.Error) error {
	t := s.explain(Lang(r), f)
	return JSON(w, statusOf(f), map[string]jsonFault{"error": {Code: f.Code, Message: t.What, Field: f.Field, Kept: t.Kept}})
}

func (s *Site) failPage(w http.ResponseWriter, r *http.Request, f *fault.Error) error {
	toSignIn := ""
	if f.Kind == fault.SignIn && r.URL.Path != s.SignIn {
		toSignIn = s.SignIn
	}
	if toSignIn != "" && r.Method == http.MethodGet {
		http.Redirect(w, r, toSignIn+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return nil
	}
	lang := Lang(r)
	t := s.explain(lang, f)
	t.SignIn = toSignIn
	tpl, err := s.ownTemplates()
	if err != nil {
		return err
	}
	staff := s.Who != nil && s.Who(r) != ""
	v := View{Lang: lang, Title: t.Title, Data: t, Langs: map[string]string{}, Secret: true}
	if staff {
		return tpl.Staff(w, r, statusOf(f), "error", v)
	}
	return tpl.Public(w, r, statusOf(f), "error", v)
}

// ownTemplates are those of the error page alone.
func (s *Site) ownTemplates() (*Templates, error) {
	s.own.once.Do(func() {
		sub, err := fs.Sub(files, "templates")
		if err != nil {
			s.own.err = err
			return
		}
		s.own.templates, s.own.err = s.Templates(sub, "error.html")
	})
	return s.own.templates, s.own.err
}

type ownTemplates struct {
	once      sync.Once
	templates *Templates
	err       error
}
