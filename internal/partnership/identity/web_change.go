// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"waylight/internal/partnership/policy"
	"waylight/internal/platform/fault"
	"waylight/internal/platform/form"
	"waylight/internal/platform/mail"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// doneText says what was just done, on the page that a change leads back to.
func doneText(r *http.Request) string {
	return map[string]string{
		"access":      "Access was given. The next time this person opens their keys, they can read the office's reports.",
		"roles":       "The roles were changed.",
		"asked":       "A second administrator must agree before these roles count. The request waits under Approvals for seven days; until then nothing has changed.",
		"release":     "The account is open again.",
		"suspended":   "This person is kept out: their sessions ended, and they cannot sign in.",
		"resumed":     "This person can sign in again.",
		"deactivated": "The account was closed, its sessions ended, and the server's half of its keys destroyed.",
		"withdrawn":   "The invitation was withdrawn.",
		"confirmed":   "Recorded: this account is still needed.",
		"rejected":    "Recorded. The account was closed, or, where it is one of the last two that hold the office's key, suspended until a colleague has access.",
		"till":        "The account's last day was changed.",
	}[r.URL.Query().Get("done")]
}

type inviteData struct {
	Offices, Roles    []choice
	Name, Email, Link string
	Mailed, Unmailed  bool
	Problem, Field    string
	Till              string
	Days              int
	Second            bool // a second person must agree first
}

func (s *Service) inviteForm(r *http.Request, name, email, office string, roles []string) inviteData {
	by := me(r)
	data := inviteData{Name: name, Email: email, Days: int(invitationLife / (24 * time.Hour))}
	chosen := map[string]bool{}
	for _, v := range roles {
		chosen[v] = true
	}
	offered := map[string]bool{}
	for _, id := range s.officesSeen(by) {
		o, err := s.office(by.Program, id)
		if err != nil || s.grants(by, o) == nil {
			continue
		}
		data.Offices = append(data.Offices, choice{Value: id, Label: o.Name.In("en"), Chosen: id == office})
		for _, role := range s.grants(by, o) {
			offered[role] = true
		}
	}
	for _, role := range policy.Roles() {
		if offered[role] {
			data.Roles = append(data.Roles, choice{Value: role, Label: roleName(role), Chosen: chosen[role]})
		}
	}
	return data
}

func (s *Service) invitePage(w http.ResponseWriter, r *http.Request) error {
	return s.showInvite(w, r, http.StatusOK, s.inviteForm(r, "", "", me(r).Office, []string{RoleMember}))
}

func (s *Service) showInvite(w http.ResponseWriter, r *http.Request, status int, data inviteData) error {
	v := web.View{Title: "Invite", Data: data, Secret: true}
	if data.Problem != "" {
		v.Problems = []form.Problem{{Question: data.Field, Code: "required"}}
	}
	return s.pages.Staff(w, r, status, "invite", v)
}

func (s *Service) invitePost(w http.ResponseWriter, r *http.Request) error {
	err := web.ParseForm(r)
	if err != nil {
		return err
	}
	name, email, office, roles := r.PostForm.Get("name"), r.PostForm.Get("email"), r.PostForm.Get("office"), r.PostForm["roles"]
	data := s.inviteForm(r, name, email, office, roles)
	data.Till = r.PostForm.Get("till")
	token, err := s.inviteTill(r, office, name, email, roles, data.Till)
	if f, ok := fault.As(err); ok && (f.Kind == fault.Invalid || f.Kind == fault.Conflict) {
		data.Problem, data.Field = f.Message, f.Field
		return s.showInvite(w, r, web.StatusOf(f.Kind), data)
	}
	if err != nil {
		return err
	}
	data.Link = s.base(r) + "/staff/enroll#" + token
	data.Second = slices.Contains(roles, RoleProgramAdmin) || slices.Contains(roles, RoleAuditor)
	if s.mail != nil && s.origin != "" {
		data.Mailed = s.mailInvitation(r.Context(), email, s.origin+"/staff/enroll#"+token) == nil
		data.Unmailed = !data.Mailed
	}
	return s.showInvite(w, r, http.StatusOK, data)
}

