// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"net/http"
	"slices"
	"strings"

	"waylight/internal/platform/web"
	"waylight/internal/protection/report"
)

// spokenHandler is a handler for the sender's script. It also says in which
// language its faults are to be told.
type spokenHandler func(w http.ResponseWriter, r *http.Request) (lang string, err error)

// spoken answers faults as JSON in the sender's language, with the same code and
// status everywhere. Nothing that was sent is repeated.
func (s *Service) spoken(h spokenHandler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		lang, err := h(w, r)
		if err == nil {
			return nil
		}
		v := s.speaker(r)
		if slices.Contains(s.Site.Catalog.Langs(), lang) {
			v.lang = lang
		}
		status, words := v.explain(err)
		if status >= http.StatusInternalServerError {
			s.log(r.Context(), "answering a sender's page", err)
		}
		return web.JSON(w, status, map[string]map[string]string{"error": {"code": codeOf(err), "message": words}})
	}
}

// lookedUp is what a script sends to find a receipt: never the words.
type lookedUp struct {
	Lookup []byte `json:"lookup"`
	Lang   string `json:"lang"`
}

func (s *Service) find(r *http.Request, l lookedUp) (report.Found, error) {
	if len(l.Lookup) != 32 {
		return report.Found{}, errBody.At("lookup")
	}
	return s.Reports.Find(r.Context(), "", [32]byte(l.Lookup))
}

// findJSON gives a script the sealed threads of a receipt, and the page's words.
func (s *Service) findJSON(w http.ResponseWriter, r *http.Request) (string, error) {
	var in lookedUp
	if err := web.DecodeJSON(r, &in); err != nil {
		return "", err
	}
	found, err := s.find(r, in)
	if err != nil {
		return in.Lang, err
	}
	all, err := s.Look(r.Context(), found)
	if err != nil {
		return in.Lang, err
	}
	v := s.speaker(r)
	v.program = found.Program
	if slices.Contains(s.Site.Catalog.Langs(), in.Lang) {
		v.lang = in.Lang
	}
	return in.Lang, web.JSON(w, http.StatusOK, map[string]any{
		"program": found.Program, "report": found.Report.String(), "threads": v.threads(found, all), "words": v.scriptWords(),
	})
}

// scriptWords are the sentences that the script draws with, without "message.".
func (v speaker) scriptWords() map[string]string {
	out := map[string]string{}
	for _, key := range v.Site.Catalog.Keys() {
		if short, ok := strings.CutPrefix(key, "message.page."); ok {
			out[short] = v.Site.Catalog.Raw(v.lang, key)
		}
	}
	return out
}

// kept is what a script sends to be kept: a sealed message or, where the browser
// cannot know whose key it would seal to, words that are sealed here.
type kept struct {
	lookedUp
	Office  string         `json:"office"`
	Message *sealedMessage `json:"message"`
	Plain   *Words         `json:"plain"`
	Nonce   string         `json:"nonce"`
}

// keepJSON keeps what a sender wrote.
func (s *Service) keepJSON(w http.ResponseWriter, r *http.Request) (string, error) {
	var in kept
	if err := web.DecodeJSON(r, &in); err != nil {
		return in.Lang, err
	}
	found, err := s.find(r, in.lookedUp)
	if err != nil {
		return in.Lang, err
	}
	switch {
	case (in.Message == nil) == (in.Plain == nil):
		err = errBody
	case in.Plain != nil:
		err = s.keepPlain(r, found, in)
	default:
		var d Draft
		if d, err = in.Message.draft(); err == nil {
			err = s.Answer(r.Context(), found, in.Office, d)
		}
	}
	if err != nil {
		return in.Lang, err
	}
	return in.Lang, web.JSON(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Service) keepPlain(r *http.Request, found report.Found, in kept) error {
	nonce, err := readNonce(in.Nonce)
	if err != nil {
		return err
	}
	in.Plain.Office = in.Office
	return s.AnswerWords(r.Context(), found, nonce, *in.Plain)
}
