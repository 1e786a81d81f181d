// SPDX-License-Identifier: Apache-2.0

package approval

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

const pageSize = 50

func (s *Service) routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /staff/approvals", Access: policy.At(policy.ReadApprovals), Handler: s.page},
		{Pattern: "GET /staff/approvals.csv", Access: policy.At(policy.ReadApprovals), Handler: s.csv},
		{Pattern: "POST /staff/approvals/{id}/approve", Access: policy.At(policy.Approve), Handler: s.decision(true)},
		{Pattern: "POST /staff/approvals/{id}/decline", Access: policy.At(policy.TakeBack), Handler: s.decision(false)},
	}
}

// titles say in words what an action is.
func title(a policy.Action) string {
	words := map[policy.Action]string{
		policy.CloseOffice: "Close an office", policy.LiftHold: "Lift a legal hold", policy.GiveProgram: "Give a role over the whole program",
		policy.PublishRelease: "Publish figures",
		policy.RenewPerson:    "Renew the keys of somebody who looks after the program",
	}[a]
	if words == "" {
		return string(a)
	}
	return words
}

// row is one request as the page shows it.
type row struct {
	Request
	What, About, Asker, Decider string
	State, Tag                  string
	Own, Waits                  bool
	Typed, Problem              string // of a decision that was refused
}

func (s *Service) row(ctx context.Context, who policy.Subject, r Request) row {
	v := row{Request: r, What: title(r.Action), About: s.name(ctx, r.Program, r.Subject), Asker: s.name(ctx, r.Program, r.By), Own: r.By == "member:"+who.Member}
	if r.DecidedBy != "" {
		v.Decider = s.name(ctx, r.Program, r.DecidedBy)
	}
	v.Waits = r.Open(s.Now())
	switch {
	case v.Waits:
		v.State, v.Tag = "waits", "t-wait"
	case r.Decision == Approved:
		v.State, v.Tag = Approved, "t-done"
	case r.Decision == "":
		v.State, v.Tag = Ended, "t-off"
	default:
		v.State, v.Tag = r.Decision, "t-off"
	}
	return v
}

func (s *Service) name(ctx context.Context, program, ref string) string {
	if s.Name != nil {
		if words := s.Name(ctx, program, ref); words != "" {
			return words
		}
	}
	return ref
}

// filterOf reads what the list is narrowed to.
func (s *Service) filterOf(r *http.Request) filter {
	q := r.URL.Query()
	search := strings.ToValidUTF8(strings.TrimSpace(q.Get("q")), "")
	if len(search) > 100 {
		search = strings.ToValidUTF8(search[:100], "")
	}
	return filter{all: q.Get("state") == "all", search: strings.ReplaceAll(search, "\x00", ""), now: store.Micros(s.Now())}
}

type page struct {
	Rows   []row
	Query  string
	All    bool
	Done   string
	Export string
	Paging web.Paging
}

func (s *Service) page(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, store.ID{}, "", nil)
}

// show answers with the list. refused is the request whose decision was not possible, with what was typed.
func (s *Service) show(w http.ResponseWriter, r *http.Request, status int, refused store.ID, typed string, why *fault.Error) error {
	ctx, f := r.Context(), s.filterOf(r)
	who, ok := s.Viewer(ctx)
	if !ok {
		return errSignIn
	}
	var at cursor
	if err := web.DecodeCursor(r.URL.Query().Get("after"), &at.at, &at.id); err != nil {
		return err
	}
	found, next, err := s.shown(ctx, who, f, at, pageSize)
	if err != nil {
		return err
	}
	if err := s.viewed(ctx, who, "approvals.viewed"); err != nil {
		return err
	}
	data := page{Query: f.search, All: f.all, Export: address("/staff/approvals.csv", f, ""), Done: doneWords(r)}
	for _, q := range found {
		v := s.row(ctx, who, q)
		if why != nil && q.ID == refused {
			v.Typed, v.Problem = typed, why.Message
		}
		data.Rows = append(data.Rows, v)
	}
	if at != (cursor{}) {
		data.Paging.First = address("/staff/approvals", f, "")
	}
	if next != (cursor{}) {
		data.Paging.Next = address("/staff/approvals", f, web.EncodeCursor(next.at, next.id))
	}
	return s.pages.Staff(w, r, status, "approvals", web.View{Title: "Approvals", Path: "/staff/approvals", Data: data})
}

