// SPDX-License-Identifier: Apache-2.0

package file

import (
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/report"
)

// partHead is what stands before a part that a browser sends: the lookup, which
// must not stand in an address, and the part's mark.
const partHead = 32 + 32

// lookedUp is how a script names a receipt: never by its words.
type lookedUp struct {
	Program string `json:"program"`
	Lookup  []byte `json:"lookup"`
}

func (s *Service) find(r *http.Request, l lookedUp) (report.Found, error) {
	if len(l.Lookup) != 32 {
		return report.Found{}, errBody.At("lookup")
	}
	return s.Receipts.Find(r.Context(), l.Program, [32]byte(l.Lookup))
}

// jsonSent is one file as its sender may see it: never its name.
type jsonSent struct {
	ID     string `json:"id"`
	CopyOf string `json:"copy_of"`
	Line   string `json:"line"`
	State  string `json:"state"`
	Parts  int    `json:"parts"`
	Token  []byte `json:"token,omitempty"`
	Resume []byte `json:"resume,omitempty"`
	Marks  []byte `json:"marks,omitempty"` // one after the other
}

// findJSON gives a script what it needs to send files, the page's words included.
func (s *Service) findJSON(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Lookup []byte `json:"lookup"`
		Lang   string `json:"lang"`
	}
	if err := web.DecodeJSON(r, &in); err != nil {
		return err
	}
	to, err := s.find(r, lookedUp{Lookup: in.Lookup})
	if err != nil {
		return err
	}
	reader, ok, err := s.SenderReader(r.Context(), to)
	if err != nil {
		return err
	}
	chains := []agency.Chain{}
	if ok && reader.Chain.Office != "" {
		chains = append(chains, reader.Chain)
	}
	v := s.speaker(r, to.Program, in.Lang)
	sent, err := s.sentJSON(r, v, to)
	if err != nil {
		return err
	}
	limits := s.limits(to.Program)
	return web.JSON(w, http.StatusOK, map[string]any{
		"program": to.Program, "readers": chains, "all": len(chains) > 0, "files": sent,
		"limit": limits.File, "words": v.scriptWords(limits),
	})
}

