// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"image"
	imagecolor "image/color"
	"image/png"
	"io"
	"strings"
)

// CodePicture is a code by itself, as it stands on sheets: level Q, in capitals, with
// four modules of white around, for pictures and films that others make.
type CodePicture struct {
	Address string // as it is read: "tip.ms.gov/q/7K3F9"
	URL     string // in the code: "https://tip.ms.gov/q/7K3F9"
}

// leastPicture is how many pixels a picture of a code has at least.
const leastPicture = 1000

// SVG writes it with the address as its title, for whoever does not see it.
func (p CodePicture) SVG(w io.Writer) error {
	c, err := Sheet{URL: p.URL}.code()
	if err != nil {
		return err
	}
	var address strings.Builder
	if err := xml.EscapeText(&address, []byte(p.Address)); err != nil {
		return fmt.Errorf("poster: writing a code: %w", err)
	}
	side := c.Size + 2*quiet
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title desc" shape-rendering="crispEdges">`, side, side, leastPicture, leastPicture)
	fmt.Fprintf(out, "\n<title id=\"title\">%s</title>\n<desc id=\"desc\">QR code that opens %s</desc>\n", address.String(), address.String())
	fmt.Fprintf(out, "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>\n<path fill=\"#000\" d=\"", side, side)
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			from := x
			for x < c.Size && c.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(out, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	fmt.Fprint(out, "\"/>\n</svg>\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("poster: writing a code: %w", err)
	}
	return nil
}

// PNG writes it with modules of whole pixels, in black and white.
func (p CodePicture) PNG(w io.Writer) error {
	c, err := Sheet{URL: p.URL}.code()
	if err != nil {
		return err
	}
	side := c.Size + 2*quiet
	unit := (leastPicture + side - 1) / side
	picture := image.NewPaletted(image.Rect(0, 0, side*unit, side*unit), imagecolor.Palette{imagecolor.White, imagecolor.Black})
	for y := range picture.Rect.Max.Y {
		for x := range picture.Rect.Max.X {
			if c.Black(x/unit-quiet, y/unit-quiet) { // outside of the code nothing is
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	if err := png.Encode(w, picture); err != nil {
		return fmt.Errorf("poster: writing a code: %w", err)
	}
	return nil
}
