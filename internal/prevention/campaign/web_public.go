// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/prevention/code"
)

// publicRoutes are the pages for everybody. Programs stand in them by name, so that
// they never meet another room's.
func (s *Service) publicRoutes() []web.Route {
	var routes []web.Route
	at := func(pattern string, h web.Handler) {
		routes = append(routes, web.Route{Pattern: pattern, Access: policy.At(policy.ReadSigns), Handler: h})
	}
	for _, id := range s.Programs.IDs() {
		p, ok := s.Programs.Program(id)
		if !ok {
			continue
		}
		for _, lang := range p.Languages {
			at("GET "+base(id, lang), s.signsPage(p, lang))
			at("GET "+base(id, lang)+"/{slug}", s.signsPage(p, lang))
		}
		at("GET /"+id+"/signs/picture/{piece}", s.pictureFile(p))
	}
	return routes
}

// Address is the page about a program's signs, in one of its languages.
func Address(programID, lang string) string { return base(programID, lang) }

func base(programID, lang string) string { return "/" + programID + "/" + lang + "/signs" }

type signsView struct {
	Program   string
	Title     string // of the campaign; "" on the page of all
	Text      []string
	Days      string
	Over      bool
	By        string
	Partners  []string
	Events    []partLine
	Campaigns []link
	Lines     []code.Line
	Open      bool
	Form      string
	Notices   []noticeView
	Pieces    []pieceView
	All       string // address of the page of all; "" on it
}

type link struct{ Words, Href, Days string }

type noticeView struct {
	Title    string
	Required bool
	Sheets   []Sheets
	Tongues  []tongue
}

// tongue are a notice's words in one language.
type tongue struct {
	Lang, Dir, Heading string
	Lines              []string
	Unchecked          bool
}

type pieceView struct {
	Title, Alt, Size, Href string
	Width, Height          int
}

// signsPage tells what the signs are, what becomes of a report, whom to call, and
// gives what may be hung up or shown; of one campaign, or of all.
func (s *Service) signsPage(p *program.Program, lang string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := signsView{Program: p.Name.In(lang), Lines: s.Codes.Lines(p.ID, lang), Open: s.Open(r.Context(), p.ID), Form: "/" + p.ID + "/" + lang}
		var shown []string
		slug := r.PathValue("slug")
		if slug != "" {
			c, err := s.fillOne(r, &v, p, lang, slug)
			if err != nil {
				return err
			}
			shown = c.Notices
		} else if err := s.fillAll(r, &v, p, lang); err != nil {
			return err
		}
		for _, n := range p.Notices {
			if slug == "" && p.Concerns(n) && n.InForce(s.Now()) || slices.Contains(shown, n.ID) {
				v.Notices = append(v.Notices, s.notice(r, p, n, lang))
			}
		}
		langs := map[string]string{}
		for _, l := range p.Languages {
			if langs[l] = base(p.ID, l); slug != "" {
				langs[l] += "/" + slug
			}
		}
		return s.pages.Public(w, r, http.StatusOK, "campaign.signs", web.View{Lang: lang, Title: s.Site.Catalog.T(lang, "campaign.title"), Data: v, Langs: langs})
	}
}

// fillOne puts a campaign into the page. One that is only planned is not there yet.
func (s *Service) fillOne(r *http.Request, v *signsView, p *program.Program, lang, slug string) (Campaign, error) {
	c, err := bySlug(r.Context(), s.DB, p.ID, slug)
	if err == nil && c.State == Planned {
		err = ErrNotFound
	}
	if err != nil {
		return c, err
	}
	parts, err := partsOf(r.Context(), s.DB, p.ID, c.ID)
	if err != nil {
		return c, err
	}
	v.Title, v.Text, v.Days, v.Over, v.All = c.Title.In(lang), paragraphs(c.Text.In(lang)), s.days(lang, c), c.State == Closed, base(p.ID, lang)
	name := func(office string) string { return p.Offices[office].Name.In(lang) }
	v.By = name(c.Lead)
	for _, x := range parts.Partners {
		if x.Office != "" {
			x.Name = name(x.Office)
		}
		v.Partners = append(v.Partners, x.Name)
	}
	for _, x := range parts.Events {
		v.Events = append(v.Events, partLine{First: s.day(lang, x.Day), Name: x.What.In(lang)})
	}
	for _, x := range parts.Pieces {
		if x.Kind != "" {
			v.Pieces = append(v.Pieces, pieceView{x.Title, x.Alt.In(lang), size(x) + ", " + kilobytes(x.Size), pictureAt(p.ID, x.ID), x.Width, x.Height})
		}
	}
	return c, nil
}

