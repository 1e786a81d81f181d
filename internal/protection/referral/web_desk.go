// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// deskPage shows the tasks, or what is late or stuck at any office.
func (s *Service) deskPage(w http.ResponseWriter, r *http.Request) error {
	f := readFilter(r, deskList(r))
	var others []Filter
	for _, name := range tabs {
		others = append(others, Filter{List: name})
	}
	data, counts, err := s.listData(r, f, "/staff/desk", others...)
	if err != nil {
		return err
	}
	data.States = stateOptions(f.State, Waiting, Taken, CannotOpen, Done)
	if err := s.linkRows(r, f, data.Rows); err != nil {
		return err
	}
	if data.Unmailed, err = s.unmailed(r.Context(), me(r)); err != nil {
		return err
	}
	for i, name := range tabs {
		data.Tabs = append(data.Tabs, option{Value: "/staff/desk?list=" + name, Label: tabWords[name] + " (" + strconv.Itoa(counts[i]) + ")", On: f.List == name})
	}
	return s.pages.Staff(w, r, http.StatusOK, "desk", web.View{Title: "Desk", Data: data, Before: data.recorded})
}

// linkRows leads from a task to its page, and from a stuck report to the page on
// which the desk, if it holds the report itself, makes it readable.
func (s *Service) linkRows(r *http.Request, f Filter, rows []row) error {
	for i, x := range rows {
		switch f.List {
		case ListTasks:
			rows[i].Link = "/staff/desk/" + x.ID
		case ListStuck:
			id, err := store.ParseID(x.Report)
			if err != nil {
				return fault.Wrap(err, "linking a list")
			}
			_, err = s.mine(r.Context(), s.db, me(r), id)
			if err == nil {
				rows[i].Link = "/staff/report/" + x.Report
			} else if !errors.Is(err, ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// tabs are the desk's lists in the order of their buttons.
var tabs = []string{ListTasks, ListLate, ListStuck, ListLetters}

var tabWords = map[string]string{ListTasks: "Tasks", ListLate: "Late", ListStuck: "Needs another office", ListLetters: "Messages"}

func deskList(r *http.Request) string {
	if list := r.URL.Query().Get("list"); list == ListLate || list == ListStuck || list == ListLetters {
		return list
	}
	return ListTasks
}

// deskCSV gives the desk's list as a file. Help reports are never in it.
func (s *Service) deskCSV(w http.ResponseWriter, r *http.Request) error {
	return s.csv(w, r, readFilter(r, deskList(r)), "desk.csv")
}

// numberView is a number, page or address as an operator uses it.
type numberView struct {
	ID, Name, Phone, Call, Text, URL, Email, Hours, Note string
	Trust                                                tag
}

// taskView is all that a task's page shows.
type taskView struct {
	ID, Short, Done, Office      string
	Reader                       reader
	Named                        reporterView
	NoName                       bool // the recipient is not told who reports
	NoNameWhy                    []citation
	Tags                         []tag
	State                        tag
	Duty                         dutyView
	About                        string
	Script                       []string
	Envelope                     []fact
	Numbers                      []numberView
	Mine, Free, Finished, Opened bool
	Holder                       string
	Until, Retry                 *stamp
	Attempts                     []stepView
	Results, Kinds               []option
	Retries                      []option
	Code                         string
}

// taskPage shows one task with its script, its numbers and what was tried.
func (s *Service) taskPage(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	m := me(r)
	t, err := s.task(r.Context(), s.db, m, id)
	if err != nil {
		return err
	}
	v, err := s.viewer(r.Context(), m)
	if err != nil {
		return err
	}
	body, err := s.reports.Body(r.Context(), m.Program, t.Report, m.Office)
	if err != nil {
		return fault.Wrap(err, "reading the envelope")
	}
	proofs, err := evidenceOf(r.Context(), s.db, m.Program, t.Report)
	if err != nil {
		return err
	}
	data := s.taskData(v, m, t, body.Envelope)
	if data.Named, err = s.reporterView(r.Context(), v, t.Report, body.Envelope, nil); err != nil {
		return err
	}
	data.NoNameWhy, data.NoName = s.unnamed(v, body.Envelope, t.Recipient)
	data.Code = codeOf(t, proofs)
	data.Done = doneWords(r)
	steps, err := stepsOf(r.Context(), s.db, m.Program, t.Report)
	if err != nil {
		return err
	}
	for _, st := range steps {
		if st.Referral == t.ID && slices.Contains([]Act{ActAttempt, ActTake, ActRelease, ActExpire, ActComplete, ActRead}, st.Act) {
			data.Attempts = append(data.Attempts, v.step(t, st))
		}
	}
	if err := s.looked(r.Context(), m, "task.viewed", "report:"+t.Report.String()); err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "task", web.View{Title: "One task", Data: data, Secret: true, Scripts: []string{"inbox.js"}})
}

func (s *Service) taskData(v viewer, m identity.Member, t Referral, e program.Envelope) taskView {
	o := v.p.Offices[t.Recipient]
	free := t.State == Waiting || t.State == Taken && t.TakenUntil.Before(v.now)
	data := taskView{
		ID: t.ID.String(), Short: Short(t.Report), Office: o.Name.In("en"), About: o.About.In("en"), Reader: readerOf(m, t.Report), Tags: v.tags(t), State: stateTags[t.State], Duty: s.dutyView(v, m, t),
		Envelope: envelopeFacts(v, e), Numbers: s.numberViews(t), Mine: t.State == Taken && t.TakenBy == m.ID, Free: free, Finished: t.State == Done,
		Opened: !t.OpenedAt.IsZero(), Holder: v.member(t.TakenBy), Until: v.stamp(t.TakenUntil), Retry: v.stamp(t.RetryAt),
		Script: s.script(v, t, e),
	}
	for _, name := range AttemptResults() {
		data.Results = append(data.Results, option{Value: name, Label: attemptWords[name]})
	}
	for _, kind := range proofKinds(t) {
		data.Kinds = append(data.Kinds, option{Value: kind, Label: proofWords[kind]})
	}
	for _, minutes := range []int{5, 15, 30, 60, 120, 240, 720} {
		label := span(time.Duration(minutes)*time.Minute) + " from now"
		data.Retries = append(data.Retries, option{Value: strconv.Itoa(minutes), Label: label, On: minutes == 15})
	}
	return data
}

// script is what the operator says, from the envelope and the pack alone. The
// words of the report are read out from the browser that opened them.
func (s *Service) script(v viewer, t Referral, e program.Envelope) []string {
	lines := []string{"Say: \"This is " + v.office(t.Holder) + ". I am passing on a report about possible human trafficking that came in on " +
		v.stamp(t.Accepted).Exact + ".\""}
	if e.Danger {
		lines = append(lines, "Say first: \"The person may be in danger now.\"")
	}
	if e.Child() {
		lines = append(lines, "Say: \"The person is, or may be, under 18.\"")
	}
	lines = append(lines, "Say where: "+where(t.Place)+".")
	if e.Mode == program.Help {
		lines = append(lines, "The person asked for help and chose who may know. Tell nobody but "+v.office(t.Recipient)+".")
	}
	for _, d := range v.p.Route(e, s.agencies.Keyed(v.p.ID)).Deliveries {
		if d.Recipient == t.Recipient && len(d.Note) > 0 {
			lines = append(lines, d.Note.In("en"))
		}
	}
	return append(lines, "Open the report below and read the words out as they stand. Add nothing and guess nothing.",
		"Do not leave any of it on voicemail.", "Ask: \"What is your number for this report?\" Type it here while they are still on the line, and read it back.")
}

// numberViews are the ways to reach the recipient, with how far each can be trusted.
func (s *Service) numberViews(t Referral) []numberView {
	trust := map[program.ChannelState]tag{
		program.Verified: {"Tested by a person", "t-done"}, program.Expired: {"Tested long ago", "t-wait"},
		program.Printed: {"Printed, not tested: check who answers", "t-wait"},
	}
	var out []numberView
	for _, c := range s.numbers(t) {
		out = append(out, numberView{ID: c.ID, Name: c.Name.In("en"), Phone: c.Phone, Call: onlyDigits(c.Phone), Text: c.Text, URL: c.URL,
			Email: c.Email, Hours: c.Hours, Note: c.Note, Trust: trust[c.State]})
	}
	return out
}

func (s *Service) takePost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	return "taken", s.Take(r.Context(), m, id)
}

func (s *Service) extendPost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	return "extended", s.Extend(r.Context(), m, id)
}

func (s *Service) releasePost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	return "released", s.Release(r.Context(), m, id)
}

func (s *Service) attemptPost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	minutes, err := strconv.Atoi(r.PostForm.Get("minutes"))
	if err != nil || minutes < 0 || minutes > int(longestRetry/time.Minute) {
		return "", ErrRetry
	}
	a := Attempt{Channel: r.PostForm.Get("channel"), Result: r.PostForm.Get("result")}
	if minutes > 0 {
		a.RetryAt = s.now().Add(time.Duration(minutes) * time.Minute)
	}
	return "attempt", s.TryLater(r.Context(), m, id, a)
}

func (s *Service) completePost(r *http.Request, m identity.Member, id store.ID) (string, error) {
	answered, err := base64.StdEncoding.DecodeString(r.PostForm.Get("answered"))
	if err != nil {
		return "", ErrNote
	}
	return "completed", s.Complete(r.Context(), m, id, Proof{
		Channel: r.PostForm.Get("channel"), Kind: r.PostForm.Get("kind"), Code: r.PostForm.Get("code"), Answered: answered,
	})
}
