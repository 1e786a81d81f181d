// SPDX-License-Identifier: Apache-2.0

package program

import (
	"slices"
	"strconv"
	"time"
)

// CourtLaw is what a program knows of criminal courts, as data: the statutes
// that people are charged under, how a court counts days, which deadlines run,
// and the wages by which labor is valued.
type CourtLaw struct {
	Statutes  []Statute // the order in which one of several counts leads
	Countings []Counting
	Deadlines []Deadline
	Wages     []Wage // the latest first
}

// Statute is a law that somebody can be charged under.
type Statute struct {
	ID, Jurisdiction, Citation, Title    string
	Trafficking                          bool // trafficking itself: restitution must be asked for
	Status, CheckedOn, CheckedBy, Source string
}

// Counting is how the courts of a jurisdiction count days: the day of the event
// is left out, every other day counts, and a period that ends on a Saturday, a
// Sunday or a legal holiday goes on in its own direction to the next day that is
// none.
type Counting struct {
	Jurisdiction  string
	StateHolidays bool // a period after an event knows the holidays of the court's state besides the jurisdiction's own
	Basis         []string
}

// Deadline is a limit that a step of a case begins.
type Deadline struct {
	ID, Jurisdiction, Title string
	Starts, Ends            []string // of [CourtSteps]
	Days                    int
	Before                  bool // counted back from the day that the step names, not from the step
	Trafficking             bool // only where a trafficking count is charged
	LimitBy                 string
	Basis                   []string
}

// Wage is the least that an hour of labor is worth from a day on.
type Wage struct {
	From  time.Time // noon UTC
	Cents int64
	Basis []string
}

// CourtSteps are the steps of a case by which deadlines begin and end.
func CourtSteps() []string {
	return []string{
		"charged", "plea", "verdict", "dismissed", "sentencing_set", "sentence", "restitution_requested", "restitution_reserved", "restitution_ordered",
		"restitution_amended", "restitution_satisfied", "appeal_noticed", "appeal_decided", "victims_notified",
	}
}

type courtsFile struct {
	Statutes  []statuteRow  `pack:"statutes!"`
	Countings []countingRow `pack:"countings!"`
	Deadlines []deadlineRow `pack:"deadlines!"`
	Wages     []wageRow     `pack:"wages"`
}

type statuteRow struct {
	At           mark
	ID           string `pack:"id!"`
	Jurisdiction string `pack:"jurisdiction!"`
	Citation     string `pack:"citation!"`
	Title        string `pack:"title!"`
	Trafficking  bool   `pack:"trafficking"`
	Status       string `pack:"status!"`
	CheckedOn    string `pack:"checked_on!"`
	CheckedBy    string `pack:"checked_by!"`
	Source       string `pack:"source!"`
}

type countingRow struct {
	At            mark
	Jurisdiction  string   `pack:"jurisdiction!"`
	StateHolidays bool     `pack:"state_holidays"`
	Basis         []string `pack:"basis!"`
}

type deadlineRow struct {
	At           mark
	ID           string   `pack:"id!"`
	Jurisdiction string   `pack:"jurisdiction!"`
	Title        string   `pack:"title!"`
	Starts       []string `pack:"starts!"`
	Ends         []string `pack:"ends!"`
	Days         string   `pack:"days!"`
	Before       bool     `pack:"before"`
	Trafficking  bool     `pack:"trafficking"`
	LimitBy      string   `pack:"limit_by!"`
	Basis        []string `pack:"basis!"`
}

type wageRow struct {
	At    mark
	From  string   `pack:"from!"`
	Cents string   `pack:"cents!"`
	Basis []string `pack:"basis!"`
}

const (
	maxDeadline = 3660  // days
	maxWage     = 10000 // cents an hour
)

// courts takes the pack's law of courts and its base's. The state's own statutes
// stand before the nation's.
func (b *builder) courts() {
	for _, part := range []courtsFile{b.own.courts, b.base.courts} {
		for _, row := range part.Statutes {
			b.statute(row)
		}
		for _, row := range part.Countings {
			b.jurisdiction(row.At, row.Jurisdiction)
			b.citing(row.At, row.Basis)
			b.p.Courts.Countings = append(b.p.Courts.Countings, Counting{Jurisdiction: row.Jurisdiction, StateHolidays: row.StateHolidays, Basis: row.Basis})
		}
		for _, row := range part.Deadlines {
			b.deadline(row)
		}
		for _, row := range part.Wages {
			b.wage(row)
		}
	}
	for _, d := range b.p.Courts.Deadlines {
		if !slices.ContainsFunc(b.p.Courts.Countings, func(c Counting) bool { return c.Jurisdiction == d.Jurisdiction }) {
			b.wrong.add(b.seen["deadline "+d.ID], "jurisdiction: nothing says how the courts of %s count days", d.Jurisdiction)
		}
	}
	slices.SortFunc(b.p.Courts.Wages, func(a, c Wage) int { return c.From.Compare(a.From) })
}

func (b *builder) jurisdiction(at mark, code string) {
	b.among(at, "jurisdiction", code, []string{nation, b.p.State})
}

// citing asks that what a row rests on stands in laws.yaml.
func (b *builder) citing(at mark, basis []string) {
	for _, id := range basis {
		if _, ok := b.p.Laws[id]; !ok {
			b.wrong.add(at, "basis: there is no law %q in laws.yaml", id)
		}
	}
	if len(basis) == 0 {
		b.wrong.add(at, "basis: what does it rest on?")
	}
}

