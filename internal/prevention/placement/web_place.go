// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/place"
	"waylight/internal/platform/web"
)

const changes = policy.ChangePlacements

// fieldWords are the fields' names on pages.
var fieldWords = map[string]string{
	"kind": "Kind", "name": "Name", "address": "Address", "city": "City", "county": "County", "state": "State", "latitude": "Latitude", "longitude": "Longitude",
	"contact": "Office to ask", "small": "Few people come there", "lacks": "Spots that it does not have", "several": "Spots that it has more than once", "label": "Which one", "notice": "Notice", "spot": "Spot", "languages": "Languages",
	"paper": "Paper", "spots": "Spots", "what": "What", "": "Row",
}

type placeLine struct {
	ID, Name, Address, Kind, County string
	Small, Unused                   bool
}

func placeLineOf(p Place) placeLine {
	var where []string
	for _, part := range []string{p.Address, p.City} {
		if part != "" {
			where = append(where, part)
		}
	}
	return placeLine{ID: p.ID.String(), Name: p.Name, Address: strings.Join(where, ", "), Kind: kindWords[p.Kind], County: p.region() + inState(p.State), Small: p.Small, Unused: !p.Active}
}

// inState names the state behind a county.
func inState(state string) string {
	if state == "" {
		return ""
	}
	return ", " + state
}

type placesData struct {
	Done, Text, CSV                       string
	Kinds, Counties                       []web.Choice
	Unused, Filtered, MayChange, MayBring bool
	Rows                                  []placeLine
	Paging                                web.Paging
}

func (s *Service) placesPage(w http.ResponseWriter, r *http.Request) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	f := s.filterOf(r)
	list, next, err := s.Places(r.Context(), m, f)
	if err != nil {
		return err
	}
	data := placesData{Done: done(r), Text: f.Text, CSV: f.address("/staff/places.csv", ""), Kinds: web.Choices(f.Kind, program.NoticePlaces(), wordOf(kindWords)),
		Counties: whereabouts(pack.State, f.County), Unused: f.Unused, Filtered: f.filtered(), MayChange: s.allowed(m, changes), MayBring: s.allowed(m, policy.ImportPlaces),
		Paging: f.paging("/staff/places", next)}
	for _, p := range list {
		data.Rows = append(data.Rows, placeLineOf(p))
	}
	return s.pages.Staff(w, r, http.StatusOK, "places", web.View{Title: "Places", Data: data})
}

// placesCSV gives the places as a file that can be read in again.
func (s *Service) placesCSV(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	f := s.filterOf(r)
	f.Limit = exportRows
	if err := s.exported(r.Context(), m, "places"); err != nil {
		return err
	}
	return web.CSVPages(w, "places.csv", fields, func(after string) (rows [][]string, next string, err error) {
		f.After = after
		list, next, err := s.Places(r.Context(), m, f)
		for _, p := range list {
			t := p.typed()
			row := make([]string, len(fields))
			for i, name := range fields {
				row[i] = t[name]
			}
			rows = append(rows, row)
		}
		return rows, next, err
	})
}

// field is a field of a place's form.
type field struct{ Name, Label, Value, Hint, Problem string }

type placeForm struct {
	Kinds, Counties, Lacks []web.Choice
	Fields                 map[string]field
	Small                  string // "", "yes", "no"
	Trouble                []string
}

// shortHints explain fields in a few words.
var shortHints = map[string]string{
	"county": "Leave it empty to find it by latitude and longitude. A train, a bus or an aircraft needs none.", "contact": "The office that hangs things there. Never a person's name.",
	"latitude": "In degrees, like 32.3038.", "longitude": "In degrees, like -90.1823.",
}

