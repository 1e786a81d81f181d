// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"rsc.io/qr"

	"waylight/internal/platform/typeset"
)

// color is red, green and blue, each to 1.
type color [3]float64

var (
	white = color{1, 1, 1}
	black = color{0, 0, 0}
	ink   = color{0.09, 0.14, 0.17}
	teal  = color{0.03, 0.28, 0.33}
	tint  = color{0.91, 0.95, 0.95}
	gray  = color{0.33, 0.38, 0.40}
	rule  = color{0.72, 0.80, 0.81}
	red   = color{0.72, 0.07, 0.11}
	pale  = color{0.98, 0.90, 0.90}
)

// mark is one thing that is drawn: an area, a line of text or a code. Lengths are in
// points, from the sheet's left and upper edge.
type mark struct {
	kind       byte // 'a' area, 't' text, 'q' code
	x, y, w, h float64
	line       typeset.Line
	size       float64
	color      color
	lean       float64 // of text: how far it turns, in degrees
	code       *qr.Code
}

// part is what is read out as one: a heading, a paragraph, a picture. Without a tag
// it is decoration.
type part struct {
	tag, lang, alt string
	marks          []mark
}

// drawing is what a sheet, or a part of one, looks like.
type drawing struct {
	parts []part
}

func (d *drawing) area(x, y, w, h float64, c color) {
	d.parts = append(d.parts, part{marks: []mark{{kind: 'a', x: x, y: y, w: w, h: h, color: c}}})
}
