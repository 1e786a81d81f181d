// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/place"
	"waylight/internal/platform/web"
)

// gridRows is how many lines the page has; more can be asked for.
const (
	gridRows = 5
	mostGrid = 100
)

// gridCell is one field of one line.
type gridCell struct {
	ID, Name, Field, Head, Label, Value, Problem, Type string
	Choices                                            []web.Choice
	Number                                             int
	Missing                                            bool // may not be empty
}

// gridColumn is the head of a column.
type gridColumn struct {
	Label string
	Need  bool
}

type gridData struct {
	Kind, Word, Trouble string
	Kinds               []web.Choice
	Columns             []gridColumn
	Rows                [][]gridCell
	Count, More         int
	Places              bool
}

// lists are the values that a field can have, for its list on the page; nil for
// what is typed.
func (s *Service) lists(ctx context.Context, m identity.Member, kind string) (map[field][]web.Choice, error) {
	closed := map[field][]string{fRole: roles, fAge: ages, fStage: stages, fItem: items[kind], fCertainty: certainty, fExploitation: forms, fUnit: unitOrder, fQualifier: qualifiers,
		fCovers: covered, fEvidence: evidences, fHandedTo: handed, fConsent: {yes}, fMatched: matches}
	out := map[field][]web.Choice{}
	for f, values := range closed {
		if values != nil {
			out[f] = web.Choices("", values, inWords)
		}
	}
	for _, o := range offenses {
		out[fOffense] = append(out[fOffense], web.Choice{Value: o.Code, Label: o.Code + " " + o.EN})
	}
	out[fOffense] = append(out[fOffense], web.Choice{Value: figure.Other, Label: "other"})
	groups, err := organizations(ctx, s.DB, m.Program)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if !g.Retired {
			out[fOrganization] = append(out[fOrganization], web.Choice{Value: g.ID, Label: g.Name})
		}
	}
	if p, ok := s.Programs.Program(m.Program); ok {
		for _, c := range place.Counties(p.State) {
			out[fCounty] = append(out[fCounty], web.Choice{Value: place.Place{State: p.State, County: c.FIPS}.String(), Label: c.Name})
		}
	}
	if s.Operations != nil {
		mine, err := s.Operations.Mine(ctx, s.DB, s.Subject(m))
		if err != nil {
			return nil, err
		}
		for _, o := range mine {
			out[fOperation] = append(out[fOperation], web.Choice{Value: o.ID, Label: o.Name})
		}
	}
	return out, nil
}

// cellsOf makes a line's fields.
func cellsOf(kind string, n int, l Line, problems []Problem, lists map[field][]web.Choice) []gridCell {
	var out []gridCell
	for _, name := range FieldsOf(kind) {
		f := field(slices.Index(fieldNames[:], name))
		c := gridCell{ID: fmt.Sprintf("r%d-%s", n, name), Name: fmt.Sprintf("r%d.%s", n, name), Field: name, Head: fieldWords[name], Label: fmt.Sprintf("%s, row %d", fieldWords[name], n+1), Value: l[f],
			Type: "text", Number: n + 1, Missing: slices.Contains(needed[kind], f)}
		if f == fDate || f == fDated || f == fValuedOn || f == fHandedOn || f == fCheckedOn {
			c.Type = "date"
		}
		for _, ch := range lists[f] {
			ch.On = ch.Value == l[f]
			c.Choices = append(c.Choices, ch)
		}
		var wrong []string
		for _, p := range problems {
			if p.Field == name {
				wrong = append(wrong, fieldWords[name]+" "+p.Reason+".")
			}
		}
		c.Problem = strings.Join(wrong, " ")
		out = append(out, c)
	}
	return out
}

