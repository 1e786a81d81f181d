// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"slices"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// reach lists whom a rung of the ladder tells of r, at a moment. Nobody of an
// accused kind of office and nobody who recused is among them. Of a help report
// police hear only where they hold it: the sender picked them, or the law named
// them.
func (s *Service) reach(ctx context.Context, r Referral, tell []string, at time.Time) ([]identity.Member, error) {
	p, ok := s.programs.Program(r.Program)
	if !ok {
		return nil, ErrNotFound
	}
	if r.Origin == OriginReminder && r.Mode == program.Help {
		return nil, nil
	}
	var found []identity.Member
	for _, who := range tell {
		more, err := s.reachOne(ctx, p, r, who, at)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	if slices.Contains(tell, program.OnDuty) {
		var err error
		if found, err = s.besideLocked(ctx, r, found); err != nil {
			return nil, err
		}
	}
	return s.allowed(ctx, p, r, found)
}

// reachOne lists one kind of those whom a rung tells.
func (s *Service) reachOne(ctx context.Context, p *program.Program, r Referral, who string, at time.Time) ([]identity.Member, error) {
	switch who {
	case program.OnDuty:
		return s.onDuty(ctx, p.ID, r.Holder, at)
	case program.StandIn:
		return s.standIns(ctx, p.ID, r.Holder, at)
	case program.TheDesk:
		return s.deskReach(ctx, p, r, func(desk string) ([]identity.Member, error) { return s.onDuty(ctx, p.ID, desk, at) })
	case program.TheNamed:
		return s.namedReach(ctx, p, r)
	}
	return s.withRole(ctx, p.ID, r.Holder, who)
}

// deskReach gives the people of the first desk that has any who may learn of r.
func (s *Service) deskReach(ctx context.Context, p *program.Program, r Referral, people func(desk string) ([]identity.Member, error)) ([]identity.Member, error) {
	for _, desk := range s.desksFor(p, r) {
		found, err := people(desk)
		if err != nil {
			return nil, err
		}
		if found, err = s.allowed(ctx, p, r, found); err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, nil
}

// namedReach gives the program's named persons: its administrators, and for a
// help report everybody who works at a desk that may know. Each stands in where
// the other is empty, so that no report is left with nobody to tell.
func (s *Service) namedReach(ctx context.Context, p *program.Program, r Referral) ([]identity.Member, error) {
	desks := func() ([]identity.Member, error) {
		return s.deskReach(ctx, p, r, func(desk string) ([]identity.Member, error) {
			return s.withRole(ctx, p.ID, desk, identity.RoleSupervisor, identity.RoleDesk)
		})
	}
	admins := func() ([]identity.Member, error) {
		found, err := s.withRole(ctx, p.ID, "", identity.RoleProgramAdmin)
		if err != nil {
			return nil, err
		}
		if r.Mode == program.Help { // as named persons no police hear of it, not even those who hold it
			found = slices.DeleteFunc(found, func(m identity.Member) bool { return p.Offices[m.Office].Police })
		}
		return s.allowed(ctx, p, r, found)
	}
	first, second := admins, desks
	if r.Mode == program.Help {
		first, second = desks, admins
	}
	if who, err := first(); err != nil || len(who) > 0 {
		return who, err
	}
	return second()
}

// desksFor lists the desks that may look after r, those with a key first, each
// in the pack's order: not accused and, for a help report, not run by police.
// Where r is stuck, its holder cannot be the one.
func (s *Service) desksFor(p *program.Program, r Referral) []string {
	keyed := s.agencies.Keyed(p.ID)
	var with, without []string
	for _, id := range p.Desks {
		d := p.Offices[id]
		stuck := id == r.Holder && (r.State == CannotOpen || r.State == Recused)
		switch {
		case stuck, accused(d, r.Conflict), r.Mode == program.Help && d.Police:
		case keyed(id):
			with = append(with, id)
		default:
			without = append(without, id)
		}
	}
	return append(with, without...)
}

// accused reports whether somebody of the office's kind is reported on.
func accused(o program.Office, conflict []string) bool {
	return slices.Contains(conflict, o.Kind) || o.Police && slices.Contains(conflict, program.Police)
}

// allowed drops members who may not learn of r, and repeats.
func (s *Service) allowed(ctx context.Context, p *program.Program, r Referral, found []identity.Member) ([]identity.Member, error) {
	recused, err := recusals(ctx, s.db, r.Program, r.Report)
	if err != nil {
		return nil, err
	}
	var out []identity.Member
	seen := map[store.ID]bool{}
	for _, m := range found {
		o := p.Offices[m.Office]
		if !m.Active || m.Email == "" || seen[m.ID] || recused[m.ID] || !mayHear(m, o, r) {
			continue
		}
		seen[m.ID] = true
		out = append(out, m)
	}
	return out, nil
}

// onDuty lists who is on at an office, as the roster says.
func (s *Service) onDuty(ctx context.Context, programID, office string, at time.Time) ([]identity.Member, error) {
	duty, err := s.agencies.OnNow(ctx, programID, office, at)
	if err != nil {
		return nil, fault.Wrap(err, "asking the roster")
	}
	var ids []store.ID
	for _, d := range duty {
		ids = append(ids, d.Member)
	}
	return s.members(ctx, programID, office, ids)
}

// standIns lists who stands in at an office, also while others are on.
func (s *Service) standIns(ctx context.Context, programID, office string, at time.Time) ([]identity.Member, error) {
	shifts, err := s.agencies.Shifts(ctx, programID, office, at, at.Add(time.Microsecond))
	if err != nil {
		return nil, fault.Wrap(err, "asking the roster")
	}
	var ids, away []store.ID
	for _, sh := range shifts {
		switch {
		case at.Before(sh.Starts) || !at.Before(sh.Ends):
		case sh.Kind == agency.StandIn:
			ids = append(ids, sh.Member)
		case sh.Kind == agency.Leave:
			away = append(away, sh.Member)
		}
	}
	ids = slices.DeleteFunc(ids, func(id store.ID) bool { return slices.Contains(away, id) })
	return s.members(ctx, programID, office, ids)
}

// members picks active members of an office by id, in the office's order.
func (s *Service) members(ctx context.Context, programID, office string, ids []store.ID) ([]identity.Member, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	all, err := s.people.Members(ctx, programID, office)
	if err != nil {
		return nil, fault.Wrap(err, "listing members")
	}
	return slices.DeleteFunc(slices.Clone(all), func(m identity.Member) bool { return !slices.Contains(ids, m.ID) }), nil
}

// withRole lists active members with one of the roles; office "" means all offices.
func (s *Service) withRole(ctx context.Context, programID, office string, roles ...string) ([]identity.Member, error) {
	all, err := s.people.Members(ctx, programID, office)
	if err != nil {
		return nil, fault.Wrap(err, "listing members")
	}
	return slices.DeleteFunc(slices.Clone(all), func(m identity.Member) bool { return !m.Has(roles...) }), nil
}
