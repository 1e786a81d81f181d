// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// uploadTime is how long a file may take to arrive.
const uploadTime = 10 * time.Minute

// shownProblems is how many stand on the page; the file has all of them.
const shownProblems = 200

type importLine struct {
	ID, Short, Name, At, State, Tag, Summary string
	Lines, Problems                          int64
	Progress                                 string
}

var importTags = map[string]string{Reading: "t-new", Broken: "t-late", Ready: "t-wait", Committing: "t-new", Done: "t-done", Confirming: "t-new", Discarded: "t-off"}

var importWords = map[string]string{Reading: "being read", Broken: "not right", Ready: "waits for you", Committing: "being saved", Done: "saved", Confirming: "being confirmed",
	Discarded: "thrown away"}

func (s *Service) importLine(im Import) importLine {
	v := importLine{ID: im.ID.String(), Short: im.ID.String()[:8], Name: im.Name, At: im.At.UTC().Format("2006-01-02 15:04 UTC"), State: importWords[im.State], Tag: importTags[im.State],
		Lines: im.Lines, Problems: im.Problems}
	var parts []string
	for _, x := range im.Sums {
		parts = append(parts, sumText(x))
	}
	v.Summary = strings.Join(parts, "; ")
	switch im.State {
	case Reading:
		v.Progress = grouped(im.Done) + " lines read"
	case Committing, Confirming:
		v.Progress = fmt.Sprintf("%s of %s rows", grouped(im.Done), grouped(im.Total))
	}
	return v
}

// sumText is what a file's rows of a kind add up to.
func sumText(x Sum) string {
	text := fmt.Sprintf("%s: %s rows", kindWords[x.Kind], grouped(x.Rows))
	if x.Quantity != x.Rows {
		text += ", " + grouped(x.Quantity) + " in all"
	}
	if amount := amountText(Result{Kind: x.Kind, Amount: x.Amount}); amount != "" && x.Kind != Total {
		text += ", " + amount
	}
	return text
}

type importsData struct {
	Rows          []importLine
	Done, Trouble string
	Columns       string
	Paging        web.Paging
}

func (s *Service) importsPage(w http.ResponseWriter, r *http.Request) error {
	return s.showImports(w, r, http.StatusOK, "")
}

func (s *Service) showImports(w http.ResponseWriter, r *http.Request, status int, trouble string) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	if err := s.actor(m).may(policy.ReadResults, m.Office, store.ID{}); err != nil {
		return err
	}
	b, err := s.box(m.Program)
	if err != nil {
		return err
	}
	before := int64(1 << 62)
	if err := web.DecodeCursor(r.URL.Query().Get("after"), &before); err != nil {
		return err
	}
	list, err := importList(r.Context(), s.DB, b, m.Program, m.Office, before, pageSize+1)
	if err != nil {
		return err
	}
	data := importsData{Done: done(r), Trouble: trouble, Columns: strings.Join(fieldNames[:], ", ")}
	if before != 1<<62 {
		data.Paging.First = "/staff/results/imports"
	}
	if len(list) > pageSize {
		list = list[:pageSize]
		data.Paging.Next = "/staff/results/imports?after=" + web.EncodeCursor(store.Micros(list[pageSize-1].At))
	}
	for _, im := range list {
		data.Rows = append(data.Rows, s.importLine(im))
	}
	return s.pages.Staff(w, r, status, "result.imports", web.View{Title: "Import results", Data: data})
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
	http.Redirect(w, r, "/staff/results/import/"+im.ID.String(), http.StatusSeeOther)
	return nil
}

type importData struct {
	importLine
	Sums                                      []string
	List                                      []bulk.Problem
	More                                      bool
	Done                                      string
	Own                                       bool
	MayCommit, MayDiscard, MayConfirm, Broken bool
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
	data := importData{importLine: s.importLine(im), Done: done(r), Own: im.By == m.ID, MayCommit: im.State == Ready, MayDiscard: im.State == Ready || im.State == Broken || im.State == Reading,
		MayConfirm: im.State == Done && s.actor(m).may(policy.ConfirmResults, im.Office, im.By) == nil, Broken: im.State == Broken}
	for _, x := range im.Sums {
		data.Sums = append(data.Sums, sumText(x))
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
	return s.pages.Staff(w, r, http.StatusOK, "result.import", web.View{Title: "Import", Data: data, Refresh: refresh})
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
		http.Redirect(w, r, "/staff/results/import/"+id.String()+"?done="+path.Base(r.URL.Path), http.StatusSeeOther)
		return nil
	}
}
