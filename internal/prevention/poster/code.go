// SPDX-License-Identifier: Apache-2.0

package poster

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

const (
	pointsPerCM = 72 / 2.54
	leastCode   = 2.0 // centimeters: a smaller code is not read by every phone
	quiet       = 4   // modules of white on each side of a code
)

// distance is from how far away the code is to be read.
func (s Sheet) distance() float64 {
	if s.Distance > 0 {
		return s.Distance
	}
	return s.Size.Distance
}

// leastSide is the least side of the code, in points: two centimeters, and a tenth
// of the distance.
func (s Sheet) leastSide() float64 { return max(leastCode, s.distance()/10) * pointsPerCM }

// code makes the picture of the sheet's link; nil without one. In capitals a link
// takes a form with fewer and so larger modules; the address behind it takes any case.
func (s Sheet) code() (*qr.Code, error) {
	if s.URL == "" {
		return nil, nil
	}
	link := strings.ToUpper(s.URL)
	if i := strings.IndexFunc(link, func(r rune) bool { return !strings.ContainsRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", r) }); i >= 0 || strings.Contains(link, " ") {
		return nil, fmt.Errorf("%w: the link %q holds a character that codes in capitals do not have", ErrCode, s.URL)
	}
	c, err := qr.Encode(link, qr.Q)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCode, err)
	}
	return c, nil
}
