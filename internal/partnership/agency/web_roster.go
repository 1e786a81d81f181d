// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// shiftView is one shift on the page.
type shiftView struct {
	ID        store.ID
	Who, Kind string
	When      string
	Gone      bool // the member has left: the shift counts for nothing
}

// dayView is one day of the week table.
type dayView struct {
	Name    string
	Today   bool
	Holiday string // its name; "" for none
	Hours   []string
	Shifts  []shiftView
	Gaps    []string
}

type choice struct{ ID, Label string }

type rosterView struct {
	frame
	Office, OfficeName string
	Offices            []choice // those the member may look at
	May                bool     // whether the member may change this roster
	Query              string
	Week, Prev, Next   string // Mondays
	Days               []dayView
	GapCount           int
	Upcoming           []string // gaps of the next seven days
	Members            []choice
	Weekdays           []choice
	Hours              string
	Zone               string
	Now                []string // who is to be told at this moment
	Export             string
}

// rosterOf finds whose roster is meant: the member's own office, or for the
// program's administrators any that has joined.
func (s *Service) rosterOf(v visit, query string) (string, error) {
	office := query
	if office == "" {
		office = v.Office
	}
	if office == "" || !s.Joined(v.p.ID, office) {
		office = s.Desk(v.p.ID)
	}
	if v.Has(roleProgramAdmin) {
		if query != "" && query != office {
			return "", errNotJoined
		}
		return office, nil
	}
	if query != "" && query != v.Office {
		return "", errForbidden
	}
	return v.Office, nil
}

func (s *Service) rosterPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	office, err := s.rosterOf(v, r.URL.Query().Get("office"))
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), v.Actor, "roster:"+office); err != nil {
		return err
	}
	return s.showRoster(w, r, v, office, r.URL.Query(), http.StatusOK, nil)
}

func (s *Service) showRoster(w http.ResponseWriter, r *http.Request, v visit, office string, query url.Values, status int, t *trouble) error {
	ctx, loc, now := r.Context(), zone(v.p), s.now()
	monday := weekStart(now, loc)
	if day, err := time.Parse(time.DateOnly, query.Get("week")); err == nil {
		monday = weekStart(instant(day.Year(), day.Month(), day.Day(), 12*60, loc, false), loc)
	}
	week, err := s.Week(ctx, v.p.ID, office)
	if err != nil {
		return err
	}
	people, err := s.people(ctx, v.p.ID, office)
	if err != nil {
		return err
	}
	all, err := s.Shifts(ctx, v.p.ID, office, monday, addDays(monday, 7, loc))
	if err != nil {
		return err
	}
	upcoming, err := s.Gaps(ctx, v.p.ID, office, now, now.Add(lookAhead))
	if err != nil {
		return err
	}
	duty, err := s.OnNow(ctx, v.p.ID, office, now)
	if err != nil {
		return err
	}
	iso := func(t time.Time) string { return t.In(loc).Format(time.DateOnly) }
	data := rosterView{frame: framed(r, t), Office: office, OfficeName: officeName(v.p, office), Offices: s.rosterChoices(v), Query: query.Get("q"),
		May: s.mayRoster(v.Actor, office) == nil, Week: iso(monday), Prev: iso(addDays(monday, -7, loc)), Next: iso(addDays(monday, 7, loc)),
		Weekdays: weekdays(), Hours: week.String(), Zone: loc.String(),
		Export: "/staff/roster.csv?" + url.Values{"office": {office}, "week": {iso(monday)}}.Encode()}
	data.Days = dayViews(week, all, people, monday, now, calendarOf(v.p, office), query.Get("q"))
	for _, d := range data.Days {
		data.GapCount += len(d.Gaps)
	}
	for _, g := range upcoming {
		data.Upcoming = append(data.Upcoming, stretch(span{g.Starts, g.Ends}, loc, true))
	}
	for _, d := range duty {
		data.Now = append(data.Now, people.name(d.Member)+dutyWords(d))
	}
	for _, p := range people.list {
		data.Members = append(data.Members, choice{p.ID.String(), p.Name})
	}
	return s.show(w, r, status, "roster", "Roster", "/staff/roster", t, data)
}

