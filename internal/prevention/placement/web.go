// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/place"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// pageSize is how many lines a list shows at once.
const pageSize = 50

// exportRows is how many lines of a download are read at once.
const exportRows = 500

func (s *Service) routes() []web.Route {
	read, change := policy.At(policy.ReadPlacements), policy.At(policy.ChangePlacements)
	inspect, bring := policy.At(policy.InspectPlacements), policy.At(policy.ImportPlaces)
	return []web.Route{
		{Pattern: "GET /staff/placements", Access: read, Handler: s.listPage},
		{Pattern: "GET /staff/placements.csv", Access: read, Handler: s.listCSV},
		{Pattern: "GET /staff/placements/tasks", Access: read, Handler: s.tasksPage},
		{Pattern: "GET /staff/placements/tasks.csv", Access: read, Handler: s.tasksCSV},
		{Pattern: "GET /staff/placements/coverage", Access: read, Handler: s.coverPage},
		{Pattern: "GET /staff/placements/coverage.csv", Access: read, Handler: s.coverCSV},
		{Pattern: "GET /staff/placements/gaps.csv", Access: read, Handler: s.gapsCSV},
		{Pattern: "GET /staff/placements/notices", Access: read, Handler: s.noticesPage},
		{Pattern: "GET /staff/placements/notices.csv", Access: read, Handler: s.noticesCSV},
		{Pattern: "GET /staff/placements/print", Access: read, Handler: s.printPage},
		{Pattern: "GET /staff/placements/print.pdf", Access: read, Handler: s.printFile(false)},
		{Pattern: "GET /staff/placements/print.zip", Access: read, Handler: s.printFile(true)},
		{Pattern: "GET /staff/placements/batches", Access: change, Handler: s.batchesPage},
		{Pattern: "POST /staff/placements/batches", Access: change, Handler: s.batchPost},
		{Pattern: "GET /staff/placements/batch/{batch}", Access: read, Handler: s.batchPage},
		{Pattern: "GET /staff/placements/{placement}", Access: read, Handler: s.placementPage},
		{Pattern: "GET /staff/placements/sheet/{placement}", Access: read, Handler: s.sheetFile},
		{Pattern: "POST /staff/placements/{placement}/step", Access: change, Handler: s.stepPost},
		{Pattern: "POST /staff/placements/{placement}/name", Access: change, Handler: s.namePost},
		{Pattern: "POST /staff/placements/{placement}/code", Access: change, Handler: s.codePost},
		{Pattern: "POST /staff/placements/{placement}/replace", Access: change, Handler: s.replacePost},
		{Pattern: "GET /staff/places", Access: read, Handler: s.placesPage},
		{Pattern: "GET /staff/places.csv", Access: read, Handler: s.placesCSV},
		{Pattern: "GET /staff/places/new", Access: change, Handler: s.newPlacePage},
		{Pattern: "POST /staff/places/new", Access: change, Handler: s.newPlacePost},
		{Pattern: "GET /staff/places/stations", Access: change, Handler: s.stationsPage},
		{Pattern: "POST /staff/places/stations", Access: change, Handler: s.stationsPost},
		{Pattern: "GET /staff/places/imports", Access: bring, Handler: s.importsPage},
		{Pattern: "POST /staff/places/imports", Access: bring, Handler: s.importPost, MaxBody: maxUpload},
		{Pattern: "GET /staff/places/import/{import}", Access: bring, Handler: s.importPage},
		{Pattern: "GET /staff/places/import/{import}/problems.csv", Access: bring, Handler: s.importProblems},
		{Pattern: "POST /staff/places/import/{import}/commit", Access: bring, Handler: s.importAct(s.Commit)},
		{Pattern: "POST /staff/places/import/{import}/discard", Access: bring, Handler: s.importAct(s.Discard)},
		{Pattern: "GET /staff/places/{place}", Access: read, Handler: s.placePage},
		{Pattern: "POST /staff/places/{place}/change", Access: change, Handler: s.placePost},
		{Pattern: "POST /staff/places/{place}/plan", Access: change, Handler: s.planPost},
		{Pattern: "GET /staff/rounds", Access: inspect, Handler: s.roundsPage},
		{Pattern: "POST /staff/rounds", Access: inspect, Handler: s.roundsPost},
		{Pattern: "GET /staff/rounds/{round}", Access: inspect, Handler: s.roundPage},
		{Pattern: "POST /staff/rounds/{round}", Access: inspect, Handler: s.roundPost},
		{Pattern: "POST /staff/rounds/{round}/entries", Access: inspect, Handler: s.roundEntries},
		{Pattern: "POST /staff/rounds/{round}/close", Access: inspect, Handler: s.roundClose},
	}
}

