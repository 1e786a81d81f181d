// SPDX-License-Identifier: Apache-2.0

package typeset

import "slices"

// Wrap cuts a paragraph into lines of at most this width, in ems. It says false
// where a piece that may not be broken is wider than a line.
func (p *Shaped) Wrap(width float64) ([]Line, bool) {
	var lines []Line
	for _, r := range p.cut(width) {
		line := p.line(p.clusters[r[0]:r[1]])
		if line.Width > width {
			return nil, false
		}
		lines = append(lines, line)
	}
	return lines, true
}

// Lines is how many lines Wrap would give, and their widest ink above and below the
// baseline; false as with Wrap.
func (p *Shaped) Lines(width float64) (n int, ascent, descent float64, ok bool) {
	cuts := p.cut(width)
	for _, r := range cuts {
		if w := p.wide(r); w > width {
			return 0, 0, 0, false
		}
	}
	for _, c := range p.clusters {
		ascent, descent = max(ascent, c.ascent), max(descent, c.descent)
	}
	return len(cuts), ascent, descent, true
}

// Width is that of the paragraph in one line.
func (p *Shaped) Width() float64 { return p.wide([2]int{0, len(p.clusters)}) }

func (p *Shaped) wide(r [2]int) float64 {
	from, to := r[0], r[1]
	for to > from && p.clusters[to-1].space {
		to--
	}
	w := 0.0
	for _, c := range p.clusters[from:to] {
		w += c.advance
	}
	return w
}

// cut finds which clusters stand on which line: as many as fit.
func (p *Shaped) cut(width float64) [][2]int {
	var out [][2]int
	from, fits := 0, -1 // fits: behind the last place where the line may end
	w, ink := 0.0, 0.0  // with and without the spaces at the end
	for i := 0; i < len(p.clusters); i++ {
		c := p.clusters[i]
		w += c.advance
		if !c.space {
			ink = w
		}
		if ink > width && fits > from {
			out = append(out, [2]int{from, fits})
			from, fits, w, ink = fits, -1, 0, 0
			i = from - 1
			continue
		}
		if c.breakable {
			fits = i + 1
		}
	}
	if from < len(p.clusters) {
		out = append(out, [2]int{from, len(p.clusters)})
	}
	return out
}

// line puts clusters in the order in which they are seen.
func (p *Shaped) line(cs []cluster) Line {
	for len(cs) > 0 && cs[len(cs)-1].space {
		cs = cs[:len(cs)-1]
	}
	seen := slices.Clone(cs)
	reorder(seen)
	out := Line{RightToLeft: p.rtl}
	for _, c := range seen {
		text := string(p.runes[c.from:c.to])
		for i, g := range c.glyphs {
			placed := Glyph{Font: c.font, ID: uint32(g.GlyphID), X: out.Width + em(g.XOffset), Y: em(g.YOffset), Advance: em(g.Advance), Back: c.level&1 == 1}
			if i == 0 {
				placed.Text, placed.Parts = text, len(c.glyphs)
			}
			out.Glyphs = append(out.Glyphs, placed)
			out.Width += em(g.Advance)
		}
		out.Ascent, out.Descent = max(out.Ascent, c.ascent), max(out.Descent, c.descent)
	}
	return out
}

// reorder turns around, from the highest level down, what stands at it or above
// (rule L2 of the bidirectional algorithm).
func reorder(cs []cluster) {
	high, low := level(0), level(127) // of all, and of the odd ones
	for _, c := range cs {
		high = max(high, c.level)
		if c.level&1 == 1 {
			low = min(low, c.level)
		}
	}
	for l := high; l >= low; l-- {
		for from := 0; from < len(cs); from++ {
			if cs[from].level < l {
				continue
			}
			to := from
			for to < len(cs) && cs[to].level >= l {
				to++
			}
			slices.Reverse(cs[from:to])
			from = to
		}
	}
}
