// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

type roundLine struct {
	ID, Name, At, State, Tag string
	Stops, Looked            int64
}

func roundLineOf(rd Round, pack *program.Program) roundLine {
	v := roundLine{ID: rd.ID.String(), Name: rd.Name, At: moment(rd.MadeAt, pack.Zone), State: "open", Tag: "t-wait", Stops: rd.Stops, Looked: rd.Looked}
	if !rd.ClosedAt.IsZero() {
		v.State, v.Tag = "closed", "t-done"
	}
	return v
}

type roundsData struct {
	Trouble, Name, Text string
	Rows                []roundLine
	Kinds, Counties     []web.Choice
	Passes              []web.Choice // what it passes
	Due                 bool
	Paging              web.Paging
}

func (s *Service) roundsPage(w http.ResponseWriter, r *http.Request) error {
	return s.showRounds(w, r, http.StatusOK, roundsData{Due: true}, Filter{})
}

func (s *Service) showRounds(w http.ResponseWriter, r *http.Request, status int, data roundsData, f Filter) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	after := Filter{After: r.URL.Query().Get("after")}
	list, next, err := roundList(r.Context(), s.DB, m.Program, after.After, pageSize)
	if err != nil {
		return err
	}
	data.Kinds, data.Counties = web.Choices(f.Kind, program.NoticePlaces(), wordOf(kindWords)), whereabouts(pack.State, f.County)
	data.Paging = after.paging("/staff/rounds", next)
	data.Passes = web.Choices(f.Pass, []string{PassHanging, PassPrinted, PassBoth}, wordOf(passWords))
	for _, rd := range list {
		data.Rows = append(data.Rows, roundLineOf(rd, pack))
	}
	return s.pages.Staff(w, r, status, "rounds", web.View{Title: "Rounds", Data: data})
}

func (s *Service) roundsPost(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	v := r.PostForm
	f := Filter{Kind: v.Get("kind"), County: v.Get("county"), Due: v.Get("due") == "yes", Pass: v.Get("pass"), Text: bulk.Cut(strings.TrimSpace(v.Get("q")), 100)}
	if kindWords[f.Kind] == "" {
		f.Kind = ""
	}
	f.County = countyOr(f.County)
	if passWords[f.Pass] == "" {
		f.Pass = ""
	}
	name := strings.Join(strings.Fields(bulk.Cut(v.Get("name"), 80)), " ")
	rd, err := s.MakeRound(r.Context(), m, name, f)
	if x, ok := fault.As(err); ok && x.Kind == fault.Invalid {
		return s.showRounds(w, r, http.StatusBadRequest, roundsData{Trouble: x.Message, Name: name, Text: f.Text, Due: f.Due}, f)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/rounds/"+rd.ID.String(), http.StatusSeeOther)
	return nil
}

type stopLine struct {
	line
	Key, Said  string
	Hangs, Can bool // it hangs, or should; it can be put up
}

type roundData struct {
	roundLine
	Member, Done string
	Places       []roundPlace
	Trouble      []string
	Closed       bool
}

// roundPlace is a place of a round with what hangs there.
type roundPlace struct {
	Name, Address string
	Stops         []stopLine
}

func newKey() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

func (s *Service) roundPage(w http.ResponseWriter, r *http.Request) error {
	_, id, err := identity.Asked(r, "round", ErrRound)
	if err != nil {
		return err
	}
	return s.showRound(w, r, http.StatusOK, id, nil)
}

func (s *Service) showRound(w http.ResponseWriter, r *http.Request, status int, id store.ID, trouble []string) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	rd, list, err := s.Stops(r.Context(), m, id)
	if err != nil {
		return err
	}
	pack, err := s.pack(m.Program)
	if err != nil {
		return err
	}
	data := roundData{roundLine: roundLineOf(rd, pack), Member: m.ID.String(), Done: done(r), Trouble: trouble, Closed: !rd.ClosedAt.IsZero()}
	last := store.ID{}
	for _, st := range list {
		if st.Place.ID != last || len(data.Places) == 0 {
			data.Places = append(data.Places, roundPlace{Name: st.Place.Label(), Address: placeLineOf(st.Place).Address})
			last = st.Place.ID
		}
		v := stopLine{line: s.line(pack, st.Placement), Key: newKey(), Hangs: st.State.hung() || st.State.Gone(), Can: slices.Contains(leads[st.State], Up)}
		v.Said = st.said()
		at := &data.Places[len(data.Places)-1]
		at.Stops = append(at.Stops, v)
	}
	return s.pages.Staff(w, r, status, "round", web.View{Title: "Round", Data: data, Scripts: []string{"round.js"}})
}

// said is what the page shows at a stop where somebody looked in this round: what they
// found, what became of the code, also through an earlier look, and of the sheet.
func (st Stop) said() string {
	if st.Found == "" {
		return ""
	}
	words := []string{"Found in this round: " + foundWords[st.Found] + ", code opens: " + opensWords[st.Opens] + "."}
	switch {
	case st.Held:
		words = append(words, "The code is still on: a supervisor must look.")
	case st.Code.Text != "" && !st.CodeOn:
		words = append(words, "The code of this sheet is switched off.")
	}
	o := Outcome{State: st.State}
	o.followed(st.Effect)
	if sheet := o.sheetSays(); sheet != "" {
		words = append(words, sheet)
	}
	return strings.Join(words, " ")
}

