// SPDX-License-Identifier: Apache-2.0

package conversation

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/web"
	"waylight/internal/protection/report"
)

// receiptPage is what the sender's page draws.
type receiptPage struct {
	Words   string // as they were typed, given back
	Trouble string
	Field   string // the field that the trouble is about
	Found   bool
	Sent    bool
	Threads []thread
	Nonce   string // new with every page: makes a repeat the same message
	Typed   Words  // what could not be kept, given back
	Ways    []string
}

// nonceSize is the least of what a page's nonce has.
const nonceSize = 16

func newNonce() string {
	b := make([]byte, nonceSize)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// readNonce reads one that a page sent back.
func readNonce(text string) ([]byte, error) {
	nonce, err := hex.DecodeString(text)
	if err != nil || len(nonce) < nonceSize || len(nonce) > 2*nonceSize {
		return nil, errBody.At("nonce")
	}
	return nonce, nil
}

func (s *Service) getReceipt(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, s.speaker(r), receiptPage{})
}

// speaker speaks for the first program until a receipt names its own.
func (s *Service) speaker(r *http.Request) speaker {
	v := speaker{Service: s, lang: web.Lang(r)}
	if ids := s.Programs.IDs(); len(ids) > 0 {
		v.program = ids[0]
	}
	return v
}

// postReceipt opens the messages of a receipt in memory, for a page without scripts.
func (s *Service) postReceipt(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return errBody.With(err)
	}
	v := s.speaker(r)
	return s.reveal(w, r, v, http.StatusOK, receiptPage{Words: clip(r.PostForm.Get("receipt"))})
}

// reveal finds a receipt's threads, opens them, and shows the page.
func (s *Service) reveal(w http.ResponseWriter, r *http.Request, v speaker, status int, page receiptPage) error {
	found, err := s.Reports.FindWords(r.Context(), page.Words)
	if err != nil {
		return s.trouble(w, r, v, page, err)
	}
	v.program = found.Program
	all, err := s.Look(r.Context(), found)
	if err != nil {
		return s.trouble(w, r, v, page, err)
	}
	page.Found, page.Threads = true, v.threads(found, all)
	if err := v.open(found, all, page.Threads); err != nil {
		return s.trouble(w, r, v, page, err)
	}
	if page.Nonce == "" {
		page.Nonce = newNonce()
	}
	page.Ways = Ways()
	return s.show(w, r, status, v, page)
}

// postAnswer keeps what a page without scripts sent.
func (s *Service) postAnswer(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return errBody.With(err)
	}
	v := s.speaker(r)
	page := receiptPage{Words: clip(r.PostForm.Get("receipt")), Nonce: r.PostForm.Get("nonce"), Typed: posted(r.PostForm, v.lang)}
	found, err := s.Reports.FindWords(r.Context(), page.Words)
	if err != nil {
		return s.trouble(w, r, v, page, err)
	}
	nonce, err := readNonce(page.Nonce)
	if err == nil {
		err = s.AnswerWords(r.Context(), found, nonce, page.Typed)
	} else {
		page.Nonce = ""
	}
	if err != nil {
		status, words := v.explain(err)
		if status >= http.StatusInternalServerError {
			s.log(r.Context(), "keeping a sender's message", err)
		}
		page.Trouble, page.Field = words, "text-"+page.Typed.Office
		return s.reveal(w, r, v, status, page)
	}
	return s.reveal(w, r, v, http.StatusOK, receiptPage{Words: page.Words, Sent: true})
}

// posted reads the fields of the page's forms.
func posted(form url.Values, lang string) Words {
	w := Words{Office: form.Get("office"), Kind: Note, Language: lang}
	if form.Get("_what") == string(Contact) {
		w.Kind, w.Contact = Contact, &Choices{
			Reach: form["reach"], At: line1(form.Get("contact")), As: line1(form.Get("as_whom")),
			When: line1(form.Get("when_safe")), Language: line1(form.Get("contact_language")),
		}
		if w.Contact.Reach == nil {
			w.Contact.Reach = []string{}
		}
		return w
	}
	w.Text = strings.TrimSpace(plainText(form.Get("text")))
	if answers := form.Get("answers"); answers != "" {
		w.Kind, w.Answers = Answer, answers
	}
	return w
}

// line1 is a typed text of one line.
func line1(text string) string {
	return strings.Join(strings.Fields(plainText(text)), " ")
}

// maxWords is far more than seven words take; beyond it nothing is given back.
const maxWords = 1 << 10

func clip(words string) string {
	words = strings.TrimSpace(words)
	return strings.ToValidUTF8(words[:min(len(words), maxWords)], " ")
}

func (s *Service) trouble(w http.ResponseWriter, r *http.Request, v speaker, page receiptPage, err error) error {
	status, words := v.explain(err)
	if status >= http.StatusInternalServerError {
		s.log(r.Context(), "looking up a receipt", err)
	}
	page.Trouble, page.Field = words, "receipt"
	return s.show(w, r, status, v, page)
}

func (s *Service) show(w http.ResponseWriter, r *http.Request, status int, v speaker, page receiptPage) error {
	view := web.View{Lang: v.lang, Title: v.t("report.receipt.title"), Data: page, Secret: true,
		Scripts: []string{"messages.js"}}
	if r.Method != http.MethodGet {
		view.Langs = map[string]string{}
		view.Scripts = nil // the server opened these: a script could add nothing that it does not know
	}
	return s.pages.Public(w, r, status, "conversation.receipt", view)
}

// explain gives the status and the sentence, in the page's language, of an error.
func (v speaker) explain(err error) (int, string) {
	var word *seal.WordError
	var count *seal.CountError
	switch {
	case errors.As(err, &word):
		words := v.t("report.receipt.word", "position", word.Position)
		if len(word.Suggestions) > 0 {
			words += " " + v.t("report.receipt.suggest", "words", strings.Join(word.Suggestions, ", "))
		}
		return http.StatusUnprocessableEntity, words
	case errors.As(err, &count):
		return http.StatusUnprocessableEntity, v.t("report.receipt.count", "count", count.Have, "want", count.Want)
	case errors.Is(err, report.ErrReceipt):
		return http.StatusNotFound, v.t("report.error.receipt_unknown")
	}
	f, ok := fault.As(err)
	if !ok {
		return http.StatusInternalServerError, v.t("message.error.internal")
	}
	if key := "message.error." + strings.TrimPrefix(f.Code, "conversation."); v.Site.Catalog.Has(v.lang, key) {
		return statusOf(f), v.t(key)
	}
	if statusOf(f) >= http.StatusInternalServerError {
		return statusOf(f), v.t("message.error.unavailable")
	}
	return statusOf(f), v.t("message.error.message")
}

func statusOf(f *fault.Error) int {
	switch f.Kind {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Overloaded, fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// codeOf is the machine word of an error.
func codeOf(err error) string {
	if f, ok := fault.As(err); ok {
		return strings.TrimPrefix(f.Code, "conversation.")
	}
	return "internal"
}
