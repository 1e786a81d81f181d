// SPDX-License-Identifier: Apache-2.0

package result

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// fact is a name and a value.
type fact struct{ Name, Value string }

type rowChangeLine struct {
	At, What, Reason string
	Mine             bool
	Facts            []fact // what differs, before and after
}

type rowData struct {
	listRow
	Kind               string
	Version            int64
	Facts              []fact
	Cells              []gridCell
	Changes            []rowChangeLine
	Matches            []matchLine
	Done, Trouble      string
	Own                bool // the viewer entered it
	MayConfirm         bool
	Gone, Hashed, Undo bool
	Reason             string
}

// factsOf are a row's filled fields.
func (s *Service) factsOf(r Result) []fact {
	var out []fact
	l := r.line()
	for f := fDate; f < fieldCount; f++ {
		if l[f] == "" {
			continue
		}
		value := inWords(l[f])
		switch f {
		case fOrganization, fCounty, fOperation:
			value = s.label(f.String())(r.Program, l[f])
		case fNumber, fDate, fDated, fSHA256, fReceipt:
			value = l[f]
		}
		out = append(out, fact{fieldWords[f.String()], value})
	}
	if kept := amountText(r); kept != "" {
		out = append(out, fact{"Counted as", kept})
	}
	if r.Detail.Rounded != "" {
		out = append(out, fact{"Rounding", r.Detail.Rounded})
	}
	return out
}

func differing(before, after []fact) []fact {
	was := map[string]string{}
	for _, f := range before {
		was[f.Name] = f.Value
	}
	var out []fact
	for _, f := range after {
		if was[f.Name] != f.Value {
			old := was[f.Name]
			if old == "" {
				old = "nothing"
			}
			out = append(out, fact{f.Name, old + " → " + f.Value})
		}
		delete(was, f.Name)
	}
	for _, f := range before {
		if _, gone := was[f.Name]; gone {
			out = append(out, fact{f.Name, f.Value + " → nothing"})
		}
	}
	return out
}

func (s *Service) rowPage(w http.ResponseWriter, r *http.Request) error {
	_, id, err := identity.Asked(r, "result", ErrNone)
	if err != nil {
		return err
	}
	return s.showRow(w, r, http.StatusOK, id, nil, nil, "", "")
}

// showRow answers with a row's page; typed and wrong are of a change that was refused.
func (s *Service) showRow(w http.ResponseWriter, r *http.Request, status int, id store.ID, typed *Line, wrong []Problem, trouble, reason string) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	row, changes, err := s.Get(r.Context(), m, id)
	if err != nil {
		return err
	}
	if err := s.looked(r.Context(), m, "result.viewed", "result:"+id.String()); err != nil {
		return err
	}
	lists, err := s.lists(r.Context(), m, row.Kind)
	if err != nil {
		return err
	}
	l := row.line()
	if typed != nil {
		l = *typed
	}
	zone := time.UTC
	if p, ok := s.Programs.Program(m.Program); ok {
		zone = p.Zone
	}
	data := rowData{listRow: s.listRow(row), Kind: row.Kind, Version: row.Version, Facts: s.factsOf(row), Cells: cellsOf(row.Kind, 0, l, wrong, lists), Done: done(r), Trouble: trouble, Reason: reason,
		Own: row.EnteredBy == m.ID, Gone: row.State == Withdrawn, Hashed: row.Booking != nil || row.StateID != nil}
	data.MayConfirm = row.State == Reported && s.actor(m).may(policy.ConfirmResults, row.Office, row.EnteredBy) == nil
	data.Undo = len(changes) == 0 && !data.Gone || len(changes) > 0 && changes[0].What != "joined" && changes[0].What != "parted"
	for _, c := range changes {
		line := rowChangeLine{At: moment(c.At, zone), What: c.What, Reason: c.Reason, Mine: c.By == m.ID, Facts: differing(s.factsOf(c.Before), s.factsOf(c.After))}
		if c.Before.State != c.After.State {
			line.Facts = append(line.Facts, fact{"State", c.Before.State + " → " + c.After.State})
		}
		data.Changes = append(data.Changes, line)
	}
	if row.Kind == Arrest {
		pairs, err := matchesOf(r.Context(), s.DB, m.Program, id)
		if err != nil {
			return err
		}
		for _, p := range pairs {
			data.Matches = append(data.Matches, s.matchLine(m, p))
		}
	}
	return s.pages.Staff(w, r, status, "result.row", web.View{Title: "Result", Data: data, Scripts: []string{"results.js"}})
}

