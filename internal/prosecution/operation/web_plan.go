// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// planView is the form of a plan.
type planView struct {
	web.Frame
	Action, Title, Back                        string
	Running                                    bool // only its end can be put off
	Version                                    string
	Name, Aim, Areas, Lat, Lon, Radius         string
	FromDay, FromClock, ToDay, ToClock         string
	Contact, Phone, Zone, State                string
	FromTurn, ToTurn                           []web.Choice
	Kinds, Partners, Districts, Surges, Places []web.Choice
}

// Wrong says whether a field is the one that was refused.
func (v planView) Wrong(field string) bool { return v.Trouble != nil && v.Trouble.Field == field }

func (s *Service) newPage(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	if err := s.may(policy.PlanOperation, m, policy.Object{Program: m.Program, Office: m.Office}); err != nil {
		return err
	}
	surge := r.URL.Query().Get("surge")
	return s.showPlan(w, r, http.StatusOK, nil, Operation{}, url.Values{"surge": {surge}})
}

func (s *Service) newPost(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	if err := s.may(policy.PlanOperation, m, policy.Object{Program: m.Program, Office: m.Office}); err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	d, err := s.draftOf(m.Program, r.PostForm)
	var o Operation
	near := 0
	if err == nil {
		o, near, err = s.Plan(r.Context(), m, d)
	}
	if err != nil {
		return s.planAgain(w, r, err, Operation{})
	}
	return toPlan(w, r, o.ID, near, "planned")
}

// toPlan leads to an operation, which says first when others act nearby.
func toPlan(w http.ResponseWriter, r *http.Request, id store.ID, near int, done string) error {
	if near > 0 {
		done = "near"
	}
	return seeOther(w, r, "/staff/operations/"+id.String(), done)
}

// planAgain shows what was typed, and what is wrong with it.
func (s *Service) planAgain(w http.ResponseWriter, r *http.Request, err error, o Operation) error {
	t, status := web.Troubled(err, "", r.PostForm)
	if t == nil {
		return err
	}
	return s.showPlan(w, r, status, t, o, r.PostForm)
}

// planned is the operation of an address, for who may change it.
func (s *Service) planned(r *http.Request) (Operation, error) {
	id, err := idOf(r, "id")
	if err != nil {
		return Operation{}, err
	}
	o, err := s.Get(r.Context(), me(r), id)
	if err != nil {
		return o, err
	}
	return o, s.mayOperation(policy.PlanOperation, me(r), o, "")
}

func (s *Service) changePage(w http.ResponseWriter, r *http.Request) error {
	o, err := s.planned(r)
	if err != nil {
		return err
	}
	if err := s.looked(r.Context(), me(r), "viewed", o.record()); err != nil {
		return err
	}
	return s.showPlan(w, r, http.StatusOK, nil, o, s.valuesOf(o))
}

