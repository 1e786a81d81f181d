// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"

	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
)

// Who may do what to whom stands in the table of package policy. Here members and offices become what that table speaks of.

// Subject is the member as policy knows them, for rooms above and the pages that offer what the table allows.
func (s *Service) Subject(m Member) policy.Subject { return s.subject(m) }

func (s *Service) subject(m Member) policy.Subject {
	o, _ := s.office(m.Program, m.Office)
	return subjectAt(m, o)
}

// subjectAt is the member at an office. One without name or place is the program itself: first run, console.
func subjectAt(m Member, o program.Office) policy.Subject {
	if m.ID.IsZero() && m.Office == "" {
		return policy.Subject{Program: m.Program, Roles: m.Roles, System: true}
	}
	return policy.Subject{
		Program: m.Program, Office: m.Office, Roles: m.Roles, Member: m.ID.String(), Police: policeRun(o), Desk: o.Desk, Kind: o.Kind,
	}
}

func policeRun(o program.Office) bool { return o.Police || o.Kind == program.Police }

// workplace is an office as the object of an act.
func workplace(programID string, o program.Office) policy.Object {
	return policy.Object{Program: programID, Office: o.ID, Police: policeRun(o), Desk: o.Desk}
}

// account of the target as the object of an act.
func accountOf(target Member, o program.Office) policy.Object {
	object := workplace(target.Program, o)
	object.Office, object.Member, object.Roles = target.Office, target.ID.String(), target.Roles
	return object
}

// giving is the action that gives a role.
func giving(role Role) policy.Action {
	switch role {
	case RoleProgramAdmin, RoleAuditor:
		return policy.GiveProgram
	case RoleFigures:
		return policy.GiveFigures
	default:
		return policy.GiveRole
	}
}

// grants lists the roles that by may give at an office, some of them only before a second person.
func (s *Service) grants(by Member, office program.Office) []Role {
	var roles []Role
	for _, role := range policy.Roles() {
		if (role != RoleDesk || office.Desk) && policy.Decide(giving(role), s.subject(by), workplace(by.Program, office)).Allowed {
			roles = append(roles, role)
		}
	}
	return roles
}

// needsSecond reports whether giving one of the roles to somebody who had others takes effect only when a second person agrees.
func (s *Service) needsSecond(by Member, office program.Office, had, roles []Role) bool {
	return slices.ContainsFunc(roles, func(role Role) bool {
		return !slices.Contains(had, role) && policy.Decide(giving(role), s.subject(by), workplace(by.Program, office)).Second
	})
}

// seesPeople reports whether by may look at the people of an office ("" = every office).
func seesPeople(by Member, office string) bool {
	return policy.Decide(policy.ReadPeople, subjectAt(by, program.Office{}), policy.Object{Program: by.Program, Office: office}).Allowed
}

// mayChange says why by may not change the target's account, if so.
func (s *Service) mayChange(by, target Member) error {
	o, _ := s.office(target.Program, target.Office)
	return whyNot(policy.Decide(policy.ChangePerson, s.subject(by), accountOf(target, o)))
}

// mayInvite says why by may not invite people to an office, if so.
func (s *Service) mayInvite(by Member, programID string, o program.Office) error {
	return whyNot(policy.Decide(policy.InvitePerson, s.subject(by), workplace(programID, o)))
}

// whyNot is what somebody is told who may not.
func whyNot(d policy.Decision) error {
	switch {
	case d.Allowed:
		return nil
	case d.Wall == policy.WallPolice:
		return errWalled
	default:
		return errRole
	}
}

// cleanRoles sorts roles and refuses what may not be given.
func cleanRoles(roles []string, allowed []Role) ([]string, error) {
	clean := slices.Compact(slices.Sorted(slices.Values(roles)))
	if len(clean) == 0 {
		return nil, errRoles
	}
	for _, r := range clean {
		if !slices.Contains(allowed, r) {
			return nil, errRoles
		}
	}
	return clean, nil
}