func formOf(pack *program.Program, t Typed, wrong []Problem) placeForm {
	f := placeForm{Kinds: web.Choices(t["kind"], program.NoticePlaces(), wordOf(kindWords)), Fields: map[string]field{}, Small: t["small"], Trouble: saidOf(wrong)}
	county := t["county"]
	if at, err := place.ParsePlace(county); err == nil && at.County != "" {
		county = at.County
	}
	f.Counties = counties(pack.State, county)
	if c, ok := place.CountyByFIPS(county); ok && c.State().Code != pack.State {
		f.Counties = append(f.Counties, web.Choice{Value: c.FIPS, Label: c.Name + ", " + c.State().Code, On: true})
	}
	has := strings.Fields(t["lacks"])
	for _, spot := range program.NoticeSpots() {
		f.Lacks = append(f.Lacks, web.Choice{Value: spot, Label: spotWords[spot], On: slices.Contains(has, spot)})
	}
	for _, name := range fields {
		problem := ""
		for _, p := range wrong {
			if p.Field == name {
				problem = p.Reason
			}
		}
		f.Fields[name] = field{name, fieldWords[name], t[name], shortHints[name], problem}
	}
	return f
}

// typedOf reads a place's form.
func typedOf(r *http.Request) Typed {
	t := Typed{}
	for _, name := range fields {
		t[name] = r.PostForm.Get(name)
	}
	t["lacks"] = strings.Join(r.PostForm["lacks"], " ")
	return t
}

func (s *Service) newPlacePage(w http.ResponseWriter, r *http.Request) error {
	return s.showNew(w, r, http.StatusOK, Typed{}, nil)
}

func (s *Service) showNew(w http.ResponseWriter, r *http.Request, status int, t Typed, wrong []Problem) error {
	_, pack, err := s.here(r)
	if err != nil {
		return err
	}
	return s.pages.Staff(w, r, status, "place.new", web.View{Title: "A new place", Data: formOf(pack, t, wrong)})
}

func (s *Service) newPlacePost(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	t := typedOf(r)
	p, wrong, err := s.AddPlace(r.Context(), m, t)
	if errors.Is(err, ErrTyped) {
		return s.showNew(w, r, http.StatusBadRequest, t, wrong)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/places/"+p.ID.String()+"?done=place", http.StatusSeeOther)
	return nil
}

type placeData struct {
	placeLine
	Version                int64
	Done                   string
	Facts                  []fact
	Form                   placeForm
	Rows                   []line
	Notices, Spots, Papers []web.Choice
	Languages              []web.Choice
	PlanTrouble            []string
	Label                  string // which of several, as it was typed
	Labels                 []string
	MayChange              bool
	Gone                   string // leads to what hung there once
}

func (s *Service) placePage(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "place", ErrPlace)
	if err != nil {
		return err
	}
	p, err := s.Place(r.Context(), m, id)
	if err != nil {
		return err
	}
	return s.showPlace(w, r, http.StatusOK, p, nil, nil, nil, Draft{})
}

// showPlace shows a place; t and wrong are of a change that was refused, plan and d of
// a sheet that was.
func (s *Service) showPlace(w http.ResponseWriter, r *http.Request, status int, p Place, t Typed, wrong, plan []Problem, d Draft) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	if t == nil {
		t = p.typed()
	}
	data := placeData{placeLine: placeLineOf(p), Version: p.Version, Done: done(r), Form: formOf(pack, t, wrong), MayChange: s.allowed(m, changes), PlanTrouble: saidOf(plan),
		Notices: s.notices(pack, d.Notice), Spots: web.Choices(d.Spot, program.NoticeSpots(), wordOf(spotWords)), Papers: web.Choices(d.Paper, Papers(), wordOf(paperWords)),
		Languages: languagesOf(pack, d.Languages), Label: d.Label}
	for _, n := range p.Several {
		if !slices.Contains(data.Labels, n.Label) {
			data.Labels = append(data.Labels, n.Label)
		}
	}
	for _, name := range []string{"kind", "address", "city", "contact"} {
		if v := t[name]; v != "" && name != "kind" {
			data.Facts = append(data.Facts, fact{fieldWords[name], v})
		}
	}
	if len(p.Several) > 0 {
		data.Facts = append(data.Facts, fact{fieldWords["several"], severalText(p.Several)})
	}
	if p.At != nil {
		data.Facts = append(data.Facts, fact{"Latitude, longitude", degrees(p.At.Lat) + ", " + degrees(p.At.Lon)})
	}
	for after := ""; ; {
		list, next, err := s.shown(r.Context(), m, Filter{Place: p.ID, State: "all", Limit: pageSize, After: after})
		if err != nil {
			return err
		}
		for _, x := range list {
			data.Rows = append(data.Rows, s.line(pack, x))
		}
		if after = next; next == "" || len(data.Rows) >= 4*pageSize {
			break
		}
	}
	return s.pages.Staff(w, r, status, "place", web.View{Title: "Place", Data: data})
}

