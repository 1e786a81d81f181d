// SPDX-License-Identifier: Apache-2.0

package figure

import (
	"fmt"
	"html"
	"html/template"
	"strings"
	"unicode/utf8"

	"waylight/internal/platform/web"
)

// Sizes of a chart, in the units of its own drawing.
const (
	chartWidth = 640
	chartLabel = 220
	chartBar   = 22
	chartStep  = 32
	chartMost  = 30 // more bars than that are read in the table
)

// bar is one line of a chart.
type bar struct {
	label, said string
	value       int64
	shown       bool
}

// Chart draws the rows of a table as bars, "" where there is nothing to draw. It
// uses no color alone to tell anything, no script and no style.
func Chart(c *web.Catalog, lang, id, title string, t Table) template.HTML {
	bars := t.bars(c, lang)
	most := int64(0)
	for _, b := range bars {
		most = max(most, b.value)
	}
	if len(bars) < 2 || len(bars) > chartMost || most == 0 {
		return ""
	}
	height := len(bars)*chartStep + 8
	var out strings.Builder
	fmt.Fprintf(&out, `<svg viewBox="0 0 %d %d" role="img" aria-labelledby="%s-t" aria-describedby="%s-d" xmlns="http://www.w3.org/2000/svg" class="chart" width="100%%">`, chartWidth, height, id, id)
	fmt.Fprintf(&out, `<title id="%s-t">%s</title><desc id="%s-d">%s</desc>`, id, html.EscapeString(c.T(lang, "figure.chart.title", "title", title)), id, html.EscapeString(c.T(lang, "figure.chart.desc")))
	for i, b := range bars {
		y := i*chartStep + 6
		fmt.Fprintf(&out, `<text x="%d" y="%d" text-anchor="end" font-size="14" fill="#16242b">%s</text>`, chartLabel-10, y+16, html.EscapeString(cut(b.label, 30)))
		room := int64(chartWidth - chartLabel - 150)
		width := int64(0)
		if b.shown && b.value > 0 {
			width = max(int64(float64(b.value)/float64(most)*float64(room)), 2)
			fmt.Fprintf(&out, `<rect x="%d" y="%d" width="%d" height="%d" rx="2" fill="#12606b"/>`, chartLabel, y, width, chartBar)
		}
		fmt.Fprintf(&out, `<text x="%d" y="%d" font-size="14" fill="#16242b">%s</text>`, int64(chartLabel)+width+8, y+16, html.EscapeString(b.said))
	}
	out.WriteString(`</svg>`)
	return template.HTML(out.String()) //nolint:gosec // every word in it is escaped above
}

// bars are the totals of the rows.
func (t Table) bars(c *web.Catalog, lang string) []bar {
	var out []bar
	last := len(t.Columns)
	for i, h := range t.Rows {
		e := t.Entries[i][last]
		out = append(out, bar{label: h.Words[lang], said: Say(c, lang, t.Unit, e), value: max(e.Value, 0), shown: e.State == Shown || e.State == Rounded})
	}
	return out
}

func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
