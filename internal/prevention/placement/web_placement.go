// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// fact is a name and a value.
type fact struct{ Name, Value string }

type inspectionLine struct{ At, Found, Opens, By, Effect string }

var effectWords = map[string]string{effectCodeOff: "its code was switched off", effectHeld: "its code stayed on: a supervisor must look", effectLate: "a later look was known already",
	effectSame: "it was up already, or not in use any more", effectTaken: "another sheet is at its spot: it does not count as put up"}

// followed says what followed from an inspection, in words.
func (i Inspection) followed() string {
	words := strings.Fields(i.Effect)
	for n, word := range words {
		words[n] = effectWords[word]
	}
	return strings.Join(words, "; ")
}

// shownInspections is how many looks a placement's page shows.
const shownInspections = 100

type placementData struct {
	line
	Row                                           int64
	Done, Today                                   string
	Facts                                         []fact
	Steps                                         []web.Choice
	Inspections                                   []inspectionLine
	Tasks                                         []taskLine
	MayChange, MayReplace, MaySwitchOn, SwitchOff bool
	MayPrint, MayName                             bool
	Label                                         string // which of several it is
	NameTrouble                                   []string
	Next                                          string // the sheet that is to take its place
	Before                                        string // the sheet whose place it takes
	Scans                                         string
}

func (s *Service) placementPage(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "placement", ErrNone)
	if err != nil {
		return err
	}
	p, err := s.Get(r.Context(), m, id)
	if err != nil {
		return err
	}
	return s.showPlacement(w, r, http.StatusOK, m, p, p.Label, nil)
}

// showPlacement shows a placement; label and wrong are of a name that was refused.
func (s *Service) showPlacement(w http.ResponseWriter, r *http.Request, status int, m identity.Member, p Placement, label string, wrong []Problem) error {
	if err := s.asCodesSay(r.Context(), &p); err != nil {
		return err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return err
	}
	data := placementData{line: s.line(pack, p), Row: p.Row, Done: done(r), Today: dayText(s.Now(), pack.Zone), MayChange: s.may(m, changes) == nil}
	data.Facts = s.facts(r, pack, p)
	for _, to := range leads[p.State] {
		data.Steps = append(data.Steps, web.Choice{Value: string(to), Label: stepWords[to]})
	}
	data.MayName, data.Label, data.NameTrouble = p.Slot != "" && p.Slot == p.slot(), label, saidOf(wrong)
	data.MayPrint = s.Printer != nil && !p.State.Gone()
	data.MayReplace = p.State != Planned && !p.State.Gone()
	hasCode := s.Codes != nil && !p.Code.ID.IsZero()
	data.MaySwitchOn, data.SwitchOff = hasCode && (!p.CodeOn || p.Held) && !p.State.Gone() && p.State != Stickered, hasCode && p.CodeOn
	if err := s.past(r, pack, p, &data); err != nil {
		return err
	}
	if s.allowed(m, policy.ReadCodes) {
		if data.Scans, err = s.scans(r, p); err != nil {
			return err
		}
	}
	return s.pages.Staff(w, r, status, "placement", web.View{Title: "Placement", Data: data})
}

// stepWords say what somebody does who brings a placement into a state.
var stepWords = map[State]string{
	Printed: "It is printed", Up: "It hangs there", Missing: "It is missing", Defaced: "It is defaced", Stickered: "Something was put over its code",
	Removed: "It was taken away on purpose, or is not wanted any more",
}

func (s *Service) facts(r *http.Request, pack *program.Program, p Placement) []fact {
	put := dayText(p.PutUpOn, pack.Zone)
	if name := s.by(r.Context(), p.Program, p.PutUpBy); put != "" && name != "" {
		put += ", by " + name
	}
	all := []fact{{"County", p.Place.region()}, {"Spot", p.where()}, {"Notice", s.noticeName(p.Program, p.Notice) + ", version " + p.Version},
		{"Paper", paperWords[p.Paper]}, {"Put up", put}, {"Last seen as it should be", moment(p.SeenAt, pack.Zone)}, {"Last looked at", moment(p.LookedAt, pack.Zone)},
		{"Planned", moment(p.MadeAt, pack.Zone)}}
	return slices.DeleteFunc(all, func(f fact) bool { return f.Value == "" })
}

