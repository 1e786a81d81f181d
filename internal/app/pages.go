// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net/http"
	"slices"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/web"
)

func (a *App) ownRoutes() []web.Route {
	routes := slices.Concat(a.logRoutes(), a.healthRoutes(), a.demoRoutes(), a.workRoutes())
	return append(routes,
		web.Route{Pattern: "GET /{$}", Access: policy.At(policy.ReadSite), Handler: a.front},
		web.Route{Pattern: "GET /robots.txt", Access: policy.At(policy.ReadSite), Handler: robots},
		web.Route{Pattern: "GET /staff/figures", Access: policy.At(policy.ReadFigures), Handler: a.figures},
		web.Route{Pattern: "GET /staff/figures.csv", Access: policy.At(policy.ReadFigures), Handler: a.figuresCSV},
	)
}

// front leads to the only program, or lists them.
func (a *App) front(w http.ResponseWriter, r *http.Request) error {
	ids := a.Programs.IDs()
	if len(ids) == 1 {
		http.Redirect(w, r, "/"+ids[0]+"/"+web.Lang(r), http.StatusSeeOther)
		return nil
	}
	type choice struct{ Name, Href string }
	var list []choice
	for _, id := range ids {
		p, _ := a.Programs.Program(id)
		list = append(list, choice{p.Name.In(web.Lang(r)), "/" + id + "/" + web.Lang(r)})
	}
	return a.pages.Public(w, r, http.StatusOK, "front", web.View{Title: a.Site.Catalog.T(web.Lang(r), "front.title"), Data: list})
}

// robots keeps the site out of search results that name what it is for only
// where it must be: receipts and staff pages.
func robots(w http.ResponseWriter, _ *http.Request) error {
	return plain(w, "text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /staff/\nDisallow: /receipt\nDisallow: /api/\n"))
}
