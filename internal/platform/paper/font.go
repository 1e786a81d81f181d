// SPDX-License-Identifier: Apache-2.0

package paper

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"waylight/internal/platform/typeset"
)

// font is a TrueType font with what a page needs to know of it: the widths of the
// letters that English and Spanish have, in thousandths of its size.
type font struct {
	data                   []byte
	widths                 [256]int // by byte of Windows-1252
	ascent, descent        int
	xMin, yMin, xMax, yMax int
}

var errFont = errors.New("paper: the font is damaged")

// fonts are read once: the plain one and the bold one.
var fonts = sync.OnceValues(func() ([2]*font, error) {
	var out [2]*font
	for i := range out {
		data, err := typeset.Latin(i == 1)
		if err != nil {
			return out, fmt.Errorf("paper: reading a font: %w", err)
		}
		if out[i], err = parseFont(data); err != nil {
			return out, err
		}
	}
	return out, nil
})

// tables finds the parts of a font file.
func tables(data []byte) (map[string][]byte, error) {
	if len(data) < 12 {
		return nil, errFont
	}
	out := map[string][]byte{}
	for i := range int(binary.BigEndian.Uint16(data[4:])) {
		at := 12 + 16*i
		if at+16 > len(data) {
			return nil, errFont
		}
		from, size := int(binary.BigEndian.Uint32(data[at+8:])), int(binary.BigEndian.Uint32(data[at+12:]))
		if from < 0 || size < 0 || from+size > len(data) {
			return nil, errFont
		}
		out[string(data[at:at+4])] = data[from : from+size]
	}
	return out, nil
}

func parseFont(data []byte) (*font, error) {
	t, err := tables(data)
	if err != nil {
		return nil, err
	}
	head, hhea, hmtx, cmap := t["head"], t["hhea"], t["hmtx"], t["cmap"]
	if len(head) < 54 || len(hhea) < 36 || len(cmap) < 4 {
		return nil, errFont
	}
	signed := func(b []byte) int { return int(int16(binary.BigEndian.Uint16(b))) }
	em := int(binary.BigEndian.Uint16(head[18:]))
	metrics := int(binary.BigEndian.Uint16(hhea[34:]))
	if em == 0 || metrics == 0 || len(hmtx) < 4*metrics {
		return nil, errFont
	}
	scaled := func(n int) int { return n * 1000 / em }
	f := &font{data: data, ascent: scaled(signed(hhea[4:])), descent: scaled(signed(hhea[6:])),
		xMin: scaled(signed(head[36:])), yMin: scaled(signed(head[38:])), xMax: scaled(signed(head[40:])), yMax: scaled(signed(head[42:]))}
	glyph, err := glyphs(cmap)
	if err != nil {
		return nil, err
	}
	for b := 32; b < 256; b++ {
		g := min(glyph(letterOf(byte(b))), metrics-1)
		f.widths[b] = scaled(int(binary.BigEndian.Uint16(hmtx[4*g:])))
	}
	return f, nil
}

// glyphs reads which glyph a letter has, from the table of format 4 that every font has.
func glyphs(cmap []byte) (func(rune) int, error) {
	for i := range int(binary.BigEndian.Uint16(cmap[2:])) {
		at := 4 + 8*i
		if at+8 > len(cmap) {
			return nil, errFont
		}
		from := int(binary.BigEndian.Uint32(cmap[at+4:]))
		if from+14 > len(cmap) || binary.BigEndian.Uint16(cmap[from:]) != 4 {
			continue
		}
		sub := cmap[from:]
		n := int(binary.BigEndian.Uint16(sub[6:])) / 2
		if 16+8*n > len(sub) {
			return nil, errFont
		}
		word := func(at int) int {
			if at < 0 || at+2 > len(sub) {
				return 0
			}
			return int(binary.BigEndian.Uint16(sub[at:]))
		}
		return func(r rune) int {
			for k := range n {
				if end := word(14 + 2*k); int(r) > end {
					continue
				}
				start, delta, offset := word(16+2*n+2*k), word(16+4*n+2*k), word(16+6*n+2*k)
				switch {
				case int(r) < start:
					return 0
				case offset == 0:
					return (int(r) + delta) & 0xffff
				}
				g := word(16 + 6*n + 2*k + offset + 2*(int(r)-start))
				if g == 0 {
					return 0
				}
				return (g + delta) & 0xffff
			}
			return 0
		}, nil
	}
	return nil, errFont
}

// high are the letters of the bytes from 0x80 to 0x9F in the encoding of pages,
// Windows-1252; the others are those of Latin-1. Five bytes stand for nothing.
var high = [32]rune{'€', none, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', none, 'Ž', none, none, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', none, 'ž', 'Ÿ'}

const none = '\uFFFD'

// letterOf is the letter that a byte stands for.
func letterOf(b byte) rune {
	if b >= 0x80 && b < 0xA0 {
		return high[b-0x80]
	}
	return rune(b)
}

// byteOf is the byte of a letter, a question mark's for one that has none.
func byteOf(r rune) byte {
	switch i := slices.Index(high[:], r); {
	case r >= 32 && r < 0x80 || r >= 0xA0 && r <= 0xFF:
		return byte(r)
	case i >= 0 && r != none:
		return byte(0x80 + i)
	}
	return '?'
}

// encoded is a text as pages hold it; a letter that the font's encoding does not
// have becomes a question mark rather than nothing.
func encoded(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		out = append(out, byteOf(r))
	}
	return out
}

// width is how wide a text is at a size.
func (f *font) width(text string, size float64) float64 {
	n := 0
	for _, b := range encoded(text) {
		n += f.widths[b]
	}
	return float64(n) * size / 1000
}
