// SPDX-License-Identifier: Apache-2.0

package printrun

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/bulk"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
	"waylight/internal/prevention/code"
)

const base = "/staff/runs"

func (s *Service) routes() []web.Route {
	read, change := policy.At(policy.ReadRuns), policy.At(policy.ChangeRuns)
	return []web.Route{
		{Pattern: "GET " + base, Access: read, Handler: s.listPage},
		{Pattern: "GET " + base + ".csv", Access: read, Handler: s.listCSV},
		{Pattern: "GET " + base + "/new", Access: change, Handler: s.newPage},
		{Pattern: "POST " + base + "/new", Access: change, Handler: s.newPost},
		{Pattern: "GET " + base + "/{run}", Access: read, Handler: s.runPage},
		{Pattern: "GET " + base + "/{run}/code.svg", Access: read, Handler: s.codePicture(code.SVG)},
		{Pattern: "GET " + base + "/{run}/code.png", Access: read, Handler: s.codePicture(code.PNG)},
		{Pattern: "POST " + base + "/{run}/print", Access: change, Handler: s.printPost},
		{Pattern: "POST " + base + "/{run}/switch", Access: change, Handler: s.switchPost},
	}
}

// here is who asks for a page, and the pack of their program.
func (s *Service) here(r *http.Request) (identity.Member, *program.Program, error) {
	m, err := identity.Asking(r)
	if err != nil {
		return m, nil, err
	}
	pack, err := s.pack(m.Program)
	return m, pack, err
}

// asked is who asks about which run, if they may do something to it.
func (s *Service) asked(r *http.Request, does policy.Action) (identity.Member, Run, error) {
	m, id, err := identity.Asked(r, "run", ErrNone)
	if err != nil {
		return m, Run{}, err
	}
	if err := s.may(m, does); err != nil {
		return m, Run{}, err
	}
	run, err := byID(r.Context(), s.DB, m.Program, id)
	return m, run, err
}

// said are the sentences for the "done" word of an address.
var said = map[string]string{
	"made": "The run is made, with a code of its own that is switched on. Nothing is printed yet.",
	"on":   "The code is switched on.",
	"off":  "The code is switched off. From now on it leads to the page with the lines to call.",
}

// draftOf reads what was typed.
func draftOf(q url.Values) Draft {
	d := Draft{Place: strings.TrimSpace(q.Get("place")), County: q.Get("county"), Small: q.Get("small") == "yes", Notice: q.Get("notice"), Languages: q["languages"],
		Each: q.Get("each") == "yes", Paper: q.Get("paper"), Partner: strings.TrimSpace(q.Get("partner"))}
	d.Copies, _ = strconv.Atoi(strings.ReplaceAll(q.Get("copies"), ",", "")) // what is no number is none, which settle refuses
	return d
}

func (s *Service) newPost(w http.ResponseWriter, r *http.Request) error {
	m, err := identity.Asking(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	d := draftOf(r.PostForm)
	if chosen := r.PostForm.Get("campaign"); chosen != "" {
		d.Campaign, err = store.ParseID(chosen)
		if err != nil {
			err = errCampaign.With(err)
		}
	}
	var run Run
	if err == nil {
		run, err = s.Make(r.Context(), m, d)
	}
	if err != nil {
		t, status := web.Troubled(err, "make", r.PostForm)
		if t == nil {
			return err
		}
		return s.showNew(w, r, status, t)
	}
	http.Redirect(w, r, base+"/"+run.ID.String()+"?done=made", http.StatusSeeOther)
	return nil
}

// printPost sends the sheets of a run.
func (s *Service) printPost(w http.ResponseWriter, r *http.Request) error {
	m, run, err := s.asked(r, policy.ChangeRuns)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	copies := run.Copies
	if typed := strings.TrimSpace(r.PostForm.Get("copies")); typed != "" {
		copies, _ = strconv.Atoi(strings.ReplaceAll(typed, ",", "")) // as above
	}
	err = s.Print(r.Context(), m, run.ID, copies, func(run Run) io.Writer {
		h := w.Header()
		h.Set("Content-Type", "application/pdf")
		h.Set("Content-Disposition", `attachment; filename="run-`+strings.ToLower(run.Text)+`.pdf"`)
		h.Set("Cache-Control", "no-store")
		return w
	})
	return s.orShow(w, r, "print", err)
}

// codePicture sends the code of a run by itself.
func (s *Service) codePicture(form string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		m, run, err := s.asked(r, policy.ReadRuns)
		if err != nil {
			return err
		}
		k, err := s.Codes.Get(r.Context(), s.DB, m.Program, run.Code)
		if err != nil {
			return err
		}
		return code.SendPicture(w, s.Origin, k, form)
	}
}

var errSwitch = fault.New(fault.Invalid, "printrun.switch", "Say whether the code is to be on or off.").At("to")

func (s *Service) switchPost(w http.ResponseWriter, r *http.Request) error {
	m, run, err := s.asked(r, policy.ChangeRuns)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	to := r.PostForm.Get("to")
	if to != "on" && to != "off" {
		return errSwitch
	}
	if err := s.Switch(r.Context(), m, run.ID, to == "on"); err != nil {
		return s.orShow(w, r, "switch", err)
	}
	http.Redirect(w, r, base+"/"+run.ID.String()+"?done="+to, http.StatusSeeOther)
	return nil
}

// orShow shows the page of the run again with what went wrong, if somebody can put it right.
func (s *Service) orShow(w http.ResponseWriter, r *http.Request, form string, err error) error {
	t, status := web.Troubled(err, form, r.PostForm)
	if t == nil {
		return err
	}
	return s.showRun(w, r, status, t)
}

// filterOf reads a filter from an address. What is no notice or campaign narrows nothing.
func filterOf(r *http.Request) Filter {
	q := r.URL.Query()
	f := Filter{Text: bulk.Cut(strings.TrimSpace(q.Get("q")), 100), Notice: bulk.Cut(q.Get("notice"), 60), After: q.Get("after"), Limit: pageSize}
	if id, err := store.ParseID(q.Get("campaign")); err == nil {
		f.Campaign = id
	}
	return f
}

func (f Filter) filtered() bool { return f.Text+f.Notice != "" || !f.Campaign.IsZero() }

func (f Filter) address(path, after string) string {
	v := url.Values{}
	campaign := ""
	if !f.Campaign.IsZero() {
		campaign = f.Campaign.String()
	}
	for name, text := range map[string]string{"q": f.Text, "notice": f.Notice, "campaign": campaign, "after": after} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return web.WithQuery(path, v)
}

// List lists runs.
func (s *Service) List(ctx context.Context, m identity.Member, f Filter) ([]Run, string, error) {
	if err := s.may(m, policy.ReadRuns); err != nil {
		return nil, "", err
	}
	return runs(ctx, s.DB, m.Program, f)
}

// CodesFor are the codes of the runs that were made for a campaign.
func (s *Service) CodesFor(ctx context.Context, r store.Reader, programID string, campaign store.ID) ([]store.ID, error) {
	return codesOf(ctx, r, programID, campaign)
}
