// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"net/http"

	"waylight/internal/platform/web"
)

func (s *Service) routes() []web.Route {
	anyone, member := web.Public, web.Access{}
	return []web.Route{
		{Pattern: "GET /staff", Access: member, Handler: s.home},
		{Pattern: "GET /staff/sign-in", Access: anyone, Handler: s.signInPage},
		{Pattern: "POST /staff/sign-in/salt", Access: anyone, Handler: web.AnswerJSON(s.salt)},
		{Pattern: "POST /staff/sign-in", Access: anyone, Handler: web.AnswerJSON(s.signIn)},
		{Pattern: "POST /staff/sign-out", Access: anyone, Handler: s.signOut},
		{Pattern: "GET /staff/session", Access: member, Handler: signedIn},
		{Pattern: "GET /staff/keys", Access: member, Handler: web.AnswerJSON(s.keys)},
		{Pattern: "GET /staff/words/{list}", Access: anyone, Handler: s.words.serve},
		{Pattern: "GET /staff/enroll", Access: anyone, Handler: s.enrollPage},
		{Pattern: "POST /staff/enroll/invitation", Access: anyone, Handler: web.AnswerJSON(s.beginEnrolment)},
		{Pattern: "POST /staff/enroll", Access: anyone, Handler: web.AnswerJSON(s.finishEnrolment)},
		{Pattern: "GET /staff/people", Access: member, Handler: s.peoplePage},
		{Pattern: "GET /staff/people.csv", Access: member, Handler: s.peopleCSV},
		{Pattern: "GET /staff/people/invite", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.invitePage},
		{Pattern: "POST /staff/people/invite", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.invitePost},
		{Pattern: "POST /staff/people/invitation/{id}/withdraw", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.withdrawPost},
		{Pattern: "GET /staff/people/{id}", Access: member, Handler: s.personPage},
		{Pattern: "POST /staff/people/{id}/access", Access: member, Handler: web.AnswerJSON(s.accessPost)},
		{Pattern: "POST /staff/people/{id}/roles", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.rolesPost},
		{Pattern: "POST /staff/people/{id}/release", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.releasePost},
		{Pattern: "POST /staff/people/{id}/suspend", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.suspendPost},
		{Pattern: "POST /staff/people/{id}/resume", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.resumePost},
		{Pattern: "POST /staff/people/{id}/deactivate", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.deactivatePost},
	}
}

// fixed32 reads bytes of exactly 32.
func fixed32(b []byte) ([32]byte, error) {
	if len(b) != 32 {
		return [32]byte{}, errBody
	}
	return [32]byte(b), nil
}

// me is the signed-in member, whom Guard has put there.
func me(r *http.Request) Member {
	m, _ := From(r.Context())
	return m
}
