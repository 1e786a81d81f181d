// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/platform/bulk"
	"waylight/internal/platform/place"
	"waylight/internal/platform/web"
)

var showWords = map[string]string{ShowForce: "In force here", ShowStale: "In force here, and not checked for a year", ShowAll: "All, also of other states and days"}

// noticeLine is a notice in the list.
type noticeLine struct {
	ID, Title, Where, Period, Model, Checked, Size string
	Required, InForce, Stale                       bool
	Laws                                           []lawLine
	Languages, More, Places, Words                 string
	At                                             []atLine
	Unverified                                     []string
	Present, Older, Planned, Open                  int64
}

// atLine are languages that a notice must also be in at some places.
type atLine struct {
	Languages, Where, Basis string
	Unverified              []string
}

// lawLine is what a notice rests on.
type lawLine struct {
	Citation, Title, URL string
	Checked              bool
}

func noticeLineOf(p Posted) noticeLine {
	v := noticeLine{ID: p.ID, Title: p.Title.In("en"), Where: jurisdiction(p.Jurisdiction), Period: period(p.From, p.To), Model: p.Model, Checked: p.CheckedOn + ", by " + p.CheckedBy,
		Size:     fmt.Sprintf("at least %s inches, letters of at least %s points", inches(p), points(p)),
		Required: p.Required, InForce: p.InForce, Stale: p.Stale, Languages: strings.Join(p.Languages, ", "), More: p.MoreLanguages, Places: inWords(p.Places, kindWords),
		Words: strings.Join(languagesIn(p), ", "), Present: p.Present, Older: p.Older, Planned: p.Planned, Open: p.Open}
	if p.Bold {
		v.Size += ", bold"
	}
	for _, law := range p.Laws {
		v.Laws = append(v.Laws, lawLine{law.Citation, law.Title, law.URL, law.Status == "checked"})
	}
	for _, at := range p.Where {
		v.At = append(v.At, atLine{strings.Join(at.Languages, ", "), at.says(), at.basis(), at.Unverified})
	}
	if p.Status != "checked" {
		v.Unverified = p.Unverified
	}
	return v
}

// says is where languages are asked for, in words.
func (a PostedAt) says() string {
	var out []string
	if len(a.Places) > 0 {
		out = append(out, inWords(a.Places, kindWords))
	}
	for _, fips := range a.Counties {
		out = append(out, Place{County: fips}.CountyName())
	}
	return strings.Join(out, ", ")
}

func (a PostedAt) basis() string {
	var out []string
	for _, law := range a.Laws {
		out = append(out, law.Citation)
	}
	return strings.Join(out, "; ")
}

func jurisdiction(code string) string {
	if st, ok := place.StateByCode(code); ok {
		return st.Name
	}
	return "United States"
}

func period(from, to time.Time) string {
	if to.IsZero() {
		return "since " + from.Format(time.DateOnly)
	}
	return from.Format(time.DateOnly) + " to " + to.Format(time.DateOnly)
}

func inches(p Posted) string { return fmt.Sprintf("%.3g × %.3g", p.Paper.Width/72, p.Paper.Height/72) }

func points(p Posted) string { return strconv.FormatFloat(p.LeastPoints, 'f', -1, 64) }

// languagesIn are those in which a notice has words.
func languagesIn(p Posted) []string {
	var out []string
	for lang := range p.Notice.Words {
		out = append(out, lang)
	}
	slices.Sort(out)
	return out
}

// inWords are what pages call things, one after the other.
func inWords(list []string, names map[string]string) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = names[v]
	}
	return strings.Join(out, ", ")
}

// noticeFilter reads a filter of notices from an address.
func noticeFilter(r *http.Request) NoticeFilter {
	q := r.URL.Query()
	f := NoticeFilter{Text: bulk.Cut(strings.TrimSpace(q.Get("q")), 100), Show: q.Get("show"), After: q.Get("after"), Limit: pageSize}
	if !slices.Contains(NoticeShows(), f.Show) {
		f.Show = ShowForce
	}
	return f
}

