// SPDX-License-Identifier: Apache-2.0

package file

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/web"
	"waylight/internal/protection/report"
)

// senderPage is what the sender's page draws.
type senderPage struct {
	Words   string // as they were typed, given back
	Lookup  string // instead of the words, where a script kept them
	Trouble string
	Found   bool
	Nonce   string // new with every page: makes a file that is sent again the same one
	Limit   string
	Taken   []taken // what became of the files that were just sent
	Files   []string
}

// taken is what became of one file.
type taken struct {
	Good bool
	Text string
}

func (s *Service) getSender(w http.ResponseWriter, r *http.Request) error {
	return s.showSender(w, r, http.StatusOK, s.speaker(r, "", ""), senderPage{})
}

func (s *Service) showSender(w http.ResponseWriter, r *http.Request, status int, v speaker, page senderPage) error {
	view := web.View{Lang: v.lang, Title: v.t("file.title"), Data: page, Secret: true, Scripts: []string{"filesend.js"}}
	if r.Method != http.MethodGet {
		view.Langs = map[string]string{}
	}
	return s.pages.Public(w, r, status, "file.sender", view)
}

// postSender shows the files of a receipt, or takes files from a page that runs
// no script.
func (s *Service) postSender(w http.ResponseWriter, r *http.Request) error {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return errBody
	}
	switch kind {
	case "multipart/form-data":
		return s.postFiles(w, r, params["boundary"])
	case "application/x-www-form-urlencoded":
	default:
		return errBody
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxReceipt)
	if err := r.ParseForm(); err != nil {
		return errBody
	}
	v := s.speaker(r, "", "")
	return s.reveal(w, r, http.StatusOK, v, senderPage{Words: clip(r.PostForm.Get("receipt")), Lookup: r.PostForm.Get("lookup")})
}

// reveal finds the receipt and shows its files.
func (s *Service) reveal(w http.ResponseWriter, r *http.Request, status int, v speaker, page senderPage) error {
	to, err := s.receipt(r, page.Words, page.Lookup)
	if err != nil {
		return s.noReceipt(w, r, v, page, err)
	}
	v = s.speaker(r, to.Program, v.lang)
	files, err := filesOf(r.Context(), s.DB, to.Program, to.Report)
	if err != nil {
		return err
	}
	l := s.limits(to.Program)
	page.Nonce = newNonce()
	page.Found, page.Files, page.Limit = true, v.lines(files), v.t("file.limit", "size", v.size(l.File), "count", l.Count)
	return s.showSender(w, r, status, v, page)
}

// receipt finds the report by the words, or by what a script made of them.
func (s *Service) receipt(r *http.Request, words, lookup string) (report.Found, error) {
	if lookup == "" {
		return s.Receipts.FindWords(r.Context(), words)
	}
	b, err := base64.RawURLEncoding.DecodeString(lookup)
	if err != nil || len(b) != 32 {
		return report.Found{}, report.ErrReceipt
	}
	return s.Receipts.Find(r.Context(), "", [32]byte(b))
}

// noReceipt says what is wrong with the words. What is told of a mistyped one
// comes from the list of words alone.
func (s *Service) noReceipt(w http.ResponseWriter, r *http.Request, v speaker, page senderPage, err error) error {
	var word *seal.WordError
	var count *seal.CountError
	status := http.StatusUnprocessableEntity
	switch {
	case errors.As(err, &word):
		page.Trouble = v.t("report.receipt.word", "position", word.Position)
		if len(word.Suggestions) > 0 {
			page.Trouble += " " + v.t("report.receipt.suggest", "words", strings.Join(word.Suggestions, ", "))
		}
	case errors.As(err, &count):
		page.Trouble = v.t("report.receipt.count", "count", count.Have, "want", count.Want)
	case errors.Is(err, report.ErrReceipt):
		status, page.Trouble = http.StatusNotFound, v.t("report.error.receipt_unknown")
	default:
		return err
	}
	page.Lookup = ""
	return s.showSender(w, r, status, v, page)
}

// postFiles takes files as a page without a script sends them: the receipt first,
// then the files, each sealed as it comes.
func (s *Service) postFiles(w http.ResponseWriter, r *http.Request, boundary string) error {
	if boundary == "" {
		return errBody
	}
	body := keepOn(w, r, leastRate)
	parts := multipart.NewReader(body, boundary)
	fields := url.Values{}
	var to report.Found
	page, status := senderPage{}, http.StatusOK
	var form Form
	for found := false; ; form.Position++ {
		part, err := parts.NextRawPart()
		if err == io.EOF { // bare: a wrapped one is a body that broke off
			break
		}
		if err != nil {
			return errBody
		}
		name, isFile := fileName(part)
		if !isFile {
			if err := readField(fields, part); err != nil {
				return err
			}
			r.PostForm = fields // the page's language, for errors
			form.Nonce = readNonce(fields.Get("nonce"))
			continue
		}
		if !found {
			page.Words, page.Lookup = clip(fields.Get("receipt")), fields.Get("lookup")
			if to, err = s.receipt(r, page.Words, page.Lookup); err != nil {
				drain(body)
				return s.noReceipt(w, r, s.speaker(r, "", fields.Get("lang")), page, err)
			}
			found = true
		}
		v := s.speaker(r, to.Program, fields.Get("lang"))
		t, code, ok := s.takeOne(r, v, to, form, name, part)
		if ok {
			page.Taken = append(page.Taken, t)
			status = max(status, code)
		}
		if _, err := io.Copy(io.Discard, part); err != nil {
			break // the connection ended: what arrived is kept, and nobody reads an answer
		}
	}
	page.Words, page.Lookup = clip(fields.Get("receipt")), fields.Get("lookup")
	return s.reveal(w, r, status, s.speaker(r, to.Program, fields.Get("lang")), page)
}