// past fills in what happened to a placement.
func (s *Service) past(r *http.Request, pack *program.Program, p Placement, data *placementData) error {
	ctx := r.Context()
	looks, err := inspectionsOf(ctx, s.DB, p.Program, p.ID, shownInspections)
	if err != nil {
		return err
	}
	for _, i := range looks {
		data.Inspections = append(data.Inspections, inspectionLine{moment(i.At, pack.Zone), foundWords[i.Found], opensWords[i.Opens], s.by(ctx, p.Program, i.By), i.followed()})
	}
	tasks, err := tasksOf(ctx, s.DB, p.Program, p.ID)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		data.Tasks = append(data.Tasks, taskLine{Reason: reasonWords[t.Reason], TaskState: taskWords[t.State], Opened: moment(t.OpenedAt, pack.Zone)})
	}
	if p.Slot != "" {
		succ, err := bySlot(ctx, s.DB, p.Program, p.slot()+next)
		if err != nil {
			return err
		}
		if succ.Replaces == p.ID {
			data.Next = succ.ID.String()
		}
	}
	if !p.Replaces.IsZero() {
		data.Before = p.Replaces.String()
	}
	return nil
}

// scans says how often a sheet's code was scanned, as far as that may be known.
func (s *Service) scans(r *http.Request, p Placement) (string, error) {
	if s.Codes == nil || p.Code.ID.IsZero() {
		return "", nil
	}
	counts, err := s.Codes.Counts(r.Context(), s.DB, p.Program, []store.ID{p.Code.ID})
	if err != nil {
		return "", err
	}
	n, shown := counts[p.Code.ID]
	if !shown {
		return "too few to show", nil
	}
	return strconv.FormatInt(n, 10), nil
}

// back leads to a placement's page.
func back(w http.ResponseWriter, r *http.Request, id store.ID, done string) error {
	http.Redirect(w, r, "/staff/placements/"+id.String()+"?done="+done, http.StatusSeeOther)
	return nil
}

func (s *Service) stepPost(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "placement", ErrNone)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	version, _ := strconv.ParseInt(r.PostForm.Get("version"), 10, 64) // one that is none was never seen
	if err := s.Step(r.Context(), m, id, version, State(r.PostForm.Get("to")), r.PostForm.Get("day")); err != nil {
		return err
	}
	return back(w, r, id, "step")
}

func (s *Service) codePost(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "placement", ErrNone)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	if err := s.SwitchCode(r.Context(), m, id, r.PostForm.Get("on") == "yes"); err != nil {
		return err
	}
	return back(w, r, id, "code")
}

// namePost says which of several spots a sheet is at.
func (s *Service) namePost(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "placement", ErrNone)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	version, _ := strconv.ParseInt(r.PostForm.Get("version"), 10, 64) // one that is none was never seen
	label := r.PostForm.Get("label")
	wrong, err := s.Relabel(r.Context(), m, id, version, label)
	if errors.Is(err, ErrTyped) {
		p, none := s.Get(r.Context(), m, id)
		if none != nil {
			return none
		}
		return s.showPlacement(w, r, http.StatusBadRequest, m, p, label, wrong)
	}
	if err != nil {
		return err
	}
	return back(w, r, id, "step")
}

func (s *Service) replacePost(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "placement", ErrNone)
	if err != nil {
		return err
	}
	p, err := s.Prepare(r.Context(), m, id)
	if err != nil {
		return err
	}
	return back(w, r, p.ID, "replace")
}

// planPost plans a sheet at a place.
func (s *Service) planPost(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "place", ErrPlace)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	d := Draft{Place: id, Notice: r.PostForm.Get("notice"), Spot: r.PostForm.Get("spot"), Label: r.PostForm.Get("label"), Languages: r.PostForm["language"], Paper: r.PostForm.Get("paper")}
	p, wrong, err := s.Add(r.Context(), m, d)
	if errors.Is(err, ErrTyped) {
		at, none := s.Place(r.Context(), m, id)
		if none != nil {
			return none
		}
		return s.showPlace(w, r, http.StatusBadRequest, at, nil, nil, wrong, d)
	}
	if err != nil {
		return err
	}
	return back(w, r, p.ID, "planned")
}

// saidOf are the problems in one sentence each.
func saidOf(wrong []Problem) []string {
	var out []string
	for _, p := range wrong {
		out = append(out, fmt.Sprintf("%s: %s", fieldWords[p.Field], p.Reason))
	}
	return out
}