// here is who asks for a page, and the pack of their program.
func (s *Service) here(r *http.Request) (identity.Member, *program.Program, error) {
	m, err := identity.Asking(r)
	if err != nil {
		return m, nil, err
	}
	pack, err := s.pack(m.Program)
	return m, pack, err
}

// exported records that somebody took a list along.
func (s *Service) exported(ctx context.Context, m identity.Member, what string) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		log(tx, m.Program, "placements.exported", what, m.Actor())
		return nil
	})
}

var doneWords = map[string]string{
	"place": "The place is saved.", "planned": "The sheet is planned.", "step": "Saved.", "code": "Saved.", "replace": "A new sheet is planned. The old one stays as it is until the new one is put up.",
	"stations": "The stations are places now.", "commit": "The places are being saved. They are there once all of them are.", "discard": "Thrown away. Nothing of it was saved.",
	"round": "Saved.", "close": "The round is closed.",
}

func done(r *http.Request) string { return doneWords[r.URL.Query().Get("done")] }

func wordOf(m map[string]string) func(string) string {
	return func(v string) string { return m[v] }
}

// counties are those of a state, to choose from.
func counties(state, chosen string) []web.Choice {
	var out []web.Choice
	for _, c := range place.Counties(state) {
		out = append(out, web.Choice{Value: c.FIPS, Label: c.Name, On: c.FIPS == chosen})
	}
	return out
}

// whereabouts are the counties of a state, and that what moves has none, to narrow a list by.
func whereabouts(state, chosen string) []web.Choice {
	return append(counties(state, chosen), web.Choice{Value: noCounty, Label: "None: what moves", On: chosen == noCounty})
}

func (s *Service) notices(pack *program.Program, chosen string) []web.Choice {
	var out []web.Choice
	for _, n := range relevant(pack) {
		out = append(out, web.Choice{Value: n.ID, Label: n.Title.In("en"), On: n.ID == chosen})
	}
	return out
}

// filterOf reads a filter from an address. What is no kind, county or state narrows
// nothing.
func (s *Service) filterOf(r *http.Request) Filter {
	q := r.URL.Query()
	f := Filter{Text: bulk.Cut(strings.TrimSpace(q.Get("q")), 100), Kind: q.Get("kind"), County: q.Get("county"), Notice: bulk.Cut(q.Get("notice"), 60), State: q.Get("state"),
		Unused: q.Get("unused") == "yes", Old: q.Get("what") == "old", Due: q.Get("what") == "due", After: q.Get("after"), Limit: pageSize}
	if kindWords[f.Kind] == "" {
		f.Kind = ""
	}
	f.County = countyOr(f.County)
	if f.State != "all" && !slices.Contains(States(), State(f.State)) {
		f.State = ""
	}
	return f
}

func (f Filter) address(base, after string) string {
	v := url.Values{}
	what := map[bool]string{true: "old"}[f.Old] + map[bool]string{true: "due"}[f.Due]
	for name, text := range map[string]string{"q": f.Text, "kind": f.Kind, "county": f.County, "notice": f.Notice, "state": f.State, "unused": map[bool]string{true: "yes"}[f.Unused],
		"what": what, "after": after} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return web.WithQuery(base, v)
}

func (f Filter) filtered() bool {
	return f.Text+f.Kind+f.County+f.Notice+f.State != "" || f.Old || f.Due || f.Unused
}

// paging leads to the first and the next part of a list.
func (f Filter) paging(base, next string) (p web.Paging) {
	if f.After != "" {
		p.First = f.address(base, "")
	}
	if next != "" {
		p.Next = f.address(base, next)
	}
	return p
}

func moment(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("Jan 2, 2006, 3:04 PM")
}

func dayText(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(time.DateOnly)
}

// by names who did something, as far as app lets the room know.
func (s *Service) by(ctx context.Context, programID, actor string) string {
	if s.Name == nil || actor == "" {
		return ""
	}
	return s.Name(ctx, programID, actor)
}

func (s *Service) allowed(m identity.Member, does policy.Action) bool { return s.may(m, does) == nil }
