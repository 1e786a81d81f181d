// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"cmp"
	"context"
	"slices"
	"time"

	"waylight/internal/partnership/agency"
	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// reach lists the members on one rung of the ladder for r, at a moment. Nobody
// of an accused kind of office and nobody who recused is among them, and for a
// help report only members of the help desk: mail about one never goes elsewhere.
func (s *Service) reach(ctx context.Context, r Referral, rung int, at time.Time) ([]identity.Member, error) {
	p, ok := s.programs.Program(r.Program)
	if !ok {
		return nil, ErrNotFound
	}
	office := s.mailOffice(p, r)
	if rung == RungDesk {
		office = s.deskFor(p, r)
	}
	var found []identity.Member
	var err error
	switch {
	case rung == RungNamed && r.Mode == program.Help:
		found, err = s.withRole(ctx, r.Program, s.deskFor(p, r), identity.RoleSupervisor, identity.RoleDesk)
	case rung == RungNamed:
		found, err = s.withRole(ctx, r.Program, "", identity.RoleProgramAdmin)
	case office == "":
		return nil, nil
	case rung == RungSupervisor:
		found, err = s.withRole(ctx, r.Program, office, identity.RoleSupervisor)
	case rung == RungStandIn:
		found, err = s.standIns(ctx, r.Program, office, at)
	default:
		found, err = s.onDuty(ctx, r.Program, office, at)
		if err == nil && rung == 0 && r.Danger {
			var more []identity.Member
			more, err = s.standIns(ctx, r.Program, office, at)
			found = append(found, more...)
		}
	}
	if err != nil {
		return nil, err
	}
	return s.allowed(ctx, p, r, found)
}

// mailOffice is the office whose members hear of r: its holder, or, for a help
// report, the help desk alone.
func (s *Service) mailOffice(p *program.Program, r Referral) string {
	if r.Mode != program.Help {
		return r.Holder
	}
	if r.Origin == OriginReminder {
		return ""
	}
	return s.deskFor(p, r)
}

// deskFor is the desk that looks after r: the first in the pack's order that is
// not accused and, for a help report, not run by police; one with a key before
// one without.
func (s *Service) deskFor(p *program.Program, r Referral) string {
	keyed := s.agencies.Keyed(p.ID)
	first := ""
	for _, id := range p.Desks {
		d := p.Offices[id]
		if accused(d, r.Conflict) || r.Mode == program.Help && d.Police {
			continue
		}
		if keyed(id) {
			return id
		}
		first = cmp.Or(first, id)
	}
	return first
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
		help := r.Mode == program.Help && (o.Police || !o.Desk)
		if !m.Active || m.Email == "" || seen[m.ID] || recused[m.ID] || accused(o, r.Conflict) || help {
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
