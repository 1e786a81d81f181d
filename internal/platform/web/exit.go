// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"

	"waylight/internal/platform/fault"
)

// exit leads away from the site without a script. (With one, site.js blanks
// the page at once and replaces it, so that Back does not return to it.)
//
// It asks the browser to drop what the site stored. It asks for neither
// "cache", which makes Chromium wait for many seconds while somebody may be
// looking (crbug.com/40233601), and is not needed since pages are never stored;
// nor "cookies", which would reach every site under the same domain.
func (s *Site) exit(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Location", s.exitURL())
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Clear-Site-Data", `"storage"`)
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// LocalPath gives a path of this site that a form or link may lead back to, or
// the fallback when next could lead anywhere else.
func LocalPath(next, fallback string) string {
	if len(next) < 2 || len(next) > 500 || next[0] != '/' || next[1] == '/' || next[1] == '\\' {
		return fallback
	}
	for _, c := range []byte(next) {
		if c < 0x21 || c == '\\' || c >= 0x7F {
			return fallback
		}
	}
	return next
}

var errNotPosted = fault.New(fault.Invalid, "form", "This could not be read as a form.")

// ParseForm reads a posted page. A body over the limit is a fault of kind
// TooLarge, anything else that cannot be read one of kind Invalid.
func ParseForm(r *http.Request) error {
	err := r.ParseForm()
	if err == nil {
		return nil
	}
	if f := classify(err); f.Kind == fault.TooLarge {
		return f
	}
	return errNotPosted.With(err)
}