func (f NoticeFilter) address(base, after string) string {
	v := url.Values{"show": {f.Show}}
	for name, text := range map[string]string{"q": f.Text, "after": after} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return web.WithQuery(base, v)
}

func (f NoticeFilter) paging(next string) (p web.Paging) {
	if f.After != "" {
		p.First = f.address("/staff/placements/notices", "")
	}
	if next != "" {
		p.Next = f.address("/staff/placements/notices", next)
	}
	return p
}

type noticesData struct {
	Text, CSV string
	Shows     []web.Choice
	Filtered  bool
	Rows      []noticeLine
	Stale     int
	Paging    web.Paging
}

// noticesPage shows the notices that are in force, what they rest on, who looked when,
// and what became of them.
func (s *Service) noticesPage(w http.ResponseWriter, r *http.Request) error {
	m, _, err := s.here(r)
	if err != nil {
		return err
	}
	f := noticeFilter(r)
	list, next, err := s.Notices(r.Context(), m, f)
	if err != nil {
		return err
	}
	data := noticesData{Text: f.Text, CSV: f.address("/staff/placements/notices.csv", ""), Filtered: f.Text != "" || f.Show != ShowForce, Paging: f.paging(next),
		Shows: web.Choices(f.Show, NoticeShows(), wordOf(showWords))}
	for _, p := range list {
		data.Rows = append(data.Rows, noticeLineOf(p))
		if p.Stale {
			data.Stale++
		}
	}
	return s.pages.Staff(w, r, http.StatusOK, "placement.notices", web.View{Title: "Notices", Data: data})
}

var noticeColumns = []string{"notice", "title", "jurisdiction", "required", "in force", "concerns this program", "from", "to", "basis", "basis checked", "model", "status", "unverified",
	"checked on", "checked by", "stale", "source", "version", "languages", "languages at places", "more languages", "words in", "paper", "least points", "bold", "places", "spots", "present version", "older version", "planned", "open tasks"}

func (s *Service) noticesCSV(w http.ResponseWriter, r *http.Request) error {
	m, _, err := s.here(r)
	if err != nil {
		return err
	}
	f := noticeFilter(r)
	f.Limit = exportRows
	if err := s.exported(r.Context(), m, "notices"); err != nil {
		return err
	}
	return web.CSVPages(w, "notices.csv", noticeColumns, func(after string) (rows [][]string, next string, err error) {
		f.After = after
		list, next, err := s.Notices(r.Context(), m, f)
		for _, p := range list {
			rows = append(rows, noticeRow(p))
		}
		return rows, next, err
	})
}

func noticeRow(p Posted) []string {
	var basis, checked []string
	for _, law := range p.Laws {
		basis, checked = append(basis, law.Citation), append(checked, law.Status)
	}
	var at []string
	for _, a := range p.Where {
		at = append(at, strings.Join(a.Languages, " ")+": "+a.says()+" ("+a.basis()+", "+a.Status+")")
	}
	to := ""
	if !p.To.IsZero() {
		to = p.To.Format(time.DateOnly)
	}
	row := []string{p.ID, p.Title.In("en"), p.Jurisdiction, yesNo(p.Required), yesNo(p.InForce), yesNo(p.Concerns), p.From.Format(time.DateOnly), to, strings.Join(basis, "; "),
		strings.Join(checked, "; "), p.Model, p.Status, strings.Join(p.Unverified, " | "), p.CheckedOn, p.CheckedBy, yesNo(p.Stale), p.Source, p.Version, strings.Join(p.Languages, " "),
		strings.Join(at, " | "), p.MoreLanguages, strings.Join(languagesIn(p), " "), inches(p), points(p), yesNo(p.Bold), strings.Join(p.Places, " "), strings.Join(p.Spots, " ")}
	for _, n := range []int64{p.Present, p.Older, p.Planned, p.Open} {
		row = append(row, strconv.FormatInt(n, 10))
	}
	return row
}