func (s *Service) changePost(w http.ResponseWriter, r *http.Request) error {
	o, err := s.planned(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	version, _ := strconv.Atoi(r.PostForm.Get("version")) // none is that of no plan, and refused
	d, err := s.draftOf(o.Program, r.PostForm)
	near := 0
	if err == nil {
		near, err = s.Change(r.Context(), me(r), o.ID, version, d)
	}
	if err != nil {
		return s.planAgain(w, r, err, o)
	}
	return toPlan(w, r, o.ID, near, "changed")
}

// showPlan shows the form with what was typed, or what is planned.
func (s *Service) showPlan(w http.ResponseWriter, r *http.Request, status int, t *web.Trouble, o Operation, q url.Values) error {
	m := me(r)
	p, ok := s.Programs.Program(m.Program)
	if !ok {
		return ErrNotFound
	}
	v := planView{Frame: web.Framed(r, t, notices), Action: "/staff/operations", Title: "Plan an operation", Back: "/staff/operations", Version: q.Get("version"), Running: o.State == Running,
		Name: q.Get("name"), Aim: q.Get("aim"), Areas: q.Get("areas"), Lat: q.Get("lat"), Lon: q.Get("lon"), Radius: q.Get("radius"),
		FromDay: q.Get("from_day"), FromClock: q.Get("from_clock"), ToDay: q.Get("to_day"), ToClock: q.Get("to_clock"), Contact: q.Get("contact"), Phone: q.Get("phone"),
		Zone: s.Now().In(s.zone(m.Program)).Format("MST"), Kinds: kindChoices(q.Get("kind")), Partners: web.Chosen(s.offices(m.Program, m.Office), q["partners"]...)}
	if st, ok := place.StateByCode(p.State); ok {
		v.State = st.Name
	}
	v.FromTurn, v.ToTurn = turns(q.Get("from_turn")), turns(q.Get("to_turn"))
	if !o.ID.IsZero() {
		v.Title, v.Back = "Change the plan", "/staff/operations/"+o.ID.String()
		v.Action = v.Back + "/change"
	}
	v.Districts = []web.Choice{{Value: "", Label: "None"}}
	for _, d := range Districts() {
		v.Districts = append(v.Districts, web.Choice{Value: d.Code, Label: d.Name})
	}
	web.Chosen(v.Districts, q.Get("district"))
	if err := s.fillChoices(r.Context(), m, &v, q); err != nil {
		return err
	}
	return s.pages.Staff(w, r, status, "plan", web.View{Title: v.Title, Path: v.Back, Data: v, Problems: t.Problems()})
}

// fillChoices reads what a plan can be part of.
func (s *Service) fillChoices(ctx context.Context, m identity.Member, v *planView, q url.Values) error {
	surges, err := s.surgesOf(ctx, s.DB, m.Program, m.Office)
	if err != nil {
		return err
	}
	v.Surges = []web.Choice{{Value: "", Label: "None"}}
	for _, g := range surges {
		if g.Closed.IsZero() || g.ID.String() == q.Get("surge") {
			v.Surges = append(v.Surges, web.Choice{Value: g.ID.String(), Label: g.Name + ", " + g.First + " to " + g.Last})
		}
	}
	web.Chosen(v.Surges, q.Get("surge"))
	locations, err := s.locations(ctx, s.DB, m.Program)
	if err != nil {
		return err
	}
	v.Places = []web.Choice{{Value: "", Label: "None"}}
	for _, l := range locations {
		if l.Withdrawn.IsZero() || l.ID.String() == q.Get("location") {
			v.Places = append(v.Places, web.Choice{Value: l.ID.String(), Label: l.Name})
		}
	}
	web.Chosen(v.Places, q.Get("location"))
	return nil
}

func turns(on string) []web.Choice {
	return web.Chosen([]web.Choice{{Value: "", Label: "It is not that night"}, {Value: First, Label: "The first time, before the clocks are set back"}, {Value: Second, Label: "The second time"}}, on)
}

// valuesOf is a plan as its form has it.
func (s *Service) valuesOf(o Operation) url.Values {
	zone := s.zone(o.Program)
	q := url.Values{"name": {o.Name}, "aim": {o.Aim}, "kind": {o.Kind}, "partners": o.Partners, "district": {o.District}, "contact": {o.Contact}, "phone": {o.Phone},
		"version": {strconv.Itoa(o.Version)}}
	var areas []string
	p, _ := s.Programs.Program(o.Program)
	for _, a := range o.Areas {
		c, _ := place.CountyByFIPS(a.County)
		switch {
		case a.County == "":
			areas = append(areas, a.State)
		case p != nil && a.State == p.State:
			areas = append(areas, c.Name)
		default:
			areas = append(areas, a.State+" "+c.Name)
		}
	}
	q.Set("areas", strings.Join(areas, ", "))
	if o.Point != nil {
		q.Set("lat", strconv.FormatFloat(o.Point.Lat, 'f', -1, 64))
		q.Set("lon", strconv.FormatFloat(o.Point.Lon, 'f', -1, 64))
		q.Set("radius", strconv.FormatFloat(float64(o.Radius)/1000, 'f', -1, 64))
	}
	for name, at := range map[string]time.Time{"from": o.From, "to": o.To} {
		local := at.In(zone)
		q.Set(name+"_day", local.Format(dayFormat))
		q.Set(name+"_clock", local.Format("15:04"))
		if all := instants(local, local, zone); len(all) == 2 {
			q.Set(name+"_turn", map[bool]string{true: First, false: Second}[all[0].Equal(at.Truncate(time.Minute))])
		}
	}
	for name, id := range map[string]store.ID{"surge": o.Surge, "location": o.Location} {
		if !id.IsZero() {
			q.Set(name, id.String())
		}
	}
	return q
}

// draftOf reads a form. What cannot be read is refused with the field it stands in.
func (s *Service) draftOf(programID string, q url.Values) (Draft, error) {
	p, ok := s.Programs.Program(programID)
	if !ok {
		return Draft{}, ErrNotFound
	}
	text := func(name string) string { return strings.TrimSpace(q.Get(name)) }
	d := Draft{Kind: q.Get("kind"), Partners: slices.Clone(q["partners"]), Plan: Plan{
		Name: text("name"), Aim: text("aim"), District: q.Get("district"), Contact: text("contact"), Phone: text("phone"),
	}}
	var err error
	if d.Areas, err = areasOf(p, q.Get("areas")); err != nil {
		return d, err
	}
	if d.Point, d.Radius, err = pointOf(text("lat"), text("lon"), text("radius")); err != nil {
		return d, err
	}
	for i, into := range []*time.Time{&d.From, &d.To} {
		name := []string{"from", "to"}[i]
		if *into, err = At(q.Get(name+"_day"), q.Get(name+"_clock"), q.Get(name+"_turn"), s.zone(programID)); err != nil {
			if f, ok := fault.As(err); ok {
				return d, f.At(name)
			}
			return d, err
		}
	}
	if d.Surge, err = chosen(q.Get("surge"), errSurge); err != nil {
		return d, err
	}
	d.Location, err = chosen(q.Get("location"), errLocation)
	return d, err
}

// chosen reads an id that may be left out.
func chosen(text string, wrong *fault.Error) (store.ID, error) {
	if text == "" {
		return store.ID{}, nil
	}
	id, err := store.ParseID(text)
	if err != nil {
		return id, wrong.With(err)
	}
	return id, nil
}

var errCounty = fault.New(fault.Invalid, "operation.county", "One of the counties is not known. Write names of counties with commas between them, such as: Hinds, Rankin. Put the two letters of another state before its county, such as: TN Shelby.").At("areas")

// areasOf reads names of counties, of the program's own state unless another state's two letters stand before them. A name that could be two counties is refused.
func areasOf(p *program.Program, text string) ([]place.Place, error) {
	var out []place.Place
	for _, name := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		a, ok := areaOf(p, name)
		if !ok {
			return nil, errCounty
		}
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, errAreas
	}
	return out, nil
}

