// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"waylight/internal/platform/form"
)

// View is what a handler hands to a template.
type View struct {
	Lang     string // default: Lang(r); staff pages are English
	Title    string // what the browser's tab and history show: keep it neutral
	Path     string // address of this page; default: that of the request
	Data     any
	Problems []form.Problem    // when there are any, the title says so
	Langs    map[string]string // language -> this page's address in it; default Path?lang=xx
	Secret   bool              // the page holds a secret: it is not compressed
	Scripts  []string          // assets that the page loads as modules; what they import comes with them, under its hash
	Refresh  int               // seconds after which an idle staff page loads again, with a script; 0: never
	Before   func() error      // asked when the page is made and nothing of it has left: its error is answered instead; may be nil
}

// Templates are a room's templates together with the layout's and the form's.
type Templates struct {
	site *Site
	set  *template.Template
}

// Templates parses a room's templates (default "templates/*.html"). A template
// is called by its {{define}} name or by its file's name, with or without
// ".html".
func (s *Site) Templates(fsys fs.FS, globs ...string) (*Templates, error) {
	if len(globs) == 0 {
		globs = []string{"templates/*.html"}
	}
	set := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"asset": s.assetPath, "integrity": s.integrity, "date": s.date, "day": s.day,
	})
	set, err := set.ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the layout: %w", err)
	}
	set, err = set.ParseFS(form.FS, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the form's templates: %w", err)
	}
	set, err = set.ParseFS(fsys, globs...)
	if err != nil {
		return nil, fmt.Errorf("parsing templates: %w", err)
	}
	return &Templates{site: s, set: set}, nil
}

func (s *Site) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

// date shows a time to the minute, with its zone.
func (s *Site) date(t time.Time) string { return t.In(s.zone()).Format("Jan 2, 2006, 3:04 PM MST") }

// day shows a date.
func (s *Site) day(t time.Time) string { return t.In(s.zone()).Format("Jan 2, 2006") }

// Public writes a page for everybody, with the quick exit and the choice of
// language.
func (t *Templates) Public(w http.ResponseWriter, r *http.Request, status int, name string, v View) error {
	return t.write(w, r, status, "layout.public", name, v)
}

// Staff writes a page for members, in English, with the navigation.
func (t *Templates) Staff(w http.ResponseWriter, r *http.Request, status int, name string, v View) error {
	if v.Lang == "" {
		v.Lang = "en"
	}
	return t.write(w, r, status, "layout.staff", name, v)
}

// page is what templates see.
type page struct {
	View
	Content template.HTML // the room's template, already escaped
	site    *Site
	request *http.Request
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// write renders the whole page before the first byte leaves, so that a failing
// template still becomes an error page.
func (t *Templates) write(w http.ResponseWriter, r *http.Request, status int, layout, name string, v View) error {
	if v.Lang == "" {
		v.Lang = Lang(r)
	}
	if v.Path == "" {
		v.Path = r.URL.Path
	}
	p := &page{View: v, site: t.site, request: r}
	out := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(out)
	out.Reset()
	if t.set.Lookup(name) == nil {
		name += ".html"
	}
	err := t.set.ExecuteTemplate(out, name, p)
	if err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	// The room's template was escaped as the inside of <main>, where the layout puts it.
	p.Content = template.HTML(out.String()) //nolint:gosec
	out.Reset()
	err = t.set.ExecuteTemplate(out, layout, p)
	if err != nil {
		return fmt.Errorf("layout of page %s: %w", name, err)
	}
	if v.Before != nil {
		if err := v.Before(); err != nil {
			return err
		}
	}
	compress := layout == "layout.public" && r.Method == http.MethodGet && !v.Secret
	return writeHTML(w, r, status, out.Bytes(), compress)
}

// T gives words in the page's language.
func (p *page) T(key string, args ...any) (string, error) {
	return p.site.Catalog.Find(p.Lang, key, args...)
}

// part is what a template inside a page sees: the page, and its own part of the data.
type part struct {
	P *page
	V any
}

// With hands a part of the data to a template inside this one, with the page's words.
func (p *page) With(v any) part { return part{p, v} }

// Paragraphs gives words split at their empty lines.
func (p *page) Paragraphs(key string, args ...any) ([]string, error) {
	words, err := p.T(key, args...)
	if err != nil {
		return nil, err
	}
	return strings.Split(words, "\n\n"), nil
}

// Demo reports whether this is a demonstration.
func (p *page) Demo() bool { return p.site.Demo }

// Dir is the direction of the page's language.
func (p *page) Dir() string { return Dir(p.Lang) }

// Exit is where the quick exit leads.
func (p *page) Exit() string { return p.site.exitURL() }

// Imports lists what the page's scripts import, for the page to name the hash of.
func (p *page) Imports() ([]string, error) { return p.site.imported(p.Scripts) }

// SignOut is the path that the sign-out button posts to.
func (p *page) SignOut() string { return p.site.SignOut }

// Idle is how the page hides when nobody uses it; nil for who is not signed in.
func (p *page) Idle() *Idle {
	if p.Who() == "" {
		return nil
	}
	return p.site.Idle
}

// Seconds is how long nobody has to use the page.
func (i *Idle) Seconds() int { return int(i.After / time.Second) }

// Nav lists the entries of the staff's navigation.
func (p *page) Nav() []NavItem {
	if p.site.Nav == nil {
		return nil
	}
	return p.site.Nav(p.request)
}

// Who is the name of the signed-in member.
func (p *page) Who() string {
	if p.site.Who == nil {
		return ""
	}
	return p.site.Who(p.request)
}

// LangLink leads to the page in another language.
type LangLink struct{ Lang, Name, Dir, Href string }

// LangLinks lists the page in its other languages. A page that answers a posted
// form has none: following a link would lose what was typed.
func (p *page) LangLinks() []LangLink {
	if p.request.Method != http.MethodGet && p.request.Method != http.MethodHead && p.Langs == nil {
		return nil
	}
	var out []LangLink
	for _, lang := range p.site.Catalog.langs {
		href, given := p.Langs[lang]
		if p.Langs == nil {
			href, given = p.Path+"?lang="+url.QueryEscape(lang), true
		}
		if given && lang != p.Lang {
			out = append(out, LangLink{Lang: lang, Name: nameOf(lang), Dir: Dir(lang), Href: href})
		}
	}
	return out
}

// Sheet prepares a form for a page of the site.
func (s *Site) Sheet(lang string, f form.Form, a form.Answers, problems []form.Problem) (form.Sheet, error) {
	return f.Sheet(lang, func(key string, args ...any) (string, error) {
		return s.Catalog.Find(lang, key, args...)
	}, a, problems)
}

// WithQuery is a path with a query, or alone where that is empty.
func WithQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
