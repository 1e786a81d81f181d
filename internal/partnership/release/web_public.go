// SPDX-License-Identifier: Apache-2.0

package release

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/web"
)

const publicPage = 20

var errProofLater = fault.New(fault.Unavailable, "release.proof_later", "The public log shows this entry with its next checkpoint, within minutes. Please try again then.")

// numbered finds the published release of an address.
func (s *Service) numbered(h publicHandler) publicHandler {
	return func(w http.ResponseWriter, r *http.Request, v visit) error {
		text := r.PathValue("number")
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil || strconv.FormatInt(number, 10) != text {
			return ErrNone
		}
		if v.Release, err = byNumber(r.Context(), s.DB, v.p.ID, number); err != nil {
			return err
		}
		return h(w, r, v)
	}
}

// base is the address of the figures of a program.
func base(p *program.Program, lang string) string { return "/" + p.ID + "/" + lang + "/figures" }

func (v visit) at(file string) string {
	return fmt.Sprintf("%s/%d%s", base(v.p, v.lang), v.Number, file)
}

// langs are the addresses of a page in the program's languages.
func langs(p *program.Program, rest string) map[string]string {
	out := map[string]string{}
	for _, lang := range p.Languages {
		out[lang] = base(p, lang) + rest
	}
	return out
}

type listLine struct{ Headline, Period, Published, Href string }

type publicListView struct {
	Program string
	Lines   []listLine
	Paging  web.Paging
}

// publicList lists what was released, the latest first.
func (s *Service) publicList(w http.ResponseWriter, r *http.Request, v visit) error {
	below := int64(1) << 62
	if err := web.DecodeCursor(r.URL.Query().Get("after"), &below); err != nil {
		return err
	}
	found, err := list(r.Context(), s.DB, v.p.ID, true, below, publicPage+1)
	if err != nil {
		return err
	}
	data := publicListView{Program: v.p.Name.In(v.lang)}
	if len(found) > publicPage {
		found = found[:publicPage]
		data.Paging.Next = base(v.p, v.lang) + "?after=" + web.EncodeCursor(found[publicPage-1].Number)
	}
	for _, x := range found {
		data.Lines = append(data.Lines, listLine{Headline: x.Headline[v.lang], Period: s.period(v.lang, x.From, x.Through), Published: s.dayOf(v.p, v.lang, x.PublishedAt),
			Href: fmt.Sprintf("%s/%d", base(v.p, v.lang), x.Number)})
	}
	return s.pages.Public(w, r, http.StatusOK, "release.list", web.View{Lang: v.lang, Title: s.Site.Catalog.T(v.lang, "release.tab"), Data: data, Langs: langs(v.p, "")})
}

func (s *Service) dayOf(p *program.Program, lang string, at time.Time) string {
	return day(lang, at.In(p.Zone).Format(figure.Day))
}

type publicView struct {
	Program, Headline, Period, Published, Computed string
	RestatesNumber                                 int64
	Tables                                         []tableView
	Base, CSV, JSON, PDF, Proof, Report            string
	Hash, Root, Origin, Key                        string
	Size                                           int64
	RestatedBy, Restates                           string // addresses
	Why                                            string
	Changes                                        []changeView
	ChangedSince                                   bool
	Set                                            bool
}