func dutyWords(d OnDuty) string {
	switch {
	case d.Supervisor:
		return " (supervisor: nobody is on the roster)"
	case d.StandIn:
		return " (stand-in)"
	}
	return ""
}

// rosterChoices lists the offices whose rosters the member may look at.
func (s *Service) rosterChoices(v visit) []choice {
	if !v.Has(roleProgramAdmin) {
		return nil
	}
	var out []choice
	for office, active := range s.directory(v.p.ID).joined {
		if active {
			out = append(out, choice{office, officeName(v.p, office)})
		}
	}
	slices.SortFunc(out, func(a, b choice) int { return strings.Compare(a.Label+a.ID, b.Label+b.ID) })
	return out
}

func weekdays() []choice {
	var out []choice
	for _, d := range []time.Weekday{1, 2, 3, 4, 5, 6, 0} {
		out = append(out, choice{dayNames()[d], d.String()})
	}
	return out
}

// dayViews lays the week out by days. A shift or a gap stands on the day on
// which it starts, or on Monday when it began before.
func dayViews(week Week, shifts []Shift, people roll, monday, now time.Time, cal calendar, query string) []dayView {
	loc := cal.loc
	days := make([]dayView, 7)
	counted := slices.DeleteFunc(slices.Clone(shifts), func(sh Shift) bool { return !people.has(sh.Member) })
	end := addDays(monday, 7, loc)
	open := gaps(week, counted, monday, end, cal)
	for i := range days {
		day := span{addDays(monday, i, loc), addDays(monday, i+1, loc)}
		d := &days[i]
		d.Name, d.Today = day.from.In(loc).Format("Monday, January 2"), day.covers(now)
		d.Holiday, _ = cal.on(day.from.In(loc))
		for _, s := range week.between(day.from, day.to, cal) {
			d.Hours = append(d.Hours, stretch(s, loc, false))
		}
		for _, sh := range shifts {
			who := people.name(sh.Member)
			if !day.covers(later(sh.Starts, monday)) || !strings.Contains(strings.ToLower(who), strings.ToLower(query)) {
				continue
			}
			d.Shifts = append(d.Shifts, shiftView{sh.ID, who, kindWords(sh.Kind), within(day, sh.span(), loc), !people.has(sh.Member)})
		}
		for _, g := range open {
			if day.covers(g.Starts) {
				d.Gaps = append(d.Gaps, within(day, span{g.Starts, g.Ends}, loc))
			}
		}
	}
	return days
}

func kindWords(k Kind) string {
	return map[Kind]string{On: "On", StandIn: "Stand-in", Leave: "Leave"}[k]
}

// within shows a span under its day: without the days when it lies inside.
func within(day, s span, loc *time.Location) string {
	return stretch(s, loc, s.from.Before(day.from) || s.to.After(day.to))
}

// stretch shows a span, with its days when asked to.
func stretch(s span, loc *time.Location, days bool) string {
	from, to := s.from.In(loc), s.to.In(loc)
	if !days {
		return from.Format("3:04 PM") + " to " + to.Format("3:04 PM")
	}
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return from.Format("Mon Jan 2, 3:04 PM") + " to " + to.Format("3:04 PM")
	}
	return from.Format("Mon Jan 2, 3:04 PM") + " to " + to.Format("Mon Jan 2, 3:04 PM")
}

