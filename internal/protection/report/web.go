// SPDX-License-Identifier: Apache-2.0

package report

import (
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/web"
)

// maxPage is far more than a form within its limits: a page that is over them
// still comes back with every word in it.
const maxPage = 4 << 20

// maxReceipt is enough for seven words as a page or a program sends them.
const maxReceipt = 8 << 10

// routes are the room's addresses. Programs stand in them by name, so that they
// never meet another room's.
func (s *Service) routes() []web.Route {
	routes := []web.Route{
		route(policy.SendReport, "POST /api/v1/reports", maxPage, s.postReport),
		route(policy.OpenReceipt, "POST /api/v1/receipt", maxReceipt, s.postReceiptJSON),
		route(policy.SendReport, "GET /api/openapi.json", 0, s.getOpenAPI),
		route(policy.OpenReceipt, "GET /receipt", 0, s.getReceipt),
		route(policy.OpenReceipt, "POST /receipt", maxReceipt, s.postReceipt),
	}
	for _, id := range s.Programs.IDs() {
		p, ok := s.Programs.Program(id)
		if !ok {
			continue
		}
		routes = append(routes, route(policy.SendReport, "POST /"+id+"/who", maxPage, s.whoJSON(p)))
		routes = append(routes, route(policy.SendReport, "POST /"+id+"/seal", maxPage, s.sealJSON(p)), route(policy.SendReport, "POST /"+id+"/sealed", maxPage, s.postSealed(p)))
		for path, lang := range addressesOf(id, p.Languages) {
			routes = append(routes, route(policy.SendReport, "GET "+path, 0, s.getForm(p, lang)), route(policy.SendReport, "POST "+path, maxPage, s.postForm(p, lang)))
		}
	}
	return routes
}

// addressesOf a program's form: its name alone, where the browser's language
// decides, and one for each language.
func addressesOf(id string, languages []string) map[string]string {
	out := map[string]string{"/" + id: ""}
	for _, lang := range languages {
		out["/"+id+"/"+lang] = lang
	}
	return out
}

func route(does policy.Action, pattern string, limit int64, h web.Handler) web.Route {
	return web.Route{Pattern: pattern, Access: policy.At(does), Handler: h, MaxBody: limit}
}
