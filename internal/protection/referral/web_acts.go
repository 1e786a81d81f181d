// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"encoding/hex"
	"net/http"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/report"
)

func actorID(actor string) string { return strings.TrimPrefix(actor, "member:") }

// question is what the browser needs to show an answer in words.
type question struct {
	ID      string            `json:"id"`
	Label   string            `json:"label"`
	Options map[string]string `json:"options"`
}

// sealedReport is what a member's browser opens: everything is ciphertext but
// the form's own words.
type sealedReport struct {
	Program    string     `json:"program"`
	Report     string     `json:"report"`
	Office     string     `json:"office"`
	Member     string     `json:"member"`
	Hash       []byte     `json:"hash"`
	Ciphertext []byte     `json:"ciphertext"`
	Wrap       []byte     `json:"wrap"`
	SealedBy   string     `json:"sealed_by"`
	ReplyKey   []byte     `json:"reply_key"` // the browser holds it against the one that was sealed with the words
	Questions  []question `json:"questions"`
}

// sealedJSON sends a sealed report to the browser of a member who may have it.
func (s *Service) sealedJSON(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m := me(r)
	if _, err := s.mine(r.Context(), s.db, m, id); err != nil {
		return err
	}
	body, err := s.reports.Body(r.Context(), m.Program, id, m.Office)
	if err != nil {
		return fault.Wrap(err, "reading a sealed report")
	}
	if body.Wrap == nil {
		return ErrNoWrap
	}
	if err := s.looked(r.Context(), m, "report.fetched", "report:"+id.String()); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, sealedReport{
		Program: m.Program, Report: id.String(), Office: m.Office, Member: m.ID.String(), Hash: body.Hash[:], Ciphertext: body.Ciphertext,
		Wrap: body.Wrap, SealedBy: body.SealedBy, ReplyKey: body.ReplyKey, Questions: s.questions(m.Program),
	})
}

// questions are the words of the program's form, in the order in which it asks.
func (s *Service) questions(programID string) []question {
	p, ok := s.programs.Program(programID)
	if !ok {
		return nil
	}
	var out []question
	for _, q := range p.Form.Questions {
		x := question{ID: q.ID, Label: q.Label.In("en"), Options: map[string]string{}}
		for _, o := range q.Options {
			x.Options[o.ID] = o.Label.In("en")
		}
		out = append(out, x)
	}
	return append(out, question{ID: report.SignAnswer, Label: "The sign that they scanned, as they sent it along"})
}

func (s *Service) openedPost(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	token, signature, err := openingOf(r)
	if err != nil {
		return err
	}
	if err := s.Open(r.Context(), me(r), id, token, signature); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]bool{"ok": true})
}

// openingOf reads what a browser sends as proof of having opened something.
func openingOf(r *http.Request) (token [32]byte, signature []byte, err error) {
	var in struct {
		Token     []byte `json:"token"`
		Signature []byte `json:"signature"`
	}
	if err := web.DecodeJSON(r, &in); err != nil {
		return token, nil, err
	}
	if len(in.Token) != 32 {
		return token, nil, ErrProof
	}
	return [32]byte(in.Token), in.Signature, nil
}

// onwardBody is a wrap that a browser made for another office.
type onwardBody struct {
	Office string `json:"office"`
	KeyID  string `json:"key_id"`
	Wrap   []byte `json:"wrap"`
	Basis  string `json:"basis"`
	// Reporter is the wrap of the reporter's own part, where a box was ticked.
	Reporter []byte `json:"reporter,omitempty"`
}

func (b onwardBody) onward() (Onward, error) {
	key, err := hex.DecodeString(b.KeyID)
	if err != nil || len(key) != 16 {
		return Onward{}, ErrKey
	}
	return Onward{Office: b.Office, KeyID: [16]byte(key), Wrap: b.Wrap, Basis: b.Basis, Reporter: b.Reporter}, nil
}

