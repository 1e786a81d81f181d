// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"
	"net/http"
	"slices"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// setupView is the first-run checklist and what needs a person.
type setupView struct {
	frame
	Program   string
	Open      bool
	Demo      bool
	Items     []Item
	Missing   int
	Alarms    []alarmView
	Dead      []jobs.Dead
	MailReady bool
	TestReady bool
}

type alarmView struct {
	Text, Link string
	Raised     time.Time
	Told       int
}

func (s *Service) setupPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.visit(r.Context())
	if err != nil {
		return err
	}
	if err := s.seen(r.Context(), v.Actor, "page:setup"); err != nil {
		return err
	}
	return s.showSetup(w, r, v, http.StatusOK, nil)
}

func (s *Service) showSetup(w http.ResponseWriter, r *http.Request, v visit, status int, t *trouble) error {
	ctx := r.Context()
	items, err := s.Checklist(ctx, v.p.ID)
	if err != nil {
		return err
	}
	alarms, err := s.Alarms(ctx, v.p.ID)
	if err != nil {
		return err
	}
	dead, err := jobs.DeadLetters(ctx, s.cfg.DB, v.p.ID)
	if err != nil {
		return err
	}
	data := setupView{frame: framed(r, t), Program: v.p.Name.In("en"), Open: s.IsOpen(v.p.ID), Demo: s.cfg.Demo, Items: items, Dead: dead,
		MailReady: s.cfg.Mail != nil, TestReady: s.cfg.TestReport != nil}
	for _, it := range items {
		if !it.Done {
			data.Missing++
		}
	}
	asked, err := s.AskedRotations(ctx, v.p.ID, "")
	if err != nil {
		return err
	}
	for _, al := range alarms {
		view := describe(v.p, al)
		if i := slices.IndexFunc(asked, func(a Asked) bool { return al.Kind == AlarmRotate && a.Office == al.Subject }); i >= 0 {
			view.Text += ", by " + date(asked[i].Due, v.p)
		}
		data.Alarms = append(data.Alarms, view)
	}
	return s.show(w, r, status, "setup", "Setup", "/staff/setup", t, data)
}

// describe says what an alarm asks for and where.
func describe(p *program.Program, al Alarm) alarmView {
	text := map[string]string{
		AlarmExpired:  "Last verified more than 180 days ago. Call it again: ",
		AlarmDoubt:    "Found wrong, and still shown because it has no verified replacement: ",
		AlarmRemoved:  "Found wrong or withdrawn, and no longer shown: ",
		AlarmGap:      "Hours in the next seven days that nobody covers: ",
		AlarmAlone:    "Nobody can be reached at some hour of the next seven days when a person is in danger: ",
		AlarmKey:      "The desk has no key with two holders: ",
		AlarmDoubted:  "A key in the database was not made or signed as it must be; it is not used. Call the office and whoever keeps the machine: ",
		AlarmUnsigned: "The directory key has not signed this office's key, so its reports go to the desk: ",
		AlarmRotate:   "Somebody left who held the office's key. The office must make a new one: ",
		AlarmRecovery: "The recovery parts were not tried for a year. The office must try them: ",
	}[al.Kind]
	v := alarmView{Raised: al.Raised, Told: al.Told}
	if other, ok := otherAlarms[al.Kind]; ok {
		v.Text, v.Link = other.text, other.link
		switch al.Kind {
		case AlarmReview:
			v.Text, v.Link = v.Text+officeName(p, al.Subject), v.Link+al.Subject
		case AlarmWork:
			v.Text, v.Link = v.Text+al.Subject, v.Link+al.Subject
		case AlarmCanary:
			v.Text += map[string]string{"page": "the page", "sealed": "the page, sealed in the browser", "api": "the program interface"}[al.Subject]
		case AlarmMailbox:
			v.Text += officeName(p, al.Subject)
		}
		return v
	}
	switch al.Kind {
	case AlarmExpired, AlarmDoubt, AlarmRemoved:
		v.Text, v.Link = text+p.Channels[al.Subject].Name.In("en"), "/staff/channels/"+al.Subject
	case AlarmUnsigned:
		v.Text, v.Link = text+officeName(p, al.Subject), "/staff/offices/directory"
	case AlarmKey, AlarmDoubted, AlarmRotate, AlarmRecovery:
		v.Text, v.Link = text+officeName(p, al.Subject), "/staff/offices/"+al.Subject
	default:
		v.Text, v.Link = text+officeName(p, al.Subject), "/staff/roster?office="+al.Subject
	}
	return v
}

func (s *Service) setupAct(do act) func(w http.ResponseWriter, r *http.Request) error {
	return s.acting(do, s.showSetup, at("/staff/setup"))
}

func (s *Service) postTestMail(ctx context.Context, v visit, _ *http.Request) (string, error) {
	return "mail", s.SendTestMail(ctx, v.Actor)
}

func (s *Service) postMailCode(ctx context.Context, v visit, r *http.Request) (string, error) {
	return "code", s.ConfirmTestMail(ctx, v.Actor, r.PostForm.Get("code"))
}

func (s *Service) postTestReport(ctx context.Context, v visit, _ *http.Request) (string, error) {
	return "test", s.SendTestReport(ctx, v.Actor)
}

func (s *Service) postOpen(ctx context.Context, v visit, _ *http.Request) (string, error) {
	return "open", s.Open(ctx, v.Actor)
}

func (s *Service) postShut(ctx context.Context, v visit, _ *http.Request) (string, error) {
	return "shut", s.Shut(ctx, v.Actor)
}

// postRetry puts work that was given up back to work.
func (s *Service) postRetry(ctx context.Context, v visit, r *http.Request) (string, error) {
	id, err := store.ParseID(r.PostForm.Get("id"))
	if err != nil {
		return "", errNoSuch.With(err)
	}
	return "retry", s.write(ctx, v.Actor, "job.retried", "job:"+id.String(), func(tx *store.Tx) error {
		return jobs.Retry(tx, v.p.ID, id)
	})
}