func (s *Service) grid(r *http.Request, m identity.Member, kind string, lines []Line, wrong []Rejected) (gridData, error) {
	lists, err := s.lists(r.Context(), m, kind)
	if err != nil {
		return gridData{}, err
	}
	data := gridData{Kind: kind, Word: kindWords[kind], Count: len(lines), More: min(len(lines)+10, mostGrid), Kinds: web.Choices(kind, Kinds(), func(v string) string { return kindWords[v] })}
	for _, c := range cellsOf(kind, 0, Line{}, nil, lists) {
		data.Columns = append(data.Columns, gridColumn{fieldWords[c.Field], c.Missing || c.Field == "date"})
	}
	for i, l := range lines {
		var problems []Problem
		for _, w := range wrong {
			if w.Row == i {
				problems = w.Problems
			}
		}
		data.Rows = append(data.Rows, cellsOf(kind, i, l, problems, lists))
	}
	return data, nil
}

func kindOf(r *http.Request) string {
	kind := r.FormValue("kind")
	if !slices.Contains(Kinds(), kind) {
		return Arrest
	}
	return kind
}

func (s *Service) enterPage(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.URL.Query().Get("rows"))
	if err != nil || n < 1 || n > mostGrid {
		n = gridRows
	}
	data, err := s.grid(r, m, kindOf(r), make([]Line, n), nil)
	if err != nil {
		return err
	}
	return s.showGrid(w, r, http.StatusOK, data)
}

func (s *Service) showGrid(w http.ResponseWriter, r *http.Request, status int, data gridData) error {
	return s.pages.Staff(w, r, status, "result.enter", web.View{Title: "Enter results", Data: data, Scripts: []string{"results.js"}})
}

// typedLines reads the page's lines.
func typedLines(form url.Values, kind string) []Line {
	n, err := strconv.Atoi(form.Get("rows"))
	if err != nil || n < 1 || n > mostGrid {
		n = 1
	}
	lines := make([]Line, n)
	for i := range lines {
		for _, name := range FieldsOf(kind) {
			lines[i][slices.Index(fieldNames[:], name)] = bulk.Cut(form.Get(fmt.Sprintf("r%d.%s", i, name)), 120)
		}
		lines[i][fKind] = kind
	}
	return lines
}

// enterPost saves all lines or none, and shows what is wrong beside it.
func (s *Service) enterPost(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	kind := kindOf(r)
	lines := typedLines(r.PostForm, kind)
	rows, wrong, err := s.Enter(r.Context(), m, lines)
	switch {
	case errors.Is(err, errManyProbs), errors.Is(err, errNoRows):
		data, gridErr := s.grid(r, m, kind, lines, wrong)
		if gridErr != nil {
			return gridErr
		}
		data.Trouble = errNoRows.Message
		if len(wrong) > 0 {
			data.Trouble = fmt.Sprintf("%d of the rows are not right. Nothing was saved; what you typed is still here.", len(wrong))
			if len(wrong) == 1 {
				data.Trouble = fmt.Sprintf("Row %d is not right. Nothing was saved; what you typed is still here.", wrong[0].Row+1)
			}
		}
		return s.showGrid(w, r, http.StatusBadRequest, data)
	case err != nil:
		return err
	case len(rows) == 1:
		http.Redirect(w, r, "/staff/results/"+rows[0].ID.String()+"?done=entered", http.StatusSeeOther)
	default:
		http.Redirect(w, r, "/staff/results?done=entered", http.StatusSeeOther)
	}
	return nil
}

// checked is what the page's script is told of a line.
type checked struct {
	Problems map[string]string `json:"problems"`
	Kept     string            `json:"kept"` // how an amount will be kept
}

// untold are fields that the script does not send: a look must not carry what
// leads to a person or a document.
var untold = []field{fNumber, fBooking, fStateID, fReceipt, fSHA256}

// checkRow says what is wrong with a line while it is typed. It keeps nothing.
func (s *Service) checkRow(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	var l Line
	for i, name := range fieldNames {
		if !slices.Contains(untold, field(i)) {
			l[i] = bulk.Cut(q.Get(name), 120)
		}
	}
	row, problems, err := s.CheckLine(r.Context(), m, l)
	if err != nil {
		return err
	}
	out := checked{Problems: map[string]string{}, Kept: row.Detail.Rounded}
	for _, p := range problems {
		if !slices.ContainsFunc(untold, func(f field) bool { return f.String() == p.Field }) {
			out.Problems[p.Field] = fieldWords[p.Field] + " " + p.Reason + "."
		}
	}
	return web.JSON(w, http.StatusOK, out)
}
