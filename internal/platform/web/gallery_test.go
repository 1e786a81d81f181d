// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/web"
	"waylight/internal/platform/web/webtest"
)

// gallery is a small site that has one of everything: the layout's, the
// form's and the stylesheet's parts, in use.
type gallery struct {
	site   *web.Site
	tpl    *web.Templates
	form   form.Form
	routes []web.Route
}

type whoKey struct{}

func newGallery(t testing.TB) *gallery {
	t.Helper()
	fsys := os.DirFS("testdata/gallery")
	data, err := os.ReadFile("testdata/gallery/form.yaml")
	if err != nil {
		t.Fatal(err)
	}
	g := &gallery{site: webtest.Site(t, fsys)}
	g.form, err = form.Parse(data, "form.yaml")
	if err != nil {
		t.Fatal(err)
	}
	g.form.Places = &form.Places{
		Regions: []form.Region{
			{Code: "AL", Name: "Alabama"},
			{Code: "MS", Name: "Mississippi", Counties: []form.County{{ID: "28033", Name: "DeSoto County"}, {ID: "28049", Name: "Hinds County"}}},
			{Code: "TN", Name: "Tennessee", Counties: []form.County{{ID: "47157", Name: "Shelby County"}}},
		},
		Find: func(state, words string) (form.County, bool) {
			if state == "MS" && (words == "28033" || words == "DeSoto County" || words == "desoto") {
				return form.County{ID: "28033", Name: "DeSoto County"}, true
			}
			return form.County{}, false
		},
	}
	g.site.Demo = true
	g.site.SignOut = "/staff/out"
	g.site.Who = func(r *http.Request) string {
		who, _ := r.Context().Value(whoKey{}).(string)
		return who
	}
	g.site.Nav = func(*http.Request) []web.NavItem {
		return []web.NavItem{{Label: "Requests", Href: "/list", Current: true, Count: 3}, {Label: "Desk", Href: "/staff/desk"}, {Label: "Shifts", Href: "/staff/shifts"}, {Label: "Offices", Href: "/staff/offices"}}
	}
	g.tpl = webtest.Templates(t, g.site, fsys)
	g.routes = []web.Route{
		{Pattern: "GET /ask", Access: web.Public, Handler: g.ask},
		{Pattern: "GET /ask/{lang}", Access: web.Public, Handler: g.ask},
		{Pattern: "POST /ask", Access: web.Public, Handler: g.answer},
		{Pattern: "GET /list", Handler: g.list},
		{Pattern: "GET /broken", Handler: func(http.ResponseWriter, *http.Request) error {
			return fault.New(fault.Forbidden, "not_yours", "This belongs to another office.")
		}},
	}
	return g
}

// guard signs everybody in.
func (g *gallery) guard(_ web.Access, h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return h(w, r.WithContext(context.WithValue(r.Context(), whoKey{}, "Ana Example")))
	}
}

func (g *gallery) ask(w http.ResponseWriter, r *http.Request) error {
	sheet, err := g.site.Sheet(web.Lang(r), g.form, nil, nil)
	if err != nil {
		return err
	}
	return g.tpl.Public(w, r, http.StatusOK, "ask", web.View{Title: g.site.Catalog.T(web.Lang(r), "gallery.title"), Data: sheet})
}

func (g *gallery) answer(w http.ResponseWriter, r *http.Request) error {
	err := web.ParseForm(r)
	if err != nil {
		return err
	}
	answers, problems := g.form.DecodeValues(r.PostForm)
	title := g.site.Catalog.T(web.Lang(r), "gallery.title")
	if len(problems) == 0 {
		return g.tpl.Public(w, r, http.StatusOK, "done", web.View{Title: title, Data: "lantern-river-copper-window-orange-basket-north", Secret: true})
	}
	sheet, err := g.site.Sheet(web.Lang(r), g.form, answers, problems)
	if err != nil {
		return err
	}
	return g.tpl.Public(w, r, http.StatusBadRequest, "ask", web.View{Title: title, Data: sheet, Problems: problems})
}

type galleryRow struct {
	ID, State, Class, Where string
	At, Due                 time.Time
	Tries                   int
}

type galleryList struct {
	Query  string
	Rows   []galleryRow
	Paging web.Paging
}

func sampleList() galleryList {
	at := time.Date(2026, 3, 4, 15, 4, 0, 0, time.UTC)
	return galleryList{Query: "hinds", Paging: web.Paging{Found: "Showing 1 to 5 of 61", Next: "/list?after=x"}, Rows: []galleryRow{
		{"r7k3-f9qa", "New", "t-new", "DeSoto County, Mississippi", at, at.Add(24 * time.Hour), 0},
		{"m2c8-x1vd", "Waiting", "t-wait", "Hinds County, Mississippi", at, at.Add(20 * time.Hour), 1},
		{"p9d4-h6sz", "Late", "t-late", "Hinds County, Mississippi", at.Add(-50 * time.Hour), at.Add(-2 * time.Hour), 3},
		{"w5b1-j8ne", "Done", "t-done", "Not known", at.Add(-90 * time.Hour), at.Add(-66 * time.Hour), 1},
		{"c3v7-q2ru", "Closed", "t-off", "Rankin County, Mississippi", at.Add(-99 * time.Hour), at.Add(-70 * time.Hour), 2},
	}}
}

func (g *gallery) list(w http.ResponseWriter, r *http.Request) error {
	return g.tpl.Staff(w, r, http.StatusOK, "list", web.View{Title: "Requests", Data: sampleList()})
}
