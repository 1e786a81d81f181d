// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"net/http"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

var errBody = fault.New(fault.Invalid, "referral.body", "Part of what was sent is missing or is not right.")

func (s *Service) routes() []web.Route {
	routes := []web.Route{
		{Pattern: "GET /staff/inbox", Access: policy.At(policy.ReadInbox), Handler: s.inboxPage},
		{Pattern: "GET /staff/inbox.csv", Access: policy.At(policy.ReadInbox), Handler: s.inboxCSV},
		{Pattern: "GET /staff/report/{id}", Access: policy.At(policy.ReadReport), Handler: s.reportPage},
		{Pattern: "GET /staff/report/{id}/sealed", Access: policy.At(policy.OpenReport), Handler: web.AnswerJSON(s.sealedJSON)},
		{Pattern: "GET /staff/report/{id}/notes", Access: policy.At(policy.OpenReport), Handler: web.AnswerJSON(s.notesJSON)},
		{Pattern: "GET /staff/report/{id}/reporter", Access: policy.At(policy.OpenReporter), Handler: web.AnswerJSON(s.reporterJSON)},
		{Pattern: "GET /staff/desk", Access: policy.At(policy.ReadDesk), Handler: s.deskPage},
		{Pattern: "GET /staff/desk.csv", Access: policy.At(policy.ReadDesk), Handler: s.deskCSV},
		{Pattern: "GET /staff/desk/{id}", Access: policy.At(policy.ReadDesk), Handler: s.taskPage},
	}
	for name, act := range map[string]scripted{
		"opened": {policy.OpenReport, s.openedPost}, "refer": {policy.ReferReport, s.referPost}, "rewrap": {policy.RewrapReport, s.rewrapPost},
		"note": {policy.NoteReport, s.notePost}, "printed": {policy.PrintReport, s.printedPost},
		"reporter/opened": {policy.OpenReporter, s.reporterOpenedPost}, "reporter/give": {policy.ReferReport, s.reporterGivePost},
	} {
		routes = append(routes, web.Route{Pattern: "POST /staff/report/{id}/" + name, Access: policy.At(act.does), Handler: web.AnswerJSON(act.handler)})
	}
	for name, act := range map[string]posted{
		"acknowledge": {policy.AnswerReport, s.acknowledgePost}, "outcome": {policy.AnswerReport, s.outcomePost},
		"cannot-open": {policy.AnswerReport, s.cannotOpenPost}, "recuse": {policy.Recuse, s.recusePost},
		"matter": {policy.AnswerReport, s.matterPost}, "separate": {policy.AnswerReport, s.separatePost},
		"assign": {policy.AssignReport, s.assignPost}, "met": {policy.AnswerReport, s.metPost},
	} {
		routes = append(routes, web.Route{Pattern: "POST /staff/report/{id}/" + name, Access: policy.At(act.does), Handler: s.form("/staff/report/", act.act)})
	}
	for name, act := range map[string]formAct{
		"take": s.takePost, "extend": s.extendPost, "release": s.releasePost, "attempt": s.attemptPost, "complete": s.completePost,
	} {
		routes = append(routes, web.Route{Pattern: "POST /staff/desk/{id}/" + name, Access: policy.At(policy.WorkDesk), Handler: s.form("/staff/desk/", act)})
	}
	return routes
}

// scripted and posted are acts of a page's script and of its forms, with what policy calls them.
type scripted struct {
	does    policy.Action
	handler web.Handler
}

type posted struct {
	does policy.Action
	act  formAct
}

// me is the signed-in member, whom the guard has put there.
func me(r *http.Request) identity.Member {
	m, _ := identity.From(r.Context())
	return m
}

// pathID reads the id of the address. One that cannot be is one that is not there.
func pathID(r *http.Request) (store.ID, error) {
	id, err := store.ParseID(r.PathValue("id"))
	if err != nil {
		return store.ID{}, ErrNotFound
	}
	return id, nil
}

// formAct does what a posted form asks and gives the word that the next page
// says about it. A word beginning with "/" is the address of the next page.
type formAct func(r *http.Request, m identity.Member, id store.ID) (done string, err error)

// form turns an act into a handler that leads back to the page it came from.
func (s *Service) form(base string, act formAct) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := pathID(r)
		if err != nil {
			return err
		}
		if err := r.ParseForm(); err != nil {
			return errBody.With(err)
		}
		done, err := act(r, me(r), id)
		if err != nil {
			return err
		}
		next := base + id.String() + "?done=" + done
		if done != "" && done[0] == '/' {
			next = done
		}
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
}

// doneWords are what a page says after an act.
func doneWords(r *http.Request) string {
	return map[string]string{
		"acknowledged": "Your office has taken this report on.", "outcome": "The outcome is recorded.",
		"cannot_open": "The desk was told that your office cannot open this report.", "matter": "The reports are marked as one matter.",
		"separate": "This report stands alone again.", "assigned": "The owner was changed.", "met": "The duty is marked as met.",
		"taken": "The task is yours.", "extended": "You have more time.", "released": "The task is free for others.",
		"attempt": "The attempt is recorded.", "completed": "Passed on, with proof.", "recused": "You stepped back. You will not see that report again.",
		"office_recused": "Your office stepped back. The desk will find another.", "noted": "The note is kept.", "referred": "The report was sent on.",
		"rewrapped": "The office can open the report now.", "opened": "Opened. Your office has this report now.",
		"named": "That office can open the part about the reporter now.",
	}[r.URL.Query().Get("done")]
}
