// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"waylight/internal/platform/pdf"
)

// letter is a glyph as a document has it, and what a reader is told that it says. The
// same glyph may stand for several texts.
type letter struct {
	shape
	text string
}

// letters are the fonts of one document: a glyph is drawn by a small program of its
// own (fonts of type 3), 256 of them to a font, whichever fonts they come from.
type letters struct {
	list []letter
	at   map[letter]int
}

func (l *letters) copy() *letters {
	return &letters{list: slices.Clone(l.list), at: maps.Clone(l.at)}
}

// code gives the font and the byte that stand for a letter.
func (l *letters) code(want letter) (font int, code byte) {
	i, ok := l.at[want]
	if !ok {
		if l.at == nil {
			l.at = map[letter]int{}
		}
		i = len(l.list)
		l.list, l.at[want] = append(l.list, want), i
	}
	return i / 256, byte(i % 256)
}

// write writes the fonts and gives the dictionary that pages name them by.
func (l *letters) write(f *pdf.File, p *Press) (string, error) {
	programs := map[shape]pdf.Ref{}
	var out strings.Builder
	for i := 0; i < len(l.list); i += 256 {
		ref, err := l.font(f, p, l.list[i:min(i+256, len(l.list))], programs)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "/T%d %s ", i/256, ref)
	}
	return out.String(), nil
}

func (l *letters) font(f *pdf.File, p *Press, list []letter, programs map[shape]pdf.Ref) (pdf.Ref, error) {
	names, widths, procs, cmap := []byte{}, []byte{}, []byte{}, []byte(cmapHead)
	for from := 0; from < len(list); from += 100 {
		part := list[from:min(from+100, len(list))]
		cmap = fmt.Appendf(cmap, "%d beginbfchar\n", len(part))
		for k, one := range part {
			cmap = fmt.Appendf(cmap, "<%02X> <", from+k)
			for _, u := range utf16.Encode([]rune(one.text)) {
				cmap = fmt.Appendf(cmap, "%04X", u)
			}
			cmap = append(cmap, ">\n"...)
		}
		cmap = append(cmap, "endbfchar\n"...)
	}
	for i, one := range list {
		ref, ok := programs[one.shape]
		if !ok {
			z, err := p.program(f, one.shape)
			if err != nil {
				return 0, err
			}
			ref = f.Deflated("", z)
			programs[one.shape] = ref
		}
		name := "/c" + strconv.Itoa(i)
		names = append(names, name...)
		procs = append(append(append(append(procs, name...), ' '), ref.String()...), ' ')
		widths = append(strconv.AppendInt(widths, int64(one.wide()), 10), ' ')
	}
	unicode, err := f.Data("", append(cmap, cmapTail...))
	if err != nil {
		return 0, fmt.Errorf("poster: writing a font: %w", err)
	}
	return f.Add(fmt.Sprintf("<</Type /Font /Subtype /Type3 /FontBBox [0 0 0 0] /FontMatrix [0.001 0 0 0.001 0 0] /Resources <<>> /FirstChar 0 /LastChar %d /Widths [%s] /Encoding <</Type /Encoding /Differences [0 %s]>> /CharProcs <<%s>> /ToUnicode %s>>",
		len(list)-1, widths, names, procs, unicode)), nil
}

const (
	cmapHead = "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<00> <FF>\nendcodespacerange\n"
	cmapTail = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
)

// program gives the small program that draws a glyph, compressed.
func (p *Press) program(f *pdf.File, s shape) ([]byte, error) {
	p.mu.Lock()
	z, ok := p.shapes[s]
	p.mu.Unlock()
	if ok {
		return z, nil
	}
	z, err := f.Deflate(drawn(s))
	if err != nil {
		return nil, fmt.Errorf("poster: writing a letter: %w", err)
	}
	p.mu.Lock()
	p.shapes[s] = z
	p.mu.Unlock()
	return z, nil
}

// drawn is a glyph's program in plain form. A curve with one point that pulls becomes
// one with two, which is all that the format has.
func drawn(s shape) []byte {
	if s.id == empty {
		return fmt.Appendf(nil, "%.0f 0 0 0 0 0 d1", s.wide())
	}
	o := s.font.Outline(s.id)
	unit := func(v float64) float64 { return thousandths(s.font, v) }
	b := fmt.Appendf(nil, "%.0f 0 %.0f %.0f %.0f %.0f d1\n", unit(o.Advance), math.Floor(unit(o.XMin)), math.Floor(unit(o.YMin)), math.Ceil(unit(o.XMax)), math.Ceil(unit(o.YMax)))
	var x, y float64
	put := func(values ...float64) {
		for _, v := range values {
			b = append(strconv.AppendFloat(b, math.Round(unit(v)), 'f', 0, 64), ' ')
		}
	}
	for i, step := range o.Steps {
		switch step.Kind {
		case 'm':
			if i > 0 {
				b = append(b, "h "...)
			}
			put(step.X[0], step.Y[0])
			b = append(b, "m\n"...)
		case 'l':
			put(step.X[0], step.Y[0])
			b = append(b, "l\n"...)
		case 'q':
			put(x+(step.X[0]-x)*2/3, y+(step.Y[0]-y)*2/3, step.X[1]+(step.X[0]-step.X[1])*2/3, step.Y[1]+(step.Y[0]-step.Y[1])*2/3, step.X[1], step.Y[1])
			b = append(b, "c\n"...)
		case 'c':
			put(step.X[0], step.Y[0], step.X[1], step.Y[1], step.X[2], step.Y[2])
			b = append(b, "c\n"...)
		}
		last := step.Points() - 1
		x, y = step.X[last], step.Y[last]
	}
	if len(o.Steps) > 0 {
		b = append(b, "h f"...)
	}
	return b
}
