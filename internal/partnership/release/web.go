// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"net/http"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// routes are the room's addresses: those of the public for each program and
// language, and those of staff.
func (s *Service) routes() []web.Route {
	var out []web.Route
	add := func(does policy.Action, pattern string, h web.Handler) {
		out = append(out, web.Route{Pattern: pattern, Access: policy.At(does), Handler: h})
	}
	for _, id := range s.Programs.IDs() {
		p, _ := s.Programs.Program(id)
		for _, lang := range p.Languages {
			base := "GET /" + id + "/" + lang + "/figures"
			add(policy.ReadPublished, base, s.public(p, lang, s.publicList))
			for file, h := range map[string]publicHandler{
				"": s.publicPage, "/figures.csv": s.publicCSV, "/figures.json": s.publicJSON, "/sheet.pdf": s.publicSheet, "/proof.json": s.publicProof,
				"/report": s.publicReport, "/report.pdf": s.publicReportPDF, "/indicators.csv": s.publicIndicators,
			} {
				add(policy.ReadPublished, base+"/{number}"+file, s.public(p, lang, s.numbered(h)))
			}
		}
	}
	add(policy.ReadFigures, "GET /staff/figures/offices", s.officesPage)
	add(policy.ReadFigures, "GET /staff/figures/offices.csv", s.officesCSV)
	add(policy.ReadReleases, "GET /staff/releases", s.listPage)
	add(policy.ReadReleases, "GET /staff/releases.csv", s.listCSV)
	add(policy.ReadReleases, "GET /staff/measures", s.measuresPage)
	add(policy.ReadReleases, "GET /staff/releases/{release}", s.page)
	add(policy.ReadReleases, "GET /staff/releases/{release}/figures.csv", s.staffCSV)
	add(policy.ReadReleases, "GET /staff/releases/{release}/figures.json", s.staffJSON)
	add(policy.ReadReleases, "GET /staff/releases/{release}/sheet.pdf", s.staffSheet)
	add(policy.DrillFigure, "GET /staff/releases/{release}/rows", s.rowsPage)
	add(policy.DrillFigure, "GET /staff/releases/{release}/rows.csv", s.rowsCSV)
	add(policy.MakeRelease, "POST /staff/releases", s.makePost)
	for act, h := range map[string]func(r *http.Request, id store.ID) (string, error){
		"table": s.tablePost, "drop": s.dropPost, "words": s.wordsPost, "check": s.checkPost, "publish": s.publishPost,
		"restate": s.restatePost, "compare": s.comparePost, "discard": s.discardPost,
	} {
		add(policy.MakeRelease, "POST /staff/releases/{release}/"+act, s.posted(h))
	}
	add(policy.PublishRelease, "POST /staff/releases/{release}/ask", s.posted(s.askPost))
	return out
}

type publicHandler func(w http.ResponseWriter, r *http.Request, v visit) error

// visit is a request for a public page.
type visit struct {
	p    *program.Program
	lang string
	Release
}

func (s *Service) public(p *program.Program, lang string, h publicHandler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return h(w, r, visit{p: p, lang: lang})
	}
}

// seen records that a member looked at something.
func (s *Service) seen(ctx context.Context, who policy.Subject, event, what string) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: who.Program, Event: event, Record: what, Actor: actor(who)})
		return nil
	})
}

// posted makes a handler of an act on one release, which leads to the next page.
func (s *Service) posted(act func(r *http.Request, id store.ID) (string, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := s.known(r)
		if err != nil {
			return err
		}
		if err := web.ParseForm(r); err != nil {
			return err
		}
		next, err := act(r, id)
		if f, ok := fault.As(err); ok && (f.Kind == fault.Invalid || f.Kind == fault.Conflict || f.Kind == fault.TooLarge) && f.Code != ErrState.Code {
			return s.show(w, r, web.StatusOf(f.Kind), id, f)
		}
		if err != nil {
			return err
		}
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
}

// known reads which release an address is about; what the member's program does
// not have is not there.
func (s *Service) known(r *http.Request) (store.ID, error) {
	id, err := store.ParseID(r.PathValue("release"))
	if err != nil {
		return id, ErrNone
	}
	who, ok := s.Viewer(r.Context())
	if !ok {
		return id, errSignIn
	}
	_, err = byID(r.Context(), s.DB, who.Program, id)
	return id, err
}
