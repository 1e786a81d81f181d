// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/gate"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/prosecution/operation"
	"waylight/internal/prosecution/result"
	"waylight/internal/protection/canary"
)

// workShown is how many given-up jobs stand on a page of the list.
const workShown = 50

// workWords say in words what a kind of job does, for people who look after a program.
var workWords = map[string]string{
	"referral.notice": "Mail to an office: a report waits", "referral.clock": "Clocks of duties: who is told when nobody acts",
	"file.notice": "Mail to an office: a file came", "file.sweep": "Ending uploads that broke off",
	"conversation.notice": "Mail to an office: a message waits", "conversation.clock": "Clocks of messages",
	"agency.tell": "Mail about an alarm", "agency.gaps": "Looking for gaps in rosters", "agency.expire": "Looking for numbers whose test is too old",
	"agency.refresh": "Reading the directory again", kindCheckpoint: "Publishing the log",
	canary.KindRound: "Testing the ways in: a round", canary.KindWay: "Testing a way in", canary.KindKept: "Comparing a test with the log", canary.KindMail: "Testing an office's mail",
	operation.KindNotice: "Mail to an office: something waits",
	result.KindCommit:    "Saving the rows of an imported file", result.KindConfirm: "Confirming the rows of an imported file",
	"identity.sweep": "Ending old links and sessions", "identity.standings": "Ending accounts whose time is over", "identity.reviews": "The yearly review of access",
}

// workPage is what an administrator sees of the program's own work: jobs that
// were given up, and the state of the public log.
type workPage struct {
	Ways       []wayLine
	Dead       []deadLine
	Kinds      []deadKind
	Kind       string // of the list; "" for all
	Total      int
	Done       string
	Trouble    string
	Export     string
	Paging     web.Paging
	Checkpoint custody.Checkpoint
	Key        string
	MayRetry   bool
	Watched    time.Time
	Gate       gate.State
	Oldest     time.Duration // how long the first of those who wait at the gate has waited
}

type deadLine struct {
	jobs.Dead
	What string
}

type wayLine struct {
	canary.Way
	What string
}

type deadKind struct {
	jobs.DeadCount
	What string
}

func workWord(kind string) string {
	if words := workWords[kind]; words != "" {
		return words
	}
	return kind
}

func (a *App) workRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /staff/work", Access: policy.At(policy.ReadWork), Handler: a.work},
		{Pattern: "GET /staff/work.csv", Access: policy.At(policy.ReadWork), Handler: a.workCSV},
		{Pattern: "POST /staff/work/retry", Access: policy.At(policy.RetryWork), Handler: a.retry},
		{Pattern: "POST /staff/work/retry-all", Access: policy.At(policy.RetryWork), Handler: a.retryAll},
	}
}

func (a *App) work(w http.ResponseWriter, r *http.Request) error {
	return a.showWork(w, r, http.StatusOK, "")
}

// showWork answers with the page; trouble is why what was asked for was not done.
func (a *App) showWork(w http.ResponseWriter, r *http.Request, status int, trouble string) error {
	ctx := r.Context()
	m, _ := identity.From(ctx)
	page := workPage{Kind: kindAsked(r), Trouble: trouble, Done: retried(r), Key: a.logs[m.Program].VerifierKey(),
		MayRetry: policy.Allow(policy.RetryWork, a.People.Subject(m)), Watched: a.watched(), Gate: a.Gate.State()}
	page.Oldest = page.Gate.Oldest.Round(time.Second)
	page.Export = workAddress("/staff/work.csv", page.Kind, "")
	if err := a.fillDead(r, m.Program, &page); err != nil {
		return err
	}
	ways, err := a.Canaries.Ways(ctx, m.Program)
	if err != nil {
		return err
	}
	for _, way := range ways {
		page.Ways = append(page.Ways, wayLine{way, a.wayWord(m.Program, way.Way)})
	}
	if page.Checkpoint, err = custody.Latest(ctx, a.DB, m.Program); err != nil {
		return err
	}
	if err := a.workSeen(r, m, "work.viewed"); err != nil {
		return err
	}
	return a.pages.Staff(w, r, status, "work", web.View{Title: "Work", Path: "/staff/work", Data: page})
}

