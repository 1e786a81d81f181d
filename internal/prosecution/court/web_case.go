// SPDX-License-Identifier: Apache-2.0

package court

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// cells is a step as a line of a file, in the columns that an import reads.
func (e Entry) cells() []string {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	amount := ""
	if e.Cents != 0 {
		amount = strings.ReplaceAll(strings.TrimPrefix(Dollars(e.Cents), "$"), ",", "")
	}
	shares := make([]string, len(e.Shares))
	for i, s := range e.Shares {
		shares[i] = strconv.Itoa(s.Defendant) + "=" + strings.ReplaceAll(strings.TrimPrefix(Dollars(s.Cents), "$"), ",", "")
	}
	return []string{e.Day.ISO(), string(e.Step), number(e.Defendant), e.What, strings.ReplaceAll(countsText(e.Counts), ",", ";"), number(e.Months), number(e.Probation), amount,
		number(e.Item), e.OtherDay.ISO(), strings.Join(shares, ";"), number(e.DocketEntry), string(e.Standing)}
}

// words says in one line what a step says further.
func (e Entry) words(p *program.Program) string {
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	if e.Step == ExtraditionRequested {
		add(countryName(e.What))
	} else {
		add(whatWords(e.What))
	}
	for _, c := range e.Counts {
		text := "count " + strconv.Itoa(c.Number)
		if s, ok := p.Statute(c.Statute); ok {
			text += " (" + s.Citation + ")"
		}
		add(text)
	}
	if e.Months > 0 {
		add(strconv.Itoa(e.Months) + " months of prison")
	}
	if e.Probation > 0 {
		add(strconv.Itoa(e.Probation) + " months of supervision")
	}
	if f, _ := formOf(e.Step); f.item != "" {
		add(strings.ToLower(f.item[:1]) + f.item[1:] + " " + strconv.Itoa(e.Item))
	}
	if e.Cents > 0 {
		if e.Step == Sentenced {
			add("fine " + Dollars(e.Cents))
		} else {
			add(Dollars(e.Cents))
		}
	}
	if f, _ := formOf(e.Step); f.other != "" {
		add(strings.ToLower(f.other[:1]) + f.other[1:] + " " + e.OtherDay.String())
	}
	for _, s := range e.Shares {
		add("defendant " + strconv.Itoa(s.Defendant) + " owes " + Dollars(s.Cents))
	}
	return strings.Join(parts, ", ")
}

// stepRow is a step as pages show it.
type stepRow struct {
	Entry
	Name, Words, Tag string
	WhyWords         string
	CanConfirm       bool
	CanWithdraw      bool
}

func (s *Service) stepRows(p *program.Program, entries []Entry) []stepRow {
	rows := make([]stepRow, len(entries))
	for i, e := range entries {
		rows[i] = stepRow{Entry: e, Name: e.Step.String(), Words: e.words(p), WhyWords: reasonWords(e.Why), CanConfirm: e.Standing == Reported, CanWithdraw: e.Standing != Withdrawn,
			Tag: map[Standing]string{Reported: "t-wait", Confirmed: "t-done", Withdrawn: "t-off"}[e.Standing]}
	}
	slices.SortStableFunc(rows, func(a, b stepRow) int { return int(a.Day - b.Day) })
	return rows
}

// defendantRow is a defendant as the case's page shows it.
type defendantRow struct {
	*Defendant
	CountWords []string
	State      string
	Unasked    bool
	EnterHref  string
	SheetHref  string
}

// clockView is a clock as pages show it.
type clockView struct {
	Clock
	Docket, Href, Title, Tag, State, By string
	Laws                                []program.Law
}

func viewClock(p *program.Program, k Clock, docket string, today Day) clockView {
	v := clockView{Clock: k, Docket: docket, Href: casePath(k.Matter), Title: k.Deadline, State: "runs", Tag: "t-wait", By: "set by law"}
	for _, d := range p.Courts.Deadlines {
		if d.ID == k.Deadline {
			v.Title = d.Title
		}
	}
	if k.LimitBy != "law" {
		v.By = "set by policy"
	}
	for _, id := range k.Basis {
		if l, ok := p.Laws[id]; ok {
			v.Laws = append(v.Laws, l)
		}
	}
	switch {
	case k.State == ClockVoid:
		v.State, v.Tag = "ended: the step was withdrawn", "t-off"
	case k.State == ClockDone && k.Late(today):
		v.State, v.Tag = "done late, "+k.EndedOn.String(), "t-late"
	case k.State == ClockDone:
		v.State, v.Tag = "done "+k.EndedOn.String(), "t-done"
	case k.Late(today):
		v.State, v.Tag = "late", "t-late"
	}
	return v
}

type caseData struct {
	Case
	Lead       string
	Partners   []string
	Others     []option
	Leads      bool
	Defendants []defendantRow
	Unasked    []int
	Property   []*Property
	Orders     []orderRow
	Steps      []stepRow
	Clocks     []clockView
	Reasons    []option
	Trouble    *trouble
	Done       string
}

type orderRow struct {
	*Order
	Words string
}

// TotalText is what was ordered.
func (o orderRow) TotalText() string { return Dollars(o.Cents) }

// PaidText is what was paid.
func (o orderRow) PaidText() string { return Dollars(o.Paid) }

// LeftText is what is still owed.
func (o orderRow) LeftText() string { return Dollars(o.Cents - o.Paid) }

