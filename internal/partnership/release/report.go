// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"net/http"
	"slices"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/paper"
	"waylight/internal/platform/web"
)

var errNoSet = fault.New(fault.NotFound, "release.no_set", "This release fills no set of indicators, so there is no report of it.")

// The report is a set of indicators filled from one release: numbers, and plainly
// which are not collected here. It can name no victim and no family, because a
// release holds nothing but checked figures.

// filled is one indicator of a report.
type filled struct {
	Indicator
	Words string // its title
	Table *tableView
	Not   string // why there is no figure
	at    int
}

type sectionView struct {
	Title string
	Lines []filled
}

type reportView struct {
	Program, Title, About, Source, Period, Headline, Back, PDF, CSV string
	Unverified                                                      bool
	Sections                                                        []sectionView
	Number                                                          int64
}

// fill puts a release's tables where a set asks for them.
func (s *Service) fill(p *program.Program, lang string, r Release) (reportView, figure.Document, error) {
	doc, err := figure.ParseDocument([]byte(r.Document))
	if err != nil {
		return reportView{}, doc, err
	}
	set, ok := s.Set(doc.Set)
	if !ok {
		return reportView{}, doc, errNoSet
	}
	c := s.Site.Catalog
	v := reportView{Program: p.Name.In(lang), Title: set.Title[lang], About: set.About[lang], Source: set.Source, Unverified: set.Status == "unverified", Number: r.Number,
		Period: s.period(lang, doc.From, doc.Through), Headline: doc.Headline[lang]}
	for _, section := range sections {
		sv := sectionView{Title: c.T(lang, "release.section."+section)}
		for _, i := range set.Indicators {
			if i.Section == section {
				sv.Lines = append(sv.Lines, s.fillOne(lang, i, doc))
			}
		}
		if len(sv.Lines) > 0 {
			v.Sections = append(v.Sections, sv)
		}
	}
	return v, doc, nil
}

func (s *Service) fillOne(lang string, i Indicator, doc figure.Document) filled {
	f := filled{Indicator: i, Words: i.Title[lang], Not: i.Not[lang], at: -1}
	if i.Measure == "" {
		return f
	}
	want := figure.Spec{Measure: i.Measure, From: doc.From, Through: doc.Through, Rows: i.Rows, Columns: i.Columns, Where: i.Where}
	f.at = slices.IndexFunc(doc.Tables, func(t figure.Published) bool { return t.Table().Spec.Same(want) })
	if f.at < 0 {
		f.Not = s.Site.Catalog.T(lang, "release.not_here")
		return f
	}
	v := s.published(lang, f.at+1, doc.Tables[f.at], doc.Definitions)
	v.ID = "i-" + i.ID
	f.Table = &v
	return f
}

func (s *Service) publicReport(w http.ResponseWriter, r *http.Request, v visit) error {
	data, _, err := s.fill(v.p, v.lang, v.Release)
	if err != nil {
		return err
	}
	data.Back, data.PDF, data.CSV = v.at(""), v.at("/report.pdf"), v.at("/indicators.csv")
	return s.pages.Public(w, r, http.StatusOK, "release.report", web.View{Lang: v.lang, Title: s.Site.Catalog.T(v.lang, "release.tab"), Data: data,
		Langs: langs(v.p, fmt.Sprintf("/%d/report", v.Number))})
}

func (s *Service) publicReportPDF(w http.ResponseWriter, _ *http.Request, v visit) error {
	data, doc, err := s.fill(v.p, v.lang, v.Release)
	if err != nil {
		return err
	}
	c := s.Site.Catalog
	out, err := paper.New(v.lang, data.Title, v.Checked)
	if err != nil {
		return err
	}
	out.Small(data.Program)
	out.Heading(1, data.Title)
	out.Text(data.Period)
	out.Text(data.About)
	if data.Unverified {
		out.Text(c.T(v.lang, "release.unverified"))
	}
	out.Text(data.Headline)
	out.Text(c.T(v.lang, "release.nobody"))
	for _, section := range data.Sections {
		out.Heading(2, section.Title)
		for _, line := range section.Lines {
			out.Heading(3, line.Words)
			if line.Table == nil {
				out.Text(line.Not)
				continue
			}
			s.printTable(out, v.lang, doc.Tables[line.at], *line.Table)
			out.Small(line.Table.Definition.Definition)
		}
	}
	out.Small(c.T(v.lang, "release.sheet.check", "path", v.at("")))
	out.Small(c.T(v.lang, "release.sheet.hash", "hash", v.DocumentHash, "size", doc.Log.Size, "root", doc.Log.Root))
	pdf, err := out.Bytes()
	if err != nil {
		return err
	}
	return file(w, "application/pdf", fmt.Sprintf("report-%s-%d-%s.pdf", v.p.ID, v.Number, v.lang), pdf)
}

// publicIndicators gives the set as a file: one line for each figure of each
// indicator, or why there is none.
func (s *Service) publicIndicators(w http.ResponseWriter, _ *http.Request, v visit) error {
	data, doc, err := s.fill(v.p, v.lang, v.Release)
	if err != nil {
		return err
	}
	header := append([]string{s.Site.Catalog.T(v.lang, "release.csv.id"), s.Site.Catalog.T(v.lang, "release.csv.indicator")}, figure.Header(s.Site.Catalog, v.lang)...)
	return web.CSV(w, fmt.Sprintf("indicators-%s-%d.csv", v.p.ID, v.Number), header, func(yield func([]string) error) error {
		for _, section := range data.Sections {
			for _, line := range section.Lines {
				if line.Table == nil {
					if err := yield([]string{line.ID, line.Words, "", doc.From, doc.Through, "", "", "", "", "", line.Not}); err != nil {
						return err
					}
					continue
				}
				err := figure.Lines(s.Site.Catalog, v.lang, line.Table.Title, doc.Tables[line.at].Table(), func(cells []string) error {
					return yield(append([]string{line.ID, line.Words}, cells...))
				})
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}