// fillDead reads the part of the list that is asked for, and what there is of each kind.
func (a *App) fillDead(r *http.Request, program string, page *workPage) error {
	var at jobs.Position
	if err := web.DecodeCursor(r.URL.Query().Get("after"), &at.Died, &at.ID); err != nil {
		return err
	}
	list, next, err := jobs.DeadPage(r.Context(), a.DB, program, page.Kind, at, workShown)
	if err != nil {
		return err
	}
	for _, d := range list {
		page.Dead = append(page.Dead, deadLine{d, workWord(d.Kind)})
	}
	counts, err := jobs.DeadCounts(r.Context(), a.DB, program)
	if err != nil {
		return err
	}
	for _, c := range counts {
		page.Kinds = append(page.Kinds, deadKind{c, workWord(c.Kind)})
		if page.Kind == "" || page.Kind == c.Kind {
			page.Total += c.Count
		}
	}
	if at != (jobs.Position{}) {
		page.Paging.First = workAddress("/staff/work", page.Kind, "")
	}
	if next != (jobs.Position{}) {
		page.Paging.Next = workAddress("/staff/work", page.Kind, web.EncodeCursor(next.Died, next.ID))
	}
	return nil
}

func (a *App) workSeen(r *http.Request, m identity.Member, event string) error {
	err := a.DB.Write(r.Context(), func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: event, Record: "work", Actor: m.Actor()})
		return nil
	})
	return fault.Wrap(err, "recording a view")
}

// kindAsked is the kind of job that a list is narrowed to.
func kindAsked(r *http.Request) string {
	kind := r.URL.Query().Get("kind")
	if len(kind) > 60 || !plainKind(kind) {
		return ""
	}
	return kind
}

func plainKind(kind string) bool {
	for _, c := range kind {
		if c != '.' && c != '_' && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func workAddress(path, kind, after string) string {
	q := url.Values{}
	if kind != "" {
		q.Set("kind", kind)
	}
	if after != "" {
		q.Set("after", after)
	}
	return web.WithQuery(path, q)
}

// retried is the sentence for what was just put back.
func retried(r *http.Request) string {
	n, err := strconv.Atoi(r.URL.Query().Get("retried"))
	switch {
	case err != nil || n < 0:
		return ""
	case n == 0:
		return "Nothing was given up any more, so nothing was put back."
	case n == 1:
		return "It will be tried again now."
	}
	return fmt.Sprintf("%d jobs will be tried again now.", n)
}

// workCSV is the whole list as a file.
func (a *App) workCSV(w http.ResponseWriter, r *http.Request) error {
	m, _ := identity.From(r.Context())
	kind := kindAsked(r)
	if err := a.workSeen(r, m, "work.exported"); err != nil {
		return err
	}
	return web.CSV(w, "given-up-work.csv", []string{"job", "kind", "what", "given up", "tries", "what went wrong"}, func(yield func([]string) error) error {
		var at jobs.Position
		for {
			list, next, err := jobs.DeadPage(r.Context(), a.DB, m.Program, kind, at, workShown)
			if err != nil {
				return err
			}
			for _, d := range list {
				err := yield([]string{d.ID.String(), d.Kind, workWord(d.Kind), d.Died.UTC().Format(time.RFC3339), strconv.Itoa(d.Attempts), d.Problem})
				if err != nil {
					return err
				}
			}
			if at = next; at == (jobs.Position{}) {
				return nil
			}
		}
	})
}

// retry puts a given-up job back to work. When somebody else was faster, the
// page says so.
func (a *App) retry(w http.ResponseWriter, r *http.Request) error {
	m, _ := identity.From(r.Context())
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id, err := store.ParseID(r.PostForm.Get("job"))
	if err != nil {
		return fault.New(fault.Invalid, "job_unknown", "There is no such job.")
	}
	err = a.DB.Write(r.Context(), func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: "job.retried", Record: "job:" + id.String(), Actor: m.Actor()})
		return jobs.Retry(tx, m.Program, id)
	})
	if errors.Is(err, jobs.ErrNotDead) {
		return a.showWork(w, r, http.StatusConflict, jobs.ErrNotDead.Message)
	}
	return a.backToWork(w, r, 1, err)
}

// retryAll puts every given-up job of a kind back to work, or all of them.
func (a *App) retryAll(w http.ResponseWriter, r *http.Request) error {
	m, _ := identity.From(r.Context())
	if err := web.ParseForm(r); err != nil {
		return err
	}
	n, kind, record := 0, r.PostForm.Get("kind"), "work"
	if !plainKind(kind) || len(kind) > 60 {
		return fault.New(fault.Invalid, "job_unknown", "There is no such job.")
	}
	if kind != "" {
		record += ":" + kind
	}
	err := a.DB.Write(r.Context(), func(tx *store.Tx) (err error) {
		tx.Log(custody.Entry{Program: m.Program, Event: "job.retried", Record: record, Actor: m.Actor()})
		n, err = jobs.RetryAll(tx, m.Program, kind)
		return err
	})
	return a.backToWork(w, r, n, err)
}

func (a *App) backToWork(w http.ResponseWriter, r *http.Request, n int, err error) error {
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/work?retried="+strconv.Itoa(n), http.StatusSeeOther)
	return nil
}
