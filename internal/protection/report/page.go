// SPDX-License-Identifier: Apache-2.0

package report

import (
	"net/http"
	"slices"
	"strings"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/web"
)

type reading = agency.Reading

// The fields of the page itself; the form passes names with "_" over.
const (
	keyField   = "_key"    // idempotency key, new with every fresh page
	shownField = "_shown"  // what the sender was shown about who will be told
	stepField  = "_step"   // preview or send
	askField   = "_lookup" // the lookup of the receipt that a browser made
	formField  = "_form"   // the form that a browser sealed the answers of
	stepSend   = "send"
)

// formPage is what the form's template draws.
type formPage struct {
	Name    string
	Lines   []callLine
	Hours   string
	Danger  string
	Keep    string // what stays readable
	Closed  bool
	Moved   string // where the program went, when it left this place
	HelpOff bool   // nobody can be asked for help here yet
	Sheet   form.Sheet
	Key     string
	Who     *who   // nil until enough is answered
	Changed bool   // who will be told is not what was shown
	Trouble string // why nothing was kept
	Unsure  bool   // it may have been kept all the same
	Watch   string // names of the fields that decide who is told, for the script
	Ask     string // where the script asks
	Program string
	Seals   bool     // the script may seal: a directory key is pinned
	Typed   string   // the sender's words, given back where nothing can be sent
	Sign    *scanned // nil: the sender brought no code of a sign
	About   string   // address of the page about the signs; "" for none
}

// getForm shows the empty form, or only the lines to call while the program is
// closed.
func (s *Service) getForm(p *program.Program, fixed string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := s.speaker(p, r, fixed)
		page := formPage{Key: newKey(), Closed: !s.mayCome(r.Context(), p.ID, s.via(r, p.ID, "", ViaWeb))}
		page.Sign = s.scannedBy(r.Context(), p.ID, r.URL.Query().Get(codeParam))
		return s.showForm(w, r, http.StatusOK, v, page, nil, nil)
	}
}

// postForm answers the same page: it shows who will be told, gives everything
// back that needs a change, or takes the report and shows its receipt.
func (s *Service) postForm(p *program.Program, fixed string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := parseForm(r); err != nil {
			return err
		}
		v := s.speaker(p, r, fixed)
		page := formPage{Key: r.PostForm.Get(keyField), Sign: s.takeSign(r, p.ID)}
		send, keyed := r.PostForm.Get(stepField) == stepSend, strongKey([]byte(page.Key))
		if !keyed {
			page.Key = newKey()
		}
		answers, problems := decodeValues(p, r.PostForm)
		sub := Submission{Program: p.ID, Language: v.lang, Key: []byte(page.Key), Answers: answers, Sign: page.Sign.answer(), Via: s.via(r, p.ID, page.Key, ViaWeb)}
		switch {
		case !s.mayCome(r.Context(), p.ID, sub.Via):
			return s.postClosed(w, r, v, page, sub, send && len(problems) == 0)
		case len(problems) > 0:
			return s.showForm(w, r, http.StatusUnprocessableEntity, v, page, answers, problems)
		case send && keyed:
			return s.send(w, r, v, page, sub)
		case send:
			// Sent again from here, it counts once; under a key that the sender
			// does not hold, it would count every time.
			page.Trouble = v.t("report.error.page_key")
		}
		return s.preview(w, r, v, page, sub)
	}
}

// preview shows who would be told.
func (s *Service) preview(w http.ResponseWriter, r *http.Request, v speaker, page formPage, sub Submission) error {
	routed, err := s.route(v.p, sub.Answers, v.lang, sub.Via)
	if err != nil {
		return s.refuse(w, r, v, page, sub.Answers, err)
	}
	list := v.whoFor(routed)
	page.Who = &list
	return s.showForm(w, r, http.StatusOK, v, page, sub.Answers, nil)
}

// send takes the report, if the sender was shown who will be told; otherwise it
// shows that first.
func (s *Service) send(w http.ResponseWriter, r *http.Request, v speaker, page formPage, sub Submission) error {
	routed, err := s.route(v.p, sub.Answers, v.lang, sub.Via)
	if err != nil || !newShown(v.base(routed)).covers(routed.plan, r.PostForm.Get(shownField)) {
		if accepted, ok := s.before(r.Context(), v.p, sub); ok {
			return s.showSent(w, r, v, accepted, "")
		}
		page.Changed = err == nil
		return s.preview(w, r, v, page, sub)
	}
	accepted, err := s.accept(r.Context(), v.p, sub)
	if err != nil {
		list := v.whoFor(routed)
		page.Who = &list
		return s.refuse(w, r, v, page, sub.Answers, err)
	}
	if sub.Sign != "" {
		s.told(r.Context(), accepted, sub.Via, page.Sign.Code)
	}
	return s.showSent(w, r, v, accepted, "")
}

