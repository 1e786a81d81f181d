// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"time"

	"waylight/internal/partnership/program"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/jobs"
	"waylight/internal/platform/store"
)

// tick is the clock's job: it gives back leases that ran out and climbs every
// ladder whose time has come.
func (s *Service) tick(ctx context.Context, j jobs.Job) error {
	now := s.now()
	if err := s.rewind(ctx, j.Program, now); err != nil {
		return err
	}
	if err := s.adopt(ctx, j.Program, now); err != nil {
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
	l, up, act := s.ladder(r), r, ActEscalate
	tell := []string{program.OnDuty}
	if r.Origin == OriginReminder {
		act, up.Level, up.NextAt = ActRemind, r.Level+1, time.Time{}
	} else {
		rung, err := s.manned(ctx, r, r.stands(l)+1, now)
		if err != nil {
			return err
		}
		up.onRung(l, rung)
		up.NextAt, tell = r.nextTime(l, rung, now), l.Tells(rung)
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		open := "state not in ('acknowledged', 'closed', 'done', 'met', 'replaced') and level = $6 and next_at = $7"
		moved, err := set(tx, r, "level = $3, told = $4, next_at = $5", open, int64(up.Level), text(up.Told), micros(up.NextAt), int64(r.Level), micros(r.NextAt))
		if err != nil || !moved {
			return err
		}
		code := ""
		if act == ActEscalate {
			code = program.Rung{Tell: tell}.String()
		}
		if err := s.step(tx, r, system, "", act, r.State, code, up.Level); err != nil {
			return err
		}
		return enqueueNotice(tx, r.Program, notice{Report: r.Report, Referral: r.ID, Level: up.Level, Tell: tell, Since: store.Micros(now)}, tx.Now())
	})
}

// manned is the first rung from rung on that somebody stands on.
func (s *Service) manned(ctx context.Context, r Referral, rung int, now time.Time) (int, error) {
	l := s.ladder(r)
	for ; rung < l.Last(); rung++ {
		who, err := s.reach(ctx, r, l.Tells(rung), now)
		if err != nil {
			return 0, err
		}
		if len(who) > 0 {
			return rung, nil
		}
	}
	return l.Last(), nil
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
