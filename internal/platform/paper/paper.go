// SPDX-License-Identifier: Apache-2.0

// Package paper makes pages to print: PDF of the size that American offices use,
// with its fonts inside, and with tags that tell a screen reader what is a heading,
// a table, a heading of a row or a picture, in which order and in which language.
//
// It knows headings, text, tables and bars, and lays them out from top to bottom.
// The same contents give the same bytes. It promises no more than it was made for:
// letters beyond those of Western Europe become question marks.
package paper

import (
	"fmt"
	"strings"
	"time"

	"waylight/internal/platform/pdf"
)

// The size of a page and of its margins, in points (72 to the inch): letter.
const (
	width, height = 612.0, 792.0
	margin        = 54.0
	inside        = width - 2*margin
)

// Sheet is a document that is being written.
type Sheet struct {
	lang, title string
	at          time.Time
	fonts       [2]*font
	pages       []*page
	y           float64 // from the bottom: where the next line begins
	root        []*element
}

// page is the drawing of one page, and what its marked parts belong to.
type page struct {
	drawing strings.Builder
	marked  []*element
}

// element is a part of the document's structure.
type element struct {
	kind  string
	alt   string
	scope string // of a heading of a table
	kids  []*element
	page  int // of a leaf
	mark  int // of a leaf; -1: it has parts
}

// New begins a document.
func New(lang, title string, at time.Time) (*Sheet, error) {
	f, err := fonts()
	if err != nil {
		return nil, err
	}
	s := &Sheet{lang: lang, title: title, at: at.UTC(), fonts: f}
	s.newPage()
	return s, nil
}

func (s *Sheet) newPage() {
	s.pages = append(s.pages, &page{})
	s.y = height - margin
}

// Pages is how many pages there are by now.
func (s *Sheet) Pages() int { return len(s.pages) }

// Room is how much is left of the present page, in points.
func (s *Sheet) Room() float64 { return s.y - margin }

// need begins a page where so much does not fit on this one.
func (s *Sheet) need(points float64) {
	if s.Room() < points && s.y < height-margin {
		s.newPage()
	}
}

// leaf adds a marked part under parent, or at the top, and draws it.
func (s *Sheet) leaf(parent *element, kind string, draw func(p *page)) *element {
	p := s.pages[len(s.pages)-1]
	e := &element{kind: kind, page: len(s.pages) - 1, mark: len(p.marked)}
	p.marked = append(p.marked, e)
	if parent == nil {
		s.root = append(s.root, e)
	} else {
		parent.kids = append(parent.kids, e)
	}
	fmt.Fprintf(&p.drawing, "/%s <</MCID %d>> BDC\n", kind, e.mark)
	draw(p)
	p.drawing.WriteString("EMC\n")
	return e
}

// say writes one line of text at a place.
func (p *page) say(bold int, size, x, y float64, text string) {
	fmt.Fprintf(&p.drawing, "BT /F%d %s Tf %s %s Td (%s) Tj ET\n", bold+1, num(size), num(x), num(y), escaped(encoded(text)))
}

func escaped(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		switch {
		case c == '(' || c == ')' || c == '\\':
			out.WriteByte('\\')
			out.WriteByte(c)
		case c < 32 || c > 126:
			fmt.Fprintf(&out, "\\%03o", c)
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

func num(v float64) string { return pdf.Number(v) }

// wrap cuts a text into lines of at most this width.
func (s *Sheet) wrap(bold int, size, most float64, text string) []string {
	f := s.fonts[bold]
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		next := word
		if line != "" {
			next = line + " " + word
		}
		if f.width(next, size) <= most {
			line = next
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for f.width(word, size) > most && len([]rune(word)) > 1 { // a word longer than a line is cut
			runes := []rune(word)
			n := len(runes)
			for n > 1 && f.width(string(runes[:n]), size) > most {
				n--
			}
			lines = append(lines, string(runes[:n]))
			word = string(runes[n:])
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// paragraph writes lines under one part of the structure.
func (s *Sheet) paragraph(kind string, bold int, size float64, text string, before float64) {
	lines := s.wrap(bold, size, inside, text)
	step := size * 1.3
	if len(lines) == 0 {
		return
	}
	s.y -= before
	s.need(step * float64(min(len(lines), 3)))
	for len(lines) > 0 {
		fit := max(min(int(s.Room()/step), len(lines)), 1)
		part := lines[:fit]
		s.leaf(nil, kind, func(p *page) {
			for _, line := range part {
				s.y -= step
				p.say(bold, size, margin, s.y+size*0.3, line)
			}
		})
		if lines = lines[fit:]; len(lines) > 0 {
			s.newPage()
		}
	}
}

// Heading writes a heading of a level from 1.
func (s *Sheet) Heading(level int, text string) {
	sizes := []float64{19, 13, 11}
	s.paragraph(fmt.Sprintf("H%d", level), 1, sizes[min(max(level, 1), 3)-1], text, 7)
}

// Text writes a paragraph.
func (s *Sheet) Text(text string) { s.paragraph("P", 0, 10, text, 3) }

// Small writes a paragraph in small print.
func (s *Sheet) Small(text string) { s.paragraph("P", 0, 8, text, 2) }
