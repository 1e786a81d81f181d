// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"path"
	"slices"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/room"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

//go:embed templates
var pageFiles embed.FS

//go:embed migrations
var migrations embed.FS

// pageSize is how many rows a list shows at once.
const pageSize = 50

var errSignIn = fault.New(fault.SignIn, "sign_in", "Please sign in first.")

// Schema is the room's tables.
func Schema() store.Schema { return store.Schema{Room: "agency", FS: migrations} }

// Room is what app plugs in.
func (s *Service) Room() room.Room {
	return room.Room{
		Name: "agency",
		Routes: []web.Route{
			{Pattern: "GET /staff/setup", Access: policy.At(policy.ReadSetup), Handler: s.setupPage},
			{Pattern: "POST /staff/setup/mail", Access: policy.At(policy.ChangeSetup), Handler: s.setupAct(s.postTestMail)},
			{Pattern: "POST /staff/setup/mail/code", Access: policy.At(policy.ChangeSetup), Handler: s.setupAct(s.postMailCode)},
			{Pattern: "POST /staff/setup/test", Access: policy.At(policy.ChangeSetup), Handler: s.setupAct(s.postTestReport)},
			{Pattern: "POST /staff/setup/open", Access: policy.At(policy.OpenForm), Handler: s.setupAct(s.postOpen)},
			{Pattern: "POST /staff/setup/shut", Access: policy.At(policy.OpenForm), Handler: s.setupAct(s.postShut)},
			{Pattern: "POST /staff/setup/retry", Access: policy.At(policy.ChangeSetup), Handler: s.setupAct(s.postRetry)},
			{Pattern: "GET /staff/channels", Access: policy.At(policy.ReadChannels), Handler: s.channelsPage},
			{Pattern: "GET /staff/channels.csv", Access: policy.At(policy.ReadChannels), Handler: s.channelsCSV},
			{Pattern: "GET /staff/channels/{channel}", Access: policy.At(policy.ReadChannels), Handler: s.channelPage},
			{Pattern: "POST /staff/channels/{channel}/call", Access: policy.At(policy.ChangeChannel), Handler: s.channelAct(s.postCall)},
			{Pattern: "POST /staff/channels/{channel}/attest", Access: policy.At(policy.ChangeChannel), Handler: s.channelAct(s.postAttest)},
			{Pattern: "POST /staff/channels/{channel}/withdraw", Access: policy.At(policy.ChangeChannel), Handler: s.channelAct(s.postWithdraw)},
			{Pattern: "GET /staff/offices", Access: policy.At(policy.ReadOffices), Handler: s.officesPage},
			{Pattern: "GET /staff/offices.csv", Access: policy.At(policy.ReadOffices), Handler: s.officesCSV},
			{Pattern: "GET /staff/offices/directory", Access: policy.At(policy.ReadOffices), Handler: s.directoryPage},
			{Pattern: "GET /staff/offices/directory.txt", Access: policy.At(policy.ReadOffices), Handler: s.directoryFile},
			{Pattern: "POST /staff/offices/directory", Access: policy.At(policy.KeepDirectory), Handler: s.acting(s.postAnswer, s.showDirectory, at("/staff/offices/directory"))},
			{Pattern: "GET /staff/offices/{office}", Access: policy.At(policy.ReadOffices), Handler: s.officePage},
			{Pattern: "POST /staff/offices/{office}/join", Access: policy.At(policy.ChangeOffice), Handler: s.officeAct(s.postJoin)},
			{Pattern: "POST /staff/offices/{office}/agreement", Access: policy.At(policy.ChangeOffice), Handler: s.officeAct(s.postAgreement)},
			{Pattern: "POST /staff/offices/{office}/key-lost", Access: policy.At(policy.LoseOfficeKey), Handler: s.officeAct(s.postKeyLost)},
			{Pattern: "POST /staff/offices/{office}/close", Access: policy.At(policy.CloseOffice), Handler: s.officeAct(s.postClose)},
			{Pattern: "GET /staff/holds", Access: policy.At(policy.ReadHolds), Handler: s.holdsPage},
			{Pattern: "GET /staff/holds.csv", Access: policy.At(policy.ReadHolds), Handler: s.holdsCSV},
			{Pattern: "POST /staff/holds/place", Access: policy.At(policy.PlaceHold), Handler: s.acting(s.postHold, s.showHolds, at("/staff/holds"))},
			{Pattern: "GET /staff/holds/{hold}", Access: policy.At(policy.ReadHolds), Handler: s.holdPage},
			{Pattern: "POST /staff/holds/{hold}/lift", Access: policy.At(policy.LiftHold), Handler: s.acting(s.postLift, s.showHold, func(r *http.Request) string { return "/staff/holds/" + r.PathValue("hold") })},
			{Pattern: "GET /staff/roster", Access: policy.At(policy.ReadRoster), Handler: s.rosterPage},
			{Pattern: "GET /staff/roster.csv", Access: policy.At(policy.ReadRoster), Handler: s.rosterCSV},
			{Pattern: "POST /staff/roster/shift", Access: policy.At(policy.ChangeRoster), Handler: s.rosterAct(s.postShift)},
			{Pattern: "POST /staff/roster/remove", Access: policy.At(policy.ChangeRoster), Handler: s.rosterAct(s.postRemove)},
			{Pattern: "POST /staff/roster/copy", Access: policy.At(policy.ChangeRoster), Handler: s.rosterAct(s.postCopy)},
			{Pattern: "POST /staff/roster/hours", Access: policy.At(policy.ChangeRoster), Handler: s.rosterAct(s.postHours)},
		},
		Jobs: map[string]jobs.Handler{
			jobExpire: s.expire, jobGaps: s.gapsSoon, jobTell: s.tell, jobRefresh: s.refresh,
		},
		Schedules: []jobs.Schedule{{Kind: jobExpire, Every: 24 * time.Hour}, {Kind: jobGaps, Every: time.Hour}},
		Schema:    Schema(),
	}
}

