// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// The clocks of an account (CJIS Security Policy AC-2): ninety days without a sign-in disable it; a temporary one ends on its day and is removed within 72 hours;
// who works at an office that left the program is kept out within the week.
const (
	idleAccount  = 90 * 24 * time.Hour
	removeAfter  = 48 * time.Hour // of a temporary account's end: well within the 72 hours
	longestTill  = 366 * 24 * time.Hour
	jobStandings = "identity.standings"
	everyStand   = time.Hour
)

// over says whether a temporary account's time is up.
func (v standing) over(now time.Time) bool { return !v.Till.IsZero() && !now.Before(v.Till) }

// measuredFrom is when the ninety days began.
func (v standing) measuredFrom(joined time.Time) time.Time {
	from := joined
	for _, t := range []time.Time{v.Came, v.Back} {
		if t.After(from) {
			from = t
		}
	}
	return from
}

// arrive is what signing in means for an account: its days begin anew, unless its time is up.
func (s *Service) arrive(tx *store.Tx, m Member) error {
	v, err := standingOf(context.Background(), tx, m.Program, m.ID)
	if err != nil {
		return err
	}
	if v.over(tx.Now()) {
		return errTill
	}
	return markCame(tx, m.Program, m.ID)
}

// SetTill makes an account temporary: it is kept out from that moment, and removed within three days after it. The zero time makes it permanent. An open invitation
// can have an end before its member does.
func (s *Service) SetTill(ctx context.Context, programID string, id store.ID, till time.Time) error {
	now := s.now()
	if !till.IsZero() && (!till.After(now) || till.Sub(now) > longestTill) {
		return errTillDate
	}
	event := "member.till_set"
	if till.IsZero() {
		event = "member.till_lifted"
	}
	return s.change(ctx, programID, id, event, func(tx *store.Tx, _, _ Member) error { return setTill(tx, programID, id, till) })
}

// standings is the job that keeps out whoever's clock has run out, and removes temporary accounts whose time was up two days ago.
func (s *Service) standings(ctx context.Context, j jobs.Job) error {
	all, err := standingsOf(ctx, s.db, j.Program)
	if err != nil {
		return err
	}
	now := s.now()
	var failed error
	err = s.each(ctx, j.Program, Filter{Gone: true}, func(m Member) error {
		v := all[m.ID]
		switch {
		case m.Suspended && v.OutWhy == outTill && v.over(now.Add(-removeAfter)):
			failed = errors.Join(failed, s.removeTemporary(ctx, m))
		case m.Active:
			if why := s.whyOut(m, v, now); why != "" {
				failed = errors.Join(failed, s.disable(ctx, m, why, now))
			}
		}
		return nil
	})
	return errors.Join(err, failed)
}

// whyOut says why an account must be kept out, "" if it need not be.
func (s *Service) whyOut(m Member, v standing, now time.Time) string {
	switch {
	case v.over(now):
		return outTill
	case now.Sub(v.measuredFrom(m.Joined)) >= idleAccount:
		return outIdle
	case m.HoldsKey() && !s.agencies.Joined(m.Program, m.Office):
		return outOffice
	default:
		return ""
	}
}

// disable keeps an account out, if that is still so when it is looked at again: its member may have signed in meanwhile.
func (s *Service) disable(ctx context.Context, m Member, why string, now time.Time) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		err := holdMember(tx, m.Program, m.ID)
		if err != nil {
			return err
		}
		a, err := accountByID(ctx, tx, m.Program, m.ID)
		if err != nil {
			return err
		}
		v, err := standingOf(ctx, tx, m.Program, m.ID)
		if err != nil || !a.Active || s.whyOut(a.Member, v, now) != why {
			return err
		}
		err = s.keepOut(ctx, tx, a.Member, why)
		if err != nil {
			return err
		}
		tx.Log(custody.Entry{Program: m.Program, Event: "member.disabled_" + why, Record: m.Actor(), Actor: "system"})
		return nil
	})
}

// removeTemporary closes a temporary account. Where it holds a key that would be left with a single holder it stays disabled, and the next run tries again.
func (s *Service) removeTemporary(ctx context.Context, m Member) error {
	err := s.Deactivate(ctx, m.Program, m.ID)
	if fault.KindOf(err) == fault.Conflict {
		return nil
	}
	return err
}