func (s *Service) rowChange(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "result", ErrNone)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	now, _, err := s.Get(r.Context(), m, id)
	if err != nil {
		return err
	}
	version, _ := strconv.ParseInt(r.PostForm.Get("version"), 10, 64) // one that is none was never seen
	l := typedLines(r.PostForm, now.Kind)[0]
	wrong, err := s.Change(r.Context(), m, id, version, l)
	if errors.Is(err, errManyProbs) {
		return s.showRow(w, r, http.StatusBadRequest, id, &l, wrong, "Something is not right. Nothing was saved; what you typed is still here.", "")
	}
	return s.after(w, r, err, "changed")
}

// after leads back to the row.
func (s *Service) after(w http.ResponseWriter, r *http.Request, err error, done string) error {
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/results/"+r.PathValue("result")+"?done="+done, http.StatusSeeOther)
	return nil
}

func (s *Service) rowConfirm(w http.ResponseWriter, r *http.Request) error {
	return s.rowAct(w, r, "confirmed", s.Confirm)
}

func (s *Service) rowUndo(w http.ResponseWriter, r *http.Request) error {
	return s.rowAct(w, r, "undone", s.Undo)
}

func (s *Service) rowAct(w http.ResponseWriter, r *http.Request, done string, act func(ctx context.Context, m identity.Member, id store.ID) error) error {
	m, id, err := identity.Asked(r, "result", ErrNone)
	if err != nil {
		return err
	}
	return s.after(w, r, act(r.Context(), m, id), done)
}

func (s *Service) rowWithdraw(w http.ResponseWriter, r *http.Request) error {
	m, id, err := identity.Asked(r, "result", ErrNone)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	reason := r.PostForm.Get("reason")
	err = s.Withdraw(r.Context(), m, id, reason)
	if f, ok := fault.As(err); ok && f.Kind == fault.Invalid {
		return s.showRow(w, r, http.StatusBadRequest, id, nil, nil, f.Message, bulk.Cut(strings.TrimSpace(reason), 300))
	}
	return s.after(w, r, err, "withdrawn")
}

// groupsData is the page of the program's groups.
type groupsData struct {
	Groups        []Organization
	Done, Trouble string
	ID, Name      string
}

func (s *Service) groupsPage(w http.ResponseWriter, r *http.Request) error {
	return s.showGroups(w, r, http.StatusOK, groupsData{Done: done(r)})
}

func (s *Service) showGroups(w http.ResponseWriter, r *http.Request, status int, data groupsData) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	if data.Groups, err = organizations(r.Context(), s.DB, m.Program); err != nil {
		return err
	}
	return s.pages.Staff(w, r, status, "result.groups", web.View{Title: "Groups", Data: data})
}

func (s *Service) groupsPost(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	o := Organization{ID: bulk.Cut(r.PostForm.Get("group"), 60), Name: bulk.Cut(r.PostForm.Get("name"), 100), Retired: r.PostForm.Get("retired") == yes}
	err = s.SetOrganization(r.Context(), m, o)
	if f, ok := fault.As(err); ok && f.Kind == fault.Invalid {
		return s.showGroups(w, r, http.StatusBadRequest, groupsData{Trouble: f.Message, ID: o.ID, Name: o.Name})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/results/groups?done=group", http.StatusSeeOther)
	return nil
}
