// SPDX-License-Identifier: Apache-2.0

package release

import (
	"net/http"
	"strconv"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/figure"
	"waylight/internal/platform/web"
)

// How each office answers, for who answers for the program. The wall of numbers
// stands here, too: tips that accuse nobody, no number below eleven, no sums, and
// no time of fewer than eleven; and whole months that are over, so that two looks
// do not differ by one day's tips of an office.

var errMonths = fault.New(fault.Invalid, "release.months", "Choose whole months that are over: from the first day of one through the last day of the same or a later one. Periods that differ by a day would tell what an office got on that day.")

type officeLine struct {
	Office                                 string
	Kept, Missed, Running, None            string
	HadHalf, HadNine, TakenHalf, TakenNine string
}

type officesView struct {
	From, Through, Export, Problem string
	Lines                          []officeLine
	wrong                          *fault.Error
}

// period reads the days that are asked for: by default the three months that are over.
func (s *Service) asked(r *http.Request, p *program.Program) (from, through string) {
	q := r.URL.Query()
	if q.Get("from") != "" || q.Get("through") != "" {
		return q.Get("from"), q.Get("through")
	}
	now := s.Now().In(p.Zone)
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, p.Zone)
	return first.AddDate(0, -3, 0).Format(figure.Day), first.AddDate(0, 0, -1).Format(figure.Day)
}

// wholeMonths holds a period to begin and to end with a month that is over.
func (s *Service) wholeMonths(from, through string, zone *time.Location) error {
	first, after, err := figure.Period(from, through, zone)
	if err != nil {
		return err
	}
	if first.Day() != 1 || after.Day() != 1 || after.After(s.Now()) {
		return errMonths.At("period")
	}
	return nil
}

func (s *Service) offices(r *http.Request) (officesView, error) {
	who, p, err := s.who(r.Context(), policy.ReadFigures)
	if err != nil {
		return officesView{}, err
	}
	v := officesView{}
	v.From, v.Through = s.asked(r, p)
	if err := s.wholeMonths(v.From, v.Through, p.Zone); err != nil {
		f, ok := fault.As(err)
		if !ok {
			return v, err
		}
		v.Problem, v.wrong = f.Message, f
		return v, nil
	}
	v.Export = "/staff/figures/offices.csv?from=" + v.From + "&through=" + v.Through
	tables := map[string]figure.Table{}
	for _, m := range []string{"referrals", "delivery_median", "delivery_p90", "acknowledgement_median", "acknowledgement_p90"} {
		spec := figure.Spec{Measure: m, From: v.From, Through: v.Through, Rows: "office"}
		if m == "referrals" {
			spec.Columns = "clock"
		}
		if tables[m], err = s.measures.Compute(r.Context(), s.DB, p.ID, p.Zone, spec); err != nil {
			return v, err
		}
	}
	counts := tables["referrals"]
	for i, head := range counts.Rows {
		said := func(measure string) string {
			return atLeast(entryOf(tables[measure], head.Value), figure.Microseconds, p.Figures.Least)
		}
		line := officeLine{Office: head.Words["en"], HadHalf: said("delivery_median"), HadNine: said("delivery_p90"), TakenHalf: said("acknowledgement_median"), TakenNine: said("acknowledgement_p90")}
		for j, into := range []*string{&line.Kept, &line.Missed, &line.Running, &line.None} {
			*into = atLeast(counts.Entries[i][j], figure.Things, p.Figures.Least)
		}
		v.Lines = append(v.Lines, line)
	}
	return v, s.seen(r.Context(), who, "figures.offices_viewed", "figures")
}

func entryOf(t figure.Table, row string) figure.Entry {
	for i, h := range t.Rows {
		if h.Value == row {
			return t.Entries[i][len(t.Columns)]
		}
	}
	return figure.Entry{}
}

// atLeast hides what fewer than the program shows stand behind, and whether there was any.
func atLeast(e figure.Entry, u figure.Unit, least int64) string {
	switch {
	case e.Rows >= least:
		return figure.Number(u, e.Value)
	case u == figure.Microseconds:
		return "not shown"
	}
	return "fewer than " + strconv.FormatInt(least, 10)
}

func (s *Service) officesPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.offices(r)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if v.wrong != nil {
		status = http.StatusBadRequest
	}
	return s.pages.Staff(w, r, status, "release.offices", web.View{Title: "How offices answer", Path: "/staff/figures/offices", Data: v})
}

func (s *Service) officesCSV(w http.ResponseWriter, r *http.Request) error {
	v, err := s.offices(r)
	if err != nil {
		return err
	}
	if v.wrong != nil {
		return v.wrong
	}
	return web.CSV(w, "offices.csv", []string{"office", "limit kept", "limit missed", "limit running", "no limit", "had it: half within", "had it: nine in ten within", "took it on: half within", "took it on: nine in ten within"},
		func(yield func([]string) error) error {
			for _, l := range v.Lines {
				if err := yield([]string{l.Office, l.Kept, l.Missed, l.Running, l.None, l.HadHalf, l.HadNine, l.TakenHalf, l.TakenNine}); err != nil {
					return err
				}
			}
			return nil
		})
}
