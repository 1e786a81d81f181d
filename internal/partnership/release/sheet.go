// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/paper"
)

// sheet is a release on one page: its finding, its tables as far as they fit, and
// where the rest and the proof stand.
func (s *Service) sheet(p *program.Program, lang string, r Release) ([]byte, error) {
	doc, err := figure.ParseDocument([]byte(r.Document))
	if err != nil {
		return nil, err
	}
	c := s.Site.Catalog
	out, err := paper.New(lang, doc.Headline[lang], r.Checked)
	if err != nil {
		return nil, err
	}
	out.Small(p.Name.In(lang))
	out.Heading(1, doc.Headline[lang])
	out.Text(s.period(lang, doc.From, doc.Through))
	if doc.Restates != nil {
		out.Text(c.T(lang, "release.restates", "number", doc.Restates.Number) + " " + doc.Restates.Why[lang])
	}
	left := 0
	const foot = 110 // room for the words at the end
	for i, t := range doc.Tables {
		v := s.published(lang, i+1, t, doc.Definitions)
		if out.Room() < foot+tableRoom(t, v) {
			left++
			continue
		}
		s.printTable(out, lang, t, v)
	}
	if left > 0 {
		out.Text(c.T(lang, "release.sheet.left", "count", left))
	}
	out.Small(c.T(lang, "release.sheet.check", "path", fmt.Sprintf("%s/%d", base(p, lang), r.Number)))
	out.Small(c.T(lang, "release.sheet.hash", "hash", r.DocumentHash, "size", doc.Log.Size, "root", doc.Log.Root))
	return out.Bytes()
}

// tableRoom is about how much room a table takes, with its words.
func tableRoom(t figure.Published, v tableView) float64 {
	room := paper.Height(len(t.Entries)) + 30 + float64(len(v.Notes))*24
	if v.Chart != "" && len(t.ColumnHeads) == 0 {
		room += paper.BarsHeight(len(t.RowHeads))
	}
	return room * 1.1
}

// printTable writes a table with its bars and what must be known of it.
func (s *Service) printTable(out *paper.Sheet, lang string, t figure.Published, v tableView) {
	out.Heading(2, v.Title)
	if v.Filter != "" {
		out.Small(v.Filter)
	}
	if v.Chart != "" && len(t.ColumnHeads) == 0 {
		var bars []paper.Bar
		for i, h := range t.RowHeads {
			e := t.Entries[i][0].Entry()
			bars = append(bars, paper.Bar{Label: h.Words[lang], Said: figure.Say(s.Site.Catalog, lang, t.Unit, e), Value: max(e.Value, 0)})
		}
		out.Bars(s.Site.Catalog.T(lang, "figure.chart.title", "title", v.Title), bars)
	}
	head := append([]string{v.RowTitle}, v.Heads...)
	var rows [][]string
	for _, line := range v.Lines {
		row := []string{line.Head}
		for _, cell := range line.Cells {
			row = append(row, cell.Said)
		}
		rows = append(rows, row)
	}
	out.Table(head, rows)
	for _, note := range v.Notes {
		out.Small(note)
	}
}
