// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/place"
	"waylight/internal/platform/web"
)

// surgeRow is one surge on the list.
type surgeRow struct {
	ID, Name, First, Last, Lead string
	Days                        int
	Closed                      bool
}

type surgesView struct {
	web.Frame
	Rows    []surgeRow
	Offices []web.Choice
	MayMake bool
	Query   string
}

func surgeRowOf(s *Service, g Surge) surgeRow {
	return surgeRow{g.ID.String(), g.Name, g.First, g.Last, s.officeName(g.Program, g.Lead), g.Days(), !g.Closed.IsZero()}
}

func (s *Service) surgesPage(w http.ResponseWriter, r *http.Request) error {
	if err := s.looked(r.Context(), me(r), "surges_viewed", "office:"+me(r).Office); err != nil {
		return err
	}
	return s.showSurges(w, r, http.StatusOK, nil)
}

func (s *Service) showSurges(w http.ResponseWriter, r *http.Request, status int, t *web.Trouble) error {
	m := me(r)
	all, err := s.surgesOf(r.Context(), s.DB, m.Program, m.Office)
	if err != nil {
		return err
	}
	v := surgesView{Frame: web.Framed(r, t, notices), Query: typed(r.URL.Query().Get("q")), MayMake: s.may(policy.ChangeSurge, m, policy.Object{Program: m.Program, Office: m.Office}) == nil,
		Offices: s.offices(m.Program, m.Office)}
	if t != nil {
		web.Chosen(v.Offices, t.Typed["partners"]...)
	}
	for _, g := range all {
		if strings.Contains(strings.ToLower(g.Name), strings.ToLower(v.Query)) {
			v.Rows = append(v.Rows, surgeRowOf(s, g))
		}
	}
	return s.pages.Staff(w, r, status, "surges", web.View{Title: "Surges", Path: "/staff/surges", Data: v, Problems: t.Problems()})
}

func (s *Service) surgePost(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	if err := s.may(policy.ChangeSurge, m, policy.Object{Program: m.Program, Office: m.Office}); err != nil {
		return err
	}
	return s.posted(w, r, func(ctx context.Context, m identity.Member, r *http.Request) (string, error) {
		q := r.PostForm
		_, err := s.MakeSurge(ctx, m, SurgeDetails{Name: q.Get("name"), First: q.Get("first"), Last: q.Get("last")}, slices.Clone(q["partners"]))
		return "surge", err
	}, s.showSurges, func(*http.Request) string { return "/staff/surges" })
}

// surgeView is the page of one surge.
type surgeView struct {
	web.Frame
	surgeRow
	Partners []string
	Tallies  []tallyRow
	Total    int
	Rows     []row
	More     bool
	MayClose bool
	MayPlan  bool
}

// tallyRow is how many operations of a kind are in each state.
type tallyRow struct {
	Kind string
	Ns   []int // in the order of States
	Sum  int
}

func (s *Service) surge(r *http.Request) (Surge, error) {
	id, err := idOf(r, "id")
	if err != nil {
		return Surge{}, err
	}
	g, err := s.surgeByID(r.Context(), s.DB, me(r).Program, id)
	if err != nil {
		return g, err
	}
	return g, s.may(policy.ReadSurge, me(r), g.object(me(r).Office))
}

func (s *Service) surgePage(w http.ResponseWriter, r *http.Request) error {
	return s.showSurge(w, r, http.StatusOK, nil)
}

func (s *Service) showSurge(w http.ResponseWriter, r *http.Request, status int, t *web.Trouble) error {
	ctx, m := r.Context(), me(r)
	g, err := s.surge(r)
	if err != nil {
		return err
	}
	if err := s.looked(ctx, m, "surge_viewed", g.record()); err != nil {
		return err
	}
	v := surgeView{Frame: web.Framed(r, t, notices), surgeRow: surgeRowOf(s, g), MayClose: g.Closed.IsZero() && s.may(policy.ChangeSurge, m, g.object(m.Office)) == nil,
		MayPlan: g.Closed.IsZero() && s.may(policy.PlanOperation, m, policy.Object{Program: m.Program, Office: m.Office}) == nil}
	for _, p := range g.Partners {
		v.Partners = append(v.Partners, s.officeName(g.Program, p))
	}
	all, err := tallies(ctx, s.DB, m.Program, g.ID)
	if err != nil {
		return err
	}
	v.Tallies, v.Total = tabulate(all)
	own, next, err := s.list(ctx, s.DB, m.Program, m.Office, Filter{State: "all", Surge: g.ID}, position{}, pageSize)
	if err != nil {
		return err
	}
	v.More = next != (position{})
	for _, o := range own {
		v.Rows = append(v.Rows, row{ID: o.ID.String(), Name: o.Name, Kind: kindWords[o.Kind], When: s.span(o), Where: whereOf(o.Plan), Lead: s.officeName(m.Program, o.Lead), State: stateWords[o.State]})
	}
	return s.pages.Staff(w, r, status, "surge", web.View{Title: "Surge", Path: "/staff/surges/" + v.ID, Data: v, Problems: t.Problems()})
}

