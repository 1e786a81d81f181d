// SPDX-License-Identifier: Apache-2.0

package poster

// The address stands beside or under the code in letters of its own.
const addressShare = 0.16 // of the code's side

func (m *maker) codeBox() float64 { return m.side + 2*quiet*m.module }

// scans are the words beside the code, of each language.
func (m *maker) scans() []block {
	var out []block
	for _, t := range m.tongues {
		out = append(out, t.scan...)
	}
	return out
}

// foot lays out a strip with the code at the left and, beside it, the address and
// what the code is for. b.h is where it ends; foot says where it begins.
func (m *maker) foot(p *plate, b box, size float64, draw bool) (float64, bool) {
	bottom := b.h
	if m.side == 0 {
		return m.noCode(p, b, size, draw)
	}
	code := m.codeBox()
	pad := m.margin * 0.25
	address := max(m.side*addressShare, smallPrint*1.2)
	if m.tight {
		pad, address = m.margin*0.15, max(min(size*0.9, m.side*0.2), m.side*0.12, smallPrint)
	}
	x := b.x + code + 2*pad + size*0.4
	wide := b.x + b.w - pad - x
	scans := m.scans()
	room := code - address*1.45
	text, ok := largest(m.least, max(size, m.least), func(v float64) bool {
		h, ok := height(scans, wide, v, 1)
		return ok && h <= room
	})
	if !ok { // the words are higher than the code
		text = m.least
		h, fits := height(scans, wide, text, 1)
		if !fits {
			return 0, false
		}
		room = h
	}
	high := room + address*1.45 + 2*pad
	top := bottom - high
	p.code = box{b.x + pad + quiet*m.module, top + (high-code)/2 + quiet*m.module, m.side, m.side}
	p.address = box{x, top + pad, wide, address}
	if draw {
		h, _ := height(scans, wide, text, 1)
		p.common.area(b.x, top, b.w, high, tint)
		p.common.area(b.x+pad, top+(high-code)/2, code, code, white)
		p.common.draw(scans, x, top+pad+address*1.45+(room-h)/2, wide, text, 1)
	}
	return top, true
}

// noCode is the foot of a sheet without a code: what the code would be for is not said.
func (m *maker) noCode(_ *plate, b box, _ float64, _ bool) (float64, bool) { return b.h, true }

// aside lays out a column with the code on top, the address under it, and what the
// code is for.
func (m *maker) aside(p *plate, b box, size, air float64, draw bool) bool {
	code := m.codeBox()
	pad := m.margin * 0.5
	wide := b.w - 2*pad
	if code > wide {
		wide = min(code, b.w)
	}
	scans := m.scans()
	address := max(m.side*addressShare*0.8, smallPrint)
	if m.tight {
		pad = m.margin * 0.2
	}
	x := b.x + (b.w-wide)/2
	h, ok := height(scans, wide, size, 1)
	total := code + address*1.5 + size*0.4 + h
	if !ok || total > b.h-pad {
		return false
	}
	y := b.y + (b.h-total)/2
	p.code = box{b.x + (b.w-m.side)/2, y + quiet*m.module, m.side, m.side}
	p.address = box{x, y + code + address*0.25, wide, address}
	if draw {
		p.common.area(b.x, b.y, b.w, b.h, tint)
		p.common.area(b.x+(b.w-code)/2, y, code, code, white)
		p.common.draw(scans, x, y+code+address*1.5+size*0.4, wide, size, 1)
	}
	return true
}