// Value is the value of the property in words.
func (it *Property) Value() string { return Dollars(it.Cents) }

// KindText is what the property is, in words.
func (it *Property) KindText() string { return whatWords(it.Kind) }

func (s *Service) casePage(w http.ResponseWriter, r *http.Request) error {
	m, c, err := s.caseOf(r)
	if err != nil {
		return err
	}
	if err := s.looked(r.Context(), m, "court.viewed", c.record()); err != nil {
		return err
	}
	return s.showCase(w, r, http.StatusOK, m, c, nil)
}

func (s *Service) showCase(w http.ResponseWriter, r *http.Request, status int, m identity.Member, c Case, why *trouble) error {
	ctx := r.Context()
	p, err := s.program(m.Program)
	if err != nil {
		return err
	}
	entries, err := entriesOf(ctx, s.DB, m.Program, c.ID)
	if err != nil {
		return err
	}
	picture, err := fold(entries)
	if err != nil {
		return err
	}
	clocks, err := clocksOf(ctx, s.DB, m.Program, c.ID)
	if err != nil {
		return err
	}
	data := caseData{Case: c, Lead: p.Offices[c.Office].Name.In("en"), Leads: c.Office == m.Office, Unasked: picture.Unasked(p), Steps: s.stepRows(p, entries), Trouble: why, Done: doneWords(r)}
	if err := s.fillOffices(r, p, &data); err != nil {
		return err
	}
	for _, n := range picture.numbers() {
		data.Defendants = append(data.Defendants, defendantView(p, c, picture.Defendants[n], slices.Contains(data.Unasked, n)))
	}
	for _, n := range slices.Sorted(maps.Keys(picture.Property)) {
		data.Property = append(data.Property, picture.Property[n])
	}
	for _, n := range slices.Sorted(maps.Keys(picture.Orders)) {
		o := picture.Orders[n]
		data.Orders = append(data.Orders, orderRow{o, o.last.words(p)})
	}
	for _, k := range clocks {
		data.Clocks = append(data.Clocks, viewClock(p, k, c.Docket, s.today(m.Program)))
	}
	for _, why := range Reasons() {
		data.Reasons = append(data.Reasons, option{why, reasonWords(why), false})
	}
	return s.pages.Staff(w, r, status, "court-case", web.View{Title: "Case " + c.Docket, Path: casePath(c.ID), Data: data})
}

func (s *Service) fillOffices(r *http.Request, p *program.Program, data *caseData) error {
	offices, err := seats(r.Context(), s.DB, p.ID, data.ID)
	if err != nil {
		return err
	}
	for _, id := range offices[1:] {
		data.Partners = append(data.Partners, p.Offices[id].Name.In("en"))
	}
	for _, id := range p.OfficeOrder {
		if data.Leads && s.Joined(p.ID, id) && !slices.Contains(offices, id) {
			data.Others = append(data.Others, option{id, p.Offices[id].Name.In("en"), false})
		}
	}
	return nil
}

func defendantView(p *program.Program, c Case, d *Defendant, unasked bool) defendantRow {
	v := defendantRow{Defendant: d, Unasked: unasked, State: "charged"}
	for _, count := range d.Counts {
		s, _ := p.Statute(count.Statute)
		v.CountWords = append(v.CountWords, "Count "+strconv.Itoa(count.Number)+", "+s.Citation+" ("+s.Title+"): "+count.State)
	}
	switch {
	case d.appeal != nil:
		v.State = "appeal pending"
	case d.sentence != nil:
		v.State = "sentenced: " + d.sentence.words(p)
	case d.convicted != nil:
		v.State = "convicted by " + strings.ToLower(d.convicted.Step.String())
	case len(d.countsIn(countOpen)) == 0:
		v.State = "no count is open"
	}
	at := "?defendant=" + strconv.Itoa(d.Number)
	v.EnterHref, v.SheetHref = casePath(c.ID)+"/enter"+at, casePath(c.ID)+"/worksheet"+at
	return v
}

func doneWords(r *http.Request) string {
	return map[string]string{
		"entered": "The step is entered. It is reported until somebody confirms it by the docket.", "confirmed": "The step is confirmed.",
		"withdrawn": "The step is withdrawn. It stays in the history.", "partner": "The office is a partner now and sees this case.",
	}[r.URL.Query().Get("done")]
}

// sayStanding confirms or withdraws one step.
func (s *Service) sayStanding(w http.ResponseWriter, r *http.Request) error {
	m, c, err := s.caseOf(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	word := Word{Standing: Standing(r.PostForm.Get("standing")), Why: r.PostForm.Get("why")}
	if text := strings.TrimSpace(r.PostForm.Get("docket_entry")); text != "" {
		if word.DocketEntry, err = strconv.Atoi(text); err != nil {
			return s.showCase(w, r, http.StatusBadRequest, m, c, &trouble{"The number in the docket is a whole number.", r.PostForm.Get("entry")})
		}
	}
	entry, err := store.ParseID(r.PostForm.Get("entry"))
	if err != nil {
		return s.showCase(w, r, http.StatusBadRequest, m, c, &trouble{"Choose a step of this case.", ""})
	}
	err = s.Say(r.Context(), m, c.ID, entry, word)
	if why, ok := troubled(err); ok {
		why.Field = r.PostForm.Get("entry")
		return s.showCase(w, r, http.StatusBadRequest, m, c, &why)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, casePath(c.ID)+"?done="+string(word.Standing), http.StatusSeeOther)
	return nil
}
