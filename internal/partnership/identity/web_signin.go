// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/hex"
	"net/http"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/web"
)

// choice is one entry of a list to choose from.
type choice struct {
	Value, Label string
	Chosen       bool
}

// programChoices lists the programs of this installation by name.
func (s *Service) programChoices(chosen string) []choice {
	var list []choice
	for _, id := range s.programs.IDs() {
		p, _ := s.programs.Program(id)
		list = append(list, choice{Value: id, Label: p.Name.In("en"), Chosen: id == chosen})
	}
	return list
}

func (s *Service) signInPage(w http.ResponseWriter, r *http.Request) error {
	data := struct {
		Programs []choice
		Next     string
	}{s.programChoices(r.URL.Query().Get("program")), web.LocalPath(r.URL.Query().Get("next"), "/staff")}
	return s.pages.Staff(w, r, http.StatusOK, "sign_in", web.View{Title: "Sign in", Data: data, Scripts: []string{"sign-in.js"}, Langs: map[string]string{}})
}

func (s *Service) salt(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Program string `json:"program"`
		Email   string `json:"email"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	salt, iterations, err := s.Salt(r.Context(), in.Program, in.Email)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, struct {
		Salt       []byte `json:"salt"`
		Iterations int    `json:"iterations"`
	}{salt, iterations})
}

func (s *Service) signIn(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Program string `json:"program"`
		Email   string `json:"email"`
		Auth    []byte `json:"auth"`
		Notice  bool   `json:"notice"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	if !in.Notice {
		return errNotice
	}
	auth, err := fixed32(in.Auth)
	if err != nil {
		return err
	}
	entered, err := s.SignInFrom(r.Context(), in.Program, in.Email, auth, s.device(r, in.Program, in.Email))
	if err != nil {
		return err
	}
	s.setCookie(w, r, entered.Cookie)
	s.setDevice(w, r, entered.Member, entered.Device)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// signOut ends the session, if there still is one, and asks the browser to drop the keys that it kept for it.
func (s *Service) signOut(w http.ResponseWriter, r *http.Request) error {
	m, err := s.signedIn(r)
	if err == nil {
		var cookie *http.Cookie
		cookie, err = r.Cookie(s.cookieName(r))
		if err == nil {
			err = s.SignOut(r.Context(), m, cookie.Value)
		}
	}
	if err != nil && fault.KindOf(err) != fault.SignIn {
		return err
	}
	s.setCookie(w, r, "")
	w.Header().Set("Clear-Site-Data", `"storage"`)
	http.Redirect(w, r, "/staff/sign-in", http.StatusSeeOther)
	return nil
}

// signedIn tells the sign-in page that there is nothing to do: a browser that came by a link from another site (a mail page) did not show its cookie there.
func signedIn(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// home is where a member arrives: who they are here, and whether their keys are open.
func (s *Service) home(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	p, ok := s.programs.Program(m.Program)
	if !ok {
		return errNoMember
	}
	waiting, err := s.waiting(r.Context(), []Member{m})
	if err != nil {
		return err
	}
	data := struct {
		Member                       Member
		Program, Office, Fingerprint string
		Roles                        []string
		Waiting, HoldsKey            bool
	}{m, p.Name.In("en"), p.Offices[m.Office].Name.In("en"), fingerprint(m.KEM), roleNames(m.Roles), waiting[m.Actor()], m.HoldsKey()}
	return s.pages.Staff(w, r, http.StatusOK, "home", web.View{Title: "Start", Data: data, Scripts: []string{"home.js"}})
}

// keys answers with what the member's own browser needs to open the office's keys.
func (s *Service) keys(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	k, err := s.KeysOf(r.Context(), m)
	if err != nil {
		return err
	}
	type member struct {
		Program    string `json:"program"`
		ID         string `json:"id"`
		KEM        []byte `json:"kem"`
		Salt       []byte `json:"salt"`
		Iterations int    `json:"iterations"`
		Share      []byte `json:"share"`
	}
	type office struct {
		Office string `json:"office"`
		KeyID  string `json:"keyId"`
		Public []byte `json:"public"`
		Wrap   []byte `json:"wrap"`
	}
	out := struct {
		Member  member   `json:"member"`
		Offices []office `json:"offices"`
	}{member{m.Program, m.ID.String(), k.KEM, k.Salt, k.Iterations, k.Share[:]}, []office{}}
	for _, v := range k.Wraps {
		out.Offices = append(out.Offices, office{v.Office, hex.EncodeToString(v.KeyID[:]), v.Public, v.Sealed})
	}
	return web.JSON(w, http.StatusOK, out)
}
