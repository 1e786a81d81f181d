// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"fmt"
	"math"
	"strings"

	"waylight/internal/platform/typeset"
)

// plate is what all sheets with the same words, numbers and size have in common, and
// the places that are left free for what each has of its own.
type plate struct {
	key     string
	common  drawing
	size    float64 // of the smallest letters of the notice
	code    box     // without its margin; empty: there is none
	address box
	small   box

	printed printed // what is written of it, see print.go
}

type box struct{ x, y, w, h float64 }

// tongue is a notice in one language as blocks.
type tongue struct {
	lang                string
	heading, text, scan []block
}

// maker lays out a plate.
type maker struct {
	sheet   Sheet
	tongues []tongue
	w, h    float64
	margin  float64
	side    float64 // of the code without its margin; 0: none
	module  float64 // of the code
	least   float64
	small   float64 // height of the small print
	banner  float64 // height of the band that a specimen has
	across  bool    // the sheet is wider than high
	tight   bool    // everything in one size of letters, with little room between
	free    box     // where a specimen is marked across
	stamp   []block
	reason  []block
}

// smallPrint is the size of the letters that say where the sheet hangs.
const smallPrint = 7.0

// plate lays out what sheets have in common: with large headings where they fit at
// the least size of the notice, else plainly.
func (s Sheet) plate(set *typeset.Setter, said []saying, modules int) (*plate, error) {
	for _, tight := range []bool{false, true} {
		m := &maker{sheet: s, w: s.Size.Width, h: s.Size.Height, least: s.Notice.LeastPoints, tight: tight}
		if err := m.shape(set, said); err != nil {
			return nil, err
		}
		if p := m.make(modules); p != nil {
			return p, nil
		}
	}
	besides := ""
	if modules > 0 {
		besides = fmt.Sprintf(" beside a code of %.1f centimeters", s.leastSide()/pointsPerCM)
	}
	return nil, fmt.Errorf("%w: %s in %s does not fit on %s with letters of %g points%s; %s",
		ErrLetters, s.Notice.ID, strings.Join(s.languages(), ", "), s.Size.Name, s.Notice.LeastPoints, besides, s.hint())
}

// hint says what to do where something does not fit.
func (s Sheet) hint() string {
	if len(s.languages()) > 1 {
		return "print one sheet per language, or take a larger one"
	}
	return "take a larger one"
}

// make finds the largest letters with which everything fits, and then the most room
// between; nil where nothing does.
func (m *maker) make(modules int) *plate {
	short := min(m.w, m.h)
	m.margin, m.across = max(short*0.055, 8), m.w > m.h
	if m.tight {
		m.margin = max(short*0.035, 6)
	}
	m.small = max(smallPrint, short*0.011) * 1.5
	if modules > 0 {
		m.side = m.sheet.leastSide()
		if len(m.tongues) == 1 && !m.tight {
			m.side = max(m.side, short*0.22)
		}
		m.module = m.side / float64(modules)
	}
	if m.sheet.Specimen != "" {
		m.banner = max(short*0.055, 11)
	}
	build := m.upright
	if m.across {
		build = m.lying
	}
	least := 1.0
	if m.tight {
		least = 0.4
	}
	try := func(size, air float64) bool { _, ok := build(size, air, false); return ok }
	size, ok := largest(m.least, max(m.least, m.h*0.06), func(v float64) bool { return try(v, least) })
	if !ok {
		return nil
	}
	air, _ := largest(least, 3.5, func(v float64) bool { return try(size, v) })
	p, _ := build(size, air, true)
	p.size = size
	m.mark(p)
	return p
}

// shape makes blocks of the words. The first language is larger than the others.
func (m *maker) shape(set *typeset.Setter, said []saying) error {
	for i, one := range said {
		heading, text, call := 1.32, 1.0, 1.14
		if i == 0 && m.w > 300 {
			heading, text, call = 1.85, 1.12, 1.4
			if len(said) == 1 {
				heading, text, call = 1.75, 1, 1.3
			}
		}
		if m.tight {
			heading, text, call = 1.1, 1, 1
		}
		t := tongue{lang: one.lang}
		add := func(to *[]block, text typeset.Text, tag string, scale, before float64, c color) error {
			shaped, err := set.Shape(text)
			if err != nil {
				return glyphs(err)
			}
			*to = append(*to, block{shaped: shaped, tag: tag, lang: text.Lang, scale: scale, before: before, color: c})
			return nil
		}
		level := "H2"
		c := teal
		if i == 0 {
			level, c = "H1", white
		}
		if err := add(&t.heading, one.heading, level, heading, 0, c); err != nil {
			return err
		}
		for _, line := range one.body {
			if err := add(&t.text, line, "P", text, 0.32, ink); err != nil {
				return err
			}
		}
		for k, line := range one.call {
			before := 0.12
			if k == 0 {
				before = 0.5
			}
			if err := add(&t.text, line, "P", call, before, teal); err != nil {
				return err
			}
		}
		if err := add(&t.scan, one.scan, "P", 1, 0.3, ink); err != nil {
			return err
		}
		if len(one.reads.Spans) > 0 {
			if err := add(&t.scan, one.reads, "P", m.readsScale(), 0.1, ink); err != nil {
				return err
			}
		}
		m.tongues = append(m.tongues, t)
	}
	return m.shapeStamp(set)
}

// readsScale is how large the letters are that say when a person reads: they are no words
// of the notice, and stand a little smaller beside its own, never below those of an address.
func (m *maker) readsScale() float64 { return max(0.8, min(1, leastAddress/m.least)) }

// Of a specimen.
const stampWords = "SPECIMEN. NOT FOR POSTING"

func (m *maker) shapeStamp(set *typeset.Setter) error {
	if m.sheet.Specimen == "" {
		return nil
	}
	for _, part := range []struct {
		to   *[]block
		text string
	}{{&m.stamp, stampWords}, {&m.reason, stampWords + ": " + m.sheet.Specimen}} {
		shaped, err := set.Shape(typeset.Text{Lang: "en", Bold: true, Spans: []typeset.Span{{Text: part.text}}})
		if err != nil {
			return glyphs(err)
		}
		*part.to = []block{{shaped: shaped, tag: "P", lang: "en", scale: 1, color: white, center: true}}
	}
	return nil
}

// mark writes across a specimen, from corner to corner, what it is; the words of the
// notice stay legible under the thin letters' light red.
func (m *maker) mark(p *plate) {
	if m.sheet.Specimen == "" {
		return
	}
	line, ok := m.stamp[0].shaped.Wrap(math.Inf(1))
	if !ok || len(line) != 1 {
		return
	}
	lean := math.Atan2(m.free.h, m.free.w)
	size := math.Hypot(m.free.w, m.free.h) * 0.84 / line[0].Width
	size = min(size, min(m.w, m.h)*0.16)
	dx, dy := line[0].Width*size/2, size*0.36
	x := m.free.x + m.free.w/2 - dx*math.Cos(lean) + dy*math.Sin(lean)
	y := m.free.y + m.free.h/2 + dx*math.Sin(lean) + dy*math.Cos(lean)
	stamp := part{marks: []mark{{kind: 't', x: x, y: y, line: line[0], size: size, color: stampColor, lean: lean * 180 / math.Pi}}}
	p.common.parts = append([]part{stamp}, p.common.parts...)
}

var stampColor = color{0.97, 0.80, 0.80}
