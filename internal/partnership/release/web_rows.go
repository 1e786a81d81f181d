// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/web"
)

const drillPage = 100

// maxAfter is the longest place to go on from that is handed to a measure.
const maxAfter = 500

// drilled is the figure that an address asks about.
type drilled struct {
	release Release
	measure figure.Measure
	query   figure.Query
	title   string
	table   tableView
	said    string
	n       int
}

// drilled finds the figure. One that is not shown gives no list of its own. A total
// lists all its rows, those of parts that are not shown too: who may drill sees rows
// one by one, and each look stands in the log.
func (s *Service) drilled(r *http.Request) (d drilled, err error) {
	id, err := s.known(r)
	if err != nil {
		return d, err
	}
	who, p, err := s.who(r.Context(), policy.DrillFigure)
	if err != nil {
		return d, err
	}
	if d.release, err = byID(r.Context(), s.DB, who.Program, id); err != nil {
		return d, err
	}
	q := r.URL.Query()
	d.n, err = strconv.Atoi(q.Get("table"))
	if err != nil || d.release.Document == "" {
		return d, ErrTable
	}
	doc, err := figure.ParseDocument([]byte(d.release.Document))
	if err != nil {
		return d, err
	}
	if d.n < 1 || d.n > len(doc.Tables) {
		return d, ErrTable
	}
	t := doc.Tables[d.n-1]
	entry, found := figure.PublishedEntry{}, false
	tt := t.Table()
	tt.Each(func(row, column string, e *figure.Entry) {
		if row == q.Get("row") && column == q.Get("column") {
			found = true
			entry = figure.PublishedEntry{State: e.State, Qualifier: e.Qualifier, Value: &e.Value}
		}
	})
	if !found {
		return d, ErrTable
	}
	m, ok := s.measures.Measure(t.Measure)
	if !ok || m.Rows == nil || entry.State == figure.Withheld || entry.State == figure.NoProof {
		return d, ErrNoDrill
	}
	d.measure, d.table, d.said = m, s.published("en", d.n, t, doc.Definitions), s.said("en", t.Unit, entry)
	d.title = fmt.Sprintf("%s: %s", d.table.Title, d.said)
	d.query, err = tt.Spec.Cell(p.ID, p.Zone, q.Get("row"), q.Get("column"))
	return d, err
}

type rowsView struct {
	Title, Back, Period, Export string
	Rows                        []rowView
	Number                      int64
	Paging                      web.Paging
}

type rowView struct{ Date, What, Link, Value string }

func (s *Service) rowsPage(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Get("table") == "" {
		return s.page(w, r) // which figure was not said
	}
	d, err := s.drilled(r)
	if err != nil {
		return err
	}
	who, p, err := s.who(r.Context(), policy.DrillFigure)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	after := q.Get("after")
	if len(after) > maxAfter {
		return ErrTable
	}
	rows, next, err := d.measure.Rows(r.Context(), s.DB, d.query, after, drillPage)
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), who, "release.drilled", record(d.release.ID)); err != nil {
		return err
	}
	keep := url.Values{}
	for _, name := range []string{"table", "row", "column"} {
		if v := q.Get(name); v != "" {
			keep.Set(name, v)
		}
	}
	here := address(d.release.ID) + "/rows"
	v := rowsView{Title: d.title, Back: address(d.release.ID), Period: d.table.Period, Export: here + ".csv?" + keep.Encode(), Number: d.release.Number}
	if after != "" {
		v.Paging.First = here + "?" + keep.Encode()
	}
	if next != "" {
		keep.Set("after", next)
		v.Paging.Next = here + "?" + keep.Encode()
	}
	for _, row := range rows {
		v.Rows = append(v.Rows, rowView{Date: row.Date.In(p.Zone).Format("Jan 2, 2006"), What: row.What, Link: web.LocalPath(row.Link, ""), Value: figure.Number(d.measure.Unit, row.Value)})
	}
	return s.pages.Staff(w, r, http.StatusOK, "release.rows", web.View{Title: "Rows of a figure", Path: address(d.release.ID), Data: v})
}

func (s *Service) rowsCSV(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Get("table") == "" {
		return s.page(w, r)
	}
	d, err := s.drilled(r)
	if err != nil {
		return err
	}
	who, p, err := s.who(r.Context(), policy.DrillFigure)
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), who, "release.drill_exported", record(d.release.ID)); err != nil {
		return err
	}
	return web.CSV(w, fmt.Sprintf("release-%d-rows.csv", d.release.Number), []string{"id", "date", "what", "value", "unit"}, func(yield func([]string) error) error {
		after := ""
		for {
			rows, next, err := d.measure.Rows(r.Context(), s.DB, d.query, after, 1000)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if err := yield([]string{row.ID, row.Date.In(p.Zone).Format(figure.Day), row.What, figure.Machine(d.measure.Unit, row.Value), figure.MachineUnit(d.measure.Unit)}); err != nil {
					return err
				}
			}
			if next == "" {
				return nil
			}
			after = next
		}
	})
}

// staffFile reads the release that a download is of.
func (s *Service) staffFile(r *http.Request) (Release, error) {
	id, err := s.known(r)
	if err != nil {
		return Release{}, err
	}
	who, _, err := s.who(r.Context(), policy.ReadReleases)
	if err != nil {
		return Release{}, err
	}
	x, err := byID(r.Context(), s.DB, who.Program, id)
	if err != nil {
		return x, err
	}
	if x.Document == "" {
		return x, ErrState
	}
	return x, s.seen(r.Context(), who, "release.exported", record(id))
}

func (s *Service) staffCSV(w http.ResponseWriter, r *http.Request) error {
	x, err := s.staffFile(r)
	if err != nil {
		return err
	}
	return s.csv(w, "en", x)
}

func (s *Service) staffJSON(w http.ResponseWriter, r *http.Request) error {
	x, err := s.staffFile(r)
	if err != nil {
		return err
	}
	return file(w, "application/json", fmt.Sprintf("release-%d.json", x.Number), []byte(x.Document))
}

func (s *Service) staffSheet(w http.ResponseWriter, r *http.Request) error {
	x, err := s.staffFile(r)
	if err != nil {
		return err
	}
	p, _ := s.Programs.Program(x.Program)
	data, err := s.sheet(p, "en", x)
	if err != nil {
		return err
	}
	return file(w, "application/pdf", fmt.Sprintf("release-%d.pdf", x.Number), data)
}

type measuresView struct{ Measures []measureView }

type measureView struct {
	Name, Unit string
	Words      figure.DefinitionWords
	Dimensions []string
	People     bool
}

// measuresPage says what the rooms count, and how.
func (s *Service) measuresPage(w http.ResponseWriter, r *http.Request) error {
	who, _, err := s.who(r.Context(), policy.ReadReleases)
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), who, "release.measures_viewed", "measures"); err != nil {
		return err
	}
	var v measuresView
	for _, name := range s.measures.Names() {
		m, _ := s.measures.Measure(name)
		mv := measureView{Name: name, Unit: figure.UnitName(s.Site.Catalog, "en", m.Unit), Words: s.measures.Define(m).Words["en"], People: m.People}
		for _, d := range m.Dimensions {
			mv.Dimensions = append(mv.Dimensions, s.measures.DimensionTitle("en", name, d.Name))
		}
		v.Measures = append(v.Measures, mv)
	}
	return s.pages.Staff(w, r, http.StatusOK, "release.measures", web.View{Title: "Measures", Path: "/staff/measures", Data: v})
}
