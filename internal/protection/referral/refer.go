// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"errors"
	"slices"
	"time"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// OriginOnward's rule, and its limit where the pack sets none.
const (
	ruleOnward  = "onward"
	onwardLimit = 24 * time.Hour
)

// CannotOpen says that the member's office cannot open a report: it lost its
// key, or the wrap is broken. The desk is told at once, and another holder is
// asked to wrap it again.
func (s *Service) CannotOpen(ctx context.Context, m identity.Member, id store.ID) error {
	return s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		return s.troubled(tx, m, mine, ActCannotOpen)
	})
}

// troubled moves referrals into a state in which somebody else is needed, and
// puts the ladder below the rung of the desk, due now.
func (s *Service) troubled(tx *store.Tx, m identity.Member, mine []Referral, act Act) (bool, error) {
	changed := false
	for _, r := range mine {
		after, err := r.next(act)
		if err != nil {
			continue
		}
		changed = true
		stuck, l := r, s.ladder(r)
		stuck.onRung(l, belowDesk(l))
		err = must(tx, r, "state = $3, level = $4, told = $5, next_at = $6, owner = null, taken_by = null, taken_until = null",
			string(after), int64(stuck.Level), text(stuck.Told), store.Micros(tx.Now()))
		if err != nil {
			return false, err
		}
		if err := s.step(tx, r, m.Actor(), m.Office, act, after, "", 0); err != nil {
			return false, err
		}
	}
	return changed, nil
}

