// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/web"
)

const (
	receiptField = "receipt"
	lookupField  = "lookup" // in place of the words, from a browser that read them itself
	stepClose    = "close"
)

// receiptPage is what the receipt's template draws.
type receiptPage struct {
	Words   string // as they were typed, given back
	Lookup  string // in their place, when the sender's browser read them itself
	Trouble string // what is wrong with them
	Found   *foundPage
	Closed  bool
}

// foundPage is what a receipt shows.
type foundPage struct {
	Received   string
	Help       bool
	Waiting    bool   // it has not been passed on yet
	Read       string // help: when somebody read it; "" not yet
	Kinds      []kindLine
	By         string
	Public     bool
	Broken     []string // what to know when the promise is broken
	Commitment string
	Salt       string
	Opening    string // "" when the log no longer holds the entry
	Proof      string
	Key        string
}

type kindLine struct{ Kind, Received, Read string }

func (s *Service) getReceipt(w http.ResponseWriter, r *http.Request) error {
	return s.showReceipt(w, r, http.StatusOK, s.anyProgram(r), receiptPage{})
}

// postReceipt looks a receipt up, or closes it.
func (s *Service) postReceipt(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	v := s.anyProgram(r)
	page := receiptPage{Words: clip(r.PostForm.Get(receiptField)), Lookup: r.PostForm.Get(lookupField)}
	h, err := s.held(r.Context(), page.Words, page.Lookup)
	if err != nil {
		return s.noReceipt(w, r, v, page, err)
	}
	if r.PostForm.Get(stepField) == stepClose {
		if err := s.closeHeld(r.Context(), h); err != nil {
			return s.noReceipt(w, r, v, page, err)
		}
		return s.showReceipt(w, r, http.StatusOK, v, receiptPage{Closed: true})
	}
	st, err := s.status(r.Context(), h)
	if err != nil {
		return s.noReceipt(w, r, v, page, err)
	}
	if p, ok := s.Programs.Program(st.Program); ok {
		v.p = p
	}
	page.Found = v.found(st)
	return s.showReceipt(w, r, http.StatusOK, v, page)
}

func (s *Service) noReceipt(w http.ResponseWriter, r *http.Request, v speaker, page receiptPage, err error) error {
	status, trouble := v.receiptTrouble(err)
	if status >= http.StatusInternalServerError {
		s.logFailure(r.Context(), "looking up a receipt", err)
		w.Header().Set("Retry-After", retryAfter)
	}
	page.Trouble = trouble.Message
	if len(trouble.Suggestions) > 0 {
		page.Trouble += " " + v.t("report.receipt.suggest", "words", joined(trouble.Suggestions))
	}
	return s.showReceipt(w, r, status, v, page)
}

func (s *Service) showReceipt(w http.ResponseWriter, r *http.Request, status int, v speaker, page receiptPage) error {
	view := web.View{Lang: v.lang, Title: v.t("report.receipt.title"), Data: page, Secret: true, Scripts: append([]string{"lookup.js"}, s.Scripts...)}
	if r.Method != http.MethodGet {
		view.Langs = map[string]string{}
	}
	return s.pages.Public(w, r, status, "report.receipt", view)
}

// receiptTrouble says what is wrong with words that were looked up. What is
// told of a mistyped word comes from the list of words alone.
func (v speaker) receiptTrouble(err error) (int, apiError) {
	var word *seal.WordError
	var count *seal.CountError
	switch {
	case errors.As(err, &word):
		return http.StatusUnprocessableEntity, apiError{
			Code: "receipt_word", Field: receiptField, Position: word.Position, Suggestions: word.Suggestions,
			Message: v.t("report.receipt.word", "position", word.Position),
		}
	case errors.As(err, &count):
		return http.StatusUnprocessableEntity, apiError{
			Code: "receipt_count", Field: receiptField, Message: v.t("report.receipt.count", "count", count.Have, "want", count.Want),
		}
	}
	f := classify(err)
	return statusOf(f), apiError{Code: f.Code, Field: f.Field, Message: v.explain(f)}
}

