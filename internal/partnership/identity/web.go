// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/web"
)

func (s *Service) routes() []web.Route {
	anyone, member := web.Public, web.Access{}
	return []web.Route{
		{Pattern: "GET /staff", Access: member, Handler: s.home},
		{Pattern: "GET /staff/sign-in", Access: anyone, Handler: s.signInPage},
		{Pattern: "POST /staff/sign-in/salt", Access: anyone, Handler: asJSON(s.salt)},
		{Pattern: "POST /staff/sign-in", Access: anyone, Handler: asJSON(s.signIn)},
		{Pattern: "POST /staff/sign-out", Access: anyone, Handler: s.signOut},
		{Pattern: "GET /staff/session", Access: member, Handler: signedIn},
		{Pattern: "GET /staff/keys", Access: member, Handler: asJSON(s.keys)},
		{Pattern: "GET /staff/words/{list}", Access: anyone, Handler: s.words.serve},
		{Pattern: "GET /staff/enroll", Access: anyone, Handler: s.enrollPage},
		{Pattern: "POST /staff/enroll/invitation", Access: anyone, Handler: asJSON(s.beginEnrolment)},
		{Pattern: "POST /staff/enroll", Access: anyone, Handler: asJSON(s.finishEnrolment)},
		{Pattern: "GET /staff/people", Access: member, Handler: s.peoplePage},
		{Pattern: "GET /staff/people.csv", Access: member, Handler: s.peopleCSV},
		{Pattern: "GET /staff/people/invite", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.invitePage},
		{Pattern: "POST /staff/people/invite", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.invitePost},
		{Pattern: "POST /staff/people/invitation/{id}/withdraw", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.withdrawPost},
		{Pattern: "GET /staff/people/{id}", Access: member, Handler: s.personPage},
		{Pattern: "POST /staff/people/{id}/access", Access: member, Handler: asJSON(s.accessPost)},
		{Pattern: "POST /staff/people/{id}/roles", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.rolesPost},
		{Pattern: "POST /staff/people/{id}/release", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.releasePost},
		{Pattern: "POST /staff/people/{id}/deactivate", Access: web.Access{Roles: []string{RoleAgencyAdmin, RoleProgramAdmin}}, Handler: s.deactivatePost},
	}
}

// asJSON lets a handler that a script calls answer its refusals as JSON too.
func asJSON(h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		f, ok := fault.As(err)
		if err == nil || !ok || f.Kind == fault.Internal {
			return err // the site logs it and answers
		}
		type refusal struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Field   string `json:"field,omitempty"`
		}
		return web.JSON(w, statusOf(f.Kind), map[string]refusal{"error": {f.Code, f.Message, f.Field}})
	}
}

func statusOf(k fault.Kind) int {
	switch k {
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.SignIn:
		return http.StatusUnauthorized
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Overloaded, fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}

// decode reads a JSON body, strictly.
func decode(r *http.Request, v any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return errBody
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err = d.Decode(v)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errTooLarge
	}
	if err != nil {
		return errBody.With(errors.New("the body is not the JSON that was expected")) // json's own errors repeat what was sent
	}
	_, err = d.Token()
	if !errors.Is(err, io.EOF) {
		return errBody
	}
	return nil
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
