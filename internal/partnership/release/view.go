// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"html/template"
	"slices"
	"time"

	"waylight/internal/platform/figure"
)

// tableView is a table as a page shows it, in one language.
type tableView struct {
	N                         int
	ID, Title, Period, Filter string
	RowTitle, ColumnTitle     string
	Heads                     []string // of the columns
	Lines                     []lineView
	Chart                     template.HTML
	Notes                     []string
	Definition                figure.DefinitionWords
	Unit                      string
}

type lineView struct {
	Head  string
	Total bool
	Cells []cellView
}

type cellView struct {
	Said, Head string
	Drill      string // address of its rows, for staff
}

// show makes a table of a document readable.
func (s *Service) tableView(lang string, n int, t figure.Table, defs []figure.Definition) tableView {
	c := s.Site.Catalog
	v := tableView{N: n, ID: fmt.Sprintf("t%d", n), Period: s.period(lang, t.Spec.From, t.Spec.Through), Unit: figure.UnitName(c, lang, t.Unit)}
	if i := slices.IndexFunc(defs, func(d figure.Definition) bool { return d.Measure == t.Spec.Measure }); i >= 0 {
		v.Definition = defs[i].Words[lang]
	}
	v.Title = v.Definition.Title
	v.RowTitle, v.ColumnTitle = v.Definition.Dimensions[t.Spec.Rows], v.Definition.Dimensions[t.Spec.Columns]
	for _, name := range slices.Sorted(mapKeys(t.Spec.Where)) {
		if v.Filter != "" {
			v.Filter += "; "
		}
		v.Filter += v.Definition.Dimensions[name] + ": " + s.valueName(lang, t.Spec.Measure, name, t.Spec.Where[name])
	}
	total := c.T(lang, "figure.say.total")
	for _, h := range t.Columns {
		v.Heads = append(v.Heads, h.Words[lang])
	}
	if len(t.Columns) > 0 {
		v.Heads = append(v.Heads, total)
	} else {
		v.Heads = append(v.Heads, v.Unit)
	}
	for i, row := range t.Entries {
		line := lineView{Head: total, Total: true}
		if i < len(t.Rows) {
			line = lineView{Head: t.Rows[i].Words[lang]}
		}
		for j, e := range row {
			line.Cells = append(line.Cells, cellView{Said: figure.Say(c, lang, t.Unit, e), Head: v.Heads[j]})
		}
		v.Lines = append(v.Lines, line)
	}
	v.Chart = figure.Chart(c, lang, v.ID, v.Title, t)
	v.Notes = s.notes(lang, t)
	return v
}

func mapKeys(m map[string]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// valueName is a value of a filter in words.
func (s *Service) valueName(lang, measure, dimension, value string) string {
	key := "figure." + measure + "." + dimension + "." + value
	if s.Site.Catalog.Has(lang, key) {
		return s.Site.Catalog.T(lang, key)
	}
	return value
}

// notes say what a reader must know of the numbers of a table.
func (s *Service) notes(lang string, t figure.Table) []string {
	has := map[figure.State]bool{}
	t.Each(func(_, _ string, e *figure.Entry) { has[e.State] = true })
	var out []string
	for _, state := range []figure.State{figure.Withheld, figure.NoProof, figure.Rounded} {
		if has[state] {
			out = append(out, s.Site.Catalog.T(lang, "figure.note."+string(state)))
		}
	}
	return out
}

// published shows a table of a document.
func (s *Service) published(lang string, n int, p figure.Published, defs []figure.Definition) tableView {
	v := s.tableView(lang, n, p.Table(), defs)
	if p.Unconfirmed {
		v.Notes = append(v.Notes, s.Site.Catalog.T(lang, "figure.note.unconfirmed"))
	}
	return v
}

var months = map[string][]string{
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	"es": {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"},
}

// day writes a day for people.
func day(lang, text string) string {
	at, err := time.Parse(figure.Day, text)
	if err != nil {
		return text
	}
	if lang == "es" {
		return fmt.Sprintf("%d de %s de %d", at.Day(), months["es"][at.Month()-1], at.Year())
	}
	return fmt.Sprintf("%s %d, %d", months["en"][at.Month()-1], at.Day(), at.Year())
}

func (s *Service) period(lang, from, through string) string {
	return s.Site.Catalog.T(lang, "release.period", "from", day(lang, from), "through", day(lang, through))
}

// changeView is a figure that became another.
type changeView struct{ Table, Row, Column, Old, New string }

// changes shows what a restatement, or a comparison, found.
func (s *Service) changes(lang string, tables []figure.Published, defs []figure.Definition, changes []figure.Change) []changeView {
	c := s.Site.Catalog
	var out []changeView
	for _, ch := range changes {
		v := changeView{}
		if ch.Table < 1 || ch.Table > len(tables) {
			continue
		}
		t := tables[ch.Table-1]
		if i := slices.IndexFunc(defs, func(d figure.Definition) bool { return d.Measure == t.Measure }); i >= 0 {
			v.Table = defs[i].Words[lang].Title
		}
		v.Row, v.Column = headName(c.T(lang, "figure.say.total"), t.Rows, t.RowHeads, ch.Row, lang), headName(c.T(lang, "figure.say.total"), t.Columns, t.ColumnHeads, ch.Column, lang)
		v.Old, v.New = s.said(lang, t.Unit, ch.Old), s.said(lang, t.Unit, ch.New)
		out = append(out, v)
	}
	return out
}

func headName(total, dimension string, heads []figure.Head, value, lang string) string {
	if dimension == "" {
		return ""
	}
	if value == "" {
		return total
	}
	if i := slices.IndexFunc(heads, func(h figure.Head) bool { return h.Value == value }); i >= 0 {
		return heads[i].Words[lang]
	}
	return value
}

func (s *Service) said(lang string, u figure.Unit, e figure.PublishedEntry) string {
	if e.State == "absent" {
		return s.Site.Catalog.T(lang, "release.absent")
	}
	return figure.Say(s.Site.Catalog, lang, u, e.Entry())
}