func (b *builder) statute(row statuteRow) {
	if !b.id("statute", row.ID, row.At) {
		return
	}
	b.jurisdiction(row.At, row.Jurisdiction)
	b.among(row.At, "status", row.Status, []string{"unverified", "checked"})
	b.date(row.At, "checked_on", row.CheckedOn)
	if row.Citation == "" || row.CheckedBy == "" || row.Title == "" {
		b.wrong.add(row.At, "statute %q: citation, title and checked_by must not be empty", row.ID)
	}
	b.p.Courts.Statutes = append(b.p.Courts.Statutes, Statute{ID: row.ID, Jurisdiction: row.Jurisdiction, Citation: row.Citation, Title: row.Title,
		Trafficking: row.Trafficking, Status: row.Status, CheckedOn: row.CheckedOn, CheckedBy: row.CheckedBy, Source: row.Source})
}

func (b *builder) deadline(row deadlineRow) {
	if !b.id("deadline", row.ID, row.At) {
		return
	}
	b.jurisdiction(row.At, row.Jurisdiction)
	b.among(row.At, "limit_by", row.LimitBy, []string{"law", "policy"})
	for _, step := range slices.Concat(row.Starts, row.Ends) {
		b.among(row.At, "starts, ends", step, CourtSteps())
	}
	if row.Before && !slices.Equal(row.Starts, []string{"sentencing_set"}) {
		b.wrong.add(row.At, "before: only sentencing_set names a day that is yet to come")
	}
	days, err := strconv.Atoi(row.Days)
	if err != nil || days < 1 || days > maxDeadline {
		b.wrong.add(row.At, "days: %q is not a number from 1 to %d", row.Days, maxDeadline)
	}
	b.citing(row.At, row.Basis)
	if row.LimitBy == "law" && !slices.ContainsFunc(row.Basis, func(id string) bool { return b.p.Laws[id].Kind == "law" }) {
		b.wrong.add(row.At, "basis: a limit set by law rests on a law")
	}
	b.p.Courts.Deadlines = append(b.p.Courts.Deadlines, Deadline{ID: row.ID, Jurisdiction: row.Jurisdiction, Title: row.Title, Starts: row.Starts, Ends: row.Ends,
		Days: days, Before: row.Before, Trafficking: row.Trafficking, LimitBy: row.LimitBy, Basis: row.Basis})
}

func (b *builder) wage(row wageRow) {
	b.date(row.At, "from", row.From)
	b.citing(row.At, row.Basis)
	from, _ := time.Parse(time.DateOnly, row.From) // date said what is wrong with it
	cents, err := strconv.ParseInt(row.Cents, 10, 64)
	if err != nil || cents < 1 || cents > maxWage {
		b.wrong.add(row.At, "cents: %q is not a number from 1 to %d", row.Cents, maxWage)
	}
	b.p.Courts.Wages = append(b.p.Courts.Wages, Wage{From: noon(from.Year(), from.Month(), from.Day()), Cents: cents, Basis: row.Basis})
}

// Statute finds a statute of the program.
func (p *Program) Statute(id string) (Statute, bool) {
	i := slices.IndexFunc(p.Courts.Statutes, func(s Statute) bool { return s.ID == id })
	if i < 0 {
		return Statute{}, false
	}
	return p.Courts.Statutes[i], true
}

// WageOn is the least wage of a day; false for days before the pack's first.
func (p *Program) WageOn(year int, month time.Month, day int) (Wage, bool) {
	at := noon(year, month, day)
	i := slices.IndexFunc(p.Courts.Wages, func(w Wage) bool { return !w.From.After(at) })
	if i < 0 {
		return Wage{}, false
	}
	return p.Courts.Wages[i], true
}

// Due is the day on which a period of so many days ends, counted as the courts of
// a jurisdiction do from a day (which is left out), and the holidays or weekend
// days that moved it. state is where the court sits; the pack knows the holidays
// of the nation and of its own state. All days are given and returned as noon UTC.
func (p *Program) Due(jurisdiction, state string, from time.Time, days int, before bool) (due time.Time, moved []string) {
	counting := Counting{Jurisdiction: jurisdiction}
	if i := slices.IndexFunc(p.Courts.Countings, func(c Counting) bool { return c.Jurisdiction == jurisdiction }); i >= 0 {
		counting = p.Courts.Countings[i]
	}
	step := 1
	if before {
		step = -1
	}
	due = noon(from.Year(), from.Month(), from.Day()+step*days)
	for {
		why := p.closed(counting, state, due, before)
		if why == "" {
			return due, moved
		}
		moved = append(moved, due.Format(time.DateOnly)+" is "+why)
		due = due.AddDate(0, 0, step)
	}
}

// closed says why a day does not end a period, "" when it does.
func (p *Program) closed(c Counting, state string, day time.Time, before bool) string {
	if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
		return "a " + wd.String()
	}
	for _, h := range p.Holidays {
		own := h.Jurisdiction == c.Jurisdiction
		ofState := c.StateHolidays && !before && h.Jurisdiction == state
		if (own || ofState) && h.on(day) {
			return h.Name.In("en")
		}
	}
	return ""
}
