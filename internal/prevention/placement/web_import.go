// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const (
	maxUpload  = 96 << 20         // bytes of a file
	uploadTime = 10 * time.Minute // how long a file may take to arrive
)

// How much of a file stands on its page; the download has all that is wrong.
const (
	shownProblems = 200
	shownPlaces   = 20
)

var (
	importTags  = map[string]string{Reading: "t-new", Broken: "t-late", Ready: "t-wait", Committing: "t-new", Done: "t-done", Discarded: "t-off"}
	importWords = map[string]string{Reading: "being read", Broken: "not right", Ready: "waits for you", Committing: "being saved", Done: "saved", Discarded: "thrown away"}
)

type importLine struct {
	ID, Short, Name, At, State, Tag, Progress string
	Lines, Problems, Places, Skipped          int64
}

func importLineOf(im Import, pack *program.Program) importLine {
	v := importLine{ID: im.ID.String(), Short: short(im.ID), Name: im.Name, At: moment(im.At, pack.Zone), State: importWords[im.State], Tag: importTags[im.State],
		Lines: im.Lines, Problems: im.Problems, Places: im.Places, Skipped: im.Skipped}
	switch im.State {
	case Reading:
		v.Progress = fmt.Sprintf("%d rows read", im.Done)
	case Committing:
		v.Progress = fmt.Sprintf("%d of %d places", im.Done, im.Total)
	}
	return v
}

type importsData struct {
	Rows                          []importLine
	Done, Trouble, Columns, Kinds string
	Paging                        web.Paging
}

func (s *Service) importsPage(w http.ResponseWriter, r *http.Request) error {
	return s.showImports(w, r, http.StatusOK, "")
}

func (s *Service) showImports(w http.ResponseWriter, r *http.Request, status int, trouble string) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	f := Filter{After: r.URL.Query().Get("after")}
	list, next, err := importList(r.Context(), s.DB, m.Program, f.After, pageSize)
	if err != nil {
		return err
	}
	data := importsData{Done: done(r), Trouble: trouble, Columns: strings.Join(fields, ", "), Kinds: strings.Join(program.NoticePlaces(), ", "), Paging: f.paging("/staff/places/imports", next)}
	for _, im := range list {
		data.Rows = append(data.Rows, importLineOf(im, pack))
	}
	return s.pages.Staff(w, r, status, "place.imports", web.View{Title: "Import places", Data: data})
}

// importPost reads a file as it arrives.
func (s *Service) importPost(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	name, file, err := bulk.Receive(w, r)
	switch {
	case errors.Is(err, bulk.ErrNoFile):
		return s.showImports(w, r, http.StatusBadRequest, errUpload.Message)
	case err != nil:
		return errUpload.With(err)
	}
	im, err := s.Upload(r.Context(), m, name, file)
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/places/import/"+im.ID.String(), http.StatusSeeOther)
	return nil
}

type importData struct {
	importLine
	Preview                       []placeLine
	List                          []bulk.Problem
	More                          bool
	Done                          string
	MayCommit, MayDiscard, Broken bool
}

func (s *Service) importPage(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "import", ErrImport)
	if err != nil {
		return err
	}
	im, err := s.Import(r.Context(), m, id)
	if err != nil {
		return err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return err
	}
	data := importData{importLine: importLineOf(im, pack), Done: done(r), MayCommit: im.State == Ready,
		MayDiscard: im.State == Ready || im.State == Broken || im.State == Reading, Broken: im.State == Broken}
	list, err := s.Preview(r.Context(), m, id, shownPlaces)
	if err != nil {
		return err
	}
	for _, p := range list {
		data.Preview = append(data.Preview, placeLineOf(p))
	}
	if data.Broken {
		data.List, err = s.problems(m, id).First(r.Context(), shownProblems)
		if err != nil {
			return err
		}
		data.More = im.Problems > int64(len(data.List))
	}
	refresh := 0
	if data.Progress != "" {
		refresh = 2
	}
	return s.pages.Staff(w, r, http.StatusOK, "place.import", web.View{Title: "Import", Data: data, Refresh: refresh})
}

// problems are what is wrong with a file.
func (s *Service) problems(m identity.Member, id store.ID) bulk.Problems {
	return func(ctx context.Context, part int64) ([]bulk.Problem, error) { return s.Problems(ctx, m, id, part) }
}

// importProblems lists everything that is wrong with a file.
func (s *Service) importProblems(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "import", ErrImport)
	if err != nil {
		return err
	}
	if _, err := s.Import(r.Context(), m, id); err != nil {
		return err
	}
	return s.problems(m, id).CSV(w, r)
}

// importAct decides about an import.
func (s *Service) importAct(act func(ctx context.Context, m identity.Member, id store.ID) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		m, id, err := identity.Asked(r, "import", ErrImport)
		if err != nil {
			return err
		}
		if err := act(r.Context(), m, id); err != nil {
			return err
		}
		http.Redirect(w, r, "/staff/places/import/"+id.String()+"?done="+path.Base(r.URL.Path), http.StatusSeeOther)
		return nil
	}
}
