// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"net/http"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/web"
)

func (s *Service) routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /staff", Access: policy.At(policy.ReadHome), Handler: s.home},
		{Pattern: "GET /staff/sign-in", Access: policy.At(policy.BeginSession), Handler: s.signInPage},
		{Pattern: "POST /staff/sign-in/salt", Access: policy.At(policy.BeginSession), Handler: web.AnswerJSON(s.salt)},
		{Pattern: "POST /staff/sign-in", Access: policy.At(policy.BeginSession), Handler: web.AnswerJSON(s.signIn)},
		{Pattern: "GET /staff/sign-in/agency", Access: policy.At(policy.BeginSession), Handler: s.signOnPage},
		{Pattern: "POST /staff/sign-in/agency", Access: policy.At(policy.BeginSession), Handler: s.signOnPost},
		{Pattern: "GET /staff/sign-in/agency/back", Access: policy.At(policy.BeginSession), Handler: s.signOnBackPage},
		{Pattern: "GET /staff/people/sign-on", Access: policy.At(policy.ReadPeople), Handler: s.signOnsPage},
		{Pattern: "POST /staff/people/sign-on", Access: policy.At(policy.ChangeOffice), Handler: s.signOnSetPost},
		{Pattern: "POST /staff/people/sign-on/end", Access: policy.At(policy.ChangeOffice), Handler: s.signOnEndPost},
		{Pattern: "POST /staff/people/{id}/sign-on", Access: policy.At(policy.ChangePerson), Handler: s.signOnLinkPost},
		{Pattern: "POST /staff/sign-out", Access: policy.At(policy.BeginSession), Handler: s.signOut},
		{Pattern: "GET /staff/session", Access: policy.At(policy.KeepSession), Handler: signedIn},
		{Pattern: "POST /staff/session", Access: policy.At(policy.KeepSession), Handler: signedIn},
		{Pattern: "GET /staff/lock", Access: policy.At(policy.BeginSession), Handler: s.lockPage},
		{Pattern: "POST /staff/lock", Access: policy.At(policy.BeginSession), Handler: s.lockPost},
		{Pattern: "POST /staff/lock/ask", Access: policy.At(policy.BeginSession), Handler: web.AnswerJSON(s.lockAsk)},
		{Pattern: "POST /staff/lock/open", Access: policy.At(policy.BeginSession), Handler: web.AnswerJSON(s.lockOpen)},
		{Pattern: "GET /staff/keys", Access: policy.At(policy.FetchKeys), Handler: web.AnswerJSON(s.keys)},
		{Pattern: "POST /staff/sign-in/passkey/options", Access: policy.At(policy.BeginSession), Handler: web.AnswerJSON(s.askPasskey)},
		{Pattern: "POST /staff/sign-in/passkey", Access: policy.At(policy.BeginSession), Handler: web.AnswerJSON(s.signInPasskey)},
		{Pattern: "GET /staff/keys/ways", Access: policy.At(policy.FetchKeys), Handler: web.AnswerJSON(s.openersPage)},
		{Pattern: "GET /staff/ways", Access: policy.At(policy.ChangeKeys), Handler: s.waysPage},
		{Pattern: "POST /staff/ways", Access: policy.At(policy.ChangeKeys), Handler: web.AnswerJSON(s.addWay)},
		{Pattern: "POST /staff/ways/agency", Access: policy.At(policy.ChangeKeys), Handler: s.ownSignOnPost},
		{Pattern: "POST /staff/ways/passkey", Access: policy.At(policy.ChangeKeys), Handler: web.AnswerJSON(s.newPasskey)},
		{Pattern: "POST /staff/ways/passphrase", Access: policy.At(policy.ChangeKeys), Handler: web.AnswerJSON(s.newPassphrase)},
		{Pattern: "POST /staff/ways/{id}/end", Access: policy.At(policy.ChangeKeys), Handler: s.endOwnWay},
		{Pattern: "POST /staff/device-link", Access: policy.At(policy.ChangeKeys), Handler: web.AnswerJSON(s.makeLink)},
		{Pattern: "POST /staff/device-link/close", Access: policy.At(policy.ChangeKeys), Handler: web.AnswerJSON(s.closeLinks)},
		{Pattern: "GET /staff/device-link/{id}", Access: policy.At(policy.ChangeKeys), Handler: web.AnswerJSON(s.linkState)},
		{Pattern: "POST /staff/device-link/{id}", Access: policy.At(policy.ChangeKeys), Handler: web.AnswerJSON(s.giveRoot)},
		{Pattern: "GET /staff/device", Access: policy.At(policy.Enroll), Handler: s.devicePage},
		{Pattern: "POST /staff/device/open", Access: policy.At(policy.Enroll), Handler: web.AnswerJSON(s.openLink)},
		{Pattern: "POST /staff/device/root", Access: policy.At(policy.Enroll), Handler: web.AnswerJSON(s.takeRoot)},
		{Pattern: "POST /staff/device/passkey", Access: policy.At(policy.Enroll), Handler: web.AnswerJSON(s.linkPasskey)},
		{Pattern: "POST /staff/device/passphrase", Access: policy.At(policy.Enroll), Handler: web.AnswerJSON(s.linkPassphrase)},
		{Pattern: "POST /staff/device", Access: policy.At(policy.Enroll), Handler: web.AnswerJSON(s.finishLink)},
		{Pattern: "GET /staff/recover", Access: policy.At(policy.RecoverOffice), Handler: s.recoverPage},
		{Pattern: "GET /staff/recover/wraps", Access: policy.At(policy.RecoverOffice), Handler: web.AnswerJSON(s.recoveryWraps)},
		{Pattern: "POST /staff/recover", Access: policy.At(policy.RecoverOffice), Handler: web.AnswerJSON(s.recoverPost)},
		{Pattern: "GET /staff/words/{list}", Access: policy.At(policy.Enroll), Handler: s.words.serve},
		{Pattern: "GET /staff/enroll", Access: policy.At(policy.Enroll), Handler: s.enrollPage},
		{Pattern: "POST /staff/enroll/invitation", Access: policy.At(policy.Enroll), Handler: web.AnswerJSON(s.beginEnrolment)},
		{Pattern: "POST /staff/enroll/passkey", Access: policy.At(policy.Enroll), Handler: web.AnswerJSON(s.enrolPasskey)},
		{Pattern: "POST /staff/enroll/passkey/made", Access: policy.At(policy.Enroll), Handler: web.AnswerJSON(s.enrolPasskeyMade)},
		{Pattern: "POST /staff/enroll/passphrase", Access: policy.At(policy.Enroll), Handler: web.AnswerJSON(s.enrolPassphrase)},
		{Pattern: "POST /staff/enroll", Access: policy.At(policy.Enroll), Handler: web.AnswerJSON(s.finishEnrolment)},
		{Pattern: "GET /staff/people", Access: policy.At(policy.ReadPeople), Handler: s.peoplePage},
		{Pattern: "GET /staff/people.csv", Access: policy.At(policy.ReadPeople), Handler: s.peopleCSV},
		{Pattern: "GET /staff/people/invite", Access: policy.At(policy.InvitePerson), Handler: s.invitePage},
		{Pattern: "POST /staff/people/invite", Access: policy.At(policy.InvitePerson), Handler: s.invitePost},
		{Pattern: "POST /staff/people/invitation/{id}/withdraw", Access: policy.At(policy.InvitePerson), Handler: s.withdrawPost},
		{Pattern: "GET /staff/people/review", Access: policy.At(policy.ReviewPeople), Handler: s.reviewPage},
		{Pattern: "GET /staff/people/review.csv", Access: policy.At(policy.ReviewPeople), Handler: s.reviewCSV},
		{Pattern: "POST /staff/people/{id}/review", Access: policy.At(policy.ReviewPeople), Handler: s.reviewPost},
		{Pattern: "POST /staff/people/{id}/till", Access: policy.At(policy.ChangePerson), Handler: s.tillPost},
		{Pattern: "GET /staff/people/{id}", Access: policy.At(policy.ReadPeople), Handler: s.personPage},
		{Pattern: "POST /staff/people/{id}/access", Access: policy.At(policy.GiveAccess), Handler: web.AnswerJSON(s.accessPost)},
		{Pattern: "GET /staff/people/{id}/ways", Access: policy.At(policy.ChangePerson), Handler: s.personWaysPage},
		{Pattern: "POST /staff/people/{id}/ways/{way}/end", Access: policy.At(policy.ChangePerson), Handler: s.endPersonWay},
		{Pattern: "POST /staff/people/{id}/renew", Access: policy.At(policy.RenewPerson), Handler: s.renewPost},
		{Pattern: "POST /staff/people/{id}/roles", Access: policy.At(policy.ChangeRoles), Handler: s.rolesPost},
		{Pattern: "POST /staff/people/{id}/release", Access: policy.At(policy.ChangePerson), Handler: s.releasePost},
		{Pattern: "POST /staff/people/{id}/suspend", Access: policy.At(policy.ChangePerson), Handler: s.suspendPost},
		{Pattern: "POST /staff/people/{id}/resume", Access: policy.At(policy.ChangePerson), Handler: s.resumePost},
		{Pattern: "POST /staff/people/{id}/deactivate", Access: policy.At(policy.ChangePerson), Handler: s.deactivatePost},
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
