// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// pageSize is how many rows a list shows at once.
const pageSize = 50

func (s *Service) routes() []web.Route {
	one := func(r *http.Request) string { return "/staff/operations/" + r.PathValue("id") }
	act := func(name string, a policy.Action, do act) web.Route {
		return web.Route{Pattern: "POST /staff/operations/{id}/" + name, Access: policy.At(a), Handler: s.acting(a, do, s.showOperation, one)}
	}
	return []web.Route{
		{Pattern: "GET /staff/operations", Access: policy.At(policy.ReadOperation), Handler: s.listPageHandler},
		{Pattern: "GET /staff/operations.csv", Access: policy.At(policy.ReadOperation), Handler: s.listCSV},
		{Pattern: "GET /staff/operations/new", Access: policy.At(policy.PlanOperation), Handler: s.newPage},
		{Pattern: "POST /staff/operations", Access: policy.At(policy.PlanOperation), Handler: s.newPost},
		{Pattern: "GET /staff/operations/checks", Access: policy.At(policy.ReadChecks), Handler: s.checksPage},
		{Pattern: "GET /staff/operations/{id}", Access: policy.At(policy.ReadOperation), Handler: s.operationPage},
		{Pattern: "GET /staff/operations/{id}/change", Access: policy.At(policy.PlanOperation), Handler: s.changePage},
		{Pattern: "POST /staff/operations/{id}/change", Access: policy.At(policy.PlanOperation), Handler: s.changePost},
		act("approve", policy.ApproveOperation, s.approvePost),
		act("begin", policy.RunOperation, s.beginPost),
		act("close", policy.RunOperation, s.closePost),
		act("review", policy.ReviewOperation, s.reviewPost),
		act("cancel", policy.PlanOperation, s.cancelPost),
		act("conflicts/{conflict}", policy.PlanOperation, s.answerPost),
		{Pattern: "GET /staff/surges", Access: policy.At(policy.ReadSurge), Handler: s.surgesPage},
		{Pattern: "POST /staff/surges", Access: policy.At(policy.ChangeSurge), Handler: s.surgePost},
		{Pattern: "GET /staff/surges/{id}", Access: policy.At(policy.ReadSurge), Handler: s.surgePage},
		{Pattern: "POST /staff/surges/{id}/close", Access: policy.At(policy.ChangeSurge), Handler: s.surgeClosePost},
		{Pattern: "GET /staff/locations", Access: policy.At(policy.ReadLocations), Handler: s.locationsPage},
		{Pattern: "GET /staff/locations.csv", Access: policy.At(policy.ReadLocations), Handler: s.locationsCSV},
		{Pattern: "POST /staff/locations", Access: policy.At(policy.ChangeLocation), Handler: s.locationPost},
		{Pattern: "POST /staff/locations/{id}/withdraw", Access: policy.At(policy.ChangeLocation), Handler: s.withdrawPost},
	}
}

func me(r *http.Request) identity.Member {
	m, _ := identity.From(r.Context())
	return m
}

// idOf is the thing that an address is about. What is no id is nothing.
func idOf(r *http.Request, name string) (store.ID, error) {
	id, err := store.ParseID(r.PathValue(name))
	if err != nil {
		return id, ErrNotFound.With(err)
	}
	return id, nil
}

// notices are the sentences for the "done" word of an address.
var notices = map[string]string{
	"planned":   "The operation is planned. No other agency plans anything near it that is known here. A second person must approve it.",
	"near":      "The operation is planned. Another agency acts near it: call before you go on. The other agency was told the same.",
	"changed":   "The change is saved.",
	"approve":   "The operation is approved.",
	"begin":     "It is written down that the operation began.",
	"close":     "The operation is closed. A second person reviews it; then it counts.",
	"review":    "The operation is reviewed, and counts.",
	"cancel":    "The operation is called off. It conflicts with nothing any more.",
	"answered":  "It is written down what came of the call.",
	"surge":     "The surge is made. Operations are put into it on their own pages.",
	"closed":    "The surge is closed. Its name and days may be spoken of, and it counts.",
	"location":  "The location is on the list.",
	"withdrawn": "The location is off the list.",
}