// tabulate makes a table of kinds and states.
func tabulate(all []tally) (rows []tallyRow, total int) {
	for _, k := range Kinds() {
		line := tallyRow{Kind: kindWords[k], Ns: make([]int, len(States()))}
		for _, t := range all {
			if t.Kind == k {
				line.Ns[slices.Index(States(), t.State)] += t.N
				line.Sum += t.N
			}
		}
		if line.Sum > 0 {
			rows = append(rows, line)
			total += line.Sum
		}
	}
	return rows, total
}

func (s *Service) surgeClosePost(w http.ResponseWriter, r *http.Request) error {
	g, err := s.surge(r)
	if err != nil {
		return err
	}
	if err := s.may(policy.ChangeSurge, me(r), g.object(me(r).Office)); err != nil {
		return err
	}
	return s.posted(w, r, func(ctx context.Context, m identity.Member, r *http.Request) (string, error) {
		return "closed", s.CloseSurge(ctx, m, g.ID)
	}, s.showSurge, func(*http.Request) string { return "/staff/surges/" + g.ID.String() })
}

// --- featured locations

type locationRow struct {
	ID, Name, Area, Level, Added string
	Withdrawn                    bool
}

type locationsView struct {
	web.Frame
	Query          string
	Rows           []locationRow
	Federal, State int
	MayChange      bool
	CSV            string
}

var levelWords = map[string]string{Federal: "Federal", OfState: "State"}

// locationsOf reads the list, and counts what is featured now.
func (s *Service) locationsOf(r *http.Request) (locationsView, error) {
	m := me(r)
	v := locationsView{Query: typed(r.URL.Query().Get("q"))}
	if err := s.may(policy.ReadLocations, m, policy.Object{Program: m.Program}); err != nil {
		return v, err
	}
	all, err := s.locations(r.Context(), s.DB, m.Program)
	for _, l := range all {
		if l.Withdrawn.IsZero() && l.Level == Federal {
			v.Federal++
		}
		if l.Withdrawn.IsZero() && l.Level == OfState {
			v.State++
		}
		text := strings.ToLower(l.Name + " " + l.Area.Name())
		if strings.Contains(text, strings.ToLower(v.Query)) {
			v.Rows = append(v.Rows, locationRow{l.ID.String(), l.Name, l.Area.Name(), levelWords[l.Level], l.Added.In(s.zone(l.Program)).Format("Jan 2, 2006"), !l.Withdrawn.IsZero()})
		}
	}
	return v, err
}

func (s *Service) locationsPage(w http.ResponseWriter, r *http.Request) error {
	return s.showLocations(w, r, http.StatusOK, nil)
}

func (s *Service) showLocations(w http.ResponseWriter, r *http.Request, status int, t *web.Trouble) error {
	m := me(r)
	v, err := s.locationsOf(r)
	if err != nil {
		return err
	}
	if err := s.looked(r.Context(), m, "locations_viewed", "office:"+m.Office); err != nil {
		return err
	}
	v.Frame = web.Framed(r, t, notices)
	v.MayChange = s.may(policy.ChangeLocation, m, policy.Object{Program: m.Program}) == nil
	v.CSV = "/staff/locations.csv"
	return s.pages.Staff(w, r, status, "locations", web.View{Title: "Featured locations", Path: "/staff/locations", Data: v, Problems: t.Problems()})
}

func (s *Service) locationsCSV(w http.ResponseWriter, r *http.Request) error {
	v, err := s.locationsOf(r)
	if err != nil {
		return err
	}
	if err := s.looked(r.Context(), me(r), "locations_exported", "office:"+me(r).Office); err != nil {
		return err
	}
	return web.CSV(w, "featured-locations.csv", []string{"location", "name", "level", "place", "added", "withdrawn"}, func(yield func([]string) error) error {
		for _, l := range v.Rows {
			err := yield([]string{l.ID, l.Name, l.Level, l.Area, l.Added, map[bool]string{true: "yes", false: "no"}[l.Withdrawn]})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) locationPost(w http.ResponseWriter, r *http.Request) error {
	return s.posted(w, r, func(ctx context.Context, m identity.Member, r *http.Request) (string, error) {
		p, ok := s.Programs.Program(m.Program)
		if !ok {
			return "", ErrNotFound
		}
		d := LocationDetails{Name: r.PostForm.Get("name")}
		text := strings.TrimSpace(r.PostForm.Get("area"))
		if st, known := place.StateByCode(strings.ToUpper(text)); known {
			d.Area = place.Place{State: st.Code}
		} else if a, known := areaOf(p, text); known {
			d.Area = a
		}
		_, err := s.AddLocation(ctx, m, r.PostForm.Get("level"), d)
		return "location", err
	}, s.showLocations, func(*http.Request) string { return "/staff/locations" })
}

func (s *Service) withdrawPost(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r, "id")
	if err != nil {
		return err
	}
	return s.posted(w, r, func(ctx context.Context, m identity.Member, r *http.Request) (string, error) {
		return "withdrawn", s.WithdrawLocation(ctx, m, id)
	}, s.showLocations, func(*http.Request) string { return "/staff/locations" })
}