// publicPage shows one release.
func (s *Service) publicPage(w http.ResponseWriter, r *http.Request, v visit) error {
	doc, err := figure.ParseDocument([]byte(v.Document))
	if err != nil {
		return err
	}
	later, err := restatedBy(r.Context(), s.DB, v.p.ID, v.ID)
	if err != nil {
		return err
	}
	changed, err := s.since(r.Context(), v.Release)
	if err != nil {
		return err
	}
	data := publicView{Program: v.p.Name.In(v.lang), Headline: doc.Headline[v.lang], Period: s.period(v.lang, doc.From, doc.Through),
		Published: s.dayOf(v.p, v.lang, v.PublishedAt), Computed: s.dayOf(v.p, v.lang, v.Checked), Base: base(v.p, v.lang),
		CSV: v.at("/figures.csv"), JSON: v.at("/figures.json"), PDF: v.at("/sheet.pdf"), Proof: v.at("/proof.json"), Report: v.at("/report"),
		Hash: v.DocumentHash, Root: doc.Log.Root, Origin: doc.Log.Origin, Size: doc.Log.Size, Key: "/log/" + v.p.ID + "/key", Set: doc.Set != "",
		ChangedSince: later == 0 && len(changed.Changes) > 0}
	if later != 0 {
		data.RestatedBy = fmt.Sprintf("%s/%d", base(v.p, v.lang), later)
	}
	if doc.Restates != nil {
		data.Restates, data.Why = fmt.Sprintf("%s/%d", base(v.p, v.lang), doc.Restates.Number), doc.Restates.Why[v.lang]
		data.RestatesNumber = doc.Restates.Number
		data.Changes = s.changes(v.lang, doc.Tables, doc.Definitions, doc.Restates.Changes)
	}
	for i, t := range doc.Tables {
		data.Tables = append(data.Tables, s.published(v.lang, i+1, t, doc.Definitions))
	}
	return s.pages.Public(w, r, http.StatusOK, "release.public", web.View{Lang: v.lang, Title: s.Site.Catalog.T(v.lang, "release.tab"), Data: data,
		Langs: langs(v.p, fmt.Sprintf("/%d", v.Number))})
}

func (s *Service) publicCSV(w http.ResponseWriter, _ *http.Request, v visit) error {
	return s.csv(w, v.lang, v.Release)
}

// csv writes the tables of a release as one file.
func (s *Service) csv(w http.ResponseWriter, lang string, r Release) error {
	doc, err := figure.ParseDocument([]byte(r.Document))
	if err != nil {
		return err
	}
	titles := map[string]string{}
	for _, d := range doc.Definitions {
		titles[d.Measure] = d.Words[lang].Title
	}
	return web.CSV(w, fmt.Sprintf("figures-%d-%s.csv", r.Number, lang), figure.Header(s.Site.Catalog, lang), func(yield func([]string) error) error {
		for _, t := range doc.Tables {
			if err := figure.Lines(s.Site.Catalog, lang, titles[t.Measure], t.Table(), yield); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) publicJSON(w http.ResponseWriter, _ *http.Request, v visit) error {
	return file(w, "application/json", fmt.Sprintf("figures-%s-%d.json", v.p.ID, v.Number), []byte(v.Document))
}

// file answers with a file, exactly.
func file(w http.ResponseWriter, kind, name string, data []byte) error {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	_, err := w.Write(data)
	return err
}

func (s *Service) publicSheet(w http.ResponseWriter, _ *http.Request, v visit) error {
	data, err := s.sheet(v.p, v.lang, v.Release)
	if err != nil {
		return err
	}
	return file(w, "application/pdf", fmt.Sprintf("figures-%s-%d-%s.pdf", v.p.ID, v.Number, v.lang), data)
}

// Proof shows that a document is what was published: it opens the entry of the log
// that names its hash, and puts it into a signed checkpoint.
type Proof struct {
	Format     string `json:"format"`
	Document   string `json:"document_sha256"`
	Commitment string `json:"commitment"` // base64
	Salt       string `json:"salt"`       // base64
	Opening    string `json:"opening"`
	Proof      string `json:"proof"` // C2SP tlog-proof
}

// ProofFormat names the form of [Proof].
const ProofFormat = "waylight-figures-proof/1"

func (s *Service) publicProof(w http.ResponseWriter, r *http.Request, v visit) error {
	known, err := readWatch(r.Context(), s.DB, v.p.ID, v.ID)
	if err != nil {
		return err
	}
	leaf, err := custody.Find(r.Context(), s.DB, v.p.ID, known.commitment)
	if err != nil {
		return err
	}
	proof, err := custody.Prove(r.Context(), s.DB, v.p.ID, known.commitment)
	if errors.Is(err, custody.ErrNotYet) {
		return errProofLater
	}
	if err != nil {
		return err
	}
	b64 := base64.StdEncoding.EncodeToString
	return web.JSON(w, http.StatusOK, Proof{Format: ProofFormat, Document: v.DocumentHash, Commitment: b64(leaf.Commitment[:]), Salt: b64(leaf.Salt[:]),
		Opening: string(leaf.Opening), Proof: proof.String()})
}
