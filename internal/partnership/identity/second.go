// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"errors"
	"strings"
	"time"

	"waylight/internal/partnership/approval"
	"waylight/internal/partnership/policy"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
)

// Power over the whole program is given, and given back to somebody who lost every way in, before a second person: changed roles wait as a request, and so do an
// invitation and a renewal, whose links let nobody in until somebody else agreed. What the program itself does at its first run, and its console, waits for nobody.

var (
	errSecond  = fault.New(fault.Unavailable, "second_person", "This takes a second person, and this server offers no way to ask one. Nothing was changed.")
	errAwaits  = fault.New(fault.Conflict, "awaits_second", "A second administrator has not agreed to this yet. The link stays good: open it again once they have.")
	errRefusal = fault.New(fault.NotFound, "second_refused", "A second administrator did not agree to this, or seven days went by. Ask for a new link.")
	errPassed  = errors.New("a second person must agree")
)

// handleApprovals says what is done once a second person agreed.
func (s *Service) handleApprovals() {
	if s.approvals == nil {
		return
	}
	s.approvals.Handle(policy.GiveProgram, s.giveApproved)
	s.approvals.Handle(policy.RenewPerson, s.renewApproved)
}

// ask puts an act on a person before a second one.
func (s *Service) ask(tx *store.Tx, by Member, a policy.Action, target Member, roles []string) error {
	if s.approvals == nil {
		return errSecond
	}
	_, err := s.approvals.Ask(tx, approval.Request{Program: target.Program, Action: a, Subject: target.Actor(), Detail: strings.Join(roles, " "), By: by.Actor()})
	return err
}

// askRoles puts a change of roles before a second person. Nothing of it counts until then.
func (s *Service) askRoles(ctx context.Context, programID string, id store.ID, roles []string) error {
	return s.change(ctx, programID, id, "member.roles_asked", func(tx *store.Tx, by, target Member) error {
		return s.ask(tx, by, policy.GiveProgram, target, roles)
	})
}

// askInvitation does so for an invitation to such roles.
func (s *Service) askInvitation(tx *store.Tx, by Member, v invitation) error {
	o, err := s.office(v.Program, v.Office)
	if err != nil || !s.needsSecond(by, o, nil, v.Roles) {
		return err
	}
	return s.ask(tx, by, policy.GiveProgram, Member{Program: v.Program, ID: v.ID}, v.Roles)
}

// askRenewal does so for the link of somebody who looks after the program.
func (s *Service) askRenewal(tx *store.Tx, by, target Member) error {
	d := s.renewal(by, target)
	if !d.Second {
		return whyNot(d)
	}
	return s.ask(tx, by, policy.RenewPerson, target, target.Roles)
}

func (s *Service) renewal(by, target Member) policy.Decision {
	o, _ := s.office(target.Program, target.Office)
	return policy.Decide(policy.RenewPerson, s.subject(by), accountOf(target, o))
}

// giveApproved gives the roles that a second person agreed to: to a member, or with an invitation, which from now on lets its holder in.
func (s *Service) giveApproved(ctx context.Context, tx *store.Tx, r approval.Request) error {
	id, err := store.ParseID(strings.TrimPrefix(r.Subject, "member:"))
	if err != nil {
		return errNoMember
	}
	by, _, _ := actor(ctx)
	a, err := accountByID(ctx, tx, r.Program, id)
	if errors.Is(err, errNoMember) {
		return s.inviteApproved(ctx, tx, by, r, id)
	}
	if err != nil {
		return err
	}
	err = s.mayGive(by, a.Member, strings.Fields(r.Detail))
	if err != nil {
		return err
	}
	if a.HoldsKey() && !holdsKey(strings.Fields(r.Detail)) {
		return errKeepsKey
	}
	err = s.giveRoles(ctx, tx, a.Member, strings.Fields(r.Detail))
	if err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: r.Program, Event: "member.roles_changed", Record: a.Actor(), Actor: r.DecidedBy})
	return nil
}

func (s *Service) inviteApproved(ctx context.Context, tx *store.Tx, by Member, r approval.Request, id store.ID) error {
	v, err := invitationByID(ctx, tx, r.Program, id)
	if err != nil {
		return err
	}
	if v.Used || v.Withdrawn || !tx.Now().Before(v.Ends) {
		return errInvitation
	}
	err = s.mayGive(by, Member{Program: v.Program, ID: v.ID, Office: v.Office, Roles: v.Roles}, v.Roles)
	if err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: r.Program, Event: "member.invitation_agreed", Record: r.Subject, Actor: r.DecidedBy})
	return nil
}

func (s *Service) renewApproved(ctx context.Context, tx *store.Tx, r approval.Request) error {
	id, err := store.ParseID(strings.TrimPrefix(r.Subject, "member:"))
	if err != nil {
		return errNoMember
	}
	a, err := accountByID(ctx, tx, r.Program, id)
	if err != nil {
		return err
	}
	by, _, _ := actor(ctx)
	err = whyNot(s.renewal(by, a.Member))
	if err != nil {
		return err
	}
	tx.Log(custody.Entry{Program: r.Program, Event: "member.renewal_agreed", Record: r.Subject, Actor: r.DecidedBy})
	return nil
}

// mayGive holds the second person to the rules of the first: they must be one who could have asked, and nobody agrees to roles of their own.
func (s *Service) mayGive(by, target Member, roles []string) error {
	o, err := s.office(target.Program, target.Office)
	if err != nil {
		return err
	}
	err = s.mayChange(by, target)
	if err != nil {
		return err
	}
	_, err = cleanRoles(roles, s.grants(by, o))
	return err
}

// agreed holds a link back until a second person agreed to what was asked when the link was made.
func (s *Service) agreed(ctx context.Context, programID string, a policy.Action, member store.ID, made time.Time, by string) error {
	if !strings.HasPrefix(by, "member:") {
		return nil
	}
	if s.approvals == nil {
		return errSecond
	}
	r, found, err := s.approvals.Last(ctx, s.db, programID, a, "member:"+member.String())
	switch {
	case err != nil:
		return err
	case !found || !r.At.Equal(made):
		return errRefusal
	case r.Decision == approval.Approved:
		return nil
	case r.Open(s.now()):
		return errAwaits
	default:
		return errRefusal
	}
}

// asked reports whether such an act on a member waits for a second person, for the page that says so.
func (s *Service) asked(ctx context.Context, programID string, a policy.Action, member store.ID) (bool, error) {
	if s.approvals == nil {
		return false, nil
	}
	_, open, err := s.approvals.Waiting(ctx, s.db, programID, a, "member:"+member.String())
	return open, err
}

// Named is the name of a member, or of somebody who was invited and is not here yet.
func (s *Service) Named(ctx context.Context, programID string, id store.ID) (string, error) {
	m, err := s.Member(ctx, programID, id)
	if !errors.Is(err, errNoMember) {
		return m.Name, err
	}
	v, err := invitationByID(ctx, s.db, programID, id)
	return v.Name, err
}

// Object is a member, or somebody who was invited, as the object of an act. Who is neither any more is nobody at no office.
func (s *Service) Object(ctx context.Context, q store.Reader, programID string, id store.ID) (policy.Object, error) {
	a, err := accountByID(ctx, q, programID, id)
	m := a.Member
	if errors.Is(err, errNoMember) {
		v, invited := invitationByID(ctx, q, programID, id)
		m, err = Member{Program: programID, ID: id, Office: v.Office, Roles: v.Roles}, invited
	}
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return policy.Object{}, err
	}
	o, _ := s.office(programID, m.Office)
	return accountOf(m, o), nil
}
