// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const (
	pageSize  = 50
	maxUpload = 96 << 20
)

func (s *Service) routes() []web.Route {
	read, change, confirm := policy.At(policy.ReadResults), policy.At(policy.ChangeResults), policy.At(policy.ConfirmResults)
	return []web.Route{
		{Pattern: "GET /staff/results", Access: read, Handler: s.listPage},
		{Pattern: "GET /staff/results.csv", Access: read, Handler: s.listCSV},
		{Pattern: "GET /staff/results/enter", Access: change, Handler: s.enterPage},
		{Pattern: "POST /staff/results/enter", Access: change, Handler: s.enterPost},
		{Pattern: "GET /staff/results/check", Access: change, Handler: s.checkRow},
		{Pattern: "GET /staff/results/matches", Access: read, Handler: s.matchesPage},
		{Pattern: "POST /staff/results/match/{match}/say", Access: change, Handler: s.matchSay},
		{Pattern: "POST /staff/results/match/{match}/unsay", Access: change, Handler: s.matchUnsay},
		{Pattern: "GET /staff/results/imports", Access: read, Handler: s.importsPage},
		{Pattern: "POST /staff/results/imports", Access: change, Handler: s.importPost, MaxBody: maxUpload},
		{Pattern: "GET /staff/results/import/{import}", Access: read, Handler: s.importPage},
		{Pattern: "GET /staff/results/import/{import}/problems.csv", Access: read, Handler: s.importProblems},
		{Pattern: "POST /staff/results/import/{import}/commit", Access: change, Handler: s.importAct(s.Commit)},
		{Pattern: "POST /staff/results/import/{import}/discard", Access: change, Handler: s.importAct(s.Discard)},
		{Pattern: "POST /staff/results/import/{import}/confirm", Access: confirm, Handler: s.importAct(s.ConfirmImport)},
		{Pattern: "GET /staff/results/groups", Access: policy.At(policy.ReadOrganizations), Handler: s.groupsPage},
		{Pattern: "POST /staff/results/groups", Access: policy.At(policy.ChangeOrganizations), Handler: s.groupsPost},
		{Pattern: "GET /staff/results/{result}", Access: read, Handler: s.rowPage},
		{Pattern: "POST /staff/results/{result}/change", Access: change, Handler: s.rowChange},
		{Pattern: "POST /staff/results/{result}/confirm", Access: confirm, Handler: s.rowConfirm},
		{Pattern: "POST /staff/results/{result}/withdraw", Access: change, Handler: s.rowWithdraw},
		{Pattern: "POST /staff/results/{result}/undo", Access: change, Handler: s.rowUndo},
	}
}

// looked records that somebody looked.
func (s *Service) looked(ctx context.Context, m identity.Member, event, record string) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: event, Record: record, Actor: m.Actor()})
		return nil
	})
}

// done says what was just done.
var doneWords = map[string]string{
	"entered": "Saved. A second person of your office can confirm it now.", "changed": "Saved. It must be confirmed again.", "confirmed": "Confirmed.",
	"withdrawn": "Withdrawn. It counts in no figure any more.", "undone": "Taken back.", "said": "Your office's word is kept.", "unsaid": "Your office's word is taken back.",
	"commit": "The rows are being saved. They count once all of them are.", "discard": "Thrown away. Nothing of it was saved.", "confirm": "The rows are being confirmed.", "group": "Saved.",
}

func done(r *http.Request) string { return doneWords[r.URL.Query().Get("done")] }

type listRow struct {
	ID, What, Date, Evidence, State, Tag string
	Same                                 bool
}

type listData struct {
	Office, Done, Text, Export string
	Kinds, States, New         []web.Choice
	Rows                       []listRow
	Filtered                   bool
	Paging                     web.Paging
}

var tags = map[string]string{Reported: "t-wait", Confirmed: "t-done", Withdrawn: "t-off"}

func (s *Service) listRow(r Result) listRow {
	return listRow{ID: r.ID.String(), What: s.describe(r), Date: dayText(r.Day), Evidence: documentText(r), State: r.State, Tag: tags[r.State], Same: !r.SameAs.IsZero()}
}

func documentText(r Result) string {
	if r.Evidence == "" {
		return ""
	}
	return inWords(r.Evidence) + " " + r.Detail.Number
}

func filterOf(r *http.Request) Filter {
	q := r.URL.Query()
	f := Filter{Kind: q.Get("kind"), State: q.Get("state"), Text: bulk.Cut(strings.TrimSpace(q.Get("q")), 100), After: q.Get("after"), Limit: pageSize}
	if !slices.Contains(Kinds(), f.Kind) {
		f.Kind = ""
	}
	if tags[f.State] == "" {
		f.State = ""
	}
	return f
}

func (f Filter) address(base, after string) string {
	v := url.Values{}
	for name, text := range map[string]string{"kind": f.Kind, "state": f.State, "q": f.Text, "after": after} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return web.WithQuery(base, v)
}

// List lists the results of the member's own office.
func (s *Service) List(ctx context.Context, m identity.Member, f Filter) ([]Result, string, error) {
	if err := s.actor(m).may(policy.ReadResults, m.Office, store.ID{}); err != nil {
		return nil, "", err
	}
	b, err := s.box(m.Program)
	if err != nil {
		return nil, "", err
	}
	return officeList(ctx, s.DB, b, m.Program, m.Office, f)
}

func (s *Service) listPage(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	f := filterOf(r)
	rows, next, err := s.List(r.Context(), m, f)
	if err != nil {
		return err
	}
	if err := s.looked(r.Context(), m, "results.viewed", "office:"+m.Office); err != nil {
		return err
	}
	word := func(v string) string { return kindWords[v] }
	data := listData{Office: s.label("office")(m.Program, m.Office), Done: done(r), Text: f.Text, Filtered: f.Kind+f.State+f.Text != "", Export: f.address("/staff/results.csv", ""),
		Kinds: web.Choices(f.Kind, Kinds(), word), New: web.Choices("", Kinds(), word), States: web.Choices(f.State, []string{Reported, Confirmed, Withdrawn}, inWords)}
	for _, x := range rows {
		data.Rows = append(data.Rows, s.listRow(x))
	}
	if f.After != "" {
		data.Paging.First = f.address("/staff/results", "")
	}
	if next != "" {
		data.Paging.Next = f.address("/staff/results", next)
	}
	return s.pages.Staff(w, r, http.StatusOK, "results", web.View{Title: "Results", Data: data})
}

// listCSV gives an office's rows as a file that can be read in again.
func (s *Service) listCSV(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	f := filterOf(r)
	f.Limit, f.After = 500, ""
	if _, _, err := s.List(r.Context(), m, f); err != nil {
		return err
	}
	if err := s.looked(r.Context(), m, "results.exported", "office:"+m.Office); err != nil {
		return err
	}
	return web.CSV(w, "results.csv", append([]string{"id", "state", "same_as"}, fieldNames[:]...), func(yield func([]string) error) error {
		for {
			rows, next, err := s.List(r.Context(), m, f)
			if err != nil {
				return err
			}
			for _, x := range rows {
				same := ""
				if !x.SameAs.IsZero() {
					same = x.SameAs.String()
				}
				l := x.line()
				if err := yield(append([]string{x.ID.String(), x.State, same}, l[:]...)); err != nil {
					return err
				}
			}
			if f.After = next; next == "" {
				return nil
			}
		}
	})
}

func moment(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04")
}