func (s *Service) fillAll(r *http.Request, v *signsView, p *program.Program, lang string) error {
	found, err := all(r.Context(), s.DB, p.ID)
	if err != nil {
		return err
	}
	for _, c := range found {
		if c.State == Running {
			v.Campaigns = append(v.Campaigns, link{c.Title.In(lang), base(p.ID, lang) + "/" + c.Slug, s.days(lang, c)})
		}
	}
	return nil
}

// notice is a notice in its own words, in each of its languages: those that this
// site speaks first.
func (s *Service) notice(r *http.Request, p *program.Program, n program.Notice, lang string) noticeView {
	v := noticeView{Title: n.Title.In(lang), Required: n.Required}
	if s.Materials != nil {
		v.Sheets = s.Materials.Sheets(r.Context(), p.ID, n.ID, lang)
	}
	for _, of := range slices.SortedFunc(maps.Keys(n.Words), func(a, b string) int { return order(p, lang, a, b) }) {
		words := n.Words[of]
		t := tongue{Lang: of, Dir: web.Dir(of), Heading: words.Heading, Unchecked: words.Status != "checked"}
		for _, text := range slices.Concat(words.Body, words.Call) {
			if text, ok := s.fill(p, text); ok {
				t.Lines = append(t.Lines, text)
			}
		}
		v.Tongues = append(v.Tongues, t)
	}
	return v
}

// order puts the page's language first, then the program's, then the others.
func order(p *program.Program, lang, a, b string) int {
	rank := func(l string) int {
		switch at := slices.Index(p.Languages, l); {
		case l == lang:
			return 0
		case at >= 0:
			return 1 + at
		}
		return 100
	}
	if d := rank(a) - rank(b); d != 0 {
		return d
	}
	if a < b {
		return -1
	}
	return 1
}

// fill puts the numbers into a line of a notice, each kept apart from the direction
// of the words around it. A line with a number that may not be shown is left out.
func (s *Service) fill(p *program.Program, text string) (string, bool) {
	whole := true
	state := s.Channels(p.ID)
	text = program.Fill(text, func(means, channel string) string {
		c, ok := p.Channels[channel]
		if state != nil {
			c.State = state(channel)
		}
		number := c.Phone
		if means == "sms" {
			number = c.Text
		}
		if !ok || number == "" || !c.State.Showable(s.Site.Demo) {
			whole = false
		}
		return "\u2066" + number + "\u2069"
	})
	return text, whole
}

// pictureFile gives a picture of a campaign that stands in public.
func (s *Service) pictureFile(p *program.Program) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := store.ParseID(r.PathValue("piece"))
		if err != nil {
			return ErrNotFound.With(err)
		}
		kind, body, err := picture(r.Context(), s.DB, p.ID, id)
		if err != nil {
			return err
		}
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Content-Length", strconv.Itoa(len(body)))
		h.Set("Content-Disposition", `inline; filename="picture.`+map[string]string{"image/png": "png", "image/jpeg": "jpg"}[kind]+`"`)
		if r.Method == http.MethodHead {
			return nil
		}
		_, err = w.Write(body)
		return fault.Wrap(err, "sending a picture")
	}
}

func size(p Piece) string { return fmt.Sprintf("%d × %d", p.Width, p.Height) }

func kilobytes(n int64) string { return fmt.Sprintf("%d KB", (n+1023)/1024) }

// day is a day in words of a language.
func (s *Service) day(lang, text string) string {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil { // check let no other in
		return text
	}
	return s.Site.Catalog.T(lang, "campaign.day", "month", s.Site.Catalog.T(lang, "campaign.month."+at.Format("1")), "day", at.Day(), "year", at.Year())
}

func (s *Service) days(lang string, c Campaign) string {
	return s.Site.Catalog.T(lang, "campaign.days", "first", s.day(lang, c.First), "last", s.day(lang, c.Last))
}

func paragraphs(text string) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}
