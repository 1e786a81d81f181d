// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"encoding/hex"
	"math"
	"slices"
	"strconv"

	"waylight/internal/platform/pdf"
	"waylight/internal/platform/typeset"
)

// leaf is a part of the page as its structure names it, by the number of its mark.
type leaf struct {
	tag, lang, alt string
	area           box // of a picture, from the lower left corner
}

// content writes a drawing in the language of pages. Its parts are numbered on from
// what stands on the page before it.
func content(b []byte, d *drawing, l *letters, high float64, before int) ([]byte, []leaf) {
	var leaves []leaf
	for _, p := range d.parts {
		if p.tag == "" {
			b = append(b, "/Artifact BMC\n"...)
		} else {
			b = append(append(append(b, '/'), p.tag...), " <</MCID "...)
			b = strconv.AppendInt(b, int64(before+len(leaves)), 10)
			b = append(b, ">> BDC\n"...)
			one := leaf{tag: p.tag, lang: p.lang, alt: p.alt}
			if p.alt != "" && len(p.marks) > 0 {
				m := p.marks[0]
				one.area = box{m.x, high - m.y - m.h, m.x + m.w, high - m.y}
			}
			leaves = append(leaves, one)
		}
		for _, m := range p.marks {
			b = inColor(b, m.color)
			switch m.kind {
			case 'a':
				b = numbers(b, m.x, high-m.y-m.h, m.w, m.h)
				b = append(b, "re f\n"...)
			case 'q':
				b = modules(b, m, high)
			case 't':
				b = text(b, m, l, high)
			}
		}
		b = append(b, "EMC\n"...)
	}
	return b, leaves
}

func numbers(b []byte, values ...float64) []byte {
	for _, v := range values {
		b = append(pdf.AppendNumber(b, v), ' ')
	}
	return b
}

func inColor(b []byte, c color) []byte { return append(numbers(b, c[0], c[1], c[2]), "rg\n"...) }

// modules draws a code, line by line. A line reaches a little under the next, so that
// no printer leaves a gap between them.
func modules(b []byte, m mark, high float64) []byte {
	unit := m.w / float64(m.code.Size)
	b = append(b, "q "...)
	for _, v := range []float64{unit, 0, 0, -unit, m.x, high - m.y} {
		b = append(strconv.AppendFloat(b, v, 'f', 4, 64), ' ')
	}
	b = append(b, "cm\n"...)
	for y := range m.code.Size {
		for x := 0; x < m.code.Size; x++ {
			from := x
			for x < m.code.Size && m.code.Black(x, y) {
				x++
			}
			if x > from {
				b = strconv.AppendInt(b, int64(from), 10)
				b = append(strconv.AppendInt(append(b, ' '), int64(y), 10), ' ')
				b = strconv.AppendInt(b, int64(x-from), 10)
				b = append(b, " 1.02 re\n"...)
			}
		}
	}
	return append(b, "f Q\n"...)
}

// text writes one line. The pen goes on by the widths of the fonts, and where shaping
// wants a letter elsewhere, the difference is written.
func text(b []byte, m mark, l *letters, high float64) []byte {
	w := writer{b: append(b, "BT "...), letters: l, size: m.size, font: -1}
	if m.lean == 0 {
		w.b = append(numbers(w.b, m.x, high-m.y), "Td "...)
	} else {
		sin, cos := math.Sincos(m.lean * math.Pi / 180)
		w.b = append(numbers(w.b, cos, sin, -sin, cos, m.x, high-m.y), "Tm "...)
	}
	for i := 0; i < len(m.line.Glyphs); {
		n := max(m.line.Glyphs[i].Parts, 1)
		w.cluster(m.line.Glyphs[i:min(i+n, len(m.line.Glyphs))])
		i += n
	}
	w.end()
	return append(w.b, "ET\n"...)
}

// writer writes the letters of a line.
type writer struct {
	b       []byte
	letters *letters
	size    float64
	pen     float64 // in ems
	rise    float64
	font    int
	open    bool // a list of strings is begun
	string  bool // and a string in it
}

// cluster writes glyphs that say something together. Where they are several, and
// from left to right, what they say is told once around them; from right to left
// readers put such a text in the wrong order, so there each says its own letter.
func (w *writer) cluster(gs []typeset.Glyph) {
	said := gs[0].Text
	runes := []rune(said)
	switch {
	case len(gs) == 1 && (!gs[0].Back || len(runes) == 1):
		w.glyph(gs[0], said)
		return
	case gs[0].Back && len(runes) >= len(gs):
		w.back(gs, runes)
		return
	}
	w.end()
	w.b = append(append(append(w.b, "/Span <</ActualText "...), pdf.Words(said)...), ">> BDC "...)
	for i, g := range gs {
		if i == 0 {
			w.glyph(g, said)
		} else {
			w.glyph(g, "\u200b")
		}
	}
	w.end()
	w.b = append(w.b, "EMC "...)
}

// back writes glyphs of a run from right to left: from the left, the last letter first.
// Where one glyph is two letters, the other one gets an empty glyph at its right edge,
// because readers turn such a line around letter by letter.
func (w *writer) back(gs []typeset.Glyph, runes []rune) {
	slices.Reverse(runes)
	for i, g := range gs {
		w.glyph(g, string(runes[i]))
	}
	at := gs[len(gs)-1]
	for _, r := range runes[len(gs):] {
		w.glyph(typeset.Glyph{Font: at.Font, ID: empty, X: w.pen - emptyWidth, Y: at.Y}, string(r))
	}
}

// empty is a glyph that draws nothing; its width is a little, since readers may drop
// what has none.
const (
	empty      = 0xffffff
	emptyWidth = 0.05
)

// wide is how far a glyph moves the pen, in thousandths of its size.
func (s shape) wide() float64 {
	if s.id == empty {
		return emptyWidth * 1000
	}
	return math.Round(thousandths(s.font, s.font.Outline(s.id).Advance))
}

func (w *writer) glyph(g typeset.Glyph, said string) {
	font, code := w.letters.code(letter{shape{g.Font, g.ID}, said})
	if font != w.font {
		w.end()
		w.font = font
		w.b = append(strconv.AppendInt(append(w.b, "/T"...), int64(font), 10), ' ')
		w.b = append(numbers(w.b, w.size), "Tf "...)
	}
	if rise := g.Y * w.size; math.Abs(rise-w.rise) > 0.005 {
		w.end()
		w.rise = rise
		w.b = append(numbers(w.b, rise), "Ts "...)
	}
	if !w.open {
		w.b, w.open = append(w.b, '['), true
	}
	if off := math.Round((w.pen - g.X) * 1000); off != 0 {
		w.close()
		w.b = strconv.AppendInt(w.b, int64(off), 10)
		w.pen -= off / 1000
	}
	if !w.string {
		w.b, w.string = append(w.b, '<'), true
	}
	w.b = hex.AppendEncode(w.b, []byte{code})
	w.pen += shape{g.Font, g.ID}.wide() / 1000
}

// thousandths turns units of a font into thousandths of its size.
func thousandths(f *typeset.Font, v float64) float64 { return v * 1000 / f.PerEm() }

func (w *writer) close() {
	if w.string {
		w.b, w.string = append(w.b, '>'), false
	}
}

func (w *writer) end() {
	w.close()
	if w.open {
		w.b, w.open = append(w.b, "] TJ "...), false
	}
}
