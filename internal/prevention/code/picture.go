// SPDX-License-Identifier: Apache-2.0

package code

import (
	"net/http"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/prevention/poster"
)

var (
	errOff      = fault.New(fault.Conflict, "code.off", "This code is switched off: whoever scans it finds the lines to call, and no form. So its picture is not given. Switch the code on first.")
	errNoOrigin = fault.New(fault.Unavailable, "code.origin", "The public address of this site is not known, so there is nothing for a code to open.")
)

// The forms of a picture, as its address ends.
const (
	SVG = "svg"
	PNG = "png"
)

// SendPicture sends a code as a picture to download, in one of the two forms. Of a code
// that is switched off there is none.
func SendPicture(w http.ResponseWriter, origin string, c Code, form string) error {
	switch {
	case !c.On:
		return errOff
	case origin == "":
		return errNoOrigin
	}
	p, kind, write := poster.CodePicture{Address: Address(origin, c.Text), URL: Link(origin, c.Text)}, "image/svg+xml", poster.CodePicture.SVG
	if form == PNG {
		kind, write = "image/png", poster.CodePicture.PNG
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="code-`+strings.ToLower(c.Text)+"."+form+`"`)
	h.Set("Cache-Control", "no-store")
	return fault.Wrap(write(p, w), "drawing a code")
}
