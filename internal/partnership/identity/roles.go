// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"

	"waylight/internal/partnership/program"
)

// The rules of who may do what to whom stand here and nowhere else.

// grantable lists the roles that by may give to somebody in the office.
func grantable(by Member, office program.Office) []Role {
	roles := []Role{RoleMember, RoleSupervisor}
	if office.Desk {
		roles = append(roles, RoleDesk)
	}
	roles = append(roles, RoleAgencyAdmin)
	switch {
	case by.Has(RoleProgramAdmin):
		return append(roles, RoleProgramAdmin, RoleAuditor)
	case by.Has(RoleAgencyAdmin) && by.Office == office.ID:
		return roles
	default:
		return nil
	}
}

// seesPeople reports whether by may look at the people of an office.
func seesPeople(by Member, office string) bool {
	return by.Office == office || by.Has(RoleProgramAdmin, RoleAuditor)
}

// administers reports whether by may change the target's account. An agency's administrator has no say over those who look after the program.
func administers(by, target Member) bool {
	if by.ID == target.ID || by.Program != target.Program {
		return false
	}
	return by.Has(RoleProgramAdmin) || by.Has(RoleAgencyAdmin) && by.Office == target.Office && !target.Has(RoleProgramAdmin, RoleAuditor)
}

// walled reports whether by works at a police-run office and the other office is not one. Across that line no role counts: or police could let themselves in where
// people ask for help because it is not police.
func (s *Service) walled(by Member, office string) bool {
	if by.Office == "" { // the program itself: first run, console
		return false
	}
	return s.policeRun(by.Program, by.Office) && !s.policeRun(by.Program, office)
}

func (s *Service) policeRun(programID, office string) bool {
	o, err := s.office(programID, office)
	return err == nil && (o.Police || o.Kind == program.Police)
}

// grants lists the roles that by may give at an office.
func (s *Service) grants(by Member, office program.Office) []Role {
	if s.walled(by, office.ID) {
		return nil
	}
	return grantable(by, office)
}

// mayChange says why by may not change the target's account, if so.
func (s *Service) mayChange(by, target Member) error {
	switch {
	case !administers(by, target):
		return errRole
	case s.walled(by, target.Office):
		return errWalled
	default:
		return nil
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