func (s *Service) rosterCSV(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	office, err := s.rosterOf(v, r.URL.Query().Get("office"))
	if err != nil {
		return err
	}
	loc := zone(v.p)
	from := weekStart(s.now(), loc)
	if day, err := time.Parse(time.DateOnly, r.URL.Query().Get("week")); err == nil {
		from = weekStart(instant(day.Year(), day.Month(), day.Day(), 12*60, loc, false), loc)
	}
	if err := s.seen(r.Context(), v.Actor, "export:roster:"+office); err != nil {
		return err
	}
	people, err := s.people(r.Context(), v.p.ID, office)
	if err != nil {
		return err
	}
	shifts, err := s.Shifts(r.Context(), v.p.ID, office, from, addDays(from, 28, loc))
	if err != nil {
		return err
	}
	return web.CSV(w, "roster.csv", []string{"office", "who", "kind", "starts", "ends"}, func(yield func([]string) error) error {
		for _, sh := range shifts {
			err := yield([]string{office, people.name(sh.Member), kindWords(sh.Kind), sh.Starts.In(loc).Format("2006-01-02 15:04 MST"), sh.Ends.In(loc).Format("2006-01-02 15:04 MST")})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) rosterAct(do act) func(w http.ResponseWriter, r *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		done, t, status, err := s.posted(r, do)
		if err != nil {
			return err
		}
		keep := url.Values{"office": {r.PostForm.Get("office")}, "week": {r.PostForm.Get("week")}}
		if t == nil {
			keep.Set("done", done)
			return back(w, r, "/staff/roster", keep)
		}
		v, err := s.visit(r.Context())
		if err != nil {
			return err
		}
		office, err := s.rosterOf(v, r.PostForm.Get("office"))
		if err != nil {
			return err
		}
		return s.showRoster(w, r, v, office, keep, status, t)
	}
}

func (s *Service) postShift(ctx context.Context, v visit, r *http.Request) (string, error) {
	f := r.PostForm
	member, err := store.ParseID(f.Get("member"))
	if err != nil {
		return "", errShift.At("member").With(err)
	}
	first, err := time.ParseInLocation(time.DateOnly, f.Get("date"), time.UTC)
	if err != nil {
		return "", errShift.At("date").With(err)
	}
	from, err := ParseClock(f.Get("from"))
	if err != nil {
		return "", errShift.At("from").With(err)
	}
	to, err := ParseClock(f.Get("to"))
	if err != nil {
		return "", errShift.At("to").With(err)
	}
	loc := zone(v.p)
	if f.Get("until") != "" {
		until, err := time.Parse(time.DateOnly, f.Get("until"))
		if err != nil {
			return "", errShift.At("until").With(err)
		}
		_, err = s.AddShift(ctx, v.Actor, Shift{Office: f.Get("office"), Member: member, Kind: f.Get("kind"),
			Starts: instant(first.Year(), first.Month(), first.Day(), from, loc, false), Ends: instant(until.Year(), until.Month(), until.Day(), to, loc, true)})
		return "shift", err
	}
	pattern := Pattern{Member: member, Kind: f.Get("kind"), From: from, To: to, Weeks: 1,
		First: instant(first.Year(), first.Month(), first.Day(), 12*60, loc, false)}
	for _, name := range f["days"] {
		d := slices.Index(dayNames(), name)
		if d < 0 {
			return "", errShift.At("days")
		}
		pattern.Days = append(pattern.Days, time.Weekday(d))
	}
	if f.Get("weeks") != "" {
		if pattern.Weeks, err = strconv.Atoi(f.Get("weeks")); err != nil {
			return "", errWeeks.At("weeks").With(err)
		}
	}
	n, err := s.AddPattern(ctx, v.Actor, f.Get("office"), pattern)
	if n > 1 {
		return "shifts", err
	}
	return "shift", err
}

func (s *Service) postRemove(ctx context.Context, v visit, r *http.Request) (string, error) {
	id, err := store.ParseID(r.PostForm.Get("id"))
	if err != nil {
		return "", errNoSuch.With(err)
	}
	return "remove", s.RemoveShift(ctx, v.Actor, r.PostForm.Get("office"), id)
}

func (s *Service) postCopy(ctx context.Context, v visit, r *http.Request) (string, error) {
	weeks, err := strconv.Atoi(r.PostForm.Get("weeks"))
	if err != nil {
		return "", errWeeks.At("weeks").With(err)
	}
	day, err := time.Parse(time.DateOnly, r.PostForm.Get("week"))
	if err != nil {
		return "", errShift.With(err)
	}
	loc := zone(v.p)
	_, err = s.CopyWeek(ctx, v.Actor, r.PostForm.Get("office"), instant(day.Year(), day.Month(), day.Day(), 12*60, loc, false), weeks)
	return "copy", err
}

func (s *Service) postHours(ctx context.Context, v visit, r *http.Request) (string, error) {
	return "hours", s.SetHours(ctx, v.Actor, r.PostForm.Get("office"), r.PostForm.Get("hours"))
}
