// SPDX-License-Identifier: Apache-2.0

package code

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const (
	pageSize   = 50
	weeksShown = 4
)

// kindWords are what a code stands for, in words for staff.
var kindWords = map[string]string{Placement: "One sign", Batch: "Several signs", Piece: "Digital piece", Campaign: "Campaign"}

type listLine struct {
	ID, Text, Kind, Where string
	Sheet                 string // address of the page of its sheet; "" where it stands on none
	Run                   string // address of the page of its print run; "" where it has none
	On, Small             bool
	Scans, Reports        []Shown
}

type listView struct {
	Done, Query   string
	States, Kinds []web.Choice
	Weeks         []string
	Lines         []listLine
	Paging        web.Paging
	MaySwitch     bool
	Least         int
}

func me(r *http.Request) identity.Member {
	m, _ := identity.From(r.Context())
	return m
}

func (s *Service) listPage(w http.ResponseWriter, r *http.Request) error {
	ctx, m, q := r.Context(), me(r), r.URL.Query()
	f := filter{Query: strings.TrimSpace(short(q.Get("q"), 100)), State: q.Get("state"), Kind: q.Get("kind")}
	if f.State != stateOn && f.State != stateOff {
		f.State = ""
	}
	if !slices.Contains(Kinds(), f.Kind) {
		f.Kind = ""
	}
	made, id := int64(math.MaxInt64), store.ID{}
	var last []byte
	if err := web.DecodeCursor(q.Get("after"), &made, &last); err != nil {
		return err
	}
	copy(id[:], last)
	found, err := list(ctx, s.DB, m.Program, f, made, id, pageSize+1)
	if err != nil {
		return err
	}
	v := listView{Done: notices[q.Get("done")], Query: f.Query, States: web.Chosen([]web.Choice{{Label: "All"}, {Value: stateOn, Label: "Switched on"}, {Value: stateOff, Label: "Switched off"}}, f.State),
		MaySwitch: slices.Contains(m.Roles, policy.RoleProgramAdmin), Least: Least}
	kinds := []web.Choice{{Label: "All"}}
	for _, k := range Kinds() {
		kinds = append(kinds, web.Choice{Value: k, Label: kindWords[k], On: false})
	}
	v.Kinds = web.Chosen(kinds, f.Kind)
	keep := url.Values{}
	for name, value := range map[string]string{"q": f.Query, "state": f.State, "kind": f.Kind} {
		if value != "" {
			keep.Set(name, value)
		}
	}
	if len(found) > pageSize {
		found = found[:pageSize]
		next := url.Values{"after": {web.EncodeCursor(store.Micros(found[pageSize-1].Made), found[pageSize-1].ID)}}
		for name := range keep {
			next.Set(name, keep.Get(name))
		}
		v.Paging.Next = web.WithQuery("/staff/codes", next)
	}
	if q.Get("after") != "" {
		v.Paging.First = web.WithQuery("/staff/codes", keep)
	}
	if err := s.linesOf(r, &v, m.Program, found); err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "codes", web.View{Title: "Codes", Path: "/staff/codes", Data: v})
}

func (s *Service) linesOf(r *http.Request, v *listView, programID string, codes []Code) error {
	var ids []store.ID
	for _, c := range codes {
		ids = append(ids, c.ID)
	}
	scans, err := s.Scans(r.Context(), s.DB, programID, ids, weeksShown)
	if err != nil {
		return err
	}
	reports, err := s.Reports(r.Context(), s.DB, programID, ids, weeksShown)
	if err != nil {
		return err
	}
	v.Weeks = scans.Weeks
	for _, c := range codes {
		v.Lines = append(v.Lines, listLine{c.ID.String(), c.Text, kindWords[c.Kind], c.Where(), sheetOf(c), runOf(c), c.On, c.Small, scans.By[c.ID], reports.By[c.ID]})
	}
	return nil
}

// sheetOf is the page of the sheet that a code stands on. What has become of the sheet
// decides whether its code may lead on, so that it is switched on there and not here.
func sheetOf(c Code) string {
	if c.Kind != Placement {
		return ""
	}
	return "/staff/placements/" + c.Subject.String()
}

// runOf is the page of the print run that a code was made for.
func runOf(c Code) string {
	if c.Kind != Batch {
		return ""
	}
	return "/staff/runs/" + c.Subject.String()
}

func short(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most])
	}
	return text
}

// notices are the sentences for the "done" word of an address.
var notices = map[string]string{
	stateOn:  "The code is switched on.",
	stateOff: "The code is switched off. From now on it leads to the page with the lines to call.",
}

var errSwitch = fault.New(fault.Invalid, "code.switch", "Say whether the code is to be on or off.").At("to")

func (s *Service) switchPost(w http.ResponseWriter, r *http.Request) error {
	ctx, m := r.Context(), me(r)
	id, err := store.ParseID(r.PathValue("code"))
	if err != nil {
		return ErrNone.With(err)
	}
	to := r.FormValue("to")
	c, err := s.Get(ctx, s.DB, m.Program, id)
	if err != nil {
		return err
	}
	if to != stateOn && to != stateOff {
		return errSwitch
	}
	if sheet := sheetOf(c); sheet != "" && to == stateOn {
		return fault.New(fault.Conflict, "code.sheet", "This code stands on a sheet, which may be gone, damaged or pasted over. Nothing was changed. Say what has become of the sheet on its page, "+sheet+".").At("to")
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		changed, err := s.Switch(tx, m.Program, id, to == stateOn, m.Actor())
		if err != nil || !changed {
			return err
		}
		event := "code.switched_off"
		if to == stateOn {
			event = "code.switched_on"
		}
		tx.Log(custody.Entry{Program: m.Program, Event: event, Record: "code:" + id.String(), Actor: m.Actor()})
		return nil
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/codes?done="+to, http.StatusSeeOther)
	return nil
}
