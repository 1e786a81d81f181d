// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/json"
	"net/http"

	"waylight/internal/partnership/agency"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// enrollPage is the same for everybody: the token stands behind the # of the link and reaches the server only in the body of a request.
func (s *Service) enrollPage(w http.ResponseWriter, r *http.Request) error {
	return s.pages.Staff(w, r, http.StatusOK, "enroll", web.View{Title: "Join", Scripts: []string{"enroll.js"}, Langs: map[string]string{}})
}

func (s *Service) beginEnrolment(w http.ResponseWriter, r *http.Request) error {
	token, err := tokenIn(r)
	if err != nil {
		return err
	}
	b, err := s.Begin(r.Context(), token)
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
		MakesKey    bool     `json:"makesKey"`
		Waits       bool     `json:"waits"`
		Renews      bool     `json:"renews"`
		Passphrase  bool     `json:"passphrase"`
		Passkeys    bool     `json:"passkeys"`
	}{
		b.Program, p.Name.In("en"), b.Office, p.Offices[b.Office].Name.In("en"), b.Name, b.Email, roleNames(b.Roles), b.Member.String(),
		b.HoldsKey && !b.OfficeKeyed, b.HoldsKey && b.OfficeKeyed, b.Renews, b.Passphrase, s.passkeysWork(r),
	})
}

// passkeysWork says whether browsers can make passkeys for the address under which this site is reached.
func (s *Service) passkeysWork(r *http.Request) bool {
	_, err := relying(s.siteOf(r))
	return err == nil
}

// tokenIn reads a body that is a link's token and nothing else.
func tokenIn(r *http.Request) (string, error) {
	var in struct {
		Token string `json:"token"`
	}
	err := web.DecodeJSON(r, &in)
	return in.Token, err
}

// enrolPasskey answers with what the browser needs to make a passkey.
func (s *Service) enrolPasskey(w http.ResponseWriter, r *http.Request) error {
	token, err := tokenIn(r)
	if err != nil {
		return err
	}
	v, err := s.newcomer(r.Context(), token)
	if err != nil {
		return err
	}
	options, err := s.beginPasskey(r.Context(), s.siteOf(r), v.Member, forEnrolment)
	if err != nil {
		return err
	}
	return s.answerSlot(w, r, v.Member, KindPasskey, options)
}

// enrolPasskeyMade checks the passkey that was just made, before its challenge ends.
func (s *Service) enrolPasskeyMade(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token  string          `json:"token"`
		ID     store.ID        `json:"id"`
		Answer json.RawMessage `json:"answer"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	made, err := s.PasskeyMade(r.Context(), in.Token, in.ID, in.Answer)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string][]byte{"made": made})
}

// enrolPassphrase answers with the place of a passphrase.
func (s *Service) enrolPassphrase(w http.ResponseWriter, r *http.Request) error {
	token, err := tokenIn(r)
	if err != nil {
		return err
	}
	v, err := s.newcomer(r.Context(), token)
	if err != nil {
		return err
	}
	return s.answerSlot(w, r, v.Member, KindPassphrase, nil)
}

// answerSlot answers with the place of a member's next way in, and what a passkey is asked for.
func (s *Service) answerSlot(w http.ResponseWriter, r *http.Request, m Member, kind string, options json.RawMessage) error {
	slot, err := s.slot(r.Context(), m.Program, m.ID, kind)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, struct {
		ID      string          `json:"id"`
		Share   []byte          `json:"share"`
		Options json.RawMessage `json:"options,omitempty"`
	}{slot.ID.String(), slot.Share[:], options})
}

// wayIn is a way in as a browser sends it.
type wayIn struct {
	ID         store.ID        `json:"id"`
	Kind       string          `json:"kind"`
	Label      string          `json:"label"`
	Sealed     []byte          `json:"sealed"`
	Salt       []byte          `json:"salt"`
	Iterations int             `json:"iterations"`
	AuthHash   []byte          `json:"authHash"`
	Answer     json.RawMessage `json:"answer"`
	Made       []byte          `json:"made"`
	Signature  []byte          `json:"signature"`
}

func (v wayIn) way() (NewWay, error) {
	w := NewWay{ID: v.ID, Kind: v.Kind, Label: v.Label, Sealed: v.Sealed, Salt: v.Salt, Iterations: v.Iterations, Answer: v.Answer, Made: v.Made, Signature: v.Signature}
	if v.Kind != KindPassphrase {
		return w, nil
	}
	var err error
	w.AuthHash, err = fixed32(v.AuthHash)
	return w, err
}

func waysIn(list []wayIn) ([]NewWay, error) {
	out := make([]NewWay, len(list))
	for i, v := range list {
		var err error
		out[i], err = v.way()
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Service) finishEnrolment(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token     string  `json:"token"`
		KEM       []byte  `json:"kem"`
		Sign      []byte  `json:"sign"`
		Signature []byte  `json:"signature"`
		Ways      []wayIn `json:"ways"`
		OfficeKey *struct {
			Public   []byte         `json:"public"`
			Sign     []byte         `json:"sign"`
			Member   []byte         `json:"member"`
			Recovery []byte         `json:"recovery"`
			Parts    recoveryPublic `json:"parts"`
			Holder   []byte         `json:"memberSignature"`
		} `json:"officeKey"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	ways, err := waysIn(in.Ways)
	if err != nil {
		return err
	}
	v, err := s.newcomer(r.Context(), in.Token)
	if err != nil {
		return err
	}
	e := Enrolment{KEM: in.KEM, Sign: in.Sign, Signature: in.Signature, Ways: ways}
	if k := in.OfficeKey; k != nil {
		e.OfficeKey = &OfficeKey{
			Public: k.Public, Sign: k.Sign, Recovery: k.Parts.key(),
			Wraps: []agency.Wrap{{Holder: v.Actor(), Sealed: k.Member, Signature: k.Holder}, {Holder: recoveryHolder, Sealed: k.Recovery}},
		}
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
	case RoleFigures:
		return "Figures only"
	case RoleInspector:
		return "Rounds only"
	default:
		return role
	}
}
