// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const staffPage = 50

// field is an input of a form with what was typed, for each language.
type field struct{ Lang, Name, Label, Value string }

func fields(r *http.Request, langs []string, prefix, label string, have map[string]string) []field {
	var out []field
	for _, lang := range langs {
		value := have[lang]
		if r.Method == http.MethodPost && r.PostForm.Has(prefix+"_"+lang) {
			value = r.PostForm.Get(prefix + "_" + lang)
		}
		out = append(out, field{Lang: lang, Name: prefix + "_" + lang, Label: label + " in " + name(lang), Value: value})
	}
	return out
}

func typed(r *http.Request, langs []string, prefix string) map[string]string {
	out := map[string]string{}
	for _, lang := range langs {
		out[lang] = r.PostForm.Get(prefix + "_" + lang)
	}
	return out
}

type releaseLine struct {
	ID                              store.ID
	Number                          int64
	Headline, Period, State, Tag    string
	MadeBy, Made, Published, Agreed string
}

type listView struct {
	Lines         []releaseLine
	State, Query  string
	States        map[string]string
	Export        string
	MayMake       bool
	Headlines     []field
	From, Through string
	Set           string
	Sets          []Set
	Problem       string
	Paging        web.Paging
}

var stateTags = map[State]string{Draft: "t-new", Checked: "t-wait", Approved: "t-wait", Published: "t-done", Discarded: "t-off"}

func (s *Service) line(ctx context.Context, r Release) releaseLine {
	l := releaseLine{ID: r.ID, Number: r.Number, Headline: r.Headline["en"], Period: s.period("en", r.From, r.Through), State: string(r.State), Tag: stateTags[r.State],
		MadeBy: s.person(ctx, r.Program, r.MadeBy), Made: s.at(r.Program, r.Made), Published: s.at(r.Program, r.PublishedAt)}
	l.Agreed = s.person(ctx, r.Program, r.ApprovedBy)
	return l
}

func (s *Service) person(ctx context.Context, programID, ref string) string {
	if words := s.Name(ctx, programID, ref); words != "" {
		return words
	}
	return ref
}

// at writes a moment for staff, in the program's zone.
func (s *Service) at(programID string, t time.Time) string {
	p, ok := s.Programs.Program(programID)
	if t.IsZero() || !ok {
		return ""
	}
	return t.In(p.Zone).Format("Jan 2, 2006, 3:04 PM MST")
}

// filtered lists what the page's filter lets through, page by page.
func (s *Service) filtered(ctx context.Context, programID string, q url.Values, below int64, limit int) ([]Release, error) {
	words := strings.Fields(strings.ToLower(q.Get("q")))
	var out []Release
	for len(out) <= limit {
		found, err := list(ctx, s.DB, programID, false, below, 200)
		if err != nil || len(found) == 0 {
			return out, err
		}
		for _, r := range found {
			below = r.Number
			text := strings.ToLower(fmt.Sprint(r.Number, " ", r.Headline["en"], " ", r.Headline["es"], " ", r.From, " ", r.Through))
			if state := q.Get("state"); state != "" && state != string(r.State) || slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
				continue
			}
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *Service) listPage(w http.ResponseWriter, r *http.Request) error {
	return s.showList(w, r, http.StatusOK, nil)
}

func (s *Service) showList(w http.ResponseWriter, r *http.Request, status int, wrong *fault.Error) error {
	ctx := r.Context()
	who, p, err := s.who(ctx, policy.ReadReleases)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	below := int64(1) << 62
	if err := web.DecodeCursor(q.Get("after"), &below); err != nil {
		return err
	}
	found, err := s.filtered(ctx, p.ID, q, below, staffPage)
	if err != nil {
		return err
	}
	if err := s.seen(ctx, who, "release.listed", "releases"); err != nil {
		return err
	}
	keep := url.Values{}
	for _, name := range []string{"q", "state"} {
		if v := q.Get(name); v != "" {
			keep.Set(name, v)
		}
	}
	data := listView{States: map[string]string{"draft": "Draft", "checked": "Checked", "approved": "Approved", "published": "Published", "discarded": "Discarded"}, State: q.Get("state"), Query: q.Get("q"), Export: "/staff/releases.csv?" + keep.Encode(), Sets: s.sets,
		MayMake: policy.Decide(policy.MakeRelease, who, policy.Object{Program: p.ID}).Allowed, Headlines: fields(r, s.Site.Catalog.Langs(), "headline", "Headline", nil)}
	now := s.Now().In(p.Zone)
	first := time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, p.Zone)
	data.From, data.Through = first.Format(figure.Day), first.AddDate(0, 1, -1).Format(figure.Day)
	if wrong != nil {
		data.Problem, data.From, data.Through, data.Set = wrong.Message, r.PostForm.Get("from"), r.PostForm.Get("through"), r.PostForm.Get("set")
	}
	if len(found) > staffPage {
		found = found[:staffPage]
		keep.Set("after", web.EncodeCursor(found[staffPage-1].Number))
		data.Paging.Next = "/staff/releases?" + keep.Encode()
	}
	if q.Get("after") != "" {
		data.Paging.First = "/staff/releases"
	}
	for _, x := range found {
		data.Lines = append(data.Lines, s.line(ctx, x))
	}
	return s.pages.Staff(w, r, status, "release.staff.list", web.View{Title: "Releases", Path: "/staff/releases", Data: data})
}