// act does what a posted form asks, and says which notice the page then shows.
type act func(ctx context.Context, m identity.Member, r *http.Request) (done string, err error)

type shower func(w http.ResponseWriter, r *http.Request, status int, t *web.Trouble) error

// acting does what a page of an operation posts. Who may not is told so before anything of what was sent is read.
func (s *Service) acting(a policy.Action, do act, show shower, address func(*http.Request) string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		m := me(r)
		id, err := idOf(r, "id")
		if err != nil {
			return err
		}
		o, err := s.Get(r.Context(), m, id)
		if err != nil {
			return err
		}
		requester := map[policy.Action]string{policy.ApproveOperation: o.PlannedBy, policy.ReviewOperation: o.ClosedBy}[a]
		if err := s.mayOperation(a, m, o, requester); err != nil {
			return err
		}
		return s.posted(w, r, do, show, address)
	}
}

// posted does an act. A refusal that a person can put right shows the page again, success leads back to its address.
func (s *Service) posted(w http.ResponseWriter, r *http.Request, do act, show shower, address func(*http.Request) string) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	done, err := do(r.Context(), me(r), r)
	if err == nil {
		return seeOther(w, r, address(r), done)
	}
	t, status := web.Troubled(err, path.Base(r.URL.Path), r.PostForm)
	if t == nil {
		return err
	}
	return show(w, r, status, t)
}

func seeOther(w http.ResponseWriter, r *http.Request, address, done string) error {
	http.Redirect(w, r, address+"?done="+url.QueryEscape(done), http.StatusSeeOther)
	return nil
}

// kindWords are what operations are for, in words.
var kindWords = map[string]string{
	"recovery": "Finding people at risk", "arrest": "Arrests", "search": "A search", "buyers": "People who buy", "undercover": "Undercover work", "surveillance": "Surveillance",
	"inspection": "Inspecting a business", "outreach": "Outreach with helpers", "other": "Something else",
}

func kindChoices(on string) []web.Choice {
	var out []web.Choice
	for _, k := range Kinds() {
		out = append(out, web.Choice{Value: k, Label: kindWords[k], On: k == on})
	}
	return out
}

// stateWord is a state and how it is shown.
type stateWord struct{ Word, Tag string }

var stateWords = map[State]stateWord{
	Planned: {"Planned", "t-wait"}, Approved: {"Approved", "t-new"}, Running: {"Running", "t-late"}, Closed: {"Closed, to be reviewed", "t-wait"},
	Reviewed: {"Reviewed", "t-done"}, Cancelled: {"Called off", "t-off"},
}

// clock shows a time to the minute, with its zone: on the night on which clocks change nothing else tells two times apart.
func (s *Service) clock(programID string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(s.zone(programID)).Format("Mon, Jan 2, 2006, 3:04 PM MST")
}

// by names a member who did something.
func (s *Service) by(ctx context.Context, programID, actor string) string {
	id, err := store.ParseID(memberOf(actor))
	if err != nil {
		return actor
	}
	name, err := s.People.Named(ctx, programID, id)
	if err != nil || name == "" {
		return "somebody who is not here any more"
	}
	return name
}

// offices are those of the directory that can be partners of somebody's office.
func (s *Service) offices(programID, but string) []web.Choice {
	p, ok := s.Programs.Program(programID)
	if !ok {
		return nil
	}
	var out []web.Choice
	for _, id := range p.OfficeOrder {
		if id != but {
			out = append(out, web.Choice{Value: id, Label: s.officeName(programID, id)})
		}
	}
	return out
}

// typed cuts a typed text, and drops what is no letter in any language.
func typed(text string) string {
	runes := []rune(strings.ReplaceAll(strings.ToValidUTF8(strings.TrimSpace(text), ""), "\x00", ""))
	return string(runes[:min(len(runes), 200)])
}