func (s *Service) sentJSON(r *http.Request, v speaker, to report.Found) ([]jsonSent, error) {
	files, err := filesOf(r.Context(), s.DB, to.Program, to.Report)
	if err != nil {
		return nil, err
	}
	open, err := s.Resumable(r.Context(), to)
	if err != nil {
		return nil, err
	}
	out := []jsonSent{}
	for i, line := range v.lines(files) {
		f := files[i]
		x := jsonSent{ID: f.ID.String(), Line: line, State: f.State}
		if !f.CopyOf.IsZero() {
			x.CopyOf = f.CopyOf.String()
		}
		for _, st := range open {
			if st.File.ID == f.ID {
				x.Parts, x.Resume, x.Token = st.Parts, st.Resume, f.Head.Token[:]
				for _, m := range st.Marks {
					x.Marks = append(x.Marks, m...)
				}
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// stepping answers faults as JSON, and a part that is not the wanted one with
// the number of the one that is.
func (s *Service) stepping(h func(r *http.Request, body *steady) (next int, err error)) web.Handler {
	return web.AnswerJSON(func(w http.ResponseWriter, r *http.Request) error {
		next, err := h(r, keepOn(w, r, 0))
		if n, wrong := isNext(err); wrong {
			return web.JSON(w, http.StatusConflict, map[string]any{"next": n})
		}
		if err != nil {
			return err
		}
		return web.JSON(w, http.StatusOK, map[string]any{"next": next})
	})
}

// beginJSON takes note of a file that a browser is about to send.
func (s *Service) beginJSON(r *http.Request, _ *steady) (int, error) {
	var in struct {
		lookedUp
		File   string `json:"file"`
		CopyOf string `json:"copy_of"`
		Token  []byte `json:"token"`
		Size   int64  `json:"size"`
		Resume []byte `json:"resume"`
		Wraps  []struct {
			Holder string `json:"holder"`
			KeyID  string `json:"key_id"`
			Wrap   []byte `json:"wrap"`
		} `json:"wraps"`
	}
	if err := web.DecodeJSON(r, &in); err != nil {
		return 0, err
	}
	b := Begun{Size: in.Size, Receipt: in.Resume}
	var err error
	if b.ID, err = store.ParseID(in.File); err != nil || len(in.Token) != 32 || in.Size < 0 || len(in.Resume) != seal.WrapSize {
		return 0, errBody
	}
	if in.CopyOf != "" {
		if b.CopyOf, err = store.ParseID(in.CopyOf); err != nil {
			return 0, errBody.At("copy_of")
		}
	}
	b.Head = seal.FileHeadOf([32]byte(in.Token))
	for _, w := range in.Wraps {
		key, err := hex.DecodeString(w.KeyID)
		if err != nil || len(key) != 16 {
			return 0, errBody.At("key_id")
		}
		b.Wraps = append(b.Wraps, Wrap{Holder: w.Holder, KeyID: [16]byte(key), Wrap: w.Wrap})
	}
	to, err := s.find(r, in.lookedUp)
	if err != nil {
		return 0, err
	}
	return s.Begin(r.Context(), to, b)
}

// putPart keeps one part: lookup, mark, sealed bytes.
func (s *Service) putPart(r *http.Request, body *steady) (int, error) {
	id, err := pathID(r, "file")
	if err != nil {
		return 0, err
	}
	part, err := strconv.Atoi(r.PathValue("part"))
	if err != nil || part < 0 {
		return 0, ErrNoFile
	}
	var head [partHead]byte
	if _, err := io.ReadFull(body, head[:]); err != nil {
		return 0, unread(err)
	}
	to, err := s.find(r, lookedUp{Program: r.PathValue("program"), Lookup: head[:32]})
	if err != nil {
		return 0, err
	}
	leave, err := s.enter(to)
	if err != nil {
		return 0, err
	}
	defer leave()
	sealed, giveBack, err := s.readPiecewise(body)
	defer giveBack()
	if err != nil {
		return 0, err
	}
	if int64(len(sealed))+partHead != r.ContentLength && r.ContentLength >= 0 {
		return 0, unread(io.ErrUnexpectedEOF)
	}
	return s.Put(r.Context(), to, id, part, [32]byte(head[32:]), sealed)
}

// unread is the fault of a body that did not come whole. Its cause can name the
// sender's address and is not passed on.
func unread(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return ErrPart
	}
	return errBody
}

// endJSON ends a file.
func (s *Service) endJSON(r *http.Request, _ *steady) (int, error) {
	var in struct {
		lookedUp
		File  string `json:"file"`
		Parts int    `json:"parts"`
		Whole bool   `json:"whole"`
	}
	if err := web.DecodeJSON(r, &in); err != nil {
		return 0, err
	}
	id, err := store.ParseID(in.File)
	if err != nil {
		return 0, ErrNoFile
	}
	to, err := s.find(r, in.lookedUp)
	if err != nil {
		return 0, err
	}
	return in.Parts, s.End(r.Context(), to, id, in.Parts, in.Whole)
}

// scriptWords are the page's words as its script needs them.
func (v speaker) scriptWords(l Limits) map[string]string {
	out := map[string]string{}
	for _, key := range v.Site.Catalog.Keys() {
		if name, ok := strings.CutPrefix(key, "file.page."); ok {
			out[name] = v.Site.Catalog.Raw(v.lang, key)
		}
		if name, ok := strings.CutPrefix(key, "file.error."); ok {
			out["error_"+name] = v.Site.Catalog.Raw(v.lang, key)
		}
	}
	out["limit"] = v.t("file.limit", "size", v.size(l.File), "count", l.Count)
	return out
}