func areaOf(p *program.Program, name string) (place.Place, bool) {
	if a, err := place.ParsePlace(name); err == nil && (a.County != "" || len(place.Counties(a.State)) == 0) {
		return a, true
	}
	if c, ok := place.CountyByFIPS(name); ok {
		return place.Place{State: c.State().Code, County: c.FIPS}, true
	}
	if c, ok := place.CountyByName(p.State, name); ok {
		return place.Place{State: p.State, County: c.FIPS}, true
	}
	code, rest, ok := strings.Cut(name, " ")
	if !ok {
		return place.Place{}, false
	}
	c, ok := place.CountyByName(strings.ToUpper(code), strings.TrimSpace(rest))
	return place.Place{State: strings.ToUpper(code), County: c.FIPS}, ok
}

// pointOf reads a point and the kilometers around it; all empty is none.
func pointOf(lat, lon, km string) (*Point, int, error) {
	if lat == "" && lon == "" && km == "" {
		return nil, 0, nil
	}
	if lat == "" && lon == "" {
		return nil, 0, errRadius
	}
	var p Point
	var err error
	if p.Lat, err = strconv.ParseFloat(lat, 64); err != nil {
		return nil, 0, errPoint
	}
	if p.Lon, err = strconv.ParseFloat(lon, 64); err != nil {
		return nil, 0, errPoint
	}
	if km == "" {
		return &p, 0, nil
	}
	r, err := strconv.ParseFloat(km, 64)
	if err != nil || !(r >= 0 && r <= maxRadius/1000) {
		return nil, 0, errRadius
	}
	return &p, int(math.Ceil(r * 1000)), nil
}
