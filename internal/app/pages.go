// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/gate"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

func (a *App) ownRoutes() []web.Route {
	routes := slices.Concat(a.logRoutes(), a.healthRoutes(), a.demoRoutes())
	return append(routes,
		web.Route{Pattern: "GET /{$}", Access: policy.At(policy.ReadSite), Handler: a.front},
		web.Route{Pattern: "GET /robots.txt", Access: policy.At(policy.ReadSite), Handler: robots},
		web.Route{Pattern: "GET /staff/work", Access: policy.At(policy.ReadWork), Handler: a.work},
		web.Route{Pattern: "GET /staff/figures", Access: policy.At(policy.ReadFigures), Handler: a.figures},
		web.Route{Pattern: "GET /staff/figures.csv", Access: policy.At(policy.ReadFigures), Handler: a.figuresCSV},
		web.Route{Pattern: "POST /staff/work/retry", Access: policy.At(policy.RetryWork), Handler: a.retry},
	)
}

// front leads to the only program, or lists them.
func (a *App) front(w http.ResponseWriter, r *http.Request) error {
	ids := a.Programs.IDs()
	if len(ids) == 1 {
		http.Redirect(w, r, "/"+ids[0]+"/"+web.Lang(r), http.StatusSeeOther)
		return nil
	}
	type choice struct{ Name, Href string }
	var list []choice
	for _, id := range ids {
		p, _ := a.Programs.Program(id)
		list = append(list, choice{p.Name.In(web.Lang(r)), "/" + id + "/" + web.Lang(r)})
	}
	return a.pages.Public(w, r, http.StatusOK, "front", web.View{Title: a.Site.Catalog.T(web.Lang(r), "front.title"), Data: list})
}

// robots keeps the site out of search results that name what it is for only
// where it must be: receipts and staff pages.
func robots(w http.ResponseWriter, _ *http.Request) error {
	return plain(w, "text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /staff/\nDisallow: /receipt\nDisallow: /api/\n"))
}

// workPage is what an administrator sees of the program's own work: jobs that
// were given up, and the state of the public log.
type workPage struct {
	Dead       []jobs.Dead
	Checkpoint custody.Checkpoint
	Key        string
	MayRetry   bool
	Watched    time.Time
	Gate       gate.State
	Oldest     time.Duration
}

func (a *App) work(w http.ResponseWriter, r *http.Request) error {
	m, _ := identity.From(r.Context())
	dead, err := jobs.DeadLetters(r.Context(), a.DB, m.Program)
	if err != nil {
		return err
	}
	cp, err := custody.Latest(r.Context(), a.DB, m.Program)
	if err != nil {
		return err
	}
	page := workPage{Dead: dead, Checkpoint: cp, Key: a.logs[m.Program].VerifierKey(), MayRetry: policy.Allow(policy.RetryWork, a.People.Subject(m)), Watched: a.watched(), Gate: a.Gate.State()}
	page.Oldest = page.Gate.Oldest.Round(time.Second)
	err = a.DB.Write(r.Context(), func(tx *store.Tx) error {
		tx.Log(custody.Entry{Program: m.Program, Event: "work.viewed", Record: "work", Actor: m.Actor()})
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording a view: %w", err)
	}
	return a.pages.Staff(w, r, http.StatusOK, "work", web.View{Title: "Work", Data: page})
}

// retry puts a given-up job back to work.
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
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/work", http.StatusSeeOther)
	return nil
}
