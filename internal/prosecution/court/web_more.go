// SPDX-License-Identifier: Apache-2.0

package court

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

type clocksData struct {
	Rows   []clockView
	All    bool
	Export string
	Paging web.Paging
}

func clocksAddress(path string, all bool, after string) string {
	q := url.Values{}
	if all {
		q.Set("state", "all")
	}
	if after != "" {
		q.Set("after", after)
	}
	return web.WithQuery(path, q)
}

func (s *Service) clocksPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	m, _ := identity.From(ctx)
	p, err := s.program(m.Program)
	if err != nil {
		return err
	}
	var at clockCursor
	if err := web.DecodeCursor(r.URL.Query().Get("after"), &at.due, &at.matter, &at.entry, &at.deadline); err != nil {
		return err
	}
	all := r.URL.Query().Get("state") == "all"
	found, next, err := clocksAt(ctx, s.DB, m.Program, m.Office, all, at, pageSize)
	if err != nil {
		return err
	}
	if err := s.looked(ctx, m, "court.clocks_viewed", "courts"); err != nil {
		return err
	}
	data := clocksData{All: all, Export: clocksAddress(clocksPath+".csv", all, "")}
	for _, row := range found {
		data.Rows = append(data.Rows, viewClock(p, row.Clock, row.Docket, s.today(m.Program)))
	}
	if at != (clockCursor{}) {
		data.Paging.First = clocksAddress(clocksPath, all, "")
	}
	if next != (clockCursor{}) {
		data.Paging.Next = clocksAddress(clocksPath, all, web.EncodeCursor(next.due, next.matter, next.entry, next.deadline))
	}
	return s.pages.Staff(w, r, http.StatusOK, "court-clocks", web.View{Title: "Dates of courts", Path: clocksPath, Data: data})
}

func (s *Service) clocksCSV(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	m, _ := identity.From(ctx)
	p, err := s.program(m.Program)
	if err != nil {
		return err
	}
	if err := s.looked(ctx, m, "court.exported", "courts"); err != nil {
		return err
	}
	all := r.URL.Query().Get("state") == "all"
	header := []string{"docket", "deadline", "defendant", "begins", "due", "computed", "basis", "set by", "pack", "state"}
	return web.CSV(w, "court-dates.csv", header, func(yield func([]string) error) error {
		at := clockCursor{}
		for {
			found, next, err := clocksAt(ctx, s.DB, m.Program, m.Office, all, at, 500)
			if err != nil {
				return err
			}
			for _, row := range found {
				v := viewClock(p, row.Clock, row.Docket, s.today(m.Program))
				if err := yield([]string{v.Docket, v.Title, strconv.Itoa(v.Defendant), v.Begins.ISO(), v.Due.ISO(), v.Computed, strings.Join(v.Basis, " "), v.LimitBy, v.Version, v.State}); err != nil {
					return err
				}
			}
			if next == (clockCursor{}) {
				return nil
			}
			at = next
		}
	})
}

type sheetData struct {
	Case
	Typed     url.Values
	Trouble   *trouble
	Losses    []Loss
	Stretches []int
	Sheet     *Worksheet // nil: still to be filled in
	EnterHref string
	Law       string
}

func (s *Service) worksheetPage(w http.ResponseWriter, r *http.Request) error {
	m, c, err := s.caseOf(r)
	if err != nil {
		return err
	}
	return s.showSheet(w, r, http.StatusOK, m, c, sheetData{Typed: r.URL.Query()})
}

func (s *Service) showSheet(w http.ResponseWriter, r *http.Request, status int, m identity.Member, c Case, data sheetData) error {
	p, err := s.program(m.Program)
	if err != nil {
		return err
	}
	data.Case, data.Losses = c, losses()
	if l, ok := p.Laws["us-18-1593"]; ok {
		data.Law = l.Citation
		if l.Status != "checked" {
			data.Law += ", not checked by counsel"
		}
	}
	for i := range maxStretches {
		data.Stretches = append(data.Stretches, i+1)
	}
	return s.pages.Staff(w, r, status, "court-sheet", web.View{Title: "Restitution worksheet", Path: casePath(c.ID) + "/worksheet", Data: data, Secret: true})
}

// worksheetDone computes a sheet and shows it. Nothing of it is kept but that one was made.
func (s *Service) worksheetDone(w http.ResponseWriter, r *http.Request) error {
	m, c, err := s.caseOf(r)
	if err != nil {
		return err
	}
	p, err := s.program(m.Program)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	sheet := &Worksheet{}
	err = sheet.read(p, r.PostForm.Get)
	if why, ok := troubled(err); ok {
		return s.showSheet(w, r, http.StatusBadRequest, m, c, sheetData{Typed: r.PostForm, Trouble: &why})
	}
	if err != nil {
		return err
	}
	err = s.DB.Write(r.Context(), func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: "court.worksheet_made", Record: c.record(), Actor: m.Actor(), Rule: p.Version})
		return nil
	})
	if err != nil {
		return err
	}
	q := url.Values{"step": {string(RestitutionRequested)}, "defendant": {strconv.Itoa(sheet.Defendant)}, "cents": {strings.TrimPrefix(Dollars(sheet.Total()), "$")}}
	return s.showSheet(w, r, http.StatusOK, m, c, sheetData{Typed: r.PostForm, Sheet: sheet, EnterHref: casePath(c.ID) + "/enter?" + q.Encode()})
}

type importData struct {
	Columns []string
	Typed   string
	Trouble *trouble
	Refused *ErrImport
	Done    *Imported
	Limit   int
}

func (s *Service) importPage(w http.ResponseWriter, r *http.Request) error {
	return s.showImport(w, r, http.StatusOK, importData{})
}

func (s *Service) showImport(w http.ResponseWriter, r *http.Request, status int, data importData) error {
	data.Columns, data.Limit = importColumns, maxImport
	return s.pages.Staff(w, r, status, "court-import", web.View{Title: "Import court steps", Path: importPath, Data: data})
}

func (s *Service) importFile(w http.ResponseWriter, r *http.Request) error {
	m, _ := identity.From(r.Context())
	data, err := importBody(r)
	if err != nil {
		return err
	}
	done, err := s.Import(r.Context(), m, data)
	var refused *ErrImport
	if errors.As(err, &refused) {
		return s.showImport(w, r, http.StatusBadRequest, importData{Refused: refused})
	}
	if why, ok := troubled(err); ok {
		return s.showImport(w, r, http.StatusBadRequest, importData{Trouble: &why})
	}
	if err != nil {
		return err
	}
	return s.showImport(w, r, http.StatusOK, importData{Done: &done})
}

// importBody is the file, or what was pasted.
func importBody(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		if err := web.ParseForm(r); err != nil {
			return nil, err
		}
		return []byte(r.PostForm.Get("rows")), nil
	}
	if err := r.ParseMultipartForm(maxImportBytes); err != nil {
		return nil, wrong("file", "The file could not be read, or is over 2 MiB. Nothing was stored.")
	}
	defer r.MultipartForm.RemoveAll()
	f, _, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return []byte(r.FormValue("rows")), nil
	}
	if err != nil {
		return nil, wrong("file", "The file could not be read. Nothing was stored.").With(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxImportBytes+1))
	if len(data) == 0 && err == nil {
		return []byte(r.FormValue("rows")), nil
	}
	return data, err
}
