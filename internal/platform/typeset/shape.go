// SPDX-License-Identifier: Apache-2.0

package typeset

import (
	"slices"
	"unicode"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// item is a stretch of one font, script and level.
type item struct {
	from, to int
	font     *Font
	script   language.Script
	level    level
}

// items cuts a paragraph where font, script or direction change. A span by itself
// is shaped by itself, so that what stands beside a number never changes it.
func (s *Setter) items(t Text, p *paragraph) ([]item, error) {
	var out []item
	var last *Font
	script := language.Unknown
	for i, r := range p.runes {
		f, err := s.pick(t, r, last)
		if err != nil {
			return nil, err
		}
		own := language.LookupScript(r)
		if own == language.Common || own == language.Inherited || own == language.Unknown {
			own = script
		}
		n := len(out)
		fresh := n == 0 || out[n-1].font != f || out[n-1].level != p.levels[i] || p.span[i] != p.span[i-1] && (p.kind[i] != Plain || p.kind[i-1] != Plain) ||
			own != out[n-1].script && out[n-1].script != language.Unknown
		if fresh {
			out = append(out, item{from: i, to: i + 1, font: f, script: own, level: p.levels[i]})
		} else {
			out[n-1].to, out[n-1].script = i+1, own
		}
		last, script = f, own
	}
	for i := range out {
		if out[i].script == language.Unknown {
			out[i].script = language.Latin
		}
	}
	return out, nil
}

// pick chooses the font of a letter: a mark takes that of the letter before it,
// else the language's own font comes first.
func (s *Setter) pick(t Text, r rune, last *Font) (*Font, error) {
	if last != nil && (unicode.IsMark(r) || r == '\u200c' || r == '\u200d') && last.has(r) {
		return last, nil
	}
	first := own(t.Lang)
	for _, script := range slices.Concat([]string{first}, scripts) {
		if script != first && script != latin && !likely(script, r) {
			continue
		}
		f, err := shelf[key{script, t.Bold}]()
		if err != nil {
			return nil, err
		}
		if f.has(r) {
			return f, nil
		}
	}
	return nil, t.missing(r)
}

// likely says whether a script's font may have a letter, so that a text in English
// does not read the fonts of Asia.
func likely(script string, r rune) bool {
	switch script {
	case arabic:
		return r >= 0x600 && r < 0x700
	case devanagari:
		return r >= 0x900 && r < 0x980
	case han, hangul:
		return r >= 0x1100
	}
	return true
}

const dottedCircle = '\u25cc'

// shape shapes one item and appends its clusters in the order of the text.
func (s *Setter) shape(t Text, out *Shaped, p *paragraph, it item, lang language.Language) error {
	in := shaping.Input{Text: p.runes, RunStart: it.from, RunEnd: it.to, Direction: di.DirectionLTR, Face: s.face(it.font),
		Size: fixed.I(perEm), Script: it.script, Language: lang}
	if p.kind[it.from] != Plain {
		in.Text, in.RunStart, in.RunEnd = p.runes[it.from:it.to], 0, it.to-it.from
	}
	shift := it.from - in.RunStart
	rtl := it.level&1 == 1
	if rtl {
		in.Direction = di.DirectionRTL
	}
	res := s.shaper.Shape(in)
	glyphs := res.Glyphs
	var found []cluster
	for from := 0; from < len(glyphs); {
		to := from + 1
		for to < len(glyphs) && glyphs[to].TextIndex() == glyphs[from].TextIndex() {
			to++
		}
		at := glyphs[from].TextIndex() + shift
		c := cluster{from: at, to: at + glyphs[from].RunesCount(), level: it.level, font: it.font, glyphs: slices.Clone(glyphs[from:to])}
		if err := c.measure(t, p, it.font); err != nil {
			return err
		}
		found = append(found, c)
		from = to
	}
	if rtl {
		slices.Reverse(found)
	}
	out.clusters = append(out.clusters, found...)
	return nil
}

// measure adds up a cluster, and refuses one that stands for nothing.
func (c *cluster) measure(t Text, p *paragraph, f *Font) error {
	circle, hasCircle := f.font.NominalGlyph(dottedCircle)
	for _, g := range c.glyphs {
		if g.GlyphID == 0 {
			return t.missing(p.runes[c.from])
		}
		if hasCircle && g.GlyphID == circle && p.runes[c.from] != dottedCircle {
			return t.broken(p.runes[c.from])
		}
		c.advance += em(g.Advance)
		top := em(g.YOffset) + em(g.YBearing)
		c.ascent, c.descent = max(c.ascent, top), max(c.descent, -(top+em(g.Height)))
	}
	c.space = c.to == c.from+1 && p.runes[c.from] == ' '
	return nil
}

func em(v fixed.Int26_6) float64 { return float64(v) / 64 / perEm }

// breaks finds where lines may end: where the rules of Unicode say so, but never
// inside of what stands apart.
func (s *Setter) breaks(out *Shaped, p *paragraph) {
	s.seg.Init(p.runes)
	ends := map[int]bool{}
	for it := s.seg.LineIterator(); it.Next(); {
		line := it.Line()
		end := line.Offset + len(line.Text)
		if end < len(p.runes) && end > 0 && (p.span[end] != p.span[end-1] || p.kind[end] != Apart) {
			ends[end] = true
		}
	}
	for i := range out.clusters {
		out.clusters[i].breakable = ends[out.clusters[i].to]
	}
}