func (v speaker) found(st Status) *foundPage {
	f := &foundPage{
		Received: v.when(st.Received), Waiting: st.Waiting, Help: st.Mode == program.Help, By: v.when(st.Proof.By), Public: st.Proof.Public,
		Commitment: standardBase64(st.Proof.Commitment), Salt: standardBase64(st.Proof.Salt), Opening: st.Proof.Opening,
		Key: st.Proof.VerifierKey,
	}
	if st.Proof.Broken != "" {
		f.Broken = []string{v.t("report.broken."+st.Proof.Broken, "time", f.By), v.t("report.broken.do")}
	}
	if st.Proof.Public {
		f.Proof = st.Proof.Included.String()
	}
	if !st.Read.IsZero() {
		f.Read = v.when(st.Read)
	}
	for _, p := range st.Offices {
		f.Kinds = append(f.Kinds, kindLine{v.kind(p.Kind), v.whenOrNot(p.Received), v.whenOrNot(p.Read)})
	}
	return f
}

func (v speaker) kind(kind string) string {
	if key := "report.kind." + kind; kind != program.Other && v.Site.Catalog.Has(v.lang, key) {
		return v.t(key)
	}
	return v.t("report.kind.unnamed")
}

func (v speaker) whenOrNot(t time.Time) string {
	if t.IsZero() {
		return v.t("report.receipt.not_yet")
	}
	return v.when(t)
}

// apiStatus is the answer to POST /api/v1/receipt.
type apiStatus struct {
	Received string      `json:"received"`
	Read     *string     `json:"read"`
	Offices  []apiOffice `json:"offices"`
	Waiting  bool        `json:"waiting"` // kept safe, and not passed on yet
	Proof    apiProof    `json:"proof"`
}

type apiOffice struct {
	Kind     string  `json:"kind"`
	Received *string `json:"received"`
	Read     *string `json:"read"`
}

type apiProof struct {
	Commitment  *string `json:"commitment"`
	Salt        *string `json:"salt"`
	Opening     *string `json:"opening"`
	By          string  `json:"by"`
	Inclusion   *string `json:"inclusion"`
	Broken      *string `json:"broken"`
	VerifierKey string  `json:"verifier_key"`
}

func (s *Service) postReceiptJSON(w http.ResponseWriter, r *http.Request) error {
	v := s.anyProgram(r)
	words, err := decodeReceipt(r.Body)
	if err != nil {
		return v.jsonError(w, err)
	}
	st, err := s.Status(r.Context(), words)
	if err != nil {
		status, trouble := v.receiptTrouble(err)
		if status >= http.StatusInternalServerError {
			s.logFailure(r.Context(), "looking up a receipt by the API", err)
			w.Header().Set("Retry-After", retryAfter)
		}
		return web.JSON(w, status, map[string]apiError{"error": trouble.unchanged(v)})
	}
	out := apiStatus{Waiting: st.Waiting, Received: stamp(st.Received), Read: stampOrNull(st.Read), Offices: []apiOffice{}, Proof: proofJSON(st.Proof)}
	for _, o := range st.Offices {
		out.Offices = append(out.Offices, apiOffice{o.Kind, stampOrNull(o.Received), stampOrNull(o.Read)})
	}
	return web.JSON(w, http.StatusOK, out)
}

func proofJSON(p Proof) apiProof {
	out := apiProof{By: stamp(p.By), VerifierKey: p.VerifierKey}
	if p.Opening != "" {
		commitment, salt := standardBase64(p.Commitment), standardBase64(p.Salt)
		out.Commitment, out.Salt, out.Opening = &commitment, &salt, &p.Opening
	}
	if p.Public {
		text := p.Included.String()
		out.Inclusion = &text
	}
	if p.Broken != "" {
		out.Broken = &p.Broken
	}
	return out
}

// unchanged says that a lookup changed nothing.
func (e apiError) unchanged(v speaker) apiError {
	e.Kept = v.t("report.kept.unchanged")
	return e
}

func stampOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := stamp(t)
	return &text
}

// decodeReceipt reads {"receipt": "…"}.
func decodeReceipt(body io.Reader) (string, error) {
	var words string
	d := json.NewDecoder(body)
	err := decodeObject(d, "", func(name string) error {
		if name != receiptField {
			return malformed("A field of the request is not known here.").At(cut(name))
		}
		return unreadable(d.Decode(&words), receiptField)
	})
	if err == nil {
		err = atEnd(d)
	}
	if err == nil && words == "" {
		err = fault.New(fault.Invalid, "request", "The request holds no receipt.").At(receiptField)
	}
	return words, err
}
