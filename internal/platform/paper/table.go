// SPDX-License-Identifier: Apache-2.0

package paper

import "fmt"

const (
	cellSize = 9.0
	cellStep = 11.5
	cellPad  = 4.0
)

// Table writes a table. The first column names the rows; the others hold figures
// and stand at the right. A row that does not fit goes to the next page whole.
func (s *Sheet) Table(head []string, rows [][]string) {
	if len(head) == 0 {
		return
	}
	s.y -= 4
	table := &element{kind: "Table", mark: -1}
	s.root = append(s.root, table)
	widths := columns(len(head))
	s.row(table, widths, head, true)
	for _, row := range rows {
		s.row(table, widths, row, false)
	}
	s.y -= 4
}

// Height is how much room a table of so many rows takes at least.
func Height(rows int) float64 { return float64(rows+1)*(cellStep+cellPad) + 8 }

// columns gives the first column the room that names need.
func columns(n int) []float64 {
	if n == 1 {
		return []float64{inside}
	}
	first := inside * 0.4
	if n == 2 {
		first = inside * 0.65
	}
	out := []float64{first}
	for range n - 1 {
		out = append(out, (inside-first)/float64(n-1))
	}
	return out
}

func (s *Sheet) row(table *element, widths []float64, cells []string, heading bool) {
	bold := 0
	if heading {
		bold = 1
	}
	lines, most := make([][]string, len(widths)), 1
	for i := range widths {
		if i < len(cells) {
			lines[i] = s.wrap(bold, cellSize, widths[i]-2*cellPad, cells[i])
			most = max(most, len(lines[i]))
		}
	}
	high := float64(most)*cellStep + cellPad
	s.need(high)
	tr := &element{kind: "TR", mark: -1}
	table.kids = append(table.kids, tr)
	x := margin
	for i, w := range widths {
		kind, scope := "TD", ""
		if heading {
			kind, scope = "TH", "Column"
		} else if i == 0 {
			kind, scope = "TH", "Row"
		}
		e := s.leaf(tr, kind, func(p *page) {
			for k, line := range lines[i] {
				at := x + cellPad
				if i > 0 {
					at = x + w - cellPad - s.fonts[bold].width(line, cellSize)
				}
				p.say(bold, cellSize, at, s.y-float64(k+1)*cellStep+2, line)
			}
		})
		e.scope = scope
		x += w
	}
	s.y -= high
	s.line(s.y + 1)
}

// line rules a thin line, which is no part of what is read out.
func (s *Sheet) line(y float64) {
	p := s.pages[len(s.pages)-1]
	fmt.Fprintf(&p.drawing, "/Artifact BMC\n0.75 G 0.5 w %s %s m %s %s l S 0 G\nEMC\n", num(margin), num(y), num(width-margin), num(y))
}

// Bar is one bar of a picture.
type Bar struct {
	Label, Said string
	Value       int64
}

const barStep = 15.0

// BarsHeight is how much room so many bars take.
func BarsHeight(n int) float64 { return float64(n)*barStep + 8 }

// Bars draws figures as bars. alt says in words what they show.
func (s *Sheet) Bars(alt string, bars []Bar) {
	most := int64(0)
	for _, b := range bars {
		most = max(most, b.Value)
	}
	if most == 0 {
		return
	}
	s.y -= 4
	s.need(BarsHeight(len(bars)))
	e := s.leaf(nil, "Figure", func(p *page) {
		label, room := inside*0.32, inside*0.42
		for _, b := range bars {
			s.y -= barStep
			text := b.Label
			for s.fonts[0].width(text, cellSize) > label-8 && len([]rune(text)) > 2 {
				r := []rune(text)
				text = string(r[:len(r)-2]) + "…"
			}
			p.say(0, cellSize, margin+label-8-s.fonts[0].width(text, cellSize), s.y+3, text)
			wide := float64(b.Value) / float64(most) * room
			if b.Value > 0 {
				fmt.Fprintf(&p.drawing, "0.07 0.38 0.42 rg %s %s %s %s re f 0 g\n", num(margin+label), num(s.y), num(max(wide, 1)), num(barStep-4))
			}
			p.say(0, cellSize, margin+label+wide+6, s.y+3, b.Said)
		}
	})
	e.alt = alt
	s.y -= 4
}
