// SPDX-License-Identifier: Apache-2.0

package court

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// maxTypedCounts is how many counts the page takes for one charge; an import takes 99.
const maxTypedCounts = 12

type enterData struct {
	Case
	Steps     []option
	Form      *entryForm // nil: the step is still to be chosen
	Trouble   *trouble
	Key       string // the id that the row will have, so that it is not entered twice
	Typed     url.Values
	NewCounts []countField
	Open      []countBox
	What      []option
	Shares    []shareField
	Sheet     string // address of the worksheet
}

// entryForm is a step's fields for the page.
type entryForm struct {
	Step                             string // as it is stored, and not in words
	Name, Label, Cents, Item, Other  string
	Defendant, Months, Shares, Asked bool
}

type countField struct {
	Number   int
	Statutes []option
}

type countBox struct {
	Number  int
	Label   string
	Checked bool
}

type shareField struct {
	Defendant int
	Amount    string
}

func (s *Service) enterPage(w http.ResponseWriter, r *http.Request) error {
	m, c, err := s.caseOf(r)
	if err != nil {
		return err
	}
	return s.showEnter(w, r, http.StatusOK, m, c, r.URL.Query(), nil)
}

func (s *Service) showEnter(w http.ResponseWriter, r *http.Request, status int, m identity.Member, c Case, typed url.Values, why *trouble) error {
	p, err := s.program(m.Program)
	if err != nil {
		return err
	}
	data := enterData{Case: c, Trouble: why, Typed: typed, Key: typed.Get("key")}
	if _, err := store.ParseID(data.Key); err != nil {
		data.Key = store.NewID().String()
	}
	step := Step(typed.Get("step"))
	for _, f := range forms {
		data.Steps = append(data.Steps, option{string(f.step), f.name, f.step == step})
	}
	if f, ok := formOf(step); ok {
		if err := s.fillForm(r, p, c, f, &data); err != nil {
			return err
		}
	}
	return s.pages.Staff(w, r, status, "court-enter", web.View{Title: "Enter a step", Path: casePath(c.ID) + "/enter", Data: data})
}

// fillForm makes the fields of one step, with what was typed.
func (s *Service) fillForm(r *http.Request, p *program.Program, c Case, f form, data *enterData) error {
	entries, err := entriesOf(r.Context(), s.DB, c.Program, c.ID)
	if err != nil {
		return err
	}
	picture, err := fold(entries)
	if err != nil {
		return err
	}
	data.Form = &entryForm{Step: string(f.step), Name: f.name, Label: f.label, Cents: f.cents, Item: f.item, Other: f.other, Defendant: f.defendant, Months: f.months, Shares: f.shares,
		Asked: f.step == RestitutionRequested}
	data.Sheet = casePath(c.ID) + "/worksheet?defendant=" + url.QueryEscape(data.Typed.Get("defendant"))
	chosen := data.Typed.Get("what")
	for _, v := range f.what {
		data.What = append(data.What, option{v, whatWords(v), v == chosen})
	}
	if f.step == ExtraditionRequested {
		for _, country := range countries() {
			data.What = append(data.What, option{country.Code, country.Name, country.Code == chosen})
		}
	}
	switch f.counts {
	case "new":
		for n := 1; n <= maxTypedCounts; n++ {
			data.NewCounts = append(data.NewCounts, countField{n, statuteOptions(statutesFor(p, c.Jurisdiction), data.Typed.Get("count-"+strconv.Itoa(n)))})
		}
	case "open":
		data.Open = openCounts(p, picture, data.Typed)
	}
	if f.shares {
		for _, n := range picture.numbers() {
			if picture.Defendants[n].convicted != nil {
				data.Shares = append(data.Shares, shareField{n, data.Typed.Get("share-" + strconv.Itoa(n))})
			}
		}
	}
	return nil
}

// openCounts offers the numbers of all counts that are open, with whose they are.
func openCounts(p *program.Program, picture *Picture, typed url.Values) []countBox {
	var out []countBox
	for _, n := range picture.numbers() {
		if only := typed.Get("defendant"); only != "" && only != strconv.Itoa(n) {
			continue
		}
		for _, c := range picture.Defendants[n].countsIn(countOpen) {
			s, _ := p.Statute(c.Statute)
			i := slices.IndexFunc(out, func(b countBox) bool { return b.Number == c.Number })
			if i < 0 {
				i = len(out)
				out = append(out, countBox{Number: c.Number, Label: "Count " + strconv.Itoa(c.Number), Checked: slices.Contains(typed["count"], strconv.Itoa(c.Number))})
			}
			out[i].Label += ", defendant " + strconv.Itoa(n) + ": " + s.Citation
		}
	}
	slices.SortFunc(out, func(a, b countBox) int { return a.Number - b.Number })
	return out
}

func (s *Service) enterStep(w http.ResponseWriter, r *http.Request) error {
	m, c, err := s.caseOf(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	e, err := entryFrom(func(key string) string { return posted(r.PostForm, key) })
	if err == nil {
		e.ID, err = store.ParseID(r.PostForm.Get("key"))
		if err != nil {
			err = wrong("step", "Open this page anew and enter the step again.")
		}
	}
	if err == nil {
		err = s.Enter(r.Context(), m, c.ID, e)
	}
	if why, ok := troubled(err); ok {
		return s.showEnter(w, r, http.StatusBadRequest, m, c, r.PostForm, &why)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, casePath(c.ID)+"?done=entered", http.StatusSeeOther)
	return nil
}

// posted gives a field as entryFrom reads it: counts and shares stand in fields of their own.
func posted(form url.Values, key string) string {
	var parts []string
	switch key {
	case "counts":
		parts = slices.Clone(form["count"])
		for n := 1; n <= maxTypedCounts; n++ {
			if v := form.Get("count-" + strconv.Itoa(n)); v != "" {
				parts = append(parts, strconv.Itoa(n)+"="+v)
			}
		}
	case "shares":
		for n := 1; n <= maxDefendants; n++ {
			if v := strings.TrimSpace(form.Get("share-" + strconv.Itoa(n))); v != "" {
				parts = append(parts, strconv.Itoa(n)+"="+v)
			}
		}
	default:
		return form.Get(key)
	}
	return strings.Join(parts, ";")
}
