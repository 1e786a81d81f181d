// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// errEnough ends a walk over people early.
var errEnough = errors.New("enough")

func joinRoles(roles []string) string { return strings.Join(roles, " ") }

// reviewRow is one account to answer for.
type reviewRow struct {
	underReview
	OfficeName string
	RoleNames  []string
	Late       bool
	Due        time.Time
	MayAnswer  bool
}

// reviewOffice is the office whose accounts a page is narrowed to; an office's administrator sees their own.
func (s *Service) reviewOffice(r *http.Request) string {
	if by := me(r); !by.Has(RoleProgramAdmin) {
		return by.Office
	}
	return r.URL.Query().Get("office")
}

func (s *Service) reviewPage(w http.ResponseWriter, r *http.Request) error {
	ctx, by, office := r.Context(), me(r), s.reviewOffice(r)
	data := struct {
		Rows      []reviewRow
		Offices   []choice
		More      bool
		Done, CSV string
	}{Offices: s.officeChoices(by, office), Done: doneText(r), CSV: address("/staff/people/review.csv", r, "")}
	now := s.now()
	err := s.eachUnderReview(ctx, by.Program, office, func(v underReview) error {
		due := v.due()
		if now.Before(due.Add(-reviewAhead)) {
			return nil
		}
		if len(data.Rows) == pageSize {
			data.More = true
			return errEnough
		}
		data.Rows = append(data.Rows, reviewRow{underReview: v, OfficeName: s.officeName(v.Program, v.Office), RoleNames: roleNames(v.Roles),
			Due: due, Late: !now.Before(due), MayAnswer: s.mayChange(by, v.Member) == nil})
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	err = s.look(ctx, by, "people.review_viewed", Filter{Office: office}.record())
	if err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "review", web.View{Title: "Review of access", Data: data})
}

// reviewCSV is what an auditor asks for: every account with its last answer, then every answer that was ever given.
func (s *Service) reviewCSV(w http.ResponseWriter, r *http.Request) error {
	ctx, by, office := r.Context(), me(r), s.reviewOffice(r)
	err := s.look(ctx, by, "people.review_exported", Filter{Office: office}.record())
	if err != nil {
		return err
	}
	head := []string{"what", "member", "name", "email", "office", "roles", "joined", "last_sign_in", "temporary_until", "at", "reviewer", "decision", "due"}
	return web.CSV(w, "review.csv", head, func(yield func([]string) error) error {
		err := s.eachUnderReview(ctx, by.Program, office, func(v underReview) error {
			return yield([]string{"account", v.ID.String(), v.Name, v.Email, v.Office, joinRoles(v.Roles), dayOf(v.Joined), dayOf(v.Came), dayOf(v.Till), dayOf(v.Reviewed), "", "", dayOf(v.due())})
		})
		if err != nil {
			return err
		}
		return eachReview(ctx, s.db, by.Program, office, func(v review) error {
			return yield([]string{"review", v.Member.String(), "", "", v.Office, v.Roles, "", "", "", dayOf(v.At), v.Reviewer, v.Decision, ""})
		})
	})
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02")
}

func (s *Service) reviewPost(w http.ResponseWriter, r *http.Request) error {
	err := web.ParseForm(r)
	if err != nil {
		return err
	}
	m, err := s.target(r)
	if err != nil {
		return err
	}
	done := "confirmed"
	switch r.PostForm.Get("decision") {
	case decisionKept:
		err = s.Confirm(r.Context(), m.Program, m.ID)
	case decisionEnded:
		done = "rejected"
		err = s.Reject(r.Context(), m.Program, m.ID)
	default:
		err = errBody
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/people/review?done="+done, http.StatusSeeOther)
	return nil
}

// tillPost makes an account temporary, or permanent again.
func (s *Service) tillPost(w http.ResponseWriter, r *http.Request) error {
	err := web.ParseForm(r)
	if err != nil {
		return err
	}
	till, err := s.readTill(me(r).Program, r.PostForm.Get("till"))
	if err != nil {
		return err
	}
	return s.act(w, r, "till", func(m Member) error { return s.SetTill(r.Context(), m.Program, m.ID, till) })
}

// readTill reads the last day of a temporary account, "" for none: it ends with that day, in the program's zone.
func (s *Service) readTill(programID, text string) (time.Time, error) {
	if strings.TrimSpace(text) == "" {
		return time.Time{}, nil
	}
	zone := time.UTC
	if p, ok := s.programs.Program(programID); ok && p.Zone != nil {
		zone = p.Zone
	}
	day, err := time.ParseInLocation("2006-01-02", strings.TrimSpace(text), zone)
	if err != nil {
		return time.Time{}, errTillDate
	}
	return day.AddDate(0, 0, 1), nil
}

// setInvitedTill gives an invitation's future account its end. Should that fail, the invitation must not stand without it.
func (s *Service) setInvitedTill(r *http.Request, token string, till time.Time) error {
	v, err := s.invited(r.Context(), token)
	if err != nil {
		return err
	}
	return s.db.Write(r.Context(), func(tx *store.Tx) error {
		err := setTill(tx, v.Program, v.ID, till)
		if err != nil {
			return err
		}
		tx.Log(invitedTillEntry(v, me(r)))
		return nil
	})
}
