// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"strings"

	"waylight/internal/platform/typeset"
)

// block is a paragraph that is to be placed. Its letters are so many times the size
// of the smallest ones.
type block struct {
	shaped *typeset.Shaped
	tag    string
	lang   string
	scale  float64
	before float64 // empty room above it, in sizes of the smallest letters
	color  color
	center bool
}

// leading is the distance of lines, in sizes of the letters: scripts with marks above
// and below need more.
func leading(lang string) float64 {
	base, _, _ := strings.Cut(lang, "-")
	switch base {
	case "ar", "fa", "ur", "hi":
		return 1.46
	case "zh", "ko", "vi":
		return 1.34
	}
	return 1.24
}

// The ink that every line has room for, above and below its baseline.
const (
	usualAscent  = 0.74
	usualDescent = 0.2
)

// step is the distance of a paragraph's lines and where on a line its baseline is.
func (b block) step(ascent, descent float64) (step, base float64) {
	ascent, descent = max(ascent, usualAscent), max(descent, usualDescent)
	step = max(leading(b.lang), ascent+descent+0.06)
	return step, (step-ascent-descent)/2 + ascent
}

// height is how much room blocks take in a width; false: a word is wider.
func height(blocks []block, width, size, air float64) (float64, bool) {
	total := 0.0
	for i, b := range blocks {
		n, ascent, descent, ok := b.shaped.Lines(width / (size * b.scale))
		if !ok {
			return 0, false
		}
		step, _ := b.step(ascent, descent)
		total += float64(n) * step * size * b.scale
		if i > 0 {
			total += b.before * size * air
		}
	}
	return total, true
}

// draw places blocks one under the other and says where they end. Only what height
// allowed is drawn.
func (d *drawing) draw(blocks []block, x, y, width, size, air float64) float64 {
	for i, b := range blocks {
		if i > 0 {
			y += b.before * size * air
		}
		letters := size * b.scale
		lines, ok := b.shaped.Wrap(width / letters)
		_, ascent, descent, _ := b.shaped.Lines(width / letters)
		if !ok {
			continue
		}
		step, base := b.step(ascent, descent)
		p := part{tag: b.tag, lang: b.lang}
		for _, line := range lines {
			at := x
			switch {
			case b.center:
				at = x + (width-line.Width*letters)/2
			case line.RightToLeft:
				at = x + width - line.Width*letters
			}
			p.marks = append(p.marks, mark{kind: 't', x: at, y: y + base*letters, line: line, size: letters, color: b.color})
			y += step * letters
		}
		d.parts = append(d.parts, p)
	}
	return y
}

// largest finds the largest value from low to high that fits, to a hundredth of the
// way; false where low does not.
func largest(low, high float64, fits func(float64) bool) (float64, bool) {
	if !fits(low) {
		return 0, false
	}
	if fits(high) {
		return high, true
	}
	for range 9 {
		if middle := (low + high) / 2; fits(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low, true
}
