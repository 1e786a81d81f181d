// SPDX-License-Identifier: Apache-2.0

package release

import (
	"net/http"
	"strconv"
	"strings"

	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
)

func done(id store.ID, word string) string { return address(id) + "?done=" + word }

// tablePost adds a table.
func (s *Service) tablePost(r *http.Request, id store.ID) (string, error) {
	f := r.PostForm
	spec := figure.Spec{Measure: f.Get("measure"), From: f.Get("from"), Through: f.Get("through"), Rows: f.Get("rows"), Columns: f.Get("columns")}
	if name, value, ok := strings.Cut(f.Get("only"), "="); ok {
		spec.Where = map[string]string{name: value}
	}
	return done(id, "saved"), s.AddTable(r.Context(), id, spec)
}

// dropPost takes a table out.
func (s *Service) dropPost(r *http.Request, id store.ID) (string, error) {
	n, err := strconv.Atoi(r.PostForm.Get("table"))
	if err != nil {
		return "", ErrTable
	}
	return done(id, "saved"), s.DropTable(r.Context(), id, n)
}

func (s *Service) wordsPost(r *http.Request, id store.ID) (string, error) {
	langs := s.Site.Catalog.Langs()
	return done(id, "saved"), s.Word(r.Context(), id, typed(r, langs, "headline"), typed(r, langs, "why"))
}

func (s *Service) checkPost(r *http.Request, id store.ID) (string, error) {
	_, err := s.Check(r.Context(), id)
	return done(id, "checked"), err
}

func (s *Service) askPost(r *http.Request, id store.ID) (string, error) {
	return done(id, "asked"), s.Ask(r.Context(), id)
}

func (s *Service) publishPost(r *http.Request, id store.ID) (string, error) {
	return done(id, "published"), s.Publish(r.Context(), id)
}

func (s *Service) comparePost(r *http.Request, id store.ID) (string, error) {
	return done(id, "compared"), s.Compare(r.Context(), id)
}

func (s *Service) discardPost(r *http.Request, id store.ID) (string, error) {
	return done(id, "discarded"), s.Discard(r.Context(), id)
}

func (s *Service) restatePost(r *http.Request, id store.ID) (string, error) {
	made, err := s.Restate(r.Context(), id, typed(r, s.Site.Catalog.Langs(), "why"))
	if err != nil {
		return "", err
	}
	return address(made.ID), nil
}
