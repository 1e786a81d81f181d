// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"sync"

	"rsc.io/qr"

	"waylight/internal/platform/pdf"
	"waylight/internal/platform/typeset"
)

// Press prints sheets. What sheets have in common it lays out once, and the letters it
// has drawn it keeps, so one press serves a whole network of sheets. Many may use it
// at once.
type Press struct {
	mu     sync.Mutex
	plates map[string]*plate
	shapes map[shape][]byte // programs of glyphs, compressed
	idle   []*typeset.Setter
	spare  []*pdf.Deflater
}

// shape is a glyph of a font.
type shape struct {
	font *typeset.Font
	id   uint32
}

// mostPlates bounds what a press keeps: a network has a few notices in a few sizes.
const mostPlates = 64

// NewPress makes a press.
func NewPress() *Press {
	return &Press{plates: map[string]*plate{}, shapes: map[shape][]byte{}}
}

// laid is a sheet that is laid out.
type laid struct {
	sheet Sheet
	plate *plate
	own   *drawing
}

// Check says whether a sheet can be printed, and why not.
func (p *Press) Check(s Sheet) error {
	_, err := p.lay(s)
	return err
}

// Points is how large the smallest letters of the notice are on a sheet.
func (p *Press) Points(s Sheet) (float64, error) {
	l, err := p.lay(s)
	if err != nil {
		return 0, err
	}
	return l.plate.size, nil
}

// lay lays a sheet out.
func (p *Press) lay(s Sheet) (*laid, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	said, err := s.sayings()
	if err != nil {
		return nil, err
	}
	code, err := s.code()
	if err != nil {
		return nil, err
	}
	set := p.setter()
	defer p.done(set)
	plate, err := p.plate(s, set, said, code)
	if err != nil {
		return nil, err
	}
	own, err := s.own(set, plate, code)
	if err != nil {
		return nil, err
	}
	return &laid{sheet: s, plate: plate, own: own}, nil
}

func (p *Press) setter() *typeset.Setter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		set := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return set
	}
	return typeset.NewSetter()
}

func (p *Press) done(set *typeset.Setter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, set)
}

func (p *Press) deflater() *pdf.Deflater {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.spare); n > 0 {
		z := p.spare[n-1]
		p.spare = p.spare[:n-1]
		return z
	}
	return &pdf.Deflater{}
}

// plate finds or makes the plate of a sheet. Two that come at once may both make it;
// they make the same.
func (p *Press) plate(s Sheet, set *typeset.Setter, said []saying, code *qr.Code) (*plate, error) {
	modules := 0
	if code != nil {
		modules = code.Size
	}
	key := s.key(said, modules)
	p.mu.Lock()
	found := p.plates[key]
	p.mu.Unlock()
	if found != nil {
		return found, nil
	}
	made, err := s.plate(set, said, modules)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.plates) >= mostPlates {
		clear(p.plates)
	}
	made.key, p.plates[key] = key, made
	return made, nil
}
