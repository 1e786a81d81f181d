// SPDX-License-Identifier: Apache-2.0

package referral

import (
	"context"
	"errors"

	"waylight/internal/partnership/identity"
	"waylight/internal/partnership/policy"
	"waylight/internal/partnership/program"
	"waylight/internal/platform/store"
	"waylight/internal/protection/report"
)

// Reports is what this room needs of the room that keeps the sealed bodies.
type Reports interface {
	Body(ctx context.Context, programID string, id store.ID, holder string) (report.Sealed, error)
	AddWrap(tx *store.Tx, programID string, id store.ID, holder string, keyID [16]byte, wrap []byte) error
	Reporter(ctx context.Context, programID string, id store.ID, holder string) (report.ReporterPart, error)
	AddReporterWrap(tx *store.Tx, programID string, id store.ID, holder string, keyID [16]byte, wrap []byte) error
}

// staff are the roles that work with reports.
var staff = []string{identity.RoleMember, identity.RoleSupervisor, identity.RoleDesk}

// whoIs is a member at an office as policy knows them.
func whoIs(m identity.Member, o program.Office) policy.Subject {
	return policy.Subject{Program: m.Program, Office: m.Office, Roles: m.Roles, Member: m.ID.String(), Police: o.Police, Desk: o.Desk, Kind: o.Kind}
}

// heldAs is a referral as policy knows it: held by one office, behind the walls of its report.
func heldAs(r Referral) policy.Object {
	return policy.Object{
		Program: r.Program, Office: r.Holder, Holder: r.Holder, Mode: r.Mode, Relay: r.Relay, Conflict: r.Conflict,
		Gone: r.State == Recused || r.State == Replaced,
	}
}

// office is the program and the office of a member who works with reports.
func (s *Service) office(m identity.Member) (*program.Program, program.Office, error) {
	p, ok := s.programs.Program(m.Program)
	if !ok || !m.Active {
		return nil, program.Office{}, ErrForbidden
	}
	o, ok := p.Offices[m.Office]
	if !ok || !policy.Allow(policy.ReadReport, whoIs(m, o)) {
		return nil, program.Office{}, ErrForbidden
	}
	return p, o, nil
}

// may says whether a member may do something to what an office of theirs holds, reports aside.
func (s *Service) may(m identity.Member, a policy.Action) bool {
	_, o, err := s.office(m)
	return err == nil && policy.Decide(a, whoIs(m, o), policy.Object{Program: m.Program, Office: m.Office}).Allowed
}

// sees reports whether a member may know of a referral. The rules of the pack
// keep reports from accused offices and help reports from police desks already;
// this holds even if a row says otherwise.
func sees(m identity.Member, o program.Office, r Referral) bool {
	return policy.Decide(policy.ReadReport, whoIs(m, o), heldAs(r)).Allowed
}

// mayHear reports whether a member may be told that something waits at another
// office or their own.
func mayHear(m identity.Member, o program.Office, r Referral) bool {
	return policy.Decide(policy.HearOf, whoIs(m, o), heldAs(r)).Allowed
}

// mine lists the referrals of one report that the member's office holds and the
// member may see, reminders left out. Nothing there, not for this office and
// recused are all ErrNotFound.
func (s *Service) mine(ctx context.Context, q store.Reader, m identity.Member, id store.ID) ([]Referral, error) {
	_, o, err := s.office(m)
	if err != nil {
		return nil, err
	}
	held, err := ofReport(ctx, q, m.Program, id, "holder = $3 and origin not in ('reminder', 'canary') order by order_at, id", o.ID)
	if err != nil {
		return nil, err
	}
	var out []Referral
	for _, r := range held {
		if sees(m, o, r) {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, ErrNotFound
	}
	recused, err := recusals(ctx, q, m.Program, id)
	if err != nil {
		return nil, err
	}
	if recused[m.ID] {
		return nil, ErrNotFound
	}
	return out, nil
}

// change runs fn on the member's referrals of a report in one transaction, and
// on everything it commits. fn answers whether anything changed; if not, the
// table of states refused the act.
func (s *Service) change(ctx context.Context, m identity.Member, id store.ID, fn func(tx *store.Tx, mine []Referral) (bool, error)) error {
	return s.write(ctx, func(tx *store.Tx) error {
		mine, err := s.mine(ctx, tx, m, id)
		if err != nil {
			return err
		}
		changed, err := fn(tx, mine)
		if err == nil && !changed {
			err = ErrState
		}
		return err
	})
}

// write runs fn in one transaction. When what fn had read moved meanwhile, fn
// reads and decides again; who is overtaken again and again gets a conflict.
func (s *Service) write(ctx context.Context, fn func(tx *store.Tx) error) error {
	for range maxOvertaken {
		if err := s.db.Write(ctx, fn); !errors.Is(err, errMoved) {
			return err
		}
	}
	return ErrState
}

const maxOvertaken = 8

// isDesk reports whether the member works at a desk.
func (s *Service) isDesk(m identity.Member) bool { return s.may(m, policy.WorkDesk) }
