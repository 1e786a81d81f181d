// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"fmt"
	"image"
	imagecolor "image/color"
	"image/draw"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/vector"
)

// PNG writes a sheet as a picture: for a screen of its size in pixels, for paper with
// so many dots to the inch.
func (p *Press) PNG(w io.Writer, s Sheet, dpi float64) error {
	l, err := p.lay(s)
	if err != nil {
		return err
	}
	scale := dpi / 72
	wide := s.Size.Pixels
	if wide > 0 {
		scale = float64(wide) / s.Size.Width
	}
	picture := image.NewRGBA(image.Rect(0, 0, int(math.Round(s.Size.Width*scale)), int(math.Round(s.Size.Height*scale))))
	draw.Draw(picture, picture.Bounds(), image.White, image.Point{}, draw.Src)
	c := canvas{picture: picture, scale: scale}
	for _, d := range []*drawing{&l.plate.common, l.own} {
		for _, part := range d.parts {
			for _, m := range part.marks {
				c.mark(m)
			}
		}
	}
	if err := png.Encode(w, picture); err != nil {
		return fmt.Errorf("poster: writing a picture: %w", err)
	}
	return nil
}

// canvas is a picture that is being painted.
type canvas struct {
	picture *image.RGBA
	scale   float64
	pen     vector.Rasterizer
}

func (c *canvas) mark(m mark) {
	paint := image.NewUniform(rgb(m.color))
	switch m.kind {
	case 'a':
		c.fill(paint, m.x, m.y, m.w, m.h)
	case 'q':
		c.code(paint, m)
	case 't':
		for _, g := range m.line.Glyphs {
			c.glyph(paint, m, g.X, g.Y, shape{g.Font, g.ID})
		}
	}
}

func rgb(c color) imagecolor.Color {
	return imagecolor.RGBA{uint8(math.Round(c[0] * 255)), uint8(math.Round(c[1] * 255)), uint8(math.Round(c[2] * 255)), 255}
}

func (c *canvas) fill(paint image.Image, x, y, w, h float64) {
	at := func(v float64) int { return int(math.Round(v * c.scale)) }
	r := image.Rect(at(x), at(y), max(at(x+w), at(x)+1), max(at(y+h), at(y)+1))
	draw.Draw(c.picture, r.Intersect(c.picture.Bounds()), paint, image.Point{}, draw.Src)
}

// code paints modules of whole pixels, all of one size, in the middle of their place:
// a module that is a pixel wider than its neighbors is harder to read.
func (c *canvas) code(paint image.Image, m mark) {
	n := m.code.Size
	unit := max(int(m.w*c.scale/float64(n)), 1)
	left := int(math.Round(m.x*c.scale + (m.w*c.scale-float64(unit*n))/2))
	top := int(math.Round(m.y*c.scale + (m.h*c.scale-float64(unit*n))/2))
	for y := range n {
		for x := range n {
			if m.code.Black(x, y) {
				r := image.Rect(left+x*unit, top+y*unit, left+(x+1)*unit, top+(y+1)*unit)
				draw.Draw(c.picture, r, paint, image.Point{}, draw.Src)
			}
		}
	}
}

// glyph paints one glyph in a mask of its own size.
func (c *canvas) glyph(paint image.Image, m mark, dx, dy float64, s shape) {
	o := s.font.Outline(s.id)
	if len(o.Steps) == 0 {
		return
	}
	sin, cos := math.Sincos(m.lean * math.Pi / 180)
	em := m.size / s.font.PerEm()
	at := func(x, y float64) (float64, float64) {
		x, y = x*em+dx*m.size, y*em+dy*m.size
		return (m.x + x*cos - y*sin) * c.scale, (m.y - x*sin - y*cos) * c.scale
	}
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, corner := range [][2]float64{{o.XMin, o.YMin}, {o.XMin, o.YMax}, {o.XMax, o.YMin}, {o.XMax, o.YMax}} {
		x, y := at(corner[0], corner[1])
		x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
	}
	left, top := math.Floor(x0), math.Floor(y0)
	wide, high := int(math.Ceil(x1-left))+1, int(math.Ceil(y1-top))+1
	c.pen.Reset(wide, high)
	for i, step := range o.Steps {
		var px, py [3]float32
		for k := range step.Points() {
			x, y := at(step.X[k], step.Y[k])
			px[k], py[k] = float32(x-left), float32(y-top)
		}
		switch step.Kind {
		case 'm':
			if i > 0 {
				c.pen.ClosePath()
			}
			c.pen.MoveTo(px[0], py[0])
		case 'l':
			c.pen.LineTo(px[0], py[0])
		case 'q':
			c.pen.QuadTo(px[0], py[0], px[1], py[1])
		case 'c':
			c.pen.CubeTo(px[0], py[0], px[1], py[1], px[2], py[2])
		}
	}
	c.pen.ClosePath()
	c.pen.Draw(c.picture, image.Rect(int(left), int(top), int(left)+wide, int(top)+high), paint, image.Point{})
}