// Rewrap stores the content key wrapped again, in the member's browser, for an
// office that cannot open the report. The member's own office must have opened it.
// Unless the member may know that the office cannot open it, the answer is
// ErrState whatever that office has: it must not tell who else was picked.
func (s *Service) Rewrap(ctx context.Context, m identity.Member, id store.ID, o Onward) error {
	if _, err := s.mine(ctx, s.db, m, id); err != nil {
		return err
	}
	stuck, err := s.stuckAt(ctx, s.db, m, id, o.Office)
	if err != nil {
		return err
	}
	if len(stuck) == 0 {
		return ErrState
	}
	had, err := s.checkWrap(ctx, m, id, o)
	if err != nil {
		return err
	}
	if had {
		return ErrSameKey
	}
	return s.change(ctx, m, id, func(tx *store.Tx, _ []Referral) (bool, error) {
		stuck, err := s.stuckAt(ctx, tx, m, id, o.Office)
		if err != nil || len(stuck) == 0 {
			return false, err
		}
		if err := s.addWrap(tx, m, id, o); err != nil {
			return false, err
		}
		for _, r := range stuck {
			if err := s.rewrapOne(tx, m, r); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// stuckAt lists the referrals that an office cannot open, as far as the member
// may know of them.
func (s *Service) stuckAt(ctx context.Context, q store.Reader, m identity.Member, id store.ID, office string) ([]Referral, error) {
	all, err := referralsOf(ctx, q, m.Program, id)
	return slices.DeleteFunc(all, func(r Referral) bool { return r.Holder != office || !s.asks(m, r) }), err
}

// asks reports whether r asks the member to make it readable for its holder. Of
// a help report, which other office holds it is for desks that are not police.
func (s *Service) asks(m identity.Member, r Referral) bool {
	p, o, err := s.office(m)
	if err != nil || r.State != CannotOpen || r.Holder == o.ID || accused(p.Offices[r.Holder], r.Conflict) {
		return false
	}
	return r.Mode != program.Help || !o.Police && s.isDesk(m)
}

func (s *Service) rewrapOne(tx *store.Tx, m identity.Member, r Referral) error {
	after, err := r.next(ActRewrap)
	if err != nil {
		return err
	}
	again, l := r, s.ladder(r)
	again.State = after
	again.onRung(l, 0)
	err = must(tx, r, "state = $3, level = 0, told = null, next_at = $4", string(after), micros(again.rungTime(l, 1)))
	if err != nil {
		return err
	}
	if err := s.step(tx, r, m.Actor(), m.Office, ActRewrap, after, r.Holder, 0); err != nil {
		return err
	}
	return enqueueNotice(tx, r.Program, notice{Report: r.Report, Referral: r.ID, Since: store.Micros(tx.Now())}, tx.Now())
}

// checkWrap refuses a wrap that is not for the office's present key, or comes
// from a member whose office has not opened the report. had: the office has a
// wrap for this key already.
func (s *Service) checkWrap(ctx context.Context, m identity.Member, id store.ID, o Onward) (had bool, err error) {
	mine, err := s.mine(ctx, s.db, m, id)
	if err != nil {
		return false, err
	}
	if !slices.ContainsFunc(mine, func(r Referral) bool { return !r.OpenedAt.IsZero() }) {
		return false, ErrUnopened
	}
	key, ok := s.agencies.Keys(m.Program)[o.Office]
	if !ok || !s.agencies.Keyed(m.Program)(o.Office) || key.ID != o.KeyID {
		return false, ErrKey
	}
	if len(o.Wrap) != seal.WrapSize {
		return false, ErrProof
	}
	body, err := s.reports.Body(ctx, m.Program, id, o.Office)
	if err != nil {
		return false, fault.Wrap(err, "reading the report's wraps")
	}
	return body.Wrap != nil && body.KeyID == o.KeyID, nil
}

// ReferOn sends an opened report to another office: the browser wrapped the
// content key for it. It gives the new referral. Accused offices, offices that
// the sender left out, and offices that may only be picked by name never get
// one; a help report never goes to police, and to others only with the sender's
// consent or a law that the member names.
func (s *Service) ReferOn(ctx context.Context, m identity.Member, id store.ID, o Onward) (store.ID, error) {
	p, from, err := s.office(m)
	if err != nil {
		return store.ID{}, err
	}
	e, err := s.envelope(ctx, m, id)
	if err != nil {
		return store.ID{}, err
	}
	if err := mayReceive(p, from, e, o); err != nil {
		return store.ID{}, err
	}
	had, err := s.checkWrap(ctx, m, id, o)
	if err != nil {
		return store.ID{}, err
	}
	if err := s.checkName(ctx, m, id, p, e, o); err != nil {
		return store.ID{}, err
	}
	if o.Reporter != nil {
		named, err := s.hasName(ctx, m.Program, id, o)
		if err != nil {
			return store.ID{}, err
		}
		if named {
			o.Reporter = nil
		}
	}
	fresh := NewID(id)
	err = s.change(ctx, m, id, func(tx *store.Tx, mine []Referral) (bool, error) {
		have, err := ofReport(ctx, tx, m.Program, id, "holder = $3 and relay = 0 and origin not in ('reminder', 'canary') and state not in ('recused', 'replaced')", o.Office)
		if err != nil {
			return false, err
		}
		if len(have) > 0 {
			return false, ErrHasIt
		}
		if !had {
			if err := s.addWrap(tx, m, id, o); err != nil {
				return false, err
			}
		}
		if err := s.giveName(tx, m, mine[0], o.Office, o.KeyID, o.Reporter); err != nil {
			return false, err
		}
		if err := s.step(tx, mine[0], m.Actor(), m.Office, ActOnward, mine[0].State, o.Office, 0); err != nil {
			return false, err
		}
		if err := s.replace(ctx, tx, m, id, o.Office); err != nil {
			return false, err
		}
		return true, s.receive(tx, p, m, mine[0], e, o, fresh)
	})
	return fresh, err
}

// addWrap keeps a wrap. Another member who was faster is ErrHasIt.
func (s *Service) addWrap(tx *store.Tx, m identity.Member, id store.ID, o Onward) error {
	err := s.reports.AddWrap(tx, m.Program, id, o.Office, o.KeyID, o.Wrap)
	if errors.Is(err, store.ErrExists) {
		return ErrHasIt.With(err)
	}
	return fault.Wrap(err, "keeping a wrap")
}

// replace settles the referrals of offices that stepped back: with the report
// sent on, somebody else has it.
func (s *Service) replace(ctx context.Context, tx *store.Tx, m identity.Member, id store.ID, office string) error {
	waiting, err := ofReport(ctx, tx, m.Program, id, "state = 'recused'")
	if err != nil {
		return err
	}
	for _, r := range waiting {
		after, err := r.next(ActReplace)
		if err != nil {
			return err
		}
		if err := must(tx, r, "state = $3, next_at = null", string(after)); err != nil {
			return err
		}
		if err := s.step(tx, r, m.Actor(), m.Office, ActReplace, after, office, 0); err != nil {
			return err
		}
	}
	return nil
}

// receive makes the new referral of an office that was referred to.
func (s *Service) receive(tx *store.Tx, p *program.Program, m identity.Member, from Referral, e program.Envelope, o Onward, id store.ID) error {
	limit := p.Limits.Consent
	if e.Danger {
		limit = p.Limits.ConsentDanger
	}
	if limit <= 0 {
		limit = onwardLimit
	}
	about := subjectOf(e)
	via := report.ViaWeb
	if from.Test {
		via = report.ViaTest
	}
	duty := program.Duty{Rule: ruleOnward, Recipient: o.Office, Obligor: m.Office, Limit: limit, LimitBy: "policy",
		Starts: program.Event{Kind: program.Accepted}, Means: []string{program.ByInbox}, Courtesy: o.Basis == ""}
	if o.Basis != "" {
		duty.Basis = []string{o.Basis}
	}
	r := about.referral(report.Ref{Program: m.Program, Report: from.Report, Accepted: from.Accepted, Envelope: e, Via: via}, duty)
	r.ID, r.Origin, r.Holder, r.State, r.ReferredBy = id, OriginOnward, o.Office, Waiting, m.Office
	r.start(p.Ladders.For(r.Danger), tx.Now())
	if err := insert(tx, r, about.words, r.Due); err != nil {
		return err
	}
	if err := s.step(tx, r, m.Actor(), m.Office, ActReceive, Waiting, m.Office, 0); err != nil {
		return err
	}
	return enqueueNotice(tx, r.Program, notice{Report: r.Report, Referral: r.ID, Since: store.Micros(tx.Now())}, tx.Now())
}

// mayReceive says whether a report with this envelope may be referred on by one
// office to another. Police that were picked may not send help on: the answers
// would tell them who else was picked.
func mayReceive(p *program.Program, from program.Office, e program.Envelope, o Onward) error {
	to, ok := p.Offices[o.Office]
	if _, known := p.Laws[o.Basis]; o.Basis != "" && !known {
		return ErrBasis
	}
	consented := e.ConsentsCount() && slices.Contains(e.Consents, to.ID)
	switch {
	case !ok, accused(to, e.Conflict), slices.Contains(e.LeftOut, to.ID):
		return ErrOffice
	case e.Mode == program.Help && (to.Police || from.Police):
		return ErrOffice
	case to.ByNameOnly && !consented:
		return ErrOffice
	case e.Mode == program.Help && !consented && o.Basis == "":
		return ErrBasis
	}
	return nil
}

// receivers lists the offices that a report could be referred on to: with a
// key, allowed, and without it so far.
func (s *Service) receivers(p *program.Program, from program.Office, e program.Envelope, all []Referral) []program.Office {
	keyed := s.agencies.Keyed(p.ID)
	var out []program.Office
	for _, id := range p.OfficeOrder {
		has := slices.ContainsFunc(all, func(r Referral) bool {
			return r.Holder == id && !r.Relay && r.Origin != OriginReminder && r.State != Recused && r.State != Replaced
		})
		err := mayReceive(p, from, e, Onward{Office: id})
		if !has && keyed(id) && (err == nil || errors.Is(err, ErrBasis)) {
			out = append(out, p.Offices[id])
		}
	}
	return out
}
