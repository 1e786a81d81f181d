// SPDX-License-Identifier: Apache-2.0

package agency

import (
	"context"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Who may do what stands in the table of package policy. Here actors, offices and holds become what that table speaks of.

var errPolice = fault.New(fault.Forbidden, "agency_police", "Nobody at a police-run office can close an office that is not run by police. Ask an administrator who works at another office.")

// may says why the actor may not do the act to the object, if so.
func (s *Service) may(a Actor, act policy.Action, o policy.Object) error {
	d := policy.Decide(act, s.subject(a), o)
	switch {
	case d.Allowed:
		return nil
	case d.As == policy.Hidden:
		return errNoSuch
	case d.Wall == policy.WallPolice:
		return errPolice
	default:
		return errForbidden
	}
}

func (s *Service) subject(a Actor) policy.Subject {
	who := policy.Subject{Program: a.Program, Office: a.Office, Roles: a.Roles, Member: a.Member.String(), System: a.system()}
	if p, err := s.program(a.Program); err == nil {
		o := p.Offices[a.Office]
		who.Police, who.Desk, who.Kind = o.Police, o.Desk, o.Kind
	}
	return who
}

// Object is an office as the object of an act.
func (s *Service) Object(programID, office string) policy.Object {
	o := policy.Object{Program: programID, Office: office}
	if p, err := s.program(programID); err == nil {
		o.Police, o.Desk = p.Offices[office].Police, p.Offices[office].Desk
	}
	return o
}

// objectOf is a hold as the object of an act. One on a single report tells that there is that report. What this room does not know of it, it takes for the worst:
// somebody asked for help.
func (s *Service) objectOf(programID string, h Hold) policy.Object {
	o := s.Object(programID, h.Office)
	if h.Report != (store.ID{}) {
		o.Holder, o.Mode = h.Office, program.Help
	}
	return o
}

// HoldObject is the same, for a hold's id.
func (s *Service) HoldObject(ctx context.Context, r store.Reader, programID string, id store.ID) (policy.Object, error) {
	h, err := holdByID(ctx, r, programID, id)
	return s.objectOf(programID, h), err
}
