// SPDX-License-Identifier: Apache-2.0

package report

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/web"
)

// sealJSON tells the page's script whose keys to seal to. It is asked by POST, so
// that no address, and no log of addresses, carries an answer.
func (s *Service) sealJSON(p *program.Program) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := parseForm(r); err != nil {
			return err
		}
		v := s.speaker(p, r, r.PostForm.Get("lang"))
		lookup, err := lookupOf(r.PostForm.Get(askField))
		if err != nil {
			return v.jsonError(w, errSealedShape.At(askField))
		}
		out, err := s.sealFor(r.Context(), p, r.PostForm, v.lang, lookup, s.via(r, p.ID, urlBase64(lookup[:]), ViaWeb))
		if err != nil {
			return v.sealedTrouble(w, r, "saying whose keys to seal to", err)
		}
		return web.JSON(w, http.StatusOK, out)
	}
}

// postSealed takes a report that the sender's browser sealed. To a page it
// answers with the page that says so; to a program, in JSON.
func (s *Service) postSealed(p *program.Program) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := s.speaker(p, r, "")
		data, err := readAll(r)
		if err != nil {
			return v.jsonError(w, err)
		}
		in, err := parseSealed(data)
		if err != nil {
			return v.jsonError(w, err)
		}
		v = s.speaker(p, r, in.head.Get("lang"))
		via := s.via(r, p.ID, urlBase64(in.lookup[:]), ViaWeb)
		a, err := s.acceptSealed(r.Context(), p, in, via)
		if err != nil {
			return v.sealedTrouble(w, r, "taking a sealed report", err)
		}
		s.told(r.Context(), a, via, in.head.Get(toldField))
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			return s.showSent(w, r, v, a, urlBase64(in.lookup[:]))
		}
		return v.acceptedJSON(w, a)
	}
}

// readAll reads a request into one buffer of the size that it says it has.
func readAll(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > maxPage {
		data, err := io.ReadAll(r.Body)
		return data, unreadForm(err, errSealedShape)
	}
	data := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, data)
	return data, unreadForm(err, errSealedShape)
}

func (v speaker) sealedTrouble(w http.ResponseWriter, r *http.Request, doing string, err error) error {
	var wrong *AnswersError
	if errors.As(err, &wrong) {
		return v.jsonProblems(w, wrong.Problems)
	}
	v.logFailure(r.Context(), doing, err)
	return v.jsonError(w, err)
}
