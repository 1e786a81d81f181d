// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"slices"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// startClocks lets run what an event starts: our own duties that waited for it,
// and the reminders of the recipients' own duties. What already runs keeps its
// time.
func (s *Service) startClocks(ctx context.Context, tx *store.Tx, r Referral, e program.Envelope, event program.Event) error {
	waiting, err := ofReport(ctx, tx, r.Program, r.Report, "starts = $3 and started is null", eventText(event))
	if err != nil {
		return err
	}
	for _, w := range waiting {
		before := w.State
		w.start(s.ladder(w), tx.Now())
		held, err := set(tx, w, "started = $3, due = $4, order_at = $4, next_at = $5", "started is null", micros(w.Started), micros(w.Due), micros(w.NextAt))
		if err != nil {
			return err
		}
		if !held {
			return errMoved
		}
		if err := s.step(tx, w, system, "", ActStart, before, eventText(event), 0); err != nil {
			return err
		}
	}
	return s.startReminders(ctx, tx, r, e, event)
}

// startReminders stores the reminders that begin with the event.
func (s *Service) startReminders(ctx context.Context, tx *store.Tx, r Referral, e program.Envelope, event program.Event) error {
	p, ok := s.programs.Program(r.Program)
	if !ok {
		return ErrNotFound
	}
	running, err := ofReport(ctx, tx, r.Program, r.Report, "origin = 'reminder'")
	if err != nil {
		return err
	}
	about := subjectOf(e)
	via := report.ViaWeb
	if r.Test {
		via = report.ViaTest
	}
	ref := report.Ref{Program: r.Program, Report: r.Report, Accepted: r.Accepted, Envelope: e, Via: via}
	for _, d := range s.reminders(p, e) {
		if d.Starts != event || slices.ContainsFunc(running, func(x Referral) bool { return x.is(d) }) {
			continue
		}
		n := about.referral(ref, d)
		n.Origin, n.Holder, n.State, n.Started, n.Due = OriginReminder, d.Obligor, Running, tx.Now(), d.Due(tx.Now())
		n.NextAt = p.Ladders.Reminder.In(n.wait(p.Ladders.Ordinary))
		if err := insert(tx, n, about.words, n.Due); err != nil {
			return err
		}
		if err := s.step(tx, n, system, "", ActStart, Running, eventText(event), 0); err != nil {
			return err
		}
		running = append(running, n)
	}
	return nil
}

// is reports whether a reminder stands for the duty.
func (r Referral) is(d program.Duty) bool {
	return r.Origin == OriginReminder && r.Rule == ruleOf(d) && r.Recipient == d.Recipient && r.Obligor == d.Obligor &&
		r.Starts == d.Starts && r.Limit == d.Limit
}

// reminders are the recipients' own duties about a report, as the pack in force
// has them.
func (s *Service) reminders(p *program.Program, e program.Envelope) []program.Duty {
	return p.Route(e, s.agencies.Keyed(p.ID)).Reminders
}

// Owed lists the duties about a report that are the member's own office's and
// still run, the nearest first.
func (s *Service) Owed(ctx context.Context, m identity.Member, report store.ID) ([]Referral, error) {
	if _, err := s.mine(ctx, s.db, m, report); err != nil {
		return nil, err
	}
	return ofReport(ctx, s.db, m.Program, report, "holder = $3 and origin = $4 and state = $5 order by due, id", m.Office, string(OriginReminder), string(Running))
}

// Meet lets the office whose duty a reminder is say that it was met. It is the
// office's word and proves nothing; the page says so.
func (s *Service) Meet(ctx context.Context, m identity.Member, id store.ID) error {
	return s.write(ctx, func(tx *store.Tx) error {
		r, err := referralByID(ctx, tx, m.Program, id)
		if err != nil {
			return err
		}
		if r.Origin != OriginReminder || r.Holder != m.Office {
			return ErrNotFound
		}
		if _, err := s.mine(ctx, tx, m, r.Report); err != nil {
			return err
		}
		after, err := r.next(ActMeet)
		if err != nil {
			return err
		}
		if err = must(tx, r, "state = $3, done_at = $4, next_at = null", string(after), store.Micros(tx.Now())); err != nil {
			return err
		}
		if err := insertEvidence(tx, r, Evidence{Member: m.ID, Office: m.Office, Kind: "statement"}); err != nil {
			return err
		}
		return s.step(tx, r, m.Actor(), m.Office, ActMeet, after, "", 0)
	})
}