// whoJSON tells the page's script who would be told. It needs, and is sent,
// only the answers that decide it: no words of the sender.
func (s *Service) whoJSON(p *program.Program) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := parseForm(r); err != nil {
			return err
		}
		v := s.speaker(p, r, "")
		answers, problems := decodeValues(p, r.PostForm)
		for _, problem := range problems {
			q, known := p.Form.Question(problem.Question)
			switch {
			case !known || q.Envelope && problem.Code != form.Required:
				return v.jsonProblems(w, problems)
			case q.Envelope:
				return web.JSON(w, http.StatusOK, who{Sections: []section{{
					ID: "told", Title: v.t("report.who.told.title"), Text: v.t("report.who.first"),
				}}})
			}
		}
		routed, err := s.route(p, answers, v.lang, s.via(r, p.ID, "", ViaWeb))
		if err != nil {
			return v.jsonError(w, err)
		}
		return web.JSON(w, http.StatusOK, v.whoFor(routed))
	}
}

// refuse gives the form back with every word in it, and says why nothing was
// kept.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, v speaker, page formPage, answers form.Answers, err error) error {
	f := classify(err)
	if f.Code == ErrClosed.Code {
		return s.showClosed(w, r, v, page)
	}
	if _, asked := v.p.Form.Question(f.Field); asked && f.Kind == fault.Invalid && f.Code != ErrNoHelp.Code {
		return s.showForm(w, r, http.StatusUnprocessableEntity, v, page, answers, []form.Problem{{Question: f.Field, Code: form.UnknownOption}})
	}
	status := statusOf(f)
	s.logFailure(r.Context(), "taking a report", err)
	if status >= http.StatusInternalServerError {
		w.Header().Set("Retry-After", retryAfter)
	}
	page.Trouble, page.Unsure = v.explain(f), unsure(f)
	return s.showForm(w, r, status, v, page, answers, nil)
}

func (s *Service) showForm(w http.ResponseWriter, r *http.Request, status int, v speaker, page formPage, a form.Answers, problems []form.Problem) error {
	sheet, err := s.Site.Sheet(v.lang, v.p.Form, a, problems)
	if err != nil {
		return fault.Wrap(err, "drawing the form")
	}
	page.Sheet = v.withNotices(sheet)
	page.Danger = v.notice("danger", "report.danger.text")
	page.Keep = v.notice("clear-envelope", "report.keep.envelope")
	page.Name = v.p.Name.In(v.lang)
	page.Lines = v.lines()
	page.Hours = v.hours(s.Hours(r.Context(), v.p.ID))
	page.HelpOff = len(v.p.HelpOffices(s.Keyed(v.p.ID))) == 0
	page.Watch = strings.Join(watchedFields(v.p.Form), " ")
	page.Ask, page.Program, page.Seals = "/"+v.p.ID+"/who", v.p.ID, s.seals(v.p.ID)
	if s.About != nil {
		page.About = s.About(v.p.ID, v.lang)
	}
	name := "report.form"
	if page.Closed {
		page.Moved = s.movedTo(v.p.ID)
		name = "report.closed"
	}
	return s.pages.Public(w, r, status, name, web.View{
		Lang: v.lang, Title: v.t("report.title"), Data: page, Problems: problems,
		Langs: v.addresses(r, page.Sign), Scripts: []string{"report.js"},
	})
}

// withNotices puts what must be read before the age question above it: before
// anything is typed that the law may make us pass on.
func (v speaker) withNotices(sheet form.Sheet) form.Sheet {
	for i, f := range sheet.Fields {
		if words := v.p.Told["before-"+f.Name].In(v.lang); words != "" && f.Notice == "" {
			sheet.Fields[i].Notice = words
		}
	}
	return sheet
}

// addresses of the page in its languages. An answer to a posted form has none:
// following one would lose what was typed.
func (v speaker) addresses(r *http.Request, sign *scanned) map[string]string {
	out, code := map[string]string{}, ""
	if sign != nil {
		code = sign.Code
	}
	if r.Method == http.MethodGet {
		for _, lang := range v.p.Languages {
			out[lang] = "/" + v.p.ID + "/" + lang
			if code != "" {
				out[lang] = FormAddress(v.p.ID, lang, code)
			}
		}
	}
	return out
}

// speaker picks the language: the address's own, else what the request wants,
// as far as the program speaks it.
func (s *Service) speaker(p *program.Program, r *http.Request, fixed string) speaker {
	lang := fixed
	if lang == "" {
		lang = web.Lang(r)
	}
	if !slices.Contains(p.Languages, lang) {
		lang = p.Languages[0]
	}
	return speaker{s, p, lang}
}

// watchedFields names the fields that decide who is told.
func watchedFields(f form.Form) []string {
	names := []string{consentsField, leftOutField, modeField}
	for _, q := range f.Questions {
		if !q.Envelope {
			continue
		}
		names = append(names, q.ID)
		if q.Type == form.Place {
			names = append(names, q.ID+".county")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
