// SPDX-License-Identifier: Apache-2.0

package court

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const (
	listPath   = "/staff/court"
	newPath    = listPath + "/new"
	clocksPath = listPath + "/clocks"
	importPath = listPath + "/import"
	pageSize   = 50
)

func casePath(id store.ID) string { return listPath + "/" + id.String() }

func (s *Service) routes() []web.Route {
	read, enter, bring := policy.At(policy.ReadCourt), policy.At(policy.EnterCourt), policy.At(policy.ImportCourt)
	return []web.Route{
		{Pattern: "GET " + listPath, Access: read, Handler: s.listPage},
		{Pattern: "GET " + listPath + ".csv", Access: read, Handler: s.listCSV},
		{Pattern: "GET " + clocksPath, Access: read, Handler: s.clocksPage},
		{Pattern: "GET " + clocksPath + ".csv", Access: read, Handler: s.clocksCSV},
		{Pattern: "GET " + newPath, Access: enter, Handler: s.newPage},
		{Pattern: "POST " + newPath, Access: enter, Handler: s.openCase},
		{Pattern: "GET " + importPath, Access: bring, Handler: s.importPage},
		{Pattern: "POST " + importPath, Access: bring, Handler: s.importFile, MaxBody: maxImportBytes + 64<<10},
		{Pattern: "GET " + listPath + "/{id}", Access: read, Handler: s.casePage},
		{Pattern: "GET " + listPath + "/{id}/timeline", Access: read, Handler: s.timelinePage},
		{Pattern: "GET " + listPath + "/{id}/enter", Access: enter, Handler: s.enterPage},
		{Pattern: "POST " + listPath + "/{id}/enter", Access: enter, Handler: s.enterStep},
		{Pattern: "POST " + listPath + "/{id}/standing", Access: enter, Handler: s.sayStanding},
		{Pattern: "POST " + listPath + "/{id}/partners", Access: enter, Handler: s.addPartner},
		{Pattern: "GET " + listPath + "/{id}/worksheet", Access: enter, Handler: s.worksheetPage},
		{Pattern: "POST " + listPath + "/{id}/worksheet", Access: enter, Handler: s.worksheetDone},
	}
}

// caseOf is the case that an address names, if the member's office may know of it.
func (s *Service) caseOf(r *http.Request) (identity.Member, Case, error) {
	m, _ := identity.From(r.Context())
	id, err := store.ParseID(r.PathValue("id"))
	if err != nil {
		return m, Case{}, ErrNone
	}
	c, err := s.mine(r.Context(), s.DB, m, id)
	return m, c, err
}

// looked puts a look into the custody log.
func (s *Service) looked(ctx context.Context, m identity.Member, event, record string) error {
	return fault.Wrap(s.DB.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: event, Record: record, Actor: m.Actor()})
		return nil
	}), "recording a look")
}

// trouble is what a form is told: the sentence and the field that it is about.
type trouble struct{ Text, Field string }

// troubled turns a fault that correcting the form helps into what the form is told.
func troubled(err error) (trouble, bool) {
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return trouble{}, false
	}
	return trouble{f.Message, f.Field}, true
}

// caseRow is a case as the list shows it.
type caseRow struct {
	Case
	Href, Office string
	Leads        bool
}

type option struct {
	Value, Label string
	Chosen       bool
}

type listData struct {
	Rows             []caseRow
	Filter           filter
	Statutes, States []option
	Export, Done     string
	Paging           web.Paging
}

func filterOf(r *http.Request) filter {
	q := r.URL.Query()
	clean := func(key string, most int) string {
		text := strings.ReplaceAll(strings.ToValidUTF8(strings.TrimSpace(q.Get(key)), ""), "\x00", "")
		if len(text) > most {
			text = strings.ToValidUTF8(text[:most], "")
		}
		return text
	}
	return filter{search: clean("q", 40), statute: clean("statute", 60), state: clean("state", 2)}
}

// Search, Statute and State are for the page.
func (f filter) Search() string { return f.search }

func (f filter) address(path, after string) string {
	q := url.Values{}
	for key, v := range map[string]string{"q": f.search, "statute": f.statute, "state": f.state, "after": after} {
		if v != "" {
			q.Set(key, v)
		}
	}
	return web.WithQuery(path, q)
}