// inviteTill invites somebody, for a limited time where a last day is given.
func (s *Service) inviteTill(r *http.Request, office, name, email string, roles []string, lastDay string) (string, error) {
	till, err := s.readTill(me(r).Program, lastDay)
	if err != nil {
		return "", err
	}
	if !till.IsZero() && (!till.After(s.now()) || till.Sub(s.now()) > longestTill) {
		return "", errTillDate
	}
	token, err := s.Invite(r.Context(), me(r).Program, office, name, email, roles)
	if err != nil || till.IsZero() {
		return token, err
	}
	return token, s.setInvitedTill(r, token, till)
}

// mailInvitation sends the link. It never says what the site is for.
func (s *Service) mailInvitation(ctx context.Context, email, link string) error {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	return s.mail.Send(ctx, mail.Message{
		To: email, Subject: "Your invitation",
		Text: "A colleague invited you to a staff site. Open this link within seven days, on the device you will work with:\n\n" + link +
			"\n\nThe link works once. If you did not expect it, you need not do anything.\n",
	})
}

// base is the address of this server as the inviter reached it, for a link that only they are shown.
func (s *Service) base(r *http.Request) string {
	if s.origin != "" {
		return s.origin
	}
	if s.secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Service) withdrawPost(w http.ResponseWriter, r *http.Request) error {
	id, err := store.ParseID(r.PathValue("id"))
	if err != nil {
		return errInvitation
	}
	err = s.withdraw(r.Context(), me(r).Program, id)
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/people?done=withdrawn", http.StatusSeeOther)
	return nil
}

// accessPost takes the office's keys, which a colleague's browser sealed to the member.
func (s *Service) accessPost(w http.ResponseWriter, r *http.Request) error {
	m, err := s.target(r)
	if err != nil {
		return err
	}
	var in struct {
		Wraps []struct {
			KeyID string `json:"keyId"`
			Wrap  []byte `json:"wrap"`
			// Signature is that of the office's key for the member's public key.
			Signature []byte `json:"signature"`
		} `json:"wraps"`
	}
	err = web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	var wraps []KeyWrap
	for _, v := range in.Wraps {
		id, err := hex.DecodeString(v.KeyID)
		if err != nil || len(id) != 16 {
			return errWraps
		}
		wraps = append(wraps, KeyWrap{Office: m.Office, KeyID: [16]byte(id), Sealed: v.Wrap, Signature: v.Signature})
	}
	err = s.GiveAccess(r.Context(), m.ID, wraps)
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Service) rolesPost(w http.ResponseWriter, r *http.Request) error {
	err := web.ParseForm(r)
	if err != nil {
		return err
	}
	m, err := s.target(r)
	if err != nil {
		return err
	}
	err = s.SetRoles(r.Context(), m.Program, m.ID, r.PostForm["roles"])
	if err != nil {
		return err
	}
	waits, err := s.asked(r.Context(), m.Program, policy.GiveProgram, m.ID)
	if err != nil {
		return err
	}
	done := "roles"
	if waits {
		done = "asked"
	}
	http.Redirect(w, r, "/staff/people/"+m.ID.String()+"?done="+done, http.StatusSeeOther)
	return nil
}

func (s *Service) releasePost(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "release", func(m Member) error { return s.Release(r.Context(), m.Program, m.ID) })
}

func (s *Service) suspendPost(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "suspended", func(m Member) error { return s.Suspend(r.Context(), m.Program, m.ID) })
}

func (s *Service) resumePost(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "resumed", func(m Member) error { return s.Resume(r.Context(), m.Program, m.ID) })
}

func (s *Service) deactivatePost(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "deactivated", func(m Member) error { return s.Deactivate(r.Context(), m.Program, m.ID) })
}

// act changes one person and leads back to their page.
func (s *Service) act(w http.ResponseWriter, r *http.Request, done string, change func(Member) error) error {
	m, err := s.target(r)
	if err != nil {
		return err
	}
	err = change(m)
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/people/"+m.ID.String()+"?done="+done, http.StatusSeeOther)
	return nil
}