// roundPost takes what a browser without script sends: one stop, or all that something
// was chosen for.
func (s *Service) roundPost(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "round", ErrRound)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	_, list, err := s.Stops(r.Context(), m, id)
	if err != nil {
		return err
	}
	only, taken := r.PostForm.Get("only"), 0
	var trouble []string
	for _, st := range list {
		at := st.ID.String()
		found := r.PostForm.Get("found-" + at)
		if found == "" || only != "" && only != at {
			continue
		}
		opens := r.PostForm.Get("opens-" + at)
		if opens == "" {
			opens = "untried"
		}
		out, err := s.Inspect(r.Context(), m, id, Entry{Key: r.PostForm.Get("key-" + at), Placement: st.ID, Found: found, Opens: opens})
		if f, ok := fault.As(err); ok && f.Kind == fault.Invalid {
			trouble = append(trouble, st.Place.Label()+", "+st.where()+": "+f.Message)
			continue
		}
		if err != nil {
			return err
		}
		taken++
		if out.CodeOff || out.Held || out.Taken || out.Same {
			trouble = append(trouble, st.Place.Label()+", "+st.where()+": "+out.say())
		}
	}
	if taken == 0 && len(trouble) == 0 {
		trouble = []string{"Choose what you found first. Nothing was saved."}
	}
	if len(trouble) > 0 {
		status := http.StatusOK
		if taken == 0 {
			status = http.StatusBadRequest
		}
		return s.showRound(w, r, status, id, trouble)
	}
	http.Redirect(w, r, "/staff/rounds/"+id.String()+"?done=round", http.StatusSeeOther)
	return nil
}

// codeOffSays is said when an entry switched a code off.
const codeOffSays = "Saved. The code of this sheet is switched off now, and a new sheet is asked for. If you can, take the sheet or the sticker away."

// heldSays is said when one did not, because its sender had switched off very many.
const heldSays = "Saved. The code of this sheet is still on, because you found that of very many today: a supervisor must look. Call yours now. If you can, take the sheet or the sticker away."

type outcomeLine struct {
	Key     string `json:"key"`
	Say     string `json:"say"`
	Refused bool   `json:"refused"`
}

// mostEntries is how many entries come at once.
const mostEntries = 100

// roundEntries takes what a browser kept. Each entry is taken or refused by itself.
func (s *Service) roundEntries(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "round", ErrRound)
	if err != nil {
		return err
	}
	if _, _, err := s.Stops(r.Context(), m, id); err != nil {
		return err
	}
	var sent struct {
		Entries []Entry `json:"entries"`
	}
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || len(sent.Entries) == 0 || len(sent.Entries) > mostEntries {
		return ErrEntry.With(err)
	}
	out := struct {
		Outcomes []outcomeLine `json:"outcomes"`
	}{Outcomes: []outcomeLine{}}
	for _, e := range sent.Entries {
		o, err := s.Inspect(r.Context(), m, id, e)
		f, known := fault.As(err)
		switch {
		case err == nil:
			out.Outcomes = append(out.Outcomes, outcomeLine{Key: e.Key, Say: o.say()})
		case known && (f.Kind == fault.Invalid || f.Kind == fault.NotFound):
			out.Outcomes = append(out.Outcomes, outcomeLine{e.Key, f.Message, true})
		default:
			return err // what was not answered is sent again
		}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(out)
}

// say is what the browser shows of an entry: what became of the code, and what became
// of the sheet where that is not what was asked for.
func (o Outcome) say() string {
	code, sheet := "Saved.", o.sheetSays()
	switch {
	case o.Same && o.State.Gone(): // the sheet's own sentence tells of the code too
	case o.CodeOff:
		code = codeOffSays
	case o.Held:
		code = heldSays
	case sheet == "":
		return "Saved: " + stateWords[o.State] + "."
	}
	return strings.TrimSpace(code + " " + sheet)
}

// sheetSays is why a sheet is not what the entry would have made it, "" where it is.
func (o Outcome) sheetSays() string {
	switch {
	case o.Taken:
		return "It does not count as put up: another sheet hangs or is planned at its spot. Call who plans them."
	case o.Same && o.State.Gone():
		return "But this sheet is not in use any more (" + stateWords[o.State] + ") and its code is off. Take it down if it hangs."
	case o.Same:
		return "The sheet was up already."
	case o.Late:
		return "Somebody looked later than you, so the sheet stays " + stateWords[o.State] + "."
	}
	return ""
}

func (s *Service) roundClose(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "round", ErrRound)
	if err != nil {
		return err
	}
	if err := s.CloseRound(r.Context(), m, id); err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/rounds/"+id.String()+"?done=close", http.StatusSeeOther)
	return nil
}
