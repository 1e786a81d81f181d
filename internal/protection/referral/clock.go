// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"time"

	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// The rungs of the ladder. Rung 0 is the first notice.
const (
	RungOnDuty     = 1 // the members on duty, when time grows short
	RungStandIn    = 2 // their stand-ins
	RungSupervisor = 3
	RungDesk       = 4
	RungNamed      = 5 // the program's named persons, and again every day until it is done
)

// How the ladder is timed. A duty's limit comes from the pack; these only say
// when somebody is woken before and after it.
const (
	dangerStep  = 5 * time.Minute
	shortestGap = 10 * time.Minute
	longestGap  = 24 * time.Hour
	namedRepeat = 24 * time.Hour
)

// phase is when the present wait began and when it is late. Until it is opened
// (or done) that is the duty itself. Opened but not acknowledged is late at the
// same time, or a quarter of the limit after the opening if that is later.
func (r Referral) phase() (began, late time.Time) {
	if r.State != Opened {
		return r.Started, r.Due
	}
	grace := r.OpenedAt.Add(r.gap())
	if r.Danger {
		grace = r.OpenedAt.Add(dangerStep)
	}
	if grace.Before(r.Due) {
		grace = r.Due
	}
	return r.OpenedAt, grace
}

// gap is the time between two rungs: a quarter of the limit, within reason.
func (r Referral) gap() time.Duration { return min(max(r.Limit/4, shortestGap), longestGap) }

// rungTime says when the rung is due for r as it stands, or zero when no clock runs.
func (r Referral) rungTime(rung int) time.Time {
	if r.Due.IsZero() || r.Origin == OriginReminder {
		return time.Time{}
	}
	began, late := r.phase()
	if r.Danger {
		// On duty and stand-in are told with the first notice.
		return began.Add(time.Duration(max(rung-RungStandIn, 1)) * dangerStep)
	}
	switch rung {
	case RungOnDuty:
		return late.Add(-late.Sub(began) / 4)
	default:
		return late.Add(time.Duration(rung-RungStandIn) * r.gap())
	}
}

// Overdue reports whether somebody should have acted on r by now.
func (r Referral) Overdue(now time.Time) bool {
	_, late := r.phase()
	return r.Open() && r.Origin != OriginReminder && !late.IsZero() && now.After(late)
}

// lateness is Overdue in SQL, with $2 as now in microseconds; gap and phase say why.
const lateness = `origin not in ('reminder', 'canary') and due < $2 and (state in ('waiting', 'cannot_open', 'taken', 'recused')
	or (state = 'opened' and opened_at + case when urgency = 0 then 300000000
		when span / 4 < 600000000 then 600000000 when span / 4 > 86400000000 then 86400000000 else span / 4 end < $2))`

// tick is the clock's job: it gives back leases that ran out and climbs every
// ladder whose time has come.
func (s *Service) tick(ctx context.Context, j jobs.Job) error {
	now := s.now()
	if err := s.rewind(ctx, j.Program, now); err != nil {
		return err
	}
	expired, err := referrals(ctx, s.db, j.Program, "taken_until < $2 order by taken_until limit 200", store.Micros(now))
	if err != nil {
		return err
	}
	for _, r := range expired {
		if err := s.expire(ctx, r); err != nil {
			return err
		}
	}
	var last Referral
	for {
		due, err := referrals(ctx, s.db, j.Program, "next_at <= $2 and (next_at, id) > ($3, $4) order by next_at, id limit 200",
			store.Micros(now), store.Micros(last.NextAt), last.ID)
		if err != nil {
			return err
		}
		for _, r := range due {
			if err := s.climb(ctx, r, now); err != nil {
				return err
			}
		}
		if len(due) < 200 {
			return nil
		}
		last = due[len(due)-1]
	}
}

// expire gives a task back whose lease ran out.
func (s *Service) expire(ctx context.Context, r Referral) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		held, err := set(tx, r, "state = $3, taken_by = null, taken_until = null",
			"taken_until < $4", string(Waiting), store.Micros(tx.Now()))
		if err != nil || !held {
			return err
		}
		return s.step(tx, r, system, "", ActExpire, Waiting, "", 0)
	})
}

// climb takes r up to the next rung that has somebody on it, and sees to the
// mail. A reminder's only rung is one mail to the office whose duty it is.
func (s *Service) climb(ctx context.Context, r Referral, now time.Time) error {
	rung, act := r.Level+1, ActEscalate
	next := time.Time{}
	if r.Origin == OriginReminder {
		act = ActRemind
	} else {
		var err error
		if rung, err = s.manned(ctx, r, rung, now); err != nil {
			return err
		}
		next = r.rungTime(rung + 1)
		if rung >= RungNamed {
			rung, next = RungNamed, now.Add(namedRepeat)
		}
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		open := "state not in ('acknowledged', 'closed', 'done', 'met', 'replaced') and level = $5 and next_at = $6"
		moved, err := set(tx, r, "level = $3, next_at = $4", open, int64(rung), micros(next), int64(r.Level), micros(r.NextAt))
		if err != nil || !moved {
			return err
		}
		if err := s.step(tx, r, system, "", act, r.State, "", rung); err != nil {
			return err
		}
		return enqueueNotice(tx, r.Program, notice{Report: r.Report, Referral: r.ID, Level: rung, Since: store.Micros(now)}, tx.Now())
	})
}

// manned is the first rung from rung on that somebody stands on.
func (s *Service) manned(ctx context.Context, r Referral, rung int, now time.Time) (int, error) {
	for ; rung < RungNamed; rung++ {
		who, err := s.reach(ctx, r, rung, now)
		if err != nil {
			return 0, err
		}
		if len(who) > 0 {
			return rung, nil
		}
	}
	return RungNamed, nil
}

// step writes one entry of the history and seals the transaction's rows into
// one custody entry.
func (s *Service) step(tx *store.Tx, r Referral, actor, office string, act Act, after State, code string, level int) error {
	err := insertStep(tx, Step{Program: r.Program, Referral: r.ID, Report: r.Report, Act: act, Actor: actor, Office: office,
		Before: r.State, After: after, Code: code, Level: level})
	if err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: r.Program, Event: "referral." + string(act), Record: "report:" + r.Report.String(), Actor: actor, Rule: s.version(r.Program)})
	return nil
}

const system = "system"

// version names the pack in force.
func (s *Service) version(programID string) string {
	if p, ok := s.programs.Program(programID); ok {
		return p.Version
	}
	return ""
}