// visit is one request of a signed-in member.
type visit struct {
	Actor
	p *program.Program
}

func (s *Service) visit(ctx context.Context) (visit, error) {
	a, ok := s.cfg.Viewer(ctx)
	if !ok || a.system() {
		return visit{}, errSignIn
	}
	p, err := s.program(a.Program)
	return visit{a, p}, err
}

// act does what a posted form asks and says which notice the page then shows.
type act func(ctx context.Context, v visit, r *http.Request) (done string, err error)

// trouble is why an act was refused, for the page that shows the form again.
type trouble struct {
	Message string
	Form    string // the last part of the address that it was sent to
	Field   string
	Typed   url.Values // every word that was typed
}

// Target is the id of the field it is about, or "".
func (t *trouble) Target() string {
	if t.Field == "" {
		return ""
	}
	return t.Form + "-" + t.Field
}

func (t *trouble) problems() []form.Problem {
	if t == nil {
		return nil
	}
	return []form.Problem{{Question: t.Field, Code: "refused"}}
}

// posted runs an act. What a person can put right comes back as trouble, with
// the status to answer; anything else as an error.
func (s *Service) posted(r *http.Request, do act) (done string, t *trouble, status int, err error) {
	v, err := s.visit(r.Context())
	if err != nil {
		return "", nil, 0, err
	}
	if err := r.ParseForm(); err != nil {
		return "", nil, 0, fault.New(fault.Invalid, "form", "The form could not be read. Nothing was changed.").With(err)
	}
	done, err = do(r.Context(), v, r)
	f, ok := fault.As(err)
	if err == nil || !ok {
		return done, nil, 0, err
	}
	statuses := map[fault.Kind]int{fault.Invalid: http.StatusBadRequest, fault.Conflict: http.StatusConflict, fault.Unavailable: http.StatusServiceUnavailable}
	status, ours := statuses[f.Kind]
	if !ours {
		return "", nil, 0, err
	}
	if f.Kind == fault.Unavailable {
		s.log().WarnContext(r.Context(), "agency: an act could not be done", "code", f.Code, "error", err)
	}
	return "", &trouble{f.Message, path.Base(r.URL.Path), f.Field, r.PostForm}, status, nil
}