func (s *Service) viewed(ctx context.Context, who policy.Subject, event string) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: who.Program, Event: event, Record: "approvals", Actor: "member:" + who.Member})
		return nil
	})
}

func address(path string, f filter, after string) string {
	q := url.Values{}
	if f.all {
		q.Set("state", "all")
	}
	if f.search != "" {
		q.Set("q", f.search)
	}
	if after != "" {
		q.Set("after", after)
	}
	return web.WithQuery(path, q)
}

func doneWords(r *http.Request) string {
	return map[string]string{Approved: "Approved, and done.", Declined: "Declined. Nothing was changed."}[r.URL.Query().Get("done")]
}

// decision approves or declines one request.
func (s *Service) decision(approve bool) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := store.ParseID(r.PathValue("id"))
		if err != nil {
			return ErrNone
		}
		if err := web.ParseForm(r); err != nil {
			return err
		}
		err = s.Decide(r.Context(), id, approve, r.PostForm.Get("reason"))
		if f, ok := fault.As(err); ok && f.Kind == fault.Invalid {
			return s.show(w, r, http.StatusBadRequest, id, r.PostForm.Get("reason"), f)
		}
		if err != nil {
			return err
		}
		done := map[bool]string{true: Approved, false: Declined}[approve]
		http.Redirect(w, r, "/staff/approvals?done="+done, http.StatusSeeOther)
		return nil
	}
}

// csv is the whole list as a file.
func (s *Service) csv(w http.ResponseWriter, r *http.Request) error {
	ctx, f := r.Context(), s.filterOf(r)
	who, ok := s.Viewer(ctx)
	if !ok {
		return errSignIn
	}
	if err := s.viewed(ctx, who, "approvals.exported"); err != nil {
		return err
	}
	header := []string{"request", "what", "about", "detail", "asked by", "asked", "ends", "state", "decided by", "decided", "reason"}
	return web.CSV(w, "approvals.csv", header, func(yield func([]string) error) error {
		at := cursor{}
		for {
			found, next, err := s.shown(ctx, who, f, at, 500)
			if err != nil {
				return err
			}
			for _, q := range found {
				v := s.row(ctx, who, q)
				if err := yield([]string{q.ID.String(), v.What, v.About, q.Detail, v.Asker, moment(q.At), moment(q.Ends), v.State, v.Decider, moment(q.Decided), q.Reason}); err != nil {
					return err
				}
			}
			if next == (cursor{}) {
				return nil
			}
			at = next
		}
	})
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Count is how many requests wait for the viewer, for the navigation.
func (s *Service) Count(ctx context.Context) (int, error) {
	who, ok := s.Viewer(ctx)
	if !ok || !policy.Allow(policy.Approve, who) {
		return 0, nil
	}
	waiting, _, err := s.shown(ctx, who, filter{now: store.Micros(s.Now())}, cursor{}, maxCounted)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, r := range waiting {
		if r.By != "member:"+who.Member {
			n++
		}
	}
	return n, nil
}

// maxCounted is more than ever waits at once.
const maxCounted = 200

// shown returns up to limit requests behind c that the viewer may know of, and
// where the next page begins. A page is filled after what is hidden was left out:
// neither a short page nor a next one tells of it.
func (s *Service) shown(ctx context.Context, who policy.Subject, f filter, c cursor, limit int) ([]Request, cursor, error) {
	var out []Request
	for {
		found, next, err := list(ctx, s.DB, who.Program, f, c, limit)
		if err != nil {
			return nil, cursor{}, err
		}
		for _, r := range found {
			switch hidden, err := s.hidden(ctx, who, r); {
			case err != nil:
				return nil, cursor{}, err
			case hidden:
			case len(out) == limit:
				end := out[limit-1]
				return out, cursor{store.Micros(end.At), end.ID}, nil
			default:
				out = append(out, r)
			}
		}
		if next == (cursor{}) {
			return out, next, nil
		}
		c = next
	}
}

// hidden says whether the viewer may not know of what a request is about.
func (s *Service) hidden(ctx context.Context, who policy.Subject, r Request) (bool, error) {
	d, err := s.sees(ctx, s.DB, who, r)
	return !d.Allowed && d.As == policy.Hidden, err
}