// takeOne takes one file. An empty field of a form, where nothing was chosen, is
// no file.
func (s *Service) takeOne(r *http.Request, v speaker, to report.Found, form Form, name string, content io.Reader) (taken, int, bool) {
	if name == "" {
		first := make([]byte, 1)
		if n, _ := content.Read(first); n == 0 {
			return taken{}, 0, false
		}
		return taken{Text: v.problem(ErrName)}, http.StatusBadRequest, true
	}
	part, _ := content.(*multipart.Part)
	kind := ""
	if part != nil {
		kind = part.Header.Get("Content-Type")
	}
	f, err := s.Receive(r.Context(), to, form, name, kind, content)
	if err == nil {
		return taken{Good: true, Text: v.t("file.taken", "size", v.size(f.Size))}, http.StatusOK, true
	}
	if fault.KindOf(err) == fault.Internal {
		s.Log.Error("keeping a file", "error", err.Error())
	}
	return taken{Text: v.problem(err)}, web.StatusOf(fault.KindOf(err)), true
}

// fileName gives the name of a part's file as it was sent, and whether it is one.
// The ready-made reading takes a name that it cannot read for none.
func fileName(part *multipart.Part) (string, bool) {
	raw := part.Header.Get("Content-Disposition")
	_, params, err := mime.ParseMediaType(raw)
	if err != nil {
		return "", strings.Contains(raw, "filename")
	}
	name, ok := params["filename"]
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	return unescaped(name), ok
}

// unescaped takes back what browsers write for signs that a header cannot hold.
func unescaped(name string) string {
	return strings.NewReplacer("%22", `"`, "%0D", "\r", "%0A", "\n").Replace(name)
}

// maxField is the most that a field beside the files may hold.
const maxField = 2 << 10

func readField(fields url.Values, part *multipart.Part) error {
	if len(fields) > 8 {
		return errBody
	}
	value, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil || len(value) > maxField {
		return errBody
	}
	fields.Add(part.FormName(), string(value))
	return nil
}

// drain reads what is still to come, so that the answer is not lost on a
// connection that is cut while the browser sends. Where far more comes than a
// mistyped receipt's first picture, the answer is lost.
func drain(body io.Reader) { _, _ = io.Copy(io.Discard, io.LimitReader(body, maxDrain)) }

// maxWords is far more than seven words take; beyond it nothing is given back.
const maxWords = 1 << 10

func clip(words string) string {
	words = strings.TrimSpace(words)
	return strings.ToValidUTF8(words[:min(len(words), maxWords)], " ")
}

// speaker says things in the sender's language and the program's time.
type speaker struct {
	*Service
	lang string
	zone *time.Location
}

func (s *Service) speaker(r *http.Request, programID, lang string) speaker {
	v := speaker{Service: s, lang: lang, zone: time.UTC}
	if !slices.Contains(s.Site.Catalog.Langs(), lang) {
		v.lang = web.Lang(r)
	}
	ids := s.Programs.IDs()
	if programID == "" && len(ids) > 0 {
		programID = ids[0]
	}
	if p, ok := s.Programs.Program(programID); ok && p.Zone != nil {
		v.zone = p.Zone
	}
	return v
}

func (v speaker) t(key string, args ...any) string { return v.Site.Catalog.T(v.lang, key, args...) }

func (v speaker) when(t time.Time) string {
	t = t.In(v.zone)
	return v.t("report.when", "month", v.t("report.month."+t.Format("1")), "day", t.Day(), "year", t.Year(), "time", t.Format("3:04 PM"), "zone", t.Format("MST"))
}

// size is a size in words that fit a telephone: "12 MB".
func (v speaker) size(n int64) string {
	switch {
	case n >= 1<<30:
		return strconv.FormatFloat(float64(n)/(1<<30), 'f', 1, 64) + " GB"
	case n >= 1<<20:
		return strconv.FormatInt((n+1<<19)>>20, 10) + " MB"
	}
	return strconv.FormatInt(max(n>>10, 1), 10) + " KB"
}

// lines say of each file when it came and whether it is whole, and no more.
func (v speaker) lines(files []File) []string {
	var out []string
	for _, f := range files {
		key := "file.line." + f.State
		if !f.CopyOf.IsZero() && f.State == Whole {
			key = "file.line.copy"
		}
		out = append(out, v.t(key, "time", v.when(f.At), "size", v.size(f.Size)))
	}
	return out
}

// problem is what the page says of a fault.
func (v speaker) problem(err error) string {
	if f, ok := fault.As(err); ok && v.Site.Catalog.Has(v.lang, "file.error."+f.Code) {
		return v.t("file.error." + f.Code)
	}
	return v.t("file.error.other")
}
