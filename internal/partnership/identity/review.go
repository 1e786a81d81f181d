// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// Each year somebody says of each account whether it is still needed (CJIS Security Policy AC-2-j). The page lists those whose year ends within a month; what nobody
// has answered after the year is an alarm.
const (
	reviewYear  = 365 * 24 * time.Hour
	reviewAhead = 30 * 24 * time.Hour
	jobReviews  = "identity.reviews"
)

// The answers.
const (
	decisionKept  = "kept"
	decisionEnded = "ended"
)

// underReview is an account with what a reviewer looks at.
type underReview struct {
	Member
	standing
	Reviewed time.Time // zero: never
}

// due is when the account's year is over.
func (v underReview) due() time.Time {
	if v.Reviewed.After(v.Joined) {
		return v.Reviewed.Add(reviewYear)
	}
	return v.Joined.Add(reviewYear)
}

// eachUnderReview calls fn for every active account of an office ("" = all), by name.
func (s *Service) eachUnderReview(ctx context.Context, programID, office string, fn func(underReview) error) error {
	marks, err := standingsOf(ctx, s.db, programID)
	if err != nil {
		return err
	}
	last, err := reviewed(ctx, s.db, programID)
	if err != nil {
		return err
	}
	return s.each(ctx, programID, Filter{Office: office}, func(m Member) error {
		return fn(underReview{m, marks[m.ID], last[m.ID]})
	})
}

// Confirm records that an account is still needed with the roles it has. Nobody confirms their own.
func (s *Service) Confirm(ctx context.Context, programID string, id store.ID) error {
	return s.change(ctx, programID, id, "access.confirmed", func(tx *store.Tx, by, target Member) error {
		if !target.Active {
			return errChanged
		}
		return insertReview(tx, programID, reviewOf(by, target, decisionKept))
	})
}

// Reject records that an account is needed no more. It is kept out at once, and closed unless it is one of the last two that hold the office's key: then it stays
// suspended until a colleague has access.
func (s *Service) Reject(ctx context.Context, programID string, id store.ID) error {
	err := s.change(ctx, programID, id, "access.rejected", func(tx *store.Tx, by, target Member) error {
		err := insertReview(tx, programID, reviewOf(by, target, decisionEnded))
		if err != nil {
			return err
		}
		return s.keepOut(ctx, tx, target, outSuspended)
	})
	if err != nil {
		return err
	}
	err = s.Deactivate(ctx, programID, id)
	if fault.KindOf(err) == fault.Conflict {
		return nil
	}
	return err
}

func reviewOf(by, target Member, decision string) review {
	who := "system"
	if !by.ID.IsZero() {
		who = by.Actor()
	}
	return review{Member: target.ID, Reviewer: who, Decision: decision, Office: target.Office, Roles: joinRoles(target.Roles)}
}

// reviews is the job that raises the alarm, by office.
func (s *Service) reviews(ctx context.Context, j jobs.Job) error {
	late := map[string][]string{}
	seen := map[string]bool{}
	now := s.now()
	err := s.eachUnderReview(ctx, j.Program, "", func(v underReview) error {
		if !seen[v.Office] && !now.Before(v.due()) {
			seen[v.Office] = true
			late[agency.AlarmReview] = append(late[agency.AlarmReview], v.Office)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.agencies.Settle(ctx, j.Program, []string{agency.AlarmReview}, late)
}

func invitedTillEntry(v invitation, by Member) custody.Entry {
	return custody.Entry{Program: v.Program, Event: "member.till_set", Record: "member:" + v.ID.String(), Actor: by.Actor()}
}
