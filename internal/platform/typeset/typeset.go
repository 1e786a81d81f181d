// SPDX-License-Identifier: Apache-2.0

// Package typeset turns text in any of the house's scripts into placed letters:
// Latin with all its accents (Vietnamese too), Arabic, Devanagari, Chinese in its
// simplified form, and Korean. It shapes (joins, stacks and reorders letters as the
// script wants), orders what runs from right to left, and breaks lines.
//
// It promises three things. A letter that the fonts do not have is refused by name
// ([Missing]) and never becomes a box. A span marked [Apart], a number or an
// address, keeps its own order from left to right in any surrounding text, and is
// never broken; that rests on the mark and not on invisible characters in the text,
// which are refused, because whoever types them can make a number read backwards.
// And the same text gives the same letters at the same places.
//
// Fonts are read when the first text needs them.
package typeset

import (
	"strings"
	"unicode"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/segmenter"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/text/unicode/norm"
)

// How a span stands in the text around it.
type Kind int

const (
	Plain Kind = iota
	Apart      // a number, a code or an address: from left to right, in one piece
	Name       // a name in whatever script it is: by its own direction
)

// Span is a piece of text of one kind.
type Span struct {
	Text string
	Kind Kind
}

// Text is a paragraph.
type Text struct {
	Lang  string // "en", "zh-Hans", "ar"
	Bold  bool
	Spans []Span
}

// RightToLeft says whether a language is written from right to left.
func RightToLeft(lang string) bool {
	base, _, _ := strings.Cut(lang, "-")
	switch base {
	case "ar", "fa", "ur", "ps", "ckb", "sd", "ug":
		return true
	}
	return false
}

// Setter sets text. It keeps what shaping needs between texts, so it is used again,
// by one goroutine at a time.
type Setter struct {
	shaper shaping.HarfbuzzShaper
	seg    segmenter.Segmenter
	faces  map[*Font]*font.Face
}

// NewSetter makes a setter.
func NewSetter() *Setter { return &Setter{faces: map[*Font]*font.Face{}} }

func (s *Setter) face(f *Font) *font.Face {
	face, ok := s.faces[f]
	if !ok {
		face = font.NewFace(f.font)
		s.faces[f] = face
	}
	return face
}

// Glyph is a letter, or a part of one, at its place on a line. Lengths are in ems.
type Glyph struct {
	Font    *Font
	ID      uint32
	X, Y    float64 // from the line's left end and baseline
	Advance float64
	Text    string // what the cluster says; on its first glyph only
	Parts   int    // how many glyphs the cluster has; on its first glyph only
	Back    bool   // it stands in a run from right to left
}

// Line is one line, its glyphs from left to right.
type Line struct {
	Glyphs          []Glyph
	Width           float64
	Ascent, Descent float64 // of the ink, from the baseline: both above 0
	RightToLeft     bool    // the paragraph's direction
}

// cluster is what cannot be parted: glyphs in visual order, in logical place.
type cluster struct {
	from, to        int // runes
	level           level
	font            *Font
	glyphs          []shaping.Glyph
	advance         float64
	ascent, descent float64
	space           bool
	breakable       bool // a line may end behind it
	must            bool
}

// Shaped is a paragraph whose letters are known and not yet its lines.
type Shaped struct {
	rtl      bool
	runes    []rune
	clusters []cluster
}

// perEm is the size that text is shaped at.
const perEm = 1000

// Shape shapes a paragraph.
func (s *Setter) Shape(t Text) (*Shaped, error) {
	p, err := s.read(t)
	if err != nil || len(p.runes) == 0 {
		return &Shaped{rtl: RightToLeft(t.Lang)}, err
	}
	items, err := s.items(t, p)
	if err != nil {
		return nil, err
	}
	out := &Shaped{rtl: RightToLeft(t.Lang), runes: p.runes}
	lang := language.NewLanguage(t.Lang)
	for _, it := range items {
		if err := s.shape(t, out, p, it, lang); err != nil {
			return nil, err
		}
	}
	s.breaks(out, p)
	return out, nil
}

// paragraph is a text as the algorithms want it: its runes, the level of each, and
// which span each stands in.
type paragraph struct {
	runes  []rune
	span   []int
	kind   []Kind
	levels []level
}

const lrm, rlm = '\u200e', '\u200f'

// read cleans the text and finds its levels.
func (s *Setter) read(t Text) (*paragraph, error) {
	p := &paragraph{}
	var isolate []int
	space := true // none at the beginning
	for i, span := range t.Spans {
		apart := 0
		if span.Kind != Plain {
			apart = i + 1
		}
		for _, r := range norm.NFC.String(span.Text) {
			if unicode.IsSpace(r) && r != '\u00a0' && r != '\u202f' {
				if space {
					continue
				}
				r = ' '
			}
			if directs(r) || unicode.Is(unicode.Cc, r) || r == unicode.ReplacementChar {
				return nil, t.missing(r)
			}
			space = r == ' '
			p.runes, p.span, p.kind, isolate = append(p.runes, r), append(p.span, i), append(p.kind, span.Kind), append(isolate, apart)
		}
	}
	p.levels = levels(p.runes, isolate, p.kind, RightToLeft(t.Lang))
	return p, nil
}

// directs says whether a character is invisible and changes the order of others.
func directs(r rune) bool {
	return r == '\u061c' || r == lrm || r == rlm || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
