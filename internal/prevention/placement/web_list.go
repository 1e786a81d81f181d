// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/web"
)

// List lists placements.
func (s *Service) List(ctx context.Context, m identity.Member, f Filter) ([]Placement, string, error) {
	if err := s.may(m, policy.ReadPlacements); err != nil {
		return nil, "", err
	}
	return placementList(ctx, s.DB, m.Program, s.narrowed(m.Program, f))
}

// Places lists places.
func (s *Service) Places(ctx context.Context, m identity.Member, f Filter) ([]Place, string, error) {
	if err := s.may(m, policy.ReadPlacements); err != nil {
		return nil, "", err
	}
	return placeList(ctx, s.DB, m.Program, f)
}

// shown lists placements as pages and files show them: with what the room of codes says
// of the code of each.
func (s *Service) shown(ctx context.Context, m identity.Member, f Filter) ([]Placement, string, error) {
	list, next, err := s.List(ctx, m, f)
	for i := range list {
		if err == nil {
			err = s.asCodesSay(ctx, &list[i])
		}
	}
	return list, next, err
}

// line is a placement in a list.
type line struct {
	ID, PlaceID, Place, County, Spot, Notice, Version, Languages, Code, Seen, State, Tag string
	CodeOff, Held, Old                                                                   bool
}

func (s *Service) line(pack *program.Program, p Placement) line {
	v := line{ID: p.ID.String(), PlaceID: p.Place.ID.String(), Place: p.Place.Label(), County: p.Place.region(), Spot: p.where(), Notice: s.noticeName(pack.ID, p.Notice),
		Version: p.Version, Languages: strings.Join(p.Languages, ", "), Code: p.Code.Text, Seen: dayText(p.SeenAt, pack.Zone), State: stateWords[p.State], Tag: stateTags[p.State]}
	v.CodeOff, v.Held = v.Code != "" && !p.CodeOn, p.Held
	n, known := pack.Notice(p.Notice)
	v.Old = known && n.Version != p.Version && !p.State.Gone()
	return v
}

type listData struct {
	Done, Text, CSV                 string
	Kinds, Counties, Notices, Whats []web.Choice
	States                          []web.Choice
	Rows                            []line
	Filtered, MayChange, MayInspect bool
	Tasks                           int64
	Paging                          web.Paging
}

func (s *Service) listPage(w http.ResponseWriter, r *http.Request) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	f := s.filterOf(r)
	rows, next, err := s.shown(r.Context(), m, f)
	if err != nil {
		return err
	}
	data := listData{Done: done(r), Text: f.Text, CSV: f.address("/staff/placements.csv", ""), Filtered: f.filtered(), Paging: f.paging("/staff/placements", next),
		Kinds: web.Choices(f.Kind, program.NoticePlaces(), wordOf(kindWords)), Counties: whereabouts(pack.State, f.County), Notices: s.notices(pack, f.Notice),
		MayChange: s.allowed(m, policy.ChangePlacements), MayInspect: s.allowed(m, policy.InspectPlacements)}
	for _, st := range States() {
		data.States = append(data.States, web.Choice{Value: string(st), Label: stateWords[st], On: string(st) == f.State})
	}
	data.States = append(data.States, web.Choice{Value: "all", Label: "also what is gone", On: f.State == "all"})
	data.Whats = []web.Choice{{Value: "due", Label: "Due to be looked at", On: f.Due}, {Value: "old", Label: "An older version", On: f.Old}}
	for _, p := range rows {
		data.Rows = append(data.Rows, s.line(pack, p))
	}
	if data.Tasks, err = openTasks(r.Context(), s.DB, m.Program); err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "placements", web.View{Title: "Placements", Data: data})
}

