// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/web"
)

// operationView is the page of one operation.
type operationView struct {
	web.Frame
	ID, Name, Kind, When, Planned, Where, Around, District, Lead, Surge, SurgeLink, Location string
	Aim, Outcome, Review, Contact, Phone                                                     string
	Partners                                                                                 []string
	State                                                                                    stateWord
	Version                                                                                  int
	Steps                                                                                    []stepLine
	Conflicts                                                                                []conflictLine
	Calls                                                                                    int
	MayChange, MayApprove, MayBegin, MayClose, MayReview, MayCancel, MayAnswer, OwnPlan      bool
	OwnClose                                                                                 bool
	Today, Clock                                                                             string
}

// stepLine is something that was done with it.
type stepLine struct{ What, When, Who string }

// conflictLine is another operation nearby, as far as it is told.
type conflictLine struct {
	Conflict
	Found, SaidWhen, Who, Words string
}

// sayingWords are what came of a call, in words.
var sayingWords = map[string]string{Agreed: "We spoke, and both know how to go on", NotReached: "Nobody could be reached"}

func (s *Service) operationPage(w http.ResponseWriter, r *http.Request) error {
	return s.showOperation(w, r, http.StatusOK, nil)
}

func (s *Service) showOperation(w http.ResponseWriter, r *http.Request, status int, t *web.Trouble) error {
	ctx, m := r.Context(), me(r)
	id, err := idOf(r, "id")
	if err != nil {
		return err
	}
	o, err := s.Get(ctx, m, id)
	if err != nil {
		return err
	}
	if err := s.looked(ctx, m, "viewed", o.record()); err != nil {
		return err
	}
	v := operationView{Frame: web.Framed(r, t, notices), ID: o.ID.String(), Name: o.Name, Kind: kindWords[o.Kind], When: s.span(o), Where: whereOf(o.Plan), Lead: s.officeName(o.Program, o.Lead), Aim: o.Aim,
		Outcome: o.Outcome, Review: o.Review, Contact: o.Contact, Phone: o.Phone, State: stateWords[o.State], Version: o.Version, District: districts()[o.District].Name}
	if o.Point != nil {
		v.Around = fmt.Sprintf("%v, %v, and %v kilometers around it", o.Point.Lat, o.Point.Lon, float64(o.Radius)/1000)
	}
	if !o.Began.IsZero() {
		v.Planned = s.clock(o.Program, o.From) + " to " + s.clock(o.Program, o.To)
	}
	for _, p := range o.Partners {
		v.Partners = append(v.Partners, s.officeName(o.Program, p))
	}
	now := s.Now().In(s.zone(o.Program))
	v.Today, v.Clock = now.Format(dayFormat), now.Format("15:04")
	v.Steps = s.steps(ctx, o)
	if err := s.fillLinks(ctx, m, o, &v); err != nil {
		return err
	}
	if err := s.fillConflicts(ctx, o, &v); err != nil {
		return err
	}
	s.fillActs(m, o, &v)
	return s.pages.Staff(w, r, status, "operation", web.View{Title: "Operation", Path: "/staff/operations/" + v.ID, Data: v, Problems: t.Problems()})
}

// fillLinks names the surge and the location, where whoever looks may know them.
func (s *Service) fillLinks(ctx context.Context, m identity.Member, o Operation, v *operationView) error {
	if !o.Surge.IsZero() {
		g, err := s.surgeByID(ctx, s.DB, o.Program, o.Surge)
		if err != nil {
			return err
		}
		if g.includes(m.Office) {
			v.Surge, v.SurgeLink = g.Name, "/staff/surges/"+g.ID.String()
		}
	}
	if o.Location.IsZero() {
		return nil
	}
	l, err := s.locationByID(ctx, s.DB, o.Program, o.Location)
	v.Location = l.Name
	return err
}

func (s *Service) fillConflicts(ctx context.Context, o Operation, v *operationView) error {
	all, err := s.Conflicts(ctx, o)
	for _, c := range all {
		line := conflictLine{Conflict: c, Found: s.clock(o.Program, c.Found), SaidWhen: s.clock(o.Program, c.SaidAt), Words: sayingWords[c.Said]}
		if c.SaidBy != "" {
			line.Who = s.by(ctx, o.Program, c.SaidBy)
		}
		if c.Ended.IsZero() && c.Said == "" {
			v.Calls++
		}
		v.Conflicts = append(v.Conflicts, line)
	}
	return err
}

