// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"fmt"
	"math"

	"rsc.io/qr"

	"waylight/internal/platform/typeset"
)

// own draws what a sheet has of its own: the code, its address, and the small print.
func (s Sheet) own(set *typeset.Setter, p *plate, code *qr.Code) (*drawing, error) {
	d := &drawing{}
	lang := s.languages()[0]
	if code != nil {
		d.parts = append(d.parts, part{tag: "Figure", lang: "en", alt: "QR code: " + s.URL,
			marks: []mark{{kind: 'q', x: p.code.x, y: p.code.y, w: p.code.w, h: p.code.h, color: black, code: code}}})
		t := typeset.Text{Lang: lang, Bold: true, Spans: []typeset.Span{{Text: s.Address, Kind: typeset.Apart}}}
		line, err := one(set, t)
		if err != nil {
			return nil, err
		}
		size := min(p.address.h, p.address.w/line.Width)
		if size < min(leastAddress, p.address.h) {
			return nil, fmt.Errorf("%w: the address %q is too long to be read beside the code on %s; %s", ErrCode, s.Address, s.Size.Name, s.hint())
		}
		x := p.address.x
		switch {
		case p.address.y > p.code.y+p.code.h: // it stands under the code
			x += (p.address.w - line.Width*size) / 2
		case line.RightToLeft:
			x += p.address.w - line.Width*size
		}
		d.parts = append(d.parts, part{tag: "P", lang: lang, marks: []mark{{kind: 't', x: x, y: p.address.y + p.address.h*0.5 + size*0.36, line: line, size: size, color: teal}}})
	}
	return d, s.smallPrint(set, p, d)
}

// Of the address and of the small print, in points.
const (
	leastAddress = 5.5
	leastSmall   = 4.5
)

// smallPrint says where the sheet hangs and what it is, for whoever looks after it.
func (s Sheet) smallPrint(set *typeset.Setter, p *plate, d *drawing) error {
	var spans []typeset.Span
	for _, piece := range []typeset.Span{{Text: s.Place, Kind: typeset.Name}, {Text: s.Code, Kind: typeset.Apart}, {Text: s.Notice.ID + " " + s.Notice.Version, Kind: typeset.Apart}} {
		if piece.Text == "" {
			continue
		}
		if len(spans) > 0 {
			spans = append(spans, typeset.Span{Text: "  ·  "})
		}
		spans = append(spans, piece)
	}
	line, err := one(set, typeset.Text{Lang: "en", Spans: spans})
	if err != nil {
		return err
	}
	size := min(p.small.h/1.5, p.small.w/line.Width)
	if size < leastSmall {
		return fmt.Errorf("%w: the place %q is too long for the small print of %s", ErrLetters, s.Place, s.Size.Name)
	}
	d.parts = append(d.parts, part{tag: "P", lang: "en", marks: []mark{{kind: 't', x: p.small.x, y: p.small.y + p.small.h*0.75, line: line, size: size, color: gray}}})
	return nil
}

// one sets a text in one line.
func one(set *typeset.Setter, t typeset.Text) (typeset.Line, error) {
	shaped, err := set.Shape(t)
	if err != nil {
		return typeset.Line{}, glyphs(err)
	}
	lines, ok := shaped.Wrap(math.Inf(1))
	if !ok || len(lines) != 1 {
		return typeset.Line{Width: 1}, nil
	}
	return lines[0], nil
}
