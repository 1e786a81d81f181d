// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// row is one operation on the list.
type row struct {
	ID, Name, Kind, When, Where, Lead string
	State                             stateWord
	Calls                             int // conflicts about which the office has to call
	Partner                           bool
}

type listView struct {
	web.Frame
	Query                            string
	States, Kinds, Surges            []web.Choice
	Rows                             []row
	Paging                           web.Paging
	CSV                              string
	Calls                            int
	MayPlan, MayLocations, MayChecks bool
	Filtered                         bool
}

// filterOf reads a filter from an address. What is no state, kind or surge narrows nothing.
func filterOf(q url.Values) Filter {
	f := Filter{State: State(q.Get("state")), Kind: q.Get("kind"), Search: typed(q.Get("q"))}
	if f.State != "all" && !slices.Contains(States(), f.State) {
		f.State = ""
	}
	if !slices.Contains(Kinds(), f.Kind) {
		f.Kind = ""
	}
	f.Surge, _ = store.ParseID(q.Get("surge"))
	return f
}

func (f Filter) address(base, after string) string {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("state", string(f.State))
	set("kind", f.Kind)
	set("q", f.Search)
	set("after", after)
	if !f.Surge.IsZero() {
		q.Set("surge", f.Surge.String())
	}
	return web.WithQuery(base, q)
}

func (s *Service) listPageHandler(w http.ResponseWriter, r *http.Request) error {
	ctx, m := r.Context(), me(r)
	f := filterOf(r.URL.Query())
	var from position
	if err := web.DecodeCursor(r.URL.Query().Get("after"), &from.at, &from.id); err != nil {
		return err
	}
	list, next, err := s.list(ctx, s.DB, m.Program, m.Office, f, from, pageSize)
	if err != nil {
		return err
	}
	calls, err := waiting(ctx, s.DB, m.Program, m.Office)
	if err != nil {
		return err
	}
	surges, err := s.surgesOf(ctx, s.DB, m.Program, m.Office)
	if err != nil {
		return err
	}
	if err := s.looked(ctx, m, "list_viewed", "office:"+m.Office); err != nil {
		return err
	}
	who := s.People.Subject(m)
	own := policy.Object{Program: m.Program, Office: m.Office}
	v := listView{Frame: web.Framed(r, nil, notices), Query: f.Search, Kinds: kindChoices(f.Kind), CSV: f.address("/staff/operations.csv", ""), Filtered: f != (Filter{}),
		MayPlan: policy.Decide(policy.PlanOperation, who, own).Allowed, MayLocations: policy.Decide(policy.ReadLocations, who, own).Allowed, MayChecks: policy.Decide(policy.ReadChecks, who, own).Allowed}
	v.States = web.Chosen([]web.Choice{{Value: "", Label: "Not finished"}}, string(f.State))
	for _, st := range States() {
		v.States = append(v.States, web.Choice{Value: string(st), Label: stateWords[st].Word, On: st == f.State})
	}
	v.States = append(v.States, web.Choice{Value: "all", Label: "All", On: f.State == "all"})
	for _, g := range surges {
		v.Surges = append(v.Surges, web.Choice{Value: g.ID.String(), Label: g.Name, On: g.ID == f.Surge})
	}
	for _, n := range calls {
		v.Calls += n
	}
	for _, o := range list {
		v.Rows = append(v.Rows, row{ID: o.ID.String(), Name: o.Name, Kind: kindWords[o.Kind], When: s.span(o), Where: whereOf(o.Plan), Lead: s.officeName(m.Program, o.Lead),
			State: stateWords[o.State], Calls: calls[o.ID], Partner: o.Lead != m.Office})
	}
	if from != (position{}) {
		v.Paging.First = f.address("/staff/operations", "")
	}
	if next != (position{}) {
		v.Paging.Next = f.address("/staff/operations", web.EncodeCursor(next.at, next.id))
	}
	return s.pages.Staff(w, r, http.StatusOK, "operations", web.View{Title: "Operations", Data: v})
}

// span is when an operation is, or was.
func (s *Service) span(o Operation) string {
	from, to := o.Period()
	return s.clock(o.Program, from) + " to " + s.clock(o.Program, to)
}

// whereOf is where an operation is, in words.
func whereOf(p Plan) string {
	var names []string
	for _, a := range p.Areas {
		names = append(names, a.Name())
	}
	return strings.Join(names, "; ")
}

// listCSV is the whole list as a file.
func (s *Service) listCSV(w http.ResponseWriter, r *http.Request) error {
	ctx, m := r.Context(), me(r)
	f := filterOf(r.URL.Query())
	if err := s.looked(ctx, m, "list_exported", "office:"+m.Office); err != nil {
		return err
	}
	calls, err := waiting(ctx, s.DB, m.Program, m.Office)
	if err != nil {
		return err
	}
	exact := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(s.zone(m.Program)).Format(time.RFC3339)
	}
	header := []string{"operation", "name", "kind", "state", "lead", "partners", "counties", "judicial district", "begins", "ends", "surge", "calls to make"}
	return web.CSV(w, "operations.csv", header, func(yield func([]string) error) error {
		var from position
		for {
			list, next, err := s.list(ctx, s.DB, m.Program, m.Office, f, from, pageSize)
			if err != nil {
				return err
			}
			for _, o := range list {
				if o.Partners, err = partnersOf(ctx, s.DB, m.Program, o.ID); err != nil {
					return err
				}
				surge := ""
				if !o.Surge.IsZero() {
					surge = o.Surge.String()
				}
				begins, ends := o.Period()
				err := yield([]string{o.ID.String(), o.Name, o.Kind, string(o.State), o.Lead, strings.Join(o.Partners, " "), whereOf(o.Plan), o.District, exact(begins), exact(ends), surge, strconv.Itoa(calls[o.ID])})
				if err != nil {
					return err
				}
			}
			if from = next; from == (position{}) {
				return nil
			}
		}
	})
}

// checksView is who asked for conflicts.
type checksView struct {
	web.Frame
	Whole bool // of the whole program
	Rows  []checkRow
}

type checkRow struct {
	Asker
	Name, OfficeName string
	Much             bool // close to where somebody is stopped
}

// checksPage shows who asked where others act, and how often, in the last thirty days: to the supervisors of an office for their own, to who reviews the program for all.
func (s *Service) checksPage(w http.ResponseWriter, r *http.Request) error {
	ctx, m := r.Context(), me(r)
	who := s.People.Subject(m)
	office := m.Office
	whole := who.Has(policy.RoleAuditor)
	if whole {
		office = ""
	}
	if err := s.may(policy.ReadChecks, m, policy.Object{Program: m.Program, Office: m.Office}); err != nil {
		return err
	}
	all, err := askers(ctx, s.DB, m.Program, office, store.Micros(s.Now().AddDate(0, 0, -30)))
	if err != nil {
		return err
	}
	if err := s.looked(ctx, m, "checks_viewed", "office:"+m.Office); err != nil {
		return err
	}
	v := checksView{Frame: web.Framed(r, nil, notices), Whole: whole}
	for _, a := range all {
		v.Rows = append(v.Rows, checkRow{a, s.by(ctx, m.Program, a.Member), s.officeName(m.Program, a.Office), a.Finds >= s.Limits.Finds})
	}
	return s.pages.Staff(w, r, http.StatusOK, "checks", web.View{Title: "Questions about conflicts", Data: v})
}