func (s *Service) listCSV(w http.ResponseWriter, r *http.Request) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	f := s.filterOf(r)
	f.Limit = exportRows
	if err := s.exported(r.Context(), m, "placements"); err != nil {
		return err
	}
	head := []string{"placement", "place", "kind", "county", "spot", "which", "notice", "version", "languages", "paper", "code", "code on", "state", "put up on", "last seen", "last looked at"}
	return web.CSVPages(w, "placements.csv", head, func(after string) (rows [][]string, next string, err error) {
		f.After = after
		list, next, err := s.shown(r.Context(), m, f)
		for _, p := range list {
			on := ""
			if p.Code.Text != "" {
				on = yesNo(p.CodeOn)
			}
			rows = append(rows, []string{p.ID.String(), p.Place.Label(), p.Place.Kind, p.Place.countyCode(), p.Spot, p.Label, p.Notice, p.Version, strings.Join(p.Languages, " "), p.Paper,
				p.Code.Text, on, string(p.State), dayText(p.PutUpOn, pack.Zone), dayText(p.SeenAt, pack.Zone), dayText(p.LookedAt, pack.Zone)})
		}
		return rows, next, err
	})
}

type taskLine struct {
	line
	Reason, TaskState, Opened string
}

type tasksData struct {
	Done            string
	Rows            []taskLine
	States, Reasons []web.Choice
	Notices         []web.Choice
	CSV             string
	Open            int64
	MayChange       bool
	Paging          web.Paging
}

// paging leads to the first and the next part of the list.
func (f TaskFilter) paging(next string) (p web.Paging) {
	address := func(after string) string {
		v := url.Values{"state": {cmp.Or(f.State, "all")}}
		for name, text := range map[string]string{"reason": f.Reason, "notice": f.Notice, "after": after} {
			if text != "" {
				v.Set(name, text)
			}
		}
		return web.WithQuery("/staff/placements/tasks", v)
	}
	if f.After != "" {
		p.First = address("")
	}
	if next != "" {
		p.Next = address(next)
	}
	return p
}

// taskFilter reads a filter of tasks from an address.
func taskFilter(r *http.Request) TaskFilter {
	q := r.URL.Query()
	f := TaskFilter{State: q.Get("state"), Reason: q.Get("reason"), Notice: bulk.Cut(q.Get("notice"), 60), After: q.Get("after"), Limit: pageSize}
	switch {
	case f.State == "all":
		f.State = ""
	case taskWords[f.State] == "":
		f.State = "open"
	}
	if reasonWords[f.Reason] == "" {
		f.Reason = ""
	}
	return f
}

func (s *Service) tasksPage(w http.ResponseWriter, r *http.Request) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	f := taskFilter(r)
	list, next, err := s.Tasks(r.Context(), m, f)
	if err != nil {
		return err
	}
	data := tasksData{Done: done(r), States: web.Choices(f.State, []string{"open", "done", "dropped"}, wordOf(taskWords)), Reasons: web.Choices(f.Reason, Reasons(), wordOf(reasonWords)),
		MayChange: s.allowed(m, policy.ChangePlacements), CSV: web.WithQuery("/staff/placements/tasks.csv", url.Values{"state": {cmp.Or(f.State, "all")}, "reason": {f.Reason}, "notice": {f.Notice}}), Notices: s.notices(pack, f.Notice)}
	data.Paging = f.paging(next)
	for _, t := range list {
		data.Rows = append(data.Rows, taskLine{s.line(pack, t.Placement), reasonWords[t.Reason], taskWords[t.State], moment(t.OpenedAt, pack.Zone)})
	}
	if data.Open, err = openTasks(r.Context(), s.DB, m.Program); err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "placement.tasks", web.View{Title: "To be replaced", Data: data})
}

func (s *Service) tasksCSV(w http.ResponseWriter, r *http.Request) error {
	m, pack, err := s.here(r)
	if err != nil {
		return err
	}
	f := taskFilter(r)
	f.Limit = exportRows
	if err := s.exported(r.Context(), m, "placement tasks"); err != nil {
		return err
	}
	head := []string{"placement", "place", "county", "spot", "which", "notice", "version", "reason", "state", "opened"}
	return web.CSVPages(w, "placement-tasks.csv", head, func(after string) (rows [][]string, next string, err error) {
		f.After = after
		list, next, err := s.Tasks(r.Context(), m, f)
		for _, t := range list {
			p := t.Placement
			rows = append(rows, []string{p.ID.String(), p.Place.Label(), p.Place.countyCode(), p.Spot, p.Label, p.Notice, p.Version, t.Reason, t.State, dayText(t.OpenedAt, pack.Zone)})
		}
		return rows, next, err
	})
}