// wrapPost reads a wrap and hands it to an act.
func wrapPost(w http.ResponseWriter, r *http.Request, act func(id store.ID, o Onward) error) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var in onwardBody
	if err := web.DecodeJSON(r, &in); err != nil {
		return err
	}
	o, err := in.onward()
	if err != nil {
		return err
	}
	if err := act(id, o); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Service) referPost(w http.ResponseWriter, r *http.Request) error {
	return wrapPost(w, r, func(id store.ID, o Onward) error {
		_, err := s.ReferOn(r.Context(), me(r), id, o)
		return err
	})
}

func (s *Service) rewrapPost(w http.ResponseWriter, r *http.Request) error {
	return wrapPost(w, r, func(id store.ID, o Onward) error { return s.Rewrap(r.Context(), me(r), id, o) })
}

// printedPost records that an opened report was printed.
func (s *Service) printedPost(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if _, err := s.mine(r.Context(), s.db, me(r), id); err != nil {
		return err
	}
	if err := s.looked(r.Context(), me(r), "report.printed", "report:"+id.String()); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]bool{"ok": true})
}

func (s *Service) notePost(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var in struct {
		KeyID string `json:"key_id"`
		Body  []byte `json:"body"`
	}
	if err := web.DecodeJSON(r, &in); err != nil {
		return err
	}
	key, err := hex.DecodeString(in.KeyID)
	if err != nil || len(key) != 16 {
		return ErrKey
	}
	if err := s.AddNote(r.Context(), me(r), id, [16]byte(key), in.Body); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]bool{"ok": true})
}

// noteView is a sealed note as the browser gets it.
type noteView struct {
	At   string `json:"at"`
	Who  string `json:"who"`
	Body []byte `json:"body"`
}

func (s *Service) notesJSON(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	notes, err := s.Notes(r.Context(), me(r), id)
	if err != nil {
		return err
	}
	v, err := s.viewer(r.Context(), me(r))
	if err != nil {
		return err
	}
	if err := s.looked(r.Context(), me(r), "notes.fetched", "report:"+id.String()); err != nil {
		return err
	}
	out := []noteView{}
	for _, n := range notes {
		out = append(out, noteView{At: v.stamp(n.At).Exact, Who: v.member(n.Member), Body: n.Body})
	}
	return web.JSON(w, http.StatusOK, map[string]any{"notes": out})
}

func (s *Service) acknowledgePost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	return "acknowledged", s.Acknowledge(r.Context(), m, id)
}

func (s *Service) outcomePost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	return "outcome", s.RecordOutcome(r.Context(), m, id, Outcome(r.PostForm.Get("outcome")))
}

func (s *Service) cannotOpenPost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	return "cannot_open", s.CannotOpen(r.Context(), m, id)
}

// recusePost takes a ticked box, so that nobody steps back by a slip.
func (s *Service) recusePost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	if r.PostForm.Get("sure") != "yes" {
		return "", ErrSure
	}
	if r.PostForm.Get("scope") == "office" {
		return "/staff/inbox?done=office_recused", s.RecuseOffice(r.Context(), m, id)
	}
	return "/staff/inbox?done=recused", s.Recuse(r.Context(), m, id)
}

func (s *Service) matterPost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	other, err := s.findReport(r.Context(), m, strings.ToLower(strings.TrimSpace(r.PostForm.Get("other"))))
	if err != nil {
		return "", err
	}
	return "matter", s.SameMatter(r.Context(), m, id, other)
}

func (s *Service) separatePost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	return "separate", s.Separate(r.Context(), m, id)
}

func (s *Service) assignPost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	to, err := store.ParseID(r.PostForm.Get("to"))
	if err != nil {
		to = store.ID{} // nobody: whoever may not know of the report learns no more from that
	}
	return "assigned", s.Assign(r.Context(), m, id, to)
}

func (s *Service) metPost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	if _, err := s.mine(r.Context(), s.db, m, id); err != nil {
		return "", err
	}
	duty, err := store.ParseID(r.PostForm.Get("duty"))
	if err != nil {
		return "", errBody
	}
	return "met", s.Meet(r.Context(), m, duty)
}
