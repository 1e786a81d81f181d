// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"net/http"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// matchLine is a pair as one of its sides sees it: its own arrest, and of the
// other no more than which office it is.
type matchLine struct {
	ID, Mine, Other, Number, State, Tag, Said, OtherSaid string
	Ours, MaySay, MayUnsay                               bool
}

var saidWords = map[string]string{"": "nothing yet", Same: "same person", Different: "different people"}

func (s *Service) matchLine(m identity.Member, p Match) matchLine {
	older, newer := p.mine(m.Office)
	office := s.label("office")
	v := matchLine{ID: p.ID.String(), Number: map[string]string{"booking": "booking number", "state_id": "state ID number"}[p.Number], State: saidWords[p.State], Ours: older && newer}
	if older {
		v.Mine, v.Other, v.Said, v.OtherSaid = p.Older.String(), office(p.Program, p.NewerOffice), saidWords[p.OlderSaid], saidWords[p.NewerSaid]
		v.MayUnsay = p.OlderSaid != ""
	} else {
		v.Mine, v.Other, v.Said, v.OtherSaid = p.Newer.String(), office(p.Program, p.OlderOffice), saidWords[p.NewerSaid], saidWords[p.OlderSaid]
		v.MayUnsay = p.NewerSaid != ""
	}
	v.MaySay = p.State != Same
	switch p.State {
	case Same:
		v.Tag = "t-done"
	case Different:
		v.Tag = "t-off"
	default:
		v.State, v.Tag = "waits", "t-wait"
	}
	return v
}

type matchesData struct {
	Rows   []matchLine
	All    bool
	Done   string
	Paging web.Paging
}

func (s *Service) matchesPage(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	if err := s.actor(m).may(policy.ReadResults, m.Office, store.ID{}); err != nil {
		return err
	}
	at, id := int64(0), store.ID{}
	if err := web.DecodeCursor(r.URL.Query().Get("after"), &at, &id); err != nil {
		return err
	}
	data := matchesData{All: r.URL.Query().Get("state") == "all", Done: done(r)}
	list, err := matchesAt(r.Context(), s.DB, m.Program, m.Office, !data.All, at, id, pageSize+1)
	if err != nil {
		return err
	}
	base := "/staff/results/matches?"
	if data.All {
		base += "state=all&"
	}
	if at != 0 {
		data.Paging.First = base[:len(base)-1]
	}
	if len(list) > pageSize {
		list = list[:pageSize]
		end := list[pageSize-1]
		data.Paging.Next = base + "after=" + web.EncodeCursor(end.At, end.ID)
	}
	for _, p := range list {
		data.Rows = append(data.Rows, s.matchLine(m, p))
	}
	return s.pages.Staff(w, r, http.StatusOK, "result.matches", web.View{Title: "Same person", Data: data})
}

func (s *Service) matchSay(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	word := r.PostForm.Get("word")
	return s.matchAct(w, r, "said", func(ctx context.Context, m identity.Member, id store.ID) error { return s.Say(ctx, m, id, word) })
}

func (s *Service) matchUnsay(w http.ResponseWriter, r *http.Request) error {
	return s.matchAct(w, r, "unsaid", s.Unsay)
}

func (s *Service) matchAct(w http.ResponseWriter, r *http.Request, done string, act func(ctx context.Context, m identity.Member, id store.ID) error) error {
	m, id, err := identity.Asked(r, "match", ErrMatch)
	if err != nil {
		return err
	}
	if err := act(r.Context(), m, id); err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/results/matches?state=all&done="+done, http.StatusSeeOther)
	return nil
}
