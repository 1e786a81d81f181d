// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"net/http"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/web"
)

// enrollPage is the same for everybody: the token stands behind the # of the link and reaches the server only in the body of a request.
func (s *Service) enrollPage(w http.ResponseWriter, r *http.Request) error {
	return s.pages.Staff(w, r, http.StatusOK, "enroll", web.View{Title: "Join", Scripts: []string{"enroll.js"}, Langs: map[string]string{}})
}

func (s *Service) beginEnrolment(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token string `json:"token"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	b, err := s.Begin(r.Context(), in.Token)
	if err != nil {
		return err
	}
	p, ok := s.programs.Program(b.Program)
	if !ok {
		return errInvitation
	}
	return web.JSON(w, http.StatusOK, struct {
		Program     string   `json:"program"`
		ProgramName string   `json:"programName"`
		Office      string   `json:"office"`
		OfficeName  string   `json:"officeName"`
		Name        string   `json:"name"`
		Email       string   `json:"email"`
		Roles       []string `json:"roles"`
		Member      string   `json:"member"`
		Share       []byte   `json:"share"`
		MakesKey    bool     `json:"makesKey"`
		Waits       bool     `json:"waits"`
	}{
		b.Program, p.Name.In("en"), b.Office, p.Offices[b.Office].Name.In("en"), b.Name, b.Email, roleNames(b.Roles), b.Member.String(), b.Share[:],
		b.HoldsKey && !b.OfficeKeyed, b.HoldsKey && b.OfficeKeyed,
	})
}

func (s *Service) finishEnrolment(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token      string `json:"token"`
		Salt       []byte `json:"salt"`
		Iterations int    `json:"iterations"`
		AuthHash   []byte `json:"authHash"`
		KEM        []byte `json:"kem"`
		Sign       []byte `json:"sign"`
		Signature  []byte `json:"signature"`
		OfficeKey  *struct {
			Public   []byte `json:"public"`
			Member   []byte `json:"member"`
			Recovery []byte `json:"recovery"`
		} `json:"officeKey"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	hash, err := fixed32(in.AuthHash)
	if err != nil {
		return err
	}
	v, err := s.invited(r.Context(), in.Token)
	if err != nil {
		return err
	}
	e := Enrolment{Salt: in.Salt, Iterations: in.Iterations, AuthHash: hash, KEM: in.KEM, Sign: in.Sign, Signature: in.Signature}
	if k := in.OfficeKey; k != nil {
		holder := Member{ID: v.ID}.Actor()
		e.OfficeKey = &OfficeKey{Public: k.Public, Wraps: []agency.Wrap{{Holder: holder, Sealed: k.Member}, {Holder: recoveryHolder, Sealed: k.Recovery}}}
	}
	_, err = s.Enroll(r.Context(), in.Token, e)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// roleNames are the roles as pages show them.
func roleNames(roles []string) []string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = roleName(r)
	}
	return names
}

func roleName(role string) string {
	switch role {
	case RoleMember:
		return "Member"
	case RoleSupervisor:
		return "Supervisor"
	case RoleDesk:
		return "Desk"
	case RoleAgencyAdmin:
		return "Office administrator"
	case RoleProgramAdmin:
		return "Program administrator"
	case RoleAuditor:
		return "Auditor"
	default:
		return role
	}
}