func (s *Service) listCSV(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	who, p, err := s.who(ctx, policy.ReadReleases)
	if err != nil {
		return err
	}
	if err := s.seen(ctx, who, "release.exported", "releases"); err != nil {
		return err
	}
	found, err := s.filtered(ctx, p.ID, r.URL.Query(), int64(1)<<62, 100_000)
	if err != nil {
		return err
	}
	return web.CSV(w, "releases.csv", []string{"number", "state", "headline", "from", "through", "made by", "made", "approved by", "published", "sha256"}, func(yield func([]string) error) error {
		for _, x := range found {
			l := s.line(ctx, x)
			if err := yield([]string{strconv.FormatInt(x.Number, 10), l.State, l.Headline, x.From, x.Through, l.MadeBy, l.Made, l.Agreed, l.Published, x.DocumentHash}); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) makePost(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	made, err := s.Make(r.Context(), Plan{Headline: typed(r, s.Site.Catalog.Langs(), "headline"), From: r.PostForm.Get("from"), Through: r.PostForm.Get("through"), Set: r.PostForm.Get("set")})
	if f, ok := fault.As(err); ok && f.Kind == fault.Invalid {
		return s.showList(w, r, http.StatusBadRequest, f)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, address(made.ID), http.StatusSeeOther)
	return nil
}

func address(id store.ID) string { return "/staff/releases/" + id.String() }

// choice is an entry of a list to choose from.
type choice struct {
	Value, Label string
	Chosen       bool
}

type releaseView struct {
	Rel Release
	releaseLine
	Problem                       string
	Specs                         []specView
	Tables                        []tableView
	Headlines, Whys               []field
	MayMake, Editable, Waits      bool
	CanAsk, CanPublish, Stopped   bool
	Measures, Dimensions, Filters []choice
	Measure                       string
	CheckedBy, CheckedAt          string
	Public                        string
	RestatedBy, RestatesNumber    int64
	Since                         since
	ComparedAt                    string
	Changes, SinceChanges         []changeView
	Done                          string
}

type specView struct {
	N           int
	Title, Text string
}

// page shows one release to staff.
func (s *Service) page(w http.ResponseWriter, r *http.Request) error {
	id, err := s.known(r)
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, id, nil)
}

func (s *Service) show(w http.ResponseWriter, r *http.Request, status int, id store.ID, wrong *fault.Error) error {
	ctx := r.Context()
	who, p, err := s.who(ctx, policy.ReadReleases)
	if err != nil {
		return err
	}
	x, err := byID(ctx, s.DB, who.Program, id)
	if err != nil {
		return err
	}
	if err := s.seen(ctx, who, "release.viewed", record(id)); err != nil {
		return err
	}
	v := releaseView{Rel: x, releaseLine: s.line(ctx, x), CheckedBy: s.person(ctx, p.ID, x.CheckedBy), CheckedAt: s.at(p.ID, x.Checked), Stopped: x.stopped(),
		MayMake:   policy.Decide(policy.MakeRelease, who, policy.Object{Program: p.ID}).Allowed,
		Headlines: fields(r, s.Site.Catalog.Langs(), "headline", "Headline", x.Headline), Done: doneWords(r.URL.Query().Get("done"))}
	if wrong != nil {
		v.Problem = wrong.Message
	}
	_, v.Waits, err = s.Approvals.Waiting(ctx, s.DB, p.ID, policy.PublishRelease, record(id))
	if err != nil {
		return err
	}
	v.Editable = v.MayMake && (x.State == Draft || x.State == Checked) && !v.Waits
	v.CanAsk, v.CanPublish = v.MayMake && x.State == Checked && !v.Stopped && !v.Waits, v.MayMake && x.State == Approved
	if x.State == Published || x.Restates != (store.ID{}) {
		v.Whys = fields(r, s.Site.Catalog.Langs(), "why", "Why the figures change,", x.Why)
	}
	for i, spec := range x.Specs {
		v.Specs = append(v.Specs, specView{N: i + 1, Title: s.measures.Title("en", spec.Measure), Text: s.specText(spec)})
	}
	s.chooseTable(&v, r.URL.Query().Get("measure"))
	if err := s.showDocument(ctx, who, &v); err != nil {
		return err
	}
	return s.pages.Staff(w, r, status, "release.staff", web.View{Title: fmt.Sprintf("Release %d", x.Number), Path: address(id), Data: v})
}

// chooseTable fills the form that adds a table: the measures, and the divisions of the one that was chosen.
func (s *Service) chooseTable(v *releaseView, chosen string) {
	for _, name := range s.measures.Names() {
		v.Measures = append(v.Measures, choice{name, s.measures.Title("en", name), name == chosen})
	}
	m, ok := s.measures.Measure(chosen)
	if !ok {
		return
	}
	v.Measure = chosen
	for _, d := range m.Dimensions {
		if d.Inside {
			continue
		}
		title := s.measures.DimensionTitle("en", m.Name, d.Name)
		v.Dimensions = append(v.Dimensions, choice{Value: d.Name, Label: title})
		for _, value := range d.Values {
			v.Filters = append(v.Filters, choice{Value: d.Name + "=" + value, Label: title + ": " + s.valueName("en", m.Name, d.Name, value)})
		}
	}
}

// specText says in words what a table divides and filters.
func (s *Service) specText(spec figure.Spec) string {
	text := s.period("en", spec.From, spec.Through)
	for _, d := range []struct{ how, name string }{{"rows", spec.Rows}, {"columns", spec.Columns}} {
		if d.name != "" {
			text += "; " + d.how + ": " + s.measures.DimensionTitle("en", spec.Measure, d.name)
		}
	}
	for _, name := range slices.Sorted(mapKeys(spec.Where)) {
		text += "; only " + s.measures.DimensionTitle("en", spec.Measure, name) + ": " + s.valueName("en", spec.Measure, name, spec.Where[name])
	}
	return text
}

// showDocument fills in what was computed and what came of it.
func (s *Service) showDocument(ctx context.Context, who policy.Subject, v *releaseView) (err error) {
	if v.Rel.Document == "" {
		return nil
	}
	doc, err := figure.ParseDocument([]byte(v.Rel.Document))
	if err != nil {
		return err
	}
	drill := policy.Decide(policy.DrillFigure, who, policy.Object{Program: who.Program}).Allowed
	for i, t := range doc.Tables {
		tv := s.published("en", i+1, t, doc.Definitions)
		if drill {
			s.drills(&tv, v.ID, i+1, t)
		}
		v.Tables = append(v.Tables, tv)
	}
	if doc.Restates != nil {
		v.RestatesNumber = doc.Restates.Number
		v.Changes = s.changes("en", doc.Tables, doc.Definitions, doc.Restates.Changes)
	}
	if v.Rel.State != Published {
		return nil
	}
	if p, ok := s.Programs.Program(v.Rel.Program); ok {
		v.Public = fmt.Sprintf("%s/%d", base(p, p.Languages[0]), v.Number)
	}
	if v.RestatedBy, err = restatedBy(ctx, s.DB, v.Rel.Program, v.ID); err != nil {
		return err
	}
	v.Since, err = s.since(ctx, v.Rel)
	v.ComparedAt = s.at(v.Rel.Program, v.Since.Compared)
	for _, c := range v.Since.Changes { // what is not shown to the public is not shown here either
		v.SinceChanges = append(v.SinceChanges, s.changes("en", doc.Tables, doc.Definitions, []figure.Change{{Table: c.Table, Row: c.Row, Column: c.Column}})...)
	}
	return err
}

// drills leads from each shown figure to its rows.
func (s *Service) drills(v *tableView, id store.ID, n int, t figure.Published) {
	m, ok := s.measures.Measure(t.Measure)
	if !ok || m.Rows == nil {
		return
	}
	for i := range v.Lines {
		for j := range v.Lines[i].Cells {
			if t.Entries[i][j].Value == nil {
				continue
			}
			q := url.Values{"table": {strconv.Itoa(n)}}
			if i < len(t.RowHeads) {
				q.Set("row", t.RowHeads[i].Value)
			}
			if j < len(t.ColumnHeads) {
				q.Set("column", t.ColumnHeads[j].Value)
			}
			v.Lines[i].Cells[j].Drill = address(id) + "/rows?" + q.Encode()
		}
	}
}

func doneWords(word string) string {
	return map[string]string{
		"checked": "The tables were computed and checked.", "asked": "A second person decides on the page Approvals.", "published": "Published. Nothing changes it any more.",
		"saved": "Saved. Check it before you go on.", "compared": "Compared with the rows of today.", "discarded": "Discarded.",
	}[word]
}