// acting does what a page posts: a refusal shows the page again with what was
// typed, and success leads back to its address.
func (s *Service) acting(do act, show func(http.ResponseWriter, *http.Request, visit, int, *trouble) error, address func(*http.Request) string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		done, t, status, err := s.posted(r, do)
		if err != nil {
			return err
		}
		if t == nil {
			return back(w, r, address(r), url.Values{"done": {done}})
		}
		v, err := s.visit(r.Context())
		if err != nil {
			return err
		}
		return show(w, r, v, status, t)
	}
}

// at is an address that does not depend on the request.
func at(address string) func(*http.Request) string {
	return func(*http.Request) string { return address }
}

// back sends the browser to a page after an act, so that a reload repeats nothing.
func back(w http.ResponseWriter, r *http.Request, address string, query url.Values) error {
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// notice is the sentence for a "done" word; a word that is none shows nothing.
func notice(done string) string {
	return map[string]string{
		"mail": "A message with a code was sent to you. Type the code below when it arrives.", "code": "The mail is tested.",
		"test": "A test report was sent. Its desk must open and acknowledge it.", "open": "The public form is open.",
		"shut": "The public form is closed. It shows the lines to call and takes nothing.", "retry": "It will be tried again.",
		"call": "The call is recorded.", "attest": "The attestation is recorded.", "withdraw": "The channel is withdrawn.",
		"join": "The office has joined. Now invite its people.", "agreement": "The agreement is recorded.", "close": "It is asked. Once a second person agrees, the office is closed.",
		"directory": "The signatures are kept. The keys count from now on.", "hold": "The hold is placed.",
		"lift":     "It is asked. Once a second person agrees, the hold is lifted.",
		"key-lost": "It is recorded. Once two administrators have marked the key, reports for the office go to the desk.",
		"shift":    "The shift is on the roster.", "shifts": "The shifts are on the roster.", "remove": "The shift is off the roster.",
		"copy": "The week was copied.", "hours": "The hours are set.",
	}[done]
}

// frame is what every page of the room has.
type frame struct {
	Done    string
	Trouble *trouble
}

// Was gives back what was typed into a field of the form that was refused.
func (f frame) Was(form, field string) string {
	if f.Trouble == nil || f.Trouble.Form != form {
		return ""
	}
	return f.Trouble.Typed.Get(field)
}

// Had says whether a box of the refused form was ticked.
func (f frame) Had(form, field, value string) bool {
	return f.Trouble != nil && f.Trouble.Form == form && slices.Contains(f.Trouble.Typed[field], value)
}

func framed(r *http.Request, t *trouble) frame {
	if t != nil {
		return frame{Trouble: t}
	}
	return frame{Done: notice(r.URL.Query().Get("done"))}
}

func (s *Service) show(w http.ResponseWriter, r *http.Request, status int, name, title, address string, t *trouble, data any) error {
	return s.pages.Staff(w, r, status, name, web.View{Title: title, Path: address, Data: data, Problems: t.problems()})
}

// paged cuts a sorted list after the row named by the cursor. next is the cursor
// of the following page, or "".
func paged[T any](list []T, key func(T) string, cursor string) (page []T, next string, err error) {
	var after string
	if err := web.DecodeCursor(cursor, &after); err != nil {
		return nil, "", err
	}
	for i, row := range list {
		if after != "" && key(row) <= after {
			continue
		}
		page = list[i:]
		break
	}
	if len(page) > pageSize {
		page = page[:pageSize]
		next = web.EncodeCursor(key(page[pageSize-1]))
	}
	return page, next, nil
}

// paging makes the links around a list, keeping its filters.
func paging(address string, query url.Values, found, next string) web.Paging {
	filters := url.Values{}
	for _, name := range []string{"q", "state"} {
		if v := query.Get(name); v != "" {
			filters.Set(name, v)
		}
	}
	link := func(after string) string {
		q := url.Values{}
		for name, v := range filters {
			q[name] = v
		}
		if after != "" {
			q.Set("after", after)
		}
		return web.WithQuery(address, q)
	}
	p := web.Paging{Found: found}
	if query.Get("after") != "" {
		p.First = link("")
	}
	if next != "" {
		p.Next = link(next)
	}
	return p
}
