// SPDX-License-Identifier: Apache-2.0

package code

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/web"
)

func (s *Service) routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /q/{code}", Access: policy.At(policy.ScanCode), Handler: s.scan},
		{Pattern: "GET /Q/{code}", Access: policy.At(policy.ScanCode), Handler: s.scan},
		{Pattern: "GET /staff/codes", Access: policy.At(policy.ReadCodes), Handler: s.listPage},
		{Pattern: "POST /staff/codes/{code}/switch", Access: policy.At(policy.SwitchCode), Handler: s.switchPost},
	}
}

// scan leads whoever scanned a code to the form. It redirects rather than shows a
// page of its own: the history then has one entry, that of the form, and whoever is in
// a hurry taps once.
func (s *Service) scan(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Robots-Tag", "noindex, nofollow")
	lang := web.Lang(r)
	c, found := Code{}, false
	text, shaped := Parse(r.PathValue("code"))
	if shaped {
		c, found = s.look(r.Context(), text)
	}
	active := found && s.Open(r.Context(), c.Program)
	if active && opened(r) {
		s.scanned(c, s.spoken(c.Program, lang))
	}
	switch tell := s.within(active); {
	case !tell:
		s.lead(w, r, s.start(lang))
	case active:
		s.lead(w, r, s.Form(c.Program, s.spoken(c.Program, lang), c.Text))
	default:
		return s.help(w, r, lang)
	}
	return nil
}

// lead redirects without a page: there is nothing to say on the way.
func (s *Service) lead(w http.ResponseWriter, _ *http.Request, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// opened says whether a person's browser opens the address now. It goes by what a
// browser says of every navigation since 2023 and no reader of links does; what it
// calls itself is not looked at. An older browser is led on like any other, and not
// counted.
func opened(r *http.Request) bool {
	h := r.Header
	if r.Method != http.MethodGet || h.Get("Sec-Fetch-Mode") != "navigate" {
		return false
	}
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if purpose := strings.ToLower(h.Get(name)); strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "prerender") || strings.Contains(purpose, "preview") {
			return false
		}
	}
	dest := h.Get("Sec-Fetch-Dest")
	return dest == "" || dest == "document"
}

// spoken is the language of a program's form for who wants another.
func (s *Service) spoken(programID, lang string) string {
	p, ok := s.Programs.Program(programID)
	if !ok || slices.Contains(p.Languages, lang) {
		return lang
	}
	return p.Languages[0]
}

// start is where the form is for who brings no code: that of the only program, or
// the list of them.
func (s *Service) start(lang string) string {
	if ids := s.Programs.IDs(); len(ids) == 1 {
		return "/" + ids[0] + "/" + s.spoken(ids[0], lang)
	}
	return "/"
}

type helpPage struct {
	Lines []Line
	Form  string // where one can write to somebody now; "" for nowhere
}

// help is the page for every code that leads nowhere, whatever the reason.
func (s *Service) help(w http.ResponseWriter, r *http.Request, lang string) error {
	page := helpPage{Lines: s.everywhere(lang)}
	for _, id := range s.Programs.IDs() {
		if s.Open(r.Context(), id) {
			page.Form = s.start(lang)
		}
	}
	langs := map[string]string{}
	for _, l := range s.Site.Catalog.Langs() {
		langs[l] = "/q/" + url.PathEscape(r.PathValue("code")) + "?lang=" + l
	}
	return s.pages.Public(w, r, http.StatusOK, "code.help", web.View{Lang: lang, Title: s.Site.Catalog.T(lang, "code.help.title"), Data: page, Langs: langs})
}

// everywhere are the lines that every program of this site shows: a code that leads
// nowhere does not say in which program somebody stands.
func (s *Service) everywhere(lang string) []Line {
	ids := s.Programs.IDs()
	if len(ids) == 0 {
		return nil
	}
	lines := slices.Clone(s.Lines(ids[0], lang))
	for _, id := range ids[1:] {
		there := s.Lines(id, lang)
		lines = slices.DeleteFunc(lines, func(l Line) bool {
			return !slices.ContainsFunc(there, func(o Line) bool { return o.Href == l.Href })
		})
	}
	return lines
}

func bare(origin string) string {
	_, host, found := strings.Cut(origin, "://")
	if !found {
		host = origin
	}
	return strings.ToLower(strings.TrimRight(host, "/"))
}

func upper(origin string) string { return strings.ToUpper(strings.TrimRight(origin, "/")) }