// languagesOf are those of any notice of the pack, to choose from.
func languagesOf(pack *program.Program, chosen []string) []web.Choice {
	var all []string
	for _, n := range relevant(pack) {
		for lang := range n.Words {
			if !slices.Contains(all, lang) {
				all = append(all, lang)
			}
		}
	}
	slices.Sort(all)
	var out []web.Choice
	for _, lang := range all {
		out = append(out, web.Choice{Value: lang, Label: lang, On: slices.Contains(chosen, lang)})
	}
	return out
}

func (s *Service) placePost(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "place", ErrPlace)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	p, err := s.Place(r.Context(), m, id)
	if err != nil {
		return err
	}
	version, _ := strconv.ParseInt(r.PostForm.Get("version"), 10, 64) // one that is none was never seen
	t := typedOf(r)
	wrong, err := s.ChangePlace(r.Context(), m, id, version, t, r.PostForm.Get("unused") != "yes")
	if errors.Is(err, ErrTyped) {
		return s.showPlace(w, r, http.StatusBadRequest, p, t, wrong, nil, Draft{})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/places/"+id.String()+"?done=place", http.StatusSeeOther)
	return nil
}

type stationLine struct {
	placeLine
	Code, Building string
	There, Near    bool
}

type stationsData struct {
	Done, Trouble string
	States        []web.Choice
	Chosen        string
	Rows          []stationLine
	New           int
}

var buildingWords = map[string]string{"building": "with a waiting room", "shelter": "shelter", "platform": "platform", "curbside": "curbside"}

func (s *Service) stationsPage(w http.ResponseWriter, r *http.Request) error {
	return s.showStations(w, r, http.StatusOK, r.URL.Query().Get("state"), "")
}

func (s *Service) showStations(w http.ResponseWriter, r *http.Request, status int, state, trouble string) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	if _, ok := place.StateByCode(state); !ok && state != everywhere {
		state = pack.State
	}
	list, err := s.Stations(r.Context(), m, state)
	if err != nil {
		return err
	}
	data := stationsData{Done: done(r), Trouble: trouble, Chosen: state}
	for _, st := range place.States() {
		data.States = append(data.States, web.Choice{Value: st.Code, Label: st.Name, On: st.Code == state})
	}
	data.States = append(data.States, web.Choice{Value: everywhere, Label: "All states", On: state == everywhere})
	for _, st := range list {
		if !st.There {
			data.New++
		}
		data.Rows = append(data.Rows, stationLine{placeLineOf(st.Place), st.Code, buildingWords[st.Building], st.There, st.Near})
	}
	return s.pages.Staff(w, r, status, "place.stations", web.View{Title: "Train stations", Data: data})
}

func (s *Service) stationsPost(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	state := r.PostForm.Get("state")
	_, err = s.AddStations(r.Context(), m, state)
	if f, ok := fault.As(err); ok && f.Kind == fault.Invalid {
		return s.showStations(w, r, http.StatusBadRequest, state, f.Message)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, web.WithQuery("/staff/places/stations", map[string][]string{"state": {state}, "done": {"stations"}}), http.StatusSeeOther)
	return nil
}