func (s *Service) listPage(w http.ResponseWriter, r *http.Request) error {
	ctx, f := r.Context(), filterOf(r)
	m, _ := identity.From(ctx)
	p, err := s.program(m.Program)
	if err != nil {
		return err
	}
	var at cursor
	if err := web.DecodeCursor(r.URL.Query().Get("after"), &at.at, &at.id); err != nil {
		return err
	}
	found, next, err := list(ctx, s.DB, m.Program, m.Office, f, at, pageSize)
	if err != nil {
		return err
	}
	if err := s.looked(ctx, m, "court.list_viewed", "courts"); err != nil {
		return err
	}
	data := listData{Filter: f, Statutes: statuteOptions(p.Courts.Statutes, f.statute), States: stateOptions(f.state), Export: f.address(listPath+".csv", "")}
	for _, c := range found {
		data.Rows = append(data.Rows, caseRow{c, casePath(c.ID), p.Offices[c.Office].Name.In("en"), c.Office == m.Office})
	}
	if at != (cursor{}) {
		data.Paging.First = f.address(listPath, "")
	}
	if next != (cursor{}) {
		data.Paging.Next = f.address(listPath, web.EncodeCursor(next.at, next.id))
	}
	return s.pages.Staff(w, r, http.StatusOK, "court-list", web.View{Title: "Courts", Path: listPath, Data: data})
}

func statuteOptions(list []program.Statute, chosen string) []option {
	out := make([]option, len(list))
	for i, st := range list {
		label := st.Citation + ": " + st.Title
		if st.Status != "checked" {
			label += " (not checked by counsel)"
		}
		out[i] = option{st.ID, label, st.ID == chosen}
	}
	return out
}

func stateOptions(chosen string) []option {
	var out []option
	for _, st := range place.States() {
		out = append(out, option{st.Code, st.Name, st.Code == chosen})
	}
	return out
}

// listCSV is the whole list as a file.
func (s *Service) listCSV(w http.ResponseWriter, r *http.Request) error {
	ctx, f := r.Context(), filterOf(r)
	m, _ := identity.From(ctx)
	if err := s.looked(ctx, m, "court.exported", "courts"); err != nil {
		return err
	}
	header := []string{"case", "docket", "court", "place", "state", "lead office", "day", "step", "defendant", "what", "counts", "months", "probation", "cents", "item", "other_day", "shares", "docket_entry", "standing"}
	return web.CSV(w, "courts.csv", header, func(yield func([]string) error) error {
		at := cursor{}
		for {
			found, next, err := list(ctx, s.DB, m.Program, m.Office, f, at, 200)
			if err != nil {
				return err
			}
			for _, c := range found {
				entries, err := entriesOf(ctx, s.DB, m.Program, c.ID)
				if err != nil {
					return err
				}
				for _, e := range entries {
					if err := yield(append([]string{c.ID.String(), c.Docket, c.Forum, c.District, c.State, c.Office}, e.cells()...)); err != nil {
						return err
					}
				}
			}
			if next == (cursor{}) {
				return nil
			}
			at = next
		}
	})
}

type newData struct {
	Typed     Opening
	Trouble   *trouble
	Forums    []option
	Districts []option
	Counties  []option
}

func (s *Service) newPage(w http.ResponseWriter, r *http.Request) error {
	return s.showNew(w, r, http.StatusOK, Opening{}, nil)
}

func (s *Service) showNew(w http.ResponseWriter, r *http.Request, status int, o Opening, why *trouble) error {
	m, _ := identity.From(r.Context())
	p, err := s.program(m.Program)
	if err != nil {
		return err
	}
	data := newData{Typed: o, Trouble: why}
	for _, f := range Forums() {
		label := map[string]string{Federal: "Federal district court", Circuit: "Circuit court", County: "County court", Youth: "Youth court"}[f]
		data.Forums = append(data.Forums, option{f, label, f == o.Forum})
	}
	all, _ := districts() // New read them
	for _, d := range all {
		data.Districts = append(data.Districts, option{d.Code, d.Name, d.Code == o.Place})
	}
	slices.SortFunc(data.Districts, func(a, b option) int { return strings.Compare(a.Label, b.Label) })
	for _, c := range place.Counties(p.State) {
		data.Counties = append(data.Counties, option{c.FIPS, c.Name, c.FIPS == o.Place})
	}
	return s.pages.Staff(w, r, status, "court-new", web.View{Title: "Open a case", Path: newPath, Data: data})
}

func (s *Service) openCase(w http.ResponseWriter, r *http.Request) error {
	m, _ := identity.From(r.Context())
	if err := web.ParseForm(r); err != nil {
		return err
	}
	o := Opening{Docket: r.PostForm.Get("docket"), Forum: r.PostForm.Get("forum"), Place: r.PostForm.Get("county")}
	if o.Forum == Federal {
		o.Place = r.PostForm.Get("district")
	}
	c, err := s.Open(r.Context(), m, o)
	if why, ok := troubled(err); ok {
		return s.showNew(w, r, http.StatusBadRequest, o, &why)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, casePath(c.ID), http.StatusSeeOther)
	return nil
}

func (s *Service) addPartner(w http.ResponseWriter, r *http.Request) error {
	m, c, err := s.caseOf(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	err = s.Share(r.Context(), m, c.ID, r.PostForm.Get("office"))
	if why, ok := troubled(err); ok {
		return s.showCase(w, r, http.StatusBadRequest, m, c, &why)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, casePath(c.ID)+"?done=partner", http.StatusSeeOther)
	return nil
}
