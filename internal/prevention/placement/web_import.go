// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
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
	m, err := me(r)
	if err != nil {
		return err
	}
	pack, err := s.pack(m.Program)
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
	m, err := me(r)
	if err != nil {
		return err
	}
	slow := http.NewResponseController(w) // a large file takes longer than a page may
	_ = errors.Join(slow.SetReadDeadline(time.Now().Add(uploadTime)), slow.SetWriteDeadline(time.Now().Add(uploadTime+time.Minute)))
	parts, err := r.MultipartReader()
	if err != nil {
		return s.showImports(w, r, http.StatusBadRequest, errUpload.Message)
	}
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return s.showImports(w, r, http.StatusBadRequest, errUpload.Message)
		case err != nil:
			return errUpload.With(err)
		case part.FormName() != "file" || part.FileName() == "":
			continue
		}
		im, err := s.Upload(r.Context(), m, path.Base(strings.ReplaceAll(part.FileName(), `\`, "/")), part)
		if err != nil {
			return err
		}
		http.Redirect(w, r, "/staff/places/import/"+im.ID.String(), http.StatusSeeOther)
		return nil
	}
}

type importData struct {
	importLine
	Preview                       []placeLine
	List                          []LineProblem
	More                          bool
	Done                          string
	MayCommit, MayDiscard, Broken bool
}

func (s *Service) importPage(w http.ResponseWriter, r *http.Request) error {
	m, id, err := asked(r, "import", ErrImport)
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
	for part := int64(0); data.Broken && len(data.List) < shownProblems; part++ {
		some, err := s.Problems(r.Context(), m, id, part)
		if err != nil {
			return err
		}
		if len(some) == 0 {
			break
		}
		data.List = append(data.List, some...)
	}
	data.List = data.List[:min(len(data.List), shownProblems)]
	data.More = data.Broken && im.Problems > int64(len(data.List))
	refresh := 0
	if data.Progress != "" {
		refresh = 2
	}
	return s.pages.Staff(w, r, http.StatusOK, "place.import", web.View{Title: "Import", Data: data, Refresh: refresh})
}

// importProblems lists everything that is wrong with a file.
func (s *Service) importProblems(w http.ResponseWriter, r *http.Request) error {
	m, id, err := asked(r, "import", ErrImport)
	if err != nil {
		return err
	}
	if _, err := s.Import(r.Context(), m, id); err != nil {
		return err
	}
	return web.CSV(w, "problems.csv", []string{"line", "column", "what is wrong"}, func(yield func([]string) error) error {
		for part := int64(0); ; part++ {
			list, err := s.Problems(r.Context(), m, id, part)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, p := range list {
				if err := yield([]string{strconv.Itoa(p.Line), p.Column, p.Reason}); err != nil {
					return err
				}
			}
		}
	})
}

// importAct decides about an import.
func (s *Service) importAct(act func(ctx context.Context, m identity.Member, id store.ID) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		m, id, err := asked(r, "import", ErrImport)
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
