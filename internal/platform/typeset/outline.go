// SPDX-License-Identifier: Apache-2.0

package typeset

import (
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
)

// Step is one step of a pen: to a point, straight or by a curve with one or two
// points that pull it.
type Step struct {
	Kind byte // 'm', 'l', 'q' or 'c'
	X, Y [3]float64
}

// Points is how many points the step has; the last one is where it ends.
func (s Step) Points() int {
	switch s.Kind {
	case 'q':
		return 2
	case 'c':
		return 3
	}
	return 1
}

// Outline is the shape of a glyph in the units of its font, upwards from the
// baseline; its parts are closed.
type Outline struct {
	Steps                  []Step
	XMin, YMin, XMax, YMax float64 // around all points
	Advance                float64
}

// Outline gives the shape of a glyph.
func (f *Font) Outline(id uint32) *Outline {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o, ok := f.outlines[id]; ok {
		return o
	}
	o := trace(font.NewFace(f.font), font.GID(id))
	f.outlines[id] = o
	return o
}

func trace(face *font.Face, id font.GID) *Outline {
	o := &Outline{Advance: float64(face.HorizontalAdvance(id))}
	data, _ := face.GlyphDataOutline(id)
	for _, segment := range data.Segments {
		s := Step{}
		switch segment.Op {
		case opentype.SegmentOpMoveTo:
			s.Kind = 'm'
		case opentype.SegmentOpLineTo:
			s.Kind = 'l'
		case opentype.SegmentOpQuadTo:
			s.Kind = 'q'
		case opentype.SegmentOpCubeTo:
			s.Kind = 'c'
		}
		for i, p := range segment.ArgsSlice() {
			s.X[i], s.Y[i] = float64(p.X), float64(p.Y)
			if len(o.Steps) == 0 && i == 0 {
				o.XMin, o.XMax, o.YMin, o.YMax = s.X[i], s.X[i], s.Y[i], s.Y[i]
			}
			o.XMin, o.XMax = min(o.XMin, s.X[i]), max(o.XMax, s.X[i])
			o.YMin, o.YMax = min(o.YMin, s.Y[i]), max(o.YMax, s.Y[i])
		}
		o.Steps = append(o.Steps, s)
	}
	return o
}
