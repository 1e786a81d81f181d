// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"html/template"
	"net/http"
	"time"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/store"
	"waylight/internal/platform/web"
)

// The way to an agency's own sign-in service and back. These addresses lie below the sign-in page's: the cookies of both go nowhere else.
const signOnPath = "/staff/sign-in/agency"

// signOnChoice is an office whose people can sign in there.
type signOnChoice struct{ Office, Name, Host string }

// signOnPage lets somebody choose their agency. Which agencies are listed says nothing about who works there.
func (s *Service) signOnPage(w http.ResponseWriter, r *http.Request) error {
	programID := r.URL.Query().Get("program")
	if _, ok := s.programs.Program(programID); !ok {
		programID = s.programs.IDs()[0]
	}
	all, err := s.SignOns(r.Context(), programID)
	if err != nil {
		return err
	}
	data := struct {
		Program  string
		Programs []choice
		Notice   []string
		Choices  []signOnChoice
	}{Program: programID, Programs: s.programChoices(programID), Notice: s.Notice(programID).Paragraphs}
	for _, v := range all {
		data.Choices = append(data.Choices, signOnChoice{v.Office, s.officeName(programID, v.Office), hostOf(v.Issuer)})
	}
	return s.pages.Staff(w, r, http.StatusOK, "sign_on", web.View{Title: "Sign in", Data: data, Langs: map[string]string{}})
}

// signOnPost answers with a link to the service. It cannot lead there itself: a page here sends forms to this server alone.
func (s *Service) signOnPost(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	if r.PostForm.Get("notice") == "" {
		return errNotice
	}
	programID, office := r.PostForm.Get("program"), r.PostForm.Get("office")
	if _, ok := s.programs.Program(programID); !ok {
		return errNoSignOn
	}
	d, err := s.BeginSignOn(r.Context(), programID, office)
	if err != nil {
		return err
	}
	s.setSignOnCookie(w, r, d.Cookie)
	data := struct {
		Office, Host string
		Address      template.URL
	}{s.officeName(programID, office), d.Host, template.URL(d.Address)}
	return s.pages.Staff(w, r, http.StatusOK, "sign_on_go", web.View{Title: "Sign in", Data: data, Langs: map[string]string{}, Secret: true})
}

// signOnBackPage takes somebody back. It shows a page of its own before the first one of the session: a browser that comes from another site does not show that
// session's cookie yet.
func (s *Service) signOnBackPage(w http.ResponseWriter, r *http.Request) error {
	browser := ""
	if c, err := r.Cookie(s.signOnCookieName(r)); err == nil {
		browser = c.Value
	}
	s.setSignOnCookie(w, r, "")
	q := r.URL.Query()
	code := q.Get("code")
	if code == "" || len(code) > 4096 {
		code = "none" // the service said no; the attempt is taken away all the same
	}
	entered, err := s.FinishSignOn(r.Context(), q.Get("state"), browser, code, func(m Member) string { return s.device(r, m.Program, m.Email) })
	if err != nil {
		return err
	}
	err = s.leaveBefore(r)
	if err != nil {
		return err
	}
	s.setCookie(w, r, entered.Cookie)
	s.setDevice(w, r, entered.Member, entered.Device)
	w.Header().Set("Refresh", "0; url=/staff")
	return s.pages.Staff(w, r, http.StatusOK, "sign_on_done", web.View{Title: "Sign in", Langs: map[string]string{}, Secret: true})
}

func (s *Service) signOnCookieName(r *http.Request) string {
	if s.secure(r) {
		return "__Secure-waylight-agency"
	}
	return "waylight-agency"
}

// setSignOnCookie marks the browser that left, so that nobody else comes back in its place. It must come along from another site, which the session's never does.
func (s *Service) setSignOnCookie(w http.ResponseWriter, r *http.Request, value string) {
	c := &http.Cookie{Name: s.signOnCookieName(r), Value: value, Path: signOnPath, MaxAge: int(attemptLife / time.Second), HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// signOnRow is an office's service and who comes in through it.
type signOnRow struct {
	SignOn
	Name, Host string
	Links      []signOnLinkRow
}

type signOnLinkRow struct {
	SignOnLink
	MayAnswer bool
}

// signOnsPage is where administrators see the services of the offices that they look after.
func (s *Service) signOnsPage(w http.ResponseWriter, r *http.Request) error {
	ctx, by := r.Context(), me(r)
	all, err := s.SignOns(ctx, by.Program)
	if err != nil {
		return err
	}
	data := struct {
		Rows    []signOnRow
		Offices []choice
		MaySet  bool
		Back    string
		Done    string
	}{Offices: s.officeChoices(by, ""), MaySet: by.Has(RoleProgramAdmin), Back: s.origin + signOnBack, Done: signOnDone[r.URL.Query().Get("done")]}
	for _, v := range all {
		if !seesPeople(by, v.Office) {
			continue
		}
		row := signOnRow{SignOn: v, Name: s.officeName(v.Program, v.Office), Host: hostOf(v.Issuer)}
		links, err := s.SignOnLinks(ctx, v.Program, v.Office)
		if err != nil {
			return err
		}
		for _, l := range links {
			row.Links = append(row.Links, signOnLinkRow{l, l.Member.ID != by.ID && s.mayChange(by, l.Member) == nil})
		}
		data.Rows = append(data.Rows, row)
	}
	if err := s.look(ctx, by, "signon.viewed", "signon"); err != nil {
		return err
	}
	return s.pages.Staff(w, r, http.StatusOK, "sign_ons", web.View{Title: "Agency sign-in", Data: data})
}

var signOnDone = map[string]string{
	"set": "The service is set up. Each person confirms their account there once, with a code, in a session that their own passkey began.", "ended": "The service is ended. Nobody comes in through it any more.",
	"unlinked": "That account lets nobody in any more.",
}

func (s *Service) signOnSetPost(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	f := r.PostForm
	_, err := s.SetSignOn(r.Context(), me(r).Program, f.Get("office"), f.Get("issuer"), f.Get("client"), f.Get("secret"), f.Get("factors") == "yes")
	return signOnAnswer(w, r, "set", err)
}

func (s *Service) signOnEndPost(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	return signOnAnswer(w, r, "ended", s.EndSignOn(r.Context(), me(r).Program, r.PostForm.Get("office")))
}

// signOnLinkPost ends one person's account at a service. Confirming it is theirs alone.
func (s *Service) signOnLinkPost(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	m, err := s.target(r)
	if err != nil {
		return err
	}
	link, err := store.ParseID(r.PostForm.Get("link"))
	if err != nil {
		return errBody
	}
	if r.PostForm.Get("answer") != "end" {
		return errBody
	}
	return signOnAnswer(w, r, "unlinked", s.EndSignOnLink(r.Context(), m.Program, m.ID, link))
}

// ownSignOnPost takes the code with which a member says that an account at their agency's service is theirs.
func (s *Service) ownSignOnPost(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	in, err := s.sessionOf(r)
	if err != nil {
		return err
	}
	if err := s.confirmSignOn(r.Context(), me(r), in, r.PostForm.Get("code")); err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/ways?done=agency", http.StatusSeeOther)
	return nil
}

func signOnAnswer(w http.ResponseWriter, r *http.Request, done string, err error) error {
	if err != nil {
		return fault.Wrap(err, "changing an agency's sign-in")
	}
	http.Redirect(w, r, "/staff/people/sign-on?done="+done, http.StatusSeeOther)
	return nil
}
