// SPDX-License-Identifier: Apache-2.0

package poster

// bandPad is the room above and below the heading in its band, in sizes.
const bandPad = 0.75

// upright lays out a sheet that is higher than wide: the first language on top, the
// others in two columns, the code at the foot. With draw false it only finds out
// whether everything fits.
func (m *maker) upright(size, air float64, draw bool) (*plate, bool) {
	p := &plate{}
	wide := m.w - 2*m.margin
	first := m.tongues[0]
	bottom := m.h - m.margin*0.55 - m.small
	p.small = box{m.margin, bottom, wide, m.small}
	foot, ok := m.foot(p, box{m.margin, 0, wide, bottom - m.margin*0.25}, size, draw)
	if !ok {
		return nil, false
	}
	bottom = foot - size*0.6*min(air, 1)
	band, ok := height(first.heading, wide, size, air)
	if !ok {
		return nil, false
	}
	pad := bandPad * size * min(air, 0.7+0.3*air)
	top := m.banner + band + 2*pad
	text, ok := height(first.text, wide, size, air)
	if !ok {
		return nil, false
	}
	m.free = box{0, top, m.w, foot - top}
	y := top + size*0.7*air
	end := y + text
	if len(m.tongues) > 1 {
		if end, ok = m.grid(p, box{m.margin, y + text + size*0.7*air, wide, bottom}, size, air, draw); !ok {
			return nil, false
		}
	}
	if end > bottom {
		return nil, false
	}
	if draw {
		m.head(p, box{0, 0, m.w, top})
		p.common.draw(first.heading, m.margin, m.banner+pad, wide, size, air)
		p.common.draw(first.text, m.margin, y, wide, size, air)
	}
	return p, true
}

// lying lays out a sheet that is wider than high: the first language at the left; at
// the right the others, or the code where there are none.
func (m *maker) lying(size, air float64, draw bool) (*plate, bool) {
	p := &plate{}
	first, several := m.tongues[0], len(m.tongues) > 1
	left := m.w * 0.62
	if several {
		left = m.w * 0.42
	}
	if side := m.w - m.module*(2*quiet) - m.side - 2*m.margin; !several && m.side > 0 {
		left = min(side, m.w*0.68)
	}
	if !several && m.side == 0 {
		left = m.w
	}
	wide := left - 2*m.margin
	bottom := m.h - m.margin*0.55 - m.small
	p.small = box{m.margin, bottom, wide, m.small}
	band, ok := height(first.heading, wide, size, air)
	if !ok {
		return nil, false
	}
	pad := bandPad * size * min(air, 0.7+0.3*air)
	top := m.banner + band + 2*pad
	end := bottom - m.margin*0.25
	if several {
		if end, ok = m.foot(p, box{m.margin, 0, wide, end}, size, draw); !ok {
			return nil, false
		}
		over, ok := m.grid(p, box{left + m.margin*0.4, m.banner + m.margin*0.6, m.w - left - m.margin*1.4, m.h - m.margin}, size, air, draw)
		if !ok || over > m.h-m.margin {
			return nil, false
		}
	} else if m.side > 0 && !m.aside(p, box{left, m.banner, m.w - left, m.h - m.banner}, size, air, draw) {
		return nil, false
	}
	m.free = box{0, top, left, m.h - top}
	if several {
		m.free = box{left, m.banner, m.w - left, m.h - m.banner}
	}
	text, ok := height(first.text, wide, size, air)
	y := top + size*0.6*air
	if !ok || y+text > end-size*0.2 {
		return nil, false
	}
	if draw {
		m.head(p, box{0, 0, left, top})
		p.common.draw(first.heading, m.margin, m.banner+pad, wide, size, air)
		p.common.draw(first.text, m.margin, y, wide, size, air)
	}
	return p, true
}

// head draws the band behind the heading, and above it the one of a specimen.
func (m *maker) head(p *plate, b box) {
	p.common.area(b.x, b.y, b.w, b.h, teal)
	if m.banner == 0 {
		return
	}
	p.common.area(0, 0, m.w, m.banner, red)
	size, ok := largest(2, m.banner*0.62, func(v float64) bool {
		h, ok := height(m.reason, m.w-m.margin, v, 1)
		return ok && h <= m.banner
	})
	if ok {
		h, _ := height(m.reason, m.w-m.margin, size, 1)
		p.common.draw(m.reason, m.margin/2, (m.banner-h)/2, m.w-m.margin, size, 1)
	}
}

// grid places the other languages in two columns, pair by pair, and says where they
// end.
func (m *maker) grid(p *plate, b box, size, air float64, draw bool) (float64, bool) {
	gap := max(size*1.4, m.margin*0.5)
	wide := (b.w - gap) / 2
	y := b.y
	others := m.tongues[1:]
	columns := 2
	if len(others) == 1 {
		wide, columns = b.w, 1
	}
	for i := 0; i < len(others); i += columns {
		most := 0.0
		for k, t := range others[i:min(i+columns, len(others))] {
			all := t.blocks()
			h, ok := height(all, wide, size, air)
			if !ok {
				return 0, false
			}
			most = max(most, h)
			if draw {
				x := b.x + float64(k)*(wide+gap)
				p.common.area(x, y, wide, 0.75, rule)
				p.common.draw(all, x, y+size*0.45, wide, size, air)
			}
		}
		y += size*0.45 + most
		if i+columns < len(others) {
			y += size * 0.55 * air
		}
	}
	return y, true
}

func (t tongue) blocks() []block { return append(append([]block{}, t.heading...), t.text...) }