// fillActs says what whoever looks can do next.
func (s *Service) fillActs(m identity.Member, o Operation, v *operationView) {
	may := func(a policy.Action, requester string) bool { return s.mayOperation(a, m, o, requester) == nil }
	plans, runs := may(policy.PlanOperation, ""), may(policy.RunOperation, "")
	v.MayChange = plans && o.State.ahead()
	v.MayCancel = plans && (o.State == Planned || o.State == Approved)
	v.MayAnswer = plans
	v.MayApprove = o.State == Planned && may(policy.ApproveOperation, o.PlannedBy)
	v.OwnPlan = o.State == Planned && plans && !v.MayApprove
	v.MayBegin = runs && o.State == Approved
	v.MayClose = runs && o.State == Running
	v.MayReview = o.State == Closed && may(policy.ReviewOperation, o.ClosedBy)
	v.OwnClose = o.State == Closed && plans && !v.MayReview
}

// steps lists what was done with an operation, in order.
func (s *Service) steps(ctx context.Context, o Operation) []stepLine {
	var out []stepLine
	add := func(what string, at time.Time, by string) {
		if !at.IsZero() {
			out = append(out, stepLine{what, s.clock(o.Program, at), s.by(ctx, o.Program, by)})
		}
	}
	add("Planned", o.Made, o.MadeBy)
	if !o.PlannedAt.Equal(o.Made) {
		add("Planned anew", o.PlannedAt, o.PlannedBy)
	}
	add("Approved", o.ApprovedAt, o.ApprovedBy)
	add("Closed", o.ClosedAt, o.ClosedBy)
	add("Reviewed", o.ReviewedAt, o.ReviewedBy)
	add("Called off", o.CancelledAt, o.CancelledBy)
	return out
}

// versionOf is the version of the plan that whoever decides has read.
func versionOf(r *http.Request) int {
	n, err := strconv.Atoi(r.PostForm.Get("version"))
	if err != nil {
		return 0 // that of no plan
	}
	return n
}

func (s *Service) approvePost(ctx context.Context, m identity.Member, r *http.Request) (string, error) {
	id, err := idOf(r, "id")
	if err != nil {
		return "", err
	}
	return "approve", s.Approve(ctx, m, id, versionOf(r))
}

// moment reads a day and a time that may both be left out for now.
func (s *Service) moment(r *http.Request, programID, field string) (time.Time, error) {
	q := r.PostForm
	if q.Get("day") == "" && q.Get("clock") == "" {
		return time.Time{}, nil
	}
	at, err := At(q.Get("day"), q.Get("clock"), q.Get("turn"), s.zone(programID))
	if f, ok := fault.As(err); ok {
		return at, f.At(field)
	}
	return at, err
}

func (s *Service) beginPost(ctx context.Context, m identity.Member, r *http.Request) (string, error) {
	id, err := idOf(r, "id")
	if err != nil {
		return "", err
	}
	at, err := s.moment(r, m.Program, "began")
	if err != nil {
		return "", err
	}
	return "begin", s.Begin(ctx, m, id, at)
}

func (s *Service) closePost(ctx context.Context, m identity.Member, r *http.Request) (string, error) {
	id, err := idOf(r, "id")
	if err != nil {
		return "", err
	}
	at, err := s.moment(r, m.Program, "ended")
	if err != nil {
		return "", err
	}
	return "close", s.Close(ctx, m, id, at, r.PostForm.Get("outcome"))
}

func (s *Service) reviewPost(ctx context.Context, m identity.Member, r *http.Request) (string, error) {
	id, err := idOf(r, "id")
	if err != nil {
		return "", err
	}
	return "review", s.Review(ctx, m, id, versionOf(r), r.PostForm.Get("review"))
}

func (s *Service) cancelPost(ctx context.Context, m identity.Member, r *http.Request) (string, error) {
	id, err := idOf(r, "id")
	if err != nil {
		return "", err
	}
	return "cancel", s.Cancel(ctx, m, id, strings.TrimSpace(r.PostForm.Get("why")))
}

func (s *Service) answerPost(ctx context.Context, m identity.Member, r *http.Request) (string, error) {
	id, err := idOf(r, "id")
	if err != nil {
		return "", err
	}
	conflict, err := idOf(r, "conflict")
	if err != nil {
		return "", err
	}
	return "answered", s.Answer(ctx, m, id, conflict, r.PostForm.Get("said"))
}
