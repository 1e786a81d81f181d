// SPDX-License-Identifier: Apache-2.0

package file

import (
	_ "embed"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/protection/referral"
)

// staffPage is what the page of a report's files shows without opening any.
type staffPage struct {
	ID, Short, Program, Office, Member string
	Rows                               []staffRow
	Waits                              int // files that another holder cannot open yet, and this office can
}

// staffRow is one file. Its name is sealed with it.
type staffRow struct {
	ID       string
	Number   int
	Copy     bool
	Of       int // the number of the original that this is a copy of
	At       time.Time
	Size     string
	State    string
	Class    string
	Server   bool
	Closed   bool // the office cannot open it yet
	Accesses []staffAccess
	Unread   []staffOffice
}

type staffAccess struct {
	Who, What string
	At        time.Time
}

// staffOffice is an office that the file can be made readable for.
type staffOffice struct{ ID, Name, Chain string }

func (s *Service) filesPage(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	m := me(r)
	files, err := s.List(r.Context(), m, id)
	if err != nil {
		return err
	}
	page := staffPage{ID: id.String(), Short: referral.Short(id), Program: m.Program, Office: m.Office, Member: m.ID.String()}
	if page.Rows, err = s.staffRows(r, files); err != nil {
		return err
	}
	for _, row := range page.Rows {
		if !row.Closed && len(row.Unread) > 0 {
			page.Waits++
		}
	}
	// The page may show one frame: its own, for what the sender sent.
	h := w.Header()
	h.Set("Content-Security-Policy", h.Get("Content-Security-Policy")+"; frame-src 'self'")
	return s.pages.Staff(w, r, http.StatusOK, "file.staff", web.View{Title: "Files", Data: page, Secret: true, Scripts: []string{"files.js"}})
}

var stateWords = map[string][2]string{
	Open: {"Still arriving", "t-wait"}, Whole: {"Complete", "t-done"}, Broken: {"Incomplete", "t-late"},
}

var reasonWords = map[string]string{
	ReasonCut: "the connection ended", ReasonSize: "larger than is taken", ReasonFull: "no room was left",
}

func (s *Service) staffRows(r *http.Request, files []Held) ([]staffRow, error) {
	m := me(r)
	people, err := s.People.Members(r.Context(), m.Program, m.Office)
	if err != nil {
		return nil, fault.Wrap(err, "listing members")
	}
	names := map[store.ID]string{}
	for _, p := range people {
		names[p.ID] = p.Name
	}
	p, _ := s.Programs.Program(m.Program)
	chains := s.Chains(m.Program)
	numbers := map[store.ID]int{}
	var rows []staffRow
	v := speaker{Service: s, lang: "en"}
	for i, f := range files {
		numbers[f.ID] = i + 1
		word := stateWords[f.State]
		row := staffRow{ID: f.ID.String(), Number: i + 1, Copy: !f.CopyOf.IsZero(), Of: numbers[f.CopyOf], At: f.At, Size: v.size(f.Size),
			State: word[0], Class: word[1], Server: f.SealedBy == ByServer, Closed: f.Wrap.Wrap == nil}
		if why := reasonWords[f.Reason]; why != "" {
			row.State += ": " + why
		}
		for _, a := range f.Access {
			who := names[a.Member]
			if who == "" {
				who = "A former colleague"
			}
			row.Accesses = append(row.Accesses, staffAccess{Who: who, At: a.At, What: map[string]string{ActOpened: "looked at it", ActDownloaded: "took the original"}[a.Act]})
		}
		for _, office := range f.Unread {
			chain, err := chains[office].Text()
			if err != nil {
				return nil, fault.Wrap(err, "writing a key's chain")
			}
			row.Unread = append(row.Unread, staffOffice{ID: office, Name: p.Offices[office].Name.In("en"), Chain: chain})
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// listJSON gives a member's browser what it needs to open the files.
func (s *Service) listJSON(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	files, err := s.List(r.Context(), me(r), id)
	if err != nil {
		return err
	}
	type jsonFile struct {
		ID     string `json:"id"`
		CopyOf string `json:"copy_of"`
		Token  []byte `json:"token"`
		Parts  int    `json:"parts"`
		Size   int64  `json:"size"`
		State  string `json:"state"`
		Wrap   []byte `json:"wrap"`
	}
	out := []jsonFile{}
	for _, f := range files {
		x := jsonFile{ID: f.ID.String(), Token: f.Head.Token[:], Parts: f.Parts, Size: f.Size, State: f.State, Wrap: f.Wrap.Wrap}
		if !f.CopyOf.IsZero() {
			x.CopyOf = f.CopyOf.String()
		}
		out = append(out, x)
	}
	return web.JSON(w, http.StatusOK, map[string]any{"files": out})
}

// getPart gives one part, sealed as it is.
func (s *Service) getPart(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f, err := pathID(r, "file")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PathValue("part"))
	if err != nil || n < 0 {
		return ErrNoFile
	}
	sealed, err := s.Part(r.Context(), me(r), id, f, n)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(sealed)))
	w.WriteHeader(http.StatusOK)
	_, err = w.Write(sealed)
	return err
}

// openedPost records an opening, or that the original is taken away.
func (s *Service) openedPost(act string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Token     []byte `json:"token"`
			Signature []byte `json:"signature"`
			Warned    bool   `json:"warned"`
		}
		id, err := pathID(r, "id")
		if err != nil {
			return err
		}
		f, err := pathID(r, "file")
		if err != nil {
			return err
		}
		if err := web.DecodeJSON(r, &in); err != nil {
			return err
		}
		if len(in.Token) != 32 || act == ActDownloaded && !in.Warned {
			return errBody
		}
		if err := s.Opened(r.Context(), me(r), id, f, act, [32]byte(in.Token), in.Signature); err != nil {
			return err
		}
		return web.JSON(w, http.StatusOK, map[string]any{})
	}
}

// unopenedPost notes that the member's office cannot open a file.
func (s *Service) unopenedPost(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f, err := pathID(r, "file")
	if err != nil {
		return err
	}
	if err := s.CannotOpen(r.Context(), me(r), id, f); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]any{})
}

// wrapPost makes a file readable for another office that holds the report.
func (s *Service) wrapPost(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Office string `json:"office"`
		KeyID  string `json:"key_id"`
		Wrap   []byte `json:"wrap"`
	}
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f, err := pathID(r, "file")
	if err != nil {
		return err
	}
	if err := web.DecodeJSON(r, &in); err != nil {
		return err
	}
	key, err := hex.DecodeString(in.KeyID)
	if err != nil || len(key) != 16 {
		return errBody.At("key_id")
	}
	if err := s.Share(r.Context(), me(r), id, f, Wrap{Holder: in.Office, KeyID: [16]byte(key), Wrap: in.Wrap}); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]any{})
}

//go:embed frame/preview.html
var previewHTML []byte

//go:embed frame/preview.js
var previewJS []byte

// framePolicy is the cage in which a sender's file is looked at: a page of no
// origin, that may run its one script and nothing else: no request, no form, no
// window, no picture from anywhere. What it shows it draws itself.
const framePolicy = "sandbox allow-scripts; default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

func (s *Service) previewFrame(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Security-Policy", framePolicy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(previewHTML)
	return err
}

// previewScript is open to everybody because a page of no origin has no cookie to
// show; it holds nothing but code.
func (s *Service) previewScript(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(previewJS)
	return err
}
