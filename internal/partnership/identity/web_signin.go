// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/hex"
	"encoding/json"
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
		Programs             []choice
		Notices              []shownNotice
		Next                 string
		Passkeys, Passphrase bool
	}{s.programChoices(r.URL.Query().Get("program")), s.notices(), web.LocalPath(r.URL.Query().Get("next"), "/staff"), s.passkeysWork(r), s.passphraseSignIn}
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
	err = s.leaveBefore(r)
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
	v, err := s.sessionOf(r)
	if err == nil {
		err = s.leave(r.Context(), v)
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
	ways, err := s.Ways(r.Context(), m)
	if err != nil {
		return err
	}
	data := struct {
		Member            Member
		Program, Office   string
		Roles             []string
		Waiting, HoldsKey bool
		Opening           int
	}{m, p.Name.In("en"), p.Offices[m.Office].Name.In("en"), roleNames(m.Roles), waiting[m.Actor()], m.HoldsKey(), opening(ways)}
	return s.pages.Staff(w, r, http.StatusOK, "home", web.View{Title: "Start", Data: data, Scripts: []string{"home.js"}})
}

// keys answers with what the member's own browser needs to open the root and the office's keys.
func (s *Service) keys(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	k, err := s.KeysOf(r.Context(), m)
	if err != nil {
		return err
	}
	type member struct {
		Program string `json:"program"`
		ID      string `json:"id"`
		KEM     []byte `json:"kem"`
	}
	type opener struct {
		ID         string `json:"id"`
		Kind       string `json:"kind"`
		Credential []byte `json:"credential,omitempty"`
		Salt       []byte `json:"salt,omitempty"`
		Iterations int    `json:"iterations,omitempty"`
		Share      []byte `json:"share"`
		Sealed     []byte `json:"sealed"`
	}
	type office struct {
		Office string `json:"office"`
		KeyID  string `json:"keyId"`
		Public []byte `json:"public"`
		Wrap   []byte `json:"wrap"`
	}
	out := struct {
		Member    member   `json:"member"`
		Unlockers []opener `json:"unlockers"`
		Offices   []office `json:"offices"`
	}{member{m.Program, m.ID.String(), k.KEM}, []opener{}, []office{}}
	for _, u := range k.Unlockers {
		out.Unlockers = append(out.Unlockers, opener{u.ID.String(), u.Kind, u.Credential, u.Salt, u.Iterations, u.Share[:], u.Sealed})
	}
	for _, v := range k.Wraps {
		out.Offices = append(out.Offices, office{v.Office, hex.EncodeToString(v.KeyID[:]), v.Public, v.Sealed})
	}
	return web.JSON(w, http.StatusOK, out)
}

// openersPage tells the signed-in member's browser which ways open the keys, and nothing that helps to.
func (s *Service) openersPage(w http.ResponseWriter, r *http.Request) error {
	m := me(r)
	ways, err := s.Ways(r.Context(), m)
	if err != nil {
		return err
	}
	credentials, err := s.credentials(r.Context(), m)
	if err != nil {
		return err
	}
	out := struct {
		Program     string   `json:"program"`
		Credentials [][]byte `json:"credentials"`
		Passphrase  bool     `json:"passphrase"`
	}{Program: m.Program, Credentials: [][]byte{}}
	for _, way := range ways {
		out.Passphrase = out.Passphrase || way.Kind == KindPassphrase
		if c := credentials[way.ID]; c != nil {
			out.Credentials = append(out.Credentials, c)
		}
	}
	return web.JSON(w, http.StatusOK, out)
}

// askPasskey answers with what the sign-in page asks an authenticator.
func (s *Service) askPasskey(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Program string `json:"program"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	options, err := s.AskPasskey(r.Context(), s.siteOf(r), in.Program)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]json.RawMessage{"options": options})
}

func (s *Service) signInPasskey(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Program string          `json:"program"`
		Notice  bool            `json:"notice"`
		Answer  json.RawMessage `json:"answer"`
	}
	err := web.DecodeJSON(r, &in)
	if err != nil {
		return err
	}
	if !in.Notice {
		return errNotice
	}
	entered, err := s.SignInPasskey(r.Context(), in.Program, in.Answer, func(m Member) string { return s.device(r, in.Program, m.Email) })
	if err != nil {
		return err
	}
	err = s.leaveBefore(r)
	if err != nil {
		return err
	}
	s.setCookie(w, r, entered.Cookie)
	s.setDevice(w, r, entered.Member, entered.Device)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
